"""Does each group of items get the attention that it stands for? Exposure share over target share, a row a group.

A group fails if the p-value of the limit (a true ratio just at the limit would look so far beyond it), adjusted for the
number of groups (Holm), is below alpha; it passes if that of each limit from the inside is (two one-sided tests). All
else is insufficient evidence. Never shown is a real 0: a failure where so little would hardly be seen at the limit. The
unknown have no verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from core.errors import OptionError
from core.graph import FloatArray, IntArray, InteractionGraph
from core.intervals import DRAWS
from core.ranking import check_k
from explain.fairness import exposure as ex
from explain.fairness.audit import counted, n_unknown, number
from explain.fairness.ratios import WHOLE, GroupExposure, Ratios, group_exposure, ratios_of
from explain.fairness.statistics import LimitTests, holm
from explain.fairness.thresholds import target_title
from explain.groups.cohorts import UNKNOWN, Cohorts
from explain.results.audit import (
    FAIL,
    INSUFFICIENT,
    NOT_ESTIMABLE,
    PASS,
    AuditRow,
    Bounds,
    GroupShares,
    ItemAudit,
    ItemOverall,
)
from explain.results.plan import Target, Thresholds


def audit_items(
    graph: InteractionGraph,
    lists: IntArray,
    groups: Cohorts,
    k: int,
    *,
    browsing: str = ex.RBP,
    target: Target = "catalogue",
    positives: sparse.csr_matrix | None = None,
    thresholds: Thresholds | None = None,
    seed: int = 0,
    draws: int = DRAWS,
) -> ItemAudit:
    """The audit of one item column.

    lists      int64 [m, ≥ k], one a person, best first, NO_ITEM where a list ends early
    target     "catalogue", "relevance" (share of held-out positives, CSR [m, n_items]; lists of the training part), or
               a policy {group: share}
    seed, draws  only noted: an exposure ratio's interval needs no draws
    Raises     OptionError for an unknown browsing model, a bad k, lists shorter than k, a policy that does
               not fit.
    """
    k = check_k(k, graph.n_items)
    if lists.shape[1] < k:
        raise OptionError(f"The lists hold {lists.shape[1]} items, so the first {k} cannot be audited: rank more.")
    lists, limits = lists[:, :k], thresholds or Thresholds()
    weights = ex.attention_of(browsing, lists, graph.n_items, positives)
    measured = item_ratios(lists, weights, groups, target, positives, limits)
    audited = judged(groups, measured, limits, k=k, browsing=browsing, target=target_title(target))
    worst = _worst_case(groups, lists, weights, measured.ratios.n_lists) if target == "catalogue" else {}
    return replace(audited, overall=replace(audited.overall, worst_case=worst, seed=seed, draws=draws))


def judged(
    groups: Cohorts, measured: ItemRatios, limits: Thresholds, *, k: int, browsing: str, target: str
) -> ItemAudit:
    """A row a group and the verdict over all. target: its title."""
    ratios = measured.ratios
    rows = tuple(_row(groups, g, measured, limits) for g in range(len(groups.labels)))
    overall = replace(
        _overall(groups, rows),
        n_lists=ratios.n_lists,
        n_items=int(groups.membership.shape[0]),
        n_unknown=n_unknown(groups, rows),
        shares=_shares(groups, ratios),
        note=_note(limits),
    )
    return ItemAudit(
        by=groups.by,
        side="item",
        k=k,
        metric="exposure ratio",
        browsing=browsing,
        target=target,
        threshold={
            "low": limits.ratio_low,
            "high": limits.ratio_high,
            "min_lists": float(limits.min_n),
            "alpha": limits.alpha,
        },
        rows=rows,
        overall=overall,
    )


def _shares(groups: Cohorts, ratios: Ratios) -> dict[str, GroupShares]:
    catalogue = ex.catalogue_share(groups.catalogue)
    return {
        label: GroupShares(
            exposure=number(ratios.share[g]), catalogue=float(catalogue[g]), target=number(ratios.target[g])
        )
        for g, label in enumerate(groups.labels)
    }


def _note(limits: Thresholds) -> str:
    return (
        "Intervals: 95 %, over people, one group at a time. p is of the limit, not of a ratio of 1: how often a group "
        "whose "
        f"true ratio is {limits.ratio_low:g} or {limits.ratio_high:g} would look so far beyond it. Adjusted for the "
        "number of "
        f"groups (Holm) it must be below {limits.alpha:g} for a failure; a pass needs the same of both limits from "
        "the inside."
    )


@dataclass(frozen=True, eq=False)
class ItemRatios:
    """Of each group: its ratio, its interval and p of the limits, and those p adjusted over the known groups, float64
    [groups].
    """

    ratios: Ratios
    limits: LimitTests
    p_fail: FloatArray
    p_pass: FloatArray


def item_ratios(
    lists: IntArray,
    weights: FloatArray,
    groups: Cohorts,
    target: Target = "catalogue",
    positives: sparse.csr_matrix | None = None,
    limits: Thresholds | None = None,
) -> ItemRatios:
    """Exposure ratios of all groups at once. A relevance target is as uncertain as the people are from whom
    it comes.
    """
    return against_limits(group_exposure(lists, weights, groups, target, positives), groups, limits or Thresholds())


def against_limits(given: GroupExposure, groups: Cohorts, limits: Thresholds) -> ItemRatios:
    """The ratios of what people were given, with the p of the limits, adjusted over the known groups."""
    ratios = ratios_of(given)
    tests = ratios.against(limits)
    tested = np.arange(len(groups.labels)) != (-1 if groups.unknown is None else groups.unknown)
    p_fail, p_pass = (holm(np.where(tested, p, np.nan)) for p in (tests.p_limit, tests.p_pass))
    return ItemRatios(ratios, tests, p_fail, p_pass)


def _row(groups: Cohorts, g: int, measured: ItemRatios, limits: Thresholds) -> AuditRow:
    n, tested, tests = int(groups.sizes[g]), g != groups.unknown, measured.limits
    verdict, why = _verdict(n, g, measured, limits)
    value = None if verdict == NOT_ESTIMABLE else float(measured.ratios.ratio[g])
    if not tested:
        verdict = NOT_ESTIMABLE
        why = f"Items whose {groups.by} is not known, wholly or in part: no group, so there is no verdict on it."
    return AuditRow(
        group=groups.labels[g],
        n=n,
        value=value,
        low=number(tests.low[g]),
        high=number(tests.high[g]),
        verdict=verdict,
        reason=why,
        p_adjusted=number(measured.p_fail[g]),
        p_limit=number(tests.p_limit[g]) if tested else None,
        p_pass=number(tests.p_pass[g]) if tested else None,
        p_pass_adjusted=number(measured.p_pass[g]),
    )


def _verdict(n: int, g: int, measured: ItemRatios, limits: Thresholds) -> tuple[str, str]:
    ratio, n_lists, tests = measured.ratios.ratio[g], measured.ratios.n_lists, measured.limits
    if n == 0:
        return NOT_ESTIMABLE, "No item of the catalogue belongs to this group, so there is no share to compare with."
    if n_lists == 0:
        return NOT_ESTIMABLE, "Every list is empty, so there is no exposure to share."
    if not np.isfinite(ratio):
        return NOT_ESTIMABLE, "The target gives this group no share, so there is nothing to compare with."
    if measured.ratios.target[g] > WHOLE:
        return NOT_ESTIMABLE, "The whole catalogue belongs to this group, so there is nothing else to compare it with."
    if n_lists < limits.min_n:
        return INSUFFICIENT, f"Only {n_lists} lists: an interval needs at least {limits.min_n}."
    verdict, why = of_limits(ratio, tests.low[g], tests.high[g], measured.p_fail[g], measured.p_pass[g], limits)
    if ratio > 0:
        return verdict, why
    never = f"Never shown: none of {n_lists} lists holds any of its {n} items."
    if verdict == FAIL:
        return verdict, never
    return verdict, f"{never} At the limit that could be chance ({tests.p_limit[g]:.1%} for this group alone)."


def of_limits(
    ratio: float, low: float, high: float, p_fail: float, p_pass: float, limits: Thresholds
) -> tuple[str, str]:
    """Verdict and reason of a ratio by its adjusted p-values; the interval, which is not adjusted, only enters the
    words.
    """
    band = f"{limits.ratio_low:g} to {limits.ratio_high:g}"
    below, above = f"below {limits.ratio_low:g}", f"above {limits.ratio_high:g}"
    chance = "but among so many groups that happens by chance at"
    if p_fail < limits.alpha:
        what, side = ("little", below) if ratio < limits.ratio_low else ("much", above)
        return FAIL, f"Shown too {what}: {side} by more than chance explains (adjusted p of the limit {p_fail:.2g})."
    if p_pass < limits.alpha:
        return PASS, f"Within {band} by more than chance explains (adjusted p of the nearer limit {p_pass:.2g})."
    if high < limits.ratio_low or low > limits.ratio_high:
        side = below if high < limits.ratio_low else above
        return INSUFFICIENT, f"The interval lies {side}, {chance} the limit (adjusted p {p_fail:.2g})."
    if low > limits.ratio_low and high < limits.ratio_high:
        return INSUFFICIENT, f"The interval lies within {band}, {chance} a limit (adjusted p {p_pass:.2g})."
    return INSUFFICIENT, f"The interval crosses the border of {band}."


def _overall(groups: Cohorts, rows: tuple[AuditRow, ...]) -> ItemOverall:
    known = {r.group: r.value for r in rows if r.group != UNKNOWN and r.value is not None}
    if not known:
        return ItemOverall(verdict=NOT_ESTIMABLE, reason=f"No known {groups.by} can be compared with another.")
    judged, top = counted(r for r in rows if r.group in known), max(known.values())
    return ItemOverall(
        verdict=judged.verdict,
        reason=judged.reason,
        impact_ratio=min(known.values()) / top if top > 0 and len(known) > 1 else None,
        lowest=min(known, key=known.__getitem__),
        highest=max(known, key=known.__getitem__),
    )


def _worst_case(groups: Cohorts, lists: IntArray, weights: FloatArray, n_lists: int) -> dict[str, Bounds]:
    """Bounds of each known group's ratio, whatever the unknown items are; empty where all are known."""
    if groups.unknown is None or n_lists == 0:
        return {}
    epsilon = ex.item_exposure(lists, weights, int(groups.membership.shape[0]))
    low, high = ex.worst_case_ratios(groups.in_catalogue(epsilon), groups.catalogue, groups.unknown)
    return {groups.labels[g]: (number(low[g]), number(high[g])) for g in range(groups.unknown)}
