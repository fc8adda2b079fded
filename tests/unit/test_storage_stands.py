"""What is stored stays whole: kills between any two system calls, altered bytes, clocks, two processes, backups."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import sqlite3
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core import snapshots
from core.errors import OptionError, SurfacedError
from explain.records.log import DecisionLog
from explain.storage import table_files
from explain.storage.store import Store
from explain.workbench.workbench import Workbench
from tests.command_line import surfaced

CALLS = ("replace", "rename", "mkdir", "unlink", "symlink", "fsync")
ADD = {"workspace": "w", "kind": "note", "actor": "Ada"}


class KilledError(BaseException):
    """Stands for the end of the process: nothing catches it but the test, and no clean-up of the
    product runs after it.
    """


def folder(tmp_path: Path, name: str, titles: str, users: int = 6) -> Path:
    source = tmp_path / name
    source.mkdir()
    rows = [(f"u{u}", f"i{(u + n) % 5}", 1_700_000_000 + 10 * u + n) for u in range(users) for n in range(3)]
    pd.DataFrame(rows, columns=["user", "item", "time"]).to_csv(source / "events.csv", index=False)
    items = [(f"i{n}", f"{titles} {n}", "xz"[n % 2]) for n in range(5)]
    pd.DataFrame(items, columns=["item", "label", "lang"]).to_csv(source / "items.csv", index=False)
    return source


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    return folder(tmp_path, "first", "Old"), folder(tmp_path, "second", "New", users=8)


def killed_child(act: Callable[[], object], after: int) -> None:
    """In a process of its own: die at the n-th call that changes a folder or a database."""
    seen = 0

    def dying(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            nonlocal seen
            seen += 1
            if seen > after:
                os._exit(9)
            return call(*arguments, **options)

        return counted

    for name in CALLS:
        setattr(os, name, dying(getattr(os, name)))

    class Dying(sqlite3.Connection):
        def execute(self, sql: str, *rest: Any) -> sqlite3.Cursor:
            return dying(super().execute)(sql, *rest)

    sqlite3.connect = partial(sqlite3.connect, factory=Dying)
    act()
    os._exit(0)


def killed(act: Callable[[], object], after: int) -> bool:
    """Whether an act was ended before it was done."""
    child = multiprocessing.get_context("fork").Process(target=killed_child, args=(act, after))
    child.start()
    child.join(60)
    return child.exitcode != 0


@pytest.mark.parametrize("layout", ["now", "of an older version"])
def test_a_kill_at_any_call_of_prepare_leaves_the_old_data_or_the_new(
    tmp_path: Path, two: tuple[Path, Path], layout: str
) -> None:
    start = tmp_path / "start"
    Workbench(start).data.prepare("w", folder=two[0])
    if layout != "now":
        place = start / "workspaces" / "w"
        whole = table_files.tables_folder(place)
        assert whole is not None
        (place / "tables").unlink()
        whole.rename(place / "tables")
    after, outcomes = 0, set()
    while True:
        home = tmp_path / f"home-{after}"
        shutil.copytree(start, home, symlinks=True)
        ended = killed(partial(Workbench(home).data.prepare, "w", folder=two[1]), after)
        bench = Workbench(home)
        assert "w" in {row.name for row in bench.data.workspaces() if row.ready}, f"killed after {after} calls"
        label = bench.data.item("w", "i0").label
        assert label in ("Old 0", "New 0")
        outcomes.add(label)
        bench.data.prepare("w", folder=two[1])
        assert bench.data.item("w", "i0").label == "New 0"
        assert not list((home / "workspaces" / "w").glob(".new-*"))
        if not ended:
            break
        after += 1
    assert outcomes == {"Old 0", "New 0"}
    assert after > 8, "a test of nothing"


@pytest.mark.parametrize("act", ["fit", "sign", "note"])
def test_a_kill_at_any_call_of_fit_sign_or_note_leaves_it_done_or_not(
    tmp_path: Path, two: tuple[Path, Path], act: str
) -> None:
    start = tmp_path / "start"
    bench = Workbench(start)
    bench.data.prepare("w", folder=two[0])
    bench.models.fit("w", "popularity")
    bench.records.add_incident("w", "before", "Ada", "operator")
    bench.notes.add("w", "popularity", "i0", author="Ada", note="before")
    acts: dict[str, Callable[[Workbench], object]] = {
        "fit": lambda b: b.models.fit("w", "popularity", seed=1),
        "sign": lambda b: b.records.add_incident("w", "after", "Ada", "operator"),
        "note": lambda b: b.notes.add("w", "popularity", "i0", author="Ada", note="after"),
    }
    counted: dict[str, Callable[[Workbench], int]] = {
        "fit": lambda b: len(
            [s for s in b.models.fitted("w")[:1] if s.snapshot != bench.models.fitted("w")[0].snapshot]
        ),
        "sign": lambda b: len(b.records.log("w")) - 1,
        "note": lambda b: len(b.notes.listed("w")) - 1,
    }
    after, outcomes = 0, set()
    while True:
        home = tmp_path / f"home-{after}"
        shutil.copytree(start, home, symlinks=True)
        ended = killed(partial(acts[act], Workbench(home)), after)
        again = Workbench(home)
        done = counted[act](again)
        assert done in (0, 1)
        assert done or ended, "it was answered as done"
        assert again.records.verify_log("w").ok, f"killed after {after} calls"
        assert again.explain.recommend("w", "popularity", user="u0").items
        outcomes.add(done)
        acts[act](again)
        assert counted[act](Workbench(home)) == (1 if act == "fit" else done + 1)
        if not ended:
            break
        after += 1
    assert outcomes == {0, 1}
    assert after > 2, "a test of nothing"


def test_what_an_older_version_left_half_swapped_is_found_again(tmp_path: Path, two: tuple[Path, Path]) -> None:
    Workbench(tmp_path / "home").data.prepare("w", folder=two[0])
    place = tmp_path / "home" / "workspaces" / "w"
    whole = table_files.tables_folder(place)
    assert whole is not None
    (place / ".tables-abc").mkdir()
    (place / "tables").unlink()
    whole.rename(place / ".tables-abc" / "old")
    assert Workbench(tmp_path / "home").data.item("w", "i0").label == "Old 0"


def test_one_workspace_is_prepared_by_one_process_at_a_time(tmp_path: Path, two: tuple[Path, Path]) -> None:
    store = Store(tmp_path / "home")
    with store.preparing("w"), pytest.raises(SurfacedError, match=rf"{os.getpid()}.*is preparing 'w'"):
        Workbench(tmp_path / "home").data.prepare("w", folder=two[0])
    Workbench(tmp_path / "home").data.prepare("w", folder=two[0])  # held no longer


@pytest.mark.parametrize("name", ["My Desk", "con", "lpt1", "../x", ""])
def test_a_name_that_cannot_be_is_refused_before_anything_is_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(OptionError, match="cannot be a workspace's name"):
        Workbench(tmp_path / "home").data.prepare(name, folder=tmp_path / "nowhere")


def test_other_labels_and_columns_are_other_data_for_a_running_server(tmp_path: Path, two: tuple[Path, Path]) -> None:
    renamed = folder(tmp_path, "renamed", "Renamed")
    bench = Workbench(tmp_path / "home")
    bench.data.prepare("w", folder=two[0])
    bench.models.fit("w", "popularity")
    before, versions = bench.exposure.audit("w", "popularity", "lang", k=3), bench.data.versions()
    items = pd.read_csv(renamed / "items.csv").assign(lang=["q", "q", "q", "q", "r"])
    items.to_csv(renamed / "items.csv", index=False)
    Workbench(tmp_path / "home").data.prepare("w", folder=renamed)  # another process
    assert bench.data.item("w", "i0").label == "Renamed 0"
    assert bench.exposure.stored("w", "popularity", "lang", k=3) is None, "the stored one is of other groups"
    assert {row.group for row in before.rows} == {"x", "z"}
    assert {row.group for row in bench.exposure.audit("w", "popularity", "lang", k=3).rows} == {"q", "r"}
    assert bench.data.versions() != versions
    assert bench.explain.recommend("w", "popularity", user="u0").items, "the graph is the same, so the fit stands"


def overwritten(data: bytes, rng: np.random.Generator) -> bytes:
    """Random damage: bytes overwritten, cut, or a digit changed."""
    kind, place = int(rng.integers(3)), int(rng.integers(len(data)))
    if kind == 0:
        return data[:place]
    some = bytearray(data)
    digits = [n for n, byte in enumerate(data) if 48 <= byte <= 57]
    if kind == 1 and digits:
        n = digits[int(rng.integers(len(digits)))]
        some[n] = 48 + (some[n] - 48 + int(rng.integers(1, 10))) % 10
    else:
        noise = rng.integers(0, 256, min(16, len(data) - place), dtype=np.uint8).tobytes()
        some[place : place + len(noise)] = noise
    return bytes(some)


def attack(file: Path, tries: int, seed: int, read_back: Callable[[], Any]) -> int:
    """How often damage of a file was shown as whole: an answer other than the right one. Only
    sentences may be raised.
    """
    right, whole, rng, wrong = read_back(), file.read_bytes(), np.random.default_rng(seed), 0
    for _ in range(tries):
        damaged = overwritten(whole, rng)
        file.write_bytes(damaged)
        try:
            wrong += damaged != whole and read_back() not in (right, None)
        except SurfacedError:
            pass
        finally:
            file.write_bytes(whole)
    return wrong


@pytest.fixture(scope="module")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("stands") / "home"
    bench = Workbench(home)
    bench.data.prepare("w", folder=folder(home.parent, "data", "Title", users=12))
    bench.models.fit("w", "popularity")
    bench.evaluate.measure("w", "popularity", split="random", k=3)
    for n in range(9):
        bench.session.decisions.append("w", "note", actor="Ada", content={"n": n})
    for n in range(6):
        bench.notes.add("w", "popularity", "i0", author="Ada", note=f"note {n}")
    for name in ("decisions.sqlite", "annotations.sqlite"):
        with sqlite3.connect(home / name) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
    return home


@pytest.fixture(params=[60, pytest.param(500, marks=pytest.mark.slow)])
def tries(request: pytest.FixtureRequest) -> int:
    """How often a stored file is damaged."""
    return int(request.param)


@pytest.mark.parametrize("name", ["events.parquet", "items.parquet", "card.json", "workspace.json"])
def test_damaged_tables_are_never_served(small_home: Path, name: str, tries: int) -> None:
    place = table_files.tables_folder(small_home / "workspaces" / "w")
    assert place is not None

    def read_back() -> Any:
        bench = Workbench(small_home)
        if not any(row.name == "w" and row.ready for row in bench.data.workspaces()):
            return None
        return bench.data.person("w", "u0"), bench.data.item("w", "i0"), bench.data.card("w")

    assert attack(place / name, tries, 1, read_back) == 0


def test_damaged_measurements_are_never_shown(small_home: Path, tries: int) -> None:
    (file,) = (small_home / "workspaces" / "w" / "results").glob("evaluation-*.json")

    def read_back() -> Any:
        return Workbench(small_home).evaluate.stored("w", "popularity", split="random", k=3)

    assert read_back() is not None
    assert attack(file, tries, 2, read_back) == 0


def test_damaged_snapshots_are_never_served(small_home: Path, tries: int) -> None:
    (snapshot,) = (small_home / "workspaces" / "w" / "snapshots").glob("popularity-*")

    def read_back() -> Any:
        return Workbench(small_home).explain.recommend("w", "popularity", user="u0")

    for name in ("manifest.json", "arrays.npz"):
        assert attack(snapshot / name, tries, 3, read_back) == 0


def test_a_damaged_log_is_never_called_intact(small_home: Path, tries: int) -> None:
    right = Workbench(small_home).records.log("w")

    def read_back() -> Any:
        bench = Workbench(small_home)
        return right if not bench.records.verify_log("w").ok else bench.records.log("w")

    assert attack(small_home / "decisions.sqlite", tries, 4, read_back) == 0


def test_damaged_notes_are_never_shown(small_home: Path, tries: int) -> None:

    def read_back() -> Any:
        return Workbench(small_home).notes.listed("w")

    assert len(read_back()) == 6
    assert attack(small_home / "annotations.sqlite", tries, 5, read_back) == 0


@pytest.mark.parametrize("how", ["cut", "removed", "older"])
def test_notes_that_are_gone_are_told(tmp_path: Path, small_home: Path, how: str) -> None:
    home = Path(shutil.copytree(small_home, tmp_path / "home", symlinks=True))
    file, bench = home / "annotations.sqlite", Workbench(home)
    before = file.read_bytes()
    assert len(bench.notes.listed("w")) == 6
    bench.notes.add("w", "popularity", "i0", author="Ada", note="one more")
    file.with_name("annotations.sqlite-wal").unlink(missing_ok=True)
    if how == "removed":
        file.unlink()
    else:
        file.write_bytes(b"" if how == "cut" else before)
    with pytest.raises(SurfacedError, match="note 7 was written"):
        bench.notes.listed("w")


def test_a_cut_tail_is_found_without_a_head_that_somebody_noted(tmp_path: Path) -> None:
    bench = Workbench(tmp_path)
    for n in range(4):
        bench.records.add_incident("newsroom", f"incident {n}", "Ada", "operator")
    db = sqlite3.connect(tmp_path / "decisions.sqlite")
    db.execute("DROP TRIGGER log_delete")
    db.execute("DELETE FROM log WHERE number = 4")
    db.commit()
    verification = bench.records.verify_log("newsroom")
    assert not verification.ok
    message = " ".join(problem.told for problem in verification.problems)
    assert "heads.json" in message
    assert "'log_delete' is missing" in message
    db.close()


@pytest.mark.parametrize(
    "trick",
    ["CREATE TRIGGER eat AFTER INSERT ON log BEGIN SELECT 1; END", "CREATE VIEW notes AS SELECT * FROM log"],
)
def test_triggers_and_views_that_are_not_ours_are_told(tmp_path: Path, trick: str) -> None:
    bench = Workbench(tmp_path)
    bench.records.add_incident("newsroom", "incident", "Ada", "operator")
    db = sqlite3.connect(tmp_path / "decisions.sqlite")
    db.execute(trick)
    db.commit()
    db.close()
    assert "does not belong there" in bench.records.verify_log("newsroom").sentence


def test_a_row_that_was_eaten_is_not_answered_as_written(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.sqlite")
    log.append("w", "note", actor="Ada", content={"n": 1})
    db = sqlite3.connect(tmp_path / "decisions.sqlite")
    db.execute("DROP TRIGGER log_delete")
    db.execute("CREATE TRIGGER log_delete AFTER INSERT ON log BEGIN DELETE FROM log WHERE number = NEW.number; END")
    db.commit()
    db.close()
    with pytest.raises(SurfacedError, match="does not hold it"):
        log.append("w", "note", actor="Ada", content={"n": 2})


def test_time_that_runs_backwards_is_told_and_breaks_nothing(tmp_path: Path) -> None:
    bench = Workbench(tmp_path)
    for now in (1_800_000_000, 1_800_000_000 - 365 * 86_400):
        bench.session.decisions.append("newsroom", "note", actor="Ada", content={}, now=now)
    verification = bench.records.verify_log("newsroom")
    assert verification.ok
    assert "Row 2 is dated 365 days before row 1" in verification.notes[0]


@pytest.mark.parametrize("years", [10, -1])
def test_the_newest_fit_is_the_last_one_whatever_the_clock_says(
    small_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    home = Path(shutil.copytree(small_home, tmp_path / "home", symlinks=True))
    bench, real = Workbench(home), time.time_ns
    with monkeypatch.context() as patch:
        patch.setattr(snapshots.time, "time_ns", lambda: real() + years * 365 * 86_400 * 10**9)
        wrong = bench.models.fit("w", "popularity", seed=1)
    assert bench.models.fitted("w")[0].snapshot == wrong.snapshot
    later = bench.models.fit("w", "popularity", seed=2)
    assert bench.models.fitted("w")[0].snapshot == later.snapshot


def test_a_fit_says_what_is_in_force(small_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURFACED_HOME", str(shutil.copytree(small_home, tmp_path / "home", symlinks=True)))
    ended = surfaced("fit", "--workspace", "w", "--model", "popularity", "--seed", 5, "--json")
    assert f"In force from now on: {ended.json['snapshot']}." in ended.err


def test_a_log_that_cannot_be_locked_is_read_all_the_same(
    small_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk: SQLite cannot make its -shm file, so the ordinary way to read fails."""
    home = Path(shutil.copytree(small_home, tmp_path / "home", symlinks=True))
    connect = sqlite3.connect

    def without_room(place: Any, *arguments: Any, **options: Any) -> Any:
        if str(place).endswith("?mode=ro"):
            return connect("file:/nowhere/at/all?mode=ro", uri=True)
        return connect(place, *arguments, **options)

    bench = Workbench(home)
    rows, notes = bench.records.log("w"), bench.notes.listed("w")
    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", lambda place, *a, **o: without_room(place, *a, **o))
        try:
            assert bench.records.log("w") == rows
            assert bench.notes.listed("w") == notes
        except sqlite3.OperationalError:
            pytest.fail("a log that is there could not be read")


