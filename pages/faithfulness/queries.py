"""The usual picture of paths, drawn beside LightGCN.

Kept as those of pages.frame.queries are: frozen, and keyed by the snapshot.
"""

from __future__ import annotations

import streamlit as st

from explain.results.explanation import Explanation
from pages.frame import queries
from pages.frame.selection import Owner, Selection


@st.cache_data(max_entries=64, show_spinner=False)
def _usual_picture(home: str, workspace: str, model: str, snapshot: str, owner: Owner, item: str) -> Explanation:
    return queries.workbench().faithfulness.usual_picture(
        workspace, model, item, user=owner[0], history=owner[1], at=owner[2]
    )


def usual_picture(selection: Selection, model: str, item: str) -> Explanation:
    snapshot = next(s.snapshot for s in selection.fitted if s.model == model)
    return _usual_picture(queries.home(), selection.name, model, snapshot, selection.owner, item)
