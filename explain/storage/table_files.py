"""The folder of a workspace's tables: replaced in one step, held by one process, found again after a kill.

Each version of the tables is a folder of its own, `tables-<hash>`, written and flushed before it gets its name; the
link `tables` names the one in force and is replaced in one step. Where links cannot be made, and in workspaces of older
versions, `tables` is the folder itself. A process killed at any moment leaves the old version or the new one: where
`tables` is missing, the newest whole version is taken.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from core.errors import SurfacedError, shown
from core.files import flush_folder

META: Final = "workspace.json"
LINK: Final = "tables"
TABLES: Final = ("events", "users", "items", "topics", "creators")
CARD: Final = "card.json"
PARTS: Final = (*(f"{name}.parquet" for name in TABLES), CARD, META)


def tables_folder(folder: Path) -> Path | None:
    """The folder of the tables in force; None where the workspace has none."""
    link = folder / LINK
    if link.is_dir():
        return link.resolve() if link.is_symlink() else link
    whole = [path for path in _stored_folders(folder) if all((path / part).is_file() for part in PARTS)]
    return max(whole, key=lambda path: ((path / META).stat().st_mtime_ns, path.name), default=None)


def _stored_folders(folder: Path) -> Iterator[Path]:
    """Versions that a killed process may have left, those of older versions of this program too."""
    if folder.is_dir():
        for path in folder.iterdir():
            if path.name.startswith("tables-"):
                yield path
            elif path.name.startswith(".tables-"):
                yield from (path / name for name in ("tables", "old"))


@contextmanager
def held(folder: Path, name: str) -> Iterator[None]:
    """Hold the folder for this process; the operating system lets go of it when the process ends, however it ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".preparing").open("a+")
    except OSError as error:
        raise SurfacedError(f"{folder} could not be written: {error.strerror or error}. Nothing was stored.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            who = lock.read(100).strip() or "unknown"
            raise SurfacedError(
                f"Another process (number and start: {who}) is preparing {shown(name)}. Wait until it has "
                "ended, or end it."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}, {time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime())}")
        lock.flush()
        yield


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of each file by name."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def replace_all(folder: Path, write: Callable[[Path], str]) -> None:
    """Put a new version in force. write: fills an empty folder and says what the version is called. Raises OSError.

    The version before stays until the next one, for readers that have just opened it; older ones and scratch are
    removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = tables_folder(folder)
    scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
    try:
        version = folder / f"tables-{write(scratch)}-{_next(folder)}"
        for file in scratch.iterdir():
            with file.open("rb") as handle:
                os.fsync(handle.fileno())
        flush_folder(scratch)
        scratch.chmod(0o755)
        scratch.rename(version)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    flush_folder(folder)
    try:
        _name(folder, version)
    except OSError:
        if (folder / LINK).exists() and tables_folder(
            folder
        ) != version:  # the old one is in force: nothing of the new one stays
            shutil.rmtree(version, ignore_errors=True)
        for half in folder.glob(".link-*"):
            half.unlink(missing_ok=True)
        raise
    for left in (*folder.glob(".new-*"), *folder.glob(".tables-*"), *folder.glob(".old-*"), *folder.glob(".link-*")):
        shutil.rmtree(left, ignore_errors=True) if left.is_dir() and not left.is_symlink() else left.unlink(
            missing_ok=True
        )
    for old in folder.glob("tables-*"):
        if old not in (version, before):
            shutil.rmtree(old, ignore_errors=True)


def _next(folder: Path) -> int:
    """A number of its own for each version, whatever it holds."""
    numbers = [int(n) for p in folder.glob("tables-*") if (n := p.name.rpartition("-")[2]).isdigit()]
    return 1 + max(numbers, default=0)


def _name(folder: Path, version: Path) -> None:
    """`tables` names this version from now on."""
    link = folder / LINK
    if link.is_dir() and not link.is_symlink():  # of an older version: it moves aside first, and `place` finds either
        aside = folder / f"tables-before-{_next(folder)}"
        link.rename(aside)
        try:
            _point(folder, link, version)
        except OSError:
            if not link.exists():
                aside.rename(link)
            raise
        return
    _point(folder, link, version)


def _point(folder: Path, link: Path, version: Path) -> None:
    """Make the link, in one step."""
    fresh = folder / f".link-{os.getpid()}"
    try:
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(version.name, target_is_directory=True)
    except OSError:  # no links on this file system: the folder takes the name itself
        version.rename(link)
        return
    os.replace(fresh, link)
    flush_folder(folder)
