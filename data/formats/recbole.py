"""The format `recbole`: atomic files of RecBole become the tables of a workspace.

NAME.inter is needed, with user_id and item_id; rating becomes an event's value and timestamp its time, and what is
called event or context is taken as such. NAME.user and NAME.item are optional: their columns become attributes, words
of the items (token_seq, such as genres) become topics. card.json beside them says what the data are, as in a folder of
CSV. Where a folder holds several data sets, the path names one .inter file. What the values must be like is checked by
validation.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from core.errors import DataError, shown
from data.formats.base import held_in, listed, names_in, register
from data.formats.reading.atomic_file import AtomicFile, as_floats, read_atomic
from data.formats.reading.card_file import CARD
from data.formats.reading.completion import DEFAULT_EVENT, completed
from data.formats.reading.limits import Limits
from data.formats.reading.text_cells import as_text, tidy, whole_ids
from data.formats.reading.text_file import check_regular
from data.problems import Problem, problem
from data.tables import Tables

EVENTS, USERS, ITEMS = ".inter", ".user", ".item"
FIELDS = {"user_id": "user", "item_id": "item", "rating": "value", "timestamp": "time"}
RATED = "rating"  # what an event is called where it has a rating and no type of its own
TITLES = ("label", "title", "name", "_title", "_name")  # fields, or ends of fields, that name a thing: best first
_IS_TEXT = re.compile(
    r"title|name$|text|descri|summary|abstract|review|body|content|story|plot|url|image", re.IGNORECASE
)


@dataclass(frozen=True)
class RecBole:
    """RecBole's atomic files: NAME.inter, and NAME.user and NAME.item where they are there."""

    name: str = "recbole"
    title: str = "RecBole atomic files"
    needs: str = "NAME.inter"
    order: int = 10

    def reads(self, path: Path) -> bool:
        """Whether it is an .inter file, or a folder that holds one."""
        if os.path.isdir(path):
            return any(name.endswith(EVENTS) for name in held_in(path))
        return path.name.endswith(EVENTS) and os.path.lexists(path)

    def tables(self, path: Path, name: str, limits: Limits) -> Tables:
        """See the protocol; several data sets in one folder are a DataError, too."""
        inter = _inter_file(path)
        stem = inter.name.removesuffix(EVENTS)
        problems: list[Problem] = []
        read = _read(inter, "events", ("user_id", "item_id"), problems, limits)
        users = _read_beside(inter.with_name(stem + USERS), "users", "user_id", problems, limits)
        items = _read_beside(inter.with_name(stem + ITEMS), "items", "item_id", problems, limits)
        if inter != path:
            _note_unread(path, stem, problems)
        events = _events(read, inter.name, problems)
        frames = {
            "events": events,
            "users": None if users is None else _things(users, "users", "user", events["user"], problems),
            "items": None if items is None else _things(items, "items", "item", events["item"], problems),
            "topics": None if items is None else _topics(items, stem + ITEMS, limits),
        }
        rated = "rating" in read.types and "event" not in read.types
        return completed(
            frames,
            name=name,
            folder=inter.parent,
            problems=problems,
            event=RATED if rated else DEFAULT_EVENT,
            known=_known(items, rated),
        )

    def sample(self, interactions: Sequence[tuple[str, str, int]]) -> dict[str, str]:
        """See the protocol."""
        rows = "".join(f"{user}\t{item}\t{time}\n" for user, item, time in interactions)
        return {"sample.inter": "user_id:token\titem_id:token\ttimestamp:float\n" + rows}


def _inter_file(path: Path) -> Path:
    """The .inter file that a path means. Raises DataError where it means none, or several."""
    if not os.path.isdir(path):
        if not os.path.lexists(path):
            raise DataError(f"There is no file {shown(path)}: name a folder with NAME.inter, or that file.")
        return path
    names = [name for name in names_in(path) if name.endswith(EVENTS)]
    odd = next((name for name in names if not name.isprintable()), None)
    if odd is not None:
        raise DataError(f"{shown(path)} holds {shown(odd)}, whose name cannot be shown: rename it.")
    if not names:
        raise DataError(f"{shown(path)} holds no NAME.inter; it holds {listed(names_in(path))}.")
    if len(names) > 1:
        raise DataError(
            f"{shown(path)} holds several data sets ({listed(names)}): name one of these files instead of the folder."
        )
    return path / names[0]


def _read(file: Path, table: str, ids: tuple[str, ...], problems: list[Problem], limits: Limits) -> AtomicFile:
    """One file. Raises DataError for all that cannot be read, before anything waits for a pipe."""
    check_regular(file)
    try:
        return read_atomic(file, table, ids, problems, limits)
    except OSError as error:
        raise DataError(f"{file.name} cannot be read: {error.strerror or error}.") from None


def _read_beside(file: Path, table: str, key: str, problems: list[Problem], limits: Limits) -> AtomicFile | None:
    """A file that need not be there."""
    return _read(file, table, (key,), problems, limits) if os.path.lexists(file) else None


