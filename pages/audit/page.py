"""A whole audit as a record: fix the thresholds, run, read, compare, sign, export; past audits and the decision log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from core.texts import command
from explain.results.decision_log import AuditEntry
from pages.audit import reading, setup
from pages.frame import pickers, queries, widgets, wishes
from pages.frame.selection import Selection
from pages.frame.text import count, lead, plain

VIEWS: Final = {"new": "New audit", "read": "Past audits", "log": "Decision log"}


def page() -> None:
    st.title("Audit")
    selection = widgets.shared_selection()
    widgets.notices()
    bench = queries.workbench()
    past = bench.records.listed(selection.name)
    view = wishes.one_of("view", list(VIEWS), "new" if not past else "read")
    lead(_headline(selection, past))
    pickers.segments("Show", VIEWS, "view", view)
    if view == "new":
        setup.page(selection)
    elif view == "read":
        _past(selection, past)
    else:
        _log(selection)


def _headline(selection: Selection, past: Sequence[AuditEntry]) -> str:
    if not past:
        return f"No audit of {selection.workspace.title} was made yet. Fix what counts as fair first, then measure."
    last = past[0]
    people = "1 person" if last.n_signers == 1 else f"{last.n_signers} people"
    often = "" if last.n_signatures == last.n_signers else f", {last.n_signatures} signatures"
    signed = f"signed by {people}{often}" if last.n_signatures else "not signed yet"
    return f"The last audit ({last.created[:10]}, {last.model}): {last.verdict}, {signed}."


def _past(selection: Selection, past: Sequence[AuditEntry]) -> None:
    if not past:
        st.info("There is no audit yet. Make one under New audit.")
        return
    ids = [entry.id for entry in past]
    chosen = wishes.one_of("audit", ids, ids[0])
    names = {
        entry.id: f"{entry.created[:16].replace('T', ' ')} · {entry.model} · {entry.verdict} · {entry.id[:10]}"
        for entry in past
    }
    pickers.choose("Audit", ids, "audit", chosen, lambda raw: names.get(raw, raw))
    reading.page(selection, chosen, past)


def _log(selection: Selection) -> None:
    bench = queries.workbench()
    state = bench.records.verify_log(selection.name)
    (st.success if state.ok else st.error)(plain(state.sentence, 600))
    st.caption(
        "Plans, audits, signatures, incidents and exports are written here once and never changed: "
        "each row carries the hash of the one "
        "before it. Keep a head hash outside (it is printed in every report): with it a log that was cut is found too."
    )
    widgets.command(command("verify-log", "--workspace", selection.name, "--head", str(state.head)))
    rows = bench.records.log(selection.name)
    widgets.table(
        reading.log_frame(rows), f"log-{selection.name}", f"{count(len(rows))} rows of the decision log, newest first"
    )
    with st.form("incident"):
        st.subheader("Add an incident or a rollback")
        text = st.text_area("What happened, and what was done", max_chars=2000)
        left, right = st.columns(2)
        with left:
            name = st.text_input("Your name", max_chars=80, key="incident-name")
        with right:
            role = st.text_input("Your role", max_chars=80, key="incident-role")
        if st.form_submit_button("Add it to the log"):
            bench.records.add_incident(selection.name, text, name, role)
            st.rerun()


if __name__ == "__main__":  # Streamlit runs a page as a script; tests import it
    page()
