"""Start of the app: the pages, their addresses, and what every run of one begins and ends with."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.errors import SurfacedError
from pages import _parts, _state

ICON = Path(__file__).parent / "pages" / "assets" / "icon.png"
TITLES = {
    "": "Overview",
    "recommendations": "Recommendations",
    "why": "Why this",
    "fairness": "Fairness",
    "models": "Models",
    "guide": "Guide",
}


def main() -> None:
    """Run the page that was asked for. Its state comes from the address before, and goes into it after."""
    st.set_page_config(page_title="Surfaced", page_icon=str(ICON), layout="wide")
    page = st.navigation(
        [
            st.Page(f"pages/{path or 'overview'}.py", title=title, url_path=path or None, default=not path)
            for path, title in TITLES.items()
        ]
    )
    _state.read()
    try:
        page.run()
    except SurfacedError as error:
        _parts.problem(error)
    finally:
        _state.publish(page.url_path)


main()
