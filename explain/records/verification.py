"""Is the decision log as it was written? Names every row that was changed, removed, put elsewhere or rewritten.

A row that was rewritten together with all that follow it, and a tail that was cut, leave a chain without a fault. Only
a hash noted elsewhere shows them: the head that every report prints, or the entry that a stored audit names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from core.errors import OptionError, shown
from explain.format.hashing import canonical
from explain.records.log import GENESIS, row_hash
from explain.results.decision_log import LogProblem, Verification

_HASH: Final = re.compile(r"[0-9a-f]{64}")
PLACES_TRIED: Final = 64

Row = tuple[Any, ...]


def verify(
    rows: list[Row], head: str | None = None, known: Mapping[str, str] | None = None, file: Sequence[str] = ()
) -> Verification:
    """How the rows of one workspace stand.

    rows   as `DecisionLog.raw_rows` gives them, by number
    head   a hash that a report prints: it must be that of a row
    known  {hash: who names it}: further hashes that must be there
    file   what is wrong with the file itself, as `DecisionLog.sound` finds it
    Raises OptionError for a head that is no SHA-256.
    """
    asked = None if head is None else checked_hash(head)
    unnumbered = [row for row in rows if not isinstance(row[0], int)]
    problems = [LogProblem(None, "changed", f"A row has {shown(row[0])} for its number.") for row in unnumbered]
    rows = [row for row in rows if isinstance(row[0], int)]
    bad = {int(row[0]) for row in rows if not _fits(row)}
    problems += [LogProblem(None, "changed", f"The file is damaged or was altered: {fault}") for fault in file]
    problems += [*_removed(rows), *_changed(rows, bad), *_unchained(rows, bad)]
    hashes = {str(row[8]): int(row[0]) for row in rows} | {GENESIS: 0}
    wanted = dict(known or {}) | ({} if asked is None else {asked: "the given head"})
    for value, who in wanted.items():
        if value not in hashes:
            lost = f"The hash that {who} names ({value}) is not in the log: rows were cut from its end, or rewritten."
            problems.append(LogProblem(None, "cut", lost))
    problems.sort(key=lambda p: (p.row is None, p.row or 0))
    place = None if asked is None else hashes.get(asked)
    return Verification(
        ok=not problems,
        n_rows=len(rows),
        head=str(rows[-1][8]) if rows else GENESIS,
        problems=tuple(problems),
        head_found=None if asked is None else place is not None,
        n_after=None if place is None else sum(int(row[0]) > place for row in rows),
        notes=tuple(_backwards(rows)),
    )


def _backwards(rows: list[Row]) -> Iterator[str]:
    """Rows dated before their predecessor: the clock was set back, or a row was dated by hand."""
    for earlier, later in pairwise(rows):
        if isinstance(earlier[1], int) and isinstance(later[1], int) and later[1] < earlier[1]:
            days = (earlier[1] - later[1]) / 86_400
            yield f"Row {later[0]} is dated {_long(days)} before row {earlier[0]}: the clock ran backwards there."


def checked_hash(text: str) -> str:
    """A SHA-256 in small letters. Raises OptionError."""
    kept = text.strip().lower()
    if not _HASH.fullmatch(kept):
        raise OptionError(f"{shown(text)} is no SHA-256: a head has 64 hexadecimal digits, as the report prints it.")
    return kept


def _fits(row: Row, number: int | None = None) -> bool:
    """Whether a row has the hash of its content; with `number`, whether it would as that row."""
    try:
        content = json.loads(row[6])
        if canonical(content).decode() != row[6]:
            return False
        _, created, workspace, kind, actor, role, _, previous, stored = row
        place = row[0] if number is None else number
        return row_hash(place, created, workspace, kind, actor, role, content, previous) == str(stored)
    except (ValueError, TypeError, RecursionError):
        return False


def _removed(rows: list[Row]) -> Iterator[LogProblem]:
    """Gaps in the numbers; a wide gap is one problem, so that a single absurd number does not fill the memory."""
    expected = 1
    for row in rows:
        number = int(row[0])
        if number - expected == 1:
            yield LogProblem(expected, "removed", f"Row {expected} is missing: it was removed.")
        elif number > expected:
            yield LogProblem(expected, "removed", f"Rows {expected} to {number - 1} are missing: they were removed.")
        expected = number + 1


def _changed(rows: list[Row], bad: set[int]) -> Iterator[LogProblem]:
    """Rows whose own hash does not fit: out of their place where they fit another number, changed otherwise."""
    others = sorted(bad)[:PLACES_TRIED]
    for row in rows:
        number = int(row[0])
        if number not in bad:
            continue
        tried = [number + 1, number - 1, *(n for n in others if n != number)]
        place = next((n for n in tried if n > 0 and _fits(row, n)), None)
        if place is None:
            yield LogProblem(number, "changed", f"Row {number} was changed: its content does not have its hash.")
        else:
            wrong = f"Row {number} stands in the wrong place: it was written as row {place}."
            yield LogProblem(number, "reordered", wrong)


def _unchained(rows: list[Row], bad: set[int]) -> Iterator[LogProblem]:
    """Neighbours that fit themselves but not each other."""
    if rows and rows[0][0] == 1 and 1 not in bad and rows[0][7] != GENESIS:
        yield LogProblem(1, "rewritten", "Row 1 does not begin the chain: what stood before it was removed.")
    for before, row in pairwise(rows):
        if row[0] != before[0] + 1 or {before[0], row[0]} & bad or row[7] == before[8]:
            continue
        rewritten = (
            f"Row {before[0]} was rewritten and hashed again, or rows after it were removed: row {row[0]} follows "
            f"a row with another hash."
        )
        yield LogProblem(int(before[0]), "rewritten", rewritten)


def _long(days: float) -> str:
    """A stretch of time in the unit in which it is a number that people read."""
    seconds = round(days * 86_400)
    for unit, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:,.0f} {name}"
    return f"{seconds:,} seconds"
