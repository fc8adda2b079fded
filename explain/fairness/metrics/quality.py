"""Are lists about as good for every cohort? The spread of held-out nDCG between cohorts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.graph import FloatArray
from explain.fairness.audited_lists import AuditedLists, UserColumn
from explain.fairness.disclosure import told
from explain.fairness.exposure import DCG
from explain.fairness.figures import Basis, Figure
from explain.fairness.gap import permutation_p, permuted, spread
from explain.fairness.metrics.base import MetricSpec, Range, metric

GAP, SPREAD = "user-cohort gap", "user-cohort spread"
BASIS = Basis("refit", "held-out events", DCG)


@metric(
    MetricSpec(
        order=11,
        name=GAP,
        title="How much quality differs between cohorts",
        formula=(
            "max_g - min_g of the mean held-out nDCG@k, beside what it would be were all alike (permutation of "
            "people); "
            "spread τ = √max(0, var(means) - mean(s²/n)), the standard deviation of the cohorts' true means"
        ),
        source="Ekstrand et al. 2018; Neophytou et al. 2022",
        range=Range(0.0, 1.0),
        fair="0",
        direction="lower is fairer",
        figures=(GAP, SPREAD),
        over_time=False,
    )
)
def measure_gap(lists: AuditedLists) -> list[Figure]:
    """One figure a user column; group names the worst, reason carries p."""
    quality = lists.quality
    if quality is None:
        return [_missing(lists, by, "Held-out quality was not measured.") for by in lists.people]
    per_user = quality.per_user.get(f"ndcg@{lists.k}")
    if per_user is None:
        return [_missing(lists, by, f"nDCG was not measured at {lists.k}.") for by in lists.people]
    return [figure for column in lists.user_columns(quality.users) for figure in _figures(lists, column, per_user)]


def _figures(lists: AuditedLists, column: UserColumn, ndcg: FloatArray) -> list[Figure]:
    n, sizes = len(column.code), column.sizes
    groups = [g for g in range(len(sizes)) if g != column.unknown and sizes[g] >= lists.min_n]
    if len(groups) < 2:
        return [_missing(lists, column.by, f"Fewer than two cohorts of {lists.min_n} people.", n)]
    values = [ndcg[column.code == g] for g in groups]
    means = np.array([v.mean() for v in values])
    gap, alike = float(np.ptp(means)), permuted(values, lists.draws, np.random.default_rng(lists.seed))
    p = permutation_p(gap, alike)
    reason = (
        f"Expected were all alike: {alike.mean():.3f}. Permutation p = {p:.3g}. No interval: it is above 0 even where "
        "all are "
        f"alike. Judged as quality by {column.by}."
    )
    worst = column.labels[groups[int(means.argmin())]]
    tau = spread(values, np.random.default_rng(lists.seed))
    low, high = told(tau.low), told(tau.high)
    return [
        Figure(name=GAP, basis=BASIS, by=column.by, group=worst, value=told(gap), n=n, reason=reason),
        Figure(name=SPREAD, basis=BASIS, by=column.by, value=told(tau.value), low=low, high=high, n=n),
    ]


def _missing(lists: AuditedLists, by: str, reason: str, n: int = 0) -> Figure:
    return replace(lists.missing(GAP, reason, by=by, n=n), basis=BASIS)
