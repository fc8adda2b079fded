"""A past audit: its result in plain words, its details, a comparison with another one, signature and export."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from core.errors import OptionError, SurfacedError
from core.texts import command
from explain.format.words import browsing_words
from explain.results.audit import FAIL, PASS
from explain.results.audit_record import AuditRecord
from explain.results.decision_log import AuditEntry, LogEntry
from explain.workbench import record_words
from pages.audit import measurements
from pages.frame import pickers, queries, widgets, wishes
from pages.frame.selection import Selection
from pages.frame.text import plain

PARTS: Final = ("Result", "Details", "Comparison", "Sign and export")
_COMPARED: Final = {
    "by": "column",
    "metric": "metric",
    "group": "group",
    "then": "then",
    "then_low": "then, low",
    "then_high": "then, high",
    "now": "now",
    "now_low": "now, low",
    "now_high": "now, high",
    "change": "change",
    "overlap": "intervals overlap",
    "verdict_then": "verdict then",
    "verdict_now": "verdict now",
}
_SIGNED_BEFORE: Final = "signed-before"


def page(selection: Selection, audit_id: str, past: Sequence[AuditEntry]) -> None:
    bench = queries.workbench()
    entry = next(e for e in past if e.id == audit_id)
    if not entry.intact:
        st.error(plain(entry.told or "The stored record was altered: its hash does not fit.", 400))
        return
    record = bench.records.load(selection.name, audit_id)
    result, details, comparison, signing = st.tabs(PARTS)
    with result:
        _result(record)
    with details:
        measurements.details(record)
    with comparison:
        _compare(selection, audit_id, past)
    with signing:
        _sign(selection, record)
        _exports(selection, record)


def _result(record: AuditRecord) -> None:
    verdict, plan = record.verdict, record.plan
    banner = {PASS: st.success, FAIL: st.error}.get(verdict.verdict, st.warning)
    banner(plain(f"{verdict.verdict.capitalize()}. {verdict.reason}", 800))
    signed = record_words.signed(record.signatures)
    st.write(plain(signed if record.signatures else "Nobody has signed this audit yet: see Sign and export above."))
    if missing := record_words.not_stated(record):
        st.write(f"**{plain(missing, 200)}**")
    st.header("In plain words")
    for point in record_words.summary(record):
        listed = "".join(f"\n- {plain(line, 400)}" for line in point.listed)
        st.markdown(plain(point.text, 600) + ("\n" + listed if listed else ""))
    limits, models = plan.thresholds, queries.models()
    title = models[plan.model].title if plan.model in models else plan.model
    target = plan.target if isinstance(plan.target, str) else "policy"
    st.caption(
        plain(
            f"{title}, first {plan.k}, target {target}, {browsing_words(plan.browsing)}. Fixed before the "
            f"run ({plan.fixed_at[:16]}): ratio {limits.ratio_low:g} to {limits.ratio_high:g}, gap {limits.max_gap:g}, "
            f"level {limits.alpha:g} after adjustment, groups of {limits.min_n} or more.",
            600,
        )
    )


def _sign(selection: Selection, record: AuditRecord) -> None:
    st.header("Signatures")
    st.write(plain(record_words.signed(record.signatures)))
    for s in record.signatures:
        st.write(plain(f"{s.name}, {s.role}, {s.signed_at[:16].replace('T', ' ')} UTC. {s.comment}", 2400))
    if before := st.session_state.pop(_SIGNED_BEFORE, ""):
        st.info(plain(before, 400))
    if missing := record_words.not_stated(record):
        st.write(f"**{plain(missing, 200)}**")
    with st.form("sign"):
        left, right = st.columns(2)
        name = left.text_input("Your name", max_chars=80, key="sign-name")
        role = right.text_input("Your role", max_chars=80, key="sign-role")
        comment = st.text_area("Comment", max_chars=2000, key="sign-comment")
        st.caption(
            "A signature carries the SHA-256 of this record and goes to the decision log. It "
            "cannot be taken back; a later one can say "
            "otherwise. A second one under the same name is added, and does not replace the first."
        )
        if st.form_submit_button("Sign this audit"):
            _signed(selection, record, name, role, comment)


def _signed(selection: Selection, record: AuditRecord, name: str, role: str, comment: str) -> None:
    """Signs and says where the name had signed before; what is missing is said in the order of the form."""
    try:
        if not name.strip():
            raise OptionError("A name is missing: the decision log keeps who signed, so say it.")
        queries.workbench().records.sign(selection.name, record.id, name, role, comment)
    except SurfacedError as error:
        widgets.problem(error)
        return
    before = record_words.signed_before(record.signatures, name)
    st.session_state[_SIGNED_BEFORE] = f"{before} The new signature stands beside it." if before else ""
    st.rerun()


def _exports(selection: Selection, record: AuditRecord) -> None:
    st.header("Keep it")
    bench, name = queries.workbench(), f"audit-{selection.name}-{record.id[:12]}"
    left, right, _ = st.columns([1, 1, 2])
    with left:
        st.download_button(
            "Report (HTML, prints on A4)",
            lambda: bench.records.export(selection.name, record.id, form="html"),
            widgets.file_name(name, "html"),
            "text/html",
            key="audit-html",
            on_click="ignore",
        )
    with right:
        st.download_button(
            "Record (JSON with hash)",
            lambda: _json_text(bench.records.export(selection.name, record.id, form="json")),
            widgets.file_name(name, "json"),
            "application/json",
            key="audit-json",
            on_click="ignore",
        )
    st.caption(f"SHA-256 {record.sha256}. To check a file that came back:")
    widgets.command(command("verify-report", "FILE"))


def _json_text(record: AuditRecord) -> str:
    return json.dumps(record.as_json(), ensure_ascii=False, indent=1)


def _compare(selection: Selection, audit_id: str, past: Sequence[AuditEntry]) -> None:
    others = [e for e in past if e.id != audit_id and e.intact]
    if not others:
        st.info("There is no other audit to compare this one with.")
        return
    ids = [e.id for e in others]
    earlier = wishes.one_of("earlier", ids, ids[0])
    names = {e.id: f"{e.created[:16].replace('T', ' ')} · {e.model} · {e.verdict} · {e.id[:10]}" for e in others}
    pickers.choose("With", ids, "earlier", earlier, lambda raw: names.get(raw, raw))
    comparison = queries.workbench().records.compare(selection.name, audit_id, earlier)
    (st.warning if comparison.not_comparable else st.write)(plain(comparison.sentence, 1_200))
    differ = [d.as_json() for d in (*comparison.thresholds, *comparison.differences)]
    if differ:
        widgets.rows(pd.DataFrame(differ, columns=["what", "then", "now"]), "What is not the same in both audits")
    rows = pd.DataFrame([r.as_json() for r in comparison.rows], columns=list(_COMPARED)).rename(columns=_COMPARED)
    without = [c for c in ("change", "intervals overlap") if rows[c].isna().all()]
    widgets.table(rows.drop(columns=without), f"compare-{audit_id[:8]}-{earlier[:8]}", "Every group then and now")


def log_frame(rows: Sequence[LogEntry]) -> pd.DataFrame:
    """The log, newest first."""
    return pd.DataFrame(
        [
            {
                "number": r.number,
                "when (UTC)": r.when,
                "kind": r.kind,
                "by": r.actor,
                "role": r.role,
                "what": json.dumps(r.content, ensure_ascii=False)[:400],
                "hash": r.hash,
                "previous": r.previous,
            }
            for r in rows
        ],
        columns=["number", "when (UTC)", "kind", "by", "role", "what", "hash", "previous"],
    )
