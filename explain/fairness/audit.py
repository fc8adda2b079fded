"""What an audit of one column is: rows with interval, verdict and reason, and the verdict over all.

item_audit.py asks whether exposure is fair to items, user_audit.py whether quality is fair to people. What is between
pass and fail is "insufficient evidence"; what has no members, no lists or too few people is "not estimable" (an audit
without evidence is never a pass). Thresholds stand in every report. The unknown are a row of their own, without a
verdict.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from explain.groups.cohorts import Cohorts, Side
from explain.results.audit import FAIL, INSUFFICIENT, NOT_ESTIMABLE, PASS, AuditReport, AuditRow


@dataclass(frozen=True)
class Audit:
    """The answer without the model it is about; `build_report` adds that. lists: "served", or those of a "refit"."""

    by: str
    side: Side
    k: int
    metric: str
    browsing: str
    target: str
    threshold: dict[str, float]
    rows: tuple[AuditRow, ...]
    overall: dict[str, Any] = field(default_factory=dict)
    lists: str = ""
    resample: str = "people"


def build_report(audit: Audit, *, workspace: str, model: str, snapshot: str) -> AuditReport:
    """The report of the contract: an audit, and which lists of which model it is about."""
    return AuditReport(
        workspace=workspace,
        model=model,
        snapshot=snapshot,
        by=audit.by,
        side=audit.side,
        k=audit.k,
        metric=audit.metric,
        browsing=audit.browsing,
        target=audit.target,
        threshold=audit.threshold,
        rows=audit.rows,
        overall=audit.overall,
    )


def counted(rows: Iterable[AuditRow]) -> dict[str, Any]:
    """Verdict and reason over rows that were judged: a failure only where a row fails, a pass only where all pass."""
    verdicts = [row.verdict for row in rows]
    counts = {v: verdicts.count(v) for v in (PASS, FAIL, INSUFFICIENT)}
    n = sum(counts.values())
    verdict = NOT_ESTIMABLE if not n else FAIL if counts[FAIL] else PASS if counts[PASS] == n else INSUFFICIENT
    told = f"Of {n} groups {counts[PASS]} pass, {counts[FAIL]} fail, {counts[INSUFFICIENT]} have insufficient evidence."
    return {"verdict": verdict, "reason": told}


def n_unknown(groups: Cohorts, rows: tuple[AuditRow, ...]) -> int:
    return 0 if groups.unknown is None else rows[groups.unknown].n or 0


def number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
