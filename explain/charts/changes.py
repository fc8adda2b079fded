"""Charts of changes and of audiences: two lists with lines between, what carries an item, who its audience is. Pure
functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import plotly.graph_objects as go

from explain.charts.bars import axis_name, framed
from explain.charts.flow_style import palette
from explain.format.text import plotly_text
from explain.results.item_view import CohortShare, ListView, ScoreSource
from explain.results.whatif import WhatIf

UP, DOWN, SAME = "#009E73", "#D55E00", "#808A94"
_ROW_PX: Final = 34
_VALUES_PX: Final = 52


def two_lists(what_if: WhatIf, *, theme: str = "light") -> go.Figure:
    """Ranks before (left) and after (right), a line for each item that is in both; new and gone items stand alone."""
    inks = palette(theme)
    k = max(len(what_if.before), len(what_if.after), 1)
    figure = go.Figure()
    for entry in what_if.after:
        was = entry.was_rank
        inside = was is not None and was <= len(what_if.before)
        colour = SAME if was == entry.rank else UP if was is None or was > entry.rank else DOWN
        earlier = "taken out, and back" if was is None else f"was {was}"
        figure.add_trace(
            go.Scatter(
                x=[0, 1] if inside else [1],
                y=[was, entry.rank] if inside else [entry.rank],
                mode="lines+markers" if inside else "markers",
                line={"color": colour, "width": 2},
                marker={"color": colour, "size": 9, "symbol": "circle" if inside else "star"},
                hovertext=f"{plotly_text(entry.label, 60)}: now {entry.rank}, {earlier}",
                hoverinfo="text",
                showlegend=False,
            )
        )
    gone = [b for b in what_if.before if b.now_rank is None or b.now_rank > len(what_if.after)]
    if gone:
        figure.add_trace(
            go.Scatter(
                x=[0] * len(gone),
                y=[b.rank for b in gone],
                mode="markers",
                showlegend=False,
                hoverinfo="text",
                marker={"color": DOWN, "size": 10, "symbol": "x"},
                hovertext=[f"{plotly_text(b.label, 60)}: was {b.rank}, no longer in the list" for b in gone],
            )
        )
    texts = [(b.rank, 0, b.label, "right") for b in what_if.before] + [
        (a.rank, 1, a.label, "left") for a in what_if.after
    ]
    for rank, x, label, anchor in texts:
        figure.add_annotation(
            x=x,
            y=rank,
            text=f"{rank}. {axis_name(label, width=20)}" if x else f"{axis_name(label, width=20)} {rank}.",
            showarrow=False,
            xanchor=anchor,
            align=anchor,
            xshift=12 if x else -12,
            font={"color": inks.ink, "size": 11},
        )
    figure.update_xaxes(visible=False, range=[-3, 4], fixedrange=True)
    figure.update_yaxes(visible=False, range=[k + 0.6, 0.4], fixedrange=True)
    return figure.update_layout(
        height=60 + _ROW_PX * k,
        margin={"l": 4, "r": 4, "t": 6, "b": 6},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": inks.ink},
    )


def source_bars(sources: Sequence[ScoreSource], *, theme: str = "light", top: int = 12) -> go.Figure:
    """Shares of the summed amounts by source, largest first."""
    shown = list(sources[:top])
    return _bars([s.label for s in shown], [100 * s.share for s in shown], "% of the summed scores", theme)


def audience_bars(cohorts: Sequence[CohortShare], *, theme: str = "light") -> go.Figure:
    """Share of each group among those who get the item (bar) and among everybody (mark)."""
    figure = _bars([c.group for c in cohorts], [100 * c.share for c in cohorts], "% of the people", theme)
    figure.update_xaxes(range=[0, 105 * max([0.01, *(max(c.share, c.share_of_all) for c in cohorts)])])
    figure.add_trace(
        go.Scatter(
            x=[100 * c.share_of_all for c in cohorts],
            y=list(range(len(cohorts))),
            mode="markers",
            name="everybody",
            marker={"symbol": "line-ns-open", "size": 18, "color": palette(theme).ink, "line": {"width": 3}},
            hovertemplate="%{x:.1f} % of everybody<extra></extra>",
            showlegend=False,
        )
    )
    return figure


def list_heat(view: ListView, *, theme: str = "light") -> go.Figure:
    """History items (rows) × listed items (columns): amounts of the scores, in the hues for and against."""
    inks = palette(theme)
    rows = [plotly_text(label, 24) for label in view.history_labels]
    figure = go.Figure(
        go.Heatmap(
            z=view.amounts,
            x=[str(n) for n in range(1, len(view.items) + 1)],
            y=list(range(len(rows))),
            zmid=0,
            colorscale=[[0, inks.cons], [0.5, inks.surface], [1, inks.pros]],
            colorbar={
                "title": {"text": "amount"},
                "thickness": 12,
                "orientation": "h",
                "y": 0,
                "yanchor": "top",
                "nticks": 4,
                "tickangle": 0,
            },
            customdata=[[(r, plotly_text(c, 60)) for c in view.item_labels] for r in rows],
            hovertemplate="%{customdata[0]} gives %{z:.3g} to %{customdata[1]}<extra></extra>",
        )
    )
    figure.update_xaxes(  # as names, of which plotly leaves out what has no room
        type="category",
        nticks=8,
        tickangle=0,
        side="top",
        title={"text": "place in the list", "standoff": 10},
        automargin=True,
        showgrid=False,
        zeroline=False,
        fixedrange=True,
    )
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=rows,
        autorange="reversed",
        fixedrange=True,
        automargin=True,
        showgrid=False,
        zeroline=False,
    )
    return figure.update_layout(
        height=150 + 24 * max(len(rows), 1),
        margin={"l": 4, "r": 4, "t": 56, "b": 64},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": inks.ink},
    )


def _bars(labels: Sequence[str], values: Sequence[float], title: str, theme: str) -> go.Figure:
    """Bars with their values in a column of their own on the right, where neither a bar nor a mark nor a name can meet
    them.
    """
    inks = palette(theme)
    figure = go.Figure(
        go.Bar(
            x=list(values),
            y=list(range(len(values))),
            orientation="h",
            showlegend=False,
            width=0.6,
            marker={"color": [inks.pros if v >= 0 else inks.cons for v in values]},
            hovertemplate="%{x:.2f} %<extra></extra>",
        )
    )
    for place, value in enumerate(values):
        figure.add_annotation(
            x=1,
            xref="paper",
            y=place,
            text=f"{value:.1f}".replace("-", "−"),
            showarrow=False,
            xanchor="right",
            xshift=_VALUES_PX,
            font={"color": inks.ink},
        )
    figure = framed(figure, [axis_name(x) for x in labels], inks, x_title=title)
    low, high = min([0.0, *values]), max([1.0, *values])
    figure.update_xaxes(range=[low * 1.05, high * 1.05], fixedrange=True, zeroline=True, nticks=6, tickangle=0)
    return figure.update_yaxes(fixedrange=True).update_layout(margin={"l": 4, "r": _VALUES_PX + 4, "t": 6, "b": 44})