def test_the_advice_never_is_to_put_a_file_aside(tmp_path: Path) -> None:
    (tmp_path / "decisions.sqlite").write_bytes(b"SQLite format 3\x00" + b"\xff" * 4_000)
    with pytest.raises(SurfacedError) as caught:
        Workbench(tmp_path).records.log("newsroom")
    assert "aside" not in str(caught.value)
    assert "restore" in str(caught.value)


def state(home: Path) -> dict[str, Any]:
    bench = Workbench(home)
    return {
        "log": bench.records.log("w"),
        "notes": bench.notes.listed("w"),
        "item": bench.data.item("w", "i0"),
        "intact": bench.records.verify_log("w").ok,
        "list": bench.explain.recommend("w", "popularity", user="u0"),
    }


def test_a_backup_brings_the_whole_state_back(small_home: Path, tmp_path: Path) -> None:
    written = Workbench(small_home).data.backup(tmp_path / "b.zip")
    assert written.n_files > 8
    restored, aside = Workbench(tmp_path / "elsewhere").data.restore(tmp_path / "b.zip")
    assert (restored.n_files, aside) == (written.n_files, None)
    assert state(tmp_path / "elsewhere") == state(small_home)
    other = Workbench(tmp_path / "elsewhere")
    other.records.add_incident("w", "after the backup", "Ada", "operator")
    _, aside = other.data.restore(tmp_path / "b.zip")
    assert state(tmp_path / "elsewhere") == state(small_home)
    assert aside is not None
    assert len(Workbench(aside).records.log("w")) == 10, "what stood there before is not lost"
    with pytest.raises(OptionError, match="exists already"):
        Workbench(small_home).data.backup(tmp_path / "b.zip")


