"""Workspaces of a few people and things: every page opens, says what is too little, lists nothing without a score."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from core.errors import SurfacedError
from explain.workbench.workbench import Workbench
from tests.app.conftest import PAGES, address, is_sound, open_page, texts

DAY = 86_400
SHAPES = {
    "twelve-things": (30, 12, 6, True),
    "two-things": (12, 2, 2, True),
    "two-people": (2, 12, 5, True),
    "nothing-but-events": (25, 15, 5, False),
    "once-each": (24, 12, 1, False),
}


def write(folder: Path, n_users: int, n_items: int, n_each: int, described: bool) -> Path:
    folder.mkdir()
    rows = [
        (
            f"u{u}",
            f"i{(u * 5 + n * (u % 3 + 1)) % n_items}",
            "VIEW" if (u + n) % 4 else "PURCHASE",
            1_700_000_000 + DAY * (u + 3 * n),
        )
        for u in range(n_users)
        for n in range(n_each)
    ]
    events = pd.DataFrame(rows, columns=["user", "item", "event", "time"])
    (events if described else events[["user", "item"]]).drop_duplicates(["user", "item"]).to_csv(
        folder / "events.csv", index=False
    )
    if described:
        users, items = sorted({r[0] for r in rows}), [f"i{n}" for n in range(n_items)]
        pd.DataFrame({"user": users, "country": ["DE" if n % 2 else "FR" for n in range(len(users))]}).to_csv(
            folder / "users.csv", index=False
        )
        pd.DataFrame(
            {"item": items, "label": [f"Thing {i}" for i in items], "lang": ["x", "z"] * (n_items // 2)}
        ).to_csv(folder / "items.csv", index=False)
        pd.DataFrame({"item": items, "topic": [f"t{n % 3}" for n in range(n_items)]}).to_csv(
            folder / "topics.csv", index=False
        )
    return folder


@pytest.fixture(scope="module")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("small")
    bench = Workbench(place / "home")
    for name, shape in SHAPES.items():
        bench.data.prepare(name, folder=write(place / name, *shape), show_people=True)
        bench.models.fit(name, "popularity")
        if name in ("twelve-things", "nothing-but-events"):
            bench.models.fit(name, "path")
        else:  # too little for a validation cut: where it cannot be had, a sentence says so and the pages go on
            with suppress(SurfacedError):
                bench.models.fit(name, "path")
    return place / "home"


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", SHAPES)
def test_every_page_opens(small_home: Path, monkeypatch: pytest.MonkeyPatch, name: str, page: str) -> None:
    monkeypatch.setenv("SURFACED_HOME", str(small_home))
    fitted = {info.model for info in Workbench(small_home).models.fitted(name)}
    for model in sorted(fitted):
        app = open_page(page, workspace=name, model=model)
        assert is_sound(app), (model, [e.value for e in app.error])
        said = texts(app)
        assert "k = 20" not in said, "a list of twenty cannot be had of twelve"
        assert page == "models" or "VIEW" not in said, (
            "an event type is said as a verb (a model card names it as it is)"
        )


def test_all_taken_out_lists_nothing(small_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURFACED_HOME", str(small_home))
    had = [row.item for row in Workbench(small_home).data.person("twelve-things", "u1").history]
    app = open_page("whatif", workspace="twelve-things", model="path", user="u1", remove=",".join(had))
    assert is_sound(app)
    assert "nothing left to recommend" in texts(app).lower()
    assert address(app)["remove"] == ",".join(had)
    result = Workbench(small_home).whatif.compare("twelve-things", "path", user="u1", remove=had)
    assert not result.after
