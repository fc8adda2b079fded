"""From columns as they were read to whole tables: what was left out is filled in, and every cell gets its type."""

from __future__ import annotations

from typing import Any

import pandas as pd

from core.errors import DataError, shown
from data.formats.reading.columns import typed
from data.formats.reading.limits import MOST_KINDS
from data.formats.reading.text_cells import as_text, tidy
from data.formats.reading.times import are_no_times, seconds
from data.problems import Problem, problem
from data.tables import TIME_COLUMN

DEFAULT_EVENT = "interaction"


def completed_events(events: pd.DataFrame, found: list[Problem], *, event: str = DEFAULT_EVENT) -> pd.DataFrame:
    """Events with all their columns: where nothing is said, each is an `event` of value 1 at time 0; times in seconds."""
    given: dict[str, Any] = {"event": event, "value": 1.0, "time": 0, "context": None}
    events = events.assign(**{column: value for column, value in given.items() if column not in events.columns})
    return events.assign(time=seconds(events["time"], "events", found, needed=True))


def event_kinds(event: pd.Series) -> tuple[str, ...]:
    """Event types as validation will have them, in the order of their first event. Raises DataError where they are ids."""
    kinds = tuple(tidy(as_text(event)).dropna().drop_duplicates())
    if len(kinds) > MOST_KINDS:
        raise DataError(
            f"The column 'event' of events holds {len(kinds):,} different types, such as {shown(kinds[0], 30)}; at most "
            f"{MOST_KINDS:,} are types. Name the column otherwise where it holds something else."
        )
    return kinds


def labelled(frame: pd.DataFrame | None, table: str, key: str, found: list[Problem]) -> pd.DataFrame:
    """Users or items: the id as the label where there is none, every other column as an attribute of its own type."""
    if frame is None:
        return pd.DataFrame({key: [], "label": []}, dtype="str")
    frame = frame if "label" in frame.columns else frame.assign(label=frame[key])
    types: dict[str, pd.Series] = {}
    for column in frame.columns:
        if (table, column) == ("items", TIME_COLUMN):
            types[column] = _published(frame[column], found)
        elif column not in (key, "label"):
            types[column] = typed(frame[column], table, found)
    return frame.assign(**types)


def weighted(frame: pd.DataFrame | None, kind: str) -> pd.DataFrame:
    """Topics or creators of items: weight 1 and the id as the label where nothing is said."""
    if frame is None:
        return pd.DataFrame({"item": [], kind: [], "label": [], "weight": []}).astype({"weight": float})
    given: dict[str, Any] = {"label": frame[kind], "weight": 1.0}
    return frame.assign(**{column: value for column, value in given.items() if column not in frame.columns})


def note_shared_title(title: str, table: str, items: pd.DataFrame, found: list[Problem]) -> None:
    """A note where a column of the items is called as a table of groups is. title: of the groups, as the card has it."""
    if title in items.columns:
        told = f"the table {table} is called {shown(title, 30)} too: "
        told += f"where data are audited, this column is 'items.{title}'."
        found.append(problem("note", "items", title, [], told))


def _published(column: pd.Series, found: list[Problem]) -> pd.Series:
    """Times of publication as seconds; a column of that name without a single time in it is the data's own ("yes", "no")."""
    notes: list[Problem] = []
    times = seconds(column, "items", notes, needed=False)
    if not pd.to_numeric(times, errors="coerce").notna().any() and are_no_times(times):
        return typed(column, "items", found)
    found += notes
    return times
