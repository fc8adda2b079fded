"""Everything that an audit measured, as charts and tables.

Groups, metrics, parameters, baselines without a profile, gaps and repairs.
"""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from explain.charts.bars import exposure_bars
from explain.format.words import column_words
from explain.results.audit import FAIL, INSUFFICIENT, PASS, AuditReport, ColumnAudit, ItemOverall, PeopleOverall
from explain.results.audit_record import AuditRecord
from explain.workbench import record_words
from pages.frame import widgets
from pages.frame.text import plain

_TITLES: Final = {
    "item_audits": "Who gets exposure",
    "user_audits": "For whom the lists are good",
    "intersections": "Intersections of people",
}
_METRICS: Final = (
    "number",
    "name",
    "by",
    "group",
    "value",
    "low",
    "high",
    "n",
    "fair",
    "range",
    "verdict",
    "reason",
    "formula",
    "source",
)


def details(record: AuditRecord) -> None:
    _groups(record)
    _hidden(record)
    _metrics(record)
    _weights(record)
    _gaps(record)
    _baselines(record)
    _repairs(record)


def as_report(audit: ColumnAudit, record: AuditRecord, most: int = 25) -> AuditReport:
    """One column of a record as the report that the charts draw.

    It holds the largest groups, without those too small to be shown.
    """
    shown = [r for r in audit.rows if not record_words.is_small_group(audit, r, record.plan.min_cell)]
    kept = {r.group for r in sorted(shown, key=lambda r: -(r.n or 0))[:most]}
    return AuditReport(
        workspace=record.plan.workspace,
        model=record.plan.model,
        snapshot=record.provenance.model or "",
        by=audit.by,
        side=audit.side,
        k=audit.k,
        metric=audit.metric,
        browsing=audit.browsing,
        target=audit.target,
        threshold=audit.threshold,
        rows=tuple(r for r in shown if r.group in kept),
        overall=audit.overall,
    )


def group_frame(audit: ColumnAudit, record: AuditRecord) -> pd.DataFrame:
    """Every group of a column in words; a group too small to be told shows only that it is."""
    least = record.plan.min_cell
    worst = audit.overall.worst_case if isinstance(audit.overall, ItemOverall) else {}
    rows = []
    for r in audit.rows:
        small = record_words.is_small_group(audit, r, least)
        row = {
            "group": r.group,
            "items" if audit.side == "item" else "people": record_words.few(r.n, least) if small else r.n,
            "value": r.value,
            "low": r.low,
            "high": r.high,
            "impact ratio": r.impact_ratio,
            widgets.P: r.p_adjusted,
            "verdict": "suppressed" if small else r.verdict,
            "reason": record_words.small_reason(r, least) if small else r.reason,
        }
        if worst:
            low, high = worst.get(r.group, (None, None))
            row |= {"lowest if the unknown were known": low, "highest if the unknown were known": high}
        rows.append(row)
    frame = pd.DataFrame(rows)
    return (
        frame.assign(people=frame["people"].map(str))
        if "people" in frame and frame["people"].dtype == object
        else frame
    )


def _groups(record: AuditRecord) -> None:
    sections = {
        "item_audits": record.item_audits,
        "user_audits": record.user_audits,
        "intersections": record.intersections,
    }
    for key, audits in sections.items():
        if not audits:
            continue
        st.header(_TITLES[key])
        tabs = st.tabs([plain(column_words(a.by), 40) for a in audits]) if len(audits) > 1 else [st.container()]
        for tab, audit in zip(tabs, audits, strict=True):
            with tab:
                _group(record, audit, key)


def _group(record: AuditRecord, audit: ColumnAudit, key: str) -> None:
    overall = audit.overall
    st.write(plain(f"{overall.verdict.capitalize()}: {overall.reason}", 500))
    limit_note = overall.limit_note if isinstance(overall, PeopleOverall) else ""
    for note in (limit_note, record_words.by_chance(audit)):
        if note:
            st.caption(plain(note, 600))
    widgets.chart(
        exposure_bars(as_report(audit, record), theme=widgets.theme()),
        f"{key}-{audit.by}",
        f"{audit.metric} by {column_words(audit.by)} with intervals",
    )
    frame = group_frame(audit, record)
    widgets.table(frame, f"{record.id[:8]}-{key}-{audit.by}", f"Every group of {column_words(audit.by)}")


def _hidden(record: AuditRecord) -> None:
    st.header("Suppressed and unknown")
    if hidden := record_words.hidden(record):
        st.write(plain(hidden, 600))
    frame = pd.DataFrame(record_words.unknown(record), columns=["column", "unknown", "counted among"])
    widgets.rows(frame, "How many are unknown in each column, among those that the audit measured")


