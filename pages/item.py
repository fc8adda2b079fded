"""One item over all people: who gets it, through which history items and relations, and of which cohorts they are."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from explain.answers import ItemView, Source
from explain.figures_changes import audience_bars, source_bars
from pages import _ask, _ask_more, _frame, _here, _parts, _pick
from pages._text import count, lead, percent, plain

_PEOPLE_SHOWN = 12


def page() -> None:
    spot = _parts.place("Item")
    item = spot.item or _some_item(spot)
    with st.sidebar:
        _pick.item("Item", "item", spot.workspace, item)
        _pick.length(min(_here.K_MOST, spot.workspace.n_items or _here.K_MOST), spot.k)
    card = _ask.item(spot.name, item)
    st.title(plain(card.label, 120))
    _parts.notices()
    found = _ask_more.item_view(spot, item)
    lead(found.sentence)
    known = [f"{plain(kind, 40)}: {plain(', '.join(names), 200)}" for kind, names in card.groups.items() if names]
    known += [f"{plain(name, 40)}: {plain(value, 200)}" for name, value in card.attributes.items()]
    if known:
        st.caption(" · ".join(known))
    _tiles(found, card.n_people)
    if not found.n_listed:
        st.info(
            f"It is in nobody's first {found.k} under this model. Make the list longer, or ask why not for one person."
        )
        _parts.link("why", "Why not, for this person? →", item=item)
        return
    _through(found)
    _audience(found)
    _people(spot, found)


def _some_item(spot: _here.Here) -> str:
    first = _here.example(spot.workspace)
    return first.item if first else next(iter(_ask.names(spot.workspace, "item", "", 1)))


def _tiles(found: ItemView, n_people: int) -> None:
    _parts.tiles(
        [
            ("In the list of", count(found.n_listed), f"of {count(found.n_people)} people ({percent(found.n_listed / found.n_people, 1)}), first {found.k}"),
            ("Median place", "none" if found.median_rank is None else f"{found.median_rank:g}", "among those who get it"),
            ("Have it already", count(n_people), "people; they are not shown it again"),
            ("Read for this page", count(found.n_read), "explanations summed, spread evenly over those who get it"),
        ]
    )  # fmt: skip


def _through(found: ItemView) -> None:
    st.header("What carries it there")
    st.caption("Every explanation's parts, summed over the people who get the item; shares are of the summed scores.")
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("History items")
        _parts.chart(
            source_bars(found.sources, theme=_parts.theme()),
            "sources",
            "The history items that carry most of the summed scores",
        )
    with right:
        st.subheader("Relations")
        _parts.chart(
            source_bars(found.relations, theme=_parts.theme()), "relations", "Shares of the summed scores by relation"
        )
    _parts.table(
        source_frame(found.sources), f"item-{found.item}-sources", "History items with their shares and how many people"
    )
    _parts.csv(source_frame(found.relations), f"item-{found.item}-relations")


def source_frame(sources: tuple[Source, ...]) -> pd.DataFrame:
    rows = [(s.label, percent(s.share, 2), s.n_people, s.id) for s in sources]
    return pd.DataFrame(rows, columns=["through", "share of the summed scores", "people", "id"])


def _audience(found: ItemView) -> None:
    if not found.cohorts:
        return
    st.header("Who gets it")
    st.caption("Bars: share among those who get it. Marks: share among everybody. Small audiences vary by chance.")
    columns = list(dict.fromkeys(c.column for c in found.cohorts))
    for tab, column in zip(st.tabs([plain(c, 40) for c in columns]), columns, strict=True):
        with tab:
            own = [c for c in found.cohorts if c.column == column]
            _parts.chart(
                audience_bars(own, theme=_parts.theme()),
                f"audience-{column}",
                f"The audience by {column} beside everybody",
            )
    frame = pd.DataFrame(
        [(c.column, c.group, c.n, percent(c.share, 1), percent(c.share_of_all, 1)) for c in found.cohorts],
        columns=["column", "group", "people who get it", "share", "share of everybody"],
    )
    _parts.table(frame, f"item-{found.item}-audience", "The audience by cohort")


def _people(spot: _here.Here, found: ItemView) -> None:
    st.header("Why for one of them?")
    st.caption(f"The {min(_PEOPLE_SHOWN, len(found.listed))} in whose list it stands highest.")
    for user in found.listed[:_PEOPLE_SHOWN]:
        name = plain(_ask.person(spot.name, user).label, 60)
        _parts.link("why", f"{name} →", user=user, item=found.item, who=None, history=None)


if __name__ == "__main__":  # Streamlit runs a page as a script; tests import it
    _frame.run(page)
