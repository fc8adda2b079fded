"""The groups of a report: each column's rows with their bars, and the cells of people by items as tables that fit on paper."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup

from explain.format.numbers import p_value
from explain.format.text import clean
from explain.format.words import browsing_words, column_words
from explain.records.summary import by_chance, is_small
from explain.records.words import count, few, interval, number, plural
from explain.results.audit import FAIL, NOT_ESTIMABLE

WIDTH, HEIGHT = 160.0, 18.0
SIDES: Final = {"item": "Exposure by", "user": "Quality by"}
COLUMNS: Final = 6  # of a table of cells, on A4
SMALL: Final = "suppressed"


def audit_view(audit: Mapping[str, Any], least: int) -> dict[str, Any]:
    """One column's audit for the template; bars of all rows share one scale. least: the fewest people that are told."""
    limits, marks = audit["threshold"], _marks(audit)
    ends = [v for r in audit["rows"] for v in (r["value"], r["low"], r["high"]) if v is not None]
    lowest, most = min([0.0, *ends, *marks]), max([0.0, *ends, *marks])
    # One runaway interval must not flatten all the other bars.
    values = [r["value"] for r in audit["rows"] if r["value"] is not None]
    most = min(most, 3 * max([0.0, *values, *marks])) or 1.0
    told = "; ".join(
        f"{clean(name).replace('_', ' ')} {number(value)}" for name, value in limits.items() if isinstance(value, int | float)
    )  # fmt: skip
    overall, unit = audit["overall"], "items" if audit["side"] == "item" else "people"
    verdict = str(overall.get("verdict", "")) or "see rows"
    reason = clean(overall["reason"], 1_000) if overall.get("reason") else ""
    worst = overall.get("worst_case") or {}
    asked = f"{clean(audit['metric'])} at k = {audit['k']}; attention {browsing_words(audit['browsing'])}; target {clean(audit['target'], 400)}; limits: {told or 'none'}."
    return {
        "title": f"{SIDES.get(audit['side'], 'By')} {column_words(audit['by'])}: {verdict}",
        "told": [*filter(None, [reason]), _capital(asked)],
        "notes": list(filter(None, [_limit_note(overall), by_chance(audit), _shared(audit), _unknown(audit, bool(worst))])),
        "caption": f"{_capital(clean(audit['metric']))}. Bar: value; line in it: 95 % interval{'; dashed: limits and 1.' if marks else '.'}",
        "unit": unit, "has_worst": bool(worst),
        "rows": [_row(row, lowest, most, marks, worst, least if unit == "people" else 0) for row in audit["rows"]],
    }  # fmt: skip


def cell_table(table: Mapping[str, Any], least: int) -> dict[str, Any]:
    """A people × items table with the longer side downwards, in parts that fit on paper."""
    sides = {side: list(dict.fromkeys(str(r[f"{side}_group"]) for r in table["rows"])) for side in ("user", "item")}
    down, across = ("user", "item") if len(sides["user"]) >= len(sides["item"]) else ("item", "user")
    found = {(str(r[f"{down}_group"]), str(r[f"{across}_group"])): r for r in table["rows"]}
    heads = sides[across]
    width = math.ceil(len(heads) / max(1, math.ceil(len(heads) / COLUMNS))) or 1
    return {
        "title": f"{column_words(table['user_by'])} × {column_words(table['item_by'])}",
        "corner": column_words(table[f"{down}_by"]),
        "parts": [
            {
                "heads": [clean(name) for name in part],
                "rows": [
                    {"group": clean(d), "cells": [_cell(found.get((d, a)), least) for a in part]} for d in sides[down]
                ],
            }
            for part in (heads[start : start + width] for start in range(0, len(heads), width))
        ],
    }


def has_bounds(record: Mapping[str, Any]) -> bool:
    """Whether any column has bounds for what its unknown members could hide."""
    return any(a["overall"].get("worst_case") for a in record["item_audits"])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _limit_note(overall: Mapping[str, Any]) -> str:
    return clean(overall["limit_note"], 600) if overall.get("limit_note") else ""


