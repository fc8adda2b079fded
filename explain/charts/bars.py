"""Every figure of the product as a pure function of a result: the flow picture's data, and plotly charts of parts,
audits and metrics.

A figure adds nothing to the result that it draws; the table beside it holds the same numbers. Charts have clear
backgrounds and the inks of a theme (show them with theme=None, or Streamlit puts its own over them). Titles are outside
text and come escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any, Final

import plotly.graph_objects as go

from core.errors import OptionError
from explain.charts.flow_network import path_digraph, path_network
from explain.charts.flow_style import Palette, palette
from explain.charts.flow_svg import flow_svg
from explain.format.numbers import amount
from explain.format.text import plotly_text, wrap
from explain.results.audit import FAIL, INSUFFICIENT, NOT_ESTIMABLE, PASS, AuditReport, AuditRow
from explain.results.explanation import Explanation, Part

__all__ = [
    "MetricBar",
    "axis_name",
    "exposure_bars",
    "flow_svg",
    "framed",
    "metric_bars",
    "path_digraph",
    "path_network",
    "waterfall",
]

_ROW_PX: Final = 36
_FRAME_PX: Final = 96
_VERDICTS: Final[dict[str, tuple[str, str]]] = {  # verdict: marker symbol, colour readable on both backgrounds
    PASS: ("circle", "#009E73"),
    FAIL: ("x", "#D55E00"),
    INSUFFICIENT: ("diamond-open", "#C98A00"),
    NOT_ESTIMABLE: ("line-ns-open", "#808A94"),
}


@dataclass(frozen=True)
class MetricBar:
    """One model's value of a metric with its interval, or without one (None)."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None


def waterfall(explanation: Explanation, top: int = 12, *, theme: str = "light") -> go.Figure:
    """The parts that add up to the score: the `top` largest singly, the rest as one bar "n further", last the score
    itself.

    Bars are sorted by absolute amount, ties by id, and read from top to bottom; values are in the explanation's unit.
    Raises OptionError for a `top` below 1 or an unknown theme.
    """
    if top < 1:
        raise OptionError(f"A waterfall of {top} parts shows nothing. Give top as 1 or more.")
    inks = palette(theme)
    rows = _waterfall_rows(explanation, top)
    positions = list(range(len(rows) + 1))
    amounts = [value for _, value in rows] + [explanation.score]
    names = [label for label, _ in rows] + ["Score"]
    bars = go.Waterfall(
        orientation="h",
        y=positions,
        x=amounts,
        measure=["relative"] * len(rows) + ["absolute"],
        text=[amount(v) for v in amounts[:-1]] + [amount(explanation.score, signed=False)],
        textposition="outside",
        textfont={"color": inks.ink},
        cliponaxis=False,
        hoverinfo="text",
        hovertext=[f"{name.replace('<br>', ' ')}: {amount(value)}" for name, value in zip(names, amounts, strict=True)],
        increasing={"marker": {"color": inks.pros}},
        decreasing={"marker": {"color": inks.cons}},
        totals={"marker": {"color": inks.soft_ink}},
        connector={"line": {"color": inks.grid, "width": 1}},
        width=0.64,
    )
    figure = framed(go.Figure(bars), names, inks, x_title=f"Amount of the score ({plotly_text(explanation.unit)})")
    figure.update_xaxes(range=_room_for_labels(amounts), zeroline=True)
    return figure


