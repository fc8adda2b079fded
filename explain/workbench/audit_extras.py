"""What an audit's record holds beyond the figures of its plan: weights, baselines, gaps, repairs, trends."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from core.progress import Progress, portion
from explain.fairness.baselines import Baseline, NonProfiling
from explain.fairness.disclosure import told
from explain.fairness.exposure import CASCADE, RBP
from explain.fairness.plan import plan_from_json
from explain.fairness.reranking import Due
from explain.fairness.thresholds import Target, target_title, within
from explain.groups.cohorts import UNKNOWN
from explain.records.content import Extras
from explain.results.audit import FAIL, PASS
from explain.results.guardrail import GroupChange
from explain.workbench.exposure import ExposureService
from explain.workbench.rules import RuleService

MOST_GAPS, MOST_REPAIRS, MOST_GROUPS = 4, 3, 24


class AuditExtras:
    """What a record says beyond a plan's own figures: weights, baselines, where gaps come from, what repairs would cost."""

    def __init__(self, exposure: ExposureService, rules: RuleService) -> None:
        self.exposure, self.rules = exposure, rules

    def measure(self, workspace: str, plan: dict[str, Any], content: dict[str, Any], progress: Progress) -> Extras:
        """plan: as it was checked; content: what was measured of it."""
        model, k = str(plan["model"]), int(plan["k"])
        weights = self.exposure.main_parameters(workspace, model, k, progress=portion(progress, 0.0, 0.15))
        by = plan["item_columns"][0] if plan["item_columns"] else None
        asked = plan_from_json(plan)
        places = (
            RBP if asked.browsing == CASCADE else asked.browsing
        )  # the cascade reads held-out events: only lists of the refit have it
        target: Target = asked.target_for(by) if by else "catalogue"
        arms = self.exposure.non_profiling(
            workspace, model, k, by=by, seed=asked.seed, browsing=asked.browsing, target=target, progress=portion(progress, 0.15, 0.35)
        )  # fmt: skip
        starved, due = _starved(content), _due(content)
        gaps, repairs = [], []
        for n, (column, group) in enumerate(starved[:MOST_GAPS]):
            part = portion(progress, 0.35 + 0.08 * n, 0.43 + 0.08 * n)
            title = next(a["target"] for a in content["item_audits"] if a["by"] == column)
            found = self.exposure.gap_attribution(
                workspace, model, column, group, k, due=(title, due[column][group]), browsing=places, progress=part
            )
            gaps.append({
                "lists": "served", "browsing": places, "resample": "people", "by": column, "group": group, "gap": found.gap_all, "gap_low": found.gap_all_low, "gap_high": found.gap_all_high,
                "gap_random": found.gap_random, "target": title, "n_people": found.n_people, "n_people_all": found.n_people_all,
                "sentence": found.sentence.replace("*", ""),
                "completeness_error": found.completeness_error,
                "parts": [{"relation": p.label, "value": p.value, "low": p.low, "high": p.high} for p in found.parts],
            })  # fmt: skip
        for n, column in enumerate(list(dict.fromkeys(c for c, _ in starved))[:MOST_REPAIRS]):
            audit = next(a for a in content["item_audits"] if a["by"] == column)
            if len(audit["rows"]) <= MOST_GROUPS:
                part = portion(progress, 0.67 + 0.08 * n, 0.75 + 0.08 * n)
                repairs.append(self._repair(workspace, model, audit, k, plan, {column: due[column]}, part))
        policies = asked.target if isinstance(asked.target, Mapping) else None
        trends = (
            self.exposure.trends(
                workspace, model, by, k=k, browsing=places, policies=policies, progress=portion(progress, 0.9, 1.0)
            )
            if by
            else []
        )
        return Extras(
            weights=[{"level": r.level, "name": r.label, "share": r.share, "low": r.low, "high": r.high} for r in weights.rows],
            non_profiling=[_arm(arm, arms) | {"lists": "refit", "target": target_title(target), "browsing": asked.browsing} for arm in arms.arms], attribution=gaps, mitigations=repairs,
            trends=[row for row in trends if len(row["points"]) > 1], told=weights.sentence,
        )  # fmt: skip

    def _repair(
        self, workspace: str, model: str, audit: dict[str, Any], k: int, plan: dict[str, Any], due: Due, progress: Progress
    ) -> dict[str, Any]:  # fmt: skip
        """What it would cost to bring every group of a column to the lower limit of what it is due, and who loses by it."""
        by, limits = str(audit["by"]), plan["thresholds"]
        allowed = float(limits["ratio_low"]), float(limits["ratio_high"])
        share, browsing = aim(audit["rows"], allowed[0]), RBP if plan["browsing"] == CASCADE else str(plan["browsing"])
        rule = {"name": "minimum-exposure", "by": by, "share": share}
        found = self.rules.apply(workspace, model, [rule], k=k, due=due, browsing=browsing, progress=progress)
        again = aim_after(found.groups, allowed[0])
        if again > share:  # the changed lists are less sure than the old ones: once more, with their own errors
            share, rule = again, rule | {"share": again}
            found = self.rules.apply(workspace, model, [rule], k=k, due=due, browsing=browsing, progress=progress)
        paid, known = found.costs[0], [g for g in found.groups if g.group != UNKNOWN and g.after is not None]
        before = {row["group"]: row["verdict"] for row in audit["rows"]}
        rows = [
            {"group": g.group, "before": g.before, "after": g.after, "low": g.low, "high": g.high, "verdict": within(g.low, g.high, allowed)[0]}
            for g in known
        ]  # fmt: skip
        low = [g for g in known if g.before is not None and g.before < share]
        return {
            "lists": "served", "browsing": browsing, "resample": "people", "by": by, "target": audit["target"],
            "name": f"minimum exposure by {by}: each group at least {share:.3g} of its {audit['target']} (the limit of {allowed[0]:g} and two standard errors)",
            "cost": f"nDCG@{k} {paid.before:.4f} to {paid.after:.4f} (change {paid.change:+.4f}, 95 % {_signed(paid.low)} to {_signed(paid.high)}, "
            f"n = {paid.n:,}); {found.n_moved:,} places of {found.n_lists:,} lists change",
            "gain": "; ".join(f"{g.group}: {g.before:.2f} to {g.after:.2f}" for g in low[:12]) or "no group was below",
            "rows": rows, "worsened": [r["group"] for r in rows if before.get(r["group"]) == PASS and r["verdict"] != PASS],
        }  # fmt: skip


