"""The workbench: plans and whole audits. The plan goes to the log first; everything is measured after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import OptionError, shown
from core.models.base import get_model
from core.progress import Progress, no_progress, portion
from explain.fairness.disclosure import Disclosure
from explain.fairness.metrics.base import all_metrics
from explain.fairness.plan import plan_from_json, usual_plan
from explain.fairness.plan_check import check_plan, needs_relevance
from explain.fairness.report import Lists, audited_lists, guard_of, run_plan
from explain.format.hashing import digest
from explain.records.content import Source, record_content, supplemented
from explain.records.earlier_plans import told_before
from explain.results.audit_record import AuditContent, AuditRecord
from explain.results.measured import MetricWords
from explain.results.plan import FixedPlan, Plan
from explain.storage.privacy import checked_limit
from explain.workbench.audit_supplements import AuditSupplements
from explain.workbench.exposure import ExposureService
from explain.workbench.records import RecordService
from explain.workbench.rules import RuleService
from explain.workbench.session import Session, evaluation_key, list_length
from explain.workspace.workspace import Workspace

PlanLike = Plan | Mapping[str, Any]  # a plan, or its JSON as files and pages hand it in


class AuditService:
    """Plans and whole audits."""

    def __init__(self, session: Session, exposure: ExposureService, rules: RuleService, records: RecordService) -> None:
        self.session, self.records = session, records
        self.supplements = AuditSupplements(exposure, rules)

    def usual_plan(self, workspace: str, model: str, *, k: int | None = None) -> Plan:
        """A plan to start from. Raises NotReadyError, OptionError."""
        loaded = self.session.workspace(workspace)
        loaded.manifest(model)
        k, split = list_length(loaded, k), loaded.card.default_split
        keys = (evaluation_key(loaded, model, split, at, 0) for at in (k, 20))
        stored = (self.session.store.read_result(workspace, key) for key in keys)
        measured = [evaluation["metrics"] for evaluation in stored if evaluation is not None]
        ndcg = next((m[f"ndcg@{at}"]["value"] for at in (k, 20) for m in measured if f"ndcg@{at}" in m), None)
        return usual_plan(loaded.graph, workspace, model, k, ndcg, min_n=self.session.smallest_group)

    def metric_words(self) -> tuple[MetricWords, ...]:
        """Every metric's words: number, name, title, formula, source, range, fair, direction."""
        return tuple(metric.words() for metric in all_metrics())

    def check(self, workspace: str, plan: PlanLike) -> Plan:
        """The plan as it would be run. Raises OptionError with what cannot be."""
        return self._checked(self.session.workspace(workspace), plan)

    def fix(self, workspace: str, plan: Plan, actor: str, role: str = "") -> FixedPlan:
        """Writes a plan with its thresholds to the log before a run; gives it back with fixed_at and log_hash."""
        self.session.store.check(workspace)
        content = {key: value for key, value in plan.as_json().items() if key not in ("fixed_at", "log_hash")}
        if plan.workspace != workspace:
            raise OptionError(f"The plan is about {shown(plan.workspace)}, not {shown(workspace)}.")
        if not content.get("thresholds"):
            raise OptionError(
                "The plan has no thresholds: fix what would pass and what would fail before anything is run."
            )
        if plan.thresholds.has("min_n"):
            checked_limit(self.session.home, plan.thresholds.min_n)
        row = self.session.decisions.append(workspace, "plan", actor=actor, role=role, content=content)
        return FixedPlan.from_json({**row.content, "fixed_at": row.when, "log_hash": row.hash})

    def measure(self, workspace: str, plan: FixedPlan, *, progress: Progress = no_progress) -> AuditContent:
        """Run a plan that was fixed: the record's content without hash and signatures. Long; progress may cancel it."""
        loaded = self.session.workspace(workspace)
        checked = self._checked(loaded, plan.as_json())
        lists = self._lists(loaded, checked, portion(progress, 0.0, 0.6))
        guard = self._guard(loaded, checked)
        measured = run_plan(loaded.graph, checked, lists, guard=guard, progress=portion(progress, 0.6, 0.95))
        source = Source(
            graph=loaded.graph,
            card=loaded.card,
            manifest=loaded.manifest(checked.model),
            model_title=get_model(checked.model).spec.title,
        )
        audited = audited_lists(loaded.graph, checked, lists, guard)
        stated = FixedPlan.from_json(plan.as_json() | checked.as_json())
        return record_content(source, stated, digest(checked.as_json()), measured, audited)

    def run(
        self, workspace: str, plan: PlanLike, *, actor: str, role: str = "", progress: Progress = no_progress
    ) -> AuditRecord:
        """Fix a plan in the decision log, measure it with weights, baselines, attribution and the price of repairs,
        store the record.

        Raises OptionError for a plan that cannot be run (before anything is written), CancelledError between steps (the
        plan then stays in the log, and no audit follows it).
        """
        checked = self.check(workspace, plan)
        fixed = self.fix(workspace, checked, actor, role)
        content = self.measure(workspace, fixed, progress=portion(progress, 0.0, 0.45))
        supplements = self.supplements.measure(workspace, checked, content, portion(progress, 0.45, 0.97))
        content = supplemented(content, supplements, self.session.store.tables_sha256(workspace))
        progress(0.98, "storing the record")
        return self.records.save(workspace, content, actor, role)

    def _checked(self, loaded: Workspace, given: PlanLike) -> Plan:
        plan = given if isinstance(given, Plan) else plan_from_json(given)
        if plan.workspace != loaded.name:
            raise OptionError(f"The plan is about {shown(plan.workspace)}, not {shown(loaded.name)}.")
        loaded.manifest(plan.model)
        checked_limit(self.session.home, plan.thresholds.min_n)
        return check_plan(plan, loaded.graph)

    def _guard(self, loaded: Workspace, plan: Plan) -> Disclosure:
        """What the record of a plan may tell: in accord with what the plans before it were told."""
        before = told_before(self.session.home, loaded.name, loaded.graph)
        return guard_of(loaded.graph, plan, floor=self.session.smallest_group, before=before)

    def _lists(self, loaded: Workspace, plan: Plan, progress: Progress) -> Lists:
        served = loaded.lists(loaded.manifest(plan.model), plan.k, portion(progress, 0.0, 0.3))
        if not (plan.user_columns or plan.intersections or needs_relevance(plan)):
            return Lists(served)
        run = self.session.refit(
            loaded, plan.model, loaded.card.default_split, plan.seed, plan.k, portion(progress, 0.3, 1.0)
        )
        return Lists(
            served, run.lists[:, : plan.k], run.split.test, run.evaluation(plan.k), run.split.train.interactions
        )
