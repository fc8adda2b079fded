"""What a visitor looks at, kept in the URL: a link copied from any page restores it in another browser.

The URL is the visitor's word and is checked as such: what it asks for and cannot be had becomes a notice and the
nearest thing that can. Widgets report through `take`; a page asks `wish` and calls `settle` with what it shows. `read`
runs before a page, `publish` after it. Whether an id exists is for `pages.frame.selection` to say.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

import streamlit as st

from core.texts import joined
from pages.frame.spec import SHARED, every_key, pages

_KEYS: Final = {key.name: key for key in every_key()}
_SHARED: Final = tuple(key.name for key in SHARED)
_OF_PAGE: Final = {page.path: (*_SHARED, *(key.name for key in page.keys)) for page in pages()}
_ECHO_S: Final = 1.5


@dataclass
class _Store:
    """One visitor's state. wishes: what was asked for; shown: what the page settled on; written: the URL as we left it;
    righted: pages and addresses that were put right.

    touched: a widget or a click has asked for something since the last run began; spoken: it had when this run began
    """

    wishes: dict[str, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    earlier: deque[tuple[float, dict[str, str]]] = field(default_factory=lambda: deque(maxlen=8))
    righted: deque[tuple[str, tuple[tuple[str, str], ...]]] = field(default_factory=lambda: deque(maxlen=32))
    notices: list[str] = field(default_factory=list)
    touched: bool = False
    spoken: bool = False


def _store() -> _Store:
    store = st.session_state.get("_surfaced")
    if not isinstance(store, _Store):
        store = st.session_state["_surfaced"] = _Store()
    return store


def read() -> None:
    """Take over what a link says, unless a widget has just spoken or the URL is only an echo of our own."""
    store, query = _store(), {key: st.query_params[key] for key in _KEYS if key in st.query_params}
    if store.touched:
        store.notices.clear()
    elif query and query != store.written and not _is_echo(store, query):
        _adopt(store, query)
    store.spoken, store.touched = store.touched, False
    store.shown = {}


def _is_echo(store: _Store, query: dict[str, str]) -> bool:
    """A browser that is asked again before our last URL reached it still sends the one before."""
    return any(query == url for then, url in store.earlier if time.monotonic() - then < _ECHO_S)


def _adopt(store: _Store, query: dict[str, str]) -> None:
    store.notices.clear()
    now = store.wishes.get("workspace")
    stays = _SHARED if query.get("workspace", now) == now else ("workspace", "model", "k")
    store.wishes = {key: store.wishes[key] for key in stays if key in store.wishes}
    for key, value in query.items():
        if len(value) > _KEYS[key].max_length:
            ids = f" ({value.count(',') + 1:,} ids)" if "," in value else ""
            notice(f"The address gives a {key} of {len(value):,} characters{ids}, more than any has. It was left out.")
        elif value:
            store.wishes[key] = value
    for key in query:
        if len(st.query_params.get_all(key)) > 1:
            notice(f"The address gives {key} more than once. The last one counts.")


def wish(key: str) -> str | None:
    """What the visitor asked for, unchecked."""
    return _store().wishes.get(key)


def settle(key: str, value: str | None) -> None:
    """What the page shows for a key: it stands in the URL. Nothing (None) does not."""
    if value:
        _store().shown[key] = value
    else:
        _store().shown.pop(key, None)


def put(key: str, value: str | None) -> None:
    """Wish something on the visitor's behalf, as a widget or a click does. Nothing (None) takes the wish away."""
    store = _store()
    store.touched = True
    if value != store.shown.get(key):
        for other in _KEYS.values():
            if key in other.reset_by or (key == "workspace" and other.of_workspace):
                store.wishes.pop(other.name, None)
    if value:
        store.wishes[key] = value
    else:
        store.wishes.pop(key, None)


def forget(key: str) -> None:
    """Take a wish away that cannot be had; nobody has chosen anything by it."""
    _store().wishes.pop(key, None)


def read_fragment() -> None:
    """A fragment says this where a page says `read`: where it runs alone, a widget of its own has just spoken."""
    store = _store()
    store.spoken, store.touched = store.spoken or store.touched, False


def take(key: str, widget: str) -> None:
    """Callback of a widget: its value becomes the wish."""
    value = st.session_state.get(widget)
    put(key, joined(map(str, value)) if isinstance(value, list) else None if value is None else str(value))


def notice(text: str) -> None:
    """Tell the visitor about an address that could not be followed to the letter; it stays until the next choice."""
    notices = _store().notices
    if text not in notices:
        notices.append(text)


def notices() -> tuple[str, ...]:
    return tuple(_store().notices)


def address(**changes: str | None) -> dict[str, str]:
    """The shared state as query parameters, with changes; for links to other pages."""
    shared = {key: value for key, value in _store().shown.items() if key in _SHARED}
    changed = shared | changes
    return {key: value for key in dict.fromkeys((*_SHARED, *changes)) if (value := changed.get(key))}


def permalink(page: str) -> str:
    """The full address of what is shown now."""
    url = str(st.context.url or "").split("?")[0]
    return f"{url}?{urlencode(_parameters_of(page))}"


def publish(page: str) -> None:
    """Bring the URL in line with what is shown, once the visitor has chosen something.

    Each address that is written is a step back for the browser: a page that was only come to keeps the address that led
    to it. One that could not be followed to the letter, as a notice says, is put right, but only once: Back must lead
    out of it.
    """
    store, url, came = _store(), _parameters_of(page), st.query_params.to_dict()
    if not store.spoken:
        request = (page, tuple(sorted(came.items())))
        if not store.notices or request in store.righted:
            store.written = came
            return
        store.righted.append(request)
    if url == store.written == st.query_params.to_dict():
        return
    if store.written:
        store.earlier.append((time.monotonic(), store.written))
    store.written = url
    if st.query_params.to_dict() != url:
        st.query_params.from_dict(url)


def _parameters_of(page: str) -> dict[str, str]:
    shown = _store().shown
    return {key: shown[key] for key in _OF_PAGE.get(page, _SHARED) if key in shown}
