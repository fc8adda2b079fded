"""Are these tables fit to become a graph? Finds all problems at once, repairs what is harmless and says so.

Row numbers are those of the file as a spreadsheet shows it: the header is row 1, the first data row is row 2. An error
stops the work; a note tells what was repaired or is unusual. Reading files is left to the sources, the rules for one
column to validation_rules, the graph to builder.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from core.errors import DataError, shown
from data.problems import Problem, numbered, problem, rows_where
from data.tables import TIME_COLUMN, WITHDRAWN_COLUMN, DataCard, Tables
from data.validation_rules import (
    TABLES,
    as_ids,
    as_numbers,
    clean_labels,
    column_problems,
    missing_columns,
    published_problems,
    with_parts,
)

__all__ = ["Problem", "validate"]

EVENT_KEY = ["user", "item", "event", "time", "context"]


def validate(tables: Tables) -> tuple[Tables, tuple[Problem, ...]]:
    """Checked and tidied tables, with the notes on what was done.

    Returned tables have str ids, float64 value and weight, int64 time, a `context` column, a row in `users` and `items`
    for every id that events name, and range indices; rows keep their order. Empty `users` or `items` tables are filled
    from the events. Extra columns of `users` and `items` are attributes and stay.
    Raises DataError, whose `problems` list every error, if there is any.
    """
    frames = {name: numbered(getattr(tables, name)) for name in TABLES}
    _stop_on_errors(tables, _card_problems(tables) + missing_columns(frames))
    frames["events"] = frames["events"].assign(
        **({} if "context" in frames["events"] else {"context": None}),
        **({} if "value" in frames["events"] else {"value": 1.0}),
    )
    problems: list[Problem] = []
    for name, frame in frames.items():
        frame = as_numbers(as_ids(frame, name, problems), name, problems)
        problems += column_problems(frame, name, tables.card.event_weights)
        frames[name] = frame
    for column in (TIME_COLUMN, WITHDRAWN_COLUMN):
        problems += published_problems(frames["items"], column)
    frames = _filled_from_events(frames, problems)
    problems += _reference_problems(frames, problems)
    _stop_on_errors(tables, [*tables.notes, *problems])
    frames = {name: clean_labels(frame, name, problems) for name, frame in frames.items()}
    frames = {**frames, **_without_repeats(frames, problems)}
    problems += _unusual(frames)
    frames["events"] = with_parts(frames["events"], problems)
    frames["events"] = frames["events"].astype({"time": "int64", "value": "float64"})
    frames = {name: frame.reset_index(drop=True) for name, frame in frames.items()}
    return Tables(
        _with_a_split(tables.card, frames["events"], problems),
        frames["events"],
        frames["users"],
        frames["items"],
        frames["topics"],
        frames["creators"],
    ), (*tables.notes, *problems)


def _with_a_split(card: DataCard, events: pd.DataFrame, problems: list[Problem]) -> DataCard:
    """The card, whose default split is random where these events leave its own with nothing to hold back."""
    nothing = {
        "last": not events["user"].duplicated().any(),
        "time": events["time"].nunique() < 2,
        "live": events["time"].nunique() < 2,
        "random": False,
        "given": "part" not in events or events["part"].nunique() < 2,
    }[card.default_split]
    if not nothing or len(events) < 2:
        return card
    why = {"last": "nobody has two events", "given": "the events state no parts"}.get(
        card.default_split, "all events have one time"
    )
    message = f"{why}, so the split '{card.default_split}' has nothing to hold back: the default split is 'random'."
    problems.append(problem("note", "card", "default_split", [], message))
    return replace(card, default_split="random")


def _stop_on_errors(tables: Tables, problems: list[Problem]) -> None:
    errors = [p for p in problems if p.severity == "error"]
    if errors:
        count = f"{len(errors)} problem{'s' if len(errors) > 1 else ''}"
        raise DataError(
            f"The data of '{tables.card.name}' have {count}; the first: {errors[0]} "
            "Correct the rows named and load again (row 1 is the header).",
            [str(p) for p in errors],
        )


def _card_problems(tables: Tables) -> list[Problem]:
    weights, positives = tables.card.event_weights, tables.card.positives
    messages = [f"event type '{kind}' needs a weight above 0, not {w}." for kind, w in weights.items() if not w > 0]
    messages += [f"'{kind}' is a positive but no event type." for kind in positives if kind not in weights]
    if not weights:
        messages.append("no event type is stated: give each a weight.")
    return [problem("error", "card", "event_weights", [], message) for message in messages]


def _filled_from_events(frames: dict[str, pd.DataFrame], problems: list[Problem]) -> dict[str, pd.DataFrame]:
    """Users and items of an absent table are those that events name."""
    filled = dict(frames)
    for name, key in (("users", "user"), ("items", "item")):
        if len(frames[name]) == 0 and len(frames["events"]):
            ids = frames["events"][key].dropna().drop_duplicates().sort_values(ignore_index=True)
            filled[name] = pd.DataFrame({key: ids, "label": ids})
            problems.append(
                problem("note", name, key, [], f"no table given: {len(ids)} {name} are taken from the events.")
            )
    return filled


def _reference_problems(frames: dict[str, pd.DataFrame], notes: list[Problem]) -> list[Problem]:
    """Ids that occur twice where they must be unique, and rows that name an id which its table lacks."""
    problems = []
    repaired = {(note.table, note.column) for note in notes if note.severity == "note" and note.n_rows}
    for name, key in (("users", "user"), ("items", "item")):
        ids = frames[name][key]
        rows = rows_where(ids.duplicated(keep="first") & ids.notna())
        message = "the id occurs in an earlier row: keep one row for each."
        if (name, key) in repaired:
            message += " (Ids of this column were tidied: blanks, invisible characters, decimals.)"
        problems.append(problem("error", name, key, rows, message))
    for name, key, home in (
        ("events", "user", "users"),
        ("events", "item", "items"),
        ("topics", "item", "items"),
        ("creators", "item", "items"),
    ):
        ids = frames[name][key]
        rows = rows_where(~ids.isin(frames[home][key]) & ids.notna())
        if rows:
            first = str(ids.loc[rows[0]])
            message = f"names {key}s that the table '{home}' does not have, such as {shown(first, 40)}."
            problems.append(problem("error", name, key, rows, message + _nearly(first, frames[home][key])))
    return [p for p in problems if p.n_rows]


def _nearly(raw: str, known: pd.Series) -> str:
    """What an id that is nowhere may have lost: capitals, or zeros at its beginning, which spreadsheets take away."""
    for lost, form in (("capitals", str.casefold), ("zeros at the beginning", lambda text: text.lstrip("0"))):
        stated = known.dropna()
        same = stated[stated.map(form) == form(raw)] if len(stated) else stated
        if len(same):
            return f" {shown(same.iloc[0], 40)} differs from it in {lost} alone."
    return ""


def _without_repeats(frames: dict[str, pd.DataFrame], problems: list[Problem]) -> dict[str, pd.DataFrame]:
    """Rows that say exactly the same again are dropped.

    Rows that differ, in their amount or any other cell, are added up.
    """
    unique = {}
    for name, key, amount in (
        ("events", EVENT_KEY, "value"),
        ("topics", ["item", "topic"], "weight"),
        ("creators", ["item", "creator"], "weight"),
    ):
        frame = frames[name]
        if not len(frame):
            unique[name] = frame
            continue
        same = frame.duplicated(key, keep=False)
        repeated = same & same.index.isin(_repeats(frame[same], name, [*key, amount]))
        if repeated.any():
            n = int(repeated.sum())
            message = (
                f"repeats an earlier row (same {', '.join(key)}, and all else): the first is kept, {_rows(n)} dropped."
            )
            problems.append(problem("note", name, "", rows_where(repeated), message))
        rest = frame[same & ~repeated]
        more = pd.Series(frame.index.isin(rest.index[rest.duplicated(key, keep="first")]), index=frame.index)
        if more.any():
            added = frame.loc[more, amount].sum()
            message = (
                f"the same {', '.join(key)} as an earlier row with another {amount} or other cells: added to it, "
                f"{_rows(int(more.sum()))} with {added:g} in all."
            )
            problems.append(problem("note", name, amount, rows_where(more), message))
            total = rest.groupby(key, dropna=False, sort=False)[amount].transform("sum")
            frame = frame.assign(**{amount: total.reindex(frame.index).fillna(frame[amount])})
        unique[name] = frame[~repeated & ~more] if repeated.any() or more.any() else frame
    return unique


def _repeats(frame: pd.DataFrame, name: str, columns: list[str]) -> pd.Index:
    """Index of the rows that repeat an earlier one: events in every cell, memberships whatever their labels."""
    try:
        again = frame.duplicated(keep="first") if name == "events" else frame.duplicated(columns, keep="first")
    except TypeError:  # cells that cannot be compared, such as lists
        again = frame.duplicated(columns, keep="first")
    return frame.index[again]


def _rows(n: int) -> str:
    return f"{n:,} row{'s' if n != 1 else ''}"


def _unusual(frames: dict[str, pd.DataFrame]) -> list[Problem]:
    problems = []
    for name, key, message in (
        ("users", "user", "users without any history."),
        ("items", "item", "items nobody has seen."),
    ):
        idle = ~frames[name][key].isin(frames["events"][key].drop_duplicates())
        problems.append(problem("note", name, key, rows_where(idle), message))
    times = frames["events"]["time"]
    if len(times) > 2 and times.iloc[0] != 0 and (times == times.iloc[0]).all():
        message = f"all {len(times):,} events have one and the same time: no event is earlier than another."
        problems.append(problem("note", "events", "time", [], message))
        return [p for p in problems if p.n_rows or p.column == "time"]
    if len(times) > 1 and (times == 0).all():
        problems.append(
            problem("note", "events", "time", [], "no event has a time: only the split 'random' can be used.")
        )
        return [p for p in problems if p.n_rows or p.column == "time"]
    return [p for p in problems if p.n_rows]
