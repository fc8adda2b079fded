"""Charts of audits beyond one column: cells of people and items, and what went how from snapshot to snapshot. Pure
functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log2
from typing import Final

import plotly.graph_objects as go

from explain.charts.flow_style import palette
from explain.format.text import plotly_text
from explain.results.audit import FAIL, INSUFFICIENT, NOT_ESTIMABLE, PASS
from explain.results.cells import Cell, CellTable
from explain.results.guardrail import Guarded
from explain.results.measured import Trend

_ROW_PX: Final = 34
_SYMBOLS: Final = {
    PASS: "square",
    FAIL: "square-x",
    INSUFFICIENT: "square-dot",
    NOT_ESTIMABLE: "square-open",
}
LINES: Final = (
    ("#0072B2", "solid"),
    ("#D55E00", "dash"),
    ("#009E73", "dot"),
    ("#CC79A7", "dashdot"),
    ("#E69F00", "longdash"),
    ("#56B4E9", "solid"),
)
SCALE: Final = ((0.0, "#B2521A"), (0.5, "#D9D9D9"), (1.0, "#1F6FB2"))


def cell_map(table: CellTable, *, theme: str = "light", chosen: tuple[str, str] | None = None) -> go.Figure:
    """People down, items across; a square's colour is the ratio on a log scale (1 grey), its sign the verdict.

    customdata of a point: (people, items), so that a click can be followed. A suppressed cell is an empty square.
    """
    inks = palette(theme)
    rows = table.rows
    people = list(dict.fromkeys(r.user_group for r in rows))
    items = list(dict.fromkeys(r.item_group for r in rows))
    figure = go.Figure()
    for verdict, symbol in _SYMBOLS.items():
        of = [r for r in rows if r.verdict == verdict]
        if not of:
            continue
        figure.add_trace(
            go.Scatter(
                x=[items.index(r.item_group) for r in of],
                y=[people.index(r.user_group) for r in of],
                mode="markers",
                name=verdict,
                marker={
                    "symbol": symbol,
                    "size": 19,
                    "cmin": -2,
                    "cmax": 2,
                    "colorscale": [list(s) for s in SCALE],
                    "color": [_tone(r.value) for r in of],
                    "line": {"width": 1, "color": inks.soft_ink},
                },
                customdata=[(r.user_group, r.item_group) for r in of],
                hovertext=[_hover(r) for r in of],
                hoverinfo="text",
            )
        )
    if chosen and chosen[0] in people and chosen[1] in items:
        figure.add_trace(
            go.Scatter(
                x=[items.index(chosen[1])],
                y=[people.index(chosen[0])],
                mode="markers",
                showlegend=False,
                hoverinfo="skip",
                marker={"symbol": "square-open", "size": 27, "line": {"width": 3, "color": inks.ink}},
            )
        )
    sizes = {r.user_group: r.n for r in rows}
    figure.update_xaxes(
        tickvals=list(range(len(items))),
        ticktext=[plotly_text(g, 18) for g in items],
        tickangle=-40,
        fixedrange=True,
        automargin=True,
        gridcolor=inks.grid,
        zeroline=False,
        range=[-0.7, len(items) - 0.3],
        side="bottom",
    )
    figure.update_yaxes(
        tickvals=list(range(len(people))),
        ticktext=[f"{plotly_text(g, 22)} ({'hidden' if sizes[g] is None else f'{sizes[g]:,}'})" for g in people],
        fixedrange=True,
        automargin=True,
        gridcolor=inks.grid,
        zeroline=False,
        range=[len(people) - 0.3, -0.7],
    )
    return figure.update_layout(
        height=190 + _ROW_PX * len(people),
        margin={"l": 4, "r": 8, "t": 30, "b": 90},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": inks.ink},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "font": {"color": inks.ink}},
        clickmode="event+select",
    )


def trend_lines(trends: Sequence[Trend], name: str, *, theme: str = "light") -> go.Figure:
    """One metric over snapshots, oldest left, with its interval as a band."""
    inks = palette(theme)
    course = next((trend.points for trend in trends if trend.name == name), ())
    points = [point for point in course if point.value is not None]
    places = list(range(len(points)))
    figure = go.Figure()
    if points and all(p.low is not None for p in points):
        figure.add_trace(
            go.Scatter(
                x=places + places[::-1],
                y=[p.high for p in points] + [p.low for p in points][::-1],
                fill="toself",
                mode="lines",
                fillcolor=inks.band,
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
            )
        )
    figure.add_trace(
        go.Scatter(
            x=places,
            y=[p.value for p in points],
            mode="lines+markers",
            showlegend=False,
            line={"color": inks.pros},
            marker={"size": 9},
            customdata=[plotly_text(p.snapshot, 40) for p in points],
            hovertemplate="%{customdata}: %{y:.3f}<extra></extra>",
        )
    )
    figure.update_xaxes(
        tickvals=places,
        ticktext=[p.created[:10] for p in points],
        fixedrange=True,
        gridcolor=inks.grid,
        zeroline=False,
        range=[-0.4, max(0.4, len(points) - 0.6)],
    )
    figure.update_yaxes(fixedrange=True, gridcolor=inks.grid, zeroline=False, automargin=True)
    return figure.update_layout(
        height=190,
        margin={"l": 4, "r": 12, "t": 8, "b": 24},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": inks.ink},
    )


def before_after(guarded: Guarded, *, theme: str = "light", most: int = 25) -> go.Figure:
    """Each group's exposure ratio before (hollow) and after (filled, with its interval); 1 is an equal share."""
    inks = palette(theme)
    rows = sorted(guarded.groups, key=lambda g: -g.n)[:most]
    rows = [g for g in guarded.groups if g in rows]
    places = list(range(len(rows)))
    figure = go.Figure()
    figure.add_trace(
        go.Scatter(
            x=[g.before for g in rows],
            y=places,
            mode="markers",
            name="before",
            marker={"symbol": "circle-open", "size": 11, "color": inks.soft_ink},
            hovertemplate="before %{x:.2f}<extra></extra>",
        )
    )
    figure.add_trace(
        go.Scatter(
            x=[g.after for g in rows],
            y=places,
            mode="markers",
            name="after",
            marker={"symbol": "diamond", "size": 11, "color": inks.pros},
            error_x={
                "type": "data",
                "symmetric": False,
                "color": inks.soft_ink,
                "thickness": 1.5,
                "array": [_difference(g.high, g.after) for g in rows],
                "arrayminus": [_difference(g.after, g.low) for g in rows],
            },
            hovertemplate="after %{x:.2f}<extra></extra>",
        )
    )
    figure.add_vline(x=1, line={"color": inks.soft_ink, "dash": "dash", "width": 1})
    figure.update_yaxes(
        tickvals=places,
        ticktext=[f"{plotly_text(g.group, 26)} ({g.n:,})" for g in rows],
        range=[len(rows) - 0.4, -0.6],
        fixedrange=True,
        automargin=True,
        gridcolor=inks.grid,
        zeroline=False,
    )
    figure.update_xaxes(
        fixedrange=True,
        gridcolor=inks.grid,
        zeroline=False,
        rangemode="tozero",
        title="Exposure ratio (1 = equal share)",
    )
    return _plain(figure, 110 + _ROW_PX * len(rows), inks.ink)


