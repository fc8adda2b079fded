"""The groups of a report: rows with their bars, cells as a table, and what it all says in plain words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup

from explain.flow_labels import clean, p_value
from explain.naming import plural

WIDTH, HEIGHT = 160.0, 18.0
SIDES: Final = {"item": "Exposure by", "user": "Quality by"}
WORST_NAMED: Final = 6
COLUMNS: Final = 7  # of a table of cells, on A4


def audit_view(audit: Mapping[str, Any]) -> dict[str, Any]:
    """One column's audit for the template; bars of all rows share one scale."""
    limits, marks = audit["threshold"], _marks(audit)
    ends = [v for r in audit["rows"] for v in (r["value"], r["low"], r["high"]) if v is not None]
    least, most = min([0.0, *ends, *marks]), max([0.0, *ends, *marks])
    # One runaway interval must not flatten all the other bars.
    values = [r["value"] for r in audit["rows"] if r["value"] is not None]
    most = min(most, 3 * max([0.0, *values, *marks])) or 1.0
    told = "; ".join(
        f"{clean(name)} {number(value)}" for name, value in limits.items() if isinstance(value, int | float)
    )
    verdict = str(audit["overall"].get("verdict", "")) or "see rows"
    reason = clean(audit["overall"].get("reason", ""), 1_000) if audit["overall"].get("reason") else ""
    return {
        "title": f"{SIDES.get(audit['side'], 'By')} {clean(audit['by'])}: {verdict}",
        "told": " ".join(filter(None, [reason, f"{clean(audit['metric'])} at k = {audit['k']}; attention {clean(audit['browsing'])}; target {clean(audit['target'], 400)}; limits: {told or 'none'}."])),
        "caption": f"{clean(audit['metric'])}; n counts {'items' if audit['side'] == 'item' else 'people'}. Bar: value; black line: 95 % interval{'; dashed: limits and 1.' if marks else '.'}",
        "rows": [_row(row, least, most, marks) for row in audit["rows"]],
    }  # fmt: skip


def cell_table(table: Mapping[str, Any]) -> dict[str, Any]:
    """A people × items table with the longer side downwards, in parts that fit on paper."""
    sides = {side: list(dict.fromkeys(str(r[f"{side}_group"]) for r in table["rows"])) for side in ("user", "item")}
    down, across = ("user", "item") if len(sides["user"]) >= len(sides["item"]) else ("item", "user")
    found = {(str(r[f"{down}_group"]), str(r[f"{across}_group"])): r for r in table["rows"]}
    heads = sides[across]
    width = math.ceil(len(heads) / max(1, math.ceil(len(heads) / COLUMNS))) or 1
    return {
        "title": f"{clean(table['user_by'])} × {clean(table['item_by'])}",
        "corner": clean(table[f"{down}_by"]),
        "parts": [
            {
                "heads": [clean(name) for name in part],
                "rows": [{"group": clean(d), "cells": [_cell(found.get((d, a))) for a in part]} for d in sides[down]],
            }
            for part in (heads[start : start + width] for start in range(0, len(heads), width))
        ],
    }


