"""An app run without a browser: over the small Newsroom, over the same data under a second name, over nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.frame import spec

ROOT = Path(__file__).resolve().parents[2]
FIRST = "overview"
EVERY_PAGE = tuple(page.path or FIRST for page in spec.pages())
PAGES = tuple(name for name in EVERY_PAGE if name != "blind")  # a blind test is of no workspace
TIMEOUT_S = 60


@pytest.fixture(autouse=True)
def _nothing_kept_from_other_homes() -> Iterator[None]:
    """Answers are cached for the life of a server; each test is a server of its own."""
    yield
    st.cache_data.clear()


def open_page(page: str = FIRST, **query: str) -> AppTest:
    """A page of the app with this address, run once by a fresh visitor."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT_S)
    app.run()
    return go(app, page, query)


def go(app: AppTest, page: str, query: Mapping[str, str]) -> AppTest:
    """The same visitor comes to a page by a link with this query."""
    app.switch_page(spec.script("" if page == FIRST else page))
    app.query_params.clear()
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def address(app: AppTest) -> dict[str, str]:
    """The query of the URL that the page left, one value a key."""
    return {key: value if isinstance(value, str) else value[-1] for key, value in dict(app.query_params).items()}


def menu(app: AppTest) -> dict[str, dict[str, str]]:
    """Where the menu leads: each page's query."""
    links = [link.proto for link in app.sidebar.get("page_link")]
    return {link.page or FIRST: dict(parse_qsl(link.query_string)) for link in links}


def texts(app: AppTest) -> str:
    """All that a page says, in one text."""
    elements = (app.title, app.header, app.subheader, app.markdown, app.caption, app.warning, app.info, app.error)
    return "\n".join(str(element.value) for kind in elements for element in kind) + "\n".join(html_of(app))


def html_of(app: AppTest) -> list[str]:
    return [str(element.proto.body) for element in app.get("html")]


def is_sound(app: AppTest) -> bool:
    """A usable page: one title, no exception."""
    return len(app.exception) == 0 and len(app.title) == 1


@pytest.fixture
def bare_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh clone: nothing is prepared."""
    monkeypatch.setenv("SURFACED_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def two_homes(newsroom_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small Newsroom, and the same data as a workspace of the user's own."""
    home = Path(shutil.copytree(newsroom_home, tmp_path / "home"))
    shutil.copytree(home / "workspaces" / "newsroom", home / "workspaces" / "gazette")
    monkeypatch.setenv("SURFACED_HOME", str(home))
    return home
