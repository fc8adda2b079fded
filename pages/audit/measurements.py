"""Everything that an audit measured, as charts and tables.

Groups, metrics, parameters, baselines without a profile, gaps and repairs.
"""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import streamlit as st

from explain.charts.bars import exposure_bars
from explain.format.words import column_words
from explain.records import html_tables
from explain.records import summary as record_summary
from explain.records import words as record_words
from explain.results.audit import FAIL, INSUFFICIENT, PASS, AuditReport, AuditRow
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


def details(record: dict[str, Any]) -> None:
    _groups(record)
    _hidden(record)
    _metrics(record)
    _weights(record)
    _gaps(record)
    _baselines(record)
    _repairs(record)


def as_report(audit: dict[str, Any], record: dict[str, Any], most: int = 25) -> AuditReport:
    """One column of a record as the report that the charts draw.

    It holds the largest groups, without those too small to be shown.
    """
    fields = ("group", "n", "value", "low", "high", "verdict", "reason", "p_adjusted")
    shown = [r for r in audit["rows"] if not _small(audit, r, record)]
    kept = {r["group"] for r in sorted(shown, key=lambda r: -r["n"])[:most]}
    audit_rows = tuple(AuditRow(**{f: r.get(f) for f in fields}) for r in shown if r["group"] in kept)
    plan = record["plan"]
    return AuditReport(
        plan["workspace"],
        plan["model"],
        record["provenance"]["model"],
        audit["by"],
        audit["side"],
        audit["k"],
        audit["metric"],
        audit["browsing"],
        audit["target"],
        audit["threshold"],
        audit_rows,
        audit["overall"],
    )


def group_frame(audit: dict[str, Any], record: dict[str, Any]) -> pd.DataFrame:
    """Every group of a column in words; a group too small to be told shows only that it is."""
    least, worst = record_words.least_shown(record), audit["overall"].get("worst_case") or {}
    rows = []
    for r in audit["rows"]:
        small = _small(audit, r, record)
        row = {
            "group": r["group"],
            "items" if audit["side"] == "item" else "people": record_words.few(r["n"], least) if small else r["n"],
            "value": r["value"],
            "low": r["low"],
            "high": r["high"],
            "impact ratio": r.get("impact_ratio"),
            widgets.P: r.get("p_adjusted"),
            "verdict": "suppressed" if small else r["verdict"],
            "reason": f"Fewer than {least} people: not shown." if small and "suppressed" not in r else r["reason"],
        }
        if worst:
            low, high = worst.get(r["group"], (None, None))
            row |= {"lowest if the unknown were known": low, "highest if the unknown were known": high}
        rows.append(row)
    frame = pd.DataFrame(rows)
    return (
        frame.assign(people=frame["people"].map(str))
        if "people" in frame and frame["people"].dtype == object
        else frame
    )


def _small(audit: dict[str, Any], row: dict[str, Any], record: dict[str, Any]) -> bool:
    return audit["side"] == "user" and record_summary.is_small(row, record_words.least_shown(record))


def _groups(record: dict[str, Any]) -> None:
    for key, title in _TITLES.items():
        audits = record[key]
        if not audits:
            continue
        st.header(title)
        tabs = st.tabs([plain(column_words(a["by"]), 40) for a in audits]) if len(audits) > 1 else [st.container()]
        for tab, audit in zip(tabs, audits, strict=True):
            with tab:
                _group(record, audit, key)


def _group(record: dict[str, Any], audit: dict[str, Any], key: str) -> None:
    overall = audit["overall"]
    st.write(plain(f"{overall['verdict'].capitalize()}: {overall['reason']}", 500))
    for note in (overall.get("limit_note"), record_summary.by_chance(audit)):
        if note:
            st.caption(plain(note, 600))
    widgets.chart(
        exposure_bars(as_report(audit, record), theme=widgets.theme()),
        f"{key}-{audit['by']}",
        f"{audit['metric']} by {column_words(audit['by'])} with intervals",
    )
    frame = group_frame(audit, record)
    widgets.table(frame, f"{record['id'][:8]}-{key}-{audit['by']}", f"Every group of {column_words(audit['by'])}")


def _hidden(record: dict[str, Any]) -> None:
    st.header("Suppressed and unknown")
    if hidden := record_summary.hidden(record):
        st.write(plain(hidden, 600))
    frame = pd.DataFrame(html_tables.unknown(record), columns=["column", "unknown", "counted among"])
    widgets.rows(frame, "How many are unknown in each column, among those that the audit measured")


