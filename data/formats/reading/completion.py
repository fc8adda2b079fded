"""From columns as they were read to whole tables: what was left out is filled in, and every cell gets its type."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from core.errors import DataError, shown
from data.formats.reading.card_file import CARD, stated_card
from data.formats.reading.columns import typed
from data.formats.reading.limits import MOST_KINDS
from data.formats.reading.text_cells import as_text, tidy
from data.formats.reading.times import are_no_times, seconds
from data.problems import Problem, problem
from data.tables import TIME_COLUMN, WITHDRAWN_COLUMN, Tables

DEFAULT_EVENT = "interaction"


def completed(
    frames: Mapping[str, pd.DataFrame | None],
    *,
    name: str,
    folder: Path,
    problems: list[Problem],
    event: str = DEFAULT_EVENT,
    known: Mapping[str, Any] | None = None,
) -> Tables:
    """The tables of frames as they were read: cells as text, or of a type that the file states.

    frames    by table: events (user, item and what else there is), users, items, topics, creators; None for no table
    name      workspace id, where card.json states none     folder  where card.json lies, if it is there
    problems  notes up to now; gets those that arise        event   type of events that have none
    known     entries of the card that hold where card.json does not state others
    Raises DataError for a wrong card and for too many types of event.
    """
    events = frames["events"]
    assert events is not None, "a data set has events"
    events = _completed_events(events, problems, event)
    card = stated_card(folder / CARD, name, _kinds(events["event"]), events, known)
    users = _labelled(frames.get("users"), "users", "user", problems)
    items = _labelled(frames.get("items"), "items", "item", problems)
    for kind, table in (("topic", "topics"), ("creator", "creators")):
        title = card.kind_titles.get(kind, kind)
        if frames.get(table) is not None and title in items.columns:
            message = f"the table {table} is called {shown(title, 30)} too: "
            message += f"where data are audited, this column is 'items.{title}'."
            problems.append(problem("note", "items", title, [], message))
    topics, creators = _weighted(frames.get("topics"), "topic"), _weighted(frames.get("creators"), "creator")
    return Tables(card, events, users, items, topics, creators, tuple(problems))


def _completed_events(events: pd.DataFrame, problems: list[Problem], event: str) -> pd.DataFrame:
    """Events with all their columns.

    Where nothing is said, each is an `event` of value 1 at time 0; times in seconds.
    """
    defaults: dict[str, Any] = {"event": event, "value": 1.0, "time": 0, "context": None}
    events = events.assign(**{column: value for column, value in defaults.items() if column not in events.columns})
    return events.assign(time=seconds(events["time"], "events", problems, needed=True))


def _kinds(event: pd.Series) -> tuple[str, ...]:
    """Event types as validation will have them, in the order of their first event.

    Raises DataError where they are ids.
    """
    kinds = tuple(tidy(as_text(event)).dropna().drop_duplicates())
    if len(kinds) > MOST_KINDS:
        raise DataError(
            f"The column 'event' of events holds {len(kinds):,} different types, such as {shown(kinds[0], 30)}; "
            f"at most {MOST_KINDS:,} are types. Name the column otherwise where it holds something else."
        )
    return kinds


def _labelled(frame: pd.DataFrame | None, table: str, key: str, problems: list[Problem]) -> pd.DataFrame:
    """Users or items: the id as the label where there is none, every other column as an attribute of its own type."""
    if frame is None:
        return pd.DataFrame({key: [], "label": []}, dtype="str")
    frame = frame if "label" in frame.columns else frame.assign(label=frame[key])
    types: dict[str, pd.Series] = {}
    for column in frame.columns:
        if table == "items" and column in (TIME_COLUMN, WITHDRAWN_COLUMN):
            types[column] = _published(frame[column], problems)
        elif column not in (key, "label"):
            types[column] = typed(frame[column], table, problems)
    return frame.assign(**types)


def _weighted(frame: pd.DataFrame | None, kind: str) -> pd.DataFrame:
    """Topics or creators of items: weight 1 and the id as the label where nothing is said."""
    if frame is None:
        return pd.DataFrame({"item": [], kind: [], "label": [], "weight": []}).astype({"weight": float})
    defaults: dict[str, Any] = {"label": frame[kind], "weight": 1.0}
    return frame.assign(**{column: value for column, value in defaults.items() if column not in frame.columns})


def _published(column: pd.Series, problems: list[Problem]) -> pd.Series:
    """Times of publication as seconds.

    A column of that name without a single time in it is the data's own ("yes", "no").
    """
    notes: list[Problem] = []
    times = seconds(column, "items", notes, needed=False)
    if not pd.to_numeric(times, errors="coerce").notna().any() and are_no_times(times):
        return typed(column, "items", problems)
    problems += notes
    return times
