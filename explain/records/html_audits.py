"""The groups of a report: each column's rows with their bars, and the cells of people by items as tables that fit on
paper.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from explain.format.numbers import between, count, interval, number, p_value, plural
from explain.format.text import clean
from explain.format.words import browsing_words, column_words
from explain.records.summary import by_chance, is_small, is_small_group, small_reason
from explain.records.words import few
from explain.results.audit import FAIL, NOT_ESTIMABLE, AuditRow, Bounds, ColumnAudit, ItemOverall, PeopleOverall
from explain.results.audit_record import AuditRecord
from explain.results.cells import Cell, CellTable

WIDTH, HEIGHT = 160.0, 18.0
SIDES: Final = {"item": "Exposure by", "user": "Quality by"}
COLUMNS: Final = 6  # of a table of cells, on A4
SMALL: Final = "suppressed"


@dataclass(frozen=True, kw_only=True)
class RowView:
    """A group as a report prints it. worst: bounds of what the unknown could hide."""

    group: str
    n: str
    value: str
    interval: str
    picture: Markup
    impact: str
    p: str
    verdict: str
    reason: str
    worst: str


@dataclass(frozen=True, kw_only=True)
class AuditView:
    """A column as a report prints it: lines before its table, notes after it. has_worst: whether it has a column of
    bounds.
    """

    title: str
    lines: list[str]
    notes: list[str]
    caption: str
    unit: str
    has_worst: bool
    rows: list[RowView]


@dataclass(frozen=True)
class CellView:
    """A cell. shade: " low" or " high" where its whole interval lies on one side of 1."""

    value: str
    more: list[str]
    shade: str = ""


@dataclass(frozen=True)
class CellRowView:
    """A row of a table of cells."""

    group: str
    cells: list[CellView]


@dataclass(frozen=True)
class CellPartView:
    """As many columns as fit on paper."""

    heads: list[str]
    rows: list[CellRowView]


@dataclass(frozen=True)
class CellTableView:
    """A table of people by items. corner: what its rows are."""

    title: str
    corner: str
    parts: list[CellPartView]


@dataclass(frozen=True)
class Scale:
    """One scale for the bars of a column. marks: limits and the fair value."""

    lowest: float
    most: float
    marks: tuple[float, ...]

    def x(self, value: float) -> str:
        span = (self.most - self.lowest) or 1.0
        return f"{min(max((value - self.lowest) / span, 0.0), 1.0) * WIDTH:.1f}"


def audit_view(audit: ColumnAudit, least: int) -> AuditView:
    """One column's audit for the template. least: the fewest people that are told."""
    overall, scale = audit.overall, _scale(audit)
    worst = overall.worst_case if isinstance(overall, ItemOverall) else {}
    metric = _capital(clean(audit.metric))
    reason = clean(overall.reason, 1_000) if overall.reason else ""
    notes = [_limit_note(audit), by_chance(audit), _shared(audit), _unknown(audit)]
    return AuditView(
        title=f"{SIDES.get(audit.side, 'By')} {column_words(audit.by)}: {overall.verdict or 'see rows'}",
        lines=[*filter(None, [reason]), _capital(_asked(audit))],
        notes=[*filter(None, notes)],
        caption=f"{metric}. Bar: value; line in it: 95 % interval{'; dashed: limits and 1.' if scale.marks else '.'}",
        unit="items" if audit.side == "item" else "people",
        has_worst=bool(worst),
        rows=[_row(audit, row, scale, worst.get(row.group), least) for row in audit.rows],
    )


def _asked(audit: ColumnAudit) -> str:
    limits = "; ".join(
        f"{clean(name).replace('_', ' ')} {number(value)}"
        for name, value in audit.threshold.items()
        if isinstance(value, int | float)
    )
    reading = f"attention {browsing_words(audit.browsing)}; target {clean(audit.target, 400)}"
    return f"{clean(audit.metric)} at k = {audit.k}; {reading}; limits: {limits or 'none'}."


def _scale(audit: ColumnAudit) -> Scale:
    marks = _marks(audit)
    ends = [v for r in audit.rows for v in (r.value, r.low, r.high) if v is not None]
    lowest, most = min([0.0, *ends, *marks]), max([0.0, *ends, *marks])
    # One runaway interval must not flatten all the other bars.
    values = [r.value for r in audit.rows if r.value is not None]
    return Scale(lowest, min(most, 3 * max([0.0, *values, *marks])) or 1.0, marks)


