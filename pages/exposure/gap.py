"""Through which links a group of items gets less, or more, than its share.

A waterfall leads from a list drawn by lot to the lists as they are.
"""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from core.texts import UNKNOWN
from explain.charts.attribution import gap_waterfall
from explain.results.audit import AuditReport
from explain.results.exposure import GapAttribution
from pages.frame import pickers, queries, widgets, wishes
from pages.frame.selection import Selection
from pages.frame.text import count, plain

THROUGH: Final = {"relations": "Links of the graph", "events": "Kinds of events", "age": "Newer and older history"}


@st.cache_data(max_entries=48, show_spinner="Ranking without each link in turn …")
def _gap(
    home: str, base: tuple[str, str, str], by: str, group: str, k: int, through: str, at: int | None
) -> GapAttribution:
    return queries.workbench().exposure.gap_attribution(base[0], base[1], by, group, k, through=through, at=at)


def section(selection: Selection, report: AuditReport) -> None:
    """One group, the least shown one first."""
    known = [row for row in report.rows if row.group != UNKNOWN and row.value is not None]
    if len(known) < 2:
        return
    st.header("Through which links?")
    worst = min(known, key=lambda row: row.value if row.value is not None else 0.0)
    groups = [row.group for row in known]
    left, right = st.columns(2, gap="medium")
    with left:
        group = wishes.one_of("gap", groups, worst.group)
        pickers.choose("Group", groups, "gap", group)
    with right:
        through = wishes.one_of("through", list(THROUGH), "relations")
        pickers.choose("By", list(THROUGH), "through", through, lambda t: THROUGH[t])
    attribution = _gap(queries.home(), selection.base, report.by, group, selection.k, through, selection.at)
    st.write(plain(attribution.sentence.replace("*", ""), 600))
    widgets.chart(
        gap_waterfall(attribution, theme=widgets.theme()),
        "gap",
        f"Gap of {group} from a random list to the lists as they are, part by part; the table holds the same.",
    )
    st.caption(
        f"Shapley values over every combination of links, over {_whose(attribution)}; they add up "
        "to the gap less that of a "
        f"random list, error {attribution.completeness_error:.0e}. Lines are 95 % intervals over people."
    )
    rows = [{"through": p.label, "part of the gap": p.value, "low": p.low, "high": p.high} for p in attribution.parts]
    widgets.table(
        pd.DataFrame(rows), f"gap-{selection.model}-{report.by}-{through}", "The gap by what it comes through"
    )


def _whose(attribution: GapAttribution) -> str:
    if attribution.n_people == attribution.n_people_all:
        return f"all {count(attribution.n_people)} people"
    return (
        f"{count(attribution.n_people)} of {count(attribution.n_people_all)} people, drawn with seed {attribution.seed}"
    )
