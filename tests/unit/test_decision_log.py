"""The decision log finds every row that was changed, removed, moved, rewritten or cut; writers and killed processes
leave it whole.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import OptionError, SurfacedError
from explain.records.log import GENESIS, MAX_TEXT, DecisionLog
from explain.records.verification import verify
from explain.results.decision_log import Verification
from explain.workbench.workbench import Workbench
from tests.command_line import surfaced
from tests.unit.audit_record_for_tests import empty_bench, stored

ROOT = Path(__file__).resolve().parents[2]
SIGNER = """
import sys
from pathlib import Path
from explain.workbench.workbench import Workbench
bench = Workbench(Path(sys.argv[1]))
for n in range(int(sys.argv[4])):
    row = bench.records.sign("newsroom", sys.argv[2], f"{sys.argv[3]}-{n}", "auditor", "x" * 2000)
    print(row.number, flush=True)
"""
KILLER = """
import os, signal, sys, time
from pathlib import Path
from explain.workbench.workbench import Workbench
bench = Workbench(Path(sys.argv[1]))
for turn in range(20):
    from_child, to_parent = os.pipe()
    child = os.fork()
    if not child:
        n = 0
        while True:
            row = bench.records.sign("newsroom", sys.argv[2], f"turn {turn}, {n}", "auditor", "x" * 2000)
            os.write(to_parent, f"{row.number}\\n".encode())
            n += 1
    lines = os.fdopen(from_child)
    try:
        confirmed = [int(lines.readline()) for _ in range(1 + turn % 4)]
        time.sleep(0.0007 * turn)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    os.close(to_parent)
    lines.close()
    found, signed = bench.records.verify_log("newsroom"), bench.records.load("newsroom", sys.argv[2]).signatures
    assert found.ok, found.sentence
    assert found.n_rows == 2 + len(signed), (found.n_rows, len(signed))
    assert found.n_rows >= max(confirmed), (found.n_rows, confirmed)
    assert all(s.comment == "x" * 2000 for s in signed)
    print(found.n_rows, flush=True)
