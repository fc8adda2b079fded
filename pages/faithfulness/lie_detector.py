"""The same person and item twice: the usual path picture over LightGCN, and ours over our model."""

from __future__ import annotations

import streamlit as st

from core.errors import SurfacedError
from core.texts import command
from explain.charts.bars import flow_svg
from explain.format.text import clean
from explain.results.explanation import Explanation
from pages.faithfulness import queries as faithfulness_queries
from pages.frame import pickers, queries, widgets
from pages.frame.selection import Selection
from pages.frame.text import percent, plain, score


def section(selection: Selection) -> None:
    st.header("Lie detector")
    known = queries.models()
    exact = known[queries.default_model()]
    rival = next(model for model in known.values() if not model.exact)
    st.caption(
        "The same person and item twice. Left: the usual path picture, strong paths of the graph "
        f"drawn beside {plain(rival.title)}. "
        "Right: our picture of our model, whose lines are the terms of its score."
    )
    fitted = {s.model: s for s in selection.fitted}
    if not {rival.name, exact.name} <= set(fitted):
        missing = rival.name if rival.name not in fitted else exact.name
        st.info("Both models have to be fitted for this. Fit the other one on the page Models, or type:")
        widgets.command(command("fit", "--workspace", selection.name, "--model", missing))
        return
    item = selection.item or _first(selection)
    if item is None:
        st.info("Pick a person with a list first.")
        return
    with st.sidebar:
        if not selection.own_titles:
            pickers.person("Person", selection.workspace, selection.user)
        pickers.item("Item", "item", selection.workspace, item)
    try:
        usual = faithfulness_queries.usual_picture(selection, rival.name, item)
        snapshot = fitted[exact.name].snapshot
        ours = queries.why(
            selection.name, exact.name, snapshot, item, user=selection.user, history=selection.history, at=selection.at
        )
    except SurfacedError as error:
        widgets.problem(error)
        return
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(f"The usual picture, over {plain(rival.title)}")
        st.markdown(
            f"All paths of the graph together carry **{percent(usual.path_share, 2)}** of this "
            f"score {score(usual.score)}."
        )
        _picture(usual, f"Usual path picture; such paths carry {percent(usual.path_share, 2)} of the score")
        st.caption(
            "It looks convincing. The rest of the score is the model's memory and jumps "
            "between vectors, which no path shows."
        )
    with right:
        st.subheader(f"Ours, over the {plain(exact.title[:1].lower() + exact.title[1:])}")
        st.markdown(
            f"The lines carry **{percent(ours.path_share, 1)}** of this score "
            f"{score(ours.score)}; error {ours.completeness_error:.0e}."
        )
        _picture(ours, clean(ours.sentence, 300))
        st.caption("What is not drawn singly is drawn as a bundle; the lines into the item add up to the score.")
    widgets.link("why", "Look behind the lines →", item=item, model=exact.name)


def _picture(explanation: Explanation, alt: str) -> None:
    if explanation.bundles:
        kinds = queries.workbench().models.kind_words(explanation.workspace)
        st.image(flow_svg(explanation, theme=widgets.theme(), kinds=kinds), width="stretch", alt=alt)
    else:
        st.caption("No path of the graph leads to it.")


def _first(selection: Selection) -> str | None:
    if selection.own_titles and not selection.history:
        return None
    listed = queries.recommend(*selection.base, user=selection.user, history=selection.history, k=1, at=selection.at)
    return listed.items[0].item if listed.items else None
