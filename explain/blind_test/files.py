"""Where blind tests lie in the state folder: `blind/ID.json` says how far a test is, `blind/ID.sealed.json` what was
planted, and `workspaces/blind-ID` holds the newsroom. Only the seal says the size.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from core import files
from core.errors import OptionError, SurfacedError, shown
from explain.results.blind_test import BlindResult, Sealed

MOST_WORKSPACES: Final = 5
_ID: Final = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True)
class Opened:
    """What a broken seal showed: whether the interval held the size, and whether the commitment is one to it."""

    held: bool
    matches: bool


@dataclass(frozen=True)
class Record:
    """How far a test is. result: None before the audit; opened: None before the size is revealed."""

    sealed: Sealed
    result: BlindResult | None = None
    opened: Opened | None = None


@dataclass(frozen=True)
class Seal:
    """What was committed to: the text word for word, with the size and the seed that it says."""

    text: str
    size: float
    seed: int


def folder(home: Path) -> Path:
    return home / "blind"


def read_record(home: Path, test: str) -> Record:
    """Raises OptionError for an unknown id, or where the record is damaged."""
    record = _record(folder(home) / f"{test}.json") if _ID.fullmatch(str(test)) else None
    if record is None:
        raise OptionError(f"There is no blind test {shown(test)} here: start one first.")
    return record


def records(home: Path) -> Iterator[Record]:
    """Every record that can be read, in no order."""
    for path in folder(home).glob("*.json"):
        record = _record(path) if _ID.fullmatch(path.stem) else None
        if record is not None:
            yield record


def write_record(home: Path, record: Record) -> None:
    """Raises SurfacedError where it cannot be written."""
    content: dict[str, object] = {"sealed": asdict(record.sealed)}
    if record.result is not None:
        content["result"] = record.result.as_json()
    if record.opened is not None:
        content["revealed"] = asdict(record.opened)
    write_json(folder(home) / f"{record.sealed.id}.json", content)


def read_seal(home: Path, test: str) -> Seal:
    """Raises SurfacedError where the seal is lost or damaged."""
    try:
        text = str(files.read_json(folder(home) / f"{test}.sealed.json")["text"])
        content = json.loads(text)
        return Seal(text, float(content["size"]), int(content["seed"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise SurfacedError(f"What was sealed for blind test {test} cannot be read: start another test.") from None


def write_seal(home: Path, test: str, text: str) -> None:
    """Raises SurfacedError where it cannot be written."""
    write_json(folder(home) / f"{test}.sealed.json", {"text": text})


def write_json(path: Path, content: object) -> None:
    """A JSON file, whole or not at all. Raises SurfacedError."""
    try:
        files.write_whole(path, json.dumps(content))
    except OSError as error:
        raise SurfacedError(f"{path.name} could not be written to {path.parent}: {error.strerror}.") from None


def remove_old_workspaces(home: Path, newest: str) -> None:
    """Workspaces of earlier tests are scratch: the last few stay to be looked into, records stay for good."""
    workspaces = home / "workspaces"
    old = [p for p in workspaces.glob("blind-*") if _ID.fullmatch(p.name.removeprefix("blind-")) and p.name != newest]
    old.sort(key=lambda p: p.stat().st_mtime, reverse=True)
    for path in old[MOST_WORKSPACES - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


def _record(path: Path) -> Record | None:
    """None where there is none, or it is damaged."""
    try:
        content = files.read_json(path)
        sealed = Sealed(**content["sealed"])
        result, opened = content.get("result"), content.get("revealed")
        return Record(
            sealed,
            None if result is None else BlindResult.from_json(result),
            None if opened is None else Opened(**opened),
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
