"""A CSV file as a table of texts: separators, quotes, encodings and blank lines; what a cell means is for others to say."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import DataError, short, shown
from data.problems import FILE_ROWS, HEADER_ROWS, Problem, problem
from data.sources.text_cells import tidy_text

SEPARATORS = ",;\t|"
HEADER_CHARACTERS = 1 << 16
SHEET_LINE = "sep="  # a first line of Excel's that names the separator
_OTHER_FORMS = (
    (b"\x1f\x8b", "is a gzip file: unpack it."),
    (b"PK\x03\x04", "is a ZIP archive or a spreadsheet (.xlsx): save it as CSV in UTF-8."),
    (b"PAR1", "is a Parquet file: call it .parquet."),
    (b"\xfd7zXZ", "is an xz file: unpack it."),
    (b"BZh", "is a bzip2 file: unpack it."),
    (b"\x28\xb5\x2f\xfd", "is a Zstandard file: unpack it."),
    (b"\xd0\xcf\x11\xe0", "is an Excel workbook (.xls): save it as CSV in UTF-8."),
    (b"\xff\xfe", "looks like UTF-16: save it as UTF-8."),
    (b"\xfe\xff", "looks like UTF-16: save it as UTF-8."),
)


_CSV_ERRORS = {
    "end of data": "a double quote is not closed",
    "expected after '\"'": "a double quote stands inside a quoted text",
}
_ESCAPED = re.compile(r'\\(["\\])')


def read_csv(file: Path, table: str, needed: tuple[str, ...], found: list[Problem]) -> pd.DataFrame:
    """All cells as text, empty ones missing; the index holds each row's place in the file (see data.problems).

    Entirely blank lines are no rows, and columns without a name are left out (told where they hold anything).
    needed  columns that the table must have: of two separators the one under which the header names them
    """
    _checked_form(file)
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            first = text.readline(HEADER_CHARACTERS)
            skipped = 0
            separator = None
            if first.strip().strip('"').casefold().startswith(SHEET_LINE):
                separator = first.strip().strip('"')[len(SHEET_LINE) :][:1] or ","
                first, skipped = text.readline(HEADER_CHARACTERS), 1
            separator = separator or _separator(first, needed)
        parsed, escaped = _parsed(file, skipped, separator)
        rows = _numbered(parsed, skipped)
        if not escaped and rows.cells and _first_long(rows):
            again = _numbered(_parsed_escaped(file, skipped, separator) or [], skipped)
            if again.cells and not _first_long(again):
                rows, escaped = again, True
    except UnicodeDecodeError as error:
        raise DataError(
            f"{file.name} is not UTF-8 text (line {_line_of_other_text(file)}): save it as UTF-8."
        ) from error
    if not rows.cells:
        raise DataError(f"{file.name} is empty: it needs a header in its first row.")
    if escaped:
        found.append(
            problem("note", table, "", [], f"quotes in {shown(file.name, 40)} are read as escaped by a backslash.")
        )
    return _rectangular(rows, file.name, table, found)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows of cells without entirely blank ones, and the row of the file that each is. The first is the header."""

    cells: list[list[str]]
    lines: Sequence[int]


def _numbered(rows: list[list[str]], skipped: int) -> _Rows:
    first = 1 + skipped
    blank = [n for n, row in enumerate(rows) if not (row and (row[0].strip() or any(cell.strip() for cell in row)))]
    if not blank:
        return _Rows(rows, range(first, first + len(rows)))
    gone = set(blank)
    kept = [n for n in range(len(rows)) if n not in gone]
    return _Rows([rows[n] for n in kept], [first + n for n in kept])


def _first_long(rows: _Rows) -> int | None:
    """The row of the file of the first row with more cells than the header has columns."""
    n_columns = len(rows.cells[0])
    if max(map(len, rows.cells)) <= n_columns:
        return None
    for number, row in zip(rows.lines, rows.cells, strict=True):
        if len(row) > n_columns and any(cell.strip() for cell in row[n_columns:]):
            return number
    return None


