"""Who gets exposure, and for whom the lists are good: a verdict in words, groups with intervals, the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pandas as pd
import streamlit as st

from core.texts import UNKNOWN, command
from explain.charts.bars import exposure_bars
from explain.format.words import browsing_words, column_words
from explain.results.audit import NOT_ESTIMABLE, AuditReport, AuditRow, GroupShares, ItemOverall
from explain.workbench.tasks import Task
from pages.exposure import cells, gap, guardrails, over_time
from pages.exposure import queries as exposure_queries
from pages.frame import jobs, moments, pickers, queries, widgets, wishes
from pages.frame.selection import K_MOST, Selection
from pages.frame.text import lead, plain

SIDES = {"item": "Items: who gets exposure", "user": "People: for whom lists are good"}
CHARTED: Final = 25


def page() -> None:
    st.title("Fairness")
    selection = widgets.shared_selection()
    columns = queries.workbench().exposure.columns(selection.name)
    side = wishes.one_of("side", [s for s in SIDES if columns.get(s)] or ["item"], "item")
    offered = columns.get(side, [])
    by = wishes.one_of("by", offered, offered[0]) if offered else None
    widgets.notices()
    pickers.segments("Side", SIDES, "side", side)
    if by is None:
        st.info(
            "Nothing is known of these people or items that they could be grouped by, so there is nothing to compare."
        )
        return
    left, right = st.columns([3, 1])
    with left:
        pickers.choose("Group by", offered, "by", by, column_words)
    with right:
        pickers.length(min(K_MOST, selection.workspace.n_items or K_MOST), selection.k)
    if side == "item":
        moments.slider(selection)
    report = exposure_queries.item_audit(selection, by) if side == "item" else _measured(selection, by)
    if report is not None:
        _answer(report)
    if side == "item":
        over_time.section(selection, by)
    if side == "item":
        if selection.at is None:
            cells.cells(selection, by, columns.get("user", []))
        else:
            st.info("This is the exposure of that moment. Cells of people and items are told of the end of the data.")
        if report is not None:
            gap.section(selection, report)
            guardrails.section(
                selection, by, [row.group for row in report.rows if row.group != UNKNOWN], columns.get("user", [])
            )
        if selection.at is None:
            cells.trend(selection, by)
    cells.words()
    widgets.link("audit", "A whole audit, with thresholds, a record and a signature")


def _measured(selection: Selection, by: str) -> AuditReport | None:
    """Quality for people needs a refit on the training part: long, so it runs on a button and is stored."""
    bench = queries.workbench()
    stored = bench.exposure.stored(selection.name, selection.model, by, side="user", k=selection.k)
    if stored is not None:
        return stored
    st.info(
        "This is not measured yet. It hides a part of each person's events, fits the model to the "
        "rest, and looks how well "
        "the lists find what was hidden. That takes from seconds to a few minutes; the result is stored."
    )
    name, model, _ = selection.base
    jobs.panel(
        f"audit-{name}-{model}-user-{by}-{selection.k}",
        "Measure for whom the lists are good",
        f"Measuring {queries.models()[model].title} by {column_words(by)}",
        Task("exposure.audit", {"workspace": name, "model": model, "by": by, "side": "user", "k": selection.k}),
        command("audit", "--workspace", name, "--model", model, "--by", by, "--side", "user", "-k", str(selection.k)),
    )
    return None


def _answer(report: AuditReport) -> None:
    lead(verdict_sentence(report))
    st.caption(_how(report))
    drawn = charted(report)
    st.header("Groups")
    title = "Exposure" if report.side == "item" else report.metric
    widgets.chart(
        exposure_bars(drawn, theme=widgets.theme()),
        "groups",
        f"{title} of {len(drawn.rows)} groups with intervals; the table below holds the same.",
    )
    hidden = len(report.rows) - len(drawn.rows)
    if hidden:
        st.caption(f"The {len(drawn.rows)} largest groups are drawn; {hidden:,} others are in the table and the CSV.")
    widgets.table(
        report_frame(report),
        f"fairness-{report.model}-{report.by}-{report.side}-k{report.k}",
        "Every group with its value, interval and verdict",
        {"verdict": st.column_config.TextColumn(width="medium")},
        what="groups",
    )
    if note := report.overall.note:
        st.caption(plain(note, 400))


def verdict_sentence(report: AuditReport) -> str:
    """The verdict in words, with its reason."""
    subject = f"{'Exposure' if report.side == 'item' else 'Quality for people'} by {column_words(report.by)}"
    verdict = report.overall.verdict or NOT_ESTIMABLE
    return f"{subject}: {verdict}. {report.overall.reason}".strip()


def _how(report: AuditReport) -> str:
    if report.side == "item":
        low, high = report.threshold.get("low", 0.8), report.threshold.get("high", 1.25)
        return (
            f"Share of attention in everybody's top {report.k} (the first places count more: "
            f"{plain(browsing_words(report.browsing))}) divided by the share of "
            f"the catalogue. 1 is an equal share; {low} to {high} is allowed. Bars are 95 % "
            "intervals over people. p tests the limit, not 1: how often a group truly at the "
            "limit would look so far beyond it."
        )
    return (
        f"{plain(report.metric)} of each group, compared with {plain(report.target)}; a group "
        f"fails if it is surely more than {report.threshold.get('gap', 0.05)} below. "
        "p tests that limit, not equality. "
        "Groups with too few people are not judged. Bars are 95 % intervals over people."
    )


def _shares(report: AuditReport) -> Mapping[str, GroupShares]:
    """What each group of items has; empty for people."""
    return report.overall.shares if isinstance(report.overall, ItemOverall) else {}


def charted(report: AuditReport, most: int = CHARTED) -> AuditReport:
    """The report with its `most` largest groups, in their own order."""
    shares = _shares(report)

    def size(row: AuditRow) -> float:
        share = shares.get(row.group)
        return share.catalogue if share else float(row.n or 0)

    kept = {id(row) for row in sorted(report.rows, key=size, reverse=True)[:most]}
    return replace(report, rows=tuple(row for row in report.rows if id(row) in kept))


def report_frame(report: AuditReport) -> pd.DataFrame:
    """One row a group; the item side also with both shares."""
    shares = _shares(report)
    value = "ratio" if report.side == "item" else report.metric
    rows = []
    for row in report.rows:
        both = shares.get(row.group)
        given = {
            "exposure share": None if both is None else both.exposure,
            "catalogue share": None if both is None else both.catalogue,
        }
        rows.append(
            {
                "group": row.group,
                "n": row.n,
                value: row.value,
                "low": row.low,
                "high": row.high,
                "adjusted p": row.p_adjusted,
                "verdict": row.verdict,
            }
            | (given if shares else {})
            | {"reason": row.reason}
        )
    return pd.DataFrame(rows)


if __name__ == "__main__":  # Streamlit runs a page as a script; tests import it
    page()
