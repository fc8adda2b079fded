"""The format `folder`: a folder of CSV or Parquet files becomes the tables of a workspace.

events.csv (or .parquet) is needed, with the columns user and item; event, value, time and context are optional. users,
items, topics and creators are optional files; card.json says what the data are. A comma, semicolon or tab separates
columns, the encoding is UTF-8 with or without a BOM. What the values must be like is checked by validation.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from core.errors import DataError, shown
from data.formats.base import held_in, listed, names_in, register
from data.formats.reading.card_file import CARD
from data.formats.reading.completion import completed
from data.formats.reading.csv_table import read_csv
from data.formats.reading.limits import Limits
from data.formats.reading.parquet_table import read_parquet
from data.formats.reading.text_cells import tidy_text
from data.formats.reading.text_file import check_regular
from data.problems import Problem, problem
from data.tables import Tables

ENDINGS = (".csv", ".parquet")
PACKED = (".gz", ".zip", ".bz2", ".xz", ".zst", ".7z", ".tar", ".tgz", ".rar")
NEEDED = {
    "events": ("user", "item"),
    "users": ("user",),
    "items": ("item",),
    "topics": ("item", "topic"),
    "creators": ("item", "creator"),
}
FOREIGN = (".inter", ".user", ".item")  # another format's: a data set of its own may be called events


@dataclass(frozen=True)
class Folder:
    """CSV or Parquet files in a folder, one a table."""

    name: str = "folder"
    title: str = "a folder of CSV or Parquet files"
    needs: str = "events.csv or events.parquet"
    order: int = 0

    def reads(self, path: Path) -> bool:
        """Whether it holds a table of ours, or a file that one may have meant as such (events.xlsx, Users.csv)."""
        return any(
            _table_of(name) in NEEDED
            and not name.casefold().endswith(FOREIGN)
            and ("." in name or not os.path.isdir(path / name))
            for name in held_in(path)
        )

    def tables(self, path: Path, name: str, limits: Limits) -> Tables:
        """See `tables_from_folder`."""
        return tables_from_folder(path, name, limits)

    def sample(self, interactions: Sequence[tuple[str, str, int]]) -> dict[str, str]:
        """See the protocol."""
        lines = io.StringIO()
        csv.writer(lines, lineterminator="\n").writerows([("user", "item", "time"), *interactions])
        return {"events.csv": lines.getvalue()}


def _table_of(name: str) -> str:
    """The table that a file's name stands for, whatever its ending; any other text for a file that is none."""
    return name.partition(".")[0].strip().casefold()


def tables_from_folder(path: Path, name: str, limits: Limits | None = None) -> Tables:
    """The tables in a folder, not yet validated.

    Left out columns: an event is an 'interaction' of value 1 at time 0 (no time), memberships weigh 1, labels are ids.
    `time` is seconds UTC or an ISO date ('2026-03-01 12:30', read as UTC where no zone is given).
    name    workspace id, where card.json states none
    limits  the most that is read of a table
    Raises DataError for a missing folder or file, an empty file, a wrong header, text that is no table, a wrong card, a
    table that is there under a name or in a form that is not read, and more than the limits allow.
    """
    if not path.is_dir():
        raise DataError(f"There is no folder {shown(path)}: name a folder that holds events.csv or events.parquet.")
    problems: list[Problem] = []
    _check_names(path, problems)
    frames = {table: _read(path, table, problems, limits or Limits()) for table in NEEDED}
    if frames["events"] is None:
        names = ", ".join(shown(name, 30) for name in names_in(path)[:10]) or "nothing"
        raise DataError(f"{shown(path)} holds no events.csv or events.parquet; it holds {names}.")
    return completed(frames, name=name, folder=path, problems=problems)


def _check_names(folder: Path, problems: list[Problem]) -> None:
    """Raises DataError for what looks like a table and would not be read; a note names all else that is not read."""
    names = names_in(folder)
    read = {f"{table}{ending}": table for table in NEEDED for ending in ENDINGS} | {CARD: "card"}
    for name in names:
        if name in read:
            check_regular(folder / name)
    present, unread = {read[name] for name in names if name in read}, [name for name in names if name not in read]
    for name in unread:
        table = _table_of(name)
        if table in {*NEEDED, "card"} - present and not ((folder / name).is_dir() and "." not in name):
            own = CARD if table == "card" else " or ".join(f"{table}{ending}" for ending in ENDINGS)
            packed = "unpack it, and " if name.casefold().endswith(PACKED) else ""
            raise DataError(
                f"{shown(folder)} holds {shown(name, 60)}, which is not read under this name: {packed}call it {own}."
            )
    if unread:
        message = f"not read: {listed(unread)}. Tables are called {', '.join(NEEDED)}."
        problems.append(problem("note", "folder", "", [], message))


def _read(folder: Path, table: str, problems: list[Problem], limits: Limits) -> pd.DataFrame | None:
    """One table, or None where the folder has no such file. Raises DataError if both forms are there."""
    files = [folder / f"{table}{ending}" for ending in ENDINGS if os.path.lexists(folder / f"{table}{ending}")]
    if not files:
        return None
    if len(files) > 1:
        raise DataError(f"{shown(folder)} holds both {files[0].name} and {files[1].name}: keep one of them.")
    file = files[0]
    if file.stat().st_size == 0:
        raise DataError(
            f"{file.name} is empty: it needs a header with {' and '.join(NEEDED[table])}, and rows below it."
        )
    try:
        read = read_csv if file.suffix == ".csv" else read_parquet
        frame = read(file, table, NEEDED[table], problems, limits)
    except OSError as error:
        raise DataError(f"{file.name} cannot be read: {error.strerror or error}.") from None
    frame = frame.rename(columns=lambda column: tidy_text(str(column)))
    lacking = [column for column in NEEDED[table] if column not in frame.columns]
    if lacking:
        has = ", ".join(shown(column, 30) for column in list(frame.columns)[:20]) or "none"
        spelt = [c for c in frame.columns if c.casefold() in lacking]
        hint = f" Write {' and '.join(lacking)} in small letters." if spelt else ""
        raise DataError(f"{file.name} has a wrong header: it lacks {' and '.join(lacking)}; found are {has}.{hint}")
    twice = frame.columns[frame.columns.duplicated()].tolist()
    if twice:
        raise DataError(f"{file.name} has a wrong header: {shown(twice[0], 30)} stands there twice.")
    if frame.empty:
        raise DataError(f"{file.name} has a header but no rows.")
    return frame


register(Folder())
