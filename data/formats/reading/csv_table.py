"""A CSV file as a table of texts.

Separators, quotes, encodings and blank lines; what a cell means is for others to say.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pandas as pd

from core.errors import DataError, short, shown
from data.formats.reading.csv_rows import Rows, gathered
from data.formats.reading.limits import LONGEST_CELL, Limits
from data.formats.reading.text_cells import tidy_text
from data.formats.reading.text_file import check_form, not_utf8
from data.problems import FILE_ROWS, HEADER_ROWS, Problem, problem

SEPARATORS = ",;\t|"
HEADER_CHARACTERS = 1 << 16
SHEET_LINE = "sep="  # a first line of Excel's that names the separator
_CSV_ERRORS = {
    "end of data": "a double quote is not closed",
    "expected after '\"'": "a double quote stands inside a quoted text",
    f"larger than field limit ({LONGEST_CELL})": f"a cell holds more than {LONGEST_CELL:,} characters",
}
_ESCAPED = re.compile(r'\\(["\\])')


def read_csv(file: Path, table: str, needed: tuple[str, ...], problems: list[Problem], limits: Limits) -> pd.DataFrame:
    """All cells as text, empty ones missing; the index holds each row's place in the file (see data.problems).

    Entirely blank lines are no rows, and columns without a name are left out (told where they hold anything).
    needed  columns that the table must have: of two separators the one under which the header names them
    """
    check_form(file, limits, "CSV")
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            first = text.readline(HEADER_CHARACTERS)
            skipped = 0
            separator = None
            if first.strip().strip('"').casefold().startswith(SHEET_LINE):
                separator = first.strip().strip('"')[len(SHEET_LINE) :][:1] or ","
                first, skipped = text.readline(HEADER_CHARACTERS), 1
            separator = separator or _separator(first, needed)
        whole = _File(file, skipped, separator, limits)
        rows, escaped = whole.parsed()
        if not escaped and rows.long is not None:
            again = whole.parsed_escaped()
            if again is not None and again.header and again.long is None:
                rows, escaped = again, True
    except UnicodeDecodeError as error:
        raise not_utf8(file) from error
    if not rows.header:
        raise DataError(f"{file.name} is empty: it needs a header in its first row.")
    if escaped:
        problems.append(
            problem("note", table, "", [], f"quotes in {shown(file.name, 40)} are read as escaped by a backslash.")
        )
    return rectangular(rows, file.name, table, problems, "Put texts that hold the separator into double quotes.")


def _separator(header: str, needed: tuple[str, ...]) -> str:
    """The separator under which the header names most of what is needed, then that with most columns.

    Quotes are heeded.
    """

    def fit(mark: str) -> tuple[int, int]:
        try:
            cells = [tidy_text(cell) for cell in next(csv.reader([header], delimiter=mark), [])]
        except csv.Error:
            return (0, 0)
        return sum(name in cells for name in needed), len(cells)

    return max(SEPARATORS, key=fit)


@dataclass(frozen=True)
class _File:
    """A CSV file and how it is cut. skipped: rows above the header."""

    path: Path
    skipped: int
    separator: str
    limits: Limits

    def parsed(self) -> tuple[Rows, bool]:
        """Its rows, and whether quotes were read as escaped by a backslash: tried where doubled ones do not fit.

        Raises DataError with the row.
        """
        try:
            return self._gathered(self._lines()), False
        except csv.Error as error:
            wrong = str(error)
        escaped = self.parsed_escaped()
        if escaped is not None:
            return escaped, True
        n_read = 0
        with suppress(csv.Error):
            for _ in csv.reader(self._lines(), delimiter=self.separator, strict=True):
                n_read += 1
        reason = next((words for end, words in _CSV_ERRORS.items() if wrong.endswith(end)), short(csv.Error(wrong)))
        raise DataError(
            f"{self.path.name} is no table: in the row that begins as row {n_read + 1 + self.skipped}, {reason}. "
            'Look for a double quote that is not closed, or one inside a text that is not doubled (write "").'
        )

    def parsed_escaped(self) -> Rows | None:
        """Its rows with quotes escaped by a backslash.

        None where it has none of these, or is no table that way either.
        """
        if not any('\\"' in line for line in self._lines()):
            return None
        try:
            return self._gathered(_ESCAPED.sub(lambda m: '""' if m[1] == '"' else "\\", line) for line in self._lines())
        except csv.Error:
            return None

    def _gathered(self, lines: Iterator[str]) -> Rows:
        return gathered(
            csv.reader(lines, delimiter=self.separator, strict=True), 1 + self.skipped, self.path.name, self.limits
        )

    def _lines(self) -> Iterator[str]:
        with self.path.open(encoding="utf-8-sig", newline="") as text:
            yield from islice(text, self.skipped, None)


def rectangular(rows: Rows, name: str, table: str, problems: list[Problem], advice: str) -> pd.DataFrame:
    """A cell for each named column in every row.

    name    of the file
    advice  what to do where a row is longer than the header, which raises DataError
    """
    titles = [tidy_text(cell) for cell in rows.header]
    if rows.long is not None:
        raise DataError(
            f"{name}, row {rows.long}: there are more cells than the header has columns ({len(titles)}). {advice}"
        )
    named = [place for place, title in enumerate(titles) if title]
    nameless = [place + 1 for place, title in enumerate(titles) if not title and rows.holds_anything(place)]
    if nameless:
        listed = ", ".join(map(str, nameless[:10]))
        several = len(nameless) > 1
        verb = "have" if several else "has"
        message = f"column{'s' if several else ''} {listed} of {shown(name, 40)} {verb} no name: left out."
        problems.append(problem("note", table, "", [], message))
    if not named:
        raise DataError(f"{name} has a wrong header: no column has a name.")
    index = pd.Index(rows.lines - HEADER_ROWS, name=FILE_ROWS)
    columns = {place: pd.Series(rows.column(place).to_pandas().array, index=index) for place in named}
    return pd.DataFrame(columns, index=index).set_axis([titles[place] for place in named], axis=1)
