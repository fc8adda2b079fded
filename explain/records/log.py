"""The decision log: what was planned, audited, signed and exported, and what went wrong. Append-only, hash-chained, in
SQLite.

Each workspace has a chain of its own, so that a check of one workspace is complete without the others: row n holds the
hash of row n - 1, and its own hash is the SHA-256 over the canonical JSON of everything else in it. Triggers refuse
changes and removals; whoever goes round them is found by `verification.verify`. Every write is one transaction on disk
before it is answered (WAL, synchronous FULL): a killed process leaves the whole row or none, and two writers wait for
each other.
"""

from __future__ import annotations

import json
import sqlite3
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, get_args

from core.errors import NotWritableError, OptionError, SurfacedError, shown
from core.files import read_json, write_whole
from explain.format.hashing import canonical, digest
from explain.results.decision_log import Kind, LogEntry
from explain.storage.sqlite_file import faults, transaction

SCHEMA: Final = 1
GENESIS: Final = "0" * 64
MAX_NAME, MAX_TEXT, MAX_CONTENT = 120, 4_000, 1_000_000
_COLUMNS: Final = "number, created, workspace, kind, actor, role, content, previous, hash"
_MAKE: Final = (
    """CREATE TABLE IF NOT EXISTS log (
        workspace TEXT NOT NULL, number INTEGER NOT NULL, created INTEGER NOT NULL, kind TEXT NOT NULL, actor \
TEXT NOT NULL,
        role TEXT NOT NULL, content TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY \
KEY (workspace, number)
    )""",
    """CREATE TRIGGER IF NOT EXISTS log_update BEFORE UPDATE ON log
        BEGIN SELECT RAISE(ABORT, 'the decision log is append-only'); END""",
    """CREATE TRIGGER IF NOT EXISTS log_delete BEFORE DELETE ON log
        BEGIN SELECT RAISE(ABORT, 'the decision log is append-only'); END""",
    """CREATE TRIGGER IF NOT EXISTS log_insert BEFORE INSERT ON log
        WHEN NEW.number <> (SELECT COALESCE(MAX(number), 0) + 1 FROM log WHERE workspace = NEW.workspace)
        BEGIN SELECT RAISE(ABORT, 'the decision log is append-only'); END""",
)


class DecisionLog:
    """The log of one state folder. Every method opens and closes the file, so that processes can share it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(
        self,
        workspace: str,
        kind: Kind,
        *,
        actor: str,
        role: str = "",
        content: Mapping[str, Any],
        now: int | None = None,
        before: Callable[[tuple[LogEntry, ...]], None] | None = None,
    ) -> LogEntry:
        """One row more. before: looks at the rows so far inside the transaction, and may raise to stop it.

        Raises OptionError for what cannot be kept, SurfacedError where the file cannot be written; nothing is stored
        then.
        """
        if kind not in get_args(Kind):
            raise OptionError(f"Unknown kind of entry {shown(kind)}. Kinds: {', '.join(get_args(Kind))}.")
        actor, role = named(actor, "A name"), named(role, "A role", required=False)
        kept = json.loads(_canonical_text(content))
        with self._open(write=True) as db:
            if before is not None:
                before(_entries(db, workspace))
            last = db.execute(
                "SELECT number, hash FROM log WHERE workspace = ? ORDER BY number DESC LIMIT 1", (workspace,)
            ).fetchone()
            number, previous = (int(last[0]) + 1, str(last[1])) if last else (1, GENESIS)
            created = int(time.time()) if now is None else now
            entry = _chained(number, created, workspace, str(kind), actor, role, kept, previous)
            values = _values(entry)
            db.execute(f"INSERT INTO log ({_COLUMNS}) VALUES ({', '.join('?' * len(values))})", values)
        self._read_back(entry, values)
        self._note_head(entry)
        return entry

    def _read_back(self, entry: LogEntry, values: tuple[Any, ...]) -> None:
        """What was committed is there. Raises SurfacedError where a trigger, a view or the disk ate it."""
        if values not in self.raw_rows(entry.workspace)[-8:]:
            raise SurfacedError(
                f"The decision log in {self.path} took row {entry.number} of {entry.workspace} and does not hold it. "
                "Something removes rows: run verify-log, and restore a backup."
            )

    def rows(self, workspace: str) -> tuple[LogEntry, ...]:
        """All rows of a workspace by number. Content that is no JSON object any more comes as {"damaged": text}."""
        with self._open(write=False) as db:
            return _entries(db, workspace)

    def raw_rows(self, workspace: str) -> list[tuple[Any, ...]]:
        """The rows as SQLite holds them, by number: number, created, workspace, kind, actor, role, content, previous,
        hash.
        """
        with self._open(write=False) as db:
            return _raw(db, workspace)

    def head(self, workspace: str) -> str:
        """The hash of the newest row; 64 zeros where there is none."""
        with self._open(write=False) as db:
            rows = _raw(db, workspace, newest=True)
        return str(rows[0][-1]) if rows else GENESIS

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody writes meanwhile. Where there is no log yet, or nobody can write, there is nothing to hold."""
        with ExitStack() as stack:
            if self.path.exists():
                with suppress(NotWritableError):
                    stack.enter_context(self._open(write=True))
            yield

    def sound(self) -> tuple[str, ...]:
        """What is wrong with the file itself: SQLite's own check, and tables, views or triggers that are not ours."""
        with self._open(write=False) as db:
            damage = faults(db)
            kept = db.execute(
                "SELECT type, name, sql FROM main.sqlite_master WHERE name NOT LIKE 'sqlite_%'"
            ).fetchall()
        if not kept:
            return damage
        ours = {_name_of(statement): " ".join(statement.replace("IF NOT EXISTS ", "").split()) for statement in _MAKE}
        there = {str(name): " ".join(str(sql).split()) for _, name, sql in kept}
        wrong = [f"{shown(name, 40)} is missing." for name in ours if name not in there]
        wrong += [f"{kind} {shown(name, 40)} does not belong there." for kind, name, _ in kept if name not in ours]
        wrong += [f"{shown(name, 40)} was changed." for name, sql in ours.items() if there.get(name, sql) != sql]
        return (*damage, *wrong)

    def noted_heads(self) -> dict[str, str]:
        """The newest head of each workspace as a second file has it; empty where there is none or it is damaged."""
        try:
            content = read_json(self.heads)
            return {str(name): str(head) for name, head in content.items()}
        except (OSError, ValueError, AttributeError):
            return {}

    @property
    def heads(self) -> Path:
        return self.path.with_name("heads.json")

    def _note_head(self, entry: LogEntry) -> None:
        """Keep the newest head beside the log. A disk that cannot hold it loses only this second place."""
        try:
            content = self.noted_heads() | {entry.workspace: entry.hash}
            write_whole(self.heads, json.dumps(content))
        except OSError:
            return

    @contextmanager
    def _open(self, *, write: bool) -> Iterator[sqlite3.Connection]:
        with transaction(self.path, write=write, schema=SCHEMA, what="The decision log") as (db, version):
            if write:
                for statement in _MAKE:
                    db.execute(statement)
            elif version < SCHEMA:
                db.execute(_MAKE[0].replace("CREATE TABLE", "CREATE TEMP TABLE"))
            yield db


