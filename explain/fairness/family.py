"""Over which tests a p-value is adjusted: those of a table, of an obligation (exposure, quality, cells), or of a whole
report.

A table's own adjustment stands in its rows. In a larger family p can only grow (Holm over the p of all its limits), so
a verdict can only become insufficient evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from explain.fairness.audit import Audit, counted
from explain.fairness.statistics import holm
from explain.fairness.thresholds import Thresholds
from explain.groups.cohorts import UNKNOWN
from explain.results.audit import FAIL, INSUFFICIENT, PASS, AuditRow

FAMILIES: Final = ("table", "obligation", "report")
NAMED: Final = {"obligation": "of this obligation", "report": "of this report"}
_Row = dict[str, Any]
_Audits = list[Audit]


def over_family(
    items: Sequence[Audit],
    people: Sequence[Audit],
    crossed: Sequence[Audit],
    cells: Sequence[_Row],
    family: str,
    limits: Thresholds,
) -> tuple[_Audits, _Audits, _Audits, list[_Row]]:
    """Audits and tables of cells as they stand in the plan's family."""
    if family == "table":
        return list(items), list(people), list(crossed), list(cells)
    of_audits = [_rows(a.rows) for a in (*items, *people, *crossed)]
    of_cells = [list(map(dict, table["rows"])) for table in cells]
    split = len(items)
    families = [of_audits[:split], of_audits[split:], of_cells]
    if family == "report":
        families = [[rows for one in families for rows in one]]
    for one in families:
        _adjust([row for rows in one for row in rows], family, limits)
    audits = [_with(audit, rows) for audit, rows in zip((*items, *people, *crossed), of_audits, strict=True)]
    tables = [table | {"rows": rows} for table, rows in zip(cells, of_cells, strict=True)]
    last = split + len(people)
    return audits[:split], audits[split:last], audits[last:], tables


def _rows(rows: Iterable[AuditRow]) -> list[_Row]:
    return [dict(vars(row)) for row in rows]


def _adjust(rows: list[_Row], family: str, limits: Thresholds) -> None:
    """Holm over all rows, in place."""
    for raw, adjusted, verdict in (("p_limit", "p_adjusted", FAIL), ("p_pass", "p_pass_adjusted", PASS)):
        p = np.array([np.nan if row[raw] is None else row[raw] for row in rows], dtype=np.float64)
        n = int(np.isfinite(p).sum())
        for row, over_all in zip(rows, holm(p).tolist(), strict=True):
            if row[adjusted] is None or not np.isfinite(over_all):
                continue
            row[adjusted] = max(row[adjusted], over_all)
            if row["verdict"] == verdict and row[adjusted] >= limits.alpha:
                row["verdict"] = INSUFFICIENT
                chance = f"that happens by chance (adjusted p {row[adjusted]:.2g})."
                row["reason"] = f"{row['reason']} Among the {n:,} tests {NAMED[family]} {chance}".strip()


def _with(audit: Audit, rows: list[_Row]) -> Audit:
    """An audit with other rows: its overall verdict follows them."""
    adjusted = tuple(AuditRow(**row) for row in rows)
    before, now = (counted([r for r in of if r.group != UNKNOWN]) for of in (audit.rows, adjusted))
    reason = str(audit.overall.get("reason", "")).replace(before["reason"], now["reason"])
    overall = audit.overall if before == now else audit.overall | {"verdict": now["verdict"], "reason": reason}
    return replace(audit, rows=adjusted, overall=overall)