def cell_table(table: CellTable, least: int) -> CellTableView:
    """A people × items table with the longer side downwards, in parts that fit on paper."""
    people = list(dict.fromkeys(row.user_group for row in table.rows))
    items = list(dict.fromkeys(row.item_group for row in table.rows))
    people_down = len(people) >= len(items)
    down, heads = (people, items) if people_down else (items, people)
    cells = {(r.user_group, r.item_group) if people_down else (r.item_group, r.user_group): r for r in table.rows}
    width = math.ceil(len(heads) / max(1, math.ceil(len(heads) / COLUMNS))) or 1
    parts = [heads[start : start + width] for start in range(0, len(heads), width)]
    return CellTableView(
        title=f"{column_words(table.user_by)} × {column_words(table.item_by)}",
        corner=column_words(table.user_by if people_down else table.item_by),
        parts=[
            CellPartView(
                [clean(name) for name in part],
                [CellRowView(clean(d), [_cell(cells.get((d, a)), least) for a in part]) for d in down],
            )
            for part in parts
        ],
    )


def has_bounds(record: AuditRecord) -> bool:
    """Whether any column has bounds for what its unknown members could hide."""
    return any(audit.overall.worst_case for audit in record.item_audits)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _limit_note(audit: ColumnAudit) -> str:
    note = audit.overall.limit_note if isinstance(audit.overall, PeopleOverall) else ""
    return clean(note, 600) if note else ""


def _shared(audit: ColumnAudit) -> str:
    """Where an item counts in several groups."""
    n_items = audit.overall.n_items if isinstance(audit.overall, ItemOverall) else None
    total = sum(row.n or 0 for row in audit.rows)
    if n_items is None or total <= n_items:
        return ""
    several = f"more than the {n_items:,} items of the catalogue: an item can belong to several groups."
    return f"The groups' n add up to {total:,}, {several}"


def _unknown(audit: ColumnAudit) -> str:
    """What the column of bounds means."""
    if not isinstance(audit.overall, ItemOverall) or not audit.overall.worst_case:
        return ""
    n = plural(audit.overall.n_unknown or 0, "item")
    return (
        "“If the unknown were known”: the lowest and the highest ratio that a group could have, whichever "
        f"of the {n} of "
        f"unknown {column_words(audit.by)} belonged to it."
    )


def _row(audit: ColumnAudit, row: AuditRow, scale: Scale, bounds: Bounds | None, least: int) -> RowView:
    small = is_small_group(audit, row, least)
    reason = small_reason(row, least) if small else row.reason
    return RowView(
        group=clean(row.group),
        n=few(row.n, least) if small else count(row.n),
        value=number(row.value),
        interval=interval(row),
        picture=_bar(row, scale),
        impact=number(row.impact_ratio),
        p=p_value(row.p_adjusted),
        verdict=SMALL if small else clean(row.verdict) if row.verdict else "–",
        reason=clean(reason, 600) if reason else "–",
        worst=between(*bounds) if bounds else "–",
    )


def _marks(audit: ColumnAudit) -> tuple[float, ...]:
    """Limits and the fair value, where they are on the scale of the bars."""
    if "ratio" not in audit.metric:
        return ()
    limits = [audit.threshold.get(name) for name in ("low", "high")]
    return (*(float(limit) for limit in limits if isinstance(limit, int | float)), 1.0)


def _bar(row: AuditRow, scale: Scale) -> Markup:
    """Value, interval and limits as SVG; only numbers go in. The cells beside it say the same in text."""
    x, parts = scale.x, []
    if row.value is not None:
        start, end = sorted((float(x(0.0)), float(x(row.value))))
        parts.append(f'<rect x="{start:.1f}" y="4" width="{max(end - start, 0.8):.1f}" height="10"/>')
    if row.low is not None and row.high is not None:
        parts.append(f'<line class="whisker" x1="{x(row.low)}" x2="{x(row.high)}" y1="9" y2="9"/>')
        parts += [f'<line class="whisker" x1="{x(e)}" x2="{x(e)}" y1="5" y2="13"/>' for e in (row.low, row.high)]
    parts += [f'<line class="mark" x1="{x(m)}" x2="{x(m)}" y1="0" y2="{HEIGHT:.0f}"/>' for m in scale.marks]
    box = f'viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" preserveAspectRatio="none" aria-hidden="true"'
    return Markup(f'<svg class="bar" {box}>{"".join(parts)}</svg>')


def _cell(row: Cell | None, least: int) -> CellView:
    if row is None:
        return CellView("–", [])
    small = is_small(row, least)
    n = f"n {few(row.n, least if small else 0)}"
    if row.value is None:
        return CellView("–", [SMALL if small else clean(row.verdict or NOT_ESTIMABLE), n])
    low, high = row.low, row.high
    shade = " low" if high is not None and high < 1 else " high" if low is not None and low > 1 else ""
    failed = "*" if row.verdict == FAIL else ""
    return CellView(number(row.value) + failed, [interval(row), f"p {p_value(row.p_adjusted)}, {n}"], shade)
