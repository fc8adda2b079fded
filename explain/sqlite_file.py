"""Reading a SQLite file that other processes write, on disks that are full or may not be written, and saying what is wrong.

A file in WAL mode needs room for `-shm` even to be read. Where there is none, a file without a pending `-wal` is read as it
stands (immutable); one with a pending `-wal` is read from a copy in memory or a temporary folder, so that no committed row is missed.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

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
    found = [str(row[0]) for row in db.execute("PRAGMA quick_check(10)").fetchall()]
    return () if found == ["ok"] else tuple(found)


def is_shut(error: Exception, path: Path) -> bool:
    """Whether nobody can write here now: the disk is full, or may only be read."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM):
        return True
    told = str(error)
    if "readonly" in told or "is full" in told or "unable to open" in told:
        return True
    try:
        return shutil.disk_usage(path.parent).free < LEAST_FREE
    except OSError:
        return False


def why_not(error: Exception, path: Path) -> str:
    """The cause in words, and what to do. A file is never to be put aside for it: it may be whole."""
    folder = path.parent
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        free = None
    if free is not None and free < LEAST_FREE:
        return "the disk is full. Make room, then try again; the file itself is not touched"
    if folder.is_dir() and not os.access(folder, os.W_OK):
        return f"{folder} may not be written by this user. Give it the right, or choose another state folder"
    if isinstance(error, UnicodeDecodeError) or "malformed" in str(error) or "not a database" in str(error):
        return "it is damaged. Keep it as it is, and restore a backup beside it with `restore`"
    return f"{error}: check the disk and the file's rights"
