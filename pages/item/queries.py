"""One item over the lists of all people.

Kept as those of pages.frame.queries are: frozen, and keyed by the snapshot.
"""

from __future__ import annotations

import streamlit as st

from explain.results.item_view import ItemView
from pages.frame import queries
from pages.frame.selection import Selection

_KEPT = 256


@st.cache_data(max_entries=_KEPT, show_spinner="Ranking the list of every person …")
def _item_view(home: str, base: tuple[str, str, str], item: str, k: int, listed: bool, at: int | None) -> ItemView:
    """listed: whether the workspace lists people; part of what the answer is kept by."""
    workspace, model, snapshot = base
    return queries.workbench().explain.item_view(workspace, model, item, k=k, snapshot=snapshot, at=at)


def item_view(selection: Selection, item: str) -> ItemView:
    return _item_view(queries.home(), selection.base, item, selection.k, selection.workspace.show_people, selection.at)
