"""What an audit's record holds beyond the figures of its plan: weights, baselines, gaps, repairs, trends."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.guardrails.base import rule_from
from core.progress import Progress, portion
from explain.fairness.disclosure import told
from explain.fairness.exposure import CASCADE, RBP
from explain.fairness.reranking import Due
from explain.fairness.thresholds import target_title, within
from explain.groups.cohorts import AGE_OF_ITEM, POPULARITY, UNKNOWN
from explain.records.content import Supplements
from explain.results.audit import FAIL, PASS, AuditRow, ItemAudit
from explain.results.audit_record import AuditContent
from explain.results.exposure import Baseline, GapAttribution, MeasuredWeights, NonProfiling
from explain.results.guardrail import GroupChange, Guarded
from explain.results.measured import Estimate, Trend
from explain.results.plan import Plan, Target
from explain.results.record_sections import (
    Mitigation,
    RecordedBaseline,
    RecordedExposure,
    RecordedGap,
    RecordedGapPart,
    RecordedWeight,
    RepairedGroup,
)
from explain.workbench.exposure import ExposureService
from explain.workbench.rules import RuleService

MOST_GAPS, MOST_REPAIRS, MOST_GROUPS, MOST_GAINS = 4, 3, 24, 12
STARVED = tuple[ItemAudit, AuditRow]


class AuditSupplements:
    """What a record says beyond a plan's own figures: weights, baselines, where gaps come from, what repairs would
    cost.
    """

    def __init__(self, exposure: ExposureService, rules: RuleService) -> None:
        self.exposure, self.rules = exposure, rules

    def measure(self, workspace: str, plan: Plan, content: AuditContent, progress: Progress) -> Supplements:
        """plan: as it was checked; content: what was measured of it."""
        weights = self.exposure.main_parameters(workspace, plan.model, plan.k, progress=portion(progress, 0.0, 0.15))
        starved = starved_groups(content.item_audits)
        return Supplements(
            weights=_weights(weights),
            weights_sentence=weights.sentence,
            non_profiling=self._baselines(workspace, plan, portion(progress, 0.15, 0.35)),
            attribution=self._gaps(workspace, plan, starved[:MOST_GAPS], progress),
            mitigations=self._repairs(workspace, plan, starved, progress),
            trends=self._trends(workspace, plan, portion(progress, 0.9, 1.0)),
        )

    def _baselines(self, workspace: str, plan: Plan, progress: Progress) -> tuple[RecordedBaseline, ...]:
        by = plan.item_columns[0] if plan.item_columns else None
        target: Target = plan.target_for(by) if by else "catalogue"
        compared = self.exposure.non_profiling(
            workspace,
            plan.model,
            plan.k,
            by=by,
            seed=plan.seed,
            browsing=plan.browsing,
            target=target,
            progress=progress,
        )
        return tuple(_baseline(arm, compared, target_title(target), plan.browsing) for arm in compared.arms)

    def _gaps(
        self, workspace: str, plan: Plan, starved: Sequence[STARVED], progress: Progress
    ) -> tuple[RecordedGap, ...]:
        """Where the gaps of the worst groups come from."""
        gaps = []
        for n, (audit, row) in enumerate(starved):
            gap = self.exposure.gap_attribution(
                workspace,
                plan.model,
                audit.by,
                row.group,
                plan.k,
                due=(audit.target, _due(audit)[row.group]),
                browsing=_served_browsing(plan),
                progress=portion(progress, 0.35 + 0.08 * n, 0.43 + 0.08 * n),
            )
            gaps.append(_gap(gap, audit))
        return tuple(gaps)

    def _repairs(
        self, workspace: str, plan: Plan, starved: Sequence[STARVED], progress: Progress
    ) -> tuple[Mitigation, ...]:
        """What repairs of the first columns with a starved group would cost."""
        audits = list({audit.by: audit for audit, _ in starved}.values())[:MOST_REPAIRS]
        return tuple(
            self._repair(workspace, plan, audit, portion(progress, 0.67 + 0.08 * n, 0.75 + 0.08 * n))
            for n, audit in enumerate(audits)
            if len(audit.rows) <= MOST_GROUPS
        )

    def _repair(self, workspace: str, plan: Plan, audit: ItemAudit, progress: Progress) -> Mitigation:
        """What it would cost to bring every group of a column to the lower limit of what it is due, and who loses by
        it.
        """
        limits, due = plan.thresholds, {audit.by: _due(audit)}
        share = aim(audit.rows, float(limits.ratio_low))
        repaired = self._guarded(workspace, plan, audit.by, share, due, progress)
        again = aim_after(repaired.groups, float(limits.ratio_low))
        if again > share:  # the changed lists are less sure than the old ones: once more, with their own errors
            share, repaired = again, self._guarded(workspace, plan, audit.by, again, due, progress)
        return _mitigation(plan, audit, share, repaired)

    def _guarded(self, workspace: str, plan: Plan, by: str, share: float, due: Due, progress: Progress) -> Guarded:
        rule = rule_from({"name": "minimum-exposure", "by": by, "share": share})
        browsing = _served_browsing(plan)
        return self.rules.apply(workspace, plan.model, [rule], k=plan.k, due=due, browsing=browsing, progress=progress)

    def _trends(self, workspace: str, plan: Plan, progress: Progress) -> tuple[Trend, ...]:
        """Of metrics under two snapshots or more."""
        if not plan.item_columns:
            return ()
        trends = self.exposure.trends(
            workspace,
            plan.model,
            plan.item_columns[0],
            k=plan.k,
            browsing=_served_browsing(plan),
            policies=plan.policies or None,
            progress=progress,
        )
        return tuple(trend for trend in trends if len(trend.points) > 1)


def aim(rows: Iterable[AuditRow], limit: float) -> float:
    """The ratio a repair must reach to pass: the limit and two standard errors (on the root scale) of the least sure
    group below it.
    """
    errors = [
        (math.sqrt(row.high) - math.sqrt(row.low)) / 4
        for row in rows
        if row.verdict == FAIL and row.low and row.high is not None and row.value is not None and row.value < 1
    ]
    return min(1.0, (math.sqrt(limit) + 2 * max(errors, default=0.0)) ** 2)


def aim_after(groups: Iterable[GroupChange], limit: float) -> float:
    """The same for lists that were changed: by the errors of those groups that got above the limit and
    not surely so.
    """
    errors = [
        (math.sqrt(g.high) - math.sqrt(g.low)) / 4
        for g in groups
        if g.group != UNKNOWN and g.after and g.low and g.high and g.low < limit <= g.after < 1
    ]
    return min(1.0, (math.sqrt(limit) + 2.1 * max(errors)) ** 2) if errors else 0.0


def starved_groups(audits: Iterable[ItemAudit]) -> list[STARVED]:
    """Known groups that get too little, the worst of each item column; popularity and age of items last."""
    worst = []
    for audit in audits:
        low = {
            row: row.value
            for row in audit.rows
            if row.verdict == FAIL and row.group != UNKNOWN and row.value is not None and row.value < 1
        }
        if low:
            worst.append((audit, min(low, key=lambda row: (low[row], -(row.n or 0)))))
    return sorted(worst, key=lambda starved: starved[0].by in (POPULARITY, AGE_OF_ITEM))


def _served_browsing(plan: Plan) -> str:
    """How served lists are read: the cascade reads held-out events, which only lists of the refit have."""
    return RBP if plan.browsing == CASCADE else plan.browsing


def _due(audit: ItemAudit) -> dict[str, float]:
    """The share of attention that each group of an audited item column is due, as the audit's own target has it."""
    return {group: share.target or 0.0 for group, share in audit.overall.shares.items()}


