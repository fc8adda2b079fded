"""The workbench: accuracy on held-out events, and audits."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

from core.errors import OptionError, shown
from core.evaluation import Evaluation
from core.progress import Progress, no_progress
from core.snapshots import Manifest
from explain.fairness.audit import Audit, build_report
from explain.fairness.item_audit import audit_items
from explain.fairness.report import audit_people
from explain.fairness.thresholds import Thresholds
from explain.groups.cohorts import columns, side_of
from explain.groups.intersections import parts_of
from explain.records.earlier_plans import guard_of_answer
from explain.results.audit import AuditReport, AuditRow
from explain.results.workspace import EvaluationReport
from explain.storage.privacy import smallest_group
from explain.workbench.session import Desk, evaluation_key, length
from explain.workspace.workspace import Workspace

VERDICTS = "of-limits"  # how verdicts are formed: answers that were stored when p was of equality are not told


class Measuring(Desk):
    """How good the lists are, and for whom."""

    def evaluate(
        self, workspace: str, model: str, *, split: str | None = None, k: int | None = None, seed: int = 0,
        progress: Progress = no_progress,
    ) -> EvaluationReport:  # fmt: skip
        """Refit on the training part and measure on the rest; stored for `stored_evaluation`. split: the card's where None."""
        world = self._world(workspace)
        split = world.card.default_split if split is None else split
        k = length(world, k)
        run = self._refit(world, model, split, seed, k, progress, anew=True)
        found = run.evaluation(k)
        metrics = {name: metric.as_json() for name, metric in found.metrics.items()}
        report = EvaluationReport(
            workspace, model, split, k, seed, found.n_users, metrics, run.path_share, run.gross_net, run.seconds,
            len(run.split.cold_users),
        )  # fmt: skip
        self.store.write_result(workspace, evaluation_key(world, model, split, k, seed), asdict(report))
        progress(1.0, "measured")
        return report

    def stored_evaluation(
        self, workspace: str, model: str, *, split: str | None = None, k: int | None = None, seed: int = 0
    ) -> EvaluationReport | None:
        """An earlier measurement on the same data, or None."""
        world = self._world(workspace)
        split = world.card.default_split if split is None else split
        key = evaluation_key(world, model, split, length(world, k), seed)
        stored = self.store.read_result(workspace, key)
        return None if stored is None else EvaluationReport(**stored)

    def audit_columns(self, workspace: str) -> dict[str, list[str]]:
        """Columns that an audit can group by: {"item": [...], "user": [...]}."""
        return {str(side): list(names) for side, names in columns(self._world(workspace).graph).items()}

    def audit(
        self, workspace: str, model: str, by: str, *, side: str | None = None, k: int | None = None,
        progress: Progress = no_progress,
    ) -> AuditReport:  # fmt: skip
        """Exposure by item group under the served model, or held-out quality by cohort under a refit."""
        world = self._world(workspace)
        k = length(world, k)
        chosen = self._side(world, by, side)
        manifest = world.manifest(model)
        if chosen == "item":
            found: Audit = audit_items(world.graph, world.lists(manifest, k, progress), by, k)
        else:
            run = self._refit(world, model, world.card.default_split, 0, k, progress)
            measured: Evaluation = run.evaluation(k)
            limit = smallest_group(self.store.home)
            guard = guard_of_answer(self.store.home, workspace, world.graph, by)
            found = audit_people(world.graph, measured, by, k, guard, thresholds=Thresholds(min_n=limit))
            found.overall["split"] = world.card.default_split
        report = build_report(found, workspace=workspace, model=model, snapshot=manifest.snapshot)
        self.store.write_result(workspace, self._audit_key(workspace, manifest, by, chosen, k), asdict(report))
        return report

    def stored_audit(
        self, workspace: str, model: str, by: str, *, side: str | None = None, k: int | None = None
    ) -> AuditReport | None:
        """The same audit where it was run for the newest snapshot, or None."""
        world = self._world(workspace)
        chosen = self._side(world, by, side)
        stored = self.store.read_result(
            workspace, self._audit_key(workspace, world.manifest(model), by, chosen, length(world, k))
        )
        if stored is None:
            return None
        rows = tuple(AuditRow(**row) for row in stored.pop("rows"))
        return AuditReport(**stored, rows=rows)

    def _side(self, world: Workspace, by: str, side: str | None) -> Any:
        if side is None:
            return side_of(world.graph, parts_of(world.graph, by)[0])
        if side not in ("item", "user"):
            raise OptionError(f"Unknown side {shown(side)}. Sides: item, user.")
        return side

    def _audit_key(self, workspace: str, manifest: Manifest, by: str, side: str, k: int) -> str:
        """Of people also by the smallest group that is told: what was stored under another one, or before there was one, is not."""
        told = f"-least-{smallest_group(self.store.home)}" if side == "user" else ""
        prepared = self.store.require(workspace)
        data = f"-{prepared.content[:12]}" if prepared.files else ""  # columns and labels are none of the snapshot's
        group = hashlib.sha256(by.encode()).hexdigest()[:12]
        return f"audit-{manifest.snapshot}-{side}-{group}-{k}{told}{data}-{VERDICTS}"
