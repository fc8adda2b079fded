"""The whole state of one instant as one file, and back: tables, models, results, audits, log, notes and keys.

A backup is a ZIP archive without compression of tables that are compressed already, with `manifest.json`: the size and
the SHA-256 of every file. While it is made the decision log is held, so that log, audits and notes are of one instant.
Restoring checks everything first, writes beside the state folder, and puts the old state aside: nothing that stood
there is lost.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import stat
import struct
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from core.errors import OptionError, SurfacedError, shown
from core.files import flush_folder, odd_kind
from explain.records.log import DecisionLog
from explain.storage.sqlite_file import reading, why_not
from explain.storage.table_files import LINK, tables_folder

SCHEMA: Final = "surfaced-backup/1"
MANIFEST: Final = "manifest.json"
DATABASES: Final = ("decisions.sqlite", "annotations.sqlite")
LEFT_OUT: Final = {"downloads", "notes.json"}  # fetched again with their checksums; written again with the next note
MOST_FILES, MOST_BYTES = 200_000, 200 << 30


@dataclass(frozen=True)
class Backup:
    """What a backup holds. n_bytes: of the files before packing."""

    file: str
    created: str
    n_files: int
    n_bytes: int


@dataclass(frozen=True)
class Packed:
    """A file in a backup, as its manifest lists it."""

    path: str
    sha256: str
    bytes: int


def backup(home: Path, out: Path) -> Backup:
    """Write the state of now to a file, whole or not at all. Raises SurfacedError, and OptionError where there is no
    state.
    """
    if not home.is_dir():
        raise OptionError(f"There is no state folder {shown(home)} to back up.")
    if out.exists():
        raise OptionError(f"{shown(out)} exists already: name a new file, so that no earlier backup is lost.")
    part = out.with_name(f".{out.name}.writing-{os.getpid()}")
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    try:
        with DecisionLog(home / DATABASES[0]).held(), tempfile.TemporaryDirectory(prefix="surfaced-") as scratch:
            files = dict(_files(home))
            files |= {name: _copied(home / name, Path(scratch) / name) for name in DATABASES if (home / name).exists()}
            listed = [_packed(name, file) for name, file in sorted(files.items())]
            with zipfile.ZipFile(part, "x", zipfile.ZIP_DEFLATED, compresslevel=1, strict_timestamps=False) as archive:
                about = {"schema": SCHEMA, "created": created, "files": [asdict(entry) for entry in listed]}
                archive.writestr(MANIFEST, json.dumps(about))
                for entry in listed:
                    archive.write(files[entry.path], entry.path)
        with part.open("rb") as handle:
            os.fsync(handle.fileno())
        part.replace(out)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise SurfacedError(
            f"The backup could not be written to {out}: {why_not(error, out)}. Nothing was stored."
        ) from None
    return Backup(str(out), created, len(listed), sum(entry.bytes for entry in listed))


def restore(home: Path, file: Path) -> tuple[Backup, Path | None]:
    """Put a backup in force. Returns what it was and where the state before stands now; None where there was none.

    Raises OptionError for what is no backup or was altered (nothing is changed then), SurfacedError where it cannot be
    written.
    """
    fresh = home.with_name(f".{home.name}.restoring-{os.getpid()}")
    try:
        with zipfile.ZipFile(_regular(file)) as archive:
            created, listed = _checked(archive, file)
            for entry in listed:
                _unpacked(archive, entry, fresh / entry.path)
        aside = None
        if home.exists():
            aside = home.with_name(f"{home.name}.before-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}")
            home.rename(aside)
        fresh.rename(home)
        flush_folder(home.parent)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        zlib.error,
        struct.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        KeyError,
    ) as error:
        raise OptionError(f"{shown(file)} is no backup that can be read: {error}.") from None
    except OSError as error:
        raise SurfacedError(
            f"The backup could not be restored to {home}: {error.strerror or error}. Nothing was lost."
        ) from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return Backup(str(file), created, len(listed), sum(entry.bytes for entry in listed)), aside


def _files(home: Path) -> Iterator[tuple[str, Path]]:
    """Every regular file of the state by its name in the archive; of tables the version in force, as `tables`."""
    for root, folders, names in os.walk(home, followlinks=False):
        here = Path(root)
        inside = here.relative_to(home)
        if inside == Path("."):
            folders[:] = [name for name in folders if name not in LEFT_OUT]
        is_workspace = len(inside.parts) == 2 and inside.parts[0] == "workspaces"
        folders[:] = sorted(n for n in folders if not n.startswith(".") and not (is_workspace and n.startswith(LINK)))
        if is_workspace and (tables := tables_folder(here)) is not None:
            for file in sorted(tables.iterdir()):
                yield str(PurePosixPath(*inside.parts, LINK, file.name)), file
        for name in sorted(names):
            if (
                name.startswith(".")
                or (inside == Path(".") and name in LEFT_OUT)
                or name.split("-")[0] in DATABASES
                or not stat.S_ISREG((here / name).lstat().st_mode)
            ):
                continue
            yield str(PurePosixPath(*inside.parts, name)), here / name


def _copied(database: Path, to: Path) -> Path:
    """A whole copy of a database that others may have open (SQLite's backup interface)."""
    with reading(database) as source:
        target = sqlite3.connect(to)
        try:
            source.backup(target)
        finally:
            target.close()
    return to


def _packed(name: str, file: Path) -> Packed:
    whole, n = hashlib.sha256(), 0
    with file.open("rb") as handle:
        while block := handle.read(1 << 20):
            whole.update(block)
            n += len(block)
    return Packed(name, whole.hexdigest(), n)


def _regular(file: Path) -> Path:
    if odd_kind(file) is not None:
        raise OptionError(f"{shown(file)} is no file: name a backup that `backup --out` wrote.")
    return file


def _checked(archive: zipfile.ZipFile, file: Path) -> tuple[str, tuple[Packed, ...]]:
    """When it was made and what it holds. Raises OptionError for names that lead elsewhere, files too many or too big,
    and what is not listed.
    """
    try:
        with archive.open(MANIFEST) as handle:
            about = json.loads(handle.read(64 << 20))
        listed = tuple(Packed(str(e["path"]), str(e["sha256"]), int(e["bytes"])) for e in about["files"])
        created = str(about["created"])
        known = about["schema"] == SCHEMA and len({entry.path for entry in listed}) == len(listed)
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        known, listed, created = False, (), ""
    if not known:
        raise OptionError(f"{shown(file)} is no backup of Surfaced: it has no manifest of the form {SCHEMA}.")
    names = [info.filename for info in archive.infolist() if info.filename != MANIFEST]
    if sorted(names) != sorted(entry.path for entry in listed):
        raise OptionError(f"{shown(file)} does not hold the files that its manifest names: it was altered or cut.")
    if len(names) > MOST_FILES or sum(entry.bytes for entry in listed) > MOST_BYTES:
        raise OptionError(f"{shown(file)} holds more than a state folder can: {len(names):,} files.")
    for name in names:
        parts = PurePosixPath(name).parts
        if (
            name.startswith("/")
            or "\\" in name
            or ":" in name
            or any(part in ("..", ".") for part in parts)
            or not parts
        ):
            raise OptionError(f"{shown(file)} names a file outside the state folder ({shown(name)}): it was altered.")
    return created, listed


def _unpacked(archive: zipfile.ZipFile, entry: Packed, to: Path) -> None:
    """One file, checked while it is written: never more bytes than the manifest says."""
    to.parent.mkdir(parents=True, exist_ok=True)
    whole, left = hashlib.sha256(), entry.bytes
    with archive.open(entry.path) as source, to.open("xb") as target:
        while block := source.read(min(1 << 20, left + 1)):
            left -= len(block)
            if left < 0:
                break
            whole.update(block)
            target.write(block)
        target.flush()
        os.fsync(target.fileno())
    if left or whole.hexdigest() != entry.sha256:
        raise OptionError(f"{shown(entry.path)} in the backup does not have its hash: it was altered or is damaged.")
    if to.name.endswith(".key"):
        to.chmod(0o600)
