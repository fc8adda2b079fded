"""Times as people write them, read as seconds UTC.

Of events, of items (`published`) and of any attribute, by one reader.

Text is an ISO 8601 date. Numbers are seconds, unless they are written in one of the ways of WRITINGS, whose ranges no
real times in seconds have: then all of the column is read so, and told. 0 and -1 beside real times mean unknown. Text
that is no time is left for validation to report.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import shown
from data.formats.reading.text_cells import UNKNOWN_WORDS, as_text, tidy
from data.problems import Problem, problem, rows_where

DAY_S = 86_400
LATEST_S = 4_102_444_800  # 2100-01-01
SHEET_EPOCH_DAYS = -25_569  # 1899-12-30, day 0 of spreadsheets
REAL_S = 1e8  # 1973: a column of earlier seconds is a count of ours, not a date
ROUNDED = r"\d(?:[.,]\d+)?[eE]\+\d+"  # as a spreadsheet shows a number that is too long for its column
DATE = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?(?:Z|UTC|GMT)|[+-]\d\d:?\d\d)?)?"
_NAMES_A_TIME = re.compile(
    r"date|time|day|birth|signup|sign_up|signed|joined|since|created|updated|modified|registered|released|published"
    r"|expires|started|ended|_at$|_on$|_ts$|^ts$|seen$|login$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Writing:
    """A way in which times are written as numbers.

    title       what a note calls it              low, high   between which all such numbers lie
    read        numbers → seconds UTC, NaN where a number is no such time (both float64 [n])
    plain       whether the numbers can be nothing else; the others need a column that is called after a time
    """

    title: str
    low: float
    high: float
    read: Callable[[pd.Series], pd.Series]
    plain: bool = False


def _calendar(form: str) -> Callable[[pd.Series], pd.Series]:
    def read(numbers: pd.Series) -> pd.Series:
        whole = numbers.where(numbers % 1 == 0)
        text = whole.astype("Int64").astype("str").where(whole.notna())
        return epoch(pd.to_datetime(text, format=form, errors="coerce"))

    return read


def _per_second(n: float) -> Callable[[pd.Series], pd.Series]:
    return lambda numbers: (numbers / n).round(3)


WRITINGS = (
    Writing("days written as YYYYMMDD", 19_000_101, 21_001_231, _calendar("%Y%m%d"), plain=True),
    Writing("times written as YYYYMMDDhhmm", 190_001_010_000, 210_012_312_359, _calendar("%Y%m%d%H%M"), plain=True),
    Writing(
        "times written as YYYYMMDDhhmmss", 19_000_101_000_000, 21_001_231_235_959, _calendar("%Y%m%d%H%M%S"), plain=True
    ),
    Writing("day numbers of a spreadsheet", 20_000, 73_050, lambda n: ((n + SHEET_EPOCH_DAYS) * DAY_S).round()),
    Writing("milliseconds", 1e11, LATEST_S * 1e3, _per_second(1e3)),
    Writing("microseconds", 1e14, LATEST_S * 1e6, _per_second(1e6)),
    Writing("nanoseconds", 1e17, LATEST_S * 1e9, _per_second(1e9)),
)
YEARS = Writing("years", 1_000, 2_100, _calendar("%Y"))
SECONDS = Writing("seconds since 1970", REAL_S, LATEST_S, lambda n: n)


def seconds(times: pd.Series, table: str, problems: list[Problem], *, needed: bool) -> pd.Series:
    """float64 seconds UTC, NaN where unknown.

    An object column where text is left that is no time: validation reports it.

    needed  a time that is unknown is an error of its own (events): 0 stays 0 and is told
    """
    name = str(times.name)
    if pd.api.types.is_datetime64_any_dtype(times):
        return epoch(pd.to_datetime(times, utc=True))
    if pd.api.types.is_numeric_dtype(times) and not pd.api.types.is_bool_dtype(times):
        number = times.astype("float64") if times.hasnans or not isinstance(times.dtype, np.dtype) else times
        return _read_numbers(number, name, table, problems, needed=needed, dated=False)
    text = as_text(times)
    number = pd.to_numeric(text, errors="coerce")
    if (number.isna() & text.notna()).any():
        text = tidy(text)
        if not needed:
            text = text.where(~text.str.casefold().isin(UNKNOWN_WORDS))
        number = pd.to_numeric(text, errors="coerce")
    rounded = text.str.fullmatch(ROUNDED).fillna(False).astype(bool)
    if rounded.any():
        message = (
            f"{shown(text[rounded].iloc[0], 30)} was rounded by a spreadsheet: times that differed may be one now."
        )
        problems.append(problem("note", table, name, rows_where(rounded), message))
    is_text = number.isna() & text.notna()
    if not is_text.any():
        return _read_numbers(number, name, table, problems, needed=needed, dated=False)
    dates = iso(text.where(is_text))
    read = _read_numbers(number, name, table, problems, needed=needed, dated=bool(dates.notna().any()))
    unreadable = is_text & (dates.isna() | (dates >= LATEST_S))
    return read.astype("object").where(~is_text, dates).where(~unreadable, text)


def dates_of(numbers: pd.Series, table: str, problems: list[Problem]) -> pd.Series | None:
    """An attribute of numbers as datetime64[s], None where they are no times.

    Days written as YYYYMMDD are known by what they are, other writings by the column's name too ("created_at").
    """
    name = str(numbers.name)
    values = numbers.astype("float64")
    unknown = values.isin((0, -1))
    real = values.notna() & ~unknown
    named = _NAMES_A_TIME.search(name) is not None
    for writing in (*WRITINGS, SECONDS):
        if not (writing.plain or named) or not _fits(writing, values[real]).all() or not real.any():
            continue
        read = writing.read(values.where(real))
        if read[real].notna().all():
            _note_writing(writing, values[real], read[real], name, table, problems)
            _note_zeros(unknown, name, table, problems)
            return as_dates(read)
    return None


def are_no_times(text: pd.Series) -> bool:
    """Whether texts are about something else than times: most of them have no digit ("yes", "draft")."""
    known = text.dropna().astype("str")
    return bool(known.str.contains(r"\d", regex=True).mean() < 0.5) if len(known) else False


def iso(text: pd.Series) -> pd.Series:
    """Seconds UTC, float64, of ISO 8601 dates; NaN for any other text. Without a zone they are UTC."""
    plain = text.str.replace(r" ?(?:UTC|GMT)$", "Z", regex=True)
    return epoch(pd.to_datetime(plain, errors="coerce", utc=True, format="ISO8601"))


def epoch(dates: pd.Series) -> pd.Series:
    """datetime64 → float64 seconds since 1970, NaN for NaT."""
    whole = dates.dt.tz_localize(None).to_numpy(dtype="datetime64[s]").astype("int64")
    return pd.Series(whole, index=dates.index, name=dates.name).astype("float64").where(dates.notna(), np.nan)


def as_dates(seconds: pd.Series) -> pd.Series:
    """float64 seconds → datetime64[s] without a zone (UTC), NaT for NaN."""
    whole = seconds.fillna(0).to_numpy(dtype="float64").astype("int64").astype("datetime64[s]")
    return pd.Series(whole, index=seconds.index, name=seconds.name).where(seconds.notna())


def _read_numbers(
    number: pd.Series, name: str, table: str, problems: list[Problem], *, needed: bool, dated: bool
) -> pd.Series:
    """Numbers as seconds; one that does not fit how most of its column is written is an error.

    dated  whether other cells of the column are dates
    """
    unknown = number.isin((0, -1))
    real = number.notna() & ~unknown & np.isfinite(number.astype("float64"))
    values = number[real].astype("float64")
    read, writing = number, None
    for candidate in (*WRITINGS, *(() if needed else (YEARS,))):
        fits = _fits(candidate, values)
        if 2 * int(fits.sum()) <= len(values):
            continue
        times = candidate.read(values.where(fits))
        if 2 * int(times.notna().sum()) > len(values):
            writing = candidate
            _note_writing(candidate, values[times.notna()], times[times.notna()], name, table, problems)
            read = number.astype("float64").where(~real, times.reindex(number.index))
            other = real & read.isna()
            if other.any():
                message = (
                    f"{_example(number[other])} is none of the {candidate.title} that the column's other cells are."
                )
                problems.append(problem("error", table, name, rows_where(other), message))
                read = read.where(~other, 1.0)  # reported once, here
            break
    if writing is None and not dated and (values < REAL_S).all():
        return number
    if needed:
        zero = number == 0
        if zero.any():
            message = "the time is 0 where others have dates: these events count as the oldest."
            problems.append(problem("note", table, name, rows_where(zero), message))
        return read
    _note_zeros(unknown, name, table, problems)
    return read.where(~unknown)


def _fits(writing: Writing, values: pd.Series) -> pd.Series:
    return (values >= writing.low) & (values <= writing.high)


def _note_writing(
    writing: Writing, numbers: pd.Series, read: pd.Series, name: str, table: str, problems: list[Problem]
) -> None:
    day = np.datetime64(int(read.iloc[0] // DAY_S), "D")
    message = f"numbers such as {_example(numbers)} are {writing.title}: read as {day}."
    problems.append(problem("note", table, name, [], message))


def _example(numbers: pd.Series) -> str:
    first = float(numbers.iloc[0])
    return shown(f"{first:.0f}" if first.is_integer() else f"{first:.15g}", 30)


def _note_zeros(unknown: pd.Series, name: str, table: str, problems: list[Problem]) -> None:
    if unknown.any():
        problems.append(problem("note", table, name, rows_where(unknown), "0 and -1 are read as unknown."))
