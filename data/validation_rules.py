"""The rules for single columns: ids, numbers, times, labels. Pandera checks them; this module words what it finds.

What holds between tables is validation's business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from core.errors import shown
from core.graph import PARTS
from data.formats.reading.text_cells import as_text, tidy, whole_ids
from data.formats.reading.times import are_no_times
from data.problems import ROWS_LISTED, Problem, problem, rows_where

TABLES: dict[str, tuple[str, ...]] = {
    "events": ("user", "item", "event", "time"),
    "users": ("user", "label"),
    "items": ("item", "label"),
    "topics": ("item", "topic", "label", "weight"),
    "creators": ("item", "creator", "label", "weight"),
}
IDS = ("user", "item", "event", "context", "topic", "creator")
NUMBERS = ("value", "time", "weight")
LARGEST = 1e12
LABEL_LIMIT, ID_LIMIT = 300, 200
LATEST_S = 4_102_444_800  # 2100-01-01
EARLIEST_S = -62_135_596_800  # year 1
LARGEST_WHOLE = 2**53  # larger whole numbers have no float of their own
_ROUNDED = re.compile(  # as a spreadsheet or a program shows a number that is too long
    r"\d(?:[.,]\d+)?[eE]\+\d+|\d[.,]\d+[eE]\d\d+"
)
_PART_WORDS = {
    **dict.fromkeys(("train", "training"), PARTS[0]),
    **dict.fromkeys(("validation", "valid", "val", "dev"), PARTS[1]),
    **dict.fromkeys(("test", "testing"), PARTS[2]),
}
_CONTROL = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]"


def missing_columns(frames: Mapping[str, pd.DataFrame]) -> list[Problem]:
    """Columns that a table must have and lacks. A table without rows (but events) need not have any."""
    problems = []
    for name, required in TABLES.items():
        frame = frames[name]
        lacking = [column for column in required if column not in frame.columns]
        if lacking and (len(frame) or name == "events" or len(frame.columns)):
            has = ", ".join(shown(column, 30) for column in list(frame.columns)[:ROWS_LISTED]) or "none"
            which = f"columns {', '.join(lacking)} are" if len(lacking) > 1 else f"column {lacking[0]} is"
            problems.append(problem("error", name, "", [], f"the {which} missing; there are: {has}."))
    if not len(frames["events"]) and not problems:
        problems.append(problem("error", "events", "", [], "there is no event: a graph needs at least one."))
    return problems


def as_ids(frame: pd.DataFrame, name: str, problems: list[Problem]) -> pd.DataFrame:
    """Id columns as str, tidied (see data.formats.reading.text_cells); whole numbers lose their '.0'.

    Empty ids become missing.
    """
    changed = {}
    for column in id_columns(name):
        if column not in frame.columns and column not in TABLES[name]:
            continue
        raw = frame[column] if column in frame.columns else pd.Series(index=frame.index, dtype="str")
        text = as_text(raw)
        trimmed = tidy(text)
        moved = (trimmed != text) & text.notna() & trimmed.notna()
        if moved.any():
            message = "blanks around the id were removed."
            if (trimmed != text.str.strip())[moved].any():
                message = (
                    "blanks and invisible characters were removed from the id, and accents written in one form (NFC)."
                )
            problems.append(problem("note", name, column, rows_where(moved), message))
        changed[column] = _whole(trimmed, name, column, problems)
        _note_rounded(changed[column], raw, name, column, problems)
    return frame.assign(**changed)


def id_columns(name: str) -> tuple[str, ...]:
    """The columns of a table that hold ids; a column of that name in another table is the data's own."""
    own = tuple(column for column in IDS if column in TABLES[name])
    return (*own, "context") if name == "events" else own


def number_columns(name: str) -> tuple[str, ...]:
    """The columns of a table that hold numbers of ours; a column `weight` of items is the data's own."""
    return tuple(column for column in NUMBERS if column in TABLES[name] or (name, column) == ("events", "value"))


def _whole(ids: pd.Series, name: str, column: str, problems: list[Problem]) -> pd.Series:
    """Ids that a float made of whole numbers, '100.0', as the whole numbers.

    Only where all of the column are whole numbers.
    """
    whole = ids if column == "event" else whole_ids(ids)
    decimal = (whole != ids) & ids.notna()
    if not decimal.any():
        return ids
    first = ids[decimal].index[0]
    message = f"ids were written as decimals: {shown(ids[first], 30)} is read as {shown(whole[first], 30)}."
    problems.append(problem("note", name, column, rows_where(decimal), message))
    return whole


