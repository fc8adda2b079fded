"""Are the lists about as good for each group of people? Held-out nDCG@k by column, or by up to three columns at once.

Each group is compared with everybody else (or with the whole population, or with a named group): never with the group
that happens to look best, which is the luckiest one. It fails if it is surely more than the allowed gap below, passes
if it is surely within the gap on either side; the bands hold all groups' differences at once. All together fail if a
group does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from core.errors import OptionError, shown
from core.evaluation import Evaluation
from core.graph import FloatArray, InteractionGraph
from core.intervals import DRAWS
from core.ranking import check_k
from explain.fairness.audit import counted, n_unknown, number
from explain.fairness.gap import SMALL, Differences, differences, mean_intervals, permutation_p, permuted, spread
from explain.format.words import DCG
from explain.groups.cohorts import Cohorts
from explain.results.audit import FAIL, INSUFFICIENT, NOT_ESTIMABLE, PASS, AuditRow, PeopleAudit, PeopleOverall
from explain.results.plan import Thresholds

REFERENCES = ("rest", "population")
NAMED = {"rest": "everybody else", "population": "everybody"}
NOTE: Final = (
    "Bands hold all groups' differences at once. p is of the limit, not of equality: how often a group "
    "that is truly as far "
    "below as is allowed would look so far below. max - min has no interval: it is above 0 even where all are alike."
)


def audit_users(
    graph: InteractionGraph,
    evaluation: Evaluation,
    groups: Cohorts,
    k: int,
    *,
    thresholds: Thresholds | None = None,
    reference: str = "rest",
    seed: int = 0,
    draws: int = DRAWS,
) -> PeopleAudit:
    """Are the lists about as good for each group of people? Reads each person's held-out nDCG@k.

    reference  whom a group is compared with: "rest" (everybody else whose group is known), "population" (all of those),
               or a group
    A row's value is the group's mean with its own 95 % interval; `difference` is that less the reference's mean, with
    the band that holds all groups' differences at once. Groups under the smallest number of people are suppressed: no
    value, in no reference. A reference of fewer than 30 people decides nothing. The unknown have a value and no
    verdict.
    Raises   OptionError for an unknown reference, a bad k, or a k at which nothing was evaluated.
    """
    k, limits = check_k(k, graph.n_items), thresholds or Thresholds()
    values = _values(groups, evaluation, k)
    compared = _compared(groups, values, limits, reference, seed)
    rows = _rows(groups, values, compared, limits)
    hidden = [g for g, v in enumerate(values) if 0 < len(v) < limits.min_n]
    against = NAMED.get(reference, reference)
    return PeopleAudit(
        by=groups.by,
        side="user",
        k=k,
        metric=f"held-out nDCG@{k}",
        browsing=DCG,
        target=against,
        threshold={"gap": limits.max_gap, "alpha": limits.alpha, "min_n": float(limits.min_n)},
        rows=rows,
        overall=replace(
            _overall(groups, values, compared, rows, limits, draws, seed),
            reference=against,
            n_users=evaluation.n_users,
            n_unknown=n_unknown(groups, rows),
            n_suppressed=sum(len(values[g]) for g in hidden),
            suppressed=tuple(groups.labels[g] for g in hidden),
            seed=seed,
            draws=draws,
            note=NOTE,
        ),
    )


@dataclass(frozen=True, eq=False)
class _Compared:
    """known: groups with enough people, of those whose group is known; differences: None where there is nothing to
    compare.
    """

    known: tuple[int, ...]
    reference: str
    differences: Differences | None


def _values(groups: Cohorts, evaluation: Evaluation, k: int) -> list[FloatArray]:
    """Each group's people's nDCG@k."""
    name = f"ndcg@{k}"
    if name not in evaluation.per_user:
        at = [m.removeprefix("ndcg@") for m in evaluation.per_user if m.startswith("ndcg@")]
        raise OptionError(f"nDCG was not measured at {k}: choose k among {', '.join(at)}, or evaluate at {k}.")
    of_person = groups.code[evaluation.users]
    return [evaluation.per_user[name][of_person == g] for g in range(len(groups.labels))]


def _compared(groups: Cohorts, values: list[FloatArray], limits: Thresholds, reference: str, seed: int) -> _Compared:
    known = tuple(g for g, v in enumerate(values) if len(v) >= limits.min_n and g != groups.unknown)
    against = _against(groups, known, reference)
    if len(known) < 2 or against is None:
        return _Compared(known, reference, None)
    rng = np.random.default_rng(seed)
    apart = differences([values[g] for g in known], rng, against=against, alpha=limits.alpha)
    return _Compared(known, reference, apart)


def _against(groups: Cohorts, known: tuple[int, ...], reference: str) -> int | str | None:
    """The reference for `differences`; None where a named group has too few people."""
    if reference in REFERENCES:
        return reference
    named = [label for g, label in enumerate(groups.labels) if g != groups.unknown]
    if reference not in named:
        raise OptionError(
            f"The reference {shown(reference)} is no group of {groups.by}: "
            f"choose rest, population, or {', '.join(named[:10])}."
        )
    place = groups.labels.index(reference)
    return known.index(place) if place in known else None


def _rows(groups: Cohorts, values: list[FloatArray], compared: _Compared, limits: Thresholds) -> tuple[AuditRow, ...]:
    estimable = [g for g, v in enumerate(values) if len(v) >= limits.min_n]
    ends = zip(*mean_intervals([values[g] for g in estimable]), strict=True) if estimable else ()
    own = dict(zip(estimable, ends, strict=True))
    alone = [_row(groups, g, values[g], limits, own.get(g)) for g in range(len(groups.labels))]
    if compared.differences is not None:
        judged = _judged([alone[g] for g in compared.known], compared.differences, limits, compared.reference)
        return tuple(judged.get(row.group, row) for row in alone)
    why = f"No two known groups of at least {limits.min_n} people, so there is nothing to compare with."
    if len(compared.known) > 1:
        few = f"has fewer than {limits.min_n} people, so there is nothing to compare with."
        why = f"The named group {compared.reference} {few}"
    return tuple(replace(row, reason=why) if g in compared.known else row for g, row in enumerate(alone))


def _row(groups: Cohorts, g: int, values: FloatArray, limits: Thresholds, ends: tuple[float, float] | None) -> AuditRow:
    """A group's mean and its own interval, without a comparison."""
    n = len(values)
    of_unknown = f"People whose {groups.by} is not known: no group, so there is no verdict on it."
    why = of_unknown if g == groups.unknown else ""
    value = low = high = None
    if ends is None:
        why = f"{why} Too few: {n} people with held-out items, at least {limits.min_n} are needed.".strip()
    else:
        value = float(values.mean())
        low, high = min(max(0.0, float(ends[0])), value), max(min(1.0, float(ends[1])), value)  # nDCG lies between
    return AuditRow(group=groups.labels[g], n=n, value=value, low=low, high=high, verdict=NOT_ESTIMABLE, reason=why)


