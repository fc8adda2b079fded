"""Every error that a user may meet, as one tree. A message says what happened, where, and what to do.

Each class has a `code` that stays as it is when words change, and the built-in parent that a caller of such a function
expects: a wrong value is a ValueError, a name that is not there a LookupError.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import ClassVar, Final


def command_line(interpreter: str, root: Path) -> str:
    """How the command line is started from the repository's folder, so that it finds the packages that run now.

    interpreter  sys.prefix: the folder of the environment      root  the repository
    """
    own = Path(interpreter).resolve() == (root / ".venv").resolve()
    return ".venv/bin/python cli.py" if own else "python cli.py"


CLI: Final = command_line(sys.prefix, Path(__file__).parents[1])  # what every command that is shown begins with


class SurfacedError(Exception):
    """Base of all expected errors: the message is one readable sentence, never a traceback. code: stable, for
    programs."""

    code: ClassVar[str] = "error"


class DataError(SurfacedError, ValueError):
    """Tables that cannot become a graph. `problems` lists all of them, not only the first."""

    code = "data"

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class SourceError(SurfacedError):
    """A data source that cannot be had: no network, wrong checksum, missing file."""

    code = "source"


class GraphError(SurfacedError, ValueError):
    """A graph that is not valid, or lacks the relation that was asked for."""

    code = "graph"


class ModelError(SurfacedError):
    """A model that cannot be fitted, or cannot answer what was asked."""

    code = "model"


class ContractError(ModelError):
    """A model, or a guardrail, that broke a promise of its contract. method: the one that broke it ("terms",
    "spec.exact")."""

    code = "contract"

    def __init__(self, message: str, *, method: str) -> None:
        super().__init__(message)
        self.method = method


class SnapshotError(SurfacedError):
    """A stored model that is missing, truncated or altered."""

    code = "snapshot"


class OptionError(SurfacedError, ValueError):
    """A value that no option allows; the message lists what is allowed."""

    code = "option"


class UnknownIdError(SurfacedError, LookupError):
    """An id that the graph does not have."""

    code = "unknown_id"


class NotReadyError(SurfacedError):
    """Something has to be prepared or fitted first; `command` is what does it."""

    code = "not_ready"

    def __init__(self, message: str, command: str) -> None:
        super().__init__(message)
        self.command = command


class NotWritableError(SurfacedError):
    """State that cannot be written now: the disk is full, or may not be written. Reading goes on."""

    code = "not_writable"


class CancelledError(SurfacedError):
    """Long work that the user stopped. Nothing was stored."""

    code = "cancelled"


def shown(value: object, limit: int = 60) -> str:
    """An outside value as it may stand in a message: printable, quoted, short. Of a path the end is kept, more than of
    others."""
    try:
        text = str(value)
    except ValueError:  # a number of thousands of digits
        text = "a number of very many digits"
    text = "".join(c if c.isprintable() else "?" for c in text)
    if isinstance(value, Path):
        limit = max(limit, 240)
        return f"'…{text[1 - limit :]}'" if len(text) > limit else f"'{text}'"
    return f"'{text[: limit - 1]}…'" if len(text) > limit else f"'{text}'"


def short(error: Exception) -> str:
    """A library's message as part of a sentence: one line, printable, without its full stop."""
    return shown(" ".join(str(error).split()), limit=160).strip("'").rstrip(".")


def did_you_mean(value: str, known: Iterable[str]) -> str:
    """' Did you mean …?' for the closest known value, or an empty string."""
    close = get_close_matches(str(value)[:80], [str(k) for k in known], n=1)
    return f" Did you mean {shown(close[0])}?" if close else ""