def _note_rounded(ids: pd.Series, cells: pd.Series, name: str, column: str, problems: list[Problem]) -> None:
    different = ids.dropna().unique()
    written = [raw for raw in different if _ROUNDED.fullmatch(raw)]
    rounded = ids.isin(written) if written else pd.Series(False, index=ids.index)
    if pd.api.types.is_float_dtype(cells):
        exact = {2: 2**11, 4: 2**24}.get(getattr(cells.dtype, "itemsize", 8), LARGEST_WHOLE)
        rounded |= (cells.astype("float64").abs() > exact).fillna(False).astype(bool)
    if column != "event" and rounded.any():
        message = (
            f"ids such as {shown(ids[rounded].iloc[0], 30)} were rounded by a spreadsheet or a float: several may have "
            "become one. Export them again as text."
        )
        problems.append(problem("note", name, column, rows_where(rounded), message))


def as_numbers(frame: pd.DataFrame, name: str, problems: list[Problem]) -> pd.DataFrame:
    """Number columns as float64 (time stays whole where it is); text that is no number is an error and becomes NaN."""
    changed = {}
    for column in number_columns(name):
        if column not in frame.columns and column not in TABLES[name]:
            continue
        raw = frame[column] if column in frame.columns else pd.Series(index=frame.index, dtype="float64")
        if pd.api.types.is_integer_dtype(raw) and not raw.hasnans:
            changed[column] = raw.astype("int64" if column == "time" else "float64")
            continue
        number = pd.to_numeric(raw, errors="coerce").astype("float64")
        unreadable = number.isna() & raw.notna()
        if unreadable.any():
            example = shown(raw[unreadable].iloc[0], 30)
            wanted = "neither seconds nor an ISO date" if column == "time" else "not a number"
            message = f"{wanted}, such as {example}."
            if raw[unreadable].astype("str").str.fullmatch(r"\s*-?\d+,\d+\s*").all():
                message += " Write decimals with a point."
            problems.append(problem("error", name, column, rows_where(unreadable), message))
            number = number.where(~unreadable, 1.0)  # reported once, here
        changed[column] = number
    return frame.assign(**changed)


def published_problems(items: pd.DataFrame, column: str) -> list[Problem]:
    """Publication times that are no times: text that is no date, milliseconds, or years that no calendar has."""
    if column not in items.columns or pd.api.types.is_datetime64_any_dtype(items[column]):
        return []
    raw = items[column]
    number = pd.to_numeric(raw, errors="coerce").astype("float64")
    unreadable = number.isna() & raw.notna()
    if not number.notna().any() and are_no_times(raw):
        return []  # a column of the data's own that is called so
    late = number >= LATEST_S
    problems = []
    for rows, message in (
        (unreadable, "neither seconds nor an ISO date"),
        (late & (number < 1000 * LATEST_S), "the time looks like milliseconds: divide by 1000"),
        (
            (late & (number >= 1000 * LATEST_S)) | (number < EARLIEST_S),
            "the time is in no year from 1 to 2100: it must be seconds since 1970-01-01 UTC",
        ),
    ):
        if rows.any():
            example = shown(raw[rows].iloc[0], 30)
            problems.append(problem("error", "items", column, rows_where(rows), f"{message} (such as {example})."))
    return problems


def column_problems(frame: pd.DataFrame, name: str, event_weights: Mapping[str, float]) -> list[Problem]:
    """What pandera finds in the columns of one table, grouped by column and rule."""
    try:
        _schema(name, tuple(event_weights)).validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        return [
            problem("error", name, column, group["index"].astype(int), _wording(column, str(check), group))
            for (column, check), group in cases.groupby(["column", "check"], sort=False)
        ]
    return []