def test_an_altered_backup_restores_nothing(small_home: Path, tmp_path: Path) -> None:
    Workbench(small_home).data.backup(tmp_path / "b.zip")
    home = Path(shutil.copytree(small_home, tmp_path / "home", symlinks=True))
    before, whole, rng = state(home), (tmp_path / "b.zip").read_bytes(), np.random.default_rng(8)
    for _ in range(40):
        (tmp_path / "x.zip").write_bytes(overwritten(whole, rng))
        try:
            Workbench(home).data.restore(tmp_path / "x.zip")
        except SurfacedError:
            continue
        assert state(home) == before, "damage outside every file, such as in a date of the archive"
    assert state(home) == before


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a\\..\\b", "c:evil"])
def test_a_backup_that_leads_elsewhere_is_refused(small_home: Path, tmp_path: Path, name: str) -> None:
    about = {"schema": "surfaced-backup/1", "created": "x", "files": [{"path": name, "bytes": 1, "sha256": "0" * 64}]}
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("manifest.json", json.dumps(about))
        archive.writestr(name, "x")
    with pytest.raises(OptionError, match="outside the state folder"):
        Workbench(tmp_path / "home").data.restore(tmp_path / "x.zip")
    assert not (tmp_path / "home").exists()


def test_a_bomb_is_never_unpacked(tmp_path: Path) -> None:
    about = {"schema": "surfaced-backup/1", "created": "x", "files": [{"path": "a", "bytes": 10, "sha256": "0" * 64}]}
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps(about))
        archive.writestr("a", b"\0" * 50_000_000)
    with pytest.raises(OptionError, match="does not have its hash"):
        Workbench(tmp_path / "home").data.restore(tmp_path / "x.zip")


