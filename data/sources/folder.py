"""Bring your own data: a folder of CSV or Parquet files becomes the tables of a workspace.

events.csv (or .parquet) is needed, with the columns user and item; event, value, time and context are optional. users,
items, topics and creators are optional files; card.json says what the data are. A comma, semicolon or tab separates
columns, the encoding is UTF-8 with or without a BOM. What the values must be like is checked by validation.
"""

from __future__ import annotations

import csv
import json
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd

from core.errors import DataError, shown
from data.tables import DataCard, SplitKind, Tables

ENDINGS = (".csv", ".parquet")
NEEDED = {
    "events": ("user", "item"),
    "users": ("user",),
    "items": ("item",),
    "topics": ("item", "topic"),
    "creators": ("item", "creator"),
}
DEFAULT_EVENT = "interaction"
SEPARATORS = ",;\t"
HEADER_CHARACTERS = 1 << 16


def tables_from_folder(path: Path, name: str) -> Tables:
    """The tables in a folder, not yet validated.

    Left out columns: every event is an 'interaction' of value 1 at time 0 (no time), memberships weigh 1, labels are ids.
    `time` is seconds UTC or an ISO date ('2026-03-01 12:30', read as UTC where no zone is given).
    name    workspace id, where card.json states none
    Raises DataError for a missing folder or file, an empty file, a wrong header, text that is no table, a wrong card.
    """
    if not path.is_dir():
        raise DataError(f"There is no folder {shown(path)}: name a folder that holds events.csv or events.parquet.")
    frames = {table: _read(path, table) for table in NEEDED}
    events = frames["events"]
    if events is None:
        names = ", ".join(shown(file.name, 30) for file in sorted(path.iterdir())[:10]) or "nothing"
        raise DataError(f"{shown(path)} holds no events.csv or events.parquet; it holds {names}.")
    events = _completed_events(events)
    card = _card(path / "card.json", name, tuple(events["event"].dropna().drop_duplicates().astype(str)), events)
    return Tables(
        card,
        events,
        _labelled(frames["users"], "user"),
        _labelled(frames["items"], "item"),
        _weighted(frames["topics"], "topic"),
        _weighted(frames["creators"], "creator"),
    )


def _read(folder: Path, table: str) -> pd.DataFrame | None:
    """One table, or None where the folder has no such file. Raises DataError if both forms are there."""
    files = [folder / f"{table}{ending}" for ending in ENDINGS if (folder / f"{table}{ending}").is_file()]
    if not files:
        return None
    if len(files) > 1:
        raise DataError(f"{shown(folder)} holds both {files[0].name} and {files[1].name}: keep one of them.")
    file = files[0]
    if file.stat().st_size == 0:
        raise DataError(
            f"{file.name} is empty: it needs a header with {' and '.join(NEEDED[table])}, and rows below it."
        )
    frame = _read_csv(file) if file.suffix == ".csv" else _read_parquet(file)
    frame = frame.rename(columns=lambda column: str(column).strip())
    lacking = [column for column in NEEDED[table] if column not in frame.columns]
    if lacking:
        has = ", ".join(shown(column, 30) for column in list(frame.columns)[:20]) or "none"
        raise DataError(f"{file.name} has a wrong header: it lacks {' and '.join(lacking)}; found are {has}.")
    twice = sorted({column for column in frame.columns if list(frame.columns).count(column) > 1})
    if twice:
        raise DataError(f"{file.name} has a wrong header: {shown(twice[0], 30)} stands there twice.")
    if frame.empty:
        raise DataError(f"{file.name} has a header but no rows.")
    return frame


