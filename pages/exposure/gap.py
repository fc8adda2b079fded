"""Through which links a group of items gets less, or more, than its share: a waterfall from a list drawn by lot to the lists as they are."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from core.texts import UNKNOWN
from explain.charts.attribution import GapAttribution, gap_waterfall
from explain.results.audit import AuditReport
from pages.frame import pickers, queries, selection, widgets
from pages.frame.text import count, plain

THROUGH: Final = {"relations": "Links of the graph", "events": "Kinds of events", "age": "Newer and older history"}


@st.cache_data(max_entries=48, show_spinner="Ranking without each link in turn …")
def _gap(home: str, base: tuple[str, str, str], by: str, group: str, k: int, through: str) -> GapAttribution:
    return queries.workbench().gap_attribution(base[0], base[1], by, group, k, through=through)


def section(spot: selection.Selection, report: AuditReport) -> None:
    """One group, the least shown one first."""
    known = [row for row in report.rows if row.group != UNKNOWN and row.value is not None]
    if len(known) < 2:
        return
    st.header("Through which links?")
    worst = min(known, key=lambda row: row.value if row.value is not None else 0.0)
    groups = [row.group for row in known]
    left, right = st.columns(2, gap="medium")
    with left:
        group = selection.one_of("gap", groups, worst.group)
        pickers.choose("Group", groups, "gap", group)
    with right:
        through = selection.one_of("through", list(THROUGH), "relations")
        pickers.choose("By", list(THROUGH), "through", through, lambda t: THROUGH[t])
    found = _gap(queries.home(), spot.base, report.by, group, spot.k, through)
    st.write(plain(found.sentence.replace("*", ""), 600))
    widgets.chart(
        gap_waterfall(found, theme=widgets.theme()),
        "gap",
        f"Gap of {group} from a random list to the lists as they are, part by part; the table holds the same.",
    )
    st.caption(
        f"Shapley values over every combination of links, over {_whose(found)}; they add up to the gap less that of a "
        f"random list, error {found.completeness_error:.0e}. Lines are 95 % intervals over people."
    )
    rows = [{"through": p.label, "part of the gap": p.value, "low": p.low, "high": p.high} for p in found.parts]
    widgets.table(pd.DataFrame(rows), f"gap-{spot.model}-{report.by}-{through}", "The gap by what it comes through")


def _whose(found: GapAttribution) -> str:
    if found.n_people == found.n_people_all:
        return f"all {count(found.n_people)} people"
    return f"{count(found.n_people)} of {count(found.n_people_all)} people, drawn with seed {found.seed}"
