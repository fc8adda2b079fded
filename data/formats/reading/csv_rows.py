"""Rows of a CSV file, gathered by the thousand into columns.

No more of the file is held as single texts than one portion.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.graph import IntArray
from data.formats.reading.limits import Limits

_CELLS = 1 << 19  # in one portion


@dataclass
class Rows:
    """What a file holds below its header, without entirely blank rows.

    header  cells of the first row that is not blank; empty where the file has none
    long    the row of the file of the first row with more cells than the header has columns, None where there is none
    """

    header: list[str] = field(default_factory=list)
    long: int | None = None
    _lines: list[IntArray] = field(default_factory=list)
    _portions: list[list[pa.Array]] = field(default_factory=list)

    @property
    def lines(self) -> IntArray:
        """The row of the file that each row is. (rows,) int64."""
        return np.concatenate(self._lines) if self._lines else np.zeros(0, dtype=np.int64)

    def column(self, place: int) -> pa.ChunkedArray:
        """The cells of a column, null where they are empty."""
        return pa.chunked_array([portion[place] for portion in self._portions], pa.large_string())

    def holds_anything(self, place: int) -> bool:
        """Whether a cell of a column is more than blanks."""
        trimmed = pc.utf8_trim_whitespace(self.column(place))
        return bool(pc.any(pc.not_equal(trimmed, "")).as_py())

    def cut(self, rows: Iterator[list[str]], first: int) -> Iterator[list[str]]:
        """The rows, none with more cells than the header. first: the row of the file that the next one is."""
        n = len(self.header)
        for line, row in enumerate(rows, start=first):
            if len(row) > n:
                if self.long is None and any(cell.strip() for cell in row[n:]):
                    self.long = line
                row = row[:n]
            yield row

    def add(self, cells: list[list[str]], lines: Sequence[int]) -> None:
        """Rows of a portion: short ones are filled up."""
        n = len(self.header)
        lengths = set(map(len, cells))
        by_column: list[Sequence[str]] = (
            list(zip(*cells, strict=True))
            if lengths == {n}
            else [[row[place] if place < len(row) else "" for row in cells] for place in range(n)]
        )
        self._portions.append([_nulled(pa.array(column, pa.large_string())) for column in by_column])
        self._lines.append(np.asarray(lines, dtype=np.int64))


def gathered(rows: Iterator[list[str]], first: int, name: str, limits: Limits) -> Rows:
    """All rows of a reader.

    first: the row of the file that its first one is. Raises csv.Error, DataError beyond the limits.

    Blank rows are no rows of the table, but reading them takes as long: they count for the limit.
    """
    whole, n_rows = Rows(), 0
    for row in rows:
        first += 1
        limits.check(name, "rows", first)
        if _holds_anything(row):
            limits.check(name, "columns", len(row))
            whole.header = row
            break
    rows = whole.cut(rows, first)
    while cells := list(islice(rows, max(1, _CELLS // max(1, len(whole.header))))):
        lines: Sequence[int] = range(first, first + len(cells))
        first += len(cells)
        limits.check(name, "rows", first)
        kept = [n for n, row in enumerate(cells) if _holds_anything(row)]
        if len(kept) < len(cells):
            cells, lines = [cells[n] for n in kept], [lines[n] for n in kept]
        if cells:
            n_rows += len(cells)
            limits.check(name, "cells", n_rows * len(whole.header))
            whole.add(cells, lines)
    return whole


def _holds_anything(row: list[str]) -> bool:
    return bool(row) and (bool(row[0].strip()) or any(cell.strip() for cell in row))


def _nulled(cells: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(cells, ""), pa.scalar(None, cells.type), cells)
