"""What the cells of a column are.

Numbers, dates, yes or no, codes or texts. One reader for CSV and Parquet, events and attributes.

Nothing is lost: a column of texts becomes one of numbers only where every known text is that number written plainly, so
`007`, `+44`, `1E1` and `1.10` beside `1.9` stay what they are. What was taken for unknown, and what keeps a column from
being read as numbers, is told.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.errors import shown
from data.formats.reading.text_cells import SURELY_UNKNOWN, UNKNOWN_WORDS, as_text, tidy
from data.formats.reading.times import DATE, as_dates, dates_of, epoch, iso
from data.problems import Problem, problem, rows_where

_PLAIN = r"-?(?:0|[1-9]\d*)(?:\.\d+)?"
_TINY = r"-?\d(?:\.\d+)?e[+-]\d\d+"  # as programs write very small and very large floats
_OTHER_DATE = r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?:[ T].*)?"
LARGEST_WHOLE = 2**53  # larger whole numbers have no float of their own
MAX_CATEGORIES = 12  # as in explain.fairness.bands: more numbers than these are cut into bands
FEW = 0.2  # share of cells up to which they are told as what keeps a column from being numbers


def typed(column: pd.Series, table: str, problems: list[Problem]) -> pd.Series:
    """An attribute as float64/int64 numbers, datetime64, or text ("yes"/"no" where all known cells are true or false).

    column    cells as they were read, of any dtype; its index holds 0-based rows of the file
    problems  gets the notes
    """
    own_type = _of_its_own_type(column, table, problems)
    if own_type is not None:
        return own_type
    name = str(column.name)
    raw = as_text(column)
    text = _single_blanks(tidy(raw))
    moved = (text != raw) & raw.notna() & text.notna()
    if moved.any():
        message = "needless blanks or invisible characters were removed, or accents written in one form."
        problems.append(problem("note", table, name, rows_where(moved), message))
    known = text.notna()
    folded = text.str.casefold()
    word = folded.isin(UNKNOWN_WORDS) & known
    value = known & ~word
    if not value.any():
        return text.where(folded != "unknown")
    if folded[value].isin(("true", "false")).all():
        _note_unknown(table, name, word & (folded != "unknown"), text, problems)
        return folded.map({"true": "yes", "false": "no"}).astype("str")
    if folded[value].isin(("yes", "no")).all() and text[value].nunique() > 2:
        message = "'Yes', 'YES' and the like are read as 'yes', 'no' likewise."
        problems.append(problem("note", table, name, rows_where(value & (text != folded)), message))
        _note_unknown(table, name, word & (folded != "unknown"), text, problems)
        return folded.where(value)
    if _are_numbers(text[value]):
        _note_unknown(table, name, word & (folded != "unknown"), text, problems)
        number = pd.to_numeric(text.where(value))
        dates = dates_of(number, table, problems)
        return number if dates is None else dates
    zero = value & text.isin(("0", "-1"))
    if text[value & ~zero].str.fullmatch(DATE).all():
        times = iso(text.where(value & ~zero))
        if times[value & ~zero].notna().all():
            _note_unknown(table, name, zero | (word & (folded != "unknown")), text, problems)
            return as_dates(times)
    _note_almost(table, name, text, value, problems)
    _note_case(table, name, text, value, problems)
    surely = folded.isin(SURELY_UNKNOWN)
    for rows, message in (
        (surely & (folded != "unknown"), "is read as unknown."),
        (word & ~surely, "is a group of its own: leave the cell empty where it means unknown."),
    ):
        if rows.any():
            example = shown(text[rows].iloc[0], 30)
            problems.append(problem("note", table, name, rows_where(rows), f"{example} {message}"))
    return text.where(~surely)


def _of_its_own_type(column: pd.Series, table: str, problems: list[Problem]) -> pd.Series | None:
    """A column that a Parquet file types already, None where its cells are text."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.map({True: "yes", False: "no"}).astype("str").where(column.notna())
    if isinstance(column.dtype, pd.CategoricalDtype) and column.dtype.ordered:
        return column
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return as_dates(epoch(pd.to_datetime(column, utc=True)))
    if pd.api.types.is_numeric_dtype(column.dtype):
        dates = dates_of(column, table, problems)
        return column if dates is None else dates
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
    if padded.any() and len(set(places[places != ""].str.len())) > 1:
        return False
    number = pd.to_numeric(different)
    if number.nunique() != len(different) or not (number.abs() <= LARGEST_WHOLE).all():
        return False
    stored_as_floats = plain.all() and (places == "0").all()
    few = len(different) <= MAX_CATEGORIES  # each value is a group then, and is called as it is written
    return bool(stored_as_floats or not few or (different == number.map(lambda x: f"{x:.15g}")).all())


def _single_blanks(text: pd.Series) -> pd.Series:
    """Values without runs of blanks inside, which look like one blank wherever they are shown."""
    runs = text.str.contains(r"\s\s", regex=True).fillna(False).astype(bool)
    return text.str.replace(r"\s+", " ", regex=True) if runs.any() else text


def _note_unknown(table: str, name: str, words: pd.Series, text: pd.Series, problems: list[Problem]) -> None:
    if words.any():
        message = f"{shown(text[words].iloc[0], 30)} is read as unknown, since all other values are of another kind."
        problems.append(problem("note", table, name, rows_where(words), message))


def _note_almost(table: str, name: str, text: pd.Series, value: pd.Series, problems: list[Problem]) -> None:
    """A few cells that keep a column from being read as numbers or dates; dates that are not written as ISO dates."""
    for pattern, kind in ((_PLAIN, "numbers"), (DATE, "dates")):
        fits = text.str.fullmatch(pattern).fillna(False).astype(bool) & value
        other = value & ~fits
        if fits.any() and 0 < other.sum() <= FEW * value.sum():
            message = f"{shown(text[other].iloc[0], 30)} keeps the column from being read as {kind}: "
            message += "each value is a group of its own."
            problems.append(problem("note", table, name, rows_where(other), message))
    if text[value].str.fullmatch(_OTHER_DATE).all():
        message = (
            f"dates such as {shown(text[value].iloc[0], 30)} can mean several days and stay text: write 2024-12-31."
        )
        problems.append(problem("note", table, name, [], message))


def _note_case(table: str, name: str, text: pd.Series, value: pd.Series, problems: list[Problem]) -> None:
    """Values that differ in capitals alone, which a table of groups shows side by side."""
    spellings = pd.Series(text[value].unique())
    twins = spellings[spellings.str.casefold().duplicated(keep=False)]
    if len(twins) and len(spellings) <= 1_000:
        listed = ", ".join(shown(twin, 30) for twin in sorted(twins.tolist())[:6])
        rows = rows_where(value & text.isin(twins.tolist()))
        problems.append(
            problem(
                "note", table, name, rows, f"values differ in capitals alone ({listed}): they stay groups of their own."
            )
        )