def _weights(measured: MeasuredWeights) -> tuple[RecordedWeight, ...]:
    return tuple(
        RecordedWeight(level=row.level, name=row.label, share=row.share, low=row.low, high=row.high)
        for row in measured.rows
    )


def _baseline(baseline: Baseline, compared: NonProfiling, target: str, browsing: str) -> RecordedBaseline:
    metrics = {"nDCG": baseline.ndcg, "Recall": baseline.recall, "coverage": baseline.coverage}
    return RecordedBaseline(
        title=baseline.title,
        rule=baseline.rule,
        profiles=baseline.profiles,
        metrics={name: _rounded(value) for name, value in metrics.items()},
        n_people=compared.n_people,
        k=compared.k,
        by=compared.by,
        exposure=tuple(RecordedExposure(group=group, ratio=ratio) for group, ratio in baseline.exposure.items()),
        target=target,
        browsing=browsing,
    )


def _rounded(value: Estimate) -> Estimate:
    return replace(value, value=told(value.value), low=told(value.low), high=told(value.high))


def _gap(gap: GapAttribution, audit: ItemAudit) -> RecordedGap:
    return RecordedGap(
        browsing=gap.browsing,
        by=audit.by,
        group=gap.group,
        gap=gap.gap_all,
        gap_low=gap.gap_all_low,
        gap_high=gap.gap_all_high,
        gap_random=gap.gap_random,
        target=audit.target,
        n_people=gap.n_people,
        n_people_all=gap.n_people_all,
        sentence=gap.sentence.replace("*", ""),
        completeness_error=gap.completeness_error,
        parts=tuple(RecordedGapPart(relation=p.label, value=p.value, low=p.low, high=p.high) for p in gap.parts),
    )


def _mitigation(plan: Plan, audit: ItemAudit, share: float, repaired: Guarded) -> Mitigation:
    limits, paid = plan.thresholds, repaired.costs[0]
    allowed = float(limits.ratio_low), float(limits.ratio_high)
    known = [g for g in repaired.groups if g.group != UNKNOWN and g.after is not None]
    rows = tuple(_repaired(group, allowed) for group in known)
    passed = {row.group for row in audit.rows if row.verdict == PASS}
    low = [g for g in known if g.before is not None and g.before < share]
    limit = f"the limit of {allowed[0]:g} and two standard errors"
    interval = f"95 % {_signed(paid.low)} to {_signed(paid.high)}, n = {paid.n:,}"
    return Mitigation(
        browsing=_served_browsing(plan),
        by=audit.by,
        target=audit.target,
        name=f"minimum exposure by {audit.by}: each group at least {share:.3g} of its {audit.target} ({limit})",
        cost=(
            f"nDCG@{plan.k} {paid.before:.4f} to {paid.after:.4f} (change {paid.change:+.4f}, {interval}); "
            f"{repaired.n_moved:,} places of {repaired.n_lists:,} lists change"
        ),
        gain="; ".join(f"{g.group}: {g.before:.2f} to {g.after:.2f}" for g in low[:MOST_GAINS]) or "no group was below",
        rows=rows,
        worsened=tuple(row.group for row in rows if row.group in passed and row.verdict != PASS),
    )


def _repaired(group: GroupChange, allowed: tuple[float, float]) -> RepairedGroup:
    return RepairedGroup(
        group=group.group,
        before=group.before,
        after=group.after,
        low=group.low,
        high=group.high,
        verdict=within(group.low, group.high, allowed)[0],
    )


def _signed(value: float | None) -> str:
    return "?" if value is None else f"{value:+.4f}"