def _line_of_other_text(file: Path) -> int:
    """The first line that is no UTF-8, counted from 1."""
    with file.open("rb") as raw:
        for number, line in enumerate(raw, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1


def _checked_form(file: Path) -> None:
    """Raises DataError where the first bytes are those of another kind of file."""
    with file.open("rb") as raw:
        head = raw.read(4_096)
    for mark, told in _OTHER_FORMS:
        if head.startswith(mark):
            raise DataError(f"{file.name} {told}")
    if head.lstrip()[:1] in (b"[", b"{"):
        raise DataError(f"{file.name} looks like JSON: save it as CSV, with a header in its first row.")
    if 5 * head.count(0) >= max(4, len(head)):
        raise DataError(f"{file.name} looks like UTF-16: save it as UTF-8.")


def _separator(header: str, needed: tuple[str, ...]) -> str:
    """The separator under which the header names most of what is needed, then that with most columns; quotes are heeded."""

    def fit(mark: str) -> tuple[int, int]:
        try:
            cells = [tidy_text(cell) for cell in next(csv.reader([header], delimiter=mark), [])]
        except csv.Error:
            return (0, 0)
        return sum(name in cells for name in needed), len(cells)

    return max(SEPARATORS, key=fit)


def _parsed(file: Path, skipped: int, separator: str) -> tuple[list[list[str]], bool]:
    """Rows of cells, and whether quotes were read as escaped by a backslash. Raises DataError with the row. Quotes escaped by a backslash are read where doubled ones do not fit."""
    read: list[list[str]] = []
    try:
        read.extend(_rows(file, skipped, separator))
        return read, False
    except csv.Error as error:
        wrong = str(error)
    escaped = _parsed_escaped(file, skipped, separator)
    if escaped is not None:
        return escaped, True
    n_read = 0
    with suppress(csv.Error):
        for _ in _rows(file, skipped, separator):
            n_read += 1
    told = _CSV_ERRORS.get(wrong.partition(" ")[2], short(csv.Error(wrong)))
    raise DataError(
        f"{file.name} is no table: in the row that begins as row {n_read + 1 + skipped}, {told}. "
        'Look for a double quote that is not closed, or one inside a text that is not doubled (write "").'
    )


def _parsed_escaped(file: Path, skipped: int, separator: str) -> list[list[str]] | None:
    """Rows of a file whose quotes are escaped by a backslash; None where it has none of these, or is no table that way either."""
    try:
        lines = list(_lines(file, skipped))
        if not any('\\"' in line for line in lines):
            return None
        doubled = (_ESCAPED.sub(lambda m: '""' if m[1] == '"' else "\\", line) for line in lines)
        return list(csv.reader(doubled, delimiter=separator, strict=True))
    except csv.Error:
        return None


def _rows(file: Path, skipped: int, separator: str) -> Iterator[list[str]]:
    return csv.reader(_lines(file, skipped), delimiter=separator, strict=True)


def _lines(file: Path, skipped: int) -> Iterator[str]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        yield from islice(text, skipped, None)


def _columns(rows: list[list[str]], n_columns: int) -> list[Sequence[str]]:
    """The cells of each column; "" where a row is shorter."""
    if set(map(len, rows)) == {n_columns}:
        return list(zip(*rows, strict=True))
    return [[row[place] if place < len(row) else "" for row in rows] for place in range(n_columns)]


def _rectangular(rows: _Rows, name: str, table: str, found: list[Problem]) -> pd.DataFrame:
    """A cell for each named column in every row. Raises DataError for a row that is longer than the header."""
    header = [tidy_text(cell) for cell in rows.cells[0]]
    while header and not header[-1]:
        header.pop()
    n_columns = len(rows.cells[0])
    if long := _first_long(rows):
        raise DataError(
            f"{name}, row {long}: there are more cells than the header has columns ({n_columns}). "
            "Put texts that hold the separator into double quotes."
        )
    index = pd.Index(np.asarray(rows.lines[1:], dtype=np.int64) - HEADER_ROWS, name=FILE_ROWS)
    cells = _columns(rows.cells[1:], n_columns)
    columns: list[pd.Series] = []
    titles: list[str] = []
    nameless: list[int] = []
    for place in range(n_columns):
        title = header[place] if place < len(header) else ""
        if not title:
            if any(cell.strip() for cell in cells[place]):
                nameless.append(place + 1)
            continue
        titles.append(title)
        column = pd.Series(cells[place], dtype="str", index=index)
        columns.append(column.where(column != ""))
    if nameless:
        listed = ", ".join(map(str, nameless[:10]))
        several = len(nameless) > 1
        told = f"column{'s' if several else ''} {listed} of {shown(name, 40)} {'have' if several else 'has'} no name: left out."
        found.append(problem("note", table, "", [], told))
    if not titles:
        raise DataError(f"{name} has a wrong header: no column has a name.")
    frame = pd.DataFrame(dict(enumerate(columns)), index=index)
    return frame.set_axis(titles, axis=1)
