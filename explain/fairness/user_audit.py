"""Are the lists about as good for each group of people? Held-out nDCG@k by column, or by up to three columns at once.

Each group is compared with everybody else (or with the whole population, or with a named group): never with the group
that happens to look best, which is the luckiest one. It fails if it is surely more than the allowed gap below, passes
if it is surely within the gap on either side; the bands hold all groups' differences at once. All together fail if a
group does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.errors import OptionError, shown
from core.evaluation import Evaluation
from core.graph import FloatArray, InteractionGraph
from core.intervals import DRAWS
from core.ranking import check_k
from explain.fairness.audit import Audit, counted, n_unknown, number
from explain.fairness.exposure import DCG
from explain.fairness.gap import SMALL, Differences, differences, mean_intervals, permutation_p, permuted, spread
from explain.fairness.thresholds import Thresholds
from explain.groups.cohorts import Cohorts
from explain.groups.intersections import By, grouping
from explain.results.audit import FAIL, INSUFFICIENT, NOT_ESTIMABLE, PASS, AuditRow

REFERENCES = ("rest", "population")
NAMED = {"rest": "everybody else", "population": "everybody"}
_NOTE = (
    "Bands hold all groups' differences at once. p is of the limit, not of equality: how often a group that is truly "
    "as far below as is allowed would look so far below. max - min has no interval: it is above 0 even where all "
    "are alike."
)


def audit_users(
    graph: InteractionGraph,
    evaluation: Evaluation,
    by: By,
    k: int,
    *,
    thresholds: Thresholds | None = None,
    reference: str = "rest",
    seed: int = 0,
    draws: int = DRAWS,
) -> Audit:
    """Are the lists about as good for each group of people? Reads each person's held-out nDCG@k.

    reference  whom a group is compared with: "rest" (everybody else whose group is known), "population" (all of those),
               or a group
    A row's value is the group's mean with its own 95 % interval; `difference` is that less the reference's mean, with
    the band that holds all groups' differences at once. Groups under the smallest number of people are suppressed: no
    value, in no reference. A reference of fewer than 30 people decides nothing. The unknown have a value and no
    verdict.
    overall  verdict, reason, limit_note (where the limit could not fail anybody), gap (max - min, no interval),
             expected_gap (what it would be were all alike) and p of that by permutation, tau with tau_low and tau_high,
             best, worst, reference, counts, suppressed groups, seed, draws
    Raises   OptionError for an unknown column or reference, a bad k, or a k at which nothing was evaluated.
    """
    k, limits = check_k(k, graph.n_items), thresholds or Thresholds()
    name = f"ndcg@{k}"
    if name not in evaluation.per_user:
        at = [m.removeprefix("ndcg@") for m in evaluation.per_user if m.startswith("ndcg@")]
        raise OptionError(f"nDCG was not measured at {k}: choose k among {', '.join(at)}, or evaluate at {k}.")
    groups = grouping(graph, by, "user")
    of_person = groups.code[evaluation.users]
    values = [evaluation.per_user[name][of_person == g] for g in range(len(groups.labels))]
    estimable = [g for g, v in enumerate(values) if len(v) >= limits.min_n]
    known = [g for g in estimable if g != groups.unknown]
    against = _against(groups, known, reference)
    cohort = [values[g] for g in known]
    found = None
    if len(known) > 1 and against is not None:
        found = differences(cohort, np.random.default_rng(seed), against=against, alpha=limits.alpha)
    judged = _judged(groups, known, found, limits, reference)
    own, rows = (
        dict(zip(estimable, zip(*mean_intervals([values[g] for g in estimable]), strict=True), strict=True))
        if estimable
        else {},
        [],
    )
    for g, label in enumerate(groups.labels):
        row = _row(groups, g, values[g], limits, own.get(g))
        if row.value is not None and label in judged:
            row = judged[label](row)
        elif row.value is not None and g != groups.unknown:
            why = f"No two known groups of at least {limits.min_n} people, so there is nothing to compare with."
            if len(known) > 1:
                why = (
                    f"The named group {reference} has fewer than {limits.min_n} people, so there is nothing to "
                    "compare with."
                )
            row = AuditRow(label, row.n, row.value, row.low, row.high, NOT_ESTIMABLE, why)
        rows.append(row)
    suppressed = [g for g, v in enumerate(values) if 0 < len(v) < limits.min_n]
    overall = _overall(groups, known, cohort, tuple(rows), found, limits, draws, seed) | {
        "reference": NAMED.get(reference, reference),
        "n_users": evaluation.n_users,
        "n_unknown": n_unknown(groups, tuple(rows)),
        "n_suppressed": int(sum(len(values[g]) for g in suppressed)),
        "suppressed": [groups.labels[g] for g in suppressed],
        "seed": seed,
        "draws": draws,
        "note": _NOTE,
    }
    threshold = {"gap": limits.max_gap, "alpha": limits.alpha, "min_n": float(limits.min_n)}
    return Audit(
        groups.by,
        "user",
        k,
        f"held-out nDCG@{k}",
        DCG,
        NAMED.get(reference, reference),
        threshold,
        tuple(rows),
        overall,
    )


def _against(groups: Cohorts, known: list[int], reference: str) -> int | str | None:
    """The reference for `differences`; None where a named group has too few people."""
    if reference in REFERENCES:
        return reference
    named = [label for g, label in enumerate(groups.labels) if g != groups.unknown]
    if reference not in named:
        raise OptionError(
            f"The reference {shown(reference)} is no group of {groups.by}: choose rest, population, or "
            f"{', '.join(named[:10])}."
        )
    place = groups.labels.index(reference)
    return known.index(place) if place in known else None


def _row(groups: Cohorts, g: int, values: FloatArray, limits: Thresholds, ends: tuple[float, float] | None) -> AuditRow:
    """A group's mean and its own interval, without a comparison."""
    label, n = groups.labels[g], len(values)
    prefix = (
        f"People whose {groups.by} is not known: no group, so there is no verdict on it. "
        if g == groups.unknown
        else ""
    )
    if ends is None:
        why = f"Too few: {n} people with held-out items, at least {limits.min_n} are needed."
        return AuditRow(label, n, None, None, None, NOT_ESTIMABLE, prefix + why)
    value = float(values.mean())
    low, high = max(0.0, float(ends[0])), min(1.0, float(ends[1]))  # nDCG lies between
    return AuditRow(label, n, value, min(low, value), max(high, value), NOT_ESTIMABLE, prefix.strip())


