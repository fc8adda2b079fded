"""What a server does once, before its first visitor is answered."""

from __future__ import annotations

import contextlib
import importlib
import threading
from typing import Final

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

WANTED: Final = 65_536


def name_own_pages() -> None:
    """Tell Streamlit, before its first visitor, that the app itself names its pages.

    Streamlit takes a folder `pages/` beside the main script for a menu of scripts until it meets `st.navigation`. There
    are none at its top, so the first visitor of a fresh server who asks for an inner page would be told that it was not
    found before being shown it.
    """
    PagesManager.uses_pages_directory = False


@st.cache_resource(show_spinner=False)
def import_ahead() -> None:
    """Once, beside the first page, which shows stored results alone: import what loading a model takes seconds for."""
    threading.Thread(target=importlib.import_module, args=("torch",), daemon=True).start()


@st.cache_resource(show_spinner=False)
def begin() -> int | None:
    """Raise the soft limit of open files to what the system allows. The limit then, None where the system has none.

    Streamlit keeps about four descriptors for each visitor, and three for two minutes after; with the usual 256 of
    macOS 82 page loads end a server for good, because a listener that cannot accept never hears of the one who would
    free it.
    """
    return raise_open_files()


def raise_open_files() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # macOS refuses what is above its kernel's own limit
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