def test_the_commands_back_up_and_restore(small_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURFACED_HOME", str(small_home))
    written = surfaced("backup", "--out", tmp_path / "b.zip", "--json").json
    monkeypatch.setenv("SURFACED_HOME", str(tmp_path / "new"))
    restored = surfaced("restore", tmp_path / "b.zip", "--json").json
    assert (restored["n_files"], restored["aside"]) == (written["n_files"], None)
    assert "no file" in surfaced("restore", tmp_path / "nowhere.zip").complaint


@pytest.fixture
def full_home(tmp_path: Path, small_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder in which nothing can be written: every write of SQLite ends as on a full disk."""
    home = Path(shutil.copytree(small_home, tmp_path / "home", symlinks=True))
    monkeypatch.setenv("SURFACED_HOME", str(home))
    bench = Workbench(home)
    plan = replace(bench.audits.usual_plan("w", "popularity", k=3), draws=100)
    bench.audits.run("w", plan, actor="Ada", role="auditor")
    for name in ("decisions.sqlite", "annotations.sqlite"):
        with sqlite3.connect(home / name) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()

    class Full(sqlite3.Connection):
        def execute(self, sql: str, *rest: Any) -> sqlite3.Cursor:
            if sql.startswith(("BEGIN IMMEDIATE", "INSERT", "UPDATE", "PRAGMA journal_mode =")):
                raise sqlite3.OperationalError("database or disk is full")
            return super().execute(sql, *rest)

    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Full))
    return home


def test_a_full_disk_is_read_exported_and_backed_up(full_home: Path, tmp_path: Path) -> None:
    workspace = ("--workspace", "w")
    (audit,) = surfaced("audits", *workspace, "--json").json["audits"]
    assert len(surfaced("log", *workspace, "--json").json["rows"]) == 11
    assert len(surfaced("notes", *workspace, "--json").json["notes"]) == 6
    assert Workbench(full_home).records.verify_log("w").ok, Workbench(full_home).records.verify_log("w").sentence
    ended = surfaced("export-audit", *workspace, "--id", audit["id"], "--out", tmp_path / "a.html")
    assert ended.status == 0
    assert "the decision log does not have it" in ended.err
    verification = Workbench(full_home).records.verify_report(tmp_path / "a.html")
    assert verification.problems == ("The decision log has no export with this content.",)
    assert (
        surfaced(
            "export", *workspace, "--model", "popularity", "--user", "u0", "--item", "i0", "--out", tmp_path / "e.html"
        ).status
        == 0
    )
    assert surfaced("backup", "--out", tmp_path / "all.zip").status == 0
    for command in (
        ("sign", *workspace, "--id", audit["id"], "--name", "A", "--role", "R"),
        ("note", *workspace, "--model", "popularity", "--user", "u0", "--item", "i0", "--author", "A", "--text", "t"),
    ):
        complaint = surfaced(*command).complaint
        assert "aside" not in complaint
        assert "full" in complaint
