"""Does each group of items get the attention that it stands for? Exposure share over target share, a row a group.

A group passes if its 95 % interval lies within the limits, fails if it lies wholly outside and its p-value, adjusted for the
number of groups (Holm), is below alpha. Never shown is a real 0: a failure where a fair share would have been seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from core.errors import OptionError
from core.graph import FloatArray, IntArray, InteractionGraph
from core.intervals import DRAWS, acceleration, bca_interval, resampled_sums
from core.ranking import NO_ITEM, check_k
from explain.fairness import exposure as ex
from explain.fairness.audit import Audit, n_unknown, number
from explain.fairness.cohorts import UNKNOWN, Cohorts, cohorts
from explain.fairness.statistics import exposure_p, holm, never_shown_high
from explain.fairness.thresholds import (
    FAIL,
    INSUFFICIENT,
    NOT_ESTIMABLE,
    PASS,
    Target,
    Thresholds,
    fixed_share,
    target_sums,
    target_title,
)  # fmt: skip
from explain.types import AuditRow


def audit_items(
    graph: InteractionGraph, lists: IntArray, by: str, k: int, *, browsing: str = "rbp(0.8)", target: Target = "catalogue",
    positives: sparse.csr_matrix | None = None, thresholds: Thresholds | None = None, seed: int = 0, draws: int = DRAWS,
) -> Audit:  # fmt: skip
    """The audit of one item column.

    lists      int64 [m, ≥ k], one a person, best first, NO_ITEM where a list ends early
    target     "catalogue", "relevance" (share of held-out positives, CSR [m, n_items]; lists of the training part), or
               a policy {group: share}
    overall    verdict, reason, impact_ratio = lowest / highest ratio, lowest, highest, shares {group: {exposure,
               catalogue, target}}, worst_case {group: [low, high]} where items are unknown, counts, seed, draws
    Raises     OptionError for an unknown column or browsing model, a bad k, lists shorter than k, a policy that does not fit.
    """
    k = check_k(k, graph.n_items)
    if lists.shape[1] < k:
        raise OptionError(f"The lists hold {lists.shape[1]} items, so the first {k} cannot be audited: rank more.")
    lists, limits = lists[:, :k], thresholds or Thresholds()
    weights = ex.attention_of(browsing, lists, graph.n_items, positives)
    groups = cohorts(graph, by, "item")
    found = measure(lists, weights, groups, target, positives, draws, seed, limits.min_n)
    rows = tuple(_row(groups, g, found, limits) for g in range(len(groups.labels)))
    catalogue = ex.catalogue_share(groups.membership)
    overall = _overall(groups, rows) | {
        "n_lists": found.n_lists,
        "n_items": graph.n_items,
        "n_unknown": n_unknown(groups, rows),
        "shares": {
            label: {"exposure": number(found.share[g]), "catalogue": float(catalogue[g]), "target": number(found.target[g])}
            for g, label in enumerate(groups.labels)
        },
        "worst_case": _worst_case(groups, lists, weights, found.n_lists) if target == "catalogue" else {},
        "seed": seed,
        "draws": draws,
        "note": "Intervals: 95 % bootstrap over people (BCa), one a group. A failure needs a p-value that stays "
        f"below {limits.alpha:g} when it is adjusted for the number of groups (Holm).",
    }  # fmt: skip
    threshold = {
        "low": limits.ratio_low, "high": limits.ratio_high, "min_lists": float(limits.min_n), "alpha": limits.alpha,
    }  # fmt: skip
    return Audit(groups.by, "item", k, "exposure ratio", browsing, target_title(target), threshold, rows, overall)


@dataclass(frozen=True, eq=False)
class Measured:
    """Of each group, float64 [groups]: shares, ratio with interval, adjusted p, and the chance of never being shown if fair."""

    share: FloatArray
    target: FloatArray
    ratio: FloatArray
    low: FloatArray
    high: FloatArray
    p: FloatArray
    unseen: FloatArray
    n_lists: int


def measure(
    lists: IntArray, weights: FloatArray, groups: Cohorts, target: Target = "catalogue",
    positives: sparse.csr_matrix | None = None, draws: int = DRAWS, seed: int = 0, min_n: int = 10,
) -> Measured:  # fmt: skip
    """Exposure ratios of all groups at once. A relevance target is resampled with the same people as the exposure."""
    given = ex.list_exposure(lists, weights, groups.membership)
    wanted = target_sums(groups, target, positives)
    both = given if wanted is None else sparse.csr_matrix(sparse.hstack([given, wanted]))
    n = len(groups.labels)

    def shares(sums: FloatArray) -> tuple[FloatArray, FloatArray]:
        share = ex.shares(sums[:, :n])
        due = np.broadcast_to(fixed_share(groups, target), share.shape) if wanted is None else ex.shares(sums[:, n:])
        return share, due

    share, due = (rows[0] for rows in shares(ex.column_sums(both)[None, :]))
    ratio = ex.ratios(share, np.nan_to_num(due))
    n_lists = int((lists != NO_ITEM).any(axis=1).sum())
    low, high, p = (np.full(n, np.nan) for _ in range(3))
    judged = np.isfinite(ratio) & ~(due > 1 - 1e-12)
    if n_lists >= min_n and judged.any():
        drawn_share, drawn_due = shares(resampled_sums(both, draws, np.random.default_rng(seed)))
        drawn = ex.ratios(drawn_share, np.nan_to_num(drawn_due))[:, judged]
        skew = _acceleration(given, wanted, share, due)[judged]
        low[judged], high[judged] = bca_interval(drawn, ratio[judged], skew)
        low, high = np.fmin(low, ratio), np.fmax(high, ratio)  # equal draws differ from the value by rounding
        places = ex.column_sums(ex.list_exposure(lists, np.ones(lists.shape[1]), groups.membership))
        fair = np.nan_to_num(due) * places.sum()
        p[judged] = exposure_p(ratio[judged], drawn, places[judged], fair[judged])
        high = np.where(judged & (ratio == 0), never_shown_high(fair), high)
    never = judged & (ratio == 0)
    unseen = np.power(1.0 - np.clip(np.nan_to_num(due), 0, 1), int((lists != NO_ITEM).sum()))
    p[never] = unseen[never]
    if groups.unknown is not None:
        p[groups.unknown] = np.nan
    return Measured(share, due, ratio, low, high, holm(p), unseen, n_lists)


def _acceleration(
    given: sparse.csr_matrix, wanted: sparse.csr_matrix | None, share: FloatArray, due: FloatArray
) -> FloatArray:
    """Acceleration of each group's ratio, from what each list adds to it: float64 [groups], one column in memory at a time."""
    found = np.zeros(len(share))
    parts = [(given.tocsc(), np.asarray(given.sum(axis=1)).ravel(), share)]
    if wanted is not None:
        parts.append((wanted.tocsc(), np.asarray(wanted.sum(axis=1)).ravel(), due))
    for g in range(len(share)):
        moved = np.zeros(given.shape[0])
        for sign, (columns, totals, shares) in zip((1.0, -1.0), parts, strict=False):
            if shares[g] > 0 and totals.sum() > 0:
                column = columns[:, [g]].toarray().ravel()
                moved += sign * (column - shares[g] * totals) / (shares[g] * totals.sum())
        found[g] = acceleration(moved)
    return found


