"""A CSV file as a table of texts: separators, quotes and encodings; what a cell means is for others to say."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd

from core.errors import DataError, short

SEPARATORS = ",;\t"
HEADER_CHARACTERS = 1 << 16


def read_csv(file: Path) -> pd.DataFrame:
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
            f"{file.name} is no table: {short(error)}. Look for a double quote that is not closed."
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