def _read_csv(file: Path) -> pd.DataFrame:
    """All cells as text, empty ones missing; numbers are read by validation, which can name their rows."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            header = text.readline(HEADER_CHARACTERS)
            separator = max(SEPARATORS, key=header.count)
            text.seek(0)
            rows = list(csv.reader(text, delimiter=separator, strict=True))
    except UnicodeDecodeError as error:
        raise DataError(f"{file.name} is not UTF-8 text (byte {error.start}): save it as UTF-8.") from error
    except csv.Error as error:
        raise DataError(
            f"{file.name} is no table: {_short(error)}. Look for a double quote that is not closed."
        ) from error
    while rows and not any(rows[-1]):
        rows.pop()
    if not rows:
        raise DataError(f"{file.name} is empty: it needs a header in its first row.")
    return _rectangular(rows[0], rows[1:], file.name)


def _rectangular(columns: list[str], rows: list[list[str]], name: str) -> pd.DataFrame:
    """A cell for each column in every row. Raises DataError for a row that is longer than the header."""
    n_columns = len(columns)
    for number, row in enumerate(rows, start=2):
        if any(row[n_columns:]):
            raise DataError(
                f"{name}, row {number}: there are more cells than the header has columns ({n_columns}). "
                "Put texts that hold the separator into double quotes."
            )
    cells = [[row[place] or None if place < len(row) else None for row in rows] for place in range(n_columns)]
    frame = pd.DataFrame({place: pd.Series(column, dtype="str") for place, column in enumerate(cells)})
    return frame.set_axis(columns, axis=1)


def _read_parquet(file: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(file).reset_index(drop=True)
    except (OSError, ValueError) as error:
        raise DataError(f"{file.name} is no Parquet file that can be read: {_short(error)}.") from error


def _completed_events(events: pd.DataFrame) -> pd.DataFrame:
    given: dict[str, Any] = {"event": DEFAULT_EVENT, "value": 1.0, "time": 0, "context": None}
    events = events.assign(**{column: value for column, value in given.items() if column not in events.columns})
    return events.assign(time=_seconds(events["time"]))


def _seconds(times: pd.Series) -> pd.Series:
    """Seconds UTC; dates become seconds, and text that is neither stays as it is for validation to report."""
    if pd.api.types.is_datetime64_any_dtype(times):
        return _epoch(pd.to_datetime(times, utc=True))
    number = pd.to_numeric(times, errors="coerce")
    is_text = number.isna() & times.notna()
    if not is_text.any():
        return number
    seconds = _epoch(pd.to_datetime(times.where(is_text), errors="coerce", utc=True, format="ISO8601"))
    unreadable = is_text & seconds.isna()
    return number.astype("object").where(~is_text, seconds).where(~unreadable, times)


def _epoch(dates: pd.Series) -> pd.Series:
    seconds = pd.Series(dates.dt.tz_localize(None).to_numpy(dtype="datetime64[s]").astype("int64"), index=dates.index)
    return seconds.astype("float64").where(dates.notna(), np.nan)


def _labelled(frame: pd.DataFrame | None, key: str) -> pd.DataFrame:
    if frame is None:
        return pd.DataFrame({key: [], "label": []}, dtype="str")
    frame = frame if "label" in frame.columns else frame.assign(label=frame[key])
    typed = {column: _typed(frame[column]) for column in frame.columns if column not in (key, "label")}
    return frame.assign(**typed)


def _typed(column: pd.Series) -> pd.Series:
    """An attribute as numbers where every known value is one, and nothing is lost: 001 and 1 are two codes, not one number."""
    number = pd.to_numeric(column, errors="coerce")
    if not column.notna().any() or not (number.notna() == column.notna()).all():
        return column
    text = column.dropna().astype(str).str.strip()
    codes = text.str.match(r"[+-]?0\d").any() or text.nunique() != number.nunique()
    return column if codes else number


def _weighted(frame: pd.DataFrame | None, kind: str) -> pd.DataFrame:
    if frame is None:
        return pd.DataFrame({"item": [], kind: [], "label": [], "weight": []}).astype({"weight": float})
    given: dict[str, Any] = {"label": frame[kind], "weight": 1.0}
    return frame.assign(**{column: value for column, value in given.items() if column not in frame.columns})


def _card(file: Path, name: str, kinds: tuple[str, ...], events: pd.DataFrame) -> DataCard:
    """The card that card.json states, completed: every event type weighs 1 and is a positive where nothing is said."""
    has_times = bool((events["time"] != 0).any())
    stated: dict[str, Any] = {
        "name": name, "title": name, "summary": f"Own data: {len(events):,} events.", "licence": "Not stated.",
        "citation": "", "event_weights": dict.fromkeys(kinds, 1.0), "default_split": "last" if has_times else "random",
    }  # fmt: skip
    stated |= _read_card(file) if file.is_file() else {}
    stated.setdefault("positives", tuple(stated["event_weights"]))
    return DataCard(**stated)


def _read_card(file: Path) -> dict[str, Any]:
    try:
        stated = json.loads(file.read_text("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"card.json is not JSON: {_short(error)}.") from error
    if not isinstance(stated, dict):
        raise DataError("card.json must be an object, such as {\"title\": \"My shop\"}.")  # fmt: skip
    kinds = {field.name: field.type for field in fields(DataCard)}
    for key, value in stated.items():
        if key not in kinds:
            raise DataError(f"card.json: there is no entry {shown(key)}. Pick from: {', '.join(kinds)}.")
        _check_entry(key, str(kinds[key]), value)
    return {key: tuple(value) if isinstance(value, list) else value for key, value in stated.items()}


def _check_entry(key: str, kind: str, value: object) -> None:
    wanted: tuple[bool, str]
    if key == "default_split":
        wanted = value in get_args(SplitKind), f"one of {', '.join(get_args(SplitKind))}"
    elif key == "event_weights":
        numbers = isinstance(value, dict) and all(type(v) in (int, float) for v in value.values())
        wanted = numbers, 'numbers by event type, such as {"view": 1, "like": 3}'
    elif kind.startswith("dict"):
        wanted = isinstance(value, dict) and all(isinstance(v, str) for v in value.values()), "texts by name"
    elif kind.startswith("tuple"):
        wanted = isinstance(value, list) and all(isinstance(v, str) for v in value), "a list of texts"
    else:
        wanted = isinstance(value, str), "a text"
    if not wanted[0]:
        raise DataError(f"card.json: {key} must be {wanted[1]}, not {shown(value)}.")


def _short(error: Exception) -> str:
    return shown(" ".join(str(error).split()), limit=160).strip("'").rstrip(".")
