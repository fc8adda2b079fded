"""What editors say about explanations: verdicts and notes, kept in SQLite. Nothing is ever overwritten; a note can be
withdrawn. Each row carries a hash of what it says, so that an altered one is told and not shown.

One file a state folder. Every write is one transaction on disk before it is answered (WAL, synchronous FULL), so a
killed process leaves the whole note or none, and two writers wait for each other.
"""

from __future__ import annotations

import json
import sqlite3
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from core.errors import OptionError, SurfacedError, shown
from core.files import read_json, write_whole
from explain.format.hashing import digest
from explain.results.annotation import VERDICTS, Annotation
from explain.storage.sqlite_file import faults, transaction

SCHEMA: Final = 2
LAST: Final = "notes.json"
MAX_NOTE, MAX_AUTHOR, MAX_LISTED = 2_000, 80, 10_000
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS annotations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, created INTEGER NOT NULL, workspace TEXT NOT NULL, snapshot TEXT NOT NULL,
    model TEXT NOT NULL, person TEXT NOT NULL, item TEXT NOT NULL, verdict TEXT NOT NULL, note TEXT NOT NULL,
    author TEXT NOT NULL, withdrawn INTEGER, withdrawn_by TEXT, seal TEXT
)"""
_COLUMNS: Final = (
    "id, created, workspace, snapshot, model, person, item, verdict, note, author, withdrawn, withdrawn_by"
)


class Annotations:
    """The notes of one state folder. Every method opens and closes the file, so that processes can share it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(
        self,
        *,
        workspace: str,
        snapshot: str,
        model: str,
        person: str,
        item: str,
        verdict: str,
        note: str,
        author: str,
        now: int,
    ) -> Annotation:
        """Raises OptionError for what cannot be kept (nothing said, too long), SurfacedError where it cannot be
        written.
        """
        note, author = _text(note, MAX_NOTE, "A note"), _text(author, MAX_AUTHOR, "A name").replace("\n", " ")
        if verdict and verdict not in VERDICTS:
            raise OptionError(f"Unknown verdict {shown(verdict)}. Verdicts: {', '.join(VERDICTS)}.")
        if not verdict and not note:
            raise OptionError("Say something: pick a verdict, or write a note.")
        if not author:
            raise OptionError("Say who you are: a note without a name cannot be asked about.")
        values = (now, workspace, snapshot, model, person, item, verdict, note, author)
        with self._open(write=True) as db:
            marks = ", ".join("?" * len(values))
            columns = "created, workspace, snapshot, model, person, item, verdict, note, author"
            row_id = db.execute(f"INSERT INTO annotations ({columns}) VALUES ({marks})", values).lastrowid
            _seal(db, row_id)
        self._note_last(int(row_id or 0))
        return Annotation(int(row_id or 0), *values)

    def withdraw(self, number: int, *, author: str, now: int) -> None:
        """Marks a note as withdrawn; it stays. Raises OptionError where there is none such."""
        author = _text(author, MAX_AUTHOR, "A name").replace("\n", " ")
        if not author:
            raise OptionError("Say who you are: a withdrawal carries a name too.")
        with self._open(write=True) as db:
            done = db.execute(
                "UPDATE annotations SET withdrawn = ?, withdrawn_by = ? WHERE id = ? AND withdrawn IS NULL",
                (now, author, number),
            )
            if not done.rowcount:
                raise OptionError(f"There is no note {number} that could be withdrawn.")
            _seal(db, number)

    def listed(
        self, workspace: str, *, person: str | None = None, item: str | None = None, withdrawn: bool = False
    ) -> tuple[Annotation, ...]:
        """Notes of a workspace, newest first; of one person or item where given."""
        wanted = {"workspace": workspace, "person": person, "item": item}
        filters = {key: value for key, value in wanted.items() if value is not None}
        where = " AND ".join([*(f"{key} = ?" for key in filters), *(() if withdrawn else ("withdrawn IS NULL",))])
        with self._open(write=False) as db:
            self._check(db)
            rows = db.execute(
                f"SELECT {_COLUMNS} FROM annotations WHERE {where} ORDER BY id DESC LIMIT {MAX_LISTED}",
                tuple(filters.values()),
            ).fetchall()
        return tuple(Annotation(*row) for row in rows)

    def _note_last(self, number: int) -> None:
        """Keep the newest number beside the notes, so that a file that was cut or removed is told from one without
        notes.
        """
        with suppress(OSError):
            write_whole(self.last, json.dumps({"last": max(number, self._noted())}))

    @property
    def last(self) -> Path:
        return self.path.with_name(LAST)

    def _noted(self) -> int:
        try:
            return int(read_json(self.last)["last"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return 0

    def _check(self, db: sqlite3.Connection) -> None:
        """Every note is as it was written, and none is gone. Raises SurfacedError that names what is not."""
        wrong = list(faults(db))
        columns = {str(row[1]) for row in db.execute("PRAGMA table_info(annotations)")}
        if "seal" in columns:
            for *row, seal in db.execute(f"SELECT {_COLUMNS}, seal FROM annotations"):
                if seal is not None and seal != _hash(row):
                    wrong.append(f"note {row[0]} was altered")
        newest = int(db.execute("SELECT COALESCE(MAX(id), 0) FROM annotations").fetchone()[0])
        if newest < (noted := self._noted()):
            wrong.append(f"note {noted} was written and the newest one that is there is {newest or 'none'}")
        sequence = db.execute("SELECT name FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchone()
        if sequence:
            last = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'annotations'").fetchone()
            n = int(db.execute("SELECT COUNT(*) FROM annotations").fetchone()[0])
            if last is not None and int(last[0]) != n:
                wrong.append(f"{int(last[0])} notes were written and {n} are there")
        if wrong:
            raise SurfacedError(
                f"The notes in {self.path} are damaged or were altered: {'; '.join(wrong[:5])}. Restore a "
                "backup with `restore`."
            )

    @contextmanager
    def _open(self, *, write: bool) -> Iterator[sqlite3.Connection]:
        with transaction(self.path, write=write, schema=SCHEMA, what="The notes") as (db, version):
            if write and version < SCHEMA:
                db.execute(_TABLE)
                if version == 1:
                    db.execute("ALTER TABLE annotations ADD COLUMN seal TEXT")
                    for (number,) in db.execute("SELECT id FROM annotations").fetchall():
                        _seal(db, number)
            if not write and version < 1:
                db.execute(_TABLE.replace("CREATE TABLE", "CREATE TEMP TABLE"))
            yield db


def _hash(row: Sequence[object]) -> str:
    """SHA-256 over the canonical JSON of a note as it stands, withdrawn or not."""
    return digest({"row": [value if isinstance(value, (int, str)) or value is None else repr(value) for value in row]})


def _seal(db: sqlite3.Connection, number: int | None) -> None:
    row = db.execute(f"SELECT {_COLUMNS} FROM annotations WHERE id = ?", (number,)).fetchone()
    db.execute("UPDATE annotations SET seal = ? WHERE id = ?", (_hash(row), number))


def _text(text: str, most: int, what: str) -> str:
    """Without control characters but line ends. Raises OptionError where it is too long."""
    printable = "".join(c for c in text.strip() if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs", "Cf"))
    if len(printable) > most:
        raise OptionError(f"{what} may have {most:,} characters; this one has {len(printable):,}.")
    return printable
