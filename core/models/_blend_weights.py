"""How much of each model a mixture holds: non-negative weights that list best on the validation cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.evaluation import accuracy
from core.graph import FloatArray, IntArray
from core.models.base import Holdout
from core.paired import PerPerson, paired_differences
from core.ranking import top_k

K: Final = 20
CELLS, MOST_PEOPLE = 6_000_000, 1_500
SHARES: Final = tuple(n / 20 for n in range(1, 21))
WORTH_WHILE: Final = 1e-4  # of Recall + NDCG, that a further change must win
Scores = Callable[[IntArray], FloatArray]


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """weights  name → 0..1, summing to 1        metrics  of the mixture on the validation cut

    alone  the single model that is as good there: the interval of its NDCG@20 against the mixture's, over the same
           people, holds 0; "" where none is
    """

    weights: Mapping[str, float]
    alone: str
    metrics: Mapping[str, float]


def mixture(models: Mapping[str, Scores], spreads: Mapping[str, float], holdout: Holdout) -> Mixture:
    """From the best single model on, one share of one model more at a time, as long as it wins something.

    models   name → scores float64 [B, n_items] of people's positions, learnt from the training part alone
    spreads  name → what its scores are divided by
    """
    names = list(models)
    people = np.flatnonzero(np.diff(holdout.test.indptr) > 0)
    most = max(1, min(MOST_PEOPLE, CELLS // max(1, holdout.train.n_items)))
    if len(people) > most:
        people = people[np.linspace(0, len(people) - 1, most).astype(np.int64)]
    if not len(people):
        return Mixture(weights={name: 1 / len(names) for name in names}, alone="", metrics={})
    scores = np.stack([models[name](people) / spreads[name] for name in names])
    measured = _Measured(scores, holdout, people)
    weights, value = max(((w, measured.value(w)) for w in np.eye(len(names))), key=lambda pair: pair[1])
    while True:
        moves = [(1 - t) * weights + t * one for one in np.eye(len(names)) for t in SHARES]
        best, found = max(((w, measured.value(w)) for w in moves), key=lambda pair: pair[1])
        if found <= value + WORTH_WHILE:
            break
        weights, value = best, found
    whole = measured(weights)
    singles = [(name, measured(w)) for name, w in zip(names, np.eye(len(names)), strict=True)]
    name, single = max(singles, key=lambda pair: float(pair[1]["ndcg"].mean()))
    return Mixture(
        weights={name: round(float(w), 12) for name, w in zip(names, weights, strict=True)},
        alone=name if paired_differences(_of(people, whole), _of(people, single))["ndcg"].low <= 0 else "",
        metrics={f"validation_{key}@{K}": float(values.mean()) for key, values in whole.items()},
    )


class _Measured:
    """What a mixture of scores, float64 [models, people, n_items], lists for the people of a validation cut."""

    def __init__(self, scores: FloatArray, holdout: Holdout, people: IntArray) -> None:
        self.scores, self.k = scores, min(K, scores.shape[2])
        self.seen, self.relevant = holdout.train.interactions[people], holdout.test[people]

    def __call__(self, weights: FloatArray) -> dict[str, FloatArray]:
        """Recall and NDCG, float64 [people] each."""
        lists, _ = top_k(np.tensordot(weights, self.scores, axes=1), self.k, self.seen)
        metrics = accuracy(lists, self.relevant, K)
        return {name: metrics[f"{name}@{K}"] for name in ("recall", "ndcg")}

    def value(self, weights: FloatArray) -> float:
        return float(sum(values.mean() for values in self(weights).values()))


def _of(people: IntArray, values: Mapping[str, FloatArray]) -> PerPerson:
    return PerPerson(users=people, weight=np.ones(len(people)), values=values)
