"""A SQLite file that other processes read and write too, on disks that are full or may not be written, and what is
wrong with it.

A file in WAL mode needs room for `-shm` even to be read. Where there is none, a file without a pending `-wal` is read
as it stands (immutable); one with a pending `-wal` is read from a copy in memory or a temporary folder, so that no
committed row is missed.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from core.errors import NotWritableError, SurfacedError
from core.files import odd_kind

WAIT_S: Final = 30.0
LEAST_FREE: Final = 1 << 16  # bytes: with less, a disk is full
IN_MEMORY: Final = Path("/dev/shm")


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that only reads; an empty database where there is no file. Raises sqlite3.Error, OSError."""
    if (odd := odd_kind(path)) not in (None, "not there"):
        raise OSError(errno.EINVAL, f"it is {odd}, not a file", str(path))
    if not path.exists():
        db = sqlite3.connect(":memory:", isolation_level=None)
        try:
            yield db
        finally:
            db.close()
        return
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None, prefix="surfaced-") as scratch:
        db = _opened(path, Path(scratch))
        db.text_factory = _text
        try:
            yield db
        finally:
            db.close()


def _opened(path: Path, scratch: Path) -> sqlite3.Connection:
    place = path.resolve().as_uri()
    db: sqlite3.Connection | None = None
    try:
        db = sqlite3.connect(f"{place}?mode=ro", uri=True, timeout=WAIT_S, isolation_level=None)
        db.execute("PRAGMA schema_version").fetchone()
        return db
    except sqlite3.OperationalError:
        if db is not None:
            db.close()
    pending = path.with_name(path.name + "-wal")
    if not pending.exists() or not pending.stat().st_size:
        return sqlite3.connect(f"{place}?mode=ro&immutable=1", uri=True, isolation_level=None)
    shutil.copy(path, scratch / path.name)
    shutil.copy(pending, scratch / pending.name)
    return sqlite3.connect(scratch / path.name, isolation_level=None)


def _text(raw: bytes) -> str:
    """Bytes that are no UTF-8 are shown as such; whoever checks hashes sees that they do not hold."""
    return raw.decode("utf-8", errors="backslashreplace")


def faults(db: sqlite3.Connection) -> tuple[str, ...]:
    """What SQLite's own check finds, at most ten lines; nothing where the file is sound."""
    answers = [str(row[0]) for row in db.execute("PRAGMA quick_check(10)").fetchall()]
    return () if answers == ["ok"] else tuple(answers)


@contextmanager
def transaction(path: Path, *, write: bool, schema: int, what: str) -> Iterator[tuple[sqlite3.Connection, int]]:
    """One transaction, on disk when it is over, with the version that the file had; a writer leaves it with `schema`.

    what    what the file holds, as a sentence begins: "The notes"
    Raises  SurfacedError with the cause, NotWritableError where nobody can write now; nothing is stored then
    """
    try:
        with _writing(path) if write else reading(path) as db:
            db.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            if version > schema:
                raise SurfacedError(
                    f"{path} was written by a newer version (schema {version}, this one knows {schema}). "
                    "Update, then try again."
                )
            yield db, version
            if write and version < schema:
                db.execute(f"PRAGMA user_version = {schema}")
            db.execute("COMMIT")
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
        kind = NotWritableError if write and _is_shut(error, path) else SurfacedError
        raise kind(
            f"{what} in {path} could not be {'written' if write else 'read'}: {why_not(error, path)}. "
            f"Nothing was {'stored and nothing lost' if write else 'lost'}."
        ) from None


@contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection whose transactions are on the disk before they are answered: WAL, synchronous FULL."""
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, timeout=WAIT_S, isolation_level=None)
    try:
        until = time.monotonic() + WAIT_S
        while True:
            try:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")
                break
            except sqlite3.OperationalError as error:
                # SQLite does not wait while another process turns WAL on.
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
                time.sleep(0.02)
        yield db
    finally:
        db.close()


def _is_shut(error: Exception, path: Path) -> bool:
    """Whether nobody can write here now: the disk is full, or may only be read."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM):
        return True
    return any(phrase in str(error) for phrase in ("readonly", "is full", "unable to open")) or _is_full(path.parent)


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < LEAST_FREE
    except OSError:
        return False


def why_not(error: Exception, path: Path) -> str:
    """The cause in words, and what to do. A file is never to be put aside for it: it may be whole."""
    folder = path.parent
    if _is_full(folder):
        return "the disk is full. Make room, then try again; the file itself is not touched"
    if folder.is_dir() and not os.access(folder, os.W_OK):
        return f"{folder} may not be written by this user. Give it the right, or choose another state folder"
    if isinstance(error, UnicodeDecodeError) or "malformed" in str(error) or "not a database" in str(error):
        return "it is damaged. Keep it as it is, and restore a backup beside it with `restore`"
    return f"{error}: check the disk and the file's rights"
