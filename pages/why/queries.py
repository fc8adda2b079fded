"""What the page asks beyond the explanation: what stands behind a piece, reasons put to the test, edges, features.

Kept as those of pages.frame.queries are: frozen, and keyed by the snapshot.
"""

from __future__ import annotations

import streamlit as st

from explain.results.attribution import EdgeExplanation, FeatureExplanation
from explain.results.explanation import Evidence, Explanation
from explain.results.whatif import FlipReport, Verified
from pages.frame import queries
from pages.frame.selection import Owner, Selection

_KEPT = 256


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _verified(home: str, base: tuple[str, str, str], owner: Owner, item: str, reason: str | None) -> Verified | None:
    workspace, model, snapshot = base
    return queries.workbench().whatif.verified(
        workspace,
        model,
        item,
        user=owner[0],
        history=owner[1],
        at=owner[2],
        reason=reason,
        snapshot=snapshot,
    )


def verified(selection: Selection, item: str, reason: str | None = None) -> Verified | None:
    return _verified(queries.home(), selection.base, selection.owner, item, reason)


@st.cache_data(max_entries=_KEPT, show_spinner="Trying changes …")
def _flip(home: str, base: tuple[str, str, str], owner: Owner, item: str, k: int) -> FlipReport:
    workspace, model, snapshot = base
    return queries.workbench().whatif.flip(
        workspace, model, item, user=owner[0], history=owner[1], at=owner[2], k=k, snapshot=snapshot
    )


def flip(selection: Selection, item: str) -> FlipReport:
    return _flip(queries.home(), selection.base, selection.owner, item, selection.k)


@st.cache_data(max_entries=64, show_spinner="Integrating over the edges …")
def _edges(home: str, base: tuple[str, str, str], owner: Owner, item: str) -> EdgeExplanation:
    workspace, model, snapshot = base
    return queries.workbench().explain.edges(
        workspace, model, item, user=owner[0], history=owner[1], at=owner[2], snapshot=snapshot
    )


def edges(selection: Selection, item: str) -> EdgeExplanation:
    return _edges(queries.home(), selection.base, selection.owner, item)


@st.cache_data(max_entries=64, show_spinner="Reading the features …")
def _features(home: str, base: tuple[str, str, str], owner: Owner, item: str) -> FeatureExplanation | None:
    workspace, model, snapshot = base
    return queries.workbench().explain.features(
        workspace, model, item, user=owner[0], history=owner[1], at=owner[2], snapshot=snapshot
    )


def features(selection: Selection, item: str) -> FeatureExplanation | None:
    return _features(queries.home(), selection.base, selection.owner, item)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _evidence(home: str, base: tuple[str, str, str], owner: Owner, item: str, key: str) -> Evidence:
    workspace, model, snapshot = base
    return queries.workbench().explain.evidence(
        workspace, model, item, key, user=owner[0], history=owner[1], at=owner[2], snapshot=snapshot
    )


def evidence(selection: Selection, item: str, key: str) -> Evidence:
    """What stands behind one node or bundle of the picture."""
    return _evidence(queries.home(), selection.base, selection.owner, item, key)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _since(home: str, base: tuple[str, str, str], owner: Owner, item: str, k: int, then: int) -> Explanation:
    workspace, model, snapshot = base
    return queries.workbench().explain.why(
        workspace,
        model,
        item,
        user=owner[0],
        history=owner[1],
        at=owner[2],
        snapshot=snapshot,
        k=k,
        since=then,
        paths=0,
    )


def since(selection: Selection, item: str, then: int) -> Explanation:
    """The explanation with the same score at an earlier moment, and with when the item leaves the list."""
    return _since(queries.home(), selection.base, selection.owner, item, selection.k, then)
