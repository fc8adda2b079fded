"""Asked beyond one explanation: reasons put to the test, edited histories, edges, features, whole lists, one item over all people.

Answers are kept as those of pages._ask are: frozen, and keyed by the snapshot.
"""

from __future__ import annotations

import streamlit as st

from explain.answers import EdgeExplanation, FeatureExplanation, FlipReport, ItemView, Kind, ListView, Verified, WhatIf
from explain.types import Explanation
from pages import _ask
from pages._here import Here

_KEPT = 256
Who = tuple[str | None, tuple[str, ...] | None]


def _who(spot: Here) -> Who:
    return spot.user, spot.history


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _verified(home: str, base: tuple[str, str, str], who: Who, item: str, reason: str | None) -> Verified | None:
    workspace, model, snapshot = base
    return _ask.workbench().verified(
        workspace, model, item, user=who[0], history=who[1], reason=reason, snapshot=snapshot
    )


def verified(spot: Here, item: str, reason: str | None = None) -> Verified | None:
    return _verified(_ask.home(), spot.base, _who(spot), item, reason)


@st.cache_data(max_entries=_KEPT, show_spinner="Trying changes …")
def _flip(home: str, base: tuple[str, str, str], who: Who, item: str, k: int) -> FlipReport:
    workspace, model, snapshot = base
    return _ask.workbench().flip(workspace, model, item, user=who[0], history=who[1], k=k, snapshot=snapshot)


def flip(spot: Here, item: str) -> FlipReport:
    return _flip(_ask.home(), spot.base, _who(spot), item, spot.k)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _whatif(
    home: str, base: tuple[str, str, str], who: Who, remove: tuple[str, ...], add: tuple[str, ...],
    weights: tuple[tuple[str, float], ...], half_life: float | None, k: int, kind: Kind, may_return: bool,
) -> WhatIf:  # fmt: skip
    workspace, model, snapshot = base
    return _ask.workbench().whatif(
        workspace, model, user=who[0], history=who[1], remove=remove, add=add, weights=dict(weights),
        half_life_days=half_life, k=k, kind=kind, snapshot=snapshot, may_return=may_return,
    )  # fmt: skip


def whatif(
    spot: Here, *, remove: tuple[str, ...], add: tuple[str, ...], weights: tuple[tuple[str, float], ...],
    half_life: float | None, kind: Kind, may_return: bool = False,
) -> WhatIf:  # fmt: skip
    return _whatif(_ask.home(), spot.base, _who(spot), remove, add, weights, half_life, spot.k, kind, may_return)


@st.cache_data(max_entries=64, show_spinner="Integrating over the edges …")
def _edges(home: str, base: tuple[str, str, str], who: Who, item: str) -> EdgeExplanation:
    workspace, model, snapshot = base
    return _ask.workbench().edges(workspace, model, item, user=who[0], history=who[1], snapshot=snapshot)


def edges(spot: Here, item: str) -> EdgeExplanation:
    return _edges(_ask.home(), spot.base, _who(spot), item)


@st.cache_data(max_entries=64, show_spinner="Reading the features …")
def _features(home: str, base: tuple[str, str, str], who: Who, item: str) -> FeatureExplanation | None:
    workspace, model, snapshot = base
    return _ask.workbench().features(workspace, model, item, user=who[0], history=who[1], snapshot=snapshot)


def features(spot: Here, item: str) -> FeatureExplanation | None:
    return _features(_ask.home(), spot.base, _who(spot), item)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _list_view(home: str, base: tuple[str, str, str], who: Who, k: int) -> ListView:
    workspace, model, snapshot = base
    return _ask.workbench().list_view(workspace, model, user=who[0], history=who[1], k=k, snapshot=snapshot)


def list_view(spot: Here) -> ListView:
    return _list_view(_ask.home(), spot.base, _who(spot), spot.k)


@st.cache_data(max_entries=_KEPT, show_spinner="Ranking the list of every person …")
def _item_view(home: str, base: tuple[str, str, str], item: str, k: int, listed: bool) -> ItemView:
    """listed: whether the workspace lists people; part of what the answer is kept by."""
    workspace, model, snapshot = base
    return _ask.workbench().item_view(workspace, model, item, k=k, snapshot=snapshot)


def item_view(spot: Here, item: str) -> ItemView:
    return _item_view(_ask.home(), spot.base, item, spot.k, spot.workspace.show_people)


@st.cache_data(max_entries=64, show_spinner=False)
def _usual_picture(home: str, workspace: str, model: str, snapshot: str, who: Who, item: str) -> Explanation:
    return _ask.workbench().usual_picture(workspace, model, item, user=who[0], history=who[1])


def usual_picture(spot: Here, model: str, item: str) -> Explanation:
    snapshot = next(s.snapshot for s in spot.fitted if s.model == model)
    return _usual_picture(_ask.home(), spot.name, model, snapshot, _who(spot), item)
