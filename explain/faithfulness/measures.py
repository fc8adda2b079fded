"""What deleting or keeping the first reasons does, by true re-propagation: DEL, INS and POS@1 of LXR with a fixed
number of items.

Barkan, Bogina, Gurevitch, Asher, Koenigstein (WWW 2024), "A counterfactual framework for learning and evaluating
explanations for recommender systems", sections 4.2 and 4.3, with K_e = 1..5 items in the place of fractions of the
history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from core.graph import IntArray
from core.ranking import rank_of
from explain.counterfactual.changes import History, delete
from explain.faithfulness.methods import Question

STEPS: Final = 5


@dataclass(frozen=True)
class Judged:
    """One person's figures for one order of reasons.

    deletion    mean over K = 1..5 of score(without the first K) / score: low where the first reasons carried it
    insertion   mean over K = 1..5 of score(with the first K alone) / score: high where they carry it alone
    kept_first  mean over K = 1..5 of whether the item is still first without them (POS@1): low is good
    """

    deletion: float
    insertion: float
    kept_first: float


def judge(question: Question, order: IntArray) -> Judged:
    """order: positions in the history, the strongest reason first. Deleted items are no candidates for
    the first place.
    """
    q = question
    before = float(q.model.score(np.array([q.user]))[0, q.item])
    deleted, inserted, first = [], [], []
    for k in range(1, STEPS + 1):
        some = q.history.items[order[:k]]
        model, user = delete(q.model, q.user, q.history, some)
        scores = model.score(np.array([user]))[0]
        deleted.append(float(scores[q.item]) / before)
        first.append(float(rank_of(scores, q.item, np.setdiff1d(q.history.items, [q.item])) == 1))
        inserted.append(_score_with(q, some) / before)
    return Judged(float(np.mean(deleted)), float(np.mean(inserted)), float(np.mean(first)))


def _score_with(q: Question, only: IntArray) -> float:
    reduced: History = q.history.without(np.setdiff1d(q.history.items, only))
    model, user = q.model.fold_in(reduced.items, reduced.weights, q.user)
    return float(model.score(np.array([user]))[0, q.item])


def order_of(values: np.ndarray) -> IntArray:
    """Strongest first; equal values by position."""
    return np.argsort(-values, kind="stable").astype(np.int64)
