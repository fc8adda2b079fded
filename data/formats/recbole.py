"""The format `recbole`: atomic files of RecBole become the tables of a workspace.

NAME.inter is needed, with user_id and item_id; rating becomes an event's value and timestamp its time, and what is called
event or context is taken as such. NAME.user and NAME.item are optional: their columns become attributes, words of the
items (token_seq, such as genres) become topics. card.json beside them says what the data are, as in a folder of CSV.
Where a folder holds several data sets, the path names one .inter file. What the values must be like is checked by
validation.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from core.errors import DataError, shown
from core.files import odd_kind
from data.formats.base import held_in, listed, names_in, register
from data.formats.reading.atomic_file import AtomicFile, as_floats, read_atomic
from data.formats.reading.card_file import CARD, stated_card
from data.formats.reading.completion import (
    DEFAULT_EVENT,
    completed_events,
    event_kinds,
    labelled,
    note_shared_title,
    weighted,
)
from data.formats.reading.limits import Limits
from data.formats.reading.text_cells import as_text, tidy, whole_ids
from data.problems import Problem, problem
from data.tables import Tables

EVENTS, USERS, ITEMS = ".inter", ".user", ".item"
FIELDS = {"user_id": "user", "item_id": "item", "rating": "value", "timestamp": "time"}
RATED = "rating"  # what an event is called where it has a rating and no type of its own
TITLES = ("label", "title", "name", "_title", "_name")  # fields, or ends of fields, that name a thing: best first
_IS_TEXT = re.compile(r"title|name$|text|descri|summary|abstract|review|body|content|story|plot|url|image", re.IGNORECASE)


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
        found: list[Problem] = []
        events = _events(_read(inter, "events", ("user_id", "item_id"), found, limits), found)
        users = _read_beside(inter, USERS, "users", "user_id", found, limits)
        items = _read_beside(inter, ITEMS, "items", "item_id", found, limits)
        if inter != path:
            _note_files(inter, found)
        item_table = _things(items, "items", "item", events["item"], found)
        words = () if items is None else _word_fields(items)
        topics = weighted(None if items is None else _topics(items, words, inter, limits), "topic")
        card = stated_card(inter.parent / CARD, name, event_kinds(events["event"]), events)
        if len(words) == 1:
            card = replace(card, kind_titles={"topic": words[0].replace("_", " "), **card.kind_titles})
        if RATED in card.event_weights:
            card = replace(card, event_verbs={RATED: "rated", **card.event_verbs})
        if len(topics):
            note_shared_title(card.kind_titles.get("topic", "topic"), "topics", item_table, found)
        user_table = _things(users, "users", "user", events["user"], found)
        return Tables(card, events, user_table, item_table, topics, weighted(None, "creator"), tuple(found))


def _inter_file(path: Path) -> Path:
    """The .inter file that a path means. Raises DataError where it means none, or several."""
    if not os.path.isdir(path):
        if not os.path.lexists(path):
            raise DataError(f"There is no file {shown(path)}: name a folder with NAME.inter, or that file.")
        return path
    names = [name for name in names_in(path) if name.endswith(EVENTS)]
    if not names:
        raise DataError(f"{shown(path)} holds no NAME.inter; it holds {listed(names_in(path))}.")
    if len(names) > 1:
        raise DataError(
            f"{shown(path)} holds several data sets ({listed(names)}): name one of these files instead of the folder."
        )
    return path / names[0]


def _read(file: Path, table: str, ids: tuple[str, ...], found: list[Problem], limits: Limits) -> AtomicFile:
    """One file. Raises DataError for all that cannot be read, before anything waits for a pipe."""
    odd = odd_kind(file)
    if odd is not None:
        raise DataError(
            f"{shown(file.parent)}: {shown(file.name)} is {odd}, not a file that can be read. Put the file itself there."
        )
    try:
        return read_atomic(file, table, ids, found, limits)
    except OSError as error:
        raise DataError(f"{shown(file.name)} cannot be read: {error.strerror or error}.") from None


def _read_beside(
    inter: Path, ending: str, table: str, key: str, found: list[Problem], limits: Limits
) -> AtomicFile | None:
    """The file of the same name with another ending, None where there is none."""
    file = inter.with_name(inter.name.removesuffix(EVENTS) + ending)
    return _read(file, table, (key,), found, limits) if os.path.lexists(file) else None


def _note_files(inter: Path, found: list[Problem]) -> None:
    stem = inter.name.removesuffix(EVENTS)
    others = [name for name in held_in(inter.parent) if name not in {stem + e for e in (EVENTS, USERS, ITEMS)} | {CARD}]
    if others:
        told = f"not read: {listed(others)}. Read are {shown(stem, 30)} with the endings {EVENTS}, {USERS} and {ITEMS}."
        found.append(problem("note", "folder", "", [], told))


def _events(read: AtomicFile, found: list[Problem]) -> pd.DataFrame:
    """The interactions, under our names. Raises DataError for a rating or time of several values."""
    for field in ("rating", "timestamp", "event", "context"):
        if read.types.get(field, "").endswith("_seq"):
            raise DataError(f"The .inter file declares {field} as {read.types[field]}: it must be one value, such as float.")
    frame = _own_names(read.cells, "events", {field: FIELDS[field] for field in FIELDS if field in read.types}, found)
    return completed_events(frame, found, event=RATED if "rating" in read.types else DEFAULT_EVENT)


def _things(
    read: AtomicFile | None, table: str, key: str, seen: pd.Series, found: list[Problem]
) -> pd.DataFrame:
    """Users or items with their attributes. Those that only the interactions name are added: RecBole knows them by id."""
    if read is None:
        return labelled(None, table, key, found)
    kept, label = dict(read.types), _label_field(read)
    for field in read.fields("float_seq"):
        if field != label:
            told = "a list of numbers is no attribute: left out."
            found.append(problem("note", table, field, [], told))
            del kept[field]
    if table == "items":
        kept = {field: kind for field, kind in kept.items() if field not in _word_fields(read)}
    floats = {f: as_floats(read.cells[f], table, found) for f in read.fields("float") if f not in (f"{key}_id", label)}
    ours = {f"{key}_id": key} | ({label: "label"} if label else {})
    frame = _own_names(read.cells[list(kept)].assign(**floats), table, ours, found)
    return _with_those_seen(labelled(frame, table, key, found), table, key, seen, found)


def _own_names(frame: pd.DataFrame, table: str, ours: dict[str, str], found: list[Problem]) -> pd.DataFrame:
    """Fields under our names; another field that has one of these already is left out, with a note."""
    taken = [field for field in frame.columns if field in ours.values() and field not in ours]
    for field in taken:
        source = next(own for own, name in ours.items() if name == field)
        found.append(problem("note", table, field, [], f"left out: {shown(source, 30)} is read under this name."))
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


def _topics(read: AtomicFile, words: tuple[str, ...], inter: Path, limits: Limits) -> pd.DataFrame | None:
    """A row for each item and word. Where several fields have words, an id begins with its field."""
    tables = []
    for field in words:
        cells = read.cells[["item_id", field]].dropna()
        n_words = int(cells[field].str.count(r"\S+").sum())
        limits.check(inter.name.removesuffix(EVENTS) + ITEMS, "cells", n_words)
        rows = cells.assign(label=cells[field].str.split()).explode("label").dropna(subset=["label"])
        topic = rows["label"] if len(words) == 1 else f"{field}:" + rows["label"]
        tables.append(pd.DataFrame({"item": rows["item_id"], "topic": topic, "label": rows["label"]}))
    if not tables:
        return None
    return pd.concat(tables).drop_duplicates(["item", "topic"])


def _with_those_seen(
    frame: pd.DataFrame, table: str, key: str, seen: pd.Series, found: list[Problem]
) -> pd.DataFrame:
    ids = pd.Series(whole_ids(tidy(as_text(seen))).dropna().unique())
    more = ids[~ids.isin(whole_ids(tidy(as_text(frame[key]))))].sort_values()
    if not len(more):
        return frame
    told = f"{len(more):,} {table} of the interactions, such as {shown(more.iloc[0], 30)}, have no row: known by id alone."
    found.append(problem("note", table, key, [], told))
    last = int(frame.index.max()) + 1
    added = pd.DataFrame({key: more, "label": more}).set_axis(range(last, last + len(more)))
    whole = pd.concat([frame, added.astype("str")])
    whole.index.name = frame.index.name
    return whole


register(RecBole())