def _judged(rows: list[AuditRow], apart: Differences, limits: Thresholds, reference: str) -> dict[str, AuditRow]:
    """The compared groups' rows by their name, with verdict and difference. rows: in the order of `apart`."""
    decides = np.isfinite(apart.value) & (apart.n_reference >= SMALL)
    p_limit = np.where(decides, apart.p_below(limits.max_gap), np.nan)
    p_pass = np.where(decides, apart.p_within(limits.max_gap), np.nan)
    p_fail, p_in = apart.over_all(p_limit), apart.over_all(p_pass)
    judged = {}
    for j, row in enumerate(rows):
        verdict, why = _verdict(apart, j, p_fail[j], p_in[j], limits, reference)
        judged[row.group] = replace(row, verdict=verdict, reason=why)
        if np.isfinite(apart.value[j]):
            judged[row.group] = replace(
                judged[row.group],
                p_adjusted=number(p_fail[j]),
                p_limit=number(p_limit[j]),
                p_pass=number(p_pass[j]),
                p_pass_adjusted=number(p_in[j]),
                difference=float(apart.value[j]),
                difference_low=float(apart.low[j]),
                difference_high=float(apart.high[j]),
                reference=float(apart.reference[j]),
                n_reference=int(apart.n_reference[j]),
            )
    return judged


