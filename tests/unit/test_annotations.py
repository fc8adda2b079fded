"""Notes survive restarts, two writers, killed writers and hostile texts; what cannot be kept is said."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from core.errors import OptionError, SurfacedError
from explain.storage.annotations import MAX_NOTE, Annotations

ROOT = Path(__file__).resolve().parents[2]
WRITER = """
import sys
from pathlib import Path
from explain.storage.annotations import Annotations
notes = Annotations(Path(sys.argv[1]))
for n in range(int(sys.argv[3])):
    notes.add(
        workspace="w", snapshot="s", model="path", person=sys.argv[2], item=str(n), verdict="good reason",
        note="x" * 500, author="a", now=n,
    )
    print(n, flush=True)
"""


def said(**changes: Any) -> dict[str, Any]:
    usual = {
        "workspace": "newsroom",
        "snapshot": "path-1",
        "model": "path",
        "person": "7",
        "item": "a1",
        "verdict": "wrong reason",
        "note": "It is about another Paris.",
        "author": "Ada",
        "now": 1_700_000_000,
    }
    return usual | changes


def test_a_note_is_there_after_a_restart(tmp_path: Path) -> None:
    note = Annotations(tmp_path / "notes.sqlite").add(**said())
    assert Annotations(tmp_path / "notes.sqlite").listed("newsroom") == (note,)
    assert Annotations(tmp_path / "notes.sqlite").listed("newsroom", person="8") == ()
    assert Annotations(tmp_path / "notes.sqlite").listed("newsroom", item="a1", person="7") == (note,)
    assert Annotations(tmp_path / "notes.sqlite").listed("other") == ()


def test_a_withdrawn_note_is_kept_and_said_to_be_withdrawn(tmp_path: Path) -> None:
    notes = Annotations(tmp_path / "n.sqlite")
    note = notes.add(**said())
    notes.withdraw(note.id, author="Bob", now=1_700_000_100)
    assert notes.listed("newsroom") == ()
    (kept,) = notes.listed("newsroom", withdrawn=True)
    assert (kept.note, kept.withdrawn, kept.withdrawn_by) == (note.note, 1_700_000_100, "Bob")
    with pytest.raises(OptionError, match="no note"):
        notes.withdraw(note.id, author="Bob", now=1)


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "'); DROP TABLE annotations; --", "=HYPERLINK(1)", "línea\nzwei", "\u202eevil"],
)
def test_hostile_texts_come_back_as_they_are_but_for_control_characters(tmp_path: Path, text: str) -> None:
    notes = Annotations(tmp_path / "n.sqlite")
    notes.add(**said(note=text, author=text))
    (kept,) = notes.listed("newsroom")
    assert kept.note == text.replace("\u202e", "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"note": "", "verdict": ""}, "Say something"),
        ({"author": "  "}, "who you are"),
        ({"verdict": "meh"}, "Unknown verdict"),
        ({"note": "x" * (MAX_NOTE + 1)}, "2,000 characters"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_sentence(tmp_path: Path, change: dict[str, str], message: str) -> None:
    notes = Annotations(tmp_path / "n.sqlite")
    with pytest.raises(OptionError, match=message):
        notes.add(**said(**change))
    assert notes.listed("newsroom") == ()


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    place = tmp_path / "n.sqlite"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(place), who, "60"], cwd=ROOT, stdout=subprocess.DEVNULL)
        for who in ("one", "two")
    ]
    assert [w.wait(timeout=120) for w in writers] == [0, 0]
    for who in ("one", "two"):
        assert sorted(int(n.item) for n in Annotations(place).listed("w", person=who)) == list(range(60))


def test_a_killed_writer_leaves_whole_notes_and_all_that_it_had_confirmed(tmp_path: Path) -> None:
    place = tmp_path / "n.sqlite"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(place), "one", "100000"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    confirmed = [int(writer.stdout.readline()) for _ in range(20)]
    time.sleep(0.05)
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    kept = Annotations(place).listed("w")
    assert {int(n.item) for n in kept} >= set(confirmed)
    assert all(n.note == "x" * 500 for n in kept)
    assert Annotations(place).add(**said()).id > max(n.id for n in kept)


def test_a_damaged_or_newer_file_is_said_and_left_alone(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.sqlite"
    damaged.write_bytes(b"not a database at all, but long enough to look like one" * 30)
    before = damaged.read_bytes()
    with pytest.raises(SurfacedError, match=r"could not be read.*damaged"):
        Annotations(damaged).listed("newsroom")
    with pytest.raises(SurfacedError, match="could not be written"):
        Annotations(damaged).add(**said())
    assert damaged.read_bytes() == before
    newer = tmp_path / "newer.sqlite"
    db = sqlite3.connect(newer)
    db.execute("PRAGMA user_version = 99")
    db.commit()
    db.close()
    with pytest.raises(SurfacedError, match="newer version"):
        Annotations(newer).add(**said())


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SurfacedError, match="could not be written"):
        Annotations(tmp_path / "file" / "n.sqlite").add(**said())