def summary(record: Mapping[str, Any]) -> list[str]:
    """Three to six sentences for a reader who reads nothing else."""
    plan, verdict = record["plan"], record["verdict"]["verdict"]
    lines = [
        f"This audit asks whether {clean(plan['model'])} treats groups alike in lists of {plan['k']}, on the data of "
        f"{clean(plan['workspace'])}. The limits were fixed on {str(plan['fixed_at'])[:10]}, before anything was measured.",
        _VERDICTS[verdict],
    ]
    failed = [
        (a, r)
        for key in ("item_audits", "user_audits", "intersections")
        for a in record[key]
        for r in a["rows"]
        if r["verdict"] == "fail"
    ]
    for a, r in failed[:WORST_NAMED]:
        lines.append(f"{clean(r['group'])} ({clean(a['by'])}) fails: {clean(a['metric'])} {number(r['value'])}, 95 % interval {interval(r)}, n = {r['n']:,}.")  # fmt: skip
    if len(failed) > WORST_NAMED:
        lines.append(f"{len(failed) - WORST_NAMED} further groups fail; the tables name them.")
    unsure = [r for key in ("item_audits", "user_audits", "intersections") for a in record[key] for r in a["rows"] if r["verdict"] in ("insufficient evidence", "not estimable")]  # fmt: skip
    if unsure:
        lines.append(f"For {plural(len(unsure), 'group')} the evidence is not enough to say; that is not a pass.")
    hidden = record["suppressed"]
    if hidden["n_cells"]:
        people = plural(hidden["n_people"] or 0, "person")
        lines.append(f"Too small to be shown: {plural(hidden['n_cells'], 'cell')}, {people}.")
    return lines


_VERDICTS: Final = {
    "pass": "It passes: everything that could be judged lies within the limits.",
    "fail": "It fails: at least one group or metric lies outside the limits by more than chance explains.",
    "insufficient evidence": "It is neither a pass nor a failure: for some of the questions the evidence is not enough.",
    "not estimable": "Nothing could be judged: there are too few people or items in every group.",
}


def number(value: float | int | None) -> str:
    """A number in few digits with a real minus sign; a dash where there is none."""
    if value is None:
        return "–"
    text = (
        f"{value:,.0f}"
        if abs(value) >= 1_000
        else f"{value:.4g}"
        if abs(value) >= 0.001 or value == 0
        else f"{value:.1e}"
    )
    return text.replace("-", "−")


def count(value: int | None) -> str:
    return "not stated" if value is None else f"{value:,}"


def interval(row: Mapping[str, Any]) -> str:
    """ "low to high", or a dash."""
    low, high = row.get("low"), row.get("high")
    return "–" if low is None or high is None else f"{number(low)} to {number(high)}"


def _row(row: Mapping[str, Any], least: float, most: float, marks: list[float]) -> dict[str, Any]:
    return {
        "group": clean(row["group"]), "n": f"{row['n']:,}", "value": number(row["value"]), "interval": interval(row),
        "picture": _bar(row, least, most, marks), "impact": number(row.get("impact_ratio")), "p": p_value(row.get("p_adjusted")),
        "verdict": clean(row["verdict"]) if row["verdict"] else "–", "reason": clean(row["reason"], 600) if row["reason"] else "–",
    }  # fmt: skip


def _marks(audit: Mapping[str, Any]) -> list[float]:
    """Limits and the fair value, where they are on the scale of the bars."""
    if "ratio" not in str(audit["metric"]):
        return []
    limits = audit["threshold"]
    return [float(limits[name]) for name in ("low", "high") if isinstance(limits.get(name), int | float)] + [1.0]


def _bar(row: Mapping[str, Any], least: float, most: float, marks: list[float]) -> Markup:
    """Value, interval and limits as SVG; only numbers go in. The cells beside it say the same in text."""
    span = (most - least) or 1.0

    def x(value: float) -> str:
        return f"{min(max((value - least) / span, 0.0), 1.0) * WIDTH:.1f}"

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


def _cell(row: Mapping[str, Any] | None) -> dict[str, Any]:
    if row is None:
        return {"value": "–", "more": [], "shade": ""}
    n = f"n {count(row['n'])}"
    if row["value"] is None:
        return {"value": "–", "more": [clean(row["verdict"]) if row["verdict"] else "not estimable", n], "shade": ""}
    low, high = row["low"], row["high"]
    shade = " low" if high is not None and high < 1 else " high" if low is not None and low > 1 else ""
    failed = "*" if row["verdict"] == "fail" else ""
    return {
        "value": number(row["value"]) + failed,
        "more": [interval(row), f"p {p_value(row['p_adjusted'])}, {n}"],
        "shade": shade,
    }