def tradeoff_curve(
    guarded: Sequence[Guarded], strengths: Sequence[str], chosen: int, *, theme: str = "light", most: int = 6
) -> go.Figure:
    """A line a cohort, a point a strength: the followed group's exposure ratio in its lists against its held-out nDCG;
    stars: the chosen strength.

    Everybody and the `most` largest cohorts, in their own order: what is bought, and who pays, are read off the same
    line.
    """
    inks, figure = palette(theme), go.Figure()
    last = guarded[-1]
    priced = {c.cohort for c in last.costs}
    known = [g for g in last.gains if g.cohort in priced]
    largest = sorted(known, key=lambda g: (g.cohort != "everybody", -g.n))[: most + 1]
    drawn = [g for g in known if g in largest]
    for place, cohort in enumerate(g.cohort for g in drawn):
        gain = [next((g.after for g in one.gains if g.cohort == cohort), None) for one in guarded]
        cost = [next((c.after for c in one.costs if c.cohort == cohort), None) for one in guarded]
        ink, dash = (inks.ink, "solid") if place == 0 else LINES[(place - 1) % len(LINES)]
        figure.add_trace(
            go.Scatter(
                x=gain,
                y=cost,
                mode="lines+markers",
                name=plotly_text(cohort, 30),
                line={"color": ink, "dash": dash, "width": 3 if place == 0 else 1.5},
                marker={
                    "size": [16 if n == chosen else 6 for n in range(len(guarded))],
                    "symbol": ["star" if n == chosen else "circle" for n in range(len(guarded))],
                },
                customdata=[str(s) for s in strengths],
                hovertemplate="strength %{customdata}: ratio %{x:.2f}, nDCG %{y:.4f}",
                showlegend=True,
            )
        )
    group = plotly_text(last.gains[0].group, 40) if last.gains else "the group"
    figure.update_xaxes(fixedrange=True, gridcolor=inks.grid, zeroline=False, title=f"Exposure ratio of {group}")
    figure.update_yaxes(fixedrange=True, gridcolor=inks.grid, zeroline=False, automargin=True, title="nDCG, held out")
    return _plain(figure, 380, inks.ink)


def _plain(figure: go.Figure, height: int, ink: str) -> go.Figure:
    return figure.update_layout(
        height=height,
        margin={"l": 4, "r": 12, "t": 30, "b": 40},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": ink},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "font": {"color": ink}},
    )


def _difference(a: float | None, b: float | None) -> float:
    return 0.0 if a is None or b is None else max(0.0, a - b)


def _tone(value: float | None) -> float:
    return 0.0 if value is None else max(-2.0, min(2.0, log2(value))) if value > 0 else -2.0


def _hover(cell: Cell) -> str:
    names = f"{plotly_text(cell.user_group, 40)} × {plotly_text(cell.item_group, 40)}"
    if cell.value is None:
        return f"{names}<br>{plotly_text(cell.reason or cell.verdict, 80)}"
    interval = "" if cell.low is None else f" ({cell.low:.2f} to {cell.high:.2f})"
    return f"{names}<br>ratio {cell.value:.2f}{interval}, {cell.n:,} people<br>{cell.verdict}"
