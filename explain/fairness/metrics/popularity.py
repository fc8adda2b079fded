"""Do lists push what is popular anyway? Popularity lift by cohort and the long tail's share of exposure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.graph import FloatArray
from explain.fairness.audited_lists import AuditedLists
from explain.fairness.figures import Figure
from explain.fairness.metrics.base import MetricSpec, Range, by_cohort, metric

TAIL = 0.2
FAMILY = "popularity"


def mean_popularity(rows: sparse.csr_matrix, popularity: FloatArray) -> FloatArray:
    """Mean popularity of the items of each row, CSR [m, n] of ones → float64 [m], NaN for an empty row."""
    size = np.diff(rows.indptr)
    return np.asarray(np.divide(np.asarray(rows @ popularity), size, out=np.full(len(size), np.nan), where=size > 0))


def lift(sums: FloatArray) -> FloatArray:
    """(GAP_r - GAP_p)/GAP_p (Abdollahpouri et al. 2019), GAP = mean over people of their mean popularity.

    sums [c, 2]: over the same people, mean popularity of their lists and of what they had → [c, 1]; not finite without
    any.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return (sums[:, :1] / sums[:, 1:]) - 1


def tail_items(popularity: FloatArray, share: float = TAIL) -> NDArray[np.bool_]:
    """The long tail: the least popular items that together hold at most `share` of all interactions; equal ones by
    position.
    """
    order = np.argsort(popularity, kind="stable")
    held = np.cumsum(popularity[order])
    tail = np.zeros(len(popularity), dtype=np.bool_)
    tail[order[held <= share * held[-1] + 1e-9]] = True
    return tail


@metric(
    MetricSpec(
        order=9,
        family=FAMILY,
        name="popularity lift",
        title="Are lists more popular than what people had?",
        formula="(GAP_r - GAP_p)/GAP_p per cohort, GAP = mean over people of the mean popularity of their items",
        source="Abdollahpouri et al. 2019",
        range=Range(-1.0),
        fair="0",
        direction="nearer to the fair value",
    )
)
def measure_lift(lists: AuditedLists) -> list[Figure]:
    """Over everybody and by cohort; resampled within each."""
    recommended = mean_popularity(lists.appearances, lists.popularity)
    had = mean_popularity(lists.history, lists.popularity)
    both = np.flatnonzero(np.isfinite(recommended) & np.isfinite(had))
    return by_cohort(lists, "popularity lift", np.column_stack([recommended, had]), both, lift)


@metric(
    MetricSpec(
        order=9,
        family=FAMILY,
        name="long-tail share",
        title="Attention that the long tail gets",
        formula="Σ_{i in tail} ε_i / Σ_i ε_i; tail = the least popular items that hold 20 % of all interactions",
        source="Anderson 2006; Abdollahpouri et al. 2017",
        range=Range(0.0, 1.0),
        fair="0.2, the tail's share of what people did",
        direction="nearer to the fair value",
    )
)
def measure_tail(lists: AuditedLists) -> list[Figure]:
    """Over everybody and by cohort."""
    tail = tail_items(lists.popularity).astype(np.float64)
    pairs = np.column_stack([lists.attention @ tail, np.asarray(lists.attention.sum(axis=1)).ravel()])

    def share(sums: FloatArray) -> FloatArray:
        unknown = np.full((len(sums), 1), np.nan)
        return np.asarray(np.divide(sums[:, :1], sums[:, 1:], out=unknown, where=sums[:, 1:] > 0))

    return by_cohort(lists, "long-tail share", pairs, np.arange(len(pairs)), share)