def _metrics(record: AuditRecord) -> None:
    st.header("Every metric")
    rows = []
    for m in record.metrics:
        small = record_words.is_small_metric(record, m)
        n = record_words.n_hidden(m.n, record.plan.min_cell) if small else record_words.n_of_metric(record, m)
        rows.append({c: getattr(m, c) for c in _METRICS} | {"n": n, "verdict": "suppressed" if small else m.verdict})
    frame = pd.DataFrame(rows, columns=list(_METRICS))
    if not any(m.verdict in (PASS, FAIL, INSUFFICIENT) for m in record.metrics):
        st.caption("No limit was set for any of these metrics: they describe, and do not judge.")
    overall = frame[frame["group"].fillna("") == ""].drop(columns="group")
    widgets.rows(overall, "Every metric over all people, with interval, fair value and formula")
    widgets.csv(frame, f"{record.id[:8]}-metrics")


def _weights(record: AuditRecord) -> None:
    levels = record_words.levels(record)
    if not levels:
        return
    st.header("What the recommender goes by")
    st.write(plain(record.parameters.why, 1_200))
    st.caption(
        "Measured, not declared: the share of the amounts behind everybody's listed items. The "
        "shares of a table add up to 1."
    )
    for level in levels:
        st.subheader(plain(level.title))
        st.caption(plain(level.meaning, 400))
        rows = pd.DataFrame([w.as_json() for w in level.weights])[["name", "share", "low", "high"]]
        widgets.rows(rows, f"Measured weights: {level.title}")
    widgets.csv(pd.DataFrame([w.as_json() for w in record.parameters.weights]), f"{record.id[:8]}-weights")


def _gaps(record: AuditRecord) -> None:
    if not record.attribution:
        return
    st.header("Through which links the gap comes")
    st.caption(
        "Shares of all attention, by Shapley values: a random list and the parts add up to the whole gap, the last row."
    )
    rows = []
    for gap, table in zip(record.attribution, record_words.attribution(record), strict=True):
        for line in table.lines:
            st.write(plain(line, 900))
        chance = [{"relation": "a random list", "value": gap.gap_random}] if gap.gap_random is not None else []
        whole = {"relation": "the whole gap", "value": gap.gap, "low": gap.gap_low, "high": gap.gap_high}
        parts = [part.as_json() for part in gap.parts]
        rows += [{"group": gap.group, **part} for part in (*chance, *parts, whole)]
    frame = pd.DataFrame(rows, columns=["group", "relation", "value", "low", "high"]).rename(
        columns={"relation": "part"}
    )
    widgets.table(frame, f"{record.id[:8]}-attribution", "What each gap comes through, with intervals and the whole")


def _baselines(record: AuditRecord) -> None:
    if not record.non_profiling:
        return
    st.header("Beside lists that know nobody")
    tables = record_words.baselines(record)
    st.write(plain(tables.measured_on, 300))
    widgets.rows(pd.DataFrame(tables.rules, columns=["arm", "profiles people", "rule"]), "How each arm ranks")
    rows = [
        {"arm": baseline.title, "metric": name, **figure.as_json()}
        for baseline in record.non_profiling
        for name, figure in baseline.metrics.items()
    ]
    widgets.table(pd.DataFrame(rows), f"{record.id[:8]}-arms", "The model beside popularity and recency")
    exposure = [
        {"arm": baseline.title, **row.as_json()} for baseline in record.non_profiling for row in baseline.exposure
    ]
    if exposure:
        st.caption(plain(f"Exposure ratio by {tables.by}: 1 is a group's share of the catalogue.", 200))
        widgets.table(
            pd.DataFrame(exposure),
            f"{record.id[:8]}-arms-exposure",
            f"Exposure by {tables.by} of each arm",
        )


def _repairs(record: AuditRecord) -> None:
    if not record.mitigations:
        return
    st.header("What it would cost to change it")
    for n, (repair, words) in enumerate(zip(record.mitigations, record_words.mitigations(record), strict=True)):
        st.subheader(plain(words.name, 300))
        for line in (f"Cost: {words.cost}", f"Gain: {words.gain}", words.worsened):
            if line:
                st.write(plain(line, 800))
        if repair.rows:
            after = {"low": "low after", "high": "high after", "verdict": "verdict after"}
            frame = pd.DataFrame([row.as_json() for row in repair.rows]).rename(columns=after)
            widgets.table(frame, f"{record.id[:8]}-repair-{n}", f"Each group before and after: {words.name}")