def _metrics(record: dict[str, Any]) -> None:
    st.header("Every metric")
    least = record_words.least_shown(record)
    rows = []
    for m in record["metrics"]:
        small = record_summary.is_small_metric(record, m)
        n = record_words.n_hidden(m["n"], least) if small else record_summary.n_of_metric(record, m)
        rows.append({c: m.get(c) for c in _METRICS} | {"n": n, "verdict": "suppressed" if small else m["verdict"]})
    frame = pd.DataFrame(rows, columns=list(_METRICS))
    if not any(m["verdict"] in (PASS, FAIL, INSUFFICIENT) for m in record["metrics"]):
        st.caption("No limit was set for any of these metrics: they describe, and do not judge.")
    overall = frame[frame["group"].fillna("") == ""].drop(columns="group")
    widgets.rows(overall, "Every metric over all people, with interval, fair value and formula")
    widgets.csv(frame, f"{record['id'][:8]}-metrics")


def _weights(record: dict[str, Any]) -> None:
    levels = record_summary.levels(record)
    if not levels:
        return
    st.header("What the recommender goes by")
    st.write(plain(record["parameters"]["why"], 1_200))
    st.caption(
        "Measured, not declared: the share of the amounts behind everybody's listed items. The "
        "shares of a table add up to 1."
    )
    for title, meaning, rows in levels:
        st.subheader(plain(title))
        st.caption(plain(meaning, 400))
        widgets.rows(pd.DataFrame(rows)[["name", "share", "low", "high"]], f"Measured weights: {title}")
    widgets.csv(pd.DataFrame(record["parameters"]["weights"]), f"{record['id'][:8]}-weights")


def _gaps(record: dict[str, Any]) -> None:
    if not record["attribution"]:
        return
    st.header("Through which links the gap comes")
    st.caption(
        "Shares of all attention, by Shapley values: a random list and the parts add up to the whole gap, the last row."
    )
    rows = []
    for gap, words in zip(record["attribution"], html_tables.attribution(record), strict=True):
        for line in words["told"]:
            st.write(plain(line, 900))
        chance = (
            [{"relation": "a random list", "value": gap["gap_random"]}] if gap.get("gap_random") is not None else []
        )
        whole = {
            "relation": "the whole gap",
            "value": gap["gap"],
            "low": gap.get("gap_low"),
            "high": gap.get("gap_high"),
        }
        rows += [{"group": gap["group"], **part} for part in (*chance, *gap["parts"], whole)]
    frame = pd.DataFrame(rows, columns=["group", "relation", "value", "low", "high"]).rename(
        columns={"relation": "part"}
    )
    widgets.table(frame, f"{record['id'][:8]}-attribution", "What each gap comes through, with intervals and the whole")


def _baselines(record: dict[str, Any]) -> None:
    if not record["non_profiling"]:
        return
    st.header("Beside lists that know nobody")
    words = html_tables.arms(record)
    st.write(plain(words["told"], 300))
    widgets.rows(pd.DataFrame(words["rules"], columns=["arm", "profiles people", "rule"]), "How each arm ranks")
    rows = [
        {"arm": arm["arm"], "metric": name, **figure}
        for arm in record["non_profiling"]
        for name, figure in arm["metrics"].items()
    ]
    widgets.table(pd.DataFrame(rows), f"{record['id'][:8]}-arms", "The model beside popularity and recency")
    exposure = [{"arm": arm["arm"], **row} for arm in record["non_profiling"] for row in arm.get("exposure") or ()]
    if exposure:
        st.caption(plain(f"Exposure ratio by {column_words(words['by'])}: 1 is a group's share of the catalogue.", 200))
        widgets.table(
            pd.DataFrame(exposure),
            f"{record['id'][:8]}-arms-exposure",
            f"Exposure by {column_words(words['by'])} of each arm",
        )


def _repairs(record: dict[str, Any]) -> None:
    if not record["mitigations"]:
        return
    st.header("What it would cost to change it")
    for n, (repair, words) in enumerate(zip(record["mitigations"], html_tables.mitigations(record), strict=True)):
        st.subheader(plain(words["name"], 300))
        for line in (f"Cost: {words['cost']}", f"Gain: {words['gain']}", words["worsened"]):
            if line:
                st.write(plain(line, 800))
        if repair.get("rows"):
            frame = pd.DataFrame(repair["rows"]).rename(
                columns={"low": "low after", "high": "high after", "verdict": "verdict after"}
            )
            widgets.table(frame, f"{record['id'][:8]}-repair-{n}", f"Each group before and after: {words['name']}")
