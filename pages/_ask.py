"""The pages' way to the workbench: one for the whole server, with its answers kept as long as their snapshot is current.

Every answer is frozen, so that visitors can share it. A key holds the snapshot id: a new fit is asked anew.
"""

from __future__ import annotations

import gc
import importlib
import os
import threading

import streamlit as st

from explain.flow_labels import clean, unaccented
from explain.types import (
    AuditReport,
    Evidence,
    Example,
    Explanation,
    Found,
    ItemCard,
    ModelInfo,
    Person,
    Recommendation,
    SnapshotInfo,
    WorkspaceInfo,
)
from explain.workbench import Workbench

_KEPT = 256


def workbench() -> Workbench:
    return _workbench(os.environ.get("SURFACED_HOME", ""))


@st.cache_resource(show_spinner=False)
def _workbench(home: str) -> Workbench:
    return Workbench()


@st.cache_resource(show_spinner="Loading the graph and its model …")
def warm(home: str, workspace: str, model: str, snapshot: str) -> bool:
    """Load what every answer needs. Then take it from the garbage collector, which Streamlit runs after each script."""
    _workbench(home).warm(workspace, model, snapshot)
    gc.collect()
    gc.freeze()
    return True


@st.cache_resource(show_spinner=False)
def import_ahead() -> None:
    """Once a server, beside the first page, which shows stored results alone: import what loading a model takes seconds for."""
    threading.Thread(target=importlib.import_module, args=("torch",), daemon=True).start()


@st.cache_resource(show_spinner=False)
def _versions() -> dict[str, str]:
    return {}


def follow_data() -> None:
    """Where another process has prepared a workspace anew, nothing that was cached of the old data is shown any more."""
    now, known = workbench().data_versions(), _versions()
    if now != known:
        if known:
            st.cache_data.clear()
            _names.clear()
        known.clear()
        known.update(now)


def workspaces() -> tuple[WorkspaceInfo, ...]:
    return workbench().workspaces()


def models() -> dict[str, ModelInfo]:
    return {model.name: model for model in workbench().models()}


def default_model() -> str:
    """The model that comes first everywhere."""
    return next(iter(models()))


def fitted(workspace: str) -> tuple[SnapshotInfo, ...]:
    return workbench().fitted(workspace)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _person(home: str, workspace: str, user: str) -> Person:
    return _workbench(home).person(workspace, user)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _item(home: str, workspace: str, item: str) -> ItemCard:
    return _workbench(home).item(workspace, item)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _names(home: str, workspace: str, fingerprint: str, side: str, text: str, limit: int) -> dict[str, str]:
    find = _workbench(home).find_items if side == "item" else _workbench(home).find_users
    return {hit.id: _name(hit) for hit in find(workspace, text, limit=limit)}


def _name(hit: Found) -> str:
    """What tells a hit from others in a list of options; a title that says its id does not repeat it."""
    label = clean(hit.label, 90)
    if (typed := unaccented(label)) != label:
        label = f"{label} ({typed})"
    label = label if hit.id == hit.label or hit.id in hit.label.split() else f"{label} · {clean(hit.id, 24)}"
    return f"{label} · {clean(hit.detail, 60)}" if hit.detail else label


@st.cache_data(max_entries=16, show_spinner=False)
def _example(home: str, workspace: str, snapshot: str) -> Example:
    return _workbench(home).example(workspace)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _recommend(
    home: str, workspace: str, model: str, snapshot: str, user: str | None, history: tuple[str, ...] | None, k: int
) -> Recommendation:
    return _workbench(home).recommend(
        workspace, model, user=user, history=history, k=k, snapshot=snapshot, reasons=True
    )


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _why(
    home: str, workspace: str, model: str, snapshot: str, item: str,
    user: str | None, history: tuple[str, ...] | None, against: str | None, k: int,
) -> Explanation:  # fmt: skip
    return _workbench(home).why(
        workspace, model, item, user=user, history=history, against=against, snapshot=snapshot, k=k
    )


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _evidence(
    home: str, workspace: str, model: str, snapshot: str, item: str, key: str,
    user: str | None, history: tuple[str, ...] | None,
) -> Evidence:  # fmt: skip
    return _workbench(home).evidence(workspace, model, item, key, user=user, history=history, snapshot=snapshot)


@st.cache_data(max_entries=64, show_spinner="Ranking the list of every person …")
def _item_audit(home: str, workspace: str, model: str, snapshot: str, by: str, k: int) -> AuditReport:
    return _workbench(home).audit(workspace, model, by, side="item", k=k)


def home() -> str:
    return os.environ.get("SURFACED_HOME", "")


def person(workspace: str, user: str) -> Person:
    return _person(home(), workspace, user)


def item(workspace: str, raw_item: str) -> ItemCard:
    return _item(home(), workspace, raw_item)


def names(workspace: WorkspaceInfo, side: str, text: str, limit: int) -> dict[str, str]:
    """Items or people that fit a search text: raw id → plain name. Shared and cached: not to be changed."""
    fingerprint = f"{workspace.n_users}/{workspace.n_items}/{workspace.n_events}/{workspace.show_people}"
    return _names(home(), workspace.name, fingerprint, side, text, limit)


def example(workspace: str, snapshot: str) -> Example:
    return _example(home(), workspace, snapshot)


def recommend(
    workspace: str, model: str, snapshot: str, *, user: str | None, history: tuple[str, ...] | None, k: int
) -> Recommendation:
    return _recommend(home(), workspace, model, snapshot, user, history, k)


def why(
    workspace: str, model: str, snapshot: str, item: str, *,
    user: str | None, history: tuple[str, ...] | None, against: str | None = None, k: int = 10,
) -> Explanation:  # fmt: skip
    return _why(home(), workspace, model, snapshot, item, user, history, against, k)


def evidence(
    workspace: str, model: str, snapshot: str, item: str, key: str, *,
    user: str | None, history: tuple[str, ...] | None,
) -> Evidence:  # fmt: skip
    return _evidence(home(), workspace, model, snapshot, item, key, user, history)


def item_audit(workspace: str, model: str, snapshot: str, by: str, k: int) -> AuditReport:
    return _item_audit(home(), workspace, model, snapshot, by, k)
