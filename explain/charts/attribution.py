"""Charts of causes and weights: from a random list to the gap, main parameters, lists without a profile, a blind test.
Pure functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from explain.charts.flow_style import Palette, palette
from explain.format.numbers import amount
from explain.format.text import plotly_text, wrap
from explain.results.blind_test import BlindResult, Revealed
from explain.results.exposure import GapAttribution

_ROW_PX: Final = 36
_FRAME_PX: Final = 96


def gap_waterfall(attribution: GapAttribution, *, theme: str = "light") -> go.Figure:
    """From the gap of a random list, through what each part of the score adds, to the gap of the lists as served.

    Largest part first; a line is the 95 % interval of a part, drawn where the part ends. Raises OptionError for an
    unknown theme.
    """
    inks = palette(theme)
    names = ["Random list", *(_name(part.label) for part in attribution.parts), "As served"]
    values = [attribution.gap_random, *(part.value for part in attribution.parts), attribution.gap_all]
    hover = [
        f"A list drawn at random: {amount(attribution.gap_random)}",
        *(f"{plotly_text(p.label)}: {amount(p.value)} [{amount(p.low)}, {amount(p.high)}]" for p in attribution.parts),
        (
            f"As served: {amount(attribution.gap_all)} "
            f"[{amount(attribution.gap_all_low)}, {amount(attribution.gap_all_high)}]"
        ),
    ]
    bars = go.Waterfall(
        orientation="h",
        y=list(range(len(values))),
        x=values,
        measure=["absolute", *["relative"] * len(attribution.parts), "absolute"],
        text=[amount(v) for v in values],
        textposition="outside",
        textfont={"color": inks.ink},
        cliponaxis=False,
        hoverinfo="text",
        hovertext=hover,
        increasing={"marker": {"color": inks.pros}},
        decreasing={"marker": {"color": inks.cons}},
        totals={"marker": {"color": inks.soft_ink}},
        connector={"line": {"color": inks.grid, "width": 1}},
        width=0.64,
    )
    ends = np.cumsum([attribution.gap_random, *(part.value for part in attribution.parts)]).tolist()
    intervals = [
        (end, end + p.low - p.value, end + p.high - p.value) for end, p in zip(ends[1:], attribution.parts, strict=True)
    ]
    intervals.append((attribution.gap_all, attribution.gap_all_low, attribution.gap_all_high))
    lines = go.Scatter(
        x=[end for end, _, _ in intervals],
        y=list(range(1, len(values))),
        mode="markers",
        hoverinfo="skip",
        showlegend=False,
        marker={"size": 1, "color": inks.ink},
        error_x=_errors(intervals, inks),
        name="95 % intervals",
    )
    figure = _framed(
        go.Figure([bars, lines]), names, inks, "Share of attention less share of the catalogue (0 is an equal share)"
    )
    figure.add_vline(x=0, line={"color": inks.soft_ink, "dash": "dash", "width": 1.5})
    return figure.update_xaxes(range=_room(attribution))


def blind_chart(result: BlindResult, truth: Revealed | None = None, *, theme: str = "light") -> go.Figure:
    """How the size is read off: worlds of known size with their curve and band, this world as a level line, its
    interval below it.

    truth  drawn as a line of its own once it is revealed. Raises OptionError for an unknown theme.
    """
    inks = palette(theme)
    x = [row[0] for row in result.curve]
    figure = go.Figure(
        [
            go.Scatter(
                x=[*x, *x[::-1]],
                y=[*(r[3] for r in result.curve), *(r[2] for r in result.curve[::-1])],
                fill="toself",
                fillcolor=inks.band,
                line={"width": 0},
                hoverinfo="skip",
                name="95 % band of one world",
            ),
            go.Scatter(
                x=x,
                y=[r[1] for r in result.curve],
                mode="lines",
                line={"color": inks.soft_ink},
                name="usual number",
                hoverinfo="skip",
            ),
            go.Scatter(
                x=[p[0] for p in result.points],
                y=[p[1] for p in result.points],
                mode="markers",
                name="worlds of known size",
                marker={"color": inks.muted, "size": 7},
                hovertemplate="size %{x:.2f}<extra></extra>",
            ),
            go.Scatter(
                x=[result.low, result.high],
                y=[result.z, result.z],
                mode="lines",
                line={"color": inks.pros, "width": 6},
                name="interval",
                hovertemplate="95 % interval: %{x:.2f}<extra></extra>",
            ),
            go.Scatter(
                x=[result.size],
                y=[result.z],
                mode="markers",
                name="estimate",
                marker={"color": inks.pros, "size": 13, "symbol": "diamond"},
                hovertemplate="estimate %{x:.2f}<extra></extra>",
            ),
        ]
    )
    figure.add_hline(y=result.z, line={"color": inks.pros, "dash": "dot", "width": 1})
    if truth is not None:
        figure.add_vline(x=truth.true_size, line={"color": inks.cons, "dash": "dash", "width": 2})
        figure.add_annotation(
            x=truth.true_size,
            y=1,
            yref="paper",
            yanchor="bottom",
            showarrow=False,
            font={"color": inks.cons},
            text=f"planted {truth.true_size:.3f}",
        )
    figure.update_xaxes(
        title={"text": "Size of the planted bias"},
        range=[-0.02, 0.97],
        gridcolor=inks.grid,
        color=inks.ink,
        zeroline=False,
    )
    figure.update_yaxes(
        title={"text": "What the audit measures"},
        showticklabels=False,
        gridcolor=inks.grid,
        color=inks.ink,
        zeroline=False,
    )
    return figure.update_layout(
        **_clear(inks),
        height=440,
        legend={"orientation": "h", "y": -0.22, "x": 0, "font": {"color": inks.ink}},
        margin={"l": 8, "r": 12, "t": 30, "b": 44},
    )


def _room(attribution: GapAttribution) -> list[float]:
    """An x range that holds every step and the labels outside the bars."""
    steps, level = [0.0, attribution.gap_random, attribution.gap_all], attribution.gap_random
    for part in attribution.parts:
        level += part.value
        steps.append(level)
    low, high = min(steps), max(steps)
    width = (high - low) or 1.0
    return [low - 0.22 * width, high + 0.22 * width]


def _errors(rows: Sequence[tuple[float, float, float]], inks: Palette) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value for value, _, high in rows],
        "arrayminus": [value - low for value, low, _ in rows],
        "color": inks.ink,
        "thickness": 1.4,
        "width": 5,
    }


def _name(text: str) -> str:
    return "<br>".join(plotly_text(line) for line in wrap(text, width=26, n_lines=2).split("\n"))


def _clear(inks: Palette) -> dict[str, Any]:
    return {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": inks.ink, "size": 13},
        "hoverlabel": {"bgcolor": inks.surface, "font": {"color": inks.ink}, "bordercolor": inks.soft_ink},
    }


def _framed(figure: go.Figure, names: Sequence[str], inks: Palette, x_title: str) -> go.Figure:
    """Rows named on the left from top to bottom, one height a row."""
    figure.update_layout(
        **_clear(inks),
        showlegend=False,
        margin={"l": 8, "r": 24, "t": 20, "b": 44},
        bargap=0.3,
        height=_FRAME_PX + _ROW_PX * len(names),
    )
    figure.update_xaxes(
        title={"text": x_title}, gridcolor=inks.grid, zerolinecolor=inks.soft_ink, automargin=True, color=inks.ink
    )
    return figure.update_yaxes(
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