"""
Change = Callable[[sqlite3.Connection], object]


@pytest.fixture
def log(tmp_path: Path) -> DecisionLog:
    """Eight rows of one workspace, and two of another beside them."""
    made = DecisionLog(tmp_path / "decisions.sqlite")
    for n in range(8):
        made.append(
            "newsroom", "note", actor=f"person {n}", role="editor", content={"text": f"note {n}"}, now=1_000 + n
        )
        if n % 4 == 0:
            made.append("other", "note", actor="x", content={"text": "elsewhere"}, now=1_000 + n)
    return made


def tamper(log: DecisionLog, change: Change) -> None:
    """Go round the triggers, as somebody with the file in hand would."""
    db = sqlite3.connect(log.path, isolation_level=None)
    for trigger in ("log_update", "log_delete", "log_insert"):
        db.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    change(db)
    db.close()


def state(log: DecisionLog, head: str | None = None) -> Verification:
    return verify(log.raw_rows("newsroom"), head)


def second_hash(row: Any) -> str:
    """The hash of a row as the documentation says it, without the code under test."""
    names = ("number", "created", "workspace", "kind", "actor", "role", "content", "previous")
    about = {**{name: row[name] for name in names}, "content": json.loads(row["content"])}
    return hashlib.sha256(
        json.dumps(about, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()


def test_rows_are_numbered_and_chained_by_their_hashes(log: DecisionLog) -> None:
    db = sqlite3.connect(log.path)
    db.row_factory = sqlite3.Row
    rows = db.execute("SELECT * FROM log WHERE workspace = 'newsroom' ORDER BY number").fetchall()
    db.close()
    assert [row["number"] for row in rows] == list(range(1, 9))
    assert [row["hash"] for row in rows] == [second_hash(row) for row in rows]
    assert [row["previous"] for row in rows] == [GENESIS, *(row["hash"] for row in rows[:-1])]
    found = state(log)
    assert (found.ok, found.n_rows, found.head, found.problems) == (True, 8, rows[-1]["hash"], ())


def test_every_workspace_has_a_chain_of_its_own(log: DecisionLog) -> None:
    tamper(log, lambda db: db.execute("DELETE FROM log WHERE workspace = 'newsroom'"))
    other = verify(log.raw_rows("other"))
    assert (other.ok, other.n_rows) == (True, 2)


@pytest.mark.parametrize("head_of", range(1, 9))
def test_a_head_says_how_many_rows_came_after_it(log: DecisionLog, head_of: int) -> None:
    found = state(log, log.rows("newsroom")[head_of - 1].hash.upper())
    assert (found.ok, found.head_found, found.n_after) == (True, True, 8 - head_of)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE log SET actor = 'x'", "DELETE FROM log", "INSERT OR REPLACE INTO log SELECT * FROM log WHERE number = 2"],
)
def test_the_file_itself_refuses_changes(log: DecisionLog, statement: str) -> None:
    db = sqlite3.connect(log.path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute(statement)
    db.close()
    assert state(log).ok


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "somebody else"),
        ("role", ""),
        ("created", 999),
        ("created", "yesterday"),
        ("kind", "approval"),
        ("content", '{"text":"other"}'),
        ("content", '{"text": "note 3"}'),
        ("content", "no JSON"),
        ("content", "[1]"),
        ("hash", "0" * 64),
        ("previous", "0" * 64),
        ("actor", None),
        ("content", b"\xff"),
    ],
)
def test_a_changed_row_is_named(log: DecisionLog, column: str, value: Any) -> None:
    if value is None:
        value = sqlite3.Binary(b"person 3")
    tamper(
        log, lambda db: db.execute(f"UPDATE log SET {column} = ? WHERE workspace = 'newsroom' AND number = 4", (value,))
    )
    found = state(log)
    assert not found.ok
    assert [(p.row, p.fault) for p in found.problems] == [(4, "changed")]
    assert "Row 4 " in found.problems[0].told
    assert len(log.rows("newsroom")) == 8


@pytest.mark.parametrize(("first", "last"), [(1, 1), (4, 4), (3, 5)])
def test_a_removed_row_is_named(log: DecisionLog, first: int, last: int) -> None:
    tamper(
        log,
        lambda db: db.execute("DELETE FROM log WHERE workspace = 'newsroom' AND number BETWEEN ? AND ?", (first, last)),
    )
    found = state(log)
    assert [(p.row, p.fault) for p in found.problems] == [(first, "removed")]
    assert (f"Row {first} " if first == last else f"Rows {first} to {last} ") in found.problems[0].told


def test_a_row_removed_and_its_gap_closed_is_found(log: DecisionLog) -> None:
    def close_up(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM log WHERE workspace = 'newsroom' AND number = 4")
        for number in (5, 6, 7, 8):
            db.execute("UPDATE log SET number = number - 1 WHERE workspace = 'newsroom' AND number = ?", (number,))

    tamper(log, close_up)
    found = state(log)
    assert [(p.row, p.fault) for p in found.problems] == [(n, "reordered") for n in (4, 5, 6, 7)]
    assert "was written as row 5" in found.problems[0].told


@pytest.mark.parametrize(("one", "two"), [(4, 5), (2, 7), (1, 8)])
def test_rows_that_changed_places_are_named(log: DecisionLog, one: int, two: int) -> None:
    def swap(db: sqlite3.Connection) -> None:
        for before, after in ((one, 99), (two, one), (99, two)):
            db.execute("UPDATE log SET number = ? WHERE workspace = 'newsroom' AND number = ?", (after, before))

    tamper(log, swap)
    found = state(log)
    assert [(p.row, p.fault) for p in found.problems] == [(one, "reordered"), (two, "reordered")]
    assert f"written as row {two}" in found.problems[0].told


def rehash(log: DecisionLog, number: int, *, with_the_rest: bool) -> None:
    def change(db: sqlite3.Connection) -> None:
        db.row_factory = sqlite3.Row
        db.execute("UPDATE log SET actor = 'forger' WHERE workspace = 'newsroom' AND number = ?", (number,))
        previous = None
        for n in range(number, 9 if with_the_rest else number + 1):
            if previous is not None:
                db.execute("UPDATE log SET previous = ? WHERE workspace = 'newsroom' AND number = ?", (previous, n))
            row = db.execute("SELECT * FROM log WHERE workspace = 'newsroom' AND number = ?", (n,)).fetchone()
            previous = second_hash(row)
            db.execute("UPDATE log SET hash = ? WHERE workspace = 'newsroom' AND number = ?", (previous, n))

    tamper(log, change)


@pytest.mark.parametrize("number", [1, 4, 7])
def test_a_row_hashed_again_no_longer_fits_its_successor(log: DecisionLog, number: int) -> None:
    rehash(log, number, with_the_rest=False)
    found = state(log)
    assert [(p.row, p.fault) for p in found.problems] == [(number, "rewritten")]
    assert f"row {number + 1} follows" in found.problems[0].told


def test_a_chain_hashed_again_to_its_end_is_found_by_a_head_only(log: DecisionLog) -> None:
    head = log.head("newsroom")
    rehash(log, 4, with_the_rest=True)
    assert state(log).ok
    found = state(log, head)
    assert [(p.row, p.fault) for p in found.problems] == [(None, "cut")]
    assert (found.head_found, found.n_after) == (False, None)


@pytest.mark.parametrize("kept", [7, 3, 0])
def test_a_cut_tail_is_found_by_a_head_only(log: DecisionLog, kept: int) -> None:
    head = log.head("newsroom")
    tamper(log, lambda db: db.execute("DELETE FROM log WHERE workspace = 'newsroom' AND number > ?", (kept,)))
    assert state(log).ok
    found = state(log, head)
    assert not found.ok
    assert [(p.row, p.fault) for p in found.problems] == [(None, "cut")]
    assert head in found.problems[0].told


def test_several_faults_are_all_named(log: DecisionLog) -> None:
    def change(db: sqlite3.Connection) -> None:
        db.execute("UPDATE log SET actor = 'x' WHERE workspace = 'newsroom' AND number = 2")
        db.execute("DELETE FROM log WHERE workspace = 'newsroom' AND number = 6")

    tamper(log, change)
    assert [(p.row, p.fault) for p in state(log).problems] == [(2, "changed"), (6, "removed")]


def test_a_row_that_came_from_elsewhere_is_named(log: DecisionLog) -> None:
    tamper(
        log,
        lambda db: db.execute(
            "UPDATE log SET workspace = 'newsroom', number = 9 WHERE workspace = 'other' AND number = 2"
        ),
    )
    assert [(p.row, p.fault) for p in state(log).problems] == [(9, "changed")]


def test_a_row_without_a_number_is_said(log: DecisionLog) -> None:
    tamper(log, lambda db: db.execute("UPDATE log SET number = 'four' WHERE workspace = 'newsroom' AND number = 4"))
    assert [(p.row, p.fault) for p in state(log).problems] == [(4, "removed"), (None, "changed")]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"actor": " "}, "name is missing"),
        ({"actor": "x" * 121}, "120 characters"),
        ({"kind": "gossip"}, "Kinds: plan, audit"),
        ({"content": {"value": float("nan")}}, "cannot be kept"),
        ({"content": {"value": object()}}, "cannot be kept"),
        ({"content": {"t": "x" * 1_000_001}}, "1,000,000 bytes"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_stored(tmp_path: Path, given: dict[str, Any], told: str) -> None:
    log = DecisionLog(tmp_path / "d.sqlite")
    usual: dict[str, Any] = {"kind": "note", "actor": "Ada", "content": {}}
    with pytest.raises(OptionError, match=told):
        log.append("newsroom", **usual | given)
    assert log.rows("newsroom") == ()


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "'); DROP TABLE log; --", "Zoë 𝔸 \u202eevil", '"\\u0000"']
)
def test_hostile_texts_are_kept_and_verify(tmp_path: Path, text: str) -> None:
    log = DecisionLog(tmp_path / "d.sqlite")
    log.append("newsroom", "note", actor=text, content={"text": text, text: [1.5, None, {"deep": 1e-300}]})
    (kept,) = log.rows("newsroom")
    assert kept.actor == text.replace("\u202e", "")
    assert kept.content == {"text": text, text: [1.5, None, {"deep": 1e-300}]}
    assert state(log).ok


def test_a_head_that_is_no_hash_is_refused(log: DecisionLog) -> None:
    with pytest.raises(OptionError, match="64 hexadecimal"):
        state(log, "deadbeef")


def test_damaged_newer_and_unwritable_files_are_said(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.sqlite"
    damaged.write_bytes(b"not a database at all, but long enough to look like one" * 30)
    before = damaged.read_bytes()
    for ask in (
        lambda: DecisionLog(damaged).rows("w"),
        lambda: DecisionLog(damaged).append("w", "note", actor="a", content={}),
    ):
        with pytest.raises(SurfacedError, match=r"could not be .*damaged"):
            ask()
    assert damaged.read_bytes() == before
    newer = tmp_path / "newer.sqlite"
    db = sqlite3.connect(newer)
    db.execute("PRAGMA user_version = 99")
    db.commit()
    db.close()
    with pytest.raises(SurfacedError, match="newer version"):
        DecisionLog(newer).append("w", "note", actor="a", content={})
    (tmp_path / "file").write_text("x")
    with pytest.raises(SurfacedError, match="could not be written"):
        DecisionLog(tmp_path / "file" / "d.sqlite").append("w", "note", actor="a", content={})
    missing = DecisionLog(tmp_path / "nowhere" / "d.sqlite")
    assert (missing.rows("w"), missing.head("w")) == ((), GENESIS)
    assert not (tmp_path / "nowhere").exists()


def test_a_full_disk_is_said_and_leaves_whole_rows(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: SQLite gets an error from the write itself."""
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom core.errors import SurfacedError\nfrom "
        "explain.records.log import DecisionLog\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\nlog, n = DecisionLog(Path(sys.argv[1])), 0\n"
        "try:\n    while n < 1000:\n        log.append('w', 'note', actor='a', content={'text': 'x' * "
        "5000})\n        n += 1\n"
        "except SurfacedError as error:\n    print(n, error)\n"
    )
    place = tmp_path / "d.sqlite"
    ended = subprocess.run(
        [sys.executable, "-c", code, str(place)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    n, _, told = ended.stdout.partition(" ")
    assert "could not be written" in told
    assert "check the disk" in told
    rows = DecisionLog(place).raw_rows("w")
    assert int(n) > 0
    assert len(rows) == int(n)
    assert verify(rows).ok
    assert DecisionLog(place).append("w", "note", actor="a", content={}).number == int(n) + 1


def signer(home: Path, audit: str, who: str, n: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SIGNER, str(home), audit, who, str(n)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def test_two_people_signing_at_once_both_succeed(tmp_path: Path) -> None:
    bench = empty_bench(tmp_path)
    audit = stored(bench)["id"]
    people = [signer(tmp_path, audit, who, 25) for who in ("ada", "bob")]
    numbers = [int(line) for person in people for line in person.communicate(timeout=120)[0].split()]
    assert [person.returncode for person in people] == [0, 0]
    assert sorted(numbers) == list(range(3, 53))
    names = [s.name for s in bench.records.load("newsroom", audit).signatures]
    assert sorted(names) == sorted(f"{who}-{n}" for who in ("ada", "bob") for n in range(25))
    assert bench.records.verify_log("newsroom").ok


def test_a_process_killed_while_signing_leaves_the_whole_record_or_none(tmp_path: Path) -> None:
    """Twenty processes are killed at different moments of their signing; what each had confirmed is
    there, and whole.
    """
    bench = empty_bench(tmp_path)
    audit = stored(bench)["id"]
    command = [sys.executable, "-c", KILLER, str(tmp_path), audit]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    n_rows = [int(line) for line in ended.stdout.split()]
    assert len(n_rows) == 20
    assert n_rows == sorted(set(n_rows))
    assert bench.records.verify_log("newsroom").n_rows == n_rows[-1]


def test_the_shell_says_how_the_log_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SURFACED_HOME", str(tmp_path))
    bench = Workbench(tmp_path)
    row = bench.records.add_incident("newsroom", "Lists were empty for an hour.", "Ada", "operator")
    bench.records.add_incident("newsroom", "Model of yesterday again.", "Ada", "operator", kind="rollback")
    whole = surfaced("verify-log", "--workspace", "newsroom", "--head", row.hash, "--json").json
    assert whole == {
        "ok": True,
        "rows": 2,
        "head": bench.session.decisions.head("newsroom"),
        "problems": [],
        "head_found": True,
        "rows_after": 1,
    }
    assert [r["content"]["text"] for r in surfaced("log", "--workspace", "newsroom", "--json").json["rows"]] == [
        "Model of yesterday again.",
        "Lists were empty for an hour.",
    ]
    assert "no workspace" in surfaced("verify-log", "--workspace", "nowhere").complaint
    assert "64 hexadecimal" in surfaced("verify-log", "--workspace", "newsroom", "--head", "12").complaint
    assert surfaced("verify-log", "--workspace", "movielens-100k", "--json").json["rows"] == 0
    tamper(bench.session.decisions, lambda db: db.execute("UPDATE log SET actor = 'Eve' WHERE number = 1"))
    monkeypatch.setattr(sys, "argv", ["cli.py", "verify-log", "--workspace", "newsroom", "--json"])
    import cli

    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.main()
    told = json.loads(capsys.readouterr().out)
    assert ended.value.code == 1
    assert (told["ok"], told["rows"]) == (False, 2)
    assert [(p["row"], p["fault"]) for p in told["problems"]] == [(1, "changed"), *[(None, "changed")] * 3]
    assert all("is missing" in problem["told"] for problem in told["problems"][1:]), "three triggers were dropped"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"text": " "}, "what happened"),
        ({"name": ""}, "name is missing"),
        ({"kind": "signature"}, "cannot be added by hand"),
        ({"text": "x" * (MAX_TEXT + 1)}, "4,000 characters"),
        ({"audit": "../../etc"}, "no id of an audit"),
    ],
)
def test_an_incident_needs_text_and_name(tmp_path: Path, given: dict[str, Any], told: str) -> None:
    bench = Workbench(tmp_path)
    usual: dict[str, Any] = {"text": "It broke.", "name": "Ada"}
    with pytest.raises(OptionError, match=told):
        bench.records.add_incident("newsroom", **usual | given)
    assert bench.records.log("newsroom") == ()
