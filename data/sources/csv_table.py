"""A CSV file as a table of texts: separators, quotes, encodings and blank lines; what a cell means is for others to say."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from core.errors import DataError, short, shown
from data.problems import FILE_ROWS, HEADER_ROWS, Problem, problem

SEPARATORS = ",;\t|"
HEADER_CHARACTERS = 1 << 16
SHEET_LINE = "sep="  # a first line of Excel's that names the separator
_OTHER_FORMS = (
    (b"\x1f\x8b", "is a gzip file: unpack it."),
    (b"PK\x03\x04", "is a ZIP archive or a spreadsheet (.xlsx): save it as CSV in UTF-8."),
    (b"PAR1", "is a Parquet file: call it .parquet."),
    (b"BZh", "is a bzip2 file: unpack it."),
    (b"\x28\xb5\x2f\xfd", "is a Zstandard file: unpack it."),
    (b"\xd0\xcf\x11\xe0", "is an Excel workbook (.xls): save it as CSV in UTF-8."),
    (b"\xff\xfe", "looks like UTF-16: save it as UTF-8."),
    (b"\xfe\xff", "looks like UTF-16: save it as UTF-8."),
)


def read_csv(file: Path, table: str, needed: tuple[str, ...], found: list[Problem]) -> pd.DataFrame:
    """All cells as text, empty ones missing; the index holds each row's place in the file (see data.problems).

    Entirely blank lines are no rows, and columns without a name are left out (told where they hold anything).
    needed  columns that the table must have: of two separators the one under which the header names them
    """
    head = _checked_form(file)
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            first = text.readline(HEADER_CHARACTERS)
            skipped = 0
            separator = None
            if first.strip().strip('"').casefold().startswith(SHEET_LINE):
                separator = first.strip().strip('"')[len(SHEET_LINE) :][:1] or ","
                first, skipped = text.readline(HEADER_CHARACTERS), 1
            separator = separator or _separator(first, needed)
            rows = _parsed(file, skipped, separator)
    except UnicodeDecodeError as error:
        raise DataError(f"{file.name} is not UTF-8 text (byte {error.start}): save it as UTF-8.") from error
    numbered = [(place, row) for place, row in enumerate(rows, start=1 + skipped) if any(cell.strip() for cell in row)]
    if not numbered:
        raise DataError(f"{file.name} is empty: it needs a header in its first row.")
    if head and b"\x00" in head:
        raise DataError(f"{file.name} holds NUL bytes: it is no text, or looks like UTF-16. Save it as CSV in UTF-8.")
    return _rectangular(numbered, file.name, table, found)


def _checked_form(file: Path) -> bytes:
    """The first bytes. Raises DataError where they are those of another kind of file."""
    with file.open("rb") as raw:
        head = raw.read(4_096)
    for mark, told in _OTHER_FORMS:
        if head.startswith(mark):
            raise DataError(f"{file.name} {told}")
    if len(head) >= 4 and (not any(head[1::2]) or not any(head[0::2])):
        raise DataError(f"{file.name} looks like UTF-16: save it as UTF-8.")
    return head


def _separator(header: str, needed: tuple[str, ...]) -> str:
    """The separator under which the header names most of what is needed, then that with most columns; quotes are heeded."""

    def fit(mark: str) -> tuple[int, int]:
        try:
            cells = [cell.strip() for cell in next(csv.reader([header], delimiter=mark), [])]
        except csv.Error:
            return (0, 0)
        return sum(name in cells for name in needed), len(cells)

    return max(SEPARATORS, key=fit)


def _parsed(file: Path, skipped: int, separator: str) -> list[list[str]]:
    """Rows of cells. Raises DataError with the row. Quotes escaped by a backslash are read where doubled ones do not fit."""
    try:
        return list(_rows(file, skipped, separator, escape=None))
    except csv.Error as error:
        wrong = str(error)
    try:
        return list(_rows(file, skipped, separator, escape="\\"))
    except csv.Error:
        pass
    n_read = 0
    try:
        for _ in _rows(file, skipped, separator, escape=None):
            n_read += 1
    except csv.Error:
        pass
    row = n_read + 1 + skipped
    raise DataError(
        f"{file.name} is no table: in the row that begins as row {row} {short(csv.Error(wrong))}. "
        'Look for a double quote that is not closed, or one inside a text that is not doubled (write "").'
    )


def _rows(file: Path, skipped: int, separator: str, escape: str | None) -> Iterator[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        for _ in range(skipped):
            text.readline()
        yield from csv.reader(text, delimiter=separator, strict=True, escapechar=escape)


def _rectangular(rows: list[tuple[int, list[str]]], name: str, table: str, found: list[Problem]) -> pd.DataFrame:
    """A cell for each named column in every row. Raises DataError for a row that is longer than the header."""
    header = [cell.strip() for cell in rows[0][1]]
    while header and not header[-1]:
        header.pop()
    n_columns = len(rows[0][1])
    for number, row in rows[1:]:
        if len(row) > n_columns and any(cell.strip() for cell in row[n_columns:]):
            raise DataError(
                f"{name}, row {number}: there are more cells than the header has columns ({n_columns}). "
                "Put texts that hold the separator into double quotes."
            )
    body = [row for _, row in rows[1:]]
    index = pd.Index([number - HEADER_ROWS for number, _ in rows[1:]], dtype="int64", name=FILE_ROWS)
    columns: list[pd.Series] = []
    titles: list[str] = []
    nameless: list[int] = []
    for place in range(n_columns):
        title = header[place] if place < len(header) else ""
        cells = [row[place] or None if place < len(row) else None for row in body]
        if not title:
            if any(cell is not None and cell.strip() for cell in cells):
                nameless.append(place + 1)
            continue
        titles.append(title)
        columns.append(pd.Series(cells, dtype="str", index=index))
    if nameless:
        listed = ", ".join(map(str, nameless[:10]))
        told = f"column{'s' if len(nameless) > 1 else ''} {listed} of {shown(name, 40)} have no name and are left out."
        found.append(problem("note", table, "", [], told))
    if not titles:
        raise DataError(f"{name} has a wrong header: no column has a name.")
    frame = pd.DataFrame(dict(enumerate(columns)), index=index)
    return frame.set_axis(titles, axis=1)