def _name_of(statement: str) -> str:
    return statement.split("IF NOT EXISTS ", 1)[1].split()[0]


def row_hash(
    number: Any, created: Any, workspace: Any, kind: Any, actor: Any, role: Any, content: Any, previous: Any
) -> str:
    """SHA-256 over the canonical JSON of a row without its own hash. Raises ValueError, TypeError for
    what is no JSON.
    """
    names = ("number", "created", "workspace", "kind", "actor", "role", "content", "previous")
    values = (number, created, workspace, kind, actor, role, content, previous)
    return digest(dict(zip(names, values, strict=True)))


def named(text: str, what: str, *, most: int = MAX_NAME, required: bool = True) -> str:
    """One line without control characters. Raises OptionError where it is empty or too long."""
    kept = plain(text.replace("\n", " "), what, most)
    if required and not kept:
        raise OptionError(f"{what} is missing: the decision log keeps who did what, so say it.")
    return kept


def plain(text: str, what: str, most: int = MAX_TEXT) -> str:
    """Text without control characters but line ends. Raises OptionError where it is too long."""
    kept = "".join(c for c in text.strip() if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs", "Cf"))
    if len(kept) > most:
        raise OptionError(f"{what} may have {most:,} characters; this one has {len(kept):,}.")
    return kept


def _canonical_text(content: Mapping[str, Any]) -> bytes:
    try:
        text = canonical(content)
    except (ValueError, TypeError) as error:
        raise OptionError(
            f"This cannot be kept in the decision log: {error}. It takes numbers, texts, lists and objects."
        ) from None
    if len(text) > MAX_CONTENT:
        raise OptionError(f"An entry may hold {MAX_CONTENT:,} bytes; this one has {len(text):,}.")
    return text


def _raw(db: sqlite3.Connection, workspace: str, *, newest: bool = False) -> list[tuple[Any, ...]]:
    order = "DESC LIMIT 1" if newest else "ASC"
    return db.execute(
        f"SELECT {_COLUMNS} FROM log WHERE workspace = ? ORDER BY number {order}", (workspace,)
    ).fetchall()


def _entries(db: sqlite3.Connection, workspace: str) -> tuple[LogEntry, ...]:
    return tuple(_entry(row) for row in _raw(db, workspace))


def _entry(row: tuple[Any, ...]) -> LogEntry:
    try:
        content = json.loads(row[6])
    except (ValueError, TypeError):
        content = None
    kept = content if isinstance(content, dict) else {"damaged": str(row[6])}
    created = row[1] if isinstance(row[1], int) and 0 <= row[1] < 253_402_300_800 else 0
    number = row[0] if isinstance(row[0], int) else 0
    workspace, kind, actor, role = (str(value) for value in row[2:6])
    return LogEntry(
        number=number,
        created=created,
        workspace=workspace,
        kind=kind,
        actor=actor,
        role=role,
        content=kept,
        previous=str(row[7]),
        hash=str(row[8]),
    )


def _chained(
    number: int,
    created: int,
    workspace: str,
    kind: str,
    actor: str,
    role: str,
    content: Mapping[str, Any],
    previous: str,
) -> LogEntry:
    """A row with its hash."""
    return LogEntry(
        number=number,
        created=created,
        workspace=workspace,
        kind=kind,
        actor=actor,
        role=role,
        content=content,
        previous=previous,
        hash=row_hash(number, created, workspace, kind, actor, role, content, previous),
    )


def _values(entry: LogEntry) -> tuple[Any, ...]:
    """A row as SQLite holds it."""
    return tuple(canonical(value).decode() if name == "content" else value for name, value in entry.as_json().items())
