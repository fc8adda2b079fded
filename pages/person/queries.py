"""A whole list by history item.

Kept as those of pages.frame.queries are: frozen, and keyed by the snapshot.
"""

from __future__ import annotations

import streamlit as st

from explain.results.item_view import ListView
from pages.frame import queries
from pages.frame.selection import Owner, Selection

_KEPT = 256


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _list_view(home: str, base: tuple[str, str, str], owner: Owner, k: int) -> ListView:
    workspace, model, snapshot = base
    return queries.workbench().explain.list_view(
        workspace, model, user=owner[0], history=owner[1], at=owner[2], k=k, snapshot=snapshot
    )


def list_view(selection: Selection) -> ListView:
    return _list_view(queries.home(), selection.base, selection.owner, selection.k)