def exposure_bars(report: AuditReport, *, theme: str = "light") -> go.Figure:
    """Each group's value with its interval and verdict (symbol and colour).

    Item side: exposure ratio, the fair value 1 as a line, the accepted band from threshold["low"] to threshold["high"].
    User side: the metric; each row's accepted band reaches from the mean of those whom it is compared with to
    threshold["gap"] below. A group without a value keeps its row, with the verdict in words.
    Raises OptionError for an unknown theme.
    """
    inks = palette(theme)
    rows = list(report.rows)
    figure = go.Figure()
    for verdict in sorted(
        {r.verdict for r in rows}, key=lambda v: (list(_VERDICTS).index(v) if v in _VERDICTS else 99, v)
    ):
        figure.add_trace(_verdict_points(rows, verdict, inks))
    for position, row in enumerate(rows):
        if row.value is None:
            words = plotly_text(f"{row.verdict}: {row.reason}" if row.reason else row.verdict, 80)
            figure.add_annotation(
                x=0,
                xref="paper",
                y=position,
                text=words,
                showarrow=False,
                xanchor="left",
                xshift=8,
                font={"color": inks.soft_ink},
            )
    _mark_target(figure, report, inks)
    names = [f"{axis_name(r.group, 1)}<br>{_size(r.n)}" for r in rows]
    title = (
        f"Exposure ratio (target: {plotly_text(report.target)})"
        if report.side == "item"
        else plotly_text(report.metric)
    )
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "font": {"color": inks.ink}}
    )
    figure = framed(figure, names, inks, x_title=title)
    narrow_legend_px = 22 * len(figure.data)  # on a narrow screen the legend takes a line for each verdict
    return figure.update_layout(height=figure.layout.height + narrow_legend_px)


def _size(n: int | None) -> str:
    return "not shown" if n is None else f"n = {n:,}"


def metric_bars(bars: Sequence[MetricBar], *, metric: str, theme: str = "light", best: str = "high") -> go.Figure:
    """One bar a model with its interval and value, in the given order; the best value is drawn in the leading hue and
    marked with a star.

    best    "high" or "low": which end of the metric is good
    Raises  OptionError for another `best` or an unknown theme
    """
    inks = palette(theme)
    if best not in ("high", "low"):
        raise OptionError(f"best={best!r} is not an end of a metric. Choose one of: high, low.")
    values = [b.value for b in bars]
    leader = (max(values) if best == "high" else min(values)) if values else None
    lead = [v == leader for v in values]
    drawn = go.Bar(
        orientation="h",
        y=list(range(len(bars))),
        x=values,
        error_x=_error_bars([(b.value, b.low, b.high) for b in bars], inks),
        marker={"color": [inks.pros if is_lead else inks.muted for is_lead in lead]},
        hoverinfo="text",
        hovertext=[f"{plotly_text(b.label)}: {_with_interval(b.value, b.low, b.high)}" for b in bars],
        width=0.6,
    )
    figure = go.Figure(drawn)
    for position, (bar, is_lead) in enumerate(zip(bars, lead, strict=True)):
        end = max(bar.value, bar.high if bar.high is not None else bar.value, 0.0)
        words = amount(bar.value, signed=False) + (" ★" if is_lead else "")
        figure.add_annotation(
            x=end, y=position, text=words, showarrow=False, xanchor="left", xshift=6, font={"color": inks.ink}
        )
    figure = framed(figure, [axis_name(b.label) for b in bars], inks, x_title=plotly_text(metric))
    reach = [v for b in bars for v in (b.value, b.low, b.high) if v is not None]
    figure.update_xaxes(range=_span(0.0, *reach, room=0.14))
    return figure


def _waterfall_rows(explanation: Explanation, top: int) -> list[tuple[str, float]]:
    """(escaped label, amount) from the largest part to the smallest, the rest as one row; parts that give nothing have
    none.
    """
    ranked = sorted((p for p in explanation.parts if p.value), key=lambda p: (-abs(p.value), p.kind, p.id))
    single, rest = ranked[:top], ranked[top:]
    if len(rest) == 1:
        single, rest = ranked, []
    rows = [(_part_name(p), p.value) for p in single]
    return rows + ([(f"{len(rest):,} further", fsum(p.value for p in rest))] if rest else [])


def _part_name(part: Part) -> str:
    return axis_name(part.label)


def axis_name(text: str, n_lines: int = 2, width: int = 26) -> str:
    """An escaped name on short lines, so that a narrow screen keeps room for the bars."""
    return "<br>".join(plotly_text(line) for line in wrap(text, width=width, n_lines=n_lines).split("\n"))


def _room_for_labels(amounts: Sequence[float]) -> list[float]:
    """An x range that holds every step of the sum and the labels outside the bars."""
    steps, level = [0.0], 0.0
    for value in amounts[:-1]:
        level += value
        steps.append(level)
    return _span(*steps, amounts[-1], room=0.22)


