"""Times as seconds UTC: of events and of items (`published`), from CSV and from Parquet, by one reader.

Numbers are seconds, unless all of them are calendar days written as YYYYMMDD, or day numbers of a spreadsheet (45292 is
2024-01-01): then they are read as such and told. Text is an ISO 8601 date. 0 and -1 beside real dates mean unknown.
Milliseconds, dates before 1970 of events and dates after 2100 are for validation to refuse.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.errors import shown
from data.problems import Problem, problem, rows_where
from data.sources.columns import UNKNOWN_WORDS
from data.sources.text_cells import as_text, tidy

DAY_S = 86_400
SHEET_EPOCH_DAYS = -25_569  # 1899-12-30, day 0 of spreadsheets
FIRST_SHEET_DAY, LAST_SHEET_DAY = 20_000, 73_050  # 1954-10-03 to 2099-12-31
REAL_S = 86_400 * 366  # later than this no real time is taken for a day number


def seconds(times: pd.Series, table: str, found: list[Problem], *, needed: bool) -> pd.Series:
    """float64 seconds UTC, NaN where unknown; an object column where text is left that is neither: validation reports it.

    needed  a time that is unknown is an error of its own (events): 0 stays 0 and is told
    """
    name = str(times.name)
    if pd.api.types.is_datetime64_any_dtype(times):
        return _epoch(pd.to_datetime(times, utc=True))
    if pd.api.types.is_numeric_dtype(times) and not pd.api.types.is_bool_dtype(times):
        return _read_numbers(times.astype("float64") if times.hasnans else times, name, table, found, needed=needed)
    text = tidy(as_text(times))
    if not needed:
        text = text.where(~text.str.casefold().isin(UNKNOWN_WORDS))
    number = pd.to_numeric(text, errors="coerce")
    rounded = text.str.fullmatch(r"\d(?:\.\d+)?[eE]\+\d+").fillna(False).astype(bool)
    if rounded.any():
        told = f"{shown(text[rounded].iloc[0], 30)} was rounded by a spreadsheet: times that differed may be one now."
        found.append(problem("note", table, name, rows_where(rounded), told))
    is_text = number.isna() & text.notna()
    read = _read_numbers(number, name, table, found, needed=needed)
    if not is_text.any():
        return read
    dates = _epoch(pd.to_datetime(text.where(is_text), errors="coerce", utc=True, format="ISO8601"))
    unreadable = is_text & dates.isna()
    return read.astype("object").where(~is_text, dates).where(~unreadable, text)


def _read_numbers(number: pd.Series, name: str, table: str, found: list[Problem], *, needed: bool) -> pd.Series:
    """Plain numbers as seconds, days written as YYYYMMDD, or day numbers of a spreadsheet."""
    known = number.notna() & np.isfinite(number.astype("float64"))
    real = known & ~number.isin((0, -1))
    if not real.any():
        return number
    low, high = float(number[real].min()), float(number[real].max())
    read = number
    if low >= 19_000_101 and high <= 21_001_231 and (days := _calendar_days(number.where(real))) is not None:
        read = days * DAY_S
        example = shown(f"{number[real].iloc[0]:.0f}", 30)
        told = f"numbers such as {example} are days written as YYYYMMDD: read as {_day(read[real].iloc[0])}."
        found.append(problem("note", table, name, [], told))
    elif low >= FIRST_SHEET_DAY and high <= LAST_SHEET_DAY:
        read = ((number.where(real) + SHEET_EPOCH_DAYS) * DAY_S).round()
        example = shown(f"{number[real].iloc[0]:g}", 30)
        told = f"numbers such as {example} are day numbers of a spreadsheet: read as {_day(read[real].iloc[0])}."
        found.append(problem("note", table, name, [], told))
    elif high < REAL_S:
        return number
    unknown = known & ~real
    if not unknown.any():
        return read
    if needed:
        told = "the time is 0 where others have dates: these events count as the oldest."
        if (number[unknown] == 0).any():
            found.append(problem("note", table, name, rows_where(unknown & (number == 0)), told))
        return read.where(~unknown, number)
    found.append(problem("note", table, name, rows_where(unknown), "0 and -1 are read as unknown."))
    return read.where(~unknown)


def _calendar_days(number: pd.Series) -> pd.Series | None:
    """Days since 1970 of numbers YYYYMMDD, None where one of them is no day of the calendar."""
    known = number.dropna()
    if (known % 1 != 0).any():
        return None
    dates = pd.to_datetime(known.astype("int64").astype("str"), format="%Y%m%d", errors="coerce")
    if dates.isna().any():
        return None
    return (dates - pd.Timestamp(0)).dt.days.reindex(number.index)


def _day(seconds: float) -> str:
    return str(np.datetime64(int(seconds // DAY_S), "D"))


def _epoch(dates: pd.Series) -> pd.Series:
    seconds = pd.Series(dates.dt.tz_localize(None).to_numpy(dtype="datetime64[s]").astype("int64"), index=dates.index)
    return seconds.astype("float64").where(dates.notna(), np.nan)
