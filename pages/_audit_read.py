"""An audit that was made: verdict, groups, people, cells, metrics; comparison, signature, export."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from explain.figures import exposure_bars
from explain.types import AuditReport, AuditRow
from pages import _ask, _here, _parts, _pick
from pages._text import plain


def page(spot: _here.Here, audit_id: str, past: Sequence[Any]) -> None:
    bench = _ask.workbench()
    entry = next(e for e in past if e.id == audit_id)
    if not entry.intact:
        st.error(plain(entry.told or "The stored record was altered: its hash does not fit.", 400))
        return
    record = bench.audit_record(spot.name, audit_id)
    verdict = record["verdict"]
    (st.success if verdict["verdict"] == "pass" else st.warning)(
        plain(f"{verdict['verdict'].capitalize()}. {verdict['reason']}", 800)
    )
    plan, limits = record["plan"], record["plan"]["thresholds"]
    st.caption(plain(
        f"{plan['model']}, first {plan['k']}, target {plan['target'] if isinstance(plan['target'], str) else 'policy'}, {plan['browsing']}. Fixed before the "
        f"run ({plan['fixed_at'][:16]}): ratio {limits['ratio_low']:g} to {limits['ratio_high']:g}, gap {limits['max_gap']:g}, level {limits['alpha']:g} "
        f"after adjustment, groups of {limits['min_n']} or more.", 600,
    ))  # fmt: skip
    _signed(record)
    _exports(spot, record)
    _groups(record)
    _metrics(record)
    _more(record)
    _compare(spot, audit_id, past)
    _sign(spot, record)


def _signed(record: dict[str, Any]) -> None:
    st.header("Signatures")
    for signature in record.get("signatures", []):
        st.write(
            plain(
                f"{signature['name']}, {signature['role']}, {signature['signed_at'][:16].replace('T', ' ')} UTC. {signature['comment']}",
                2400,
            )
        )
    if not record.get("signatures"):
        st.caption("Nobody has signed this audit yet; the form is at the end of the page.")


def _sign(spot: _here.Here, record: dict[str, Any]) -> None:
    st.header("Sign")
    with st.form("sign"):
        left, right = st.columns(2)
        name = left.text_input("Your name", max_chars=80, key="sign-name")
        role = right.text_input("Your role", max_chars=80, key="sign-role")
        comment = st.text_area("Comment", max_chars=2000, key="sign-comment")
        st.caption(
            "A signature carries the SHA-256 of this record and goes to the decision log. It cannot be taken back; a later one can say otherwise."
        )
        if st.form_submit_button("Sign this audit"):
            _ask.workbench().sign(spot.name, record["id"], name, role, comment)
            st.rerun()


def _exports(spot: _here.Here, record: dict[str, Any]) -> None:
    st.header("Keep it")
    bench, name = _ask.workbench(), f"audit-{spot.name}-{record['id'][:12]}"
    left, right, _ = st.columns([1, 1, 2])
    with left:
        st.download_button(
            "Report (HTML, prints on A4)", lambda: bench.export_audit(spot.name, record["id"], form="html"),
            _parts.file_name(name, "html"), "text/html", key="audit-html", on_click="ignore",
        )  # fmt: skip
    with right:
        st.download_button(
            "Record (JSON with hash)", lambda: _json_text(bench.export_audit(spot.name, record["id"], form="json")),
            _parts.file_name(name, "json"), "application/json", key="audit-json", on_click="ignore",
        )  # fmt: skip
    st.caption(f"SHA-256 {record['sha256']}. To check a file that came back:")
    _parts.command("python cli.py verify-report FILE")


def _json_text(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=1)


def _groups(record: dict[str, Any]) -> None:
    for key, title in (
        ("item_audits", "Who gets exposure"),
        ("user_audits", "For whom the lists are good"),
        ("intersections", "Intersections of people"),
    ):
        audits = record[key]
        if not audits:
            continue
        st.header(title)
        tabs = st.tabs([plain(a["by"], 40) for a in audits]) if len(audits) > 1 else [st.container()]
        for tab, audit in zip(tabs, audits, strict=True):
            with tab:
                st.write(plain(f"{audit['overall']['verdict']}: {audit['overall']['reason']}", 500))
                report = as_report(audit, record)
                _parts.chart(
                    exposure_bars(report, theme=_parts.theme()),
                    f"{key}-{audit['by']}",
                    f"{audit['metric']} by {audit['by']} with intervals",
                )
                frame = pd.DataFrame(audit["rows"])
                _parts.table(frame, f"{record['id'][:8]}-{key}-{audit['by']}", f"Every group of {audit['by']}")


def as_report(audit: dict[str, Any], record: dict[str, Any], most: int = 25) -> AuditReport:
    """One column of a record as the report that the charts draw; its largest groups."""
    fields = ("group", "n", "value", "low", "high", "verdict", "reason", "p_adjusted")
    rows = sorted(audit["rows"], key=lambda r: -r["n"])[:most]
    kept = {r["group"] for r in rows}
    made = tuple(AuditRow(**{f: r.get(f) for f in fields}) for r in audit["rows"] if r["group"] in kept)
    plan = record["plan"]
    return AuditReport(
        plan["workspace"], plan["model"], record["provenance"]["model"], audit["by"], audit["side"], audit["k"], audit["metric"], audit["browsing"],
        audit["target"], audit["threshold"], made, audit["overall"],
    )  # fmt: skip


def _metrics(record: dict[str, Any]) -> None:
    st.header("Every metric")
    frame = pd.DataFrame(record["metrics"])
    overall = frame[(frame["group"] == "") if "group" in frame else slice(None)]
    columns = [
        c
        for c in (
            "number",
            "name",
            "by",
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
        if c in frame
    ]
    _parts.rows(overall[columns], "Every metric over all people, with interval, fair value and formula")
    _parts.csv(frame, f"{record['id'][:8]}-metrics")


def _more(record: dict[str, Any]) -> None:
    if record["parameters"]["weights"]:
        st.header("What the recommender goes by")
        st.caption("Measured, not declared: the share of the amounts behind everybody's listed items.")
        _parts.table(
            pd.DataFrame(record["parameters"]["weights"]),
            f"{record['id'][:8]}-weights",
            "Measured weights of the main parameters",
        )
    if record["attribution"]:
        st.header("Through which links the gap comes")
        for row in record["attribution"]:
            if row.get("sentence"):
                st.write(plain(row["sentence"], 600))
        rows = [{"group": a["group"], **part} for a in record["attribution"] for part in a["parts"]]
        _parts.table(pd.DataFrame(rows), f"{record['id'][:8]}-attribution", "Shapley values of the gap by relation")
    if record["non_profiling"]:
        st.header("Beside lists that know nobody")
        rows = [
            {"arm": arm["arm"], "metric": name, **figure}
            for arm in record["non_profiling"]
            for name, figure in arm["metrics"].items()
        ]
        _parts.table(pd.DataFrame(rows), f"{record['id'][:8]}-arms", "The model beside popularity and recency")
    if record["mitigations"]:
        st.header("What it would cost to change it")
        _parts.table(
            pd.DataFrame(record["mitigations"]), f"{record['id'][:8]}-mitigations", "Guardrails with their price"
        )


def _compare(spot: _here.Here, audit_id: str, past: Sequence[Any]) -> None:
    others = [e for e in past if e.id != audit_id and e.intact]
    if not others:
        return
    st.header("Compared with another audit")
    ids = [e.id for e in others]
    earlier = _here.one_of("earlier", ids, ids[0])
    names = {e.id: f"{e.created[:16].replace('T', ' ')} · {e.model} · {e.verdict} · {e.id[:10]}" for e in others}
    _pick.choose("With", ids, "earlier", earlier, lambda raw: names.get(raw, raw))
    found = _ask.workbench().compare_audits(spot.name, audit_id, earlier)
    st.write(plain(found.sentence, 800))
    _parts.table(
        pd.DataFrame([vars(r) for r in found.rows]), f"compare-{audit_id[:8]}-{earlier[:8]}", "Every group then and now"
    )


def log_frame(rows: Sequence[Any]) -> pd.DataFrame:
    """The log, newest first."""
    return pd.DataFrame(
        [
            {
                "number": r.number, "when (UTC)": r.when, "kind": r.kind, "by": r.actor, "role": r.role,
                "what": json.dumps(r.content, ensure_ascii=False)[:400], "hash": r.hash, "previous": r.previous,
            }
            for r in rows
        ],
        columns=["number", "when (UTC)", "kind", "by", "role", "what", "hash", "previous"],
    )  # fmt: skip
