"""The workbench: a whole audit from a plan to a stored record. The plan goes to the log first; everything is measured after."""

from __future__ import annotations

from typing import Any

from core.progress import Progress, no_progress, portion
from explain.auditing import Extras
from explain.desk.attributing import Attributing
from explain.desk.auditing import Auditing
from explain.desk.guarding import Guarding
from explain.desk.recording import Recording
from explain.fairness.arms import Arm

MOST_GAPS, MOST_GROUPS = 2, 24
PEOPLE = 400  # of whom a gap is attributed within an audit; the command `attribute` takes more


class AuditRuns(Auditing, Attributing, Guarding, Recording):
    """Audits as a team makes them."""

    def run_audit(
        self, workspace: str, plan: dict[str, Any], *, actor: str, role: str = "", progress: Progress = no_progress
    ) -> dict[str, Any]:
        """Fix a plan in the decision log, measure it with weights, arms, attribution and the price of repairs, store the record.

        Raises OptionError for a plan that cannot be run (before anything is written), CancelledError between steps (the
        plan then stays in the log, and no audit follows it).
        """
        checked = self.checked_plan(workspace, plan)
        fixed = self.fix_plan(workspace, checked, actor, role)
        model, k = str(checked["model"]), int(checked["k"])
        content = self.measure_plan(workspace, fixed, progress=portion(progress, 0.0, 0.45))
        extras = self._extras(workspace, model, k, checked, content, portion(progress, 0.45, 0.97))
        content["parameters"]["weights"] = list(extras.weights)
        content["parameters"]["why"] = extras.told or content["parameters"]["why"]
        content |= {
            "non_profiling": list(extras.non_profiling), "attribution": list(extras.attribution),
            "mitigations": list(extras.mitigations), "trends": list(extras.trends),
        }  # fmt: skip
        progress(0.98, "storing the record")
        return self.save_audit(workspace, content, actor, role)

    def _extras(
        self, workspace: str, model: str, k: int, plan: dict[str, Any], content: dict[str, Any], progress: Progress
    ) -> Extras:
        weights = self.measured_weights(workspace, model, k, progress=portion(progress, 0.0, 0.15))
        by = plan["item_columns"][0] if plan["item_columns"] else None
        arms = self.non_profiling(workspace, model, k, by=by, progress=portion(progress, 0.15, 0.35))
        starved = _starved(content)
        gaps, repairs = [], []
        for n, (column, group) in enumerate(starved[:MOST_GAPS]):
            part = portion(progress, 0.35 + 0.2 * n, 0.55 + 0.2 * n)
            found = self.gap_attribution(workspace, model, column, group, k, people=PEOPLE, progress=part)
            gaps.append({
                "by": column, "group": group, "gap": found.gap_all, "gap_random": found.gap_random, "sentence": found.sentence,
                "completeness_error": found.completeness_error,
                "parts": [{"relation": p.label, "value": p.value, "low": p.low, "high": p.high} for p in found.parts],
            })  # fmt: skip
        for column in list(dict.fromkeys(c for c, _ in starved))[:MOST_GAPS]:
            groups = next(a for a in content["item_audits"] if a["by"] == column)["rows"]
            if len(groups) <= MOST_GROUPS:
                repairs.append(self._repair(workspace, model, column, k, plan))
        trends = self.trends(workspace, model, by, k=k, progress=portion(progress, 0.85, 1.0)) if by else []
        return Extras(
            weights=[{"level": r.level, "name": r.label, "share": r.share, "low": r.low, "high": r.high} for r in weights.rows],
            non_profiling=[_arm(arm) for arm in arms.arms], attribution=gaps, mitigations=repairs,
            trends=[row for row in trends if len(row["points"]) > 1], told=weights.sentence,
        )  # fmt: skip

    def _repair(self, workspace: str, model: str, column: str, k: int, plan: dict[str, Any]) -> dict[str, Any]:
        """What it would cost to bring every group of a column to the lower limit."""
        share = float(plan["thresholds"]["ratio_low"])
        found = self.guardrail(workspace, model, [{"name": "minimum-exposure", "by": column, "share": share}], k=k)
        paid = found.costs[0]
        low = [g for g in found.groups if g.before is not None and g.before < share and g.group != "unknown"]
        return {
            "name": f"minimum exposure by {column}: each group at least {share:g} of its catalogue share",
            "cost": f"nDCG@{k} {paid.before:.4f} to {paid.after:.4f} (change {paid.change:+.4f}, 95 % {_signed(paid.low)} to {_signed(paid.high)}, "
            f"n = {paid.n:,}); {found.n_moved:,} places of {found.n_lists:,} lists change",
            "gain": "; ".join(f"{g.group}: {g.before:.2f} to {g.after:.2f}" for g in low[:12] if g.before is not None and g.after is not None)
            or "no group was below",
        }  # fmt: skip


def _starved(content: dict[str, Any]) -> list[tuple[str, str]]:
    """Known groups that get too little, the worst of each item column first; popularity and age of items last."""
    found = []
    for audit in content["item_audits"]:
        low = [
            r
            for r in audit["rows"]
            if r["verdict"] == "fail" and r["group"] != "unknown" and r["value"] is not None and r["value"] < 1
        ]
        if low:
            worst = min(low, key=lambda r: (r["value"], -r["n"]))
            found.append((audit["by"] in ("popularity", "age_of_item"), audit["by"], worst["group"]))
    return [(by, group) for _, by, group in sorted(found, key=lambda f: f[0])]


def _arm(arm: Arm) -> dict[str, Any]:
    """An arm as the record keeps it."""
    both = {"nDCG": arm.ndcg, "Recall": arm.recall, "coverage": arm.coverage}
    metrics = {name: {key: figure.get(key) for key in ("value", "low", "high")} for name, figure in both.items()}
    return {"arm": arm.title, "rule": arm.rule, "profiles": arm.profiles, "metrics": metrics}


def _signed(value: float | None) -> str:
    return "?" if value is None else f"{value:+.4f}"