def _row(groups: Cohorts, g: int, found: Measured, limits: Thresholds) -> AuditRow:
    label, n = groups.labels[g], int(groups.sizes[g])
    verdict, why = _verdict(n, g, found, limits)
    if g == groups.unknown:
        why = f"Items whose {groups.by} is not known, wholly or in part. {why}"
    value = None if verdict == NOT_ESTIMABLE else float(found.ratio[g])
    return AuditRow(label, n, value, number(found.low[g]), number(found.high[g]), verdict, why, number(found.p[g]))


def _verdict(n: int, g: int, found: Measured, limits: Thresholds) -> tuple[str, str]:
    ratio, low, high, p = found.ratio[g], found.low[g], found.high[g], found.p[g]
    if n == 0:
        return NOT_ESTIMABLE, "No item of the catalogue belongs to this group, so there is no share to compare with."
    if found.n_lists == 0:
        return NOT_ESTIMABLE, "Every list is empty, so there is no exposure to share."
    if not np.isfinite(ratio):
        return NOT_ESTIMABLE, "The target gives this group no share, so there is nothing to compare with."
    if found.target[g] > 1 - 1e-12:
        return NOT_ESTIMABLE, "The whole catalogue belongs to this group, so there is nothing else to compare it with."
    if found.n_lists < limits.min_n:
        return INSUFFICIENT, f"Only {found.n_lists} lists: an interval needs at least {limits.min_n}."
    if ratio == 0:
        never = f"Never shown: none of {found.n_lists} lists holds any of its {n} items."
        if (p if np.isfinite(p) else found.unseen[g]) < limits.alpha:
            return FAIL, never
        return (
            INSUFFICIENT,
            f"{never} With a fair share that could be chance ({found.unseen[g]:.1%} for this group alone).",
        )
    band = f"{limits.ratio_low:g} to {limits.ratio_high:g}"
    if low >= limits.ratio_low and high <= limits.ratio_high:
        return PASS, f"The whole interval lies within {band}."
    if high < limits.ratio_low or low > limits.ratio_high:
        what, side = (
            ("little", f"below {limits.ratio_low:g}")
            if high < limits.ratio_low
            else ("much", f"above {limits.ratio_high:g}")
        )
        if np.isfinite(p) and p >= limits.alpha:
            return (
                INSUFFICIENT,
                f"The interval lies {side}, but among so many groups that happens by chance (adjusted p {p:.2g}).",
            )
        return FAIL, f"Shown too {what}: the whole interval lies {side}."
    return INSUFFICIENT, f"The interval crosses the border of {band}."


