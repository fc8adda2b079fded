"""One of RecBole's atomic files: tab-separated text without quotes, whose header declares a type for each column.

The form is described at https://recbole.io/docs/user_guide/data/atomic_files.html: `user_id:token`, with the types
token, token_seq (words with blanks between), float and float_seq. A quotation mark is a character like any other.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import DataError, did_you_mean, short, shown
from data.formats.reading.csv_rows import gathered
from data.formats.reading.csv_table import rectangular
from data.formats.reading.limits import LONGEST_CELL, Limits
from data.formats.reading.text_cells import UNKNOWN_WORDS
from data.formats.reading.text_file import check_form, not_utf8
from data.problems import Problem, problem, rows_where

TYPES = ("token", "token_seq", "float", "float_seq")
WANTED = "tab-separated text"


@dataclass(frozen=True, eq=False)
class AtomicFile:
    """What one file holds.

    cells  str, missing where empty; columns by field, the index as in data.problems
    types  declared type of each field
    """

    cells: pd.DataFrame
    types: dict[str, str]

    def fields(self, declared: str) -> tuple[str, ...]:
        """Fields of one declared type, in the order of the header."""
        return tuple(field for field, kind in self.types.items() if kind == declared)


def read_atomic(file: Path, table: str, ids: Sequence[str], problems: list[Problem], limits: Limits) -> AtomicFile:
    """The file as texts.

    table  of ours, for notes        ids  fields that it must have, as single values
    Raises DataError with what is wrong: form, encoding, header, sizes; OSError where it cannot be opened.
    """
    if file.stat().st_size == 0:
        raise DataError(f"{file.name} is empty: it needs a header with {_written(ids)}, and rows below it.")
    check_form(file, limits, WANTED)
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = gathered(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE), 1, file.name, limits)
    except UnicodeDecodeError as error:
        raise not_utf8(file) from error
    except csv.Error as error:
        long = f"a cell holds more than {LONGEST_CELL:,} characters" if "field limit" in str(error) else short(error)
        raise DataError(f"{file.name} is no table: {long}.") from error
    if not rows.header:
        raise DataError(f"{file.name} is empty: it needs a header with {_written(ids)}, and rows below it.")
    frame = rectangular(rows, file.name, table, problems, "Take tabs out of the texts.")
    types = _declared(list(frame.columns), file.name, ids)
    if frame.empty:
        raise DataError(f"{file.name} has a header but no rows.")
    return AtomicFile(frame.set_axis(list(types), axis=1), types)


def as_floats(cells: pd.Series, table: str, problems: list[Problem]) -> pd.Series:
    """A column that is declared float as float64, NaN where unknown.

    A text that is no finite number becomes an error.
    """
    known = cells.where(~cells.str.strip().str.casefold().isin(UNKNOWN_WORDS))
    number = pd.to_numeric(known, errors="coerce").astype("float64")
    wrong = known.notna() & ~np.isfinite(number)
    if wrong.any():
        message = f"declared float, but {shown(known[wrong].iloc[0], 30)} is no number: declare the column token."
        problems.append(problem("error", table, str(cells.name), rows_where(wrong), message))
    return number.where(~wrong)


def _declared(header: list[str], file: str, ids: Sequence[str]) -> dict[str, str]:
    """Type by field. Raises DataError for a header that declares no types, unknown ones, or lacks an id."""
    types: dict[str, str] = {}
    for title in header:
        field, colon, kind = (piece.strip() for piece in title.rpartition(":"))
        if not colon or not field:
            raise DataError(
                f"{file} has a header without types: write {shown(f'{title}:token', 40)} where it has "
                f"{shown(title, 30)}. Types are {', '.join(TYPES)}; columns are separated by tabs."
            )
        if kind not in TYPES:
            raise DataError(
                f"{file} declares {shown(field, 30)} as {shown(kind, 30)}, which is no type: choose from "
                f"{', '.join(TYPES)}.{did_you_mean(kind, TYPES)}"
            )
        if field in types:
            raise DataError(f"{file} has a wrong header: {shown(field, 30)} stands there twice.")
        types[field] = kind
    lacking = [field for field in ids if field not in types]
    if lacking:
        has = ", ".join(shown(field, 30) for field in list(types)[:20])
        raise DataError(
            f"{file} has a wrong header: it lacks {_written(lacking)}; found are {has}. Columns are separated by tabs."
        )
    for field in ids:
        if types[field].endswith("_seq"):
            raise DataError(f"{file} declares {field} as {types[field]}: an id is one value, so write {field}:token.")
    return types


def _written(fields: Sequence[str]) -> str:
    return " and ".join(f"{field}:token" for field in fields)
