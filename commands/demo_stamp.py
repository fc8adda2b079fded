"""Is everything that `make demo` makes there already? Answered from file sizes and times alone, before anything heavy
is imported.

`demo-data` leaves a stamp behind when nothing was missing: every file of its workspaces, and every source file that
made them, with size and time of change. Where one differs, `demo-data` looks again; it alone knows what belongs there.
Run as a program, the exit status is the answer: `python -m commands.demo_stamp || python cli.py demo-data`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from core.files import read_json

ROOT = Path(__file__).resolve().parents[1]
STAMP = "demo.json"
_MADE_BY = ("core", "data", "explain", "commands", "requirements.txt")


def write(home: Path, workspaces: Sequence[str]) -> None:
    """Remember the files as they are. A stamp that cannot be written only costs the next start some seconds."""
    states = {str(path): _state(path) for path in _files(home, workspaces)}
    temporary = home / f".{STAMP}.{os.getpid()}"
    try:
        temporary.write_text(json.dumps({"workspaces": list(workspaces), "files": states}))
        temporary.replace(home / STAMP)
    except OSError:
        temporary.unlink(missing_ok=True)


def is_current(home: Path) -> bool:
    """Whether all that was there at the stamp is there still, unchanged, and no source file has come
    or changed since.
    """
    try:
        stamp = read_json(home / STAMP)
        files = {Path(path): state for path, state in stamp["files"].items()}
        return all(_state(path) == state for path, state in files.items()) and set(_sources()) <= set(files)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return False


def _files(home: Path, workspaces: Sequence[str]) -> Iterator[Path]:
    yield from _sources()
    for name in workspaces:
        yield from (p for p in (home / "workspaces" / name).resolve().rglob("*") if p.is_file())


def _sources() -> Iterator[Path]:
    for name in _MADE_BY:
        place = ROOT / name
        yield from place.rglob("*.py") if place.is_dir() else (place,)


def _state(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


if __name__ == "__main__":
    sys.exit(0 if is_current(Path(os.environ.get("SURFACED_HOME", ".surfaced"))) else 1)
