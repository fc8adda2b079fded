"""What is found in tables: one finding, its rows, and how it is worded. Light to import: readers of files use it too.

Row numbers are those of the file as a spreadsheet shows it: the header is row 1. A frame that was read from a file
keeps them as its index, less HEADER_ROWS, so that rows which were left out (blank ones) do not shift what is said of
the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

HEADER_ROWS = 2  # index 0 is row 2 of the file: the header is row 1
ROWS_LISTED = 20
FILE_ROWS = "file_row"  # name of an index that holds row numbers of a file, less HEADER_ROWS


@dataclass(frozen=True)
class Problem:
    """One finding. `rows` are the first 20 row numbers in the file (header = row 1), `n_rows` how many there are."""

    severity: Literal["error", "note"]
    table: str
    column: str
    rows: tuple[int, ...]
    n_rows: int
    message: str

    def __str__(self) -> str:
        place = f"{self.table}.{self.column}" if self.column else self.table
        if not self.n_rows:
            return f"{place}: {self.message}"
        more = f" and {self.n_rows - len(self.rows)} more" if self.n_rows > len(self.rows) else ""
        noun = "row" if self.n_rows == 1 else "rows"
        return f"{place}, {noun} {', '.join(map(str, self.rows))}{more}: {self.message}"


def problem(severity: Literal["error", "note"], table: str, column: str, rows: Iterable[int], message: str) -> Problem:
    """A Problem from all its 0-based data rows."""
    numbers = sorted(int(row) + HEADER_ROWS for row in rows)
    return Problem(severity, table, column, tuple(numbers[:ROWS_LISTED]), len(numbers), message)


def rows_where(condition: pd.Series) -> list[int]:
    """Index labels (0-based rows of the file) at which the condition holds."""
    return [int(row) for row in condition.index[condition.to_numpy(dtype=np.bool_)]]


def numbered(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with 0-based rows of its file as the index: its own where the reader left them, else 0 to n - 1."""
    return frame if frame.index.name == FILE_ROWS else frame.reset_index(drop=True)
