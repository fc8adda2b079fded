"""What every named data set promises, each promise a function that fails with what was broken.

A data set that cannot be had without a network says so; one that can is loaded, checked and loaded again. `broken` runs
them all over one data set; test_datasets runs it over the registry, over planted mistakes and over a stranger's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

from core.errors import CancelledError, SourceError
from core.progress import no_progress
from data.builder import build_graph
from data.datasets.base import DataSet
from data.tables import SplitKind, Tables
from data.validation import validate

TABLES = ("events", "users", "items", "topics", "creators")


def loaded(known: DataSet, cache: Path) -> Tables | None:
    """The tables; None where the data set says, in a sentence, that it cannot be had here."""
    try:
        return known.load(cache, no_progress)
    except SourceError as error:
        message = str(error)
        assert message.endswith((".", "?")), f"{message!r} is no sentence"
        assert message.isprintable()
        assert known.title in message, "the sentence names the data set"
        return None


def says_what_it_is(known: DataSet, place: Path) -> None:
    for words in (known.name, known.title, known.summary, known.licence, known.command):
        assert words == words.strip() != "", "name, title, summary, licence and command are words"
        assert words.isprintable()
    assert known.summary.endswith("."), "the summary is a sentence"
    assert known.default_split in get_args(SplitKind)
    assert {type(value) for value in (known.in_demo, known.lists_people, known.opens_first)} == {bool}
    assert isinstance(known.order, int)


def loads_or_says_why_not(known: DataSet, place: Path) -> None:
    tables = loaded(known, place / "cache")
    assert tables is None or len(tables.events)


def is_fit_for_a_graph(known: DataSet, place: Path) -> None:
    tables = loaded(known, place / "cache")
    if tables is not None:
        checked, _ = validate(tables)
        assert len(build_graph(checked).events) == len(checked.events)


def has_the_card_that_it_says(known: DataSet, place: Path) -> None:
    tables = loaded(known, place / "cache")
    if tables is not None:
        card = tables.card
        assert (card.name, card.title, card.licence) == (known.name, known.title, known.licence)
        assert validate(tables)[0].card.default_split == known.default_split, (
            "the stated split has something to hold back"
        )


def is_the_same_each_time(known: DataSet, place: Path) -> None:
    one, two = loaded(known, place / "one"), loaded(known, place / "two")
    assert (one is None) == (two is None)
    if one is not None and two is not None:
        assert all(getattr(one, name).equals(getattr(two, name)) for name in TABLES), "twice the same tables"
        assert one.card == two.card


def tells_how_far_it_is(known: DataSet, place: Path) -> None:
    reports: list[tuple[float, str]] = []
    try:
        known.load(place / "cache", lambda fraction, doing: reports.append((fraction, doing)))
    except SourceError:
        return
    fractions = [fraction for fraction, _ in reports]
    assert fractions == sorted(fractions), "progress does not go back"
    assert fractions[-1] == 1.0, "progress ends at 1"
    assert min(fractions) >= 0.0
    assert all(doing for _, doing in reports)


def can_be_stopped(known: DataSet, place: Path) -> None:
    def stop(fraction: float, doing: str) -> None:
        raise CancelledError("Stopped.")

    try:
        known.load(place / "cache", stop)
    except (CancelledError, SourceError):
        return
    raise AssertionError("it went on after it was stopped")


PROMISES: Sequence[Callable[[DataSet, Path], None]] = (
    says_what_it_is,
    loads_or_says_why_not,
    is_fit_for_a_graph,
    has_the_card_that_it_says,
    is_the_same_each_time,
    tells_how_far_it_is,
    can_be_stopped,
)


def broken(known: DataSet, place: Path) -> dict[str, str]:
    """What was broken, by promise: empty for a data set that keeps them all. place: a new folder for its downloads."""
    failures: dict[str, str] = {}
    for promise in PROMISES:
        own = place / promise.__name__
        own.mkdir(parents=True)
        try:
            promise(known, own)
        except Exception as error:
            failures[promise.__name__] = f"{known.name}: {type(error).__name__}: {error}"
    return failures
