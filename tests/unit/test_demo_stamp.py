"""A second `make demo` looks again only where something changed, and looks again always where something did."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from explain.shell import demo_stamp


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stamped home with two workspaces, beside sources of its own."""
    for name in ("root/core/graph.py", "root/data/a.py", "root/explain/b.py", "root/requirements.txt"):
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
