"""A page is one folder: its `about.py` says what it is, and nothing else has to be told of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from pages.frame import address, spec
from tests.app.conftest import ROOT, menu, open_page

ABOUT = """
from pages.frame.spec import Key, PageSpec

PAGE = PageSpec(path={path!r}, title="Stranger", order={order}, invitation="Stranger: come in",
                keys=(Key(name={key!r}, max_length=5),))
"""
SCRIPT = """
import streamlit as st

from pages.frame import address, widgets

st.title("Stranger")
widgets.notices()
st.caption(f"asked for {address.wish('mood')}")
address.settle("mood", address.wish("mood"))
"""
VISIT = """
import json, sys
from streamlit.testing.v1 import AppTest

app = AppTest.from_file("app.py", default_timeout=60).run()
parts = {"menu": app.sidebar, "main": app.main}
labels = {name: [link.proto.label for link in part.get("page_link")] for name, part in parts.items()}
app.switch_page("pages/stranger/page.py")
app.query_params["mood"] = sys.argv[1]
app.run()
print(json.dumps({
    **labels, "failed": [e.value for e in app.exception], "title": [t.value for t in app.title],
    "caption": [c.value for c in app.caption], "warning": [w.value for w in app.warning],
}))
"""


def folders() -> list[Path]:
    return sorted(file.parent for file in (ROOT / "pages").glob("*/page.py"))


def test_every_page_says_what_it_is() -> None:
    assert [folder.name for folder in folders()] == sorted(spec.folders())
    assert all((folder / "about.py").is_file() for folder in folders())
    assert all(isinstance(page, spec.PageSpec) and page.title for page in spec.pages())


def test_no_two_pages_share_an_address_a_title_or_a_place() -> None:
    pages = spec.pages()
    assert [page.path for page in pages].count("") == 1
    for values in ([p.path for p in pages], [p.title for p in pages], [p.order for p in pages]):
        assert len(set(values)) == len(values)
    assert [page.order for page in pages] == sorted(page.order for page in pages)


def test_each_key_is_shared_or_belongs_to_one_page() -> None:
    names = [key.name for key in spec.every_key()]
    assert [name for name, n in Counter(names).items() if n > 1] == []
    owned = [(page, key) for page in spec.pages() for key in page.keys]
    shared = {key.name for key in spec.SHARED}
    for page, key in owned:
        known = shared | {own.name for own in page.keys}
        assert set(key.reset_by) <= known - {key.name}, f"{key.name} is reset by what its page does not read"
        assert key.max_length > 0


def test_no_script_stands_where_streamlit_looks_for_a_menu() -> None:
    assert [file.name for file in (ROOT / "pages").glob("*.py")] == ["__init__.py"]


def test_reading_what_pages_are_needs_neither_streamlit_nor_pandas() -> None:
    code = "import sys; from pages.frame import spec; spec.pages(); print({'streamlit', 'pandas'} & set(sys.modules))"
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "set()"


def test_the_menu_is_what_the_pages_say(bare_home: Path) -> None:
    assert list(menu(open_page())) == [page.path or "overview" for page in spec.pages()]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The app with pages/ copied, so that something can be planted; everything below is linked."""
    place = tmp_path / "copy"
    shutil.copytree(ROOT / "pages", place / "pages", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "app.py", place / "app.py")
    for below in ("core", "data", "explain"):
        (place / below).symlink_to(ROOT / below)
    return place


def plant(copy: Path, path: str = "stranger", order: int = 65, key: str = "mood") -> None:
    folder = copy / "pages" / "stranger"
    folder.mkdir()
    (folder / "about.py").write_text(ABOUT.format(path=path, order=order, key=key))
    (folder / "page.py").write_text(SCRIPT)


def run(copy: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"SURFACED_HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-c", *arguments], cwd=copy, env=environment, capture_output=True, text=True, timeout=120
    )


def test_a_strangers_folder_is_a_page_of_the_menu_with_a_key_of_its_own(copy: Path, newsroom_home: Path) -> None:
    plant(copy)
    seen = run(copy, newsroom_home, VISIT, "calm")
    assert seen.returncode == 0, seen.stderr[-2000:]
    opened = json.loads(seen.stdout.splitlines()[-1])
    titles = [page.title for page in spec.pages()]
    place = titles.index("Fairness")
    assert opened["menu"] == [*titles[:place], "Stranger", *titles[place:]]
    assert ":primary[Stranger: come in]" in opened["main"]
    assert (opened["failed"], opened["title"], opened["warning"]) == ([], ["Stranger"], [])
    assert "asked for calm" in opened["caption"]
    long = json.loads(run(copy, newsroom_home, VISIT, "furious").stdout.splitlines()[-1])
    assert len(long["warning"]) == 1
    assert "asked for None" in long["caption"]


@pytest.mark.parametrize(
    ("claim", "word"),
    [
        ({"path": "why"}, "path 'why'"),
        ({"order": 70}, "order 70"),
        ({"key": "k"}, "key 'k'"),
        ({"key": "at"}, "key 'at'"),
    ],
)
def test_a_page_that_claims_what_another_has_is_refused_by_name(
    copy: Path, tmp_path: Path, claim: dict[str, str | int], word: str
) -> None:
    plant(copy, **claim)  # type: ignore[arg-type]
    refused = run(copy, tmp_path, "from pages.frame import spec; spec.pages()")
    assert refused.returncode != 0
    assert word in refused.stderr
    assert "ValueError: pages/" in refused.stderr


def test_what_belongs_to_a_choice_is_forgotten_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    store = address._Store()
    monkeypatch.setattr(address, "_store", lambda: store)
    keys = {key.name: key for key in spec.every_key()}
    for changed in keys:
        store.wishes = dict.fromkeys(keys, "x")
        store.shown = {changed: "before"}
        address.put(changed, "after")
        gone = set(keys) - set(store.wishes)
        assert gone == {
            name
            for name, key in keys.items()
            if changed in key.reset_by or (changed == "workspace" and key.of_workspace)
        }
        assert store.wishes[changed] == "after"
    store.wishes = dict.fromkeys(keys, "x")
    store.shown = {"workspace": "same"}
    address.put("workspace", "same")
    assert set(store.wishes) == set(keys), "what was shown already is no change"