def _overall(groups: Cohorts, rows: tuple[AuditRow, ...]) -> dict[str, Any]:
    known = [r for r in rows if r.group != UNKNOWN and r.value is not None]
    if not known:
        return {
            "verdict": NOT_ESTIMABLE, "reason": f"No known {groups.by} can be compared with another.",
            "impact_ratio": None, "lowest": None, "highest": None,
        }  # fmt: skip
    values = [float(r.value) for r in known if r.value is not None]
    top = max(values)
    counts = {v: sum(r.verdict == v for r in known) for v in (PASS, FAIL, INSUFFICIENT)}
    verdict = FAIL if counts[FAIL] else PASS if counts[PASS] == len(known) else INSUFFICIENT
    return {
        "verdict": verdict,
        "reason": f"Of {len(known)} groups {counts[PASS]} pass, {counts[FAIL]} fail, "
        f"{counts[INSUFFICIENT]} have insufficient evidence.",
        "impact_ratio": min(values) / top if top > 0 else None,
        "lowest": known[int(np.argmin(values))].group,
        "highest": known[int(np.argmax(values))].group,
    }


def _worst_case(groups: Cohorts, lists: IntArray, weights: FloatArray, n_lists: int) -> dict[str, list[float | None]]:
    """Bounds of each known group's ratio, whatever the unknown items are; empty where all are known."""
    if groups.unknown is None or n_lists == 0:
        return {}
    epsilon = ex.item_exposure(lists, weights, int(groups.membership.shape[0]))
    low, high = ex.worst_case_ratios(epsilon, groups.membership, groups.unknown)
    return {groups.labels[g]: [number(low[g]), number(high[g])] for g in range(groups.unknown)}
