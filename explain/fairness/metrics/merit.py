"""Attention against held-out relevance: by group (exposed utility ratio), item by item (amortised equity).

Both read the lists of the refit: served lists cannot contain what was held out.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from core.graph import FloatArray
from explain.fairness.audited_lists import AuditedLists, ItemColumn
from explain.fairness.figures import NO_RELEVANCE, Figure
from explain.fairness.metrics.base import MetricSpec, Range, metric

UTILITY, EQUITY = "exposed utility ratio", "amortised equity"
TARGET = "relevance"
EQUITY_RANGE = Range(0.0, 2.0)


def log_utility_ratios(exposure: FloatArray, utility: FloatArray) -> FloatArray:
    """ln[(E_g/U_g)/(E_rest/U_rest)] of each group against all others, both [c, groups] → [c, groups].

    Above 0 where a group gets more attention for its utility. NaN where any utility is 0; ∓inf for no exposure.
    """
    rest_e = exposure.sum(axis=1, keepdims=True) - exposure
    rest_u = utility.sum(axis=1, keepdims=True) - utility
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(exposure / utility) - np.log(rest_e / rest_u)
    return np.where((utility > 0) & (rest_u > 0), ratio, np.nan)


def amortised_inequity(attention: FloatArray, merit: FloatArray) -> FloatArray:
    """Σ_i |A_i/ΣA - R_i/ΣR| over many lists, [..., n_items] → [...] in [0, 2]; NaN where either sum is 0 (Biega et al.
    2018, eq. 3).
    """
    a, r = attention.sum(-1, keepdims=True), merit.sum(-1, keepdims=True)
    enough = (a > 0) & (r > 0)
    share = np.divide(attention, a, out=np.full(np.broadcast(attention, merit).shape, np.nan), where=enough)
    due = np.divide(merit, r, out=np.full(share.shape, np.nan), where=enough)
    inequity: FloatArray = np.abs(share - due).sum(-1)
    return inequity


@metric(
    MetricSpec(
        order=4,
        name=UTILITY,
        title="Attention for the same utility, a group against all other items",
        formula="ln[(E_g/U_g)/(E_rest/U_rest)], U = held-out relevant events",
        source="Singh & Joachims 2018 (disparate treatment), as a log ratio",
        range=Range(),
        fair="0",
        direction="nearer to the fair value",
        over_time=False,
    )
)
def measure_utility(lists: AuditedLists) -> list[Figure]:
    """One figure a known group of each item column."""
    of, wanted = lists.against_heldout
    if wanted is None:
        return [of.missing(UTILITY, NO_RELEVANCE, by=column.by, target=TARGET) for column in of.item_columns]
    return [figure for column in of.item_columns for figure in _utility(of, column, wanted)]


def _utility(of: AuditedLists, column: ItemColumn, wanted: sparse.csr_matrix) -> list[Figure]:
    n, figures = column.n_groups, []
    amounts = sparse.csr_matrix(sparse.hstack([column.exposure, wanted @ column.groups.membership]))
    value, low, high = of.interval(lambda s: log_utility_ratios(s[:, :n], s[:, n:]), amounts)
    for g in column.known:
        reason = "" if np.isfinite(value[g]) else "No utility, or no exposure on one side: a logarithm of 0."
        ends, size = (value[g], low[g], high[g]), int(column.groups.sizes[g])
        group = column.groups.labels[g]
        figures.append(of.figure(UTILITY, ends, by=column.by, group=group, n=size, reason=reason, target=TARGET))
    return figures


@metric(
    MetricSpec(
        order=5,
        name=EQUITY,
        title="Attention out of proportion to relevance, over all lists",
        formula="Σ_i |A_i/ΣA - R_i/ΣR|, A attention, R held-out relevant events",
        source="Biega et al. 2018, eq. 3",
        range=EQUITY_RANGE,
        fair="0",
        direction="lower is fairer",
        over_time=False,
    )
)
def measure_equity(lists: AuditedLists) -> list[Figure]:
    """Item by item over all lists."""
    of, wanted = lists.against_heldout
    if wanted is None:
        return [of.missing(EQUITY, NO_RELEVANCE, target=TARGET)]
    if not of.n_shown:
        return [of.missing(EQUITY, "Every list is empty.", target=TARGET)]
    amounts, n = sparse.csr_matrix(sparse.hstack([of.attention, wanted])), of.n_items
    ends = of.interval(lambda s: amortised_inequity(s[:, :n], s[:, n:])[:, None], amounts, EQUITY_RANGE.ends)
    return [of.figure(EQUITY, (ends[0][0], ends[1][0], ends[2][0]), n=of.n_shown, target=TARGET)]
