"""The parts of Fairness behind the bars: cells of people and items with who is in them, metrics in words, trends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from explain.charts.audits import cell_map, trend_lines
from explain.format.numbers import count_word, p_value
from explain.format.words import column_words
from explain.results.audit import FAIL
from explain.results.cells import BehindCell, CellTable
from explain.results.measured import Trend
from pages.frame import address, pickers, queries, widgets, wishes
from pages.frame.selection import Selection
from pages.frame.text import count, plain

_KEPT = 64
SIGNS: Final = (
    "A cross fails, a filled square passes, a dot is insufficient evidence, an empty square is "
    "suppressed or has nothing to compare with."
)


@st.cache_data(max_entries=_KEPT, show_spinner="Looking at every cell …")
def _cells(home: str, base: tuple[str, str, str], user_by: str, item_by: str, k: int) -> CellTable:
    return queries.workbench().exposure.cells(base[0], base[1], user_by, item_by, k=k)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _behind(home: str, base: tuple[str, str, str], cell: tuple[str, str, str, str], k: int, listed: bool) -> BehindCell:
    """listed: whether the workspace lists people; part of what the answer is kept by."""
    return queries.workbench().exposure.behind_cell(base[0], base[1], *cell, k=k)


@st.cache_data(max_entries=16, show_spinner="Ranking every person under each snapshot …")
def _trends(home: str, base: tuple[str, str, str], by: str, k: int) -> tuple[Trend, ...]:
    return queries.workbench().exposure.trends(base[0], base[1], by, k=k)


def cells(selection: Selection, item_by: str, user_columns: list[str]) -> None:
    """Who is shown what: a map of ratios, then the people and items behind one cell."""
    st.header("Who is shown what")
    if not user_columns:
        st.info("Nothing is known of the people, so lists cannot be told apart by group.")
        return
    st.caption(
        "Each square: the share of attention that a group of people gives to a group of items, "
        "divided by these items' share of the catalogue. "
        f"Grey is 1, blue more, orange less. {SIGNS}"
    )
    user_by = wishes.one_of("cells", user_columns, user_columns[0])
    pickers.choose("People by", user_columns, "cells", user_by, column_words)
    crossing = _cells(queries.home(), selection.base, user_by, item_by, selection.k)
    people = list(dict.fromkeys(r.user_group for r in crossing.rows))
    items = list(dict.fromkeys(r.item_group for r in crossing.rows))
    judged = {r: r.value for r in crossing.rows if r.value is not None}
    if not judged:
        st.info("Every cell is suppressed: no group of people is large enough.")
        return
    worst = min(judged, key=lambda r: (r.verdict != FAIL, judged[r]))
    chosen_people = wishes.one_of("people", people, worst.user_group)
    chosen_items = wishes.one_of("items", items, worst.item_group)
    st.plotly_chart(
        cell_map(crossing, theme=widgets.theme(), chosen=(chosen_people, chosen_items)),
        theme=None,
        key="cell-map",
        config={"displayModeBar": False},
        on_select=_clicked,
        selection_mode="points",
        alt=(
            f"Ratios of {len(people)} groups of people by {len(items)} groups of items; the table below holds the same."
        ),
    )
    left, right = st.columns(2)
    with left:
        pickers.choose("People", people, "people", chosen_people)
    with right:
        pickers.choose("Items", items, "items", chosen_items)
    _cell(selection, crossing, (user_by, chosen_people, item_by, chosen_items))
    widgets.table(
        cell_frame(crossing),
        f"cells-{selection.model}-{user_by}-{item_by}-k{selection.k}",
        "Every cell with its ratio, interval, adjusted p and verdict",
    )


def _clicked() -> None:
    """A click on a square picks its cell."""
    cell = clicked_cell(st.session_state.get("cell-map"))
    if cell is not None:
        address.put("people", cell[0])
        address.put("items", cell[1])


def clicked_cell(event: Mapping[str, Any] | None) -> tuple[str, str] | None:
    """The group of people and the group of items of a clicked square, as Streamlit tells of the click."""
    points = event["selection"]["points"] if event else []
    if not points or "customdata" not in points[0]:
        return None
    people, items = list(points[0]["customdata"])[:2]
    return str(people), str(items)


def _cell(selection: Selection, crossing: CellTable, cell: tuple[str, str, str, str]) -> None:
    _, people, _, items = cell
    row = next(r for r in crossing.rows if (r.user_group, r.item_group) == (people, items))
    if row.value is None:
        st.write(plain(f"{people} × {items}: {row.verdict}. {row.reason}", 300))
        return
    interval = f"95 % interval {row.low:.2f} to {row.high:.2f}" if row.low is not None else "no interval"
    adjusted = f", adjusted p of the limit {p_value(row.p_adjusted)}" if row.p_adjusted is not None else ""
    share = f"{row.value:.2f} of the catalogue share ({interval}{adjusted})"
    st.write(plain(f"{people} × {items}: {share}: {row.verdict}. {row.reason}", 500))
    behind = _behind(queries.home(), selection.base, cell, selection.k, selection.workspace.show_people)
    reached = "Few, or all but few," if behind.n_reached is None else count(behind.n_reached)
    if behind.n_reached and not selection.workspace.show_people:
        reached = f"About {reached}"
    st.caption(
        f"{reached} of {count(behind.n_people)} people have any of these "
        f"{count(behind.n_items)} items in their first {selection.k}."
    )
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("Shown to them most")
        for hit in behind.items[:8]:
            widgets.link("item", f"{plain(hit.label, 60)}, {plain(hit.detail, 40)}", item=hit.id)
        if not behind.items:
            st.caption("None of these items is in any of their lists.")
    with right:
        st.subheader("Why for one of them?")
        if not selection.workspace.show_people:
            st.caption("People of this workspace are not listed. Who has an id can ask on the page Why this.")
        labels = {hit.id: hit.label for hit in behind.items}
        names = {hit.id: hit.label for hit in behind.people}
        shown = 0
        for user, item, rank in behind.pairs:
            if shown < 8:
                label = plain(labels.get(item, queries.item(selection.name, item).label), 50)
                widgets.link(
                    "why",
                    f"{plain(names.get(user, user), 30)}: {label}, rank {rank}",
                    user=user,
                    item=item,
                    who=None,
                    history=None,
                )
                shown += 1


def cell_frame(crossing: CellTable) -> pd.DataFrame:
    columns = {
        "user_group": crossing.user_by,
        "item_group": crossing.item_by,
        "n": "people",
        "value": "ratio",
        "p_adjusted": "adjusted p",
    }
    return pd.DataFrame([row.as_json() for row in crossing.rows]).rename(columns=columns)


def trend(selection: Selection, by: str) -> None:
    """Popularity, diversity, concentration over the stored snapshots of this model."""
    st.header("From snapshot to snapshot")
    n = sum(s.model == selection.model for s in queries.fitted(selection.name))
    trends = _trends(queries.home(), selection.base, by, selection.k)
    points = max((len(t.points) for t in trends), default=0)
    if points < 2 or not n:
        st.caption(
            "There is one snapshot of this model on this data, so nothing to compare yet. Fit "
            "it again to see what changes."
        )
    names = [t.name for t in trends if t.points]
    if not names:
        return
    name = wishes.one_of("trend", names, "popularity lift" if "popularity lift" in names else names[0])
    pickers.choose("Metric", names, "trend", name)
    words = {w.name: w for w in queries.workbench().audits.metric_words()}
    meaning = next((w for key, w in words.items() if name.startswith(key)), None)
    if meaning:
        st.caption(plain(f"{meaning.title}. {meaning.formula}. Fair: {meaning.fair}.", 400))
    if points > 1:
        widgets.chart(trend_lines(trends, name, theme=widgets.theme()), "trend", f"{name} over {points} snapshots")
    frame = pd.DataFrame([{"metric": t.name, **p.as_json()} for t in trends for p in t.points])
    widgets.table(frame, f"trends-{selection.model}-{by}-k{selection.k}", "Every metric under every snapshot")


def words() -> None:
    """All metrics in words, with formula, source, range and what is fair."""
    metrics = queries.workbench().audits.metric_words()
    families = count_word(max(w.number for w in metrics))
    with st.expander(f"All {families} metrics: formula, source, range, what is fair"):
        columns = ["number", "name", "title", "formula", "range", "fair", "direction", "source"]
        widgets.rows(
            pd.DataFrame([w.as_json() for w in metrics], columns=columns),
            "Every metric with its formula and source",
        )
        st.caption(
            "A whole audit on the page Audit measures all of them, with intervals, and keeps a "
            "record that can be signed."
        )
