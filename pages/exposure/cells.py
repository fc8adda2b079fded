"""The parts of Fairness behind the bars: cells of people and items and who is in them, every metric in words, trends."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import streamlit as st

from explain.charts.audits import cell_map, trend_lines
from explain.format.numbers import count_word, p_value
from explain.format.words import column_words
from explain.results.audit import FAIL
from pages.frame import address, pickers, queries, selection, widgets
from pages.frame.text import count, plain

_KEPT = 64
SIGNS: Final = "A cross fails, a filled square passes, a dot is insufficient evidence, an empty square is suppressed or has nothing to compare with."


@st.cache_data(max_entries=_KEPT, show_spinner="Looking at every cell …")
def _cells(home: str, base: tuple[str, str, str], user_by: str, item_by: str, k: int) -> dict[str, Any]:
    return queries.workbench().cells(base[0], base[1], user_by, item_by, k=k)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _behind(
    home: str, base: tuple[str, str, str], cell: tuple[str, str, str, str], k: int, listed: bool
) -> dict[str, Any]:
    """listed: whether the workspace lists people; part of what the answer is kept by."""
    return queries.workbench().behind_cell(base[0], base[1], *cell, k=k)


@st.cache_data(max_entries=16, show_spinner="Ranking every person under each snapshot …")
def _trends(home: str, base: tuple[str, str, str], by: str, k: int) -> list[dict[str, Any]]:
    return queries.workbench().trends(base[0], base[1], by, k=k)


def cells(spot: selection.Selection, item_by: str, user_columns: list[str]) -> None:
    """Who is shown what: a map of ratios, then the people and items behind one cell."""
    st.header("Who is shown what")
    if not user_columns:
        st.info("Nothing is known of the people, so lists cannot be told apart by group.")
        return
    st.caption(
        "Each square: the share of attention that a group of people gives to a group of items, divided by these items' share of the catalogue. "
        f"Grey is 1, blue more, orange less. {SIGNS}"
    )
    user_by = selection.one_of("cells", user_columns, user_columns[0])
    pickers.choose("People by", user_columns, "cells", user_by, column_words)
    found = _cells(queries.home(), spot.base, user_by, item_by, spot.k)
    people = list(dict.fromkeys(r["user_group"] for r in found["rows"]))
    items = list(dict.fromkeys(r["item_group"] for r in found["rows"]))
    judged = [r for r in found["rows"] if r["value"] is not None]
    if not judged:
        st.info("Every cell is suppressed: no group of people is large enough.")
        return
    worst = min(judged, key=lambda r: (r["verdict"] != FAIL, r["value"]))
    chosen_people = selection.one_of("people", people, worst["user_group"])
    chosen_items = selection.one_of("items", items, worst["item_group"])
    st.plotly_chart(
        cell_map(found, theme=widgets.theme(), chosen=(chosen_people, chosen_items)), theme=None, key="cell-map",
        config={"displayModeBar": False}, on_select=_clicked, selection_mode="points",
        alt=f"Ratios of {len(people)} groups of people by {len(items)} groups of items; the table below holds the same.",
    )  # fmt: skip
    left, right = st.columns(2)
    with left:
        pickers.choose("People", people, "people", chosen_people)
    with right:
        pickers.choose("Items", items, "items", chosen_items)
    _cell(spot, found, (user_by, chosen_people, item_by, chosen_items))
    widgets.table(
        cell_frame(found),
        f"cells-{spot.model}-{user_by}-{item_by}-k{spot.k}",
        "Every cell with its ratio, interval, adjusted p and verdict",
    )


def _clicked() -> None:
    """A click on a square picks its cell."""
    chosen_cell = st.session_state.get("cell-map")
    points = chosen_cell["chosen_cell"]["points"] if chosen_cell else []
    if points and "customdata" in points[0]:
        people, items = list(points[0]["customdata"])[:2]
        address.put("people", str(people))
        address.put("items", str(items))


def _cell(spot: selection.Selection, found: dict[str, Any], cell: tuple[str, str, str, str]) -> None:
    _, people, _, items = cell
    row = next(r for r in found["rows"] if (r["user_group"], r["item_group"]) == (people, items))
    if row["value"] is None:
        st.write(plain(f"{people} × {items}: {row['verdict']}. {row['reason']}", 300))
        return
    interval = f"95 % interval {row['low']:.2f} to {row['high']:.2f}" if row["low"] is not None else "no interval"
    adjusted = f", adjusted p of the limit {p_value(row['p_adjusted'])}" if row["p_adjusted"] is not None else ""
    st.write(
        plain(
            f"{people} × {items}: {row['value']:.2f} of the catalogue share ({interval}{adjusted}): {row['verdict']}. {row['reason']}",
            500,
        )
    )
    behind = _behind(queries.home(), spot.base, cell, spot.k, spot.workspace.show_people)
    reached = "Few, or all but few," if behind["n_reached"] is None else count(behind["n_reached"])
    if behind["n_reached"] and not spot.workspace.show_people:
        reached = f"About {reached}"
    st.caption(
        f"{reached} of {count(behind['n_people'])} people have any of these {count(behind['n_items'])} items in their first {spot.k}."
    )
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("Shown to them most")
        for hit in behind["items"][:8]:
            widgets.link("item", f"{plain(hit.label, 60)}, {plain(hit.detail, 40)}", item=hit.id)
        if not behind["items"]:
            st.caption("None of these items is in any of their lists.")
    with right:
        st.subheader("Why for one of them?")
        if not spot.workspace.show_people:
            st.caption("People of this workspace are not listed. Who has an id can ask on the page Why this.")
        labels = {hit.id: hit.label for hit in behind["items"]}
        names = {hit.id: hit.label for hit in behind["people"]}
        shown = 0
        for user, item, rank in behind["pairs"]:
            if shown < 8:
                label = plain(labels.get(item, queries.item(spot.name, item).label), 50)
                widgets.link(
                    "why",
                    f"{plain(names.get(user, user), 30)}: {label}, rank {rank}",
                    user=user,
                    item=item,
                    who=None,
                    history=None,
                )
                shown += 1


def cell_frame(found: dict[str, Any]) -> pd.DataFrame:
    columns = {
        "user_group": found["user_by"],
        "item_group": found["item_by"],
        "n": "people",
        "value": "ratio",
        "p_adjusted": "adjusted p",
    }
    return pd.DataFrame(found["rows"]).rename(columns=columns)


def trend(spot: selection.Selection, by: str) -> None:
    """Popularity, diversity, concentration over the stored snapshots of this model."""
    st.header("From snapshot to snapshot")
    n = sum(s.model == spot.model for s in queries.fitted(spot.name))
    rows = _trends(queries.home(), spot.base, by, spot.k)
    points = max((len(r["points"]) for r in rows), default=0)
    if points < 2 or not n:
        st.caption(
            "There is one snapshot of this model on this data, so nothing to compare yet. Fit it again to see what changes."
        )
    names = [r["name"] for r in rows if r["points"]]
    if not names:
        return
    name = selection.one_of("trend", names, "popularity lift" if "popularity lift" in names else names[0])
    pickers.choose("Metric", names, "trend", name)
    words = {w["name"]: w for w in queries.workbench().metric_words()}
    meaning = next((w for key, w in words.items() if name.startswith(key)), None)
    if meaning:
        st.caption(plain(f"{meaning['title']}. {meaning['formula']}. Fair: {meaning['fair']}.", 400))
    if points > 1:
        widgets.chart(trend_lines(rows, name, theme=widgets.theme()), "trend", f"{name} over {points} snapshots")
    frame = pd.DataFrame([{"metric": r["name"], **p} for r in rows for p in r["points"]])
    widgets.table(frame, f"trends-{spot.model}-{by}-k{spot.k}", "Every metric under every snapshot")


def words() -> None:
    """All metrics in words, with formula, source, range and what is fair."""
    metrics = queries.workbench().metric_words()
    families = count_word(max(w["number"] for w in metrics))
    with st.expander(f"All {families} metrics: formula, source, range, what is fair"):
        columns = ("number", "name", "title", "formula", "range", "fair", "direction", "source")
        widgets.rows(
            pd.DataFrame([{c: w[c] for c in columns} for w in metrics]),
            "Every metric with its formula and source",
        )
        st.caption(
            "A whole audit on the page Audit measures all of them, with intervals, and keeps a record that can be signed."
        )
