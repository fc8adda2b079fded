"""What changes by day, a line a group or a model: pure functions of an audited window and of measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import plotly.graph_objects as go

from explain.charts.audits import LINES
from explain.charts.flow_style import palette
from explain.format.text import plotly_text
from explain.results.window import WindowReport

MOST_GROUPS: Final = 6


def drawn_groups(report: WindowReport) -> tuple[str, ...]:
    """The groups that are drawn: those of the largest and smallest ratio over the window."""
    known = [
        row for row in report.rows if row.value is not None and any(d.group == row.group for d in report.window.days)
    ]
    ranked = sorted(known, key=lambda row: -abs((row.value or 0.0) - 1.0))[:MOST_GROUPS]
    return tuple(row.group for row in known if row in ranked)


def ratio_by_day(report: WindowReport, *, theme: str = "light") -> go.Figure:
    """Each group's exposure ratio by day; 1 is an equal share. Raises OptionError for an unknown theme."""
    lines = {g: [(d.day, d.ratio) for d in report.window.days if d.group == g] for g in drawn_groups(report)}
    figure = _by_day(lines, "share / share of the catalogue", theme)
    figure.add_hline(y=1.0, line={"color": palette(theme).soft_ink, "dash": "dash", "width": 1.5})
    return figure


def accuracy_by_day(
    lines: Mapping[str, Sequence[tuple[str, float]]], metric: str, *, theme: str = "light"
) -> go.Figure:
    """Each model's mean by day, (day, value), at most MOST_GROUPS of them. Raises OptionError for an unknown theme."""
    return _by_day(dict(list(lines.items())[:MOST_GROUPS]), metric, theme).update_yaxes(rangemode="tozero")


def _by_day(lines: Mapping[str, Sequence[tuple[str, float | None]]], title: str, theme: str) -> go.Figure:
    inks = palette(theme)
    figure = go.Figure()
    for (name, points), (colour, dash) in zip(lines.items(), LINES, strict=False):
        figure.add_trace(
            go.Scatter(
                x=[day for day, _ in points],
                y=[value for _, value in points],
                mode="lines+markers",
                name=plotly_text(name, 40),
                line={"color": colour, "dash": dash},
                marker={"size": 7},
                hovertemplate="%{x}: %{y:.3f}<extra>" + plotly_text(name, 40) + "</extra>",
            )
        )
    figure.update_xaxes(fixedrange=True, gridcolor=inks.grid, type="category", nticks=8)
    figure.update_yaxes(fixedrange=True, gridcolor=inks.grid, zeroline=False, automargin=True, title=plotly_text(title))
    return figure.update_layout(
        height=300,
        margin={"l": 4, "r": 40, "t": 8, "b": 40},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": inks.ink},
        legend={"orientation": "h", "y": -0.2, "font": {"color": inks.ink}},
    )