def _verdict(
    apart: Differences, j: int, p_fail: float, p_pass: float, limits: Thresholds, reference: str
) -> tuple[str, str]:
    if not np.isfinite(apart.value[j]):
        return NOT_ESTIMABLE, "The named reference: the others are compared with it."
    behind, whom = -apart.value[j], NAMED.get(reference, reference)
    who = f"{whom} ({int(apart.n_reference[j]):,} people, mean {apart.reference[j]:.3f})"
    band = f"{apart.low[j]:.3f} to {apart.high[j]:.3f}"
    why = (
        f"{abs(behind):.3f} {'below' if behind >= 0 else 'above'} {who}; difference with all groups' bands "
        f"at once {band}; "
        f"{limits.max_gap:g} below is allowed."
    )
    if apart.n_reference[j] < SMALL:
        return INSUFFICIENT, f"{why} A reference of fewer than {SMALL} people decides nothing."
    if p_fail < limits.alpha:
        return FAIL, f"{why} Adjusted p of the limit {p_fail:.2g}."
    if p_pass < limits.alpha:
        return PASS, why
    if apart.low[j] > limits.max_gap:
        return INSUFFICIENT, f"{why} Better than the others by more than that."
    return INSUFFICIENT, why


def _overall(
    groups: Cohorts,
    values: list[FloatArray],
    compared: _Compared,
    rows: tuple[AuditRow, ...],
    limits: Thresholds,
    draws: int,
    seed: int,
) -> PeopleOverall:
    if compared.differences is None:
        few = f"at least {limits.min_n} people with held-out items each."
        why = f"Fewer than two known groups of {groups.by} can be compared: {few}"
        return PeopleOverall(verdict=NOT_ESTIMABLE, reason=why)
    cohorts = [values[g] for g in compared.known]
    means = np.array([v.mean() for v in cohorts])
    gap, alike = float(np.ptp(means)), permuted(cohorts, draws, np.random.default_rng(seed))
    p = permutation_p(gap, alike)
    tau = spread(cohorts, np.random.default_rng(seed))
    best, worst = (groups.labels[compared.known[int(end)]] for end in (means.argmax(), means.argmin()))
    note = _limit_note(limits, compared.differences, float(np.concatenate(cohorts).mean()))
    summed = counted(rows[g] for g in compared.known)
    why = (
        f"{summed.reason} All differences together: τ {tau.value:.3f} (95 % interval {tau.low:.3f} to {tau.high:.3f}). "
        f"Between {best} and {worst} lie {gap:.3f}; were all alike, {alike.mean():.3f} would be expected "
        f"(permutation p = {p:.3g})."
    )
    return PeopleOverall(
        verdict=summed.verdict,
        reason=f"{why} {note}".strip(),
        limit_note=note,
        gap=gap,
        expected_gap=float(alike.mean()),
        p=p,
        best=best,
        worst=worst,
        tau=tau.value,
        tau_low=tau.low,
        tau_high=tau.high,
    )


def _limit_note(limits: Thresholds, apart: Differences, mean: float) -> str:
    """Where no group could fail the limit."""
    if limits.max_gap < np.nanmax(apart.reference):
        return ""
    return (
        f"The limit of {limits.max_gap:g} is wider than the whole nDCG of those compared with ({mean:.3f}): "
        f"no group could fail it. A fifth of the mean would be a limit of {mean / 5:.2g}."
    )
