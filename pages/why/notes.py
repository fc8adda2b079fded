"""What editors say about an explanation, and the explanation to take away."""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from core.errors import SurfacedError
from explain.format.dates import minute_in_words
from explain.results.annotation import VERDICTS, Annotation
from explain.results.explanation import Explanation
from pages.frame import queries, widgets
from pages.frame.selection import Selection
from pages.frame.text import plain


def section(selection: Selection, item: str, explanation: Explanation) -> None:
    st.header("Notes")
    bench = queries.workbench()
    try:
        own = bench.notes.listed(selection.name, item=item, user=selection.user, history=selection.history)
    except SurfacedError as error:
        widgets.problem(error)
        return
    for note in own:
        _show(note)
    if not own:
        st.caption("Nobody has said anything about this explanation yet.")
    with st.form("note", clear_on_submit=True):
        verdict = st.selectbox("Verdict", ["", *VERDICTS], format_func=lambda v: v or "no verdict")
        text = st.text_area("Note", max_chars=2000)
        author = st.text_input("Your name", max_chars=80, value=st.session_state.get("note-author", ""))
        if st.form_submit_button("Keep it"):
            st.session_state["note-author"] = author
            _add(selection, item, verdict, text, author)
    others = bench.notes.listed(selection.name)
    if others:
        with st.expander(f"All notes on {plain(selection.workspace.title)} ({len(others)})"):
            widgets.table(
                note_frame(others), f"notes-{selection.name}", "All notes of this workspace, newest first", what="notes"
            )


def _add(selection: Selection, item: str, verdict: str, text: str, author: str) -> None:
    try:
        queries.workbench().notes.add(
            selection.name,
            selection.model,
            item,
            author=author,
            verdict=verdict,
            note=text,
            user=selection.user,
            history=selection.history,
        )
    except SurfacedError as error:
        widgets.problem(error)
        return
    st.rerun()


def _show(note: Annotation) -> None:
    with st.container(border=True):
        st.markdown(f"**{plain(note.verdict or 'note')}**" + (f" · {plain(note.note, 2000)}" if note.note else ""))
        st.caption(
            f"{plain(note.author, 80)}, {minute_in_words(note.created)}, model {plain(note.model)}, "
            f"snapshot {plain(note.snapshot)}"
        )


def note_frame(notes: tuple[Annotation, ...]) -> pd.DataFrame:
    rows = [
        (minute_in_words(n.created), n.verdict, n.note, n.author, n.model, n.person, n.item, n.snapshot, n.id)
        for n in notes
    ]
    return pd.DataFrame(
        rows, columns=["when", "verdict", "note", "by", "model", "person", "item", "snapshot", "number"]
    )


def take_away(selection: Selection, item: str, other: str | None, explanation: Explanation) -> None:
    """The whole explanation as one file that opens anywhere, and as data with a hash."""
    st.header("Keep it")
    name = f"why-{explanation.model}-{explanation.user or 'own-titles'}-{explanation.item}"
    st.caption(
        "With the picture, all parts, the test by deletion, the notes, and where it comes "
        "from. The HTML opens without a network."
    )

    def content(form: str) -> str:
        exported = queries.workbench().explain.export(
            selection.name,
            selection.model,
            item,
            user=selection.user,
            history=selection.history,
            against=other,
            snapshot=selection.base[2],
            k=selection.k,
            form=form,
        )
        return exported if isinstance(exported, str) else json.dumps(exported, ensure_ascii=False, indent=1)

    with st.container(horizontal=True):
        st.download_button(
            "One HTML file", lambda: content("html"), widgets.file_name(name, "html"), "text/html", on_click="ignore"
        )
        st.download_button(
            "JSON with hash",
            lambda: content("json"),
            widgets.file_name(name, "json"),
            "application/json",
            on_click="ignore",
        )