def aim(rows: Sequence[Mapping[str, Any]], limit: float) -> float:
    """The ratio a repair must reach to pass: the limit and two standard errors (on the root scale) of the least sure group below it."""
    errors = [
        (math.sqrt(row["high"]) - math.sqrt(row["low"])) / 4
        for row in rows
        if row["verdict"] == FAIL and row["low"] and row["high"] is not None and row["value"] < 1
    ]
    return min(1.0, (math.sqrt(limit) + 2 * max(errors, default=0.0)) ** 2)


def aim_after(groups: Sequence[GroupChange], limit: float) -> float:
    """The same for lists that were changed: by the errors of those groups that got above the limit and not surely so."""
    errors = [
        (math.sqrt(g.high) - math.sqrt(g.low)) / 4
        for g in groups
        if g.group != UNKNOWN and g.after and g.low and g.high and g.low < limit <= g.after < 1
    ]
    return min(1.0, (math.sqrt(limit) + 2.1 * max(errors)) ** 2) if errors else 0.0


def _due(content: dict[str, Any]) -> dict[str, dict[str, float]]:
    """The share of attention that each group of each audited item column is due, as the audit's own target has it."""
    return {
        audit["by"]: {group: share["target"] or 0.0 for group, share in audit["overall"]["shares"].items()}
        for audit in content["item_audits"]
    }


def _starved(content: dict[str, Any]) -> list[tuple[str, str]]:
    """Known groups that get too little, the worst of each item column first; popularity and age of items last."""
    found = []
    for audit in content["item_audits"]:
        low = [
            r
            for r in audit["rows"]
            if r["verdict"] == FAIL and r["group"] != UNKNOWN and r["value"] is not None and r["value"] < 1
        ]
        if low:
            worst = min(low, key=lambda r: (r["value"], -r["n"]))
            found.append((audit["by"] in ("popularity", "age_of_item"), audit["by"], worst["group"]))
    return [(by, group) for _, by, group in sorted(found, key=lambda f: f[0])]


def _arm(arm: Baseline, beside: NonProfiling) -> dict[str, Any]:
    """An arm as the record keeps it."""
    both = {"nDCG": arm.ndcg, "Recall": arm.recall, "coverage": arm.coverage}
    metrics = {name: {key: told(figure.get(key)) for key in ("value", "low", "high")} for name, figure in both.items()}
    exposure = [{"group": group, "ratio": ratio, "low": None, "high": None} for group, ratio in arm.exposure.items()]
    return {
        "arm": arm.title, "rule": arm.rule, "profiles": arm.profiles, "metrics": metrics, "n_people": beside.n_people, "k": beside.k,
        "by": beside.by, "exposure": exposure,
    }  # fmt: skip


def _signed(value: float | None) -> str:
    return "?" if value is None else f"{value:+.4f}"
