"""Do groups of items get the attention that their share stands for? Impact ratio (1) and attention-weighted rank fairness (2)."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from core.graph import FloatArray
from explain.fairness import exposure as ex
from explain.fairness.metrics.base import NO_RELEVANCE, Case, Figure, Spec, figure, metric, relevance
from explain.fairness.thresholds import Target, fixed_share
from explain.groups.cohorts import Cohorts


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

    def kl(p: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(p > 0, p * np.log2(p / middle), 0.0)
        total: FloatArray = terms.sum(axis=-1)
        return total

    fair: FloatArray = 1.0 - (kl(share) + kl(np.broadcast_to(target, share.shape))) / 2
    return fair


def given(case: Case, groups: Cohorts) -> tuple[sparse.csr_matrix, int]:
    """Attention, then (target relevance) held-out positives, by group: CSR [shown, groups or 2 · groups], and the number of groups."""
    exposure = sparse.csr_matrix(case.attention[case.shown] @ groups.membership)
    wanted = relevance(case) if case.target_of(groups.by) == "relevance" else None
    if wanted is None:
        return exposure, exposure.shape[1]
    return sparse.csr_matrix(sparse.hstack([exposure, wanted @ groups.membership])), exposure.shape[1]


def split(sums: FloatArray, n: int, groups: Cohorts, target: Target) -> tuple[FloatArray, FloatArray]:
    """Exposure share and target share of column sums [c, n or 2n] → two [c, n]; the unknown column takes part in both."""
    share = ex.shares(sums[:, :n])
    if sums.shape[1] > n:
        return share, ex.shares(sums[:, n:])
    return share, np.broadcast_to(fixed_share(groups, target), share.shape)


@metric(Spec(
    1, "impact ratio", "Lowest exposure ratio over the highest",
    "min_g (E_g/t_g) / max_g (E_g/t_g), E_g = Σ_i ε_i G_ig / Σ_i ε_i", "four-fifths rule, 29 CFR 1607.4(D); NYC LL144",
    "0 to 1", "1", "higher is fairer",
))  # fmt: skip
def measure_impact(case: Case) -> list[Figure]:
    """Over the known groups of each item column."""
    found = []
    for by, groups in case.items.items():
        known = [g for g in range(len(groups.labels)) if g != groups.unknown]
        values, n = given(case, groups)

        def statistic(sums: FloatArray, n: int = n, groups: Cohorts = groups, known: list[int] = known) -> FloatArray:
            share, target = split(sums, n, groups, case.target_of(groups.by))
            return impact_ratio(np.stack([ex.ratios(share[:, g], target[:, g]) for g in known], axis=-1))[:, None]

        reason = "" if len(known) > 1 else "Fewer than two known groups."
        if not known or not len(case.shown):
            found.append(
                Figure("impact ratio", by, "", None, n=len(case.shown), reason=reason or "Every list is empty.")
            )
            continue
        value, low, high = case.interval(statistic, values, (0.0, 1.0))
        if not np.isfinite(value[0]):
            reason = reason or "No known group has both a target and exposure."
        found.append(figure("impact ratio", by, "", value[0], low[0], high[0], len(case.shown), reason))
    return found


@metric(Spec(
    2, "AWRF", "Attention-weighted rank fairness",
    "1 - JSD₂(E‖t), JSD₂ in bits, not its root", "Sapiezynski et al. 2019; Raj & Ekstrand 2022, eq. 3", "0 to 1", "1",
    "higher is fairer",
))  # fmt: skip
def measure_awrf(case: Case) -> list[Figure]:
    """Over all groups of each item column, the unknown among them."""
    found = []
    for by, groups in case.items.items():
        values, n = given(case, groups)
        if not values[:, :n].nnz or (case.target_of(by) == "relevance" and values.shape[1] == n):
            why = NO_RELEVANCE if case.target_of(by) == "relevance" else "Every list is empty."
            found.append(Figure("AWRF", by, "", None, n=len(case.shown), reason=why))
            continue

        def statistic(sums: FloatArray, n: int = n, groups: Cohorts = groups) -> FloatArray:
            return awrf(*split(sums, n, groups, case.target_of(groups.by)))[:, None]

        value, low, high = case.interval(statistic, values, (0.0, 1.0))
        found.append(figure("AWRF", by, "", value[0], low[0], high[0], len(case.shown)))
    return found
