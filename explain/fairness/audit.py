"""Is exposure fair to items, is quality fair to people? One row a group with its interval, a verdict and the reason.

Items: exposure share / catalogue share; pass if the 95 % interval lies within [0.8, 1.25], fail if wholly outside.
People: held-out nDCG@k; a group passes if it is surely at most 0.05 below the best group, and all together if
max - min is. What is between is "insufficient evidence"; what has no members, no lists or too few people is "not
estimable" (audit without evidence is never a pass). Thresholds stand in every report. Intervals resample people.
The unknown are a row of their own and take no part in the overall verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.errors import OptionError
from core.evaluation import Evaluation
from core.graph import FloatArray, IntArray, InteractionGraph
from core.intervals import DRAWS, percentile_interval, resampled_sums
from core.ranking import NO_ITEM, check_k
from explain.fairness import exposure as ex
from explain.fairness.cohorts import UNKNOWN, Cohorts, Side, cohorts
from explain.fairness.gap import Gap, cohort_means, gap
from explain.types import AuditReport, AuditRow

PASS, FAIL = "pass", "fail"
INSUFFICIENT, NOT_ESTIMABLE = "insufficient evidence", "not estimable"

RATIO_LOW, RATIO_HIGH = 0.8, 1.25
MAX_GAP = 0.05
ALPHA = 0.05
MIN_PEOPLE = 10


@dataclass(frozen=True)
class Audit:
    """The answer without the model it is about; `build_report` adds that."""

    by: str
    side: Side
    k: int
    metric: str
    browsing: str
    target: str
    threshold: dict[str, float]
    rows: tuple[AuditRow, ...]
    overall: dict[str, Any] = field(default_factory=dict)


def build_report(audit: Audit, *, workspace: str, model: str, snapshot: str) -> AuditReport:
    """The report of the contract: an audit, and which lists of which model it is about."""
    return AuditReport(
        workspace=workspace, model=model, snapshot=snapshot, by=audit.by, side=audit.side, k=audit.k,
        metric=audit.metric, browsing=audit.browsing, target=audit.target, threshold=audit.threshold,
        rows=audit.rows, overall=audit.overall,
    )  # fmt: skip


def audit_items(
    graph: InteractionGraph,
    lists: IntArray,
    by: str,
    k: int,
    *,
    browsing: str = "rbp(0.8)",
    seed: int = 0,
    draws: int = DRAWS,
) -> Audit:
    """Does each group of items get the share of attention that its share of the catalogue stands for?

    lists    int64 [m, ≥ k], one a person, best first, NO_ITEM where a list ends early
    overall  verdict, reason, impact_ratio = lowest / highest ratio, lowest, highest, shares {group: {exposure,
             catalogue}}, worst_case {group: [low, high]} where items are unknown, counts, seed, draws
    Raises   OptionError for an unknown column or browsing model, a bad k, or lists shorter than k.
    """
    k = check_k(k, graph.n_items)
    if lists.shape[1] < k:
        raise OptionError(f"The lists hold {lists.shape[1]} items, so the first {k} cannot be audited: rank more.")
    lists = lists[:, :k]
    weights = ex.browsing_weights(browsing, k)
    groups = cohorts(graph, by, "item")
    given = ex.list_exposure(lists, weights, groups.membership)
    share, target = ex.shares(ex.column_sums(given)), ex.catalogue_share(groups.membership)
    ratio = ex.ratios(share, target)
    n_lists = int((lists != NO_ITEM).any(axis=1).sum())
    low, high = np.full(len(ratio), np.nan), np.full(len(ratio), np.nan)
    whole = target > 1 - 1e-12
    judged = np.isfinite(ratio) & ~whole
    if n_lists >= MIN_PEOPLE and judged.any():
        drawn = ex.shares(resampled_sums(given, draws, np.random.default_rng(seed)))
        low[judged], high[judged] = percentile_interval(drawn[:, judged] / target[judged])
        low, high = np.minimum(low, ratio), np.maximum(high, ratio)  # equal draws differ from the value by rounding
    rows = tuple(
        _item_row(groups, g, float(ratio[g]), float(low[g]), float(high[g]), n_lists, bool(whole[g]))
        for g in range(len(groups.labels))
    )
    overall = _item_overall(groups, rows) | {
        "n_lists": n_lists,
        "n_items": graph.n_items,
        "n_unknown": _n_unknown(groups, rows),
        "shares": {
            label: {"exposure": _number(share[g]), "catalogue": float(target[g])}
            for g, label in enumerate(groups.labels)
        },
        "worst_case": _worst_case(groups, lists, weights, n_lists),
        "seed": seed,
        "draws": draws,
        "note": "Intervals: 95 % percentile bootstrap over people, one a group, not adjusted for the number of groups.",
    }
    threshold = {"low": RATIO_LOW, "high": RATIO_HIGH, "min_lists": float(MIN_PEOPLE)}
    return Audit(groups.by, "item", k, "exposure ratio", browsing, "catalogue share", threshold, rows, overall)


def audit_users(
    graph: InteractionGraph, evaluation: Evaluation, by: str, k: int, *, seed: int = 0, draws: int = DRAWS
) -> Audit:
    """Are the lists about as good for each group of people? Reads each person's held-out nDCG@k.

    A row's value is the group's mean. Its verdict is on the difference to the best known group (that with the highest
    observed mean), joint draws of both: pass if its interval ends at most 0.05 above 0, fail if it begins above 0.05.
    Overall: pass if the interval of max - min ends at or below 0.05; fail if it begins above 0.05 and a permutation test
    says p < 0.05. Groups under 10 people are suppressed: no value, no part in the gap.
    overall  verdict, reason, gap, low, high, bias, p, best, worst, counts, suppressed groups, seed, draws
    Raises   OptionError for an unknown column, a bad k, or a k at which nothing was evaluated.
    """
    k = check_k(k, graph.n_items)
    name = f"ndcg@{k}"
    if name not in evaluation.per_user:
        at = [m.removeprefix("ndcg@") for m in evaluation.per_user if m.startswith("ndcg@")]
        raise OptionError(f"nDCG was not measured at {k}: choose k among {', '.join(at)}, or evaluate at {k}.")
    groups = cohorts(graph, by, "user")
    of_person = np.asarray(groups.membership[evaluation.users].argmax(axis=1)).ravel()
    values = [evaluation.per_user[name][of_person == g] for g in range(len(groups.labels))]
    estimable = [g for g, v in enumerate(values) if len(v) >= MIN_PEOPLE]
    rng = np.random.default_rng(seed)
    drawn = (
        dict(zip(estimable, cohort_means([values[g] for g in estimable], draws, rng).T, strict=True))
        if estimable
        else {}
    )
    known = [g for g in estimable if g != groups.unknown]
    found = (
        gap([values[g] for g in known], np.column_stack([drawn[g] for g in known]), draws, rng)
        if len(known) > 1
        else None
    )
    best = known[found.best] if found else None
    rows = tuple(_user_row(groups, g, values, drawn, best) for g in range(len(groups.labels)))
    suppressed = [g for g, v in enumerate(values) if 0 < len(v) < MIN_PEOPLE]
    overall = _user_overall(groups, known, found) | {
        "n_users": evaluation.n_users,
        "n_unknown": _n_unknown(groups, rows),
        "n_suppressed": int(sum(len(values[g]) for g in suppressed)),
        "suppressed": [groups.labels[g] for g in suppressed],
        "seed": seed,
        "draws": draws,
        "note": "Bootstrap of people within groups. max - min is biased upwards (bias): p is from a permutation test.",
    }
    threshold = {"gap": MAX_GAP, "alpha": ALPHA, "min_n": float(MIN_PEOPLE)}
    return Audit(
        groups.by, "user", k, f"held-out nDCG@{k}", "dcg 1/log2(rank+1)", "best group", threshold, rows, overall
    )


def _item_row(groups: Cohorts, g: int, ratio: float, low: float, high: float, n_lists: int, whole: bool) -> AuditRow:
    label, n = groups.labels[g], int(groups.sizes[g])
    verdict, why = _item_verdict(n, ratio, low, high, n_lists, whole)
    if g == groups.unknown:
        why = f"Items whose {groups.by} is not known, wholly or in part. {why}"
    value = None if verdict == NOT_ESTIMABLE else ratio
    return AuditRow(label, n, value, _number(low), _number(high), verdict, why)


def _item_verdict(n: int, ratio: float, low: float, high: float, n_lists: int, whole: bool) -> tuple[str, str]:
    if n == 0:
        return NOT_ESTIMABLE, "No item of the catalogue belongs to this group, so there is no share to compare with."
    if n_lists == 0:
        return NOT_ESTIMABLE, "Every list is empty, so there is no exposure to share."
    if whole:
        return NOT_ESTIMABLE, "The whole catalogue belongs to this group, so there is nothing else to compare it with."
    if n_lists < MIN_PEOPLE:
        return INSUFFICIENT, f"Only {n_lists} lists: an interval needs at least {MIN_PEOPLE}."
    if ratio == 0:
        return FAIL, f"Never shown: none of {n_lists} lists holds any of its {n} items."
    band = f"{RATIO_LOW} to {RATIO_HIGH}"
    if low >= RATIO_LOW and high <= RATIO_HIGH:
        return PASS, f"The whole interval lies within {band}."
    if high < RATIO_LOW:
        return FAIL, f"Shown too little: the whole interval lies below {RATIO_LOW}."
    if low > RATIO_HIGH:
        return FAIL, f"Shown too much: the whole interval lies above {RATIO_HIGH}."
    return INSUFFICIENT, f"The interval crosses the border of {band}."


def _item_overall(groups: Cohorts, rows: tuple[AuditRow, ...]) -> dict[str, Any]:
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
    return {groups.labels[g]: [_number(low[g]), _number(high[g])] for g in range(groups.unknown)}


def _user_row(
    groups: Cohorts, g: int, values: list[FloatArray], drawn: dict[int, FloatArray], best: int | None
) -> AuditRow:
    label, n = groups.labels[g], len(values[g])
    prefix = f"People whose {groups.by} is not known; outside the gap. " if g == groups.unknown else ""
    if g not in drawn:
        why = f"Too few: {n} people with held-out items, at least {MIN_PEOPLE} are needed."
        return AuditRow(label, n, None, None, None, NOT_ESTIMABLE, prefix + why)
    value = float(values[g].mean())
    low, high = (float(bound[0]) for bound in percentile_interval(drawn[g][:, None]))
    low, high = min(low, value), max(high, value)
    if best is None:
        why = f"No two known groups of at least {MIN_PEOPLE} people, so there is nothing to compare with."
        return AuditRow(label, n, value, low, high, NOT_ESTIMABLE, prefix + why)
    if g == best:
        return AuditRow(label, n, value, low, high, PASS, "The best group: the others are compared with it.")
    verdict, why = _behind_best(float(values[best].mean()) - value, drawn[best] - drawn[g], groups.labels[best])
    return AuditRow(label, n, value, low, high, verdict, prefix + why)


def _behind_best(behind: float, draws: FloatArray, best: str) -> tuple[str, str]:
    low, high = (float(bound[0]) for bound in percentile_interval(draws[:, None]))
    verdict = PASS if high <= MAX_GAP else FAIL if low > MAX_GAP else INSUFFICIENT
    return verdict, f"{behind:.3f} below {best} (95 % interval {low:.3f} to {high:.3f}); {MAX_GAP} is allowed."


def _user_overall(groups: Cohorts, known: list[int], found: Gap | None) -> dict[str, Any]:
    if found is None:
        why = f"Fewer than two known groups of {groups.by} have at least {MIN_PEOPLE} people with held-out items."
        return {
            "verdict": NOT_ESTIMABLE, "reason": why, "gap": None, "low": None, "high": None, "bias": None,
            "p": None, "best": None, "worst": None,
        }  # fmt: skip
    best, worst = groups.labels[known[found.best]], groups.labels[known[found.worst]]
    verdict = PASS if found.high <= MAX_GAP else FAIL if found.low > MAX_GAP and found.p < ALPHA else INSUFFICIENT
    why = (
        f"Between {best} and {worst} lie {found.value:.3f} (95 % interval {found.low:.3f} to {found.high:.3f}, "
        f"permutation p = {found.p:.3g}); {MAX_GAP} is allowed."
    )
    return {
        "verdict": verdict, "reason": why, "gap": found.value, "low": found.low, "high": found.high,
        "bias": found.bias, "p": found.p, "best": best, "worst": worst,
    }  # fmt: skip


def _n_unknown(groups: Cohorts, rows: tuple[AuditRow, ...]) -> int:
    return 0 if groups.unknown is None else rows[groups.unknown].n


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
