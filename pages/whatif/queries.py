"""The list after a change of the history.

Kept as those of pages.frame.queries are: frozen, and keyed by the snapshot.
"""

from __future__ import annotations

import streamlit as st

from explain.results.whatif import Kind, WhatIf
from pages.frame import queries
from pages.frame.selection import Owner, Selection

_KEPT = 256


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _whatif(
    home: str,
    base: tuple[str, str, str],
    owner: Owner,
    remove: tuple[str, ...],
    add: tuple[str, ...],
    weights: tuple[tuple[str, float], ...],
    half_life: float | None,
    k: int,
    kind: Kind,
    may_return: bool,
) -> WhatIf:
    workspace, model, snapshot = base
    return queries.workbench().whatif(
        workspace,
        model,
        user=owner[0],
        history=owner[1],
        remove=remove,
        add=add,
        weights=dict(weights),
        half_life_days=half_life,
        k=k,
        kind=kind,
        snapshot=snapshot,
        may_return=may_return,
    )


def whatif(
    selection: Selection,
    *,
    remove: tuple[str, ...],
    add: tuple[str, ...],
    weights: tuple[tuple[str, float], ...],
    half_life: float | None,
    kind: Kind,
    may_return: bool = False,
) -> WhatIf:
    return _whatif(
        queries.home(), selection.base, selection.owner, remove, add, weights, half_life, selection.k, kind, may_return
    )
