"""What can be changed about a history: titles taken out and put in, weights, decay, and what a change means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import streamlit as st

from core.texts import joined
from pages.frame import address, pickers, queries
from pages.frame.selection import Selection
from pages.frame.text import option, plain
from pages.whatif.about import PAGE
from pages.whatif.change import HALF, KINDS, MOST_ADDED, TIMES, Change

MEANING: Final = {
    "delete": (
        "As if it had never happened: the graph is edited and every message is passed again with "
        "the new degrees; what was learnt stays."
    ),
    "mask": "The messages of the removed items are dropped; degrees and everything else stay. Removals only.",
    "retrain": (
        "The model is fitted again to the edited data, as if it had never seen what you changed. As slow as a fit."
    ),
}


def section(selection: Selection, had: dict[str, str], change: Change) -> None:
    """The widgets of the change. had: item id → title of what the person has."""
    left, right = st.columns(2, gap="large")
    with left:
        _several(f"Take out ({len(had)} in the history)", had, "remove", change.remove, "Pick titles of the history")
        if change.remove:
            _switch(
                "What is taken out may come back",
                "may_return",
                change.may_return,
                "Off: the person has seen it, so it is in no list and no rank. On: it is a candidate again.",
            )
        if change.kind != "mask":
            pickers.add_title("Put in", selection.workspace, change.add, MOST_ADDED, "add", tuple(had))
            for raw in change.add:
                rest = joined(other for other in change.add if other != raw)
                label = f"{plain(queries.item(selection.name, raw).label, 60)} ✕"
                st.button(
                    label, key=f"added-{raw}", help="Leave it out again", on_click=address.put, args=("add", rest)
                )
    with right:
        pickers.segments("What a change means", KINDS, "kind", change.kind)
        st.caption(MEANING[change.kind])
        if change.kind != "mask" and not selection.own_titles:
            _reweigh(selection, change.weights)
        st.button("Reset", on_click=_reset, help="Back to the history as it is")


def _several(label: str, names: Mapping[str, str], key: str, current: Sequence[str], placeholder: str) -> None:
    """Any number of options for `key`, whose wish is their ids with commas between. names: id → what to show."""
    widget = f"{key}-several"
    st.session_state[widget] = list(current)
    shown = pickers.distinct({o: option(n) for o, n in names.items()})
    st.multiselect(
        label,
        list(names),
        key=widget,
        format_func=lambda o: shown.get(o, str(o)),
        placeholder=placeholder,
        filter_mode="contains",
        select_all=False,
        on_change=address.take,
        args=(key, widget),
    )


def _switch(label: str, key: str, current: bool, meaning: str) -> None:
    """On or off; on is the wish "yes"."""
    widget = f"{key}-switch"
    st.session_state[widget] = current
    st.toggle(label, key=widget, help=meaning, on_change=_take_switch, args=(key, widget))


def _take_switch(key: str, widget: str) -> None:
    address.put(key, "yes" if st.session_state[widget] else None)


def _reweigh(selection: Selection, weights: tuple[tuple[str, float], ...]) -> None:
    with st.expander("Weights and decay", expanded=bool(weights) or bool(address.wish("half"))):
        st.caption("Of this person's own events. The model's parameters stay.")
        pickers.choose("Older events weigh less", list(HALF), "half", address.wish("half") or "", lambda h: HALF[h])
        now = dict(weights)
        for name, stated in queries.workbench().whatif.event_kinds(selection.name).items():
            widget = f"times-{name}"
            st.session_state[widget] = now.get(name, 1.0)
            st.select_slider(
                f"{plain(name)} (stated weight {stated:g})",
                TIMES,
                key=widget,
                format_func=lambda x: f"× {x:g}",
                on_change=_take_weight,
                args=(name, widget, weights),
            )


def _take_weight(name: str, widget: str, weights: tuple[tuple[str, float], ...]) -> None:
    new = dict(weights) | {name: float(st.session_state[widget])}
    address.put("weights", joined(f"{n}={v:g}" for n, v in new.items() if v != 1.0))


def _reset() -> None:
    for key in PAGE.keys:
        address.put(key.name, None)
