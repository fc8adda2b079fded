"""What every page is run in: the menu, the address before and after, and errors as sentences.

`app.py` runs it for each visitor. Which pages there are is read from their own folders (pages/frame/spec.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import SurfacedError
from pages.frame import address, queries, server, spec, widgets

ICON: Final = Path(__file__).parents[1] / "assets" / "icon.png"


def main() -> None:
    """Run the page that was asked for. Its state comes from the address before, and goes into it after."""
    server.begin()
    st.set_page_config(page_title="Surfaced", page_icon=str(ICON), layout="wide")
    page = st.navigation(
        [_streamlit_page(page) for page in spec.pages()], position="sidebar" if _on_a_phone() else "hidden"
    )
    menu, before = None, address.address()  # as the last run left it
    if _on_a_phone():
        _close_menu(page.url_path)
    else:
        menu = st.sidebar.empty()
        _menu(menu, before)
    queries.follow_data()
    address.read()
    try:
        page.run()
    except SurfacedError as error:
        widgets.problem(error)
    finally:
        address.publish(page.url_path)
        if menu is not None and (now := address.address()) != before:
            _menu(menu, now)


def _streamlit_page(page: spec.PageSpec) -> st.Page:
    return st.Page(spec.script(page.path), title=page.title, url_path=page.path or None, default=not page.path)


def _menu(place: DeltaGenerator, parameters: dict[str, str]) -> None:
    """The pages, each by an address that keeps who and what is looked at.

    So one step forward is one step back, and a reload keeps it.
    """
    with place.container(gap="xxsmall"):
        for page in spec.pages():
            st.page_link(spec.script(page.path), label=page.title, query_params=parameters)


def _on_a_phone() -> bool:
    """Phones get Streamlit's own menu.

    Only that one can be made to close; links of ours would leave it open over the page.
    """
    return "Mobi" in (st.context.headers.get("User-Agent") or "")


def _close_menu(place: str) -> None:
    """A menu over the whole screen closes when it has led somewhere.

    On a phone both states mean closed, but Streamlit closes the menu only when the state changes: so each page takes
    the other one.
    """
    before, state = st.session_state.get("_menu", (place, "auto"))
    if before != place:
        state = "collapsed" if state == "auto" else "auto"
    st.session_state["_menu"] = (place, state)
    st.set_page_config(initial_sidebar_state=state)
