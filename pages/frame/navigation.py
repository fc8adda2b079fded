"""What every page is run in: the navigation, the address before and after, and errors as sentences.

`app.py` starts it. A page that Streamlit runs by itself starts it too: the first visitor of a fresh server who asks for an
inner page gets that page's script alone, because Streamlit takes the folder `pages/` for a menu until it meets `st.navigation`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import SurfacedError
from pages.frame import address, places, queries, server, widgets

ICON: Final = Path(__file__).parents[1] / "assets" / "icon.png"
TITLES: Final = {
    "": "Overview",
    "recommendations": "Recommendations",
    "why": "Why this",
    "whatif": "What if",
    "item": "Item",
    "faithfulness": "Faithfulness",
    "fairness": "Fairness",
    "audit": "Audit",
    "blind": "Blind test",
    "models": "Models",
    "guide": "Guide",
}


def main() -> None:
    """Run the page that was asked for. Its state comes from the address before, and goes into it after."""
    server.begin()
    st.set_page_config(page_title="Surfaced", page_icon=str(ICON), layout="wide")
    st.set_option("client.showSidebarNavigation", True)  # off at the start, when it would list the files of pages/
    page = st.navigation(
        [
            st.Page(places.script(path), title=title, url_path=path or None, default=not path)
            for path, title in TITLES.items()
        ],
        position="sidebar" if _on_a_phone() else "hidden",
    )
    menu, before = None, address.address()  # as the last run left it
    if _on_a_phone():
        _close_menu(page.url_path)
    else:
        menu = st.sidebar.empty()
        _menu(menu, before)
    queries.follow_data()
    address.read()
    address.framed(True)
    try:
        page.run()
    except SurfacedError as error:
        widgets.problem(error)
    finally:
        address.framed(False)
        address.publish(page.url_path)
        if menu is not None and (now := address.address()) != before:
            _menu(menu, now)


def _menu(place: DeltaGenerator, parameters: dict[str, str]) -> None:
    """The pages, each by an address that keeps who and what is looked at: one step forward is one step back, and a reload keeps it."""
    with place.container(gap="xxsmall"):
        for path, title in TITLES.items():
            st.page_link(places.script(path), label=title, query_params=parameters)


def _on_a_phone() -> bool:
    """Phones get Streamlit's own menu: only that one can be made to close (links of ours would leave it open over the page)."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")


def _close_menu(place: str) -> None:
    """A menu over the whole screen closes when it has led somewhere.

    On a phone both states mean closed, but Streamlit closes the menu only when the state changes: so each page takes the other one.
    """
    before, state = st.session_state.get("_menu", (place, "auto"))
    if before != place:
        state = "collapsed" if state == "auto" else "auto"
    st.session_state["_menu"] = (place, state)
    st.set_page_config(initial_sidebar_state=state)


def run(page: Callable[[], None]) -> None:
    """What a page's script ends with: the page itself, within the frame."""
    if address.is_framed():
        page()
    else:
        main()
