"""Over which tests a p-value is adjusted: those of a table, of an obligation (exposure, quality, cells), or of a whole
report.

A table's own adjustment stands in its rows. In a larger family p can only grow (Holm over the p of all its limits), so
a verdict can only become insufficient evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeVar

import numpy as np

from explain.fairness.audit import counted
from explain.fairness.statistics import holm
from explain.groups.cohorts import UNKNOWN
from explain.results.audit import FAIL, INSUFFICIENT, PASS, AuditRow, ColumnAudit, ItemAudit, PeopleAudit
from explain.results.cells import Cell, CellTable
from explain.results.plan import Thresholds

FAMILIES: Final = ("table", "obligation", "report")
NAMED: Final = {"obligation": "of this obligation", "report": "of this report"}
_Row = TypeVar("_Row", AuditRow, Cell)
_Audit = TypeVar("_Audit", ItemAudit, PeopleAudit)


def over_family(
    items: Sequence[ItemAudit],
    people: Sequence[PeopleAudit],
    crossed: Sequence[PeopleAudit],
    cells: Sequence[CellTable],
    family: str,
    limits: Thresholds,
) -> tuple[list[ItemAudit], list[PeopleAudit], list[PeopleAudit], list[CellTable]]:
    """Audits and tables of cells as they stand in the plan's family."""
    if family == "table":
        return list(items), list(people), list(crossed), list(cells)
    if family == "report":
        exposure = quality = of_cells = _Family([*items, *people, *crossed, *cells], family, limits)
    else:
        exposure, quality = _Family(items, family, limits), _Family([*people, *crossed], family, limits)
        of_cells = _Family(cells, family, limits)
    return (
        [_with(audit, exposure.adjusted(audit.rows)) for audit in items],
        [_with(audit, quality.adjusted(audit.rows)) for audit in people],
        [_with(audit, quality.adjusted(audit.rows)) for audit in crossed],
        [replace(table, rows=of_cells.adjusted(table.rows)) for table in cells],
    )


class _Family:
    """Holm over all rows of some tables; the tables are then adjusted one after another, in their order."""

    def __init__(self, tables: Iterable[ColumnAudit | CellTable], name: str, limits: Thresholds) -> None:
        rows = [row for table in tables for row in table.rows]
        self.name, self.limits = name, limits
        self.p_limit, self.n_limit = _over_all([row.p_limit for row in rows])
        self.p_pass, self.n_pass = _over_all([row.p_pass for row in rows])

    def adjusted(self, rows: Iterable[_Row]) -> tuple[_Row, ...]:
        return tuple(self._adjusted(row) for row in rows)

    def _adjusted(self, row: _Row) -> _Row:
        p_limit, p_pass = _larger(row.p_adjusted, next(self.p_limit)), _larger(row.p_pass_adjusted, next(self.p_pass))
        row = replace(row, p_adjusted=p_limit, p_pass_adjusted=p_pass)
        if row.verdict == FAIL and p_limit is not None and p_limit >= self.limits.alpha:
            return self._by_chance(row, p_limit, self.n_limit)
        if row.verdict == PASS and p_pass is not None and p_pass >= self.limits.alpha:
            return self._by_chance(row, p_pass, self.n_pass)
        return row

    def _by_chance(self, row: _Row, p: float, n: int) -> _Row:
        chance = f"Among the {n:,} tests {NAMED[self.name]} that happens by chance (adjusted p {p:.2g})."
        return replace(row, verdict=INSUFFICIENT, reason=f"{row.reason} {chance}".strip())


def _over_all(raw: Sequence[float | None]) -> tuple[Iterator[float], int]:
    """p over all of them, and how many there are."""
    p = np.array([np.nan if one is None else one for one in raw], dtype=np.float64)
    return iter(holm(p).tolist()), int(np.isfinite(p).sum())


def _larger(own: float | None, over_all: float) -> float | None:
    return own if own is None or not np.isfinite(over_all) else max(own, over_all)


def _with(audit: _Audit, rows: tuple[AuditRow, ...]) -> _Audit:
    """An audit with other rows: its overall verdict follows them."""
    before, now = (counted([r for r in of if r.group != UNKNOWN]) for of in (audit.rows, rows))
    if before == now:
        return replace(audit, rows=rows)
    reason = audit.overall.reason.replace(before.reason, now.reason)
    return replace(audit, rows=rows, overall=replace(audit.overall, verdict=now.verdict, reason=reason))
