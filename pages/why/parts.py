"""The parts of a score and what they are compared with: another item, another model, single walks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.errors import SurfacedError
from core.texts import command
from explain.charts.bars import path_network, waterfall
from explain.format.numbers import amount
from explain.format.words import column_words
from explain.results.explanation import Explanation, Part
from pages.frame import address, pickers, queries, widgets, wishes
from pages.frame.components.path_graph import path_graph
from pages.frame.selection import Selection
from pages.frame.text import percent, plain, score
from pages.why.picture import path_frame

KIND_WORDS = {
    "history": "from the history",
    "memory": "the model's own memory of this person",
    "content": "content that no history item carries",
    "jump": "latent jump",
    "base": "popularity or bias",
}


def waterfall_section(selection: Selection, explanation: Explanation) -> None:
    st.header("What the score is made of")
    silent = sum(part.kind == "history" and not part.value for part in explanation.parts)
    st.caption(
        f"Every part is a term of the score; together they are {score(explanation.score)}."
        + (f" History items that give nothing to it ({silent:,}) are left out." if silent else "")
    )
    bars, rows = st.columns(2, gap="medium")
    with bars:
        widgets.chart(_bars(explanation, 12), "waterfall", _waterfall_alt(explanation))
    with rows:
        widgets.table(
            parts_frame(explanation.parts, explanation.score, queries.workbench().relation_words(selection.name)),
            f"parts-{explanation.model}-{explanation.user or 'own-titles'}-{explanation.item}",
            "The parts of the score with their amounts",
            what="parts",
        )


def _bars(explanation: Explanation, top: int) -> go.Figure:
    figure = waterfall(explanation, top, theme=widgets.theme())
    return figure.update_xaxes(title_text="Amount of the score")  # the unit stands beside the score, above


def _waterfall_alt(explanation: Explanation) -> str:
    return (
        f"Waterfall of {len(explanation.parts)} parts that add up to the score "
        f"{score(explanation.score)}; the table beside it holds the same."
    )


def parts_frame(parts: Sequence[Part], whole: float, words: Mapping[str, str]) -> pd.DataFrame:
    """Parts that give something, from the largest to the smallest; relations as columns of their own."""
    relations = sorted({name for part in parts for name, value in part.relations.items() if value})
    titles = {name: words.get(name, column_words(name)) for name in relations}
    ranked = sorted((p for p in parts if p.value), key=lambda p: (-abs(p.value), p.kind, p.id))
    rows = [
        {
            "part": p.label,
            "amount": p.value,
            "% of the score": 100 * p.value / whole if whole else None,
            "kind": KIND_WORDS.get(p.kind, p.kind),
        }
        | {title: p.relations.get(name, 0.0) for name, title in titles.items()}
        for p in ranked
    ]
    return pd.DataFrame(rows, columns=["part", "amount", "% of the score", "kind", *titles.values()])


def against_section(selection: Selection, item: str, other: str | None, explanation: Explanation) -> None:
    st.header("Why not …?")
    pickers.item(
        "Compare with another item", "against", selection.workspace, other, optional=True, placeholder="Type a title"
    )
    rival = explanation.against
    if rival is None:
        return
    st.markdown(
        plain(rival.sentence, 600)
        or f"{plain(explanation.label)} scores {score(explanation.score)}, {plain(rival.label)} {score(rival.score)}."
    )
    place = f"rank {rival.rank:,} of all candidates" if rival.rank else "in the history already"
    st.caption(plain(f"{rival.label}: score {score(rival.score)}, {place}.", 300))
    widgets.table(
        two_sided(explanation, rival.parts, rival.label),
        f"against-{explanation.model}-{explanation.item}-{rival.item}",
        "What each part gives to the one item and to the other",
        what="both items",
    )
    widgets.link(
        "why", f"Why “{plain(rival.label, 60)}” stands where it does, and what would move it →", item=rival.item
    )


def two_sided(explanation: Explanation, parts: Sequence[Part], rival: str) -> pd.DataFrame:
    """The same part for both items side by side, the largest difference first."""
    mine = {(p.kind, p.id): p for p in explanation.parts}
    theirs = {(p.kind, p.id): p for p in parts}
    rows = []
    for key in mine.keys() | theirs.keys():
        here, there = mine.get(key), theirs.get(key)
        ours, other = (here.value if here else 0.0), (there.value if there else 0.0)
        rows.append(((here or there).label, ours, other, ours - other))  # type: ignore[union-attr]
    rows.sort(key=lambda row: (-abs(row[3]), row[0]))
    return pd.DataFrame(
        rows, columns=["part", f"{explanation.label[:40]} (this)", f"{rival[:40]} (other)", "difference"]
    )


def other_item(selection: Selection) -> str | None:
    """The item of "why not …?", if it exists."""
    other = wishes.existing_item(selection.workspace, "against")
    if other is not None and other == selection.item:
        address.notice("An item cannot be compared with itself: pick another one.")
        other = None
    address.settle("against", other)
    return other


def other_model(selection: Selection) -> str | None:
    """The model to show beside, if one was asked for that is fitted."""
    others = [s.model for s in selection.fitted if s.model != selection.model]
    return wishes.one_of("other", others, "") or None if address.wish("other") else None


def model_section(selection: Selection, item: str) -> None:
    """The same item under another model, if one is fitted; else how to get one."""
    st.header("The same item under another model")
    known = queries.models()
    others = [s for s in selection.fitted if s.model != selection.model]
    wished = other_model(selection)
    if others:
        pickers.choose(
            "Other model",
            [s.model for s in others],
            "other",
            wished,
            lambda m: known[m].title,
            optional=True,
            placeholder="Pick a model to look at side by side",
        )
    missing = [m for m in known.values() if wished is None and m.name not in {s.model for s in selection.fitted}]
    for model in missing:
        st.caption(f"{plain(model.title)} is not fitted to this data yet. Fit it on the page Models, or type:")
        widgets.command(command("fit", "--workspace", selection.name, "--model", model.name))
    if missing:
        widgets.link("models", "Go to Models")
    if not wished:
        return
    other = next(s for s in others if s.model == wished)
    try:
        second = queries.why(
            selection.name, other.model, other.snapshot, item, user=selection.user, history=selection.history
        )
    except SurfacedError as error:
        widgets.problem(error)
        return
    first = queries.why(*selection.base, item, user=selection.user, history=selection.history)
    for side, explanation in zip(st.columns(2, gap="large"), (first, second), strict=True):
        with side:
            _side(explanation, known[explanation.model].title)
    st.subheader(f"Paths under {plain(known[second.model].title)}")
    st.caption(
        "Long dashes are a jump through what the model learnt: nobody's behaviour links its "
        "ends, so it is drawn as what it is."
    )
    path_graph(
        path_network(second, theme=widgets.theme(), kinds=queries.workbench().kind_words(selection.name)),
        key="picture-other",
    )


def _side(explanation: Explanation, title: str) -> None:
    st.subheader(plain(title))
    st.markdown(plain(explanation.sentence, 600))
    rank = f"rank {explanation.rank}" if explanation.rank else "not in the list"
    st.caption(
        f"Score {score(explanation.score)}, {rank}; {percent(explanation.path_share)} of it "
        f"over observed links; memory {amount(_memory(explanation))}"
    )
    widgets.chart(_bars(explanation, 8), f"waterfall-{explanation.model}", _waterfall_alt(explanation))


def _memory(explanation: Explanation) -> float:
    return sum(part.value for part in explanation.parts if part.kind == "memory")


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