def _note_unread(folder: Path, stem: str, problems: list[Problem]) -> None:
    read = {CARD, *(stem + ending for ending in (EVENTS, USERS, ITEMS))}
    others = [name for name in names_in(folder) if name not in read]
    if others:
        message = (
            f"not read: {listed(others)}. Read are {shown(stem, 30)} with the endings {EVENTS}, {USERS} and {ITEMS}."
        )
        problems.append(problem("note", "folder", "", [], message))


def _events(read: AtomicFile, file: str, problems: list[Problem]) -> pd.DataFrame:
    """The interactions under our names.

    Raises DataError where a field that must be one value is declared a sequence.
    """
    for field in (*FIELDS, "event", "context"):
        declared = read.types.get(field, "")
        if declared.endswith("_seq"):
            raise DataError(
                f"{file} declares {field} as {declared}: it is one value, so write {field}:float or :token."
            )
    ours = {field: name for field, name in FIELDS.items() if field in read.types}
    return _own_names(read.cells, "events", ours, problems)


def _known(items: AtomicFile | None, rated: bool) -> dict[str, Any]:
    """What the header says for the card: what topics are called, what an event is."""
    words = () if items is None else _word_fields(items)
    titles = {"topic": words[0].replace("_", " ")} if len(words) == 1 else {}
    return {"kind_titles": titles, "event_verbs": {RATED: "rated"} if rated else {}}


def _things(read: AtomicFile, table: str, key: str, seen: pd.Series, problems: list[Problem]) -> pd.DataFrame:
    """Users or items with their attributes.

    Those that only the interactions name are added: RecBole knows them by id.
    """
    own, label = f"{key}_id", _label_field(read)
    lists = [field for field in read.fields("float_seq") if field != label]
    problems += [problem("note", table, field, [], "a list of numbers is no attribute: left out.") for field in lists]
    words = _word_fields(read) if table == "items" else ()
    numbers = [field for field in read.fields("float") if field not in (own, label)]
    frame = read.cells.assign(**{field: as_floats(read.cells[field], table, problems) for field in numbers})
    frame = frame.drop(columns=[*lists, *words])
    frame = _own_names(frame, table, {own: key} | ({label: "label"} if label else {}), problems)
    return _with_those_seen(frame, table, key, seen, problems)


def _own_names(frame: pd.DataFrame, table: str, ours: dict[str, str], problems: list[Problem]) -> pd.DataFrame:
    """Fields under our names; another field that has one of these already is left out, with a note."""
    taken = [field for field in frame.columns if field in ours.values() and field not in ours]
    for field in taken:
        source = next(own for own, name in ours.items() if name == field)
        problems.append(problem("note", table, field, [], f"left out: {shown(source, 30)} is read under this name."))
    return frame.drop(columns=taken).rename(columns=ours)


def _label_field(read: AtomicFile) -> str | None:
    """The field that says what a thing is called, of any type; None where the id must do."""
    for title in TITLES:
        for field in read.types:
            if field.casefold() == title or (title.startswith("_") and field.casefold().endswith(title)):
                return field
    return None


def _word_fields(read: AtomicFile) -> tuple[str, ...]:
    """Fields of words that several items share, such as genres: all of words but titles and running text."""
    return tuple(f for f in read.fields("token_seq") if f != _label_field(read) and not _IS_TEXT.search(f))


def _topics(read: AtomicFile, file: str, limits: Limits) -> pd.DataFrame | None:
    """A row for each item and word; None without words.

    Where several fields have words, an id begins with its field.
    """
    fields = _word_fields(read)
    tables = []
    for field in fields:
        cells = read.cells[["item_id", field]].dropna()
        limits.check(file, "cells", int(cells[field].str.count(r"\S+").sum()))
        rows = cells.assign(label=cells[field].str.split()).explode("label").dropna(subset=["label"])
        label = rows["label"].astype("str")
        topic = label if len(fields) == 1 else f"{field}:" + label
        tables.append(pd.DataFrame({"item": rows["item_id"], "topic": topic, "label": label}))
    return pd.concat(tables).drop_duplicates(["item", "topic"]).reset_index(drop=True) if tables else None


def _with_those_seen(
    frame: pd.DataFrame, table: str, key: str, seen: pd.Series, problems: list[Problem]
) -> pd.DataFrame:
    ids = pd.Series(whole_ids(tidy(as_text(seen))).dropna().unique(), dtype="str")
    more = ids[~ids.isin(whole_ids(tidy(as_text(frame[key]))))].sort_values()
    if not len(more):
        return frame
    message = f"{len(more):,} of the interactions have no row, such as {shown(more.iloc[0], 30)}: known by id alone."
    problems.append(problem("note", table, key, [], message))
    last = int(frame.index.max()) + 1
    added = pd.DataFrame({key: more}).set_axis(range(last, last + len(more)))
    whole = pd.concat([frame, added])
    whole.index.name = frame.index.name
    return whole


register(RecBole())
