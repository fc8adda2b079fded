"""A person's list before and after their history is edited: what moved, and which history items moved it.

Four edits: items out, items in, other weights for kinds of event, and decay (older events weigh less). The scores come
from true re-propagation (explain.counterfactual.changes); a mask only drops messages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.errors import OptionError, did_you_mean, shown
from core.graph import FloatArray, IntArray, InteractionGraph, sum_pairs
from core.models.base import Recommender
from core.ranking import rank_of, top_k
from explain.counterfactual.changes import History, moved_by
from explain.format.names import Names
from explain.results.whatif import Before, Mover, Placed

DAY_S = 86_400
MOVERS, MAX_MULTIPLIER = 3, 1_000.0


@dataclass(frozen=True)
class Edit:
    """What is changed of a history. weights: event kind → multiplier; half_life_days: an event that old weighs half."""

    remove: tuple[int, ...] = ()
    add: tuple[int, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    half_life_days: float | None = None

    @property
    def reweighs(self) -> bool:
        return bool(self.weights) or self.half_life_days is not None


@dataclass(frozen=True, eq=False)
class ListState:
    """A model and where a person stands in it, with their scores float64 [n_items] and the items that are no
    candidates.
    """

    model: Recommender
    user: int
    scores: FloatArray
    out: IntArray

    @classmethod
    def of(cls, model: Recommender, user: int, also_out: IntArray | None = None) -> ListState:
        """also_out: items that the person has seen, though their history does not hold them (any more)."""
        out = model.history(user) if also_out is None else np.union1d(model.history(user), also_out)
        return cls(model, user, model.score(np.array([user]))[0], out)

    def rank(self, item: int) -> int | None:
        """Place among all candidates; None for what is none."""
        return None if np.isin(item, self.out) else rank_of(self.scores, item, self.out)

    def best(self, k: int) -> list[int]:
        """The first k candidates; none where nothing has a score (an emptied history), since ids would
        be their order.
        """
        if not self.scores.any():
            return []
        scores = self.scores[None].copy()
        scores[0, self.out] = -np.inf
        items, values = top_k(scores, k)
        return [int(i) for i, v in zip(items[0], values[0], strict=True) if v > -np.inf]


def check_edit(graph: InteractionGraph, edit: Edit, history: History) -> None:
    """Raises OptionError where the history cannot be edited so."""
    missing = [graph.items.ids[i] for i in edit.remove if i not in history.items]
    if missing:
        raise OptionError(f"Item {shown(missing[0])} is not in the history, so it cannot be removed from it.")
    had = [graph.items.ids[i] for i in edit.add if i in history.items]
    if had:
        raise OptionError(f"Item {shown(had[0])} is in the history already, so it cannot be added to it.")
    kinds = graph.events.kinds
    for kind, multiplier in edit.weights.items():
        if kind not in kinds:
            raise OptionError(
                f"There is no kind of event {shown(kind)}. Kinds: {', '.join(kinds)}.{did_you_mean(kind, kinds)}"
            )
        if not 0 <= multiplier <= MAX_MULTIPLIER:
            raise OptionError(
                f"The weight of {kind} may be multiplied by 0 to {MAX_MULTIPLIER:g}, not by {multiplier:g}."
            )
    if edit.half_life_days is not None and not 0 < edit.half_life_days < float("inf"):
        raise OptionError(f"A half-life is a number of days above 0, not {edit.half_life_days:g}.")


def edited(graph: InteractionGraph, user: int | None, history: History, edit: Edit, added_weight: float) -> History:
    """The history after the edit. Events of weight 0 are gone; without events (titles of one's own) weights stay."""
    weights = history.weights
    if edit.reweighs and user is not None and user < graph.n_users:
        events = graph.events
        rows = np.flatnonzero(events.user == user)
        factor = np.array([edit.weights.get(kind, 1.0) for kind in events.kinds])[events.kind[rows]]
        if edit.half_life_days is not None and len(rows):
            factor = factor * 0.5 ** ((events.time[rows].max() - events.time[rows]) / DAY_S / edit.half_life_days)
        row = sum_pairs(
            np.zeros(len(rows), dtype=np.int64), events.item[rows], events.weight[rows] * factor, (1, graph.n_items)
        )
        new = dict(zip(row.indices.tolist(), row.data.tolist(), strict=True))
        weights = np.array([new.get(int(i), w) for i, w in zip(history.items, weights, strict=True)])
    positive = weights > 0
    left = History(history.items[positive], weights[positive]).without(np.array(edit.remove, dtype=np.int64))
    return left.plus(np.array(edit.add, dtype=np.int64), added_weight) if edit.add else left


def masked_state(before: ListState, dropped: Sequence[int], *, may_return: bool = False) -> ListState:
    """The scores without these messages. What was masked is no candidate, unless it may return."""
    gone = np.array(sorted(dropped), dtype=np.int64)
    out = np.setdiff1d(before.out, gone) if may_return else before.out
    return ListState(before.model, before.user, before.model.masked(before.user, gone), out)


def compare(
    names: Names, before: ListState, after: ListState, k: int, masked: Sequence[int] = ()
) -> tuple[tuple[Before, ...], tuple[Placed, ...]]:
    """The two first k, each with the place of its items in the other."""
    ids = names.graph.items.ids
    old = tuple(
        Before(str(ids[i]), names.item(i), n, float(before.scores[i]), after.rank(i))
        for n, i in enumerate(before.best(k), start=1)
    )
    new = []
    for n, i in enumerate(after.best(k), start=1):
        was = before.rank(i)
        movers = _movers(names, before, after, i, masked) if was != n else ()
        new.append(Placed(str(ids[i]), names.item(i), n, float(after.scores[i]), was, movers))
    return old, tuple(new)


def _movers(names: Names, before: ListState, after: ListState, item: int, masked: Sequence[int]) -> tuple[Mover, ...]:
    """The history items whose amount changed most."""
    parts = before.model.parts(before.user, item)
    if masked:
        removed = np.isin(parts.items, np.array(masked))
        changes = [(int(i), -float(v)) for i, v in zip(parts.items[removed], parts.history[removed], strict=True) if v]
        changes.sort(key=lambda pair: (-abs(pair[1]), pair[0]))
    else:
        changes = moved_by(parts, after.model.parts(after.user, item))
    return tuple(Mover(str(names.graph.items.ids[i]), names.item(i), v) for i, v in changes[:MOVERS])
