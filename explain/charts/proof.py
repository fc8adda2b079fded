"""Charts of the proof: every method's measure with its interval, ours marked. Pure functions of a report."""

from __future__ import annotations

import plotly.graph_objects as go

from explain.charts.flow_style import palette
from explain.format.text import plotly_text
from explain.results.faithfulness import OURS, FaithfulnessReport


def method_bars(report: FaithfulnessReport, measure: str, *, theme: str = "light") -> go.Figure:
    """One point a method, best at the top by the order of the report; lines are 95 % intervals over people."""
    inks = palette(theme)
    rows = report.methods
    places = list(range(len(rows)))
    intervals = [row.figures[measure] for row in rows]
    figure = go.Figure(
        go.Scatter(
            x=[interval.value for interval in intervals],
            y=places,
            mode="markers",
            showlegend=False,
            marker={
                "size": 11,
                "color": [inks.pros if r.method in OURS else inks.muted for r in rows],
                "symbol": ["diamond" if r.method in OURS else "circle" for r in rows],
            },
            error_x={
                "type": "data",
                "symmetric": False,
                "color": inks.soft_ink,
                "thickness": 1.5,
                "array": [interval.high - interval.value for interval in intervals],
                "arrayminus": [interval.value - interval.low for interval in intervals],
            },
            customdata=[plotly_text(r.method) for r in rows],
            hovertemplate="%{customdata}: %{x:.3f}<extra></extra>",
        )
    )
    figure.update_yaxes(
        tickvals=places,
        ticktext=[plotly_text(r.method, 24) for r in rows],
        autorange="reversed",
        fixedrange=True,
        automargin=True,
        gridcolor=inks.grid,
    )
    figure.update_xaxes(fixedrange=True, gridcolor=inks.grid, zeroline=False)
    return figure.update_layout(
        height=60 + 30 * len(rows),
        margin={"l": 4, "r": 12, "t": 6, "b": 30},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": inks.ink},
    )
