"""The list after a change of the history.

Kept as those of pages.frame.queries are: frozen, and keyed by the snapshot.
"""

from __future__ import annotations

import streamlit as st

from explain.results.whatif import WhatIf
from pages.frame import queries
from pages.frame.selection import Owner, Selection
from pages.whatif.change import Change

_KEPT = 256


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _whatif(home: str, base: tuple[str, str, str], owner: Owner, change: Change, k: int) -> WhatIf:
    workspace, model, snapshot = base
    return queries.workbench().whatif.compare(
        workspace,
        model,
        user=owner[0],
        history=owner[1],
        at=owner[2],
        remove=change.remove,
        add=change.add,
        weights=dict(change.weights),
        half_life_days=change.half_life,
        k=k,
        kind=change.kind,
        snapshot=snapshot,
        may_return=change.may_return,
    )


def whatif(selection: Selection, change: Change) -> WhatIf:
    return _whatif(queries.home(), selection.base, selection.owner, change, selection.k)