def clean_labels(frame: pd.DataFrame, name: str, problems: list[Problem]) -> pd.DataFrame:
    """Labels without control characters, at most 300 characters, the id where empty.

    Markup stays: display escapes it.
    """
    if "label" not in TABLES[name]:
        return frame
    key = next(column for column in TABLES[name] if column in IDS and (column != "item" or name == "items"))
    if "label" not in frame.columns:
        frame = frame.assign(label=pd.Series(index=frame.index, dtype="str"))
    text = frame["label"].astype("str").where(frame["label"].notna(), "")
    clean = text.str.replace(_CONTROL, " ", regex=True).str.strip()
    empty, long = clean == "", clean.str.len() > LABEL_LIMIT
    for rows, message in (
        ((clean != text.str.strip()), "control characters were removed."),
        (empty, "no label: the id is shown instead."),
        (long, f"labels longer than {LABEL_LIMIT} characters were cut."),
    ):
        if rows.any():
            problems.append(problem("note", name, "label", rows_where(rows), message))
    clean = clean.where(~long, clean.str.slice(0, LABEL_LIMIT - 1) + "…")
    return frame.assign(label=clean.where(~empty, frame[key]))


def _schema(name: str, event_kinds: tuple[str, ...]) -> pa.DataFrameSchema:
    columns = {
        c: _id_column(nullable=c == "context") for c in IDS if c in TABLES[name] or (name, c) == ("events", "context")
    }
    if name == "events":
        known = pa.Check.isin(event_kinds, error=f"unknown event type: the card weighs {', '.join(event_kinds)}")
        columns["event"] = pa.Column("str", [known], nullable=False)
        columns["value"] = _amount_column("value")
        columns["time"] = pa.Column(None, _time_checks(), nullable=False)
    elif "weight" in TABLES[name]:
        columns["weight"] = _amount_column("weight")
    return pa.DataFrameSchema(columns)


def _id_column(*, nullable: bool) -> pa.Column:
    printable = pa.Check(lambda ids: ~ids.str.contains(_CONTROL, regex=True), error="the id holds control characters")
    short = pa.Check(lambda ids: ids.str.len() <= ID_LIMIT, error=f"the id is longer than {ID_LIMIT} characters")
    return pa.Column("str", [printable, short], nullable=nullable)


def _amount_column(noun: str) -> pa.Column:
    finite = pa.Check(lambda x: ~np.isinf(x), error=f"the {noun} is infinite")
    positive = pa.Check(lambda x: x > 0, error=f"the {noun} is not above 0: leave the row out")
    huge = pa.Check(
        lambda x: np.isinf(x) | (x <= LARGEST),
        error=f"the {noun} is above {LARGEST:g}: sums of it would lose their digits",
    )
    return pa.Column(float, [finite, positive, huge], nullable=False)


def _time_checks() -> list[pa.Check]:
    """Times must lie in 1970..2100 in seconds; what fits when divided by 1000 is called milliseconds."""
    return [
        pa.Check(lambda t: t >= 0, error="the time is before 1970: it must be seconds since 1970-01-01 UTC"),
        pa.Check(
            lambda t: (t < LATEST_S) | (t >= 1000 * LATEST_S),
            error="the time looks like milliseconds: divide by 1000",
        ),
        pa.Check(
            lambda t: t < 1000 * LATEST_S, error="the time is after 2100: it must be seconds since 1970-01-01 UTC"
        ),
    ]


def _wording(column: str, check: str, group: pd.DataFrame) -> str:
    if check == "not_nullable":
        noun = "id" if column in IDS and column != "event" else column
        return f"the {noun} is missing."
    example = group["failure_case"].iloc[0]
    if isinstance(example, float) and example.is_integer():
        example = int(example)
    if column in NUMBERS or column == "event":
        return f"{check} (such as {shown(example, 30)})."
    return f"{check}."


def with_parts(events: pd.DataFrame, problems: list[Problem]) -> pd.DataFrame:
    """The events with `part` in the words of core.graph.PARTS, where the column holds parts of a split and nothing
    else; without it otherwise, as a column of that name may be anything. An empty cell is of the training part.
    """
    if "part" not in events:
        return events
    said = tidy(as_text(events["part"])).str.lower()
    part = said.fillna(PARTS[0]).map(_PART_WORDS)
    if part.notna().all() and said.notna().any():
        return events.assign(part=part.astype("str"))
    message = f"it holds other words than {', '.join(PARTS)}, so it is not taken for the parts of a split."
    problems.append(problem("note", "events", "part", rows_where(part.isna()), message))
    return events.drop(columns="part")
