"""Planted truth: does the explanation name what an event was really drawn from? Only simulated data can be asked.

An event's item is taken out of the person's history, so that it has a score as any unseen item; then the planted cause
is ranked among candidates by the amounts that our parts and relations give them. Causes are read here and nowhere else:
no model sees them. Ties count with the chance of a random order among the tied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from core.errors import OptionError
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models.base import Recommender
from core.progress import Progress, no_progress
from core.threads import one_thread
from explain.counterfactual.changes import History
from explain.results.faithfulness import PlantedRow

LEAST_CANDIDATES: Final = 20
GROUP_CAUSES: Final[Mapping[str, str]] = {"topic_affinity": "topic", "author_loyalty": "creator"}
ITEM_CAUSE: Final = "co_readers"
TREND_CAUSE: Final = "trending"
NO_EDGE: Final = "no edge of the graph stands for it, so no explanation by edges can name it"


@dataclass(frozen=True)
class PlantedTruth:
    model: str
    seed: int
    rows: tuple[PlantedRow, ...] = field(default_factory=tuple)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Event:
    user: int
    item: int
    cause_id: str


def recover(
    graph: InteractionGraph,
    model: Recommender,
    events: pd.DataFrame,
    *,
    n_events: int = 300,
    seed: int = 0,
    progress: Progress = no_progress,
) -> PlantedTruth:
    """events: the table with user, item, cause, cause_id. Raises OptionError where nothing was planted."""
    if not {"cause", "cause_id"} <= set(events.columns):
        raise OptionError("These events carry no planted causes: only simulated data, such as newsroom, can be asked.")
    rows: list[PlantedRow] = []
    named = events.dropna(subset=["cause"])
    causes = list(dict.fromkeys([*GROUP_CAUSES, ITEM_CAUSE, *sorted(named["cause"].unique())]))
    with one_thread():
        for n, cause in enumerate(causes):
            own = named[named["cause"] == cause].drop_duplicates(["user", "item"])
            if not len(own):
                continue
            chosen = own.sample(frac=1.0, random_state=seed)
            if cause in GROUP_CAUSES:
                rows += _groups(graph, model, cause, chosen, n_events)
            elif cause == ITEM_CAUSE:
                rows += _items(graph, model, chosen, n_events, seed)
            elif cause == TREND_CAUSE and model.readers(0) is not None:
                rows += _trend(graph, model, chosen, n_events, seed)
            else:
                rows.append(_unmeasured(cause, "none", len(own), NO_EDGE))
            progress((n + 1) / len(causes), f"cause {cause}")
    return PlantedTruth(model.spec.name, seed, tuple(rows))


def _events_with_history(graph: InteractionGraph, table: pd.DataFrame) -> Iterator[tuple[Event, History]]:
    for user, item, cause_id in zip(table["user"], table["item"], table["cause_id"], strict=True):
        event = Event(graph.users.index(str(user)), graph.items.index(str(item)), str(cause_id))
        row = graph.interactions[event.user]
        order = np.argsort(row.indices)
        history = History(row.indices[order].astype(np.int64), row.data[order])
        left = history.without(np.array([event.item]))
        if len(left.items):
            yield event, left


def _groups(graph: InteractionGraph, model: Recommender, cause: str, table: pd.DataFrame, n: int) -> list[PlantedRow]:
    """All topics and creators together, by the amount that runs through each as a node of its relation."""
    kinds = [k for k in ("topic", "creator") if k in graph.memberships]
    kind = GROUP_CAUSES[cause]
    if kind not in kinds:
        return []
    first = dict(zip(kinds, np.cumsum([0, *(graph.memberships[k].shape[1] for k in kinds)])[:-1], strict=True))
    hits = _Hits()
    for event, left in _events_with_history(graph, table):
        if hits.n == n:
            break
        if event.cause_id not in graph.groups[kind]:
            continue
        folded, user = model.fold_in(left.items, left.weights, event.user)
        amounts = np.concatenate([through(folded, user, event.item, k, graph) for k in kinds])
        hits.add(amounts, int(first[kind] + graph.groups[kind].index(event.cause_id)))
    return [hits.row(cause, "all " + " and ".join(f"{k}s" for k in kinds))]


def _items(graph: InteractionGraph, model: Recommender, table: pd.DataFrame, n: int, seed: int) -> list[PlantedRow]:
    """The article that led to another one: among twenty of the catalogue, and among all that the person had."""
    rng = np.random.default_rng(seed)
    drawn, own = _Hits(), _Hits()
    for event, left in _events_with_history(graph, table):
        if own.n == n:
            break
        cause = graph.items.index(event.cause_id) if event.cause_id in graph.items else -1
        if cause not in left.items or len(left.items) < LEAST_CANDIDATES:
            continue
        folded, user = model.fold_in(left.items, left.weights, event.user)
        parts = folded.parts(user, event.item)
        own.add(parts.history, int(np.searchsorted(parts.items, cause)))
        amounts = np.zeros(graph.n_items)
        amounts[parts.items] = parts.history
        others = np.setdiff1d(np.arange(graph.n_items), [cause, event.item])
        picked = np.concatenate([[cause], rng.choice(others, LEAST_CANDIDATES - 1, replace=False)])
        drawn.add(amounts[picked], 0)
    return [
        drawn.row(ITEM_CAUSE, f"{LEAST_CANDIDATES} items of the catalogue, the planted one among them"),
        own.row(ITEM_CAUSE, "everything that the person had"),
    ]


def _trend(graph: InteractionGraph, model: Recommender, table: pd.DataFrame, n: int, seed: int) -> list[PlantedRow]:
    """That it was read by many just then: the part that people of late carry, among nineteen drawn parts and among all
    of the person's, of the score as of the event's own moment.
    """
    rng = np.random.default_rng(seed)
    drawn, own = _Hits(), _Hits()
    for user, item, time in zip(table["user"], table["item"], table["time"], strict=True):
        if own.n == n:
            break
        then = graph.at(int(time))
        position, target = graph.users.index(str(user)), graph.items.index(str(item))
        standing = model.at(then)
        had = standing.history(position)
        if len(had) < LEAST_CANDIDATES - 1 or target in had:
            continue
        parts, readers = standing.parts(position, target), standing.readers(target)
        amounts = np.append(parts.history, 0.0 if readers is None else readers.amounts.sum())
        own.add(amounts, len(parts.history))
        picked = np.append(rng.choice(len(parts.history), LEAST_CANDIDATES - 1, replace=False), len(parts.history))
        drawn.add(amounts[picked], LEAST_CANDIDATES - 1)
    candidates = f"the trend and {LEAST_CANDIDATES - 1} items of what the person had, as of the event's moment"
    return [
        drawn.row(TREND_CAUSE, candidates),
        own.row(TREND_CAUSE, "the trend and everything that the person had, as of the event's moment"),
    ]


def through(model: Recommender, user: int, item: int, kind: str, graph: InteractionGraph) -> FloatArray:
    """Amount of a score that runs through each node of a kind, by the relations whose walks pass exactly one: float64
    [n groups].
    """
    total = np.zeros(graph.memberships[kind].shape[1])
    for w in model.walks(user, item):
        steps = w.chain.steps
        if w.target is None or len(steps) != 2 or steps[0].target_kind != kind:
            continue
        start = np.zeros(steps[0].matrix.shape[0])
        start[w.items] = w.start
        step = steps[0]
        reached = step.right * (step.matrix.T @ (step.left * start))
        total += w.chain.coefficient * reached * steps[1].pull_one(w.target, 1.0)
    return total


class _Hits:
    """Hit rates gathered over events, ties shared out."""

    def __init__(self) -> None:
        self._one: list[float] = []
        self._three: list[float] = []
        self._sizes: list[int] = []

    @property
    def n(self) -> int:
        return len(self._sizes)

    def add(self, amounts: FloatArray, planted: int) -> None:
        self._one.append(hit(amounts, planted, 1))
        self._three.append(hit(amounts, planted, 3))
        self._sizes.append(len(amounts))

    def row(self, cause: str, candidates: str) -> PlantedRow:
        if not self.n:
            return _unmeasured(cause, candidates, 0, "no event of it can be asked")
        sizes: IntArray = np.array(self._sizes)
        return PlantedRow(
            cause=cause,
            candidates=candidates,
            n_events=self.n,
            n_candidates=float(sizes.mean()),
            hit_1=float(np.mean(self._one)),
            hit_3=float(np.mean(self._three)),
            chance_1=float((1 / sizes).mean()),
            chance_3=float((np.minimum(3, sizes) / sizes).mean()),
        )


def _unmeasured(cause: str, candidates: str, n_events: int, reason: str) -> PlantedRow:
    """The row of a cause for which there is no hit rate."""
    return PlantedRow(
        cause=cause,
        candidates=candidates,
        n_events=n_events,
        n_candidates=0.0,
        hit_1=None,
        hit_3=None,
        chance_1=None,
        chance_3=None,
        reason=reason,
    )


def hit(amounts: FloatArray, planted: int, k: int) -> float:
    """Chance that the planted candidate is among the first k, equal amounts in random order."""
    above = int((amounts > amounts[planted]).sum())
    equal = int((amounts == amounts[planted]).sum())
    return float(np.clip((k - above) / equal, 0.0, 1.0))
