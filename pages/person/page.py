"""A list for a person, or for titles that the visitor picks: rank, title, score and main reason.

Each row is a way to Why this.
"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.texts import joined
from explain.charts.changes import list_heat
from explain.format.dates import day_in_words
from explain.format.words import column_words
from explain.results.item_view import ListView
from explain.results.lists import HistoryEntry, ListedItem, Recommendation
from pages.frame import address, moments, pickers, queries, widgets
from pages.frame.selection import K_MOST, MOST_TITLES, TITLES, Selection, first_person
from pages.frame.text import count, plain, score
from pages.person import queries as person_queries

WAYS = {"person": "Pick a person", TITLES: "Be one: pick titles"}
_HISTORY_SHOWN = 100
_HISTORY_COLUMNS = {  # pixels: beside a list the date must not fall off
    "title": st.column_config.TextColumn(width=150),
    "when": st.column_config.TextColumn(width=92),
    "what": st.column_config.TextColumn(width=76),
}


def page() -> None:
    st.title("Recommendations")
    selection = widgets.shared_selection()
    widgets.notices()
    pickers.segments(
        "Whose list", WAYS, "who", TITLES if selection.own_titles and not selection.asks_for_id else "person"
    )
    who, length = st.columns([3, 1])
    with who:
        _choose_person(selection)
    with length:
        pickers.length(min(K_MOST, selection.workspace.n_items or K_MOST), selection.k)
    moments.slider(selection)
    if selection.history:
        _own_titles(selection, selection.history)
    if selection.asks_for_id:
        st.info("People of this workspace are not listed. Type the id of one, or pick titles of your own.")
        return
    if selection.own_titles and not selection.history:
        _no_titles_yet(selection)
        return
    listed = queries.recommend(
        *selection.base, user=selection.user, history=selection.history, k=selection.k, at=selection.at
    )
    if selection.own_titles:
        _list(selection, listed)
        return
    left, right = st.columns([4, 3], gap="medium")
    with left:
        _list(selection, listed)
    with right:
        _history(selection)


def _choose_person(selection: Selection) -> None:
    if selection.own_titles and not selection.asks_for_id:
        picked = selection.history or ()
        pickers.add_title(
            f"Add a title: five say a lot ({len(picked)} picked)", selection.workspace, picked, MOST_TITLES
        )
    else:
        pickers.person("Person: type an id, an age, a job …", selection.workspace, selection.user)


def _no_titles_yet(selection: Selection) -> None:
    """Nothing is picked: say so, and offer a start."""
    st.info(
        "The list appears as soon as one title is picked. The model is not trained again: your titles are folded in."
    )
    if selection.workspace.show_people:
        known = [entry.item for entry in queries.person(selection.name, first_person(selection.workspace)).history]
    else:  # what most people have, and not what somebody has
        known = list(queries.names(selection.workspace, "item", "", 5))
    start = joined(known[:5])
    st.button("Start with five titles", on_click=address.put, args=("history", start))


def _list(selection: Selection, listed: Recommendation) -> None:
    model = plain(queries.models()[selection.model].title)
    st.header(f"Top {len(listed.items)}" if listed.items else "No list")
    if not listed.items:
        st.info(
            "The model has nothing to recommend here: nothing is left that a path leads to. "
            "Pick other titles or another person."
        )
        return
    st.caption(f"{model}. A title opens its whole reason.")
    for entry in listed.items:
        _list_row(selection, entry)
    frame = pd.DataFrame(
        [(e.rank, e.item, e.label, e.score, e.reason) for e in listed.items],
        columns=["rank", "item", "title", "score", "reason"],
    )
    _whole_list(selection)
    with st.expander("As a table"):
        widgets.rows(frame, "The list with rank, item id, title, score and main reason")
    widgets.csv(frame, f"recommendations-{selection.model}-{selection.user or 'own-titles'}", "the list")


def _whole_list(selection: Selection) -> None:
    """Why this list: what each history item gives to each of its items."""
    view = person_queries.list_view(selection)
    if not view.history:
        return
    with st.expander("Why this list as a whole"):
        st.markdown(plain(view.sentence, 600))
        widgets.chart(
            list_heat(view, theme=widgets.theme()), "list-view", "What each history item gives to each item of the list"
        )
        if view.n_further:
            st.caption(
                f"The {len(view.history)} history items that give most, of {len(view.history) + view.n_further:,}. "
                "The last row of the table holds all that the others give."
            )
        widgets.table(
            whole_frame(view),
            f"list-{selection.model}-{selection.user or 'own-titles'}",
            "Amounts by history item and listed item",
            what="the list as a whole",
        )


def whole_frame(view: ListView) -> pd.DataFrame:
    """What each history item (row) gives to each listed item (column).

    With the last row, the columns add up to the scores.
    """
    frame = pd.DataFrame(view.amounts, columns=[f"{n}. {t[:40]}" for n, t in enumerate(view.item_labels, start=1)])
    frame.insert(0, "history item", view.history_labels)
    if any(view.rest):
        others = [f"{view.n_further:,} further history items"] if view.n_further else []
        last = [" and ".join([*others, "what needs no history item"]), *view.rest]
        frame = pd.concat([frame, pd.DataFrame([last], columns=frame.columns)], ignore_index=True)
    return frame


def _list_row(selection: Selection, entry: ListedItem) -> None:
    """One entry: the title leads to its reason."""
    with st.container(horizontal=True, vertical_alignment="center"):
        widgets.link("why", f"**{entry.rank}. {plain(entry.label, 90)}**", item=entry.item)
        widgets.link("item", "Who else?", width="content", item=entry.item)
    st.caption(f"Score {score(entry.score)}" + (f" · {plain(entry.reason, 200)}" if entry.reason else ""))


def _history(selection: Selection) -> None:
    assert selection.user is not None, "titles of one's own are listed on top"
    person = queries.person(selection.name, selection.user, selection.at)
    st.header("History")
    known = ", ".join(
        f"{plain(column_words(name), 40)}: {plain(value, 60)}" for name, value in person.attributes.items()
    )
    st.caption(
        f"{plain(person.label)}, {count(len(person.history))} items, newest first" + (f". {known}" if known else "")
    )
    frame = history_frame(person.history)
    if frame.empty:
        st.info("Nothing is known of this person yet, so every list is the same as for a new one.")
        return
    widgets.table(
        frame,
        f"history-{selection.user}",
        "What the person has had so far, newest first",
        _HISTORY_COLUMNS,
        most=_HISTORY_SHOWN,
        what="history",
    )


def _own_titles(selection: Selection, picked: tuple[str, ...]) -> None:
    """What is picked; pressing one takes it out."""
    with st.container(horizontal=True, gap="small"):
        for raw in picked:
            rest = joined(other for other in picked if other != raw)
            label = f"{plain(queries.item(selection.name, raw).label, 60)} ✕"
            st.button(label, key=f"remove-{raw}", help="Take it out", on_click=address.put, args=("history", rest))


def history_frame(history: tuple[HistoryEntry, ...]) -> pd.DataFrame:
    """A history as a table: title, when (UTC), what happened, weight of the edge."""
    rows = [(entry.label, day_in_words(entry.time), entry.how, entry.weight) for entry in history]
    return pd.DataFrame(rows, columns=["title", "when", "what", "weight"])


if __name__ == "__main__":  # Streamlit runs a page as a script; tests import it
    page()
