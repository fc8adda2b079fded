"""Exposure over days and weeks: the lists of many moments, by day, and the first hours of new items."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.texts import command
from explain.charts.days import drawn_groups, ratio_by_day
from explain.format.dates import minute_in_words, span
from explain.format.numbers import amount, with_interval
from explain.format.words import column_words
from explain.results.window import WindowReport
from explain.workbench.tasks import Task
from pages.frame import jobs, queries, widgets
from pages.frame.selection import Selection
from pages.frame.text import percent, plain


def section(selection: Selection, by: str) -> None:
    bench = queries.workbench()
    usual = bench.over_time.usual(selection.name)
    if usual is None:
        return
    st.header("Over time")
    report = bench.over_time.stored(selection.name, selection.model, by, k=selection.k)
    if report is not None:
        _answer(report)
    start, end, every = usual
    name, model, _ = selection.base
    if report is None:
        st.info(
            f"A moment stands for a moment. Over {span(end - start)}, every {span(every)}, the lists of everybody who "
            "was active then are made as they would have been, and their attention is added up. It takes a minute."
        )
    jobs.panel(
        f"window-{name}-{model}-{by}-{selection.k}",
        "Audit these weeks" if report is None else "Audit them again",
        f"Auditing {column_words(by)} over time",
        Task(
            "over_time.audit",
            {"workspace": name, "model": model, "by": by, "start": start, "end": end, "every": every, "k": selection.k},
        ),
        command(
            "audit",
            "--workspace",
            name,
            "--model",
            model,
            "--by",
            by,
            "--window",
            f"{start},{end}",
            "--every",
            f"{every / 3600:g}",
            "-k",
            str(selection.k),
        ),
    )


def _answer(report: WindowReport) -> None:
    window = report.window
    st.markdown(
        plain(
            f"{report.overall.reason} {window.n_lists:,} lists of {window.n_people:,} people at {window.n_moments:,} "
            f"moments, {minute_in_words(window.start)} to {minute_in_words(window.end)}; what was due is the catalogue "
            "of each moment.",
            600,
        )
    )
    drawn = drawn_groups(report)
    widgets.chart(
        ratio_by_day(report, theme=widgets.theme()), "by-day", f"Exposure ratio by day of {len(drawn)} groups."
    )
    rows = [
        (r.group, r.n, with_interval(r.value, r.low, r.high), r.verdict) for r in report.rows if r.value is not None
    ]
    frame = pd.DataFrame(rows, columns=["group", "items", "ratio over the window", "verdict"])
    name = f"window-{report.model}-{report.by}-k{report.k}"
    widgets.table(frame, name, "Each group over the whole window", what="groups over time")
    days = pd.DataFrame(
        [(d.day, d.group, d.share, d.due, d.ratio, d.n_lists) for d in window.days],
        columns=["day", "group", "share", "due", "ratio", "lists"],
    )
    widgets.csv(days, f"{name}-days", "by day")
    early = [
        (e.group, e.hours, e.n_items, _mean(e.attention), _never(e.never_shown)) for e in window.early if e.n_items
    ]
    if early:
        columns = ["group", "first hours", "new items", "attention an item", "never shown"]
        with st.expander("New items in their first hours"):
            st.caption("Attention over all lists of that time, a mean an item; items that came within the window.")
            widgets.table(pd.DataFrame(early, columns=columns), f"{name}-early", "New items", what="new items")


def _mean(value: float | None) -> str:
    return "–" if value is None else amount(value, signed=False)


def _never(value: float | None) -> str:
    return "–" if value is None else percent(value)