def _span(*values: float, room: float) -> list[float]:
    low, high = min(values), max(values)
    width = (high - low) or 1.0
    return [low - room * width if low < 0 else low, high + room * width]


def _verdict_points(rows: Sequence[AuditRow], verdict: str, inks: Palette) -> go.Scatter:
    symbol, colour = _VERDICTS.get(verdict, ("square-open", inks.muted))
    members = [(i, r) for i, r in enumerate(rows) if r.verdict == verdict and r.value is not None]
    empty: list[float | None] = [None]  # a trace without any point would lose its entry in the legend
    return go.Scatter(
        name=plotly_text(verdict),
        mode="markers",
        x=[r.value for _, r in members] or empty,
        y=[float(i) for i, _ in members] or empty,
        error_x=_error_bars([(r.value, r.low, r.high) for _, r in members], inks),
        marker={
            "symbol": symbol,
            "color": colour,
            "size": 11,
            "line": {"color": colour if "open" in symbol else inks.ink, "width": 1.5},
        },
        hoverinfo="text",
        hovertext=[
            (
                f"{plotly_text(r.group)}: {_with_interval(r.value, r.low, r.high)}, "
                f"{_size(r.n)}<br>{plotly_text(r.verdict)} {plotly_text(r.reason, 90) if r.reason else ''}"
            )
            for _, r in members
        ],
    )


def _error_bars(rows: Sequence[tuple[float | None, float | None, float | None]], inks: Palette) -> dict[str, Any]:
    """Plotly's asymmetric error bars of (value, low, high); no bar where an end is missing."""
    ends = [
        (high - value, value - low) if value is not None and low is not None and high is not None else (None, None)
        for value, low, high in rows
    ]
    return {
        "type": "data",
        "symmetric": False,
        "array": [above for above, _ in ends],
        "arrayminus": [below for _, below in ends],
        "color": inks.ink,
        "thickness": 1.4,
        "width": 5,
    }


def _with_interval(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "no value"
    interval = (
        f" [{amount(low, signed=False)}, {amount(high, signed=False)}]" if low is not None and high is not None else ""
    )
    return amount(value, signed=False) + interval


def _mark_target(figure: go.Figure, report: AuditReport, inks: Palette) -> None:
    limits = report.threshold
    if report.side == "item":
        if "low" in limits and "high" in limits:
            figure.add_vrect(x0=limits["low"], x1=limits["high"], fillcolor=inks.band, line_width=0, layer="below")
        figure.add_vline(x=1, line={"color": inks.soft_ink, "dash": "dash", "width": 1.5})
    for position, row in enumerate(report.rows if report.side == "user" and "gap" in limits else ()):
        if row.reference is not None:
            ends = {
                "x0": row.reference - limits["gap"],
                "x1": row.reference,
                "y0": position - 0.45,
                "y1": position + 0.45,
            }
            figure.add_shape(type="rect", **ends, fillcolor=inks.band, line_width=0, layer="below")


def framed(figure: go.Figure, names: Sequence[str], inks: Palette, *, x_title: str) -> go.Figure:
    """Rows named on the left from top to bottom, clear backgrounds, one height a row."""
    figure.update_layout(
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": inks.ink, "size": 13},
        hoverlabel={"bgcolor": inks.surface, "font": {"color": inks.ink}, "bordercolor": inks.soft_ink},
        margin={"l": 8, "r": 24, "t": 36, "b": 44},
        height=_FRAME_PX + _ROW_PX * max(1, len(names)),
        bargap=0.3,
    )
    if not figure.layout.showlegend:
        figure.update_layout(showlegend=False)
    figure.update_xaxes(
        title={"text": x_title}, gridcolor=inks.grid, zerolinecolor=inks.soft_ink, automargin=True, color=inks.ink
    )
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(names))),
        ticktext=list(names),
        range=[len(names) - 0.4, -0.6],
        showgrid=False,
        ticklabelstandoff=6,
        zeroline=False,
        automargin=True,
        color=inks.ink,
    )
    return figure
