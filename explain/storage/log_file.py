"""The log of long work: a rotating file in the state folder that says what failed and where, and nothing of anybody.

Messages of errors can hold ids and titles, so a trace is kept as its places (file, line, function) and the error's
type.
"""

from __future__ import annotations

import logging
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Final

FOLDER: Final = "logs"
FILE: Final = "jobs.log"
MAX_BYTES, KEPT = 1_000_000, 3
ROOT: Final = Path(__file__).resolve().parents[2]

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class PlaceFormatter(logging.Formatter):
    """A line for what happened, then one for each place of the trace; the message of an error is left out."""

    def formatException(self, ei: ExcInfo) -> str:
        kind, _, trace = ei
        places = [f"  {_relative(f.filename)}:{f.lineno} in {f.name}" for f in traceback.extract_tb(trace)]
        return "\n".join([*places, f"  {kind.__name__}" if kind is not None else "  no error"])


def log_failures(home: Path) -> None:
    """From now on the loggers of explain/ write warnings and worse to the log in this state folder.

    A log that cannot be opened (a full disk, a folder that is only read) is done without.
    """
    place = home / FOLDER / FILE
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(place, maxBytes=MAX_BYTES, backupCount=KEPT, encoding="utf-8")
    except OSError:
        return
    handler.setLevel(logging.WARNING)
    handler.setFormatter(PlaceFormatter("%(asctime)s %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S%z"))
    logging.getLogger("explain").addHandler(handler)


def _relative(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name
