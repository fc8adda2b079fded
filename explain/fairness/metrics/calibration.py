"""Do lists keep the mixture of what a person had? Steck's calibration, by item column and cohort."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from core.graph import FloatArray
from explain.fairness.audited_lists import AuditedLists
from explain.fairness.figures import Figure
from explain.fairness.metrics.base import MetricSpec, Range, mean_by_cohort, metric

ALPHA = 0.01
MOST_GROUPS = 60


def distribution(rows: sparse.csr_matrix, membership: FloatArray | sparse.csr_matrix) -> FloatArray:
    """Each row's distribution over groups: CSR [m, n] of weights × [n, groups] → float64 [m, groups], NaN for an empty
    row.
    """
    sums = rows @ membership
    dense = np.asarray(sums.todense() if sparse.issparse(sums) else sums, dtype=np.float64)
    total = dense.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(dense, total, out=np.full(dense.shape, np.nan), where=total > 0))


def miscalibration(p: FloatArray, q: FloatArray, alpha: float = ALPHA) -> FloatArray:
    """KL(p ‖ (1-α) q + α p) in nats, [m, groups] → [m]; finite although q has zeros (Steck 2018, eq. 6 and 7)."""
    blend = (1 - alpha) * q + alpha * p
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * np.log(p / blend), np.where(np.isnan(p), np.nan, 0.0))
    divergence: FloatArray = np.maximum(terms.sum(axis=1), 0.0)
    return divergence


@metric(
    MetricSpec(
        order=10,
        name="calibration",
        title="How far a list's mixture is from what the person had",
        formula="KL(p ‖ .99 q + .01 p) in nats, p of the history, q of the list, each item counting once",
        source="Steck 2018, eq. 6 and 7",
        range=Range(0.0),
        fair="0",
        direction="lower is fairer",
    )
)
def measure_calibration(lists: AuditedLists) -> list[Figure]:
    """Mean over people with a list and a history; all, and by cohort, for each item column of at most 60 groups."""
    figures: list[Figure] = []
    for column in lists.item_columns:
        name = f"calibration of {column.by}"
        if column.n_groups > MOST_GROUPS:
            reason = f"More than {MOST_GROUPS} groups: a list of k cannot mirror them."
            figures.append(lists.missing(name, reason))
            continue
        member = column.groups.membership.toarray()
        had, listed = distribution(lists.history, member), distribution(lists.appearances, member)
        figures += mean_by_cohort(lists, name, miscalibration(had, listed))
    return figures
