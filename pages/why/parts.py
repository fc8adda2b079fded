"""The parts of a score: as a waterfall, as a table, and its best single walks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from explain.charts.bars import waterfall
from explain.format.words import column_words
from explain.results.explanation import Explanation, Part
from pages.frame import queries, widgets
from pages.frame.selection import Selection
from pages.frame.text import percent, score
from pages.why.picture import path_frame

KIND_WORDS = {
    "history": "from the history",
    "jump": "latent jump",
}


def waterfall_section(selection: Selection, explanation: Explanation) -> None:
    st.header("What the score is made of")
    silent = sum(part.kind == "history" and not part.value for part in explanation.parts)
    st.caption(
        f"Every part is a term of the score; together they are {score(explanation.score)}."
        + (f" History items that give nothing to it ({silent:,}) are left out." if silent else "")
    )
    left, right = st.columns(2, gap="medium")
    with left:
        widgets.chart(bars(explanation, 12), "waterfall", waterfall_alt(explanation))
    with right:
        widgets.table(
            parts_frame(
                explanation.parts, explanation.score, queries.workbench().models.relation_words(selection.name)
            ),
            f"parts-{explanation.model}-{explanation.user or 'own-titles'}-{explanation.item}",
            "The parts of the score with their amounts",
            what="parts",
        )


def bars(explanation: Explanation, top: int) -> go.Figure:
    """The waterfall of the `top` largest parts."""
    figure = waterfall(explanation, top, theme=widgets.theme())
    return figure.update_xaxes(title_text="Amount of the score")  # the unit stands beside the score, above


def waterfall_alt(explanation: Explanation) -> str:
    return (
        f"Waterfall of {len(explanation.parts)} parts that add up to the score "
        f"{score(explanation.score)}; the table beside it holds the same."
    )


def parts_frame(parts: Sequence[Part], whole: float, words: Mapping[str, str]) -> pd.DataFrame:
    """Parts that give something, from the largest to the smallest; relations as columns of their own."""
    relations = sorted({name for part in parts for name, value in part.relations.items() if value})
    titles = {name: words.get(name, column_words(name)) for name in relations}
    ranked = sorted((p for p in parts if p.value), key=lambda p: (-abs(p.value), p.kind, p.id))
    kinds = KIND_WORDS | queries.workbench().models.constant_labels()
    rows = [
        {
            "part": p.label,
            "amount": p.value,
            "% of the score": 100 * p.value / whole if whole else None,
            "kind": kinds.get(p.kind, p.kind),
        }
        | {title: p.relations.get(name, 0.0) for name, title in titles.items()}
        for p in ranked
    ]
    return pd.DataFrame(rows, columns=["part", "amount", "% of the score", "kind", *titles.values()])


def listed(explanation: Explanation) -> str:
    """How many walks are listed singly, and whether something stands beside them that takes none."""
    n_walks = sum(len(path.hops) > 1 for path in explanation.paths)
    beside = " and what takes no path" if n_walks < len(explanation.paths) else ""
    return f"{n_walks} best of {explanation.n_paths:,} single paths{beside}"


def paths_section(selection: Selection, explanation: Explanation) -> None:
    st.header("Best single paths")
    st.caption(
        f"{listed(explanation)}. They carry {percent(explanation.coverage, 1)} of all amounts, "
        f"the rest {percent(explanation.residual, 1)}; the picture above bundles all of them."
    )
    widgets.table(
        path_frame(explanation.paths, explanation.score),
        f"paths-{explanation.model}-{explanation.user or 'own-titles'}-{explanation.item}",
        "The best single walks from the person to the item",
        what="single paths",
    )
