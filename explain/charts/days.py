"""Exposure by day: a line a group, pure function of an audited window."""

from __future__ import annotations

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
    inks = palette(theme)
    figure = go.Figure()
    for group, (colour, dash) in zip(drawn_groups(report), LINES, strict=False):
        days = [d for d in report.window.days if d.group == group]
        figure.add_trace(
            go.Scatter(
                x=[d.day for d in days],
                y=[d.ratio for d in days],
                mode="lines+markers",
                name=plotly_text(group, 40),
                line={"color": colour, "dash": dash},
                marker={"size": 7},
                hovertemplate="%{x}: %{y:.3f}<extra>" + plotly_text(group, 40) + "</extra>",
            )
        )
    figure.add_hline(y=1.0, line={"color": inks.soft_ink, "dash": "dash", "width": 1.5})
    figure.update_xaxes(fixedrange=True, gridcolor=inks.grid, type="category", nticks=8)
    figure.update_yaxes(
        fixedrange=True, gridcolor=inks.grid, zeroline=False, automargin=True, title="share / share of the catalogue"
    )
    return figure.update_layout(
        height=300,
        margin={"l": 4, "r": 12, "t": 8, "b": 40},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": inks.ink},
        legend={"orientation": "h", "y": -0.2, "font": {"color": inks.ink}},
    )
