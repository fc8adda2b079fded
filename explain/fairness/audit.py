"""What an audit of one column is: rows with interval, verdict and reason, and the verdict over all.

item_audit.py asks whether exposure is fair to items, user_audit.py whether quality is fair to people. What is between
pass and fail is "insufficient evidence"; what has no members, no lists or too few people is "not estimable" (an audit
without evidence is never a pass). Thresholds stand in every report. The unknown are a row of their own, without a
verdict.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from explain.groups.cohorts import Cohorts
from explain.results.audit import (
    FAIL,
    INSUFFICIENT,
    NOT_ESTIMABLE,
    PASS,
    AuditReport,
    AuditRow,
    ItemAudit,
    PeopleAudit,
    Verdict,
)


def build_report(audit: ItemAudit | PeopleAudit, *, workspace: str, model: str, snapshot: str) -> AuditReport:
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


def counted(rows: Iterable[AuditRow]) -> Verdict:
    """Verdict over rows that were judged: a failure only where a row fails, a pass only where all pass."""
    verdicts = [row.verdict for row in rows]
    counts = {v: verdicts.count(v) for v in (PASS, FAIL, INSUFFICIENT)}
    n = sum(counts.values())
    verdict = NOT_ESTIMABLE if not n else FAIL if counts[FAIL] else PASS if counts[PASS] == n else INSUFFICIENT
    of_each = f"{counts[PASS]} pass, {counts[FAIL]} fail, {counts[INSUFFICIENT]} have insufficient evidence"
    return Verdict(verdict=verdict, reason=f"Of {n} groups {of_each}.")


def n_unknown(groups: Cohorts, rows: tuple[AuditRow, ...]) -> int:
    return 0 if groups.unknown is None else rows[groups.unknown].n or 0


def number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
