"""What the cells of a column are: numbers, dates, yes or no, codes or texts. One reader for CSV and Parquet, events and attributes.

Nothing is lost: a column of texts becomes one of numbers only where every known text is that number written plainly, so
`007`, `+44`, `1E1` and `1.10` beside `1.9` stay what they are. What was taken for unknown, and what keeps a column from
being read as numbers, is told.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.errors import shown
from data.problems import Problem, problem, rows_where
from data.sources.text_cells import as_text, tidy

UNKNOWN_WORDS = ("unknown", "n/a", "na", "#n/a", "nan", "none", "null", "nil", "?", "-", "--", ".", "missing", "n.a.")
_PLAIN = r"-?(?:0|[1-9]\d*)(?:\.\d+)?"
_TINY = r"-?\d(?:\.\d+)?e[+-]\d\d+"  # as programs write very small and very large floats
_DATE = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
FEW = 0.2  # share of cells up to which they are told as what keeps a column from being numbers


def typed(column: pd.Series, table: str, found: list[Problem]) -> pd.Series:
    """An attribute as float64/int64 numbers, datetime64, or text ("yes"/"no" where all known cells are true or false).

    column  cells as they were read, of any dtype; its index holds 0-based rows of the file
    found   gets the notes
    """
    kept = _of_its_own_type(column)
    if kept is not None:
        return kept
    name = str(column.name)
    given = as_text(column)
    text = tidy(given)
    moved = (text != given) & given.notna() & text.notna()
    if moved.any():
        told = "blanks or invisible characters around the value were removed, or accents written in one form."
        found.append(problem("note", table, name, rows_where(moved), told))
    known = text.notna()
    folded = text.str.casefold()
    word = folded.isin(UNKNOWN_WORDS) & known
    value = known & ~word
    if not value.any():
        return text.where(folded != "unknown")
    if folded[value].isin(("true", "false")).all():
        _note_unknown(table, name, word & (folded != "unknown"), text, found)
        return folded.map({"true": "yes", "false": "no"}).astype("str")
    if _are_numbers(text[value]):
        _note_unknown(table, name, word & (folded != "unknown"), text, found)
        return pd.to_numeric(text.where(value))
    if text[value].str.fullmatch(_DATE).all():
        dates = pd.to_datetime(text.where(value), errors="coerce", utc=True, format="ISO8601")
        if dates[value].notna().all():
            _note_unknown(table, name, word & (folded != "unknown"), text, found)
            return dates.dt.tz_localize(None)
    _note_almost_numbers(table, name, text, value, found)
    _note_case(table, name, text, value, found)
    return text.where(folded != "unknown")


def _of_its_own_type(column: pd.Series) -> pd.Series | None:
    """A column that a Parquet file types already, None where its cells are text."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.map({True: "yes", False: "no"}).astype("str").where(column.notna())
    if isinstance(column.dtype, pd.CategoricalDtype) and column.dtype.ordered:
        return column
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return pd.to_datetime(column, utc=True).dt.tz_localize(None)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column
    known = column.dropna()
    if len(known) and known.map(type).isin([bool, np.bool_]).all():
        return column.map({True: "yes", False: "no"}).astype("str").where(column.notna())
    return None


def _are_numbers(text: pd.Series) -> bool:
    """Whether every text is a number written plainly. Decimals of different length of which one ends in 0 are codes."""
    different = pd.Series(text.unique())
    plain = different.str.fullmatch(_PLAIN)
    if not (plain | different.str.fullmatch(_TINY)).all():
        return False
    places = different[plain].str.partition(".")[2]
    padded = places.str.endswith("0") & (places != "0")
    return not (padded.any() and len(set(places[places != ""].str.len())) > 1)


def _note_unknown(table: str, name: str, words: pd.Series, text: pd.Series, found: list[Problem]) -> None:
    if words.any():
        told = f"{shown(text[words].iloc[0], 30)} is read as unknown, since all other values are of another kind."
        found.append(problem("note", table, name, rows_where(words), told))


def _note_almost_numbers(table: str, name: str, text: pd.Series, value: pd.Series, found: list[Problem]) -> None:
    """A few cells that keep a column from being read as numbers."""
    number = text.str.fullmatch(_PLAIN).fillna(False).astype(bool) & value
    other = value & ~number
    if number.any() and 0 < other.sum() <= FEW * value.sum():
        told = f"{shown(text[other].iloc[0], 30)} keeps the column from being read as numbers: each value is a group of its own."
        found.append(problem("note", table, name, rows_where(other), told))


def _note_case(table: str, name: str, text: pd.Series, value: pd.Series, found: list[Problem]) -> None:
    """Values that differ in capitals alone, which a table of groups shows side by side."""
    spellings = pd.Series(text[value].unique())
    twins = spellings[spellings.str.casefold().duplicated(keep=False)]
    if len(twins) and len(spellings) <= 1_000:
        listed = ", ".join(shown(twin, 30) for twin in sorted(twins.tolist())[:6])
        rows = rows_where(value & text.isin(twins.tolist()))
        found.append(
            problem(
                "note", table, name, rows, f"values differ in capitals alone ({listed}): they stay groups of their own."
            )
        )
