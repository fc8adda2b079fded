"""Measured models by group of people, and by day where lists are of now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from explain.charts.days import MOST_GROUPS, accuracy_by_day
from explain.format.numbers import with_interval
from explain.format.words import column_words
from explain.results.workspace import CohortAccuracy, EvaluationReport, ModelInfo
from pages.frame import pickers, queries, widgets, wishes
from pages.frame.text import plain


def chosen(workspace: str) -> str | None:
    """The column of people that the address asks for, or the first; None where nothing is known of them. Asked before
    the notices are drawn.
    """
    offered = queries.workbench().exposure.columns(workspace).get("user", [])
    return wishes.one_of("cohort", offered, offered[0]) if offered else None


def section(
    workspace: str,
    known: Mapping[str, ModelInfo],
    reports: Mapping[str, EvaluationReport],
    by: str | None,
    at: int,
) -> None:
    """Nothing where no model is measured. by: a column of people."""
    metric = f"ndcg@{at}"
    ranked = sorted(
        (name for name, report in reports.items() if metric in report.metrics),
        key=lambda name: -reports[name].metrics[metric]["value"],
    )
    if ranked and by is not None:
        _cohorts(workspace, known, reports[ranked[0]].split, ranked, by, at)
    days = {
        known[name].title: [(day.day, day.ndcg) for day in live.days]
        for name in ranked
        if (live := reports[name].live) is not None and live.days
    }
    if days:
        st.subheader("Day by day")
        lacking = len(days) - MOST_GROUPS
        more = f" The {MOST_GROUPS} best are drawn; {lacking} more are in the table." if lacking > 0 else ""
        st.caption(f"nDCG@{at} over the events of each day, every list as of its moment.{more}")
        widgets.chart(
            accuracy_by_day(days, f"nDCG@{at}", theme=widgets.theme()),
            "by-day",
            f"nDCG@{at} by day of {len(days)} models.",
        )
        rows = [{"model": title} | {day: round(value, 3) for day, value in points} for title, points in days.items()]
        widgets.table(pd.DataFrame(rows), "models-by-day", f"nDCG@{at} of each model by day", what="models")


def _cohorts(
    workspace: str, known: Mapping[str, ModelInfo], split: str, ranked: Sequence[str], by: str, at: int
) -> None:
    st.subheader("By group of people")
    offered = queries.workbench().exposure.columns(workspace)["user"]
    pickers.choose("Groups by", offered, "cohort", by, column_words)
    found = queries.workbench().evaluate.by_cohort(workspace, ranked, by, split=split, k=at)
    if not any(found.values()):
        st.info(
            "No group is large enough to be told, or the models were measured before groups were: measure them again."
        )
        return
    st.caption(
        f"nDCG@{at} with 95 % intervals over the people of each group. Groups that are too small, or that the others "
        "would give away, are left out. Whether a gap is more than chance is judged on Fairness and in an audit."
    )
    widgets.table(cohorts_frame(known, found), f"models-by-{by}", f"nDCG@{at} of each model by group", what="models")


def cohorts_frame(known: Mapping[str, ModelInfo], found: Mapping[str, Sequence[CohortAccuracy]]) -> pd.DataFrame:
    """One row a model, the best first; one column a group with its size."""
    rows = []
    for name, groups in found.items():
        told = {f"{g.group} (n = {g.n:,})": with_interval(g.value, g.low, g.high) for g in groups}
        rows.append({"model": plain(known[name].title)} | told)
    return pd.DataFrame(rows)
