"""Do groups of items get the attention that their share stands for? Impact ratio and attention-weighted
rank fairness.
"""

from __future__ import annotations

import numpy as np

from core.graph import FloatArray
from explain.fairness import exposure as ex
from explain.fairness.audited_lists import AuditedLists, ItemColumn
from explain.fairness.figures import NO_RELEVANCE, Figure
from explain.fairness.metrics.base import MetricSpec, Range, metric

IMPACT, AWRF = "impact ratio", "AWRF"
FROM_0_TO_1 = Range(0.0, 1.0)


def impact_ratio(ratio: FloatArray) -> FloatArray:
    """min_g / max_g of exposure ratios, [..., groups] → [...]; NaN where all are 0 or fewer than two are known."""
    known = np.isfinite(ratio)
    low = np.where(known, ratio, np.inf).min(axis=-1)
    high = np.where(known, ratio, -np.inf).max(axis=-1)
    enough = (known.sum(axis=-1) > 1) & (high > 0)
    return np.asarray(np.divide(low, high, out=np.full(low.shape, np.nan), where=enough))


def awrf(share: FloatArray, target: FloatArray) -> FloatArray:
    """1 - JSD₂(E‖t), the divergence (not its root) in bits; shares [..., groups] that sum to 1 → [...] in [0, 1].

    Sapiezynski et al. 2019 (attention-weighted rank fairness); Raj & Ekstrand 2022 with the Jensen-Shannon divergence.
    """
    middle = (share + target) / 2

    def divergence(p: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(p > 0, p * np.log2(p / middle), 0.0)
        total: FloatArray = terms.sum(axis=-1)
        return total

    fair: FloatArray = 1.0 - (divergence(share) + divergence(np.broadcast_to(target, share.shape))) / 2
    return fair


@metric(
    MetricSpec(
        order=1,
        name=IMPACT,
        title="Lowest exposure ratio over the highest",
        formula="min_g (E_g/t_g) / max_g (E_g/t_g), E_g = Σ_i ε_i G_ig / Σ_i ε_i",
        source="four-fifths rule, 29 CFR 1607.4(D); NYC LL144",
        range=FROM_0_TO_1,
        fair="1",
        direction="higher is fairer",
    )
)
def measure_impact(lists: AuditedLists) -> list[Figure]:
    """Over the known groups of each item column."""
    return [_impact(lists, column) for column in lists.item_columns]


def _impact(lists: AuditedLists, column: ItemColumn) -> Figure:
    n, by = lists.n_shown, column.by
    reason = "" if len(column.known) > 1 else "Fewer than two known groups."
    if not column.known or not n:
        return lists.missing(IMPACT, reason or "Every list is empty.", by=by, n=n)

    def statistic(sums: FloatArray) -> FloatArray:
        share, target = column.shares(sums)
        return impact_ratio(np.stack([ex.ratios(share[:, g], target[:, g]) for g in column.known], axis=-1))[:, None]

    value, low, high = (float(end[0]) for end in lists.interval(statistic, column.amounts, FROM_0_TO_1.ends))
    if not np.isfinite(value):
        reason = reason or "No known group has both a target and exposure."
    return lists.figure(IMPACT, (value, low, high), by=by, n=n, reason=reason)


@metric(
    MetricSpec(
        order=2,
        name=AWRF,
        title="Attention-weighted rank fairness",
        formula="1 - JSD₂(E‖t), JSD₂ in bits, not its root",
        source="Sapiezynski et al. 2019; Raj & Ekstrand 2022, eq. 3",
        range=FROM_0_TO_1,
        fair="1",
        direction="higher is fairer",
    )
)
def measure_awrf(lists: AuditedLists) -> list[Figure]:
    """Over all groups of each item column, the unknown among them."""
    return [_awrf(lists, column) for column in lists.item_columns]


def _awrf(lists: AuditedLists, column: ItemColumn) -> Figure:
    n, by = lists.n_shown, column.by
    if not column.exposure.nnz or (column.target == "relevance" and column.wanted is None):
        why = NO_RELEVANCE if column.target == "relevance" else "Every list is empty."
        return lists.missing(AWRF, why, by=by, n=n)

    def statistic(sums: FloatArray) -> FloatArray:
        return awrf(*column.shares(sums))[:, None]

    value, low, high = (float(end[0]) for end in lists.interval(statistic, column.amounts, FROM_0_TO_1.ends))
    return lists.figure(AWRF, (value, low, high), by=by, n=n)
