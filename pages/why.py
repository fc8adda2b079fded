"""Why an item surfaced: one sentence, the picture that adds up to the score, its parts, and what could have been instead."""

from __future__ import annotations

import streamlit as st

from explain.types import Explanation
from pages import _ask, _frame, _here, _parts, _pick, _state, _why_notes, _why_parts, _why_picture, _why_tests
from pages._text import lead, percent, plain, score


def page() -> None:
    spot = _parts.place("Why this?")
    item = None if spot.own_titles and not spot.history else spot.item or _first_listed(spot)
    if item is None:
        _nothing_to_explain(spot)
        return
    _state.settle("item", item)
    other = _here.other_item(spot)
    _why_picture.view()
    _why_parts.other_model(spot)
    found = _ask.why(*spot.base, item, user=spot.user, history=spot.history, against=other, k=spot.k)
    _why_picture.check(found)
    _why_tests.check(found)
    guarded = _why_tests.guarded(spot, item)
    _pickers(spot, item)
    st.title(
        f"Why did “{plain(found.label, 90)}” surface for {_person_name(spot)}?"
        if found.surfaced
        else f"Why not “{plain(found.label, 90)}”?"
    )
    _parts.notices()
    lead(found.sentence)
    if found.state == "consumed":
        st.info(
            "This person has had it already, so no list would show it again. What follows is the score that it would have."
        )
    if found.state == "no_path":
        st.info(
            "Nothing that this person has had leads to it, so its score has no walk to show. Pick another item, or another model."
        )
    if guarded:
        st.warning(plain(guarded, 400))
    _why_tests.badge(spot, item, found)
    _badges(found)
    if found.state != "no_path" or found.parts:
        _why_picture.section(spot, item, found)
        _why_parts.waterfall_section(spot, found)
    _why_tests.section(spot, item, found)
    _why_parts.against_section(spot, item, other, found)
    _why_tests.units(spot, item, found)
    _why_parts.model_section(spot, item)
    if found.n_paths:
        _why_parts.paths_section(spot, found)
    _why_notes.section(spot, item, found)
    _why_notes.take_away(spot, item, other, found)
    _parts.link("item", f"Who else gets “{plain(found.label, 60)}”? →", item=item)
    _parts.link("whatif", "Edit the history and see what changes →")


def _first_listed(spot: _here.Here) -> str | None:
    """Without an item in the address: the first of the list."""
    listed = _ask.recommend(*spot.base, user=spot.user, history=spot.history, k=1)
    return listed.items[0].item if listed.items else None


def _nothing_to_explain(spot: _here.Here) -> None:
    st.title("Why this?")
    _parts.notices()
    st.info(
        "There is no list yet that something could have surfaced in: pick at least one title of your own, or a person."
    )
    _parts.link("recommendations", "Pick titles →")
    _parts.link("recommendations", "See the list of a person →", who="person", history=None)


def _pickers(spot: _here.Here, item: str) -> None:
    with st.sidebar:
        if spot.own_titles:
            st.caption(f"For {len(spot.history or ())} titles of your own")
            st.button("For a person instead", on_click=_state.put, args=("who", "person"))
        else:
            _pick.person("Person", spot.workspace, spot.user)
        _pick.item("Item", "item", spot.workspace, item)


def _person_name(spot: _here.Here) -> str:
    return "your titles" if spot.user is None else plain(_ask.person(spot.name, spot.user).label, 60)


def _badges(found: Explanation) -> None:
    """The numbers that say how far the explanation can be trusted."""
    rank = (
        f"rank {found.rank:,} of all candidates; unit: {found.unit}"
        if found.rank
        else f"not in the list; unit: {found.unit}"
    )
    _parts.tiles(
        [
            ("Score", score(found.score), rank),
            (
                "Completeness error",
                f"{found.completeness_error:.1e}",
                "distance between the score and the sum of its parts: rounding only",
            ),
            ("Path share", percent(found.path_share), "of the score runs over links that were observed"),
            (
                "Gross / net",
                f"{found.gross_net:.2f}",
                "1 = nothing cancels; 2 = what speaks against is half of what remains",
            ),
            _coverage(found),
        ]
    )


def _coverage(found: Explanation) -> tuple[str, str, str]:
    if not found.n_paths:
        return "Listed paths cover", "no paths", "nothing of this score runs over the graph under this model"
    return "Listed paths cover", percent(found.coverage, 1), f"{_why_parts.listed(found)}; the picture holds all"


if __name__ == "__main__":  # Streamlit runs a page as a script; tests import it
    _frame.run(page)
