"""Why an item surfaced: one sentence, the picture that adds up to the score, its parts, what else could have been."""

from __future__ import annotations

import streamlit as st

from explain.results.explanation import Explanation
from pages.frame import address, moments, pickers, queries, widgets
from pages.frame.selection import Selection
from pages.frame.text import lead, percent, plain, score
from pages.why import comparisons, counterfactuals, notes, picture, since
from pages.why import parts as why_parts


def page() -> None:
    selection = widgets.shared_selection("Why this?")
    item = None if selection.own_titles and not selection.history else selection.item or _first_listed(selection)
    if item is None:
        _nothing_to_explain(selection)
        return
    address.settle("item", item)
    other = comparisons.other_item(selection)
    picture.view()
    comparisons.other_model(selection)
    explanation = queries.why(
        *selection.base,
        item,
        user=selection.user,
        history=selection.history,
        against=other,
        k=selection.k,
        at=selection.at,
    )
    picture.check(explanation)
    counterfactuals.check(explanation)
    guarded = counterfactuals.guarded(selection, item)
    _pickers(selection, item)
    st.title(
        f"Why did “{plain(explanation.label, 90)}” surface for {_person_name(selection)}?"
        if explanation.surfaced
        else f"Why not “{plain(explanation.label, 90)}”?"
    )
    widgets.notices()
    moments.slider(selection)
    lead(explanation.sentence)
    if explanation.state == "consumed":
        st.info(
            "This person has had it already, so no list would show it again. What follows is "
            "the score that it would have."
        )
    elif explanation.rank is None:
        st.info("At this moment it can be recommended to nobody: it is not there yet, or no more. Move the moment.")
    if explanation.state == "no_path":
        st.info(
            "Nothing that this person has had leads to it, so its score has no walk to show. "
            "Pick another item, or another model."
        )
    if guarded:
        st.warning(plain(guarded, 400))
    counterfactuals.badge(selection, item, explanation)
    _badges(explanation)
    if explanation.state != "no_path" or explanation.parts:
        picture.section(selection, item, explanation)
        why_parts.waterfall_section(selection, explanation)
    since.section(selection, item, explanation)
    counterfactuals.section(selection, item, explanation)
    comparisons.against_section(selection, item, other, explanation)
    counterfactuals.units(selection, item, explanation)
    comparisons.model_section(selection, item)
    if explanation.n_paths:
        why_parts.paths_section(selection, explanation)
    notes.section(selection, item, explanation)
    notes.take_away(selection, item, other, explanation)
    widgets.link("item", f"Who else gets “{plain(explanation.label, 60)}”? →", item=item)
    widgets.link("whatif", "Edit the history and see what changes →")


def _first_listed(selection: Selection) -> str | None:
    """Without an item in the address: the first of the list."""
    listed = queries.recommend(*selection.base, user=selection.user, history=selection.history, k=1, at=selection.at)
    return listed.items[0].item if listed.items else None


def _nothing_to_explain(selection: Selection) -> None:
    st.title("Why this?")
    widgets.notices()
    st.info(
        "There is no list yet that something could have surfaced in: pick at least one title of your own, or a person."
    )
    widgets.link("recommendations", "Pick titles →")
    widgets.link("recommendations", "See the list of a person →", who="person", history=None)


def _pickers(selection: Selection, item: str) -> None:
    with st.sidebar:
        if selection.own_titles:
            st.caption(f"For {len(selection.history or ())} titles of your own")
            st.button("For a person instead", on_click=address.put, args=("who", "person"))
        else:
            pickers.person("Person", selection.workspace, selection.user)
        pickers.item("Item", "item", selection.workspace, item)


def _person_name(selection: Selection) -> str:
    return "your titles" if selection.user is None else plain(queries.person(selection.name, selection.user).label, 60)


def _badges(explanation: Explanation) -> None:
    """The numbers that say how far the explanation can be trusted."""
    rank = (
        f"rank {explanation.rank:,} of all candidates; unit: {explanation.unit}"
        if explanation.rank
        else f"not in the list; unit: {explanation.unit}"
    )
    widgets.tiles(
        [
            ("Score", score(explanation.score), rank),
            (
                "Completeness error",
                f"{explanation.completeness_error:.1e}",
                "distance between the score and the sum of its parts: rounding only",
            ),
            ("Path share", percent(explanation.path_share), "of the score runs over links that were observed"),
            (
                "Gross / net",
                f"{explanation.gross_net:.2f}",
                "1 = nothing cancels; 2 = what speaks against is half of what remains",
            ),
            _coverage(explanation),
        ]
    )


def _coverage(explanation: Explanation) -> tuple[str, str, str]:
    if not explanation.n_paths:
        return "Listed paths cover", "no paths", "nothing of this score runs over the graph under this model"
    return (
        "Listed paths cover",
        percent(explanation.coverage, 1),
        f"{why_parts.listed(explanation)}; the picture holds all",
    )


if __name__ == "__main__":  # Streamlit runs a page as a script; tests import it
    page()
