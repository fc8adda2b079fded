"""What a server does once, before its first visitor is answered."""

from __future__ import annotations

import contextlib
from typing import Final

import streamlit as st

WANTED: Final = 65_536


@st.cache_resource(show_spinner=False)
def begin() -> int | None:
    """Raise the soft limit of open files to what the system allows. The limit then, None where the system has none.

    Streamlit keeps about four descriptors for each visitor, and three for two minutes after; with the usual 256 of macOS
    82 page loads end a server for good, because a listener that cannot accept never hears of the one who would free it.
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
