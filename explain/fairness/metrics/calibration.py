"""Do lists keep the mixture of what a person had? Steck's calibration (10), by item column and cohort."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from core.graph import FloatArray
from explain.fairness.metrics.base import Case, Figure, Spec, metric
from explain.fairness.metrics.popularity import by_cohort

ALPHA = 0.01


def distribution(rows: sparse.csr_matrix, membership: FloatArray | sparse.csr_matrix) -> FloatArray:
    """Each row's distribution over groups: CSR [m, n] of weights × [n, groups] → float64 [m, groups], NaN for an empty row."""
    sums = rows @ membership
    dense = np.asarray(sums.todense() if sparse.issparse(sums) else sums, dtype=np.float64)
    total = dense.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(dense, total, out=np.full(dense.shape, np.nan), where=total > 0))


def miscalibration(p: FloatArray, q: FloatArray, alpha: float = ALPHA) -> FloatArray:
    """KL(p ‖ (1-α) q + α p) in nats, [m, groups] → [m]; finite although q has zeros (Steck 2018, eq. 6 and 7)."""
    blend = (1 - alpha) * q + alpha * p
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * np.log(p / blend), np.where(np.isnan(p), np.nan, 0.0))
    found: FloatArray = np.maximum(terms.sum(axis=1), 0.0)
    return found


@metric(Spec(
    10, "calibration", "How far a list's mixture is from what the person had",
    "KL(p ‖ .99 q + .01 p) in nats, p of the history, q of the list, each item counting once", "Steck 2018, eq. 6 and 7", "≥ 0", "0",
    "lower is fairer",
))  # fmt: skip
def measure_calibration(case: Case) -> list[Figure]:
    """Mean over people with a list and a history; all, and by cohort, for each item column of at most 60 groups."""
    found: list[Figure] = []
    history = sparse.csr_matrix(
        (np.ones(case.profile.nnz), case.profile.indices, case.profile.indptr), shape=case.profile.shape
    )
    for by, groups in case.items.items():
        if len(groups.labels) > 60:
            found.append(
                Figure(
                    f"calibration of {by}", "", "", None, reason="More than 60 groups: a list of k cannot mirror them."
                )
            )
            continue
        member = groups.membership.toarray()
        p, q = distribution(history[case.shown], member), distribution(case.appearances[case.shown], member)
        value = miscalibration(p, q)
        rows = np.flatnonzero(np.isfinite(value))
        pairs = np.column_stack([value, np.ones(len(value))])
        found += by_cohort(case, f"calibration of {by}", pairs, rows, lambda s: s[:, :1] / s[:, 1:])
    return found
