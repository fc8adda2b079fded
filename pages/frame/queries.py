"""The pages' way to the workbench: one for the whole server, its answers kept as long as their snapshot is current.

Every answer is frozen, so that visitors can share it. A key holds the snapshot id: a new fit is asked anew.
"""

from __future__ import annotations

import gc
import os

import streamlit as st

from explain.format.text import clean, unaccented
from explain.results.explanation import Explanation
from explain.results.lists import Example, ItemCard, Person, Recommendation, SearchHit
from explain.results.workspace import ModelInfo, SnapshotInfo, WorkspaceInfo
from explain.workbench.workbench import Workbench

_KEPT = 256


def workbench() -> Workbench:
    return _workbench(os.environ.get("SURFACED_HOME", ""))


@st.cache_resource(show_spinner=False)
def _workbench(home: str) -> Workbench:
    return Workbench()


@st.cache_resource(show_spinner="Loading the graph and its model …")
def warm(home: str, workspace: str, model: str, snapshot: str) -> bool:
    """Load what every answer needs. Then take it from the garbage collector, which Streamlit runs after each script."""
    _workbench(home).models.warm(workspace, model, snapshot)
    gc.collect()
    gc.freeze()
    return True


@st.cache_resource(show_spinner=False)
def _versions() -> dict[str, str]:
    return {}


def follow_data() -> None:
    """Where another process has prepared a workspace anew, nothing cached of the old data is shown any more."""
    now, known = workbench().data.versions(), _versions()
    if now != known:
        if known:
            st.cache_data.clear()
            _names.clear()
        known.clear()
        known.update(now)


def workspaces() -> tuple[WorkspaceInfo, ...]:
    return workbench().data.workspaces()


def models() -> dict[str, ModelInfo]:
    return {model.name: model for model in workbench().models.known()}


def default_model() -> str:
    """The model that comes first everywhere."""
    return next(iter(models()))


def fitted(workspace: str) -> tuple[SnapshotInfo, ...]:
    return workbench().models.fitted(workspace)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _person(home: str, workspace: str, user: str, at: int | None) -> Person:
    return _workbench(home).data.person(workspace, user, at=at)


@st.cache_data(max_entries=16, show_spinner=False)
def _span(home: str, workspace: str, snapshot: str) -> tuple[int, int] | None:
    """snapshot: of the data as they stand; part of what the answer is kept by."""
    return _workbench(home).over_time.span(workspace)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _item(home: str, workspace: str, item: str) -> ItemCard:
    return _workbench(home).data.item(workspace, item)


@st.cache_resource(max_entries=_KEPT, show_spinner=False)
def _names(home: str, workspace: str, fingerprint: str, side: str, text: str, limit: int) -> dict[str, str]:
    find = _workbench(home).data.find_items if side == "item" else _workbench(home).data.find_users
    return {hit.id: option_name(hit) for hit in find(workspace, text, limit=limit)}


def option_name(hit: SearchHit) -> str:
    """What tells a hit from others in a list of options; a title that says its id does not repeat it."""
    label = clean(hit.label, 90)
    if (typed := unaccented(label)) != label:
        label = f"{label} ({typed})"
    label = label if hit.id == hit.label or hit.id in hit.label.split() else f"{label} · {clean(hit.id, 24)}"
    return f"{label} · {clean(hit.detail, 60)}" if hit.detail else label


@st.cache_data(max_entries=16, show_spinner=False)
def _example(home: str, workspace: str, snapshot: str) -> Example:
    return _workbench(home).explain.example(workspace)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _recommend(
    home: str,
    workspace: str,
    model: str,
    snapshot: str,
    user: str | None,
    history: tuple[str, ...] | None,
    k: int,
    at: int | None,
) -> Recommendation:
    return _workbench(home).explain.recommend(
        workspace, model, user=user, history=history, k=k, snapshot=snapshot, at=at, reasons=True
    )


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _why(
    home: str,
    workspace: str,
    model: str,
    snapshot: str,
    item: str,
    user: str | None,
    history: tuple[str, ...] | None,
    against: str | None,
    k: int,
    at: int | None,
) -> Explanation:
    return _workbench(home).explain.why(
        workspace, model, item, user=user, history=history, against=against, snapshot=snapshot, k=k, at=at
    )


def home() -> str:
    return os.environ.get("SURFACED_HOME", "")


def person(workspace: str, user: str, at: int | None = None) -> Person:
    return _person(home(), workspace, user, at)


def span(workspace: str, snapshot: str) -> tuple[int, int] | None:
    """When the first event was and the moment just after the last, seconds UTC; None for data without times."""
    return _span(home(), workspace, snapshot)


def item(workspace: str, raw_item: str) -> ItemCard:
    return _item(home(), workspace, raw_item)


def names(workspace: WorkspaceInfo, side: str, text: str, limit: int) -> dict[str, str]:
    """Items or people that fit a search text: raw id → plain name. Shared and cached: not to be changed."""
    fingerprint = f"{workspace.n_users}/{workspace.n_items}/{workspace.n_events}/{workspace.show_people}"
    return _names(home(), workspace.name, fingerprint, side, text, limit)


def example(workspace: str, snapshot: str) -> Example:
    return _example(home(), workspace, snapshot)


def recommend(
    workspace: str,
    model: str,
    snapshot: str,
    *,
    user: str | None,
    history: tuple[str, ...] | None,
    k: int,
    at: int | None = None,
) -> Recommendation:
    return _recommend(home(), workspace, model, snapshot, user, history, k, at)


def why(
    workspace: str,
    model: str,
    snapshot: str,
    item: str,
    *,
    user: str | None,
    history: tuple[str, ...] | None,
    against: str | None = None,
    k: int = 10,
    at: int | None = None,
) -> Explanation:
    return _why(home(), workspace, model, snapshot, item, user, history, against, k, at)
