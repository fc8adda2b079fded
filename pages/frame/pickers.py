"""Pickers whose value is the visitor's wish: what they show comes from the address, what is picked goes into it.

What is typed filters by what contains it, in the options' own order: a fuzzy match puts strangers before the one that
was meant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import streamlit as st

from core.texts import joined
from explain.results.workspace import WorkspaceInfo
from pages.frame import address, queries
from pages.frame.text import option, plain

ALL_AT_ONCE: Final = 3000
_HITS: Final = 50


def choose(
    label: str,
    options: Sequence[str],
    key: str,
    current: str | None,
    name: Callable[[str], str] = str,
    *,
    scope: str = "",
    optional: bool = False,
    placeholder: str | None = None,
) -> None:
    """A select box for `key`. optional: nothing (None) is a choice too, the box can be emptied."""
    widget = f"{key}-box{scope}"
    st.session_state[widget] = current
    names = distinct({o: name(o) for o in options})
    st.selectbox(
        label,
        list(options),
        key=widget,
        format_func=lambda o: names.get(o, str(o)),
        placeholder=placeholder,
        index=None if optional else 0,
        filter_mode="contains",
        on_change=address.take,
        args=(key, widget),
    )


def distinct(names: dict[str, str]) -> dict[str, str]:
    """The names, with the id where two are alike: a browser answers with the name alone."""
    n_alike = Counter(names.values())
    return {o: f"{name} · {option(o, 40)}" if n_alike[name] > 1 else name for o, name in names.items()}


def segments(label: str, options: Mapping[str, str], key: str, current: str) -> None:
    """A few choices side by side, one of them always picked; names are our own words."""
    widget = f"{key}-segments"
    st.session_state[widget] = current
    st.segmented_control(
        label,
        list(options),
        key=widget,
        format_func=lambda o: plain(options[o]),
        required=True,
        on_change=address.take,
        args=(key, widget),
    )


def length(most: int, current: int) -> None:
    """k, the length of the list."""
    st.session_state["k-input"] = current
    st.number_input(
        "Length of the list (k)", 1, most, step=1, key="k-input", on_change=address.take, args=("k", "k-input")
    )


def item(
    label: str,
    key: str,
    workspace: WorkspaceInfo,
    current: str | None,
    *,
    optional: bool = False,
    placeholder: str | None = None,
) -> None:
    """One item by its title: type into the box. A large catalogue is searched first."""
    names = _narrowed(label, key, workspace, "item", current)
    choose(label, list(names), key, current, lambda i: names.get(i, i), optional=optional, placeholder=placeholder)


def person(label: str, workspace: WorkspaceInfo, current: str | None) -> None:
    """One person by id or by what is known about them; where people are not listed, by an id that one has."""
    if not workspace.show_people:
        st.session_state["user-id"] = current or ""
        st.text_input(
            "Person: type the exact id",
            key="user-id",
            max_chars=200,
            placeholder="an id that you have",
            help="People of this workspace are not listed.",
            on_change=address.take,
            args=("user", "user-id"),
        )
        return
    names = _narrowed(label, "user", workspace, "user", current)
    choose(label, list(names), "user", current, lambda u: names.get(u, u))


def add_title(
    label: str,
    workspace: WorkspaceInfo,
    picked: Sequence[str],
    most: int,
    key: str = "history",
    had: Sequence[str] = (),
) -> None:
    """One more item for a list of them; the box empties itself. The wish is `key`. had: what cannot be picked."""
    names = _narrowed(label, key, workspace, "item", None)
    out = {*picked, *had}
    offered = distinct({raw: name for raw, name in names.items() if raw not in out})
    st.session_state[f"{key}-box"] = None
    st.selectbox(
        label,
        list(offered),
        key=f"{key}-box",
        index=None,
        format_func=lambda i: offered.get(i, str(i)),
        placeholder="Type a title" if len(picked) < most else "That is enough",
        disabled=len(picked) >= most,
        filter_mode="contains",
        on_change=_add_title,
        args=(key, tuple(picked)),
    )


def _add_title(key: str, picked: tuple[str, ...]) -> None:
    added = st.session_state[f"{key}-box"]
    if added is not None:
        address.put(key, joined(dict.fromkeys((*picked, added))))


def _narrowed(label: str, key: str, workspace: WorkspaceInfo, side: str, current: str | None) -> dict[str, str]:
    """Everything where it is little enough for one box, else the hits of a search, with what is picked on top."""
    n = workspace.n_items if side == "item" else workspace.n_users
    if n is not None and n <= ALL_AT_ONCE:
        return queries.names(workspace, side, "", ALL_AT_ONCE)
    text = st.text_input(f"Search: {label}", key=f"{key}-search", max_chars=100, placeholder="Type a few letters")
    names = queries.names(workspace, side, text, _HITS)
    if current is None or current in names:
        return names
    known = (
        queries.item(workspace.name, current).label if side == "item" else queries.person(workspace.name, current).label
    )
    return {current: option(known)} | names
