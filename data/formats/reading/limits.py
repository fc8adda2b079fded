"""How much of a file is read: bytes, rows, columns and cells, with a sentence and a switch for those who have more."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from core.errors import DataError, OptionError, did_you_mean, shown

LONGEST_CELL = 131_072  # characters, in both formats
MOST_KINDS = 1_000  # of events: more are ids, not types
_MOST = 10**12


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The most that one table may hold. bytes: of the file, and of its texts when they are unpacked."""

    bytes: int = 1 << 29
    rows: int = 5_000_000
    columns: int = 1_000
    cells: int = 50_000_000

    def check(self, file: str, what: str, n_found: int) -> None:
        """Raises DataError where a file holds more than is read. what: a field of this class."""
        most: int = getattr(self, what)
        if n_found > most:
            raise DataError(
                f"{file} holds {n_found:,} {what} or more; at most {most:,} are read. "
                f"`--limits {what}={_rounded(n_found)}` lets `prepare` read more, if memory allows."
            )


def stated_limits(text: str) -> Limits:
    """Limits as typed, 'rows=20000000,cells=100000000'; what is not named stays. Raises OptionError."""
    limits, known = Limits(), [field.name for field in fields(Limits)]
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in known:
            raise OptionError(f"There is no limit {shown(name)}: choose {', '.join(known)}.{did_you_mean(name, known)}")
        if not (value.isascii() and value.isdigit()) or len(value) > 15 or not 1 <= int(value) <= _MOST:
            raise OptionError(f"The limit {name} is a whole number from 1 to {_MOST:,}, not {shown(value)}.")
        limits = replace(limits, **{name: int(value)})
    return limits


def _rounded(n: int) -> int:
    """The next number that begins with one digit and ends in zeros."""
    step = 10 ** (len(str(n)) - 1)
    return int(-(-n // step) * step)
