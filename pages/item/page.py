"""One item over all people: who gets it, through which history items and relations, and of which cohorts they are."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from explain.charts.changes import audience_bars, source_bars
from explain.format.names import CROWD_MINIMUM
from explain.format.words import column_words
from explain.results.item_view import MIN_AUDIENCE, ItemView, ScoreSource
from pages.frame import moments, pickers, queries, widgets
from pages.frame.selection import K_MOST, Selection, newcomers_example
from pages.frame.text import count, lead, percent, plain, score
from pages.item import queries as item_queries

_PEOPLE_SHOWN = 12


def page() -> None:
    selection = widgets.shared_selection("Item")
    item = selection.item or _example_item(selection)
    with st.sidebar:
        pickers.item("Item", "item", selection.workspace, item)
        pickers.length(min(K_MOST, selection.workspace.n_items or K_MOST), selection.k)
    card = queries.item(selection.name, item)
    st.title(plain(card.label, 120))
    widgets.notices()
    moments.slider(selection)
    view = item_queries.item_view(selection, item)
    lead(view.sentence)
    known = [f"{plain(kind, 40)}: {plain(', '.join(names), 200)}" for kind, names in card.groups.items() if names]
    known += [f"{plain(column_words(name), 40)}: {plain(value, 200)}" for name, value in card.attributes.items()]
    if known:
        st.caption(" · ".join(known))
    _tiles(view, card.n_people, listed=selection.workspace.show_people)
    if view.n_listed is None:
        st.info("People of this workspace are not listed, and so few are told of together only.")
        return
    if not view.n_listed:
        st.info(
            f"It is in nobody's first {view.k} under this model. Make the list longer, or ask why not for one person."
        )
        widgets.link("why", "Why not, for this person? →", item=item)
        return
    _through(view)
    _audience(view)
    _people(selection, view)


def _example_item(selection: Selection) -> str:
    first = newcomers_example(selection.workspace)
    return first.item if first else next(iter(queries.names(selection.workspace, "item", "", 1)))


def _tiles(view: ItemView, n_people: int, *, listed: bool) -> None:
    few, have = view.n_listed is None, count(n_people)
    if not listed and 0 < n_people < CROWD_MINIMUM:
        have = f"< {CROWD_MINIMUM}"
    listed_by = count(view.n_listed) if view.n_listed is not None and listed else f"≈ {count(view.n_listed or 0)}"
    share = "" if view.n_listed is None else f" ({percent(view.n_listed / view.n_people, 1)})"
    widgets.tiles(
        [
            (
                "In the list of",
                f"< {MIN_AUDIENCE}" if view.n_listed is None else listed_by,
                f"of {count(view.n_people)} people{share}, first {view.k}",
            ),
            (
                "Median place",
                "not told" if few else "none" if view.median_rank is None else f"{view.median_rank:g}",
                "among those who get it",
            ),
            ("Have it already", have, "people; they are not shown it again"),
            (
                "Read for this page",
                "none" if view.n_read is None else count(view.n_read),
                "explanations summed, spread evenly over those who get it",
            ),
        ]
    )


def _through(view: ItemView) -> None:
    st.header("What carries it there")
    st.caption("Every explanation's parts, summed over the people who get the item; shares are of the summed scores.")
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("History items")
        widgets.chart(
            source_bars(view.sources, theme=widgets.theme()),
            "sources",
            "The history items that carry most of the summed scores",
        )
    with right:
        st.subheader("Relations")
        widgets.chart(
            source_bars(view.relations, theme=widgets.theme()), "relations", "Shares of the summed scores by relation"
        )
    widgets.table(
        source_frame(view.sources),
        f"item-{view.item}-sources",
        "History items with their shares and how many people",
        what="history items",
    )
    widgets.csv(source_frame(view.relations), f"item-{view.item}-relations", "relations")


def source_frame(sources: tuple[ScoreSource, ...]) -> pd.DataFrame:
    rows = [(s.label, 100 * s.share, s.n_people, s.id) for s in sources]
    return pd.DataFrame(rows, columns=["through", "% of the summed scores", "people", "id"])


def _audience(view: ItemView) -> None:
    if not view.cohorts:
        if (view.n_listed or 0) < MIN_AUDIENCE:
            st.caption(f"Fewer than {MIN_AUDIENCE} people get it: too few to say of which cohorts they are.")
        return
    st.header("Who gets it")
    st.caption(
        "Bars: share among those who get it. Marks: share among everybody. Small audiences vary by chance. "
        f"Groups of fewer than {MIN_AUDIENCE} people who get it are shown together only, as audits "
        f"show none under {MIN_AUDIENCE}."
    )
    columns = list(dict.fromkeys(c.column for c in view.cohorts))
    for tab, by in zip(st.tabs([plain(column_words(c), 40) for c in columns]), columns, strict=True):
        with tab:
            own = [c for c in view.cohorts if c.column == by]
            widgets.chart(
                audience_bars(own, theme=widgets.theme()),
                f"audience-{by}",
                f"The audience by {column_words(by)} beside everybody",
            )
    frame = pd.DataFrame(
        [(column_words(c.column), c.group, c.n, 100 * c.share, 100 * c.share_of_all) for c in view.cohorts],
        columns=["column", "group", "people who get it", "% of them", "% of everybody"],
    )
    widgets.table(frame, f"item-{view.item}-audience", "The audience by cohort", what="who gets it")


def _people(selection: Selection, view: ItemView) -> None:
    st.header("Why for one of them?")
    if not selection.workspace.show_people:
        st.caption("People of this workspace are not listed. Who has an id can ask on the page Why this.")
        return
    shown = list(zip(view.listed, view.ranks, view.scores, strict=True))[:_PEOPLE_SHOWN]
    st.caption(f"The {len(shown)} in whose list it stands highest, with its place there and its score.")
    for user, rank, value in shown:
        name = plain(queries.person(selection.name, user).label, 60)
        widgets.link(
            "why", f"{name}: rank {rank}, score {score(value)} →", user=user, item=view.item, who=None, history=None
        )


if __name__ == "__main__":  # Streamlit runs a page as a script; tests import it
    page()
