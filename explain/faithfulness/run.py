"""All methods over the same people: means with intervals, paired differences to ours, and time.
Bootstrap over people.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from core.errors import OptionError, did_you_mean, shown
from core.graph import FloatArray, InteractionGraph
from core.models.base import Recommender
from core.progress import Progress, no_progress
from core.threads import one_thread
from explain.counterfactual.changes import History
from explain.faithfulness.measures import STEPS, Judged, judge, order_of
from explain.faithfulness.methods import MEANING, METHODS, Question
from explain.results.faithfulness import MEASURES, OURS, Interval, MethodRow

LOW_IS_GOOD: Final = {"DEL": True, "INS": False, "POS@1": True}
MIN_HISTORY, DRAWS, MOST_USERS = STEPS + 1, 2_000, 10_000


@dataclass(frozen=True)
class Faithfulness:
    """n_users: people whose first item was explained; n_short: people drawn whose history is too short to be judged."""

    model: str
    n_users: int
    n_short: int
    seed: int
    methods: tuple[MethodRow, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "n_users": self.n_users,
            "n_short": self.n_short,
            "seed": self.seed,
            "methods": [row.as_json() for row in self.methods],
        }


def questions(graph: InteractionGraph, model: Recommender, n_users: int, seed: int) -> tuple[list[Question], int]:
    """The first item of people drawn at random without replacement, and how many were skipped for a history below six
    items.
    """
    if not 1 <= n_users <= MOST_USERS:
        raise OptionError(f"users must lie between 1 and {MOST_USERS:,}; {n_users:,} was asked for.")
    rng = np.random.default_rng(seed)
    sample: list[Question] = []
    n_short = 0
    for user in rng.permutation(graph.n_users).tolist():
        if len(sample) == n_users:
            break
        row = graph.interactions[user]
        if row.nnz < MIN_HISTORY or row.nnz >= graph.n_items - 1:
            n_short += 1
            continue
        order = np.argsort(row.indices)
        history = History(row.indices[order].astype(np.int64), row.data[order])
        scores = model.score(np.array([user]))[0]
        scores[history.items] = -np.inf
        item = int(np.argmax(scores))
        if scores[item] > 0:
            sample.append(Question(graph, model, user, history, item, np.random.default_rng([seed, user])))
        else:
            n_short += 1
    return sample, n_short


def compare(
    graph: InteractionGraph,
    model: Recommender,
    *,
    n_users: int = 120,
    seed: int = 0,
    methods: Sequence[str] | None = None,
    progress: Progress = no_progress,
) -> Faithfulness:
    """Every method on the same people. Raises OptionError for a method that does not exist, or where nobody can be
    judged.
    """
    names = list(METHODS if methods is None else dict.fromkeys((OURS[0], *methods)))
    for name in names:
        if name not in METHODS:
            raise OptionError(
                f"Unknown method {shown(name)}. Methods: {', '.join(METHODS)}.{did_you_mean(name, tuple(METHODS))}"
            )
    sample, n_short = questions(graph, model, n_users, seed)
    if not sample:
        raise OptionError(
            f"Nobody has the {MIN_HISTORY} history items and a first item of positive score that the measures need."
        )
    judged: dict[str, list[Judged]] = {name: [] for name in names}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    with one_thread():
        METHODS[names[0]](sample[0])  # caches of the model are filled before the clock runs
        for n, question in enumerate(sample):
            for name in names:
                started = time.perf_counter()
                values = METHODS[name](question)
                seconds[name].append(time.perf_counter() - started)
                judged[name].append(judge(question, order_of(values)))
            progress((n + 1) / len(sample), f"{n + 1} of {len(sample)} people")
    table = {name: _columns(rows) for name, rows in judged.items()}
    draws = np.random.default_rng(seed).integers(len(sample), size=(DRAWS, len(sample)))
    rows = [_row(name, table[name], table[names[0]], seconds[name], draws) for name in names]
    return Faithfulness(model.spec.name, len(sample), n_short, seed, tuple(rows))


def _columns(rows: Sequence[Judged]) -> dict[str, FloatArray]:
    fields = dict(zip(MEASURES, ("deletion", "insertion", "kept_first"), strict=True))
    return {name: np.array([getattr(row, field) for row in rows]) for name, field in fields.items()}


def _row(
    name: str, own: dict[str, FloatArray], ours: dict[str, FloatArray], seconds: Sequence[float], draws: np.ndarray
) -> MethodRow:
    return MethodRow(
        method=name,
        meaning=MEANING[name],
        figures={m: interval(own[m], draws) for m in MEASURES},
        beyond={m: interval(own[m] - ours[m], draws) for m in MEASURES},
        seconds_p50=float(np.quantile(seconds, 0.5)),
        seconds_p99=float(np.quantile(seconds, 0.99)),
    )


def interval(values: FloatArray, draws: np.ndarray) -> Interval:
    """Mean and 95 % percentile interval over drawn people; draws int64 [n_draws, n]."""
    means = values[draws].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(values.mean()), float(low), float(high))