def _shared(audit: Mapping[str, Any]) -> str:
    """Where an item counts in several groups."""
    n_items, total = audit["overall"].get("n_items"), sum(r["n"] or 0 for r in audit["rows"])
    if audit["side"] != "item" or n_items is None or total <= n_items:
        return ""
    return f"The groups' n add up to {total:,}, more than the {n_items:,} items of the catalogue: an item can belong to several groups."


def _unknown(audit: Mapping[str, Any], bounds: bool) -> str:
    """What the column of bounds means."""
    if not bounds:
        return ""
    n = plural(int(audit["overall"].get("n_unknown", 0)), "item")
    return (
        f"“If the unknown were known”: the lowest and the highest ratio that a group could have, whichever of the {n} of unknown "
        f"{column_words(audit['by'])} belonged to it."
    )


def _row(
    row: Mapping[str, Any], lowest: float, most: float, marks: list[float], worst: Mapping[str, Any], least: int
) -> dict[str, Any]:
    small = is_small(row, least)
    bounds = worst.get(row["group"])
    told = clean(row["reason"], 600) if row["reason"] else "–"
    return {
        "group": clean(row["group"]), "n": few(row["n"], least) if small else count(row["n"]), "value": number(row["value"]),
        "interval": interval(row), "picture": _bar(row, lowest, most, marks), "impact": number(row.get("impact_ratio")),
        "p": p_value(row.get("p_adjusted")), "verdict": SMALL if small else clean(row["verdict"]) if row["verdict"] else "–",
        "reason": f"Fewer than {least:,} people: not shown." if small and "suppressed" not in row else told,
        "worst": interval({"low": bounds[0], "high": bounds[1]}) if bounds else "–",
    }  # fmt: skip


def _marks(audit: Mapping[str, Any]) -> list[float]:
    """Limits and the fair value, where they are on the scale of the bars."""
    if "ratio" not in str(audit["metric"]):
        return []
    limits = audit["threshold"]
    return [float(limits[name]) for name in ("low", "high") if isinstance(limits.get(name), int | float)] + [1.0]


def _bar(row: Mapping[str, Any], lowest: float, most: float, marks: list[float]) -> Markup:
    """Value, interval and limits as SVG; only numbers go in. The cells beside it say the same in text."""
    span = (most - lowest) or 1.0

    def x(value: float) -> str:
        return f"{min(max((value - lowest) / span, 0.0), 1.0) * WIDTH:.1f}"

    parts = []
    if row["value"] is not None:
        start, end = sorted((float(x(0.0)), float(x(row["value"]))))
        parts.append(f'<rect x="{start:.1f}" y="4" width="{max(end - start, 0.8):.1f}" height="10"/>')
    if row["low"] is not None and row["high"] is not None:
        parts.append(f'<line class="whisker" x1="{x(row["low"])}" x2="{x(row["high"])}" y1="9" y2="9"/>')
        parts += [f'<line class="whisker" x1="{x(row[e])}" x2="{x(row[e])}" y1="5" y2="13"/>' for e in ("low", "high")]
    parts += [f'<line class="mark" x1="{x(mark)}" x2="{x(mark)}" y1="0" y2="{HEIGHT:.0f}"/>' for mark in marks]
    return Markup(
        f'<svg class="bar" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" preserveAspectRatio="none" aria-hidden="true">{"".join(parts)}</svg>'
    )


def _cell(row: Mapping[str, Any] | None, least: int) -> dict[str, Any]:
    if row is None:
        return {"value": "–", "more": [], "shade": ""}
    small = is_small(row, least)
    n = f"n {few(row['n'], least if small else 0)}"
    if row["value"] is None:
        return {"value": "–", "more": [SMALL if small else clean(row["verdict"] or NOT_ESTIMABLE), n], "shade": ""}
    low, high = row["low"], row["high"]
    shade = " low" if high is not None and high < 1 else " high" if low is not None and low > 1 else ""
    failed = "*" if row["verdict"] == FAIL else ""
    return {
        "value": number(row["value"]) + failed,
        "more": [interval(row), f"p {p_value(row['p_adjusted'])}, {n}"],
        "shade": shade,
    }
