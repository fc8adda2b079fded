"""How good the lists are: Recall, NDCG, MRR, hit rate, precision, coverage, novelty at any cutoff, with 95 % intervals.

It reads finished lists and the test part; splitting, fitting and ranking are left to others. Only people with test
items are measured. Intervals resample people (percentile bootstrap, seeded), all metrics on the same resamples.
Coverage is no mean over people, and a resample can only lose items, so that its bootstrap interval would lie below the
value: coverage has a delete-one-person jackknife interval instead (Heltshe & Forrester 1983), exact in closed form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.errors import DataError, OptionError
from core.graph import FloatArray, IntArray
from core.intervals import DRAWS, percentile_interval, resampled_sums
from core.ranking import NO_ITEM

CUTOFFS = (5, 10, 20)
_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Metric:
    """A mean over people and its 95 % interval."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float]:
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What lists were worth to the people with test items.

    metrics   "recall@20", "ndcg@20", "mrr@20", "hit@20", "precision@20", "novelty@20" (bits), "coverage@20", …
    per_user  float64 [n_users] for each of them but coverage; novelty is NaN where a list is empty
    users     int64 [n_users], positions of the people measured, in the order of per_user
    """

    n_users: int
    metrics: dict[str, Metric]
    per_user: dict[str, FloatArray]
    users: IntArray
    seed: int
    draws: int


def evaluate(
    lists: IntArray,
    positives: sparse.csr_matrix,
    *,
    training: sparse.csr_matrix,
    cutoffs: Sequence[int] = CUTOFFS,
    seed: int = 0,
    draws: int = DRAWS,
) -> Evaluation:
    """Measure everybody's list against the test part.

    lists      int64 [n_users, width], best first, NO_ITEM where a list ends early; width ≥ max(cutoffs), or all items
    positives  CSR [n_users, n_items], a stored entry is a relevant item
    training   CSR [n_users, n_items], who had what before: the popularity behind novelty
    Raises     DataError if nobody has a test item, OptionError if the lists are too short for a cutoff.
    """
    n_items = int(positives.shape[1])
    if lists.shape[1] < min(max(cutoffs), n_items):
        raise OptionError(
            f"Lists of {lists.shape[1]} items cannot be measured at {max(cutoffs)}: make them at least that long."
        )
    positives = _without_duplicates(positives)
    users = np.flatnonzero(np.diff(positives.indptr)).astype(np.int64)
    if not len(users):
        raise DataError(
            f"None of the {positives.shape[0]} users has an item in the test part, so there is nothing to measure: "
            "choose another split."
        )
    measured, relevant = lists[users], positives[users]
    per_user: dict[str, FloatArray] = {}
    for k in cutoffs:
        per_user |= accuracy(measured, relevant, k)
        per_user[f"novelty@{k}"] = novelty(measured[:, :k], training)
    metrics = _means(per_user, seed, draws)
    metrics |= {f"coverage@{k}": coverage(measured[:, :k], n_items) for k in cutoffs}
    return Evaluation(len(users), metrics, per_user, users, seed, draws)


def accuracy(lists: IntArray, relevant: sparse.csr_matrix, k: int) -> dict[str, FloatArray]:
    """Each person's accuracy at k, relevance 0 or 1; every row of `relevant` has an entry.

    recall     hits / number of relevant items           precision  hits / k
    ndcg       Σ_hits 1/log2(rank+1) over the same for min(k, number of relevant items) hits at the top
    mrr        1/rank of the first hit, 0 without one    hit        1 with a hit, else 0
    lists      int64 [n, width], relevant CSR [n, n_items]; returns float64 [n] by "name@k"
    """
    return accuracy_of_hits(_hits(lists[:, :k], relevant), np.diff(relevant.indptr).astype(np.float64), k)


def accuracy_of_hits(hits: NDArray[np.bool_], n_relevant: FloatArray, k: int) -> dict[str, FloatArray]:
    """`accuracy` where the hits are known: bool [n, at most k], and the number of relevant items, float64 [n], ≥ 1."""
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(discount)[np.minimum(n_relevant, k).astype(np.int64) - 1]
    n_hits = hits.sum(axis=1).astype(np.float64)
    has_hit = n_hits > 0
    return {
        f"recall@{k}": n_hits / n_relevant,
        f"ndcg@{k}": hits @ discount[: hits.shape[1]] / ideal,
        f"mrr@{k}": np.where(has_hit, 1.0 / (1.0 + np.argmax(hits, axis=1)), 0.0),
        f"hit@{k}": has_hit.astype(np.float64),
        f"precision@{k}": n_hits / k,
    }


def novelty(lists: IntArray, training: sparse.csr_matrix) -> FloatArray:
    """Mean self-information of each list in bits: -log2(share of the people with a history who have the item).

    An item that nobody has counts as one that a single person has: its information is bounded by log2(people).
    lists int64 [n, k] → float64 [n], NaN for an empty list.
    """
    n_people = max(1, int((np.diff(training.indptr) > 0).sum()))
    owners = np.bincount(training.indices, minlength=training.shape[1])
    bits = np.log2(n_people) - np.log2(np.maximum(owners, 1))
    shown = lists != NO_ITEM
    total = np.where(shown, bits[lists], 0.0).sum(axis=1)
    length = shown.sum(axis=1)
    mean: FloatArray = np.divide(total, length, out=np.full(len(lists), np.nan), where=length > 0)
    return mean


def coverage(lists: IntArray, n_items: int) -> Metric:
    """The share of the catalogue that is in at least one list, with a delete-one-person jackknife interval in [0, 1].

    Without person u the s_u items that only u's list holds are gone, so the jackknife variance is
    (m-1)/m · Σ_u (s_u - mean s)² / n_items² over m people; with one person it is 0.
    lists int64 [m, k].
    """
    shown = lists != NO_ITEM
    times = np.bincount(lists[shown], minlength=n_items)
    value = float((times > 0).sum() / n_items)
    only_here = (np.where(shown, times[lists], 0) == 1).sum(axis=1) / n_items
    m = len(lists)
    half = _Z95 * float(np.sqrt((m - 1) / m * ((only_here - only_here.mean()) ** 2).sum()))
    return Metric(value, max(0.0, value - half), min(1.0, value + half))


def _means(per_user: dict[str, FloatArray], seed: int, draws: int) -> dict[str, Metric]:
    """Means over the people for whom a metric is defined, all on the same resamples of people."""
    values = np.column_stack(list(per_user.values()))
    defined = np.isfinite(values)
    filled = np.where(defined, values, 0.0)
    n_metrics = values.shape[1]
    counts = defined.sum(axis=0)
    sums = resampled_sums(np.hstack([filled, defined.astype(np.float64)]), draws, np.random.default_rng(seed))
    total, people = sums[:, :n_metrics], sums[:, n_metrics:]
    means = np.divide(total, people, out=np.full_like(total, np.nan), where=people > 0)
    metrics: dict[str, Metric] = {}
    for j, name in enumerate(per_user):
        if not counts[j]:
            continue
        low, high = percentile_interval(means[:, j : j + 1])
        metrics[name] = Metric(float(filled[:, j].sum() / counts[j]), float(low[0]), float(high[0]))
    return metrics


def _hits(lists: IntArray, relevant: sparse.csr_matrix) -> NDArray[np.bool_]:
    """bool [n, k]: is the item at this place relevant to this person?"""
    n, n_items = int(relevant.shape[0]), int(relevant.shape[1])
    rows = np.repeat(np.arange(n, dtype=np.int64), np.diff(relevant.indptr))
    wanted = rows * n_items + relevant.indices
    listed = np.arange(n, dtype=np.int64)[:, None] * n_items + lists
    hits: NDArray[np.bool_] = np.isin(listed, wanted) & (lists != NO_ITEM)
    return hits


def _without_duplicates(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    if matrix.has_canonical_format:
        return matrix
    matrix = matrix.copy()
    matrix.sum_duplicates()
    return matrix
