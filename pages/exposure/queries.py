"""Who gets exposure: the audit of items by one column.

Kept as those of pages.frame.queries are: frozen, and keyed by the snapshot.
"""

from __future__ import annotations

import streamlit as st

from explain.results.audit import AuditReport
from pages.frame import queries
from pages.frame.selection import Selection


@st.cache_data(max_entries=64, show_spinner="Ranking the list of every person …")
def _item_audit(home: str, base: tuple[str, str, str], by: str, k: int, at: int | None) -> AuditReport:
    workspace, model, _ = base
    if at is not None:
        return queries.workbench().over_time.of_moment(workspace, model, by, at=at, k=k)
    return queries.workbench().exposure.audit(workspace, model, by, side="item", k=k)


def item_audit(selection: Selection, by: str) -> AuditReport:
    return _item_audit(queries.home(), selection.base, by, selection.k, selection.at)
