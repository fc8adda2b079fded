"""Lists, commands and outside texts on one line: lists are never joined by bare commas, commands can be typed as they
stand.

A list on one line is a row of CSV: an id that holds a comma or a quote stands in double quotes. A command is quoted for
a POSIX shell. What goes to a terminal holds no control character, whatever a title says.
"""

from __future__ import annotations

import csv
import io
import re
import shlex
from collections.abc import Iterable
from typing import Final

from core.errors import CLI

UNKNOWN: Final = "unknown"
"""What stands in data where a value is not known, and the name of the group of what has none."""

# C0 and C1 controls but tab and line end, and what turns the direction of text or hides in it.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff\ufeff]"
)


def joined(values: Iterable[str]) -> str:
    """A list as one line that `parted` gives back. Empty for an empty list."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([str(value) for value in values])
    return line.getvalue()


def parted(text: str) -> list[str]:
    """The entries of a line, blanks around them and empty ones left out. Text that is no CSV is split at its commas."""
    try:
        cells = next(csv.reader([text], skipinitialspace=True, strict=True), [])
    except csv.Error:
        cells = text.split(",")
    return [cell.strip() for cell in cells if cell.strip()]


def command(*words: str) -> str:
    """What to type: the program, then these words quoted for a shell. Words in capitals that stand for something are
    words.
    """
    return f"{CLI} {shlex.join(map(str, words))}"


def printable(text: str) -> str:
    """Text for a terminal: control characters and marks of direction are shown as \\x1b or \\u202e, lines and tabs
    stay.
    """
    return _UNPRINTABLE.sub(lambda match: _escaped(match.group()), text)


def _escaped(character: str) -> str:
    return (
        character.encode("ascii", "backslashreplace").decode("ascii")
        if ord(character) > 0x7F
        else f"\\x{ord(character):02x}"
    )
