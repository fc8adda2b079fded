"""Bring your own data: a folder of CSV or Parquet files becomes the tables of a workspace.

events.csv (or .parquet) is needed, with the columns user and item; event, value, time and context are optional. users,
items, topics and creators are optional files; card.json says what the data are. A comma, semicolon or tab separates
columns, the encoding is UTF-8 with or without a BOM. What the values must be like is checked by validation.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd

from core.errors import DataError, shown
from core.files import odd_kind
from data.problems import Problem, problem
from data.sources.card_file import stated_card
from data.sources.columns import typed
from data.sources.csv_table import read_csv
from data.sources.limits import MOST_KINDS, Limits
from data.sources.parquet_table import read_parquet
from data.sources.text_cells import as_text, tidy, tidy_text
from data.sources.times import are_no_times, seconds
from data.tables import TIME_COLUMN, Tables

ENDINGS = (".csv", ".parquet")
CARD = "card.json"
PACKED = (".gz", ".zip", ".bz2", ".xz", ".zst", ".7z", ".tar", ".tgz", ".rar")
NEEDED = {
    "events": ("user", "item"),
    "users": ("user",),
    "items": ("item",),
    "topics": ("item", "topic"),
    "creators": ("item", "creator"),
}
DEFAULT_EVENT = "interaction"


def tables_from_folder(path: Path, name: str, limits: Limits | None = None) -> Tables:
    """The tables in a folder, not yet validated.

    Left out columns: every event is an 'interaction' of value 1 at time 0 (no time), memberships weigh 1, labels are ids.
    `time` is seconds UTC or an ISO date ('2026-03-01 12:30', read as UTC where no zone is given).
    name    workspace id, where card.json states none
    limits  the most that is read of a table
    Raises DataError for a missing folder or file, an empty file, a wrong header, text that is no table, a wrong card, a
    table that is there under a name or in a form that is not read, and more than the limits allow.
    """
    if not path.is_dir():
        raise DataError(f"There is no folder {shown(path)}: name a folder that holds events.csv or events.parquet.")
    found: list[Problem] = []
    _check_names(path, found)
    frames = {table: _read(path, table, found, limits or Limits()) for table in NEEDED}
    events = frames["events"]
    if events is None:
        names = ", ".join(shown(name, 30) for name in _names(path)[:10]) or "nothing"
        raise DataError(f"{shown(path)} holds no events.csv or events.parquet; it holds {names}.")
    events = _completed_events(events, found)
    card = stated_card(path / CARD, name, _kinds(events["event"]), events)
    users = _labelled(frames["users"], "users", "user", found)
    items = _labelled(frames["items"], "items", "item", found)
    for kind, table in (("topic", "topics"), ("creator", "creators")):
        name = card.kind_titles.get(kind, kind)
        if frames[table] is not None and name in items.columns:
            told = f"the table {table} is called {shown(name, 30)} too: where data are audited, this column is 'items.{name}'."
            found.append(problem("note", "items", name, [], told))
    return Tables(
        card,
        events,
        users,
        items,
        _weighted(frames["topics"], "topic"),
        _weighted(frames["creators"], "creator"),
        tuple(found),
    )


def _names(folder: Path) -> list[str]:
    """What a folder holds, in order, without hidden files. Raises DataError."""
    try:
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError as error:
        raise DataError(f"{shown(folder)} cannot be listed: {error.strerror or error}.") from None


def _check_names(folder: Path, found: list[Problem]) -> None:
    """Raises DataError for what looks like a table and would not be read; a note names all else that is not read."""
    names = _names(folder)
    read = {f"{table}{ending}": table for table in NEEDED for ending in ENDINGS} | {CARD: "card"}
    for name in names:
        if name in read and (odd := odd_kind(folder / name)) is not None:
            raise DataError(
                f"{shown(folder)}: {name} is {odd}, not a file that can be read. Put the file itself there."
            )
    present, unread = {read[name] for name in names if name in read}, [name for name in names if name not in read]
    for name in unread:
        table = name.partition(".")[0].strip().casefold()
        if table in {*NEEDED, "card"} - present and not ((folder / name).is_dir() and "." not in name):
            own = CARD if table == "card" else " or ".join(f"{table}{ending}" for ending in ENDINGS)
            packed = "unpack it, and " if name.casefold().endswith(PACKED) else ""
            raise DataError(
                f"{shown(folder)} holds {shown(name, 60)}, which is not read under this name: {packed}call it {own}."
            )
    if unread:
        listed = ", ".join(shown(name, 30) for name in unread[:10]) + (
            f" and {len(unread) - 10} more" if len(unread) > 10 else ""
        )
        found.append(problem("note", "folder", "", [], f"not read: {listed}. Tables are called {', '.join(NEEDED)}."))


def _read(folder: Path, table: str, found: list[Problem], limits: Limits) -> pd.DataFrame | None:
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
        frame = read(file, table, NEEDED[table], found, limits)
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


def _kinds(event: pd.Series) -> tuple[str, ...]:
    """Event types as validation will have them, in the order of their first event. Raises DataError where they are ids."""
    kinds = tuple(tidy(as_text(event)).dropna().drop_duplicates())
    if len(kinds) > MOST_KINDS:
        raise DataError(
            f"The column 'event' of events holds {len(kinds):,} different types, such as {shown(kinds[0], 30)}; at most "
            f"{MOST_KINDS:,} are types. Name the column otherwise where it holds something else."
        )
    return kinds


def _completed_events(events: pd.DataFrame, found: list[Problem]) -> pd.DataFrame:
    given: dict[str, Any] = {"event": DEFAULT_EVENT, "value": 1.0, "time": 0, "context": None}
    events = events.assign(**{column: value for column, value in given.items() if column not in events.columns})
    return events.assign(time=seconds(events["time"], "events", found, needed=True))


def _labelled(frame: pd.DataFrame | None, table: str, key: str, found: list[Problem]) -> pd.DataFrame:
    if frame is None:
        return pd.DataFrame({key: [], "label": []}, dtype="str")
    frame = frame if "label" in frame.columns else frame.assign(label=frame[key])
    types: dict[str, pd.Series] = {}
    for column in frame.columns:
        if (table, column) == ("items", TIME_COLUMN):
            types[column] = _published(frame[column], found)
        elif column not in (key, "label"):
            types[column] = typed(frame[column], table, found)
    return frame.assign(**types)


def _published(column: pd.Series, found: list[Problem]) -> pd.Series:
    """Times of publication as seconds; a column of that name without a single time in it is the data's own ("yes", "no")."""
    notes: list[Problem] = []
    times = seconds(column, "items", notes, needed=False)
    if not pd.to_numeric(times, errors="coerce").notna().any() and are_no_times(times):
        return typed(column, "items", found)
    found += notes
    return times


def _weighted(frame: pd.DataFrame | None, kind: str) -> pd.DataFrame:
    if frame is None:
        return pd.DataFrame({"item": [], kind: [], "label": [], "weight": []}).astype({"weight": float})
    given: dict[str, Any] = {"label": frame[kind], "weight": 1.0}
    return frame.assign(**{column: value for column, value in given.items() if column not in frame.columns})
