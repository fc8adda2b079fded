"""Cells of text as people mean them: without invisible characters and surrounding blanks, accents in one form (NFC)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import numpy as np
import pandas as pd

SURELY_UNKNOWN = ("unknown", "n/a", "#n/a", "nan", "nat", "null", "nil", "?", "n.a.")  # in a column of texts too
UNKNOWN_WORDS = (
    "unknown",
    "n/a",
    "na",
    "#n/a",
    "nan",
    "nat",
    "none",
    "null",
    "nil",
    "?",
    "-",
    "--",
    ".",
    "missing",
    "n.a.",
)
# Zero-width and directional characters, byte order marks inside the text, soft hyphens: nobody sees or means them.
INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\u00ad"
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_HARD_BLANK = re.compile("[\u00a0\u2007\u202f]")  # blanks at which no line breaks
_IDLE_JOINER = re.compile("[\u200c\u200d](?=[\\x00-\\x7f])|(?<=[\\x00-\\x7f])[\u200c\u200d]")  # they join nothing there
_DECIMAL, _WHOLE = r"-?(?:0|[1-9]\d*)\.0+", r"-?(?:0|[1-9]\d*)(?:\.0+)?"
_LEADING = re.compile(r"^[\s" + INVISIBLE + r"]+|[\s" + INVISIBLE + r"]+$")


def as_text(column: pd.Series) -> pd.Series:
    """str, missing where a cell is missing; lists are joined, whole numbers stored as floats lose their '.0'."""
    if column.dtype == object:
        column = column.map(lambda cell: _joined(cell) if isinstance(cell, (list, tuple, set, np.ndarray)) else cell)
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    return column.astype("str").where(column.notna())


def whole_ids(ids: pd.Series) -> pd.Series:
    """Ids that a float made of whole numbers, '100.0', as these.

    Unchanged unless all of the column are whole numbers.
    """
    different = pd.Series(ids.dropna().unique(), dtype="str")
    if not different.str.fullmatch(_DECIMAL).any() or not different.str.fullmatch(_WHOLE).all():
        return ids
    decimal = ids.str.fullmatch(_DECIMAL).fillna(False).astype(bool)
    return ids.where(~decimal, ids.str.partition(".")[0])


def _joined(cells: Iterable[object]) -> str | None:
    """A list in a cell as one text in its own order; an empty one is missing."""
    return ", ".join(str(cell) for cell in cells) or None


def tidy(text: pd.Series) -> pd.Series:
    """Each different text once.

    Blanks around it and invisible characters go, accents are composed; empty is missing.
    """
    known = text.dropna()
    changed = {value: clean for value in known.unique().tolist() if (clean := tidy_text(value)) != value or not clean}
    if not changed:
        return text
    return text.map(lambda value: (changed.get(value, value) or None) if isinstance(value, str) else None).astype("str")


def tidy_text(value: str) -> str:
    """One text, tidied. Joiners inside a word (of Arabic, Indic scripts, emoji) are part of it and stay."""
    if value.isascii():
        return value.strip()
    inside = _HARD_BLANK.sub(" ", _LEADING.sub("", value))
    cleaned = _IDLE_JOINER.sub("", _INVISIBLE.sub(lambda m: m.group() if m.group() in "\u200c\u200d" else "", inside))
    return unicodedata.normalize("NFC", cleaned).strip()
