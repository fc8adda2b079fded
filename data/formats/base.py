"""Forms in which people have data of their own: every module of this package that calls `register` adds one.

A new format is one new file here; `prepare --from`, its help and its messages then know it. A format turns what lies
under a path into tables; what the values must be like is checked by validation.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from core.errors import DataError, shown
from core.files import odd_kind
from data.formats.reading.limits import Limits
from data.registry import Registry
from data.tables import Tables

NAMES_LISTED = 10


class Format(Protocol):
    """One form of data.

    name    id, in small letters
    title   what the form is called: "a folder of CSV or Parquet files"
    needs   the files by which it is known, as words after "holds": "events.csv or events.parquet"
    order   of several formats that read one path, the first is taken: low numbers first
    """

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def needs(self) -> str: ...
    @property
    def order(self) -> int: ...

    def reads(self, path: Path) -> bool:
        """Whether a path holds data that are meant to be in this form, told by names alone.

        Never raises, opens nothing.
        """
        ...

    def tables(self, path: Path, name: str, limits: Limits) -> Tables:
        """The tables, not yet validated.

        name    workspace id, where the data state none
        limits  the most that is read of a table
        Raises DataError, a sentence that names the file and what to do, for all that cannot be read.
        """
        ...

    def sample(self, interactions: Sequence[tuple[str, str, int]]) -> dict[str, str]:
        """Text by file name.

        A folder that holds (user, item, seconds) in this form, as plain as it can be, for tests.
        """
        ...


_REGISTRY: Registry[Format] = Registry("format", "data.formats")


def register(form: Format) -> Format:
    """Adds a format under its name. Raises ValueError for a name that is none or is taken."""
    return _REGISTRY.register(form)


def all_formats() -> tuple[Format, ...]:
    """Every format there is, in the order that they state."""
    return _REGISTRY.all()


def get_format(name: str) -> Format:
    """The format of that name. Raises OptionError, with all valid names, for any other text."""
    return _REGISTRY.get(name)


def format_of(path: Path) -> Format:
    """The first format that reads a path. Raises DataError with what each format needs and what was found."""
    for form in all_formats():
        if form.reads(path):
            return form
    kind = odd_kind(path)
    if kind == "not there":
        choices = " or ".join(f"{form.needs} ({form.title})" for form in all_formats())
        raise DataError(f"There is no folder or file {shown(path)}: name one that holds {choices}.")
    lacking = " and ".join(f"no {form.needs} ({form.title})" for form in all_formats())
    raise DataError(f"{shown(path)} holds {lacking}; {_content(path, kind)}.")


def tables_from(path: Path, name: str, limits: Limits | None = None) -> Tables:
    """The tables of a path, by the first format that reads it. Raises DataError."""
    return format_of(path).tables(path, name, limits or Limits())


def expected() -> str:
    """What a path may hold, for a help text: a list of all formats."""
    return " or ".join(f"{form.needs} ({form.title})" for form in all_formats())


def listed(names: list[str]) -> str:
    """Names of files for a message, at most ten."""
    more = f" and {len(names) - NAMES_LISTED} more" if len(names) > NAMES_LISTED else ""
    return (", ".join(shown(name, 30) for name in names[:NAMES_LISTED]) or "nothing") + more


def names_in(folder: Path) -> list[str]:
    """What a folder holds, in order, without hidden files. Raises DataError."""
    try:
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError as error:
        raise DataError(f"{shown(folder)} cannot be listed: {error.strerror or error}.") from None


def held_in(folder: Path) -> list[str]:
    """What a folder holds, as `names_in`; nothing where it is no folder that can be listed."""
    try:
        return names_in(folder) if folder.is_dir() else []
    except (DataError, OSError, ValueError):
        return []


def _content(path: Path, kind: str | None) -> str:
    """What stands under a path that no format reads, in words after a semicolon.

    Raises DataError for a folder that cannot be listed.
    """
    if kind == "a folder":
        return f"it holds {listed(names_in(path))}"
    if kind is None or kind.startswith(("a ", "no ")):
        return f"it is {kind or 'a file'}"
    return f"it cannot be reached: {kind}"