def _judged(
    groups: Cohorts, known: list[int], found: Differences | None, limits: Thresholds, reference: str
) -> dict[str, Any]:
    """Label → what makes a judged row of a row without a verdict."""
    if found is None:
        return {}
    decides = np.isfinite(found.value) & (found.n_reference >= SMALL)
    p_limit = np.where(decides, found.p_below(limits.max_gap), np.nan)
    p_pass = np.where(decides, found.p_within(limits.max_gap), np.nan)
    p_fail, p_in = found.over_all(p_limit), found.over_all(p_pass)

    def of(j: int) -> Any:
        def made(row: AuditRow) -> AuditRow:
            verdict, why = _verdict(found, j, p_fail[j], p_in[j], limits, reference)
            ps = (number(p_fail[j]), False, number(p_limit[j]), number(p_pass[j]), number(p_in[j]))
            if not np.isfinite(found.value[j]):
                return AuditRow(row.group, row.n, row.value, row.low, row.high, verdict, why)
            apart = (float(found.value[j]), float(found.low[j]), float(found.high[j]))
            with_whom = (float(found.reference[j]), int(found.n_reference[j]))
            return AuditRow(row.group, row.n, row.value, row.low, row.high, verdict, why, *ps, *apart, *with_whom)

        return made

    return {groups.labels[g]: of(j) for j, g in enumerate(known)}


def _verdict(
    found: Differences, j: int, p_fail: float, p_pass: float, limits: Thresholds, reference: str
) -> tuple[str, str]:
    if not np.isfinite(found.value[j]):
        return NOT_ESTIMABLE, "The named reference: the others are compared with it."
    behind, whom = -found.value[j], NAMED.get(reference, reference)
    told = (
        f"{abs(behind):.3f} {'below' if behind >= 0 else 'above'} {whom} ({int(found.n_reference[j]):,} people, mean "
        f"{found.reference[j]:.3f}); "
        f"difference with all groups' bands at once {found.low[j]:.3f} to {found.high[j]:.3f}; {limits.max_gap:g} "
        "below is allowed."
    )
    if found.n_reference[j] < SMALL:
        return INSUFFICIENT, f"{told} A reference of fewer than {SMALL} people decides nothing."
    if p_fail < limits.alpha:
        return FAIL, f"{told} Adjusted p of the limit {p_fail:.2g}."
    if p_pass < limits.alpha:
        return PASS, told
    if found.low[j] > limits.max_gap:
        return INSUFFICIENT, f"{told} Better than the others by more than that."
    return INSUFFICIENT, told


def _overall(
    groups: Cohorts,
    known: list[int],
    cohort: list[FloatArray],
    rows: tuple[AuditRow, ...],
    found: Differences | None,
    limits: Thresholds,
    draws: int,
    seed: int,
) -> dict[str, Any]:
    if found is None:
        why = (
            f"Fewer than two known groups of {groups.by} can be compared: at least {limits.min_n} people with "
            "held-out items each."
        )
        return {
            "verdict": NOT_ESTIMABLE,
            "reason": why,
            "limit_note": "",
            "gap": None,
            "expected_gap": None,
            "low": None,
            "high": None,
            "p": None,
            "best": None,
            "worst": None,
            "tau": None,
            "tau_low": None,
            "tau_high": None,
        }
    means = np.array([v.mean() for v in cohort])
    gap, alike = float(np.ptp(means)), permuted(cohort, draws, np.random.default_rng(seed))
    p = permutation_p(gap, alike)
    tau = spread(cohort, np.random.default_rng(seed))
    mean = float(np.concatenate(cohort).mean())
    best, worst = groups.labels[known[int(means.argmax())]], groups.labels[known[int(means.argmin())]]
    note = (
        f"The limit of {limits.max_gap:g} is wider than the whole nDCG of those compared with ({mean:.3f}): no group "
        "could fail it. "
        f"A fifth of the mean would be a limit of {mean / 5:.2g}."
        if limits.max_gap >= np.nanmax(found.reference)
        else ""
    )
    summed = counted([row for row in rows if row.group in {groups.labels[g] for g in known}])
    why = (
        f"{summed['reason']} All differences together: τ {tau.value:.3f} (95 % interval {tau.low:.3f} to "
        f"{tau.high:.3f}). Between {best} and "
        f"{worst} lie {gap:.3f}; were all alike, {alike.mean():.3f} would be expected (permutation p = {p:.3g})."
    )
    return summed | {
        "reason": f"{why} {note}".strip(),
        "limit_note": note,
        "gap": gap,
        "expected_gap": float(alike.mean()),
        "low": None,
        "high": None,
        "p": p,
        "best": best,
        "worst": worst,
        "tau": tau.value,
        "tau_low": tau.low,
        "tau_high": tau.high,
    }
