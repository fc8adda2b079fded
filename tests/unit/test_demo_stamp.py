"""A second `make demo` looks again only where something changed, and looks again always where something did."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import data, demo_stamp
from core.errors import SurfacedError
from explain.workbench.data import DataService
from tests.command_line import surfaced


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stamped home with two workspaces, beside sources of its own."""
    for name in (
        "root/core/graph.py",
        "root/data/a.py",
        "root/explain/b.py",
        "root/commands/c.py",
        "root/requirements.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1\n")
    monkeypatch.setattr(demo_stamp, "ROOT", tmp_path / "root")
    for name in ("one/tables/events.parquet", "two/snapshots/path.npz"):
        (tmp_path / "home" / "workspaces" / name).parent.mkdir(parents=True)
        (tmp_path / "home" / "workspaces" / name).write_bytes(b"0123456789")
    demo_stamp.write(tmp_path / "home", ("one", "two"))
    return tmp_path / "home"


def cut(home: Path) -> None:
    (home / "workspaces/two/snapshots/path.npz").write_bytes(b"01234")


def same_size(home: Path) -> None:
    file = home / "workspaces/one/tables/events.parquet"
    file.write_bytes(b"9876543210")
    os.utime(file, ns=(1, 1))


def lost(home: Path) -> None:
    (home / "workspaces/one/tables/events.parquet").unlink()


def new_code(home: Path) -> None:
    (home.parent / "root/core/new.py").write_text("")


def other_code(home: Path) -> None:
    (home.parent / "root/explain/b.py").write_text("x = 2222\n")


def no_stamp(home: Path) -> None:
    (home / demo_stamp.STAMP).unlink()


def half_a_stamp(home: Path) -> None:
    stamp = home / demo_stamp.STAMP
    stamp.write_text(stamp.read_text()[:50])


def list_for_a_stamp(home: Path) -> None:
    (home / demo_stamp.STAMP).write_text('[1, {"files": 2}]')


def numbers_for_files(home: Path) -> None:
    (home / demo_stamp.STAMP).write_text('{"files": 3}')


def test_unchanged_is_current(home: Path) -> None:
    assert demo_stamp.is_current(home)
    (home / "workspaces/one/snapshots").mkdir()
    (home / "workspaces/one/snapshots/another.npz").write_bytes(b"fitted by hand")
    assert demo_stamp.is_current(home), "what was added by hand takes nothing away"


@pytest.mark.parametrize(
    "change",
    [cut, same_size, lost, new_code, other_code, no_stamp, half_a_stamp, list_for_a_stamp, numbers_for_files],
)
def test_any_change_is_looked_at_again(home: Path, change: Callable[[Path], None]) -> None:
    change(home)
    assert not demo_stamp.is_current(home)


def test_a_stamp_that_cannot_be_written_is_no_failure(home: Path) -> None:
    demo_stamp.write(home / "nowhere", ("one",))
    assert not demo_stamp.is_current(home / "nowhere")


def test_the_demo_numbers_its_steps_and_leaves_a_stamp_only_when_nothing_is_missing(
    newsroom_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path(shutil.copytree(newsroom_home, tmp_path / "demo"))
    monkeypatch.setenv("SURFACED_HOME", str(whole))
    monkeypatch.setattr(data, "demo_workspaces", lambda: ("newsroom",))
    first = surfaced("demo-data")
    assert first.status == 0
    assert "8 of 12 · Measuring item-knn on newsroom" in first.err
    assert "Fitting" not in first.err, "what is there is not fitted again"
    assert demo_stamp.is_current(whole)
    again = surfaced("demo-data")
    assert (again.status, again.err) == (0, "")
    shutil.rmtree(next((whole / "workspaces/newsroom/snapshots").glob("popularity-*")))
    assert not demo_stamp.is_current(whole)


def test_the_demo_goes_on_without_a_workspace_that_cannot_be_had(
    newsroom_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path(shutil.copytree(newsroom_home, tmp_path / "demo"))
    monkeypatch.setenv("SURFACED_HOME", str(whole))

    def not_to_be_had(self: DataService, workspace: str, **_: object) -> None:
        raise SurfacedError(f"{workspace} cannot be had.")

    monkeypatch.setattr(DataService, "prepare", not_to_be_had)
    ended = surfaced("demo-data")
    assert ended.status == 0
    assert "Going on without movielens-100k" in ended.err
    assert not demo_stamp.is_current(whole)
