"""Are the lists about as good for each group of people? Held-out nDCG@k by column, or by up to three columns at once.

A group passes if it is surely at most the allowed gap below the best group, and all together if max - min is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.errors import OptionError
from core.evaluation import Evaluation
from core.graph import FloatArray, InteractionGraph
from core.intervals import DRAWS, percentile_interval
from core.ranking import check_k
from explain.fairness.audit import Audit, n_unknown
from explain.fairness.cohorts import Cohorts
from explain.fairness.gap import Gap, cohort_means, gap
from explain.fairness.intersections import grouping
from explain.fairness.statistics import bootstrap_p, holm
from explain.fairness.thresholds import FAIL, INSUFFICIENT, NOT_ESTIMABLE, PASS, Thresholds
from explain.types import AuditRow


def audit_users(
    graph: InteractionGraph,
    evaluation: Evaluation,
    by: str,
    k: int,
    *,
    thresholds: Thresholds | None = None,
    seed: int = 0,
    draws: int = DRAWS,
) -> Audit:
    """Are the lists about as good for each group of people? Reads each person's held-out nDCG@k.

    A row's value is the group's mean. Its verdict is on the difference to the best known group (that with the highest
    observed mean), joint draws of both: pass if its interval ends at most 0.05 above 0, fail if it begins above 0.05.
    Overall: pass if the interval of max - min ends at or below 0.05; fail if it begins above 0.05 and a permutation test
    says p < 0.05. Groups under 10 people are suppressed: no value, no part in the gap.
    overall  verdict, reason, limit_note (where the limit could not fail anybody), gap, low, high, bias, p, best, worst, counts, suppressed groups, seed, draws
    Raises   OptionError for an unknown column, a bad k, or a k at which nothing was evaluated.
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
    rng = np.random.default_rng(seed)
    drawn = (
        dict(zip(estimable, cohort_means([values[g] for g in estimable], draws, rng).T, strict=True))
        if estimable
        else {}
    )
    known = [g for g in estimable if g != groups.unknown]
    found = (
        gap([values[g] for g in known], np.column_stack([drawn[g] for g in known]), draws, np.random.default_rng(seed))
        if len(known) > 1
        else None
    )
    best = known[found.best] if found else None
    adjusted = _adjusted(values, drawn, known, best)
    rows = tuple(_user_row(groups, g, values, drawn, best, adjusted[g], limits) for g in range(len(groups.labels)))
    suppressed = [g for g, v in enumerate(values) if 0 < len(v) < limits.min_n]
    overall = _user_overall(groups, known, found, limits, values) | {
        "n_users": evaluation.n_users,
        "n_unknown": n_unknown(groups, rows),
        "n_suppressed": int(sum(len(values[g]) for g in suppressed)),
        "suppressed": [groups.labels[g] for g in suppressed],
        "seed": seed,
        "draws": draws,
        "note": "Bootstrap of people within groups. max - min is biased upwards (bias): p is from a permutation test.",
    }
    threshold = {"gap": limits.max_gap, "alpha": limits.alpha, "min_n": float(limits.min_n)}
    return Audit(
        groups.by, "user", k, f"held-out nDCG@{k}", "dcg 1/log2(rank+1)", "best group", threshold, rows, overall
    )


def _user_row(
    groups: Cohorts,
    g: int,
    values: list[FloatArray],
    drawn: dict[int, FloatArray],
    best: int | None,
    p: float,
    limits: Thresholds,
) -> AuditRow:
    label, n = groups.labels[g], len(values[g])
    prefix = f"People whose {groups.by} is not known; outside the gap. " if g == groups.unknown else ""
    if g not in drawn:
        why = f"Too few: {n} people with held-out items, at least {limits.min_n} are needed."
        return AuditRow(label, n, None, None, None, NOT_ESTIMABLE, prefix + why)
    value = float(values[g].mean())
    low, high = (float(bound[0]) for bound in percentile_interval(drawn[g][:, None]))
    low, high = min(low, value), max(high, value)
    if best is None:
        why = f"No two known groups of at least {limits.min_n} people, so there is nothing to compare with."
        return AuditRow(label, n, value, low, high, NOT_ESTIMABLE, prefix + why)
    if g == best:
        return AuditRow(label, n, value, low, high, PASS, "The best group: the others are compared with it.")
    verdict, why = _behind_best(
        float(values[best].mean()) - value, drawn[best] - drawn[g], groups.labels[best], p, limits
    )
    return AuditRow(label, n, value, low, high, verdict, prefix + why, float(p) if np.isfinite(p) else None)


def _adjusted(values: list[FloatArray], drawn: dict[int, FloatArray], known: list[int], best: int | None) -> FloatArray:
    """Holm-adjusted p of "as good as the best group", float64 [groups]; NaN for the best, the unknown and the suppressed."""
    p = np.full(len(values), np.nan)
    for g in known:
        if best is not None and g != best:
            behind = values[best].mean() - values[g].mean()
            p[g] = bootstrap_p(np.array([behind]), (drawn[best] - drawn[g])[:, None], 0.0)[0]
    return holm(p)


def _behind_best(behind: float, draws: FloatArray, best: str, p: float, limits: Thresholds) -> tuple[str, str]:
    low, high = (float(bound[0]) for bound in percentile_interval(draws[:, None]))
    sure = not np.isfinite(p) or p < limits.alpha
    verdict = PASS if high <= limits.max_gap else FAIL if low > limits.max_gap and sure else INSUFFICIENT
    return verdict, f"{behind:.3f} below {best} (95 % interval {low:.3f} to {high:.3f}); {limits.max_gap:g} is allowed."


def _user_overall(
    groups: Cohorts, known: list[int], found: Gap | None, limits: Thresholds, values: list[FloatArray]
) -> dict[str, Any]:
    if found is None:
        why = f"Fewer than two known groups of {groups.by} have at least {limits.min_n} people with held-out items."
        return {
            "verdict": NOT_ESTIMABLE, "reason": why, "limit_note": "", "gap": None, "low": None, "high": None, "bias": None,
            "p": None, "best": None, "worst": None,
        }  # fmt: skip
    best, worst = groups.labels[known[found.best]], groups.labels[known[found.worst]]
    sure = found.low > limits.max_gap and found.p < limits.alpha
    verdict = PASS if found.high <= limits.max_gap else FAIL if sure else INSUFFICIENT
    top = float(values[known[found.best]].mean())
    note = (
        f"The limit of {limits.max_gap:g} is wider than the whole nDCG of the best group ({top:.3f}): no group could fail it. "
        f"Four fifths of the best would be a limit of {top / 5:.2g}."
        if limits.max_gap >= top
        else ""
    )
    why = (
        f"Between {best} and {worst} lie {found.value:.3f} (95 % interval {found.low:.3f} to {found.high:.3f}, "
        f"permutation p = {found.p:.3g}); {limits.max_gap:g} is allowed."
    )
    return {
        "verdict": verdict, "reason": f"{why} {note}".strip(), "limit_note": note, "gap": found.value, "low": found.low, "high": found.high,
        "bias": found.bias, "p": found.p, "best": best, "worst": worst,
    }  # fmt: skip
