"""What every format of own data promises, each promise a function that fails with what was broken.

`broken` runs them all over one format; test_formats runs it over the registry, over planted mistakes, each of which
must break the promise that it is about, and over a stranger's format in a process of its own.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import patch

from core.errors import DataError
from data.formats.base import Format
from data.formats.reading.limits import Limits
from data.tables import Tables
from data.validation import validate

INTERACTIONS = [
    ("ann", "tea", 1_700_000_100),
    ("ann", "jam", 1_700_000_200),
    ("bob", "tea", 1_700_000_300),
    ("bob", "fig", 1_700_000_400),
    ("cat", "jam", 1_700_000_500),
    ("cat", "egg", 1_700_000_500),
]
HOSTILE = [
    "<b>x</b>",
    '"Weird" Al',
    'half a "quote',
    "O'Hara; DROP TABLE",
    "a,b",
    "a;b",
    "a|b",
    "{x}",
    "[y]",
    "${z}",
    "日本",
    "Ü",
    "007",
    "1e3",
    "null",
    "true",
    "#hash",
    "=1+1",
    "\\n",
    "x:token",
]
LONGEST_S = 20
JUNK = random.Random(7).randbytes(3_000)


def folder_with(place: Path, files: dict[str, str]) -> Path:
    """A new folder with these files."""
    place.mkdir(parents=True)
    for name, text in files.items():
        (place / name).write_text(text, encoding="utf-8", newline="")
    return place


def read(form: Format, path: Path, limits: Limits | None = None) -> Tables:
    """The checked tables. Whatever waits longer than any table takes has lost."""
    with in_time():
        return validate(form.tables(path, "mine", limits or Limits()))[0]


@contextmanager
def in_time() -> Iterator[None]:
    def late(*_: object) -> None:
        raise TimeoutError(f"not done in {LONGEST_S} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(LONGEST_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def events_of(tables: Tables) -> list[tuple[str, str, int]]:
    return sorted(zip(tables.events["user"], tables.events["item"], tables.events["time"].tolist(), strict=True))


def says_what_it_is(form: Format, place: Path) -> None:
    for words in (form.name, form.title, form.needs):
        assert words == words.strip() != "", "a name, a title and what it needs are words"
        assert words.isprintable()
        assert not words.endswith("."), f"{words!r} stands inside sentences"
    assert isinstance(form.order, int)


def reads_its_own_and_nothing_else(form: Format, place: Path) -> None:
    with in_time():
        assert form.reads(folder_with(place / "own", form.sample(INTERACTIONS))), "its own sample is read"
        others = {
            "an empty folder": folder_with(place / "empty", {}),
            "a folder of other things": folder_with(place / "other", {"README.md": "Hi.", "x.py": "pass"}),
            "what is not there": place / "nowhere",
            "a file of other things": place / "other" / "x.py",
            "a device": Path("/dev/null"),
        }
        os.mkfifo(place / "pipe")
        for what, path in (others | {"a pipe": place / "pipe", "a name without end": place / ("x" * 5_000)}).items():
            assert form.reads(path) is False, f"{what} is not read"


def reads_never_raises(form: Format, place: Path) -> None:
    folder = folder_with(place / "own", form.sample(INTERACTIONS))
    denied = PermissionError(13, "Permission denied")
    with patch("os.listdir", side_effect=denied), patch("os.scandir", side_effect=denied):
        assert form.reads(folder) in (True, False)


def tells_what_was_written(form: Format, place: Path) -> None:
    tables = read(form, folder_with(place / "own", form.sample(INTERACTIONS)))
    assert events_of(tables) == sorted(INTERACTIONS), "users, items and times are those of the sample"
    assert set(tables.users["user"]) == {"ann", "bob", "cat"}
    assert set(tables.items["item"]) == {"tea", "jam", "fig", "egg"}
    assert tables.card.name == "mine", "the name is the one that was asked for"


def keeps_hostile_ids(form: Format, place: Path) -> None:
    rows = [(text, f"item {text}", 1_700_000_000 + n) for n, text in enumerate(HOSTILE)]
    assert events_of(read(form, folder_with(place / "own", form.sample(rows)))) == sorted(rows)


def needs_no_order_of_rows(form: Format, place: Path) -> None:
    readings = [
        read(form, folder_with(place / str(n), form.sample(rows)))
        for n, rows in enumerate((INTERACTIONS, INTERACTIONS[::-1], sorted(INTERACTIONS, key=lambda row: row[1])))
    ]
    for tables in readings[1:]:
        assert events_of(tables) == events_of(readings[0])
        assert tables.card == readings[0].card
        for name, key in (("users", "user"), ("items", "item")):
            one, two = (getattr(t, name).sort_values(key).reset_index(drop=True) for t in (readings[0], tables))
            assert one.equals(two), f"{name} do not depend on the order of rows"


def tells_the_same_again(form: Format, place: Path) -> None:
    folder = folder_with(place / "own", form.sample(INTERACTIONS))
    one, two = read(form, folder), read(form, folder)
    assert all(getattr(one, name).equals(getattr(two, name)) for name in ("events", "users", "items"))
    assert one.card == two.card


def leaves_files_alone(form: Format, place: Path) -> None:
    folder = folder_with(place / "own", form.sample(INTERACTIONS))
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    form.reads(folder)
    read(form, folder)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def refuses_what_cannot_be_read(form: Format, place: Path) -> None:
    """Every file of the sample, made unreadable in every way: a sentence each time."""
    kinds: dict[str, Callable[[Path], object]] = {
        "a pipe": os.mkfifo,
        "a link to nowhere": lambda file: file.symlink_to(file.parent / "nowhere"),
        "a link to itself": lambda file: file.symlink_to(file),
        "a device": lambda file: file.symlink_to("/dev/zero"),
        "a folder": Path.mkdir,
        "nothing in it": Path.touch,
        "binary junk": lambda file: file.write_bytes(JUNK),
        "UTF-16": lambda file: file.write_text("user,item\na,b\n", encoding="utf-16"),
        "Latin-1": lambda file: file.write_bytes("Jos\xe9\tx\nJos\xe9,x\n".encode("latin-1")),
        "a wrong header": lambda file: file.write_text("first,second\n1,2\n"),
        "another header": lambda file: file.write_text("first:token\tsecond:token\n1\t2\n"),
        "one endless line": lambda file: file.write_bytes(b"x" * (5 << 20)),
    }
    for n, name in enumerate(form.sample(INTERACTIONS)):
        for m, (what, make) in enumerate(kinds.items()):
            folder = folder_with(place / f"{n}-{m}", form.sample(INTERACTIONS))
            (folder / name).unlink()
            make(folder / name)
            assert_refused(partial(read, form, folder), f"{name} is {what}")


def refuses_files_that_may_not_be_opened(form: Format, place: Path) -> None:
    folder = folder_with(place / "own", form.sample(INTERACTIONS))
    denied = PermissionError(13, "Permission denied")
    with (
        patch("io.open", side_effect=denied),
        patch("builtins.open", side_effect=denied),
        patch("os.open", side_effect=denied),
    ):
        assert_refused(lambda: read(form, folder), "the files may not be read")


def keeps_limits(form: Format, place: Path) -> None:
    folder = folder_with(place / "own", form.sample(INTERACTIONS))
    read(form, folder, Limits(rows=20, columns=20, cells=200, bytes=20_000))
    for what in ("rows", "cells", "bytes"):
        few = replace(Limits(), **{what: 3})
        message = assert_refused(partial(read, form, folder, few), f"at most 3 {what} are read")
        assert f"--limits {what}=" in message, f"says how to read more {what}: {message}"


def assert_refused(ask: Callable[[], object], what: str) -> str:
    """The message of the DataError that must come, once it is what a refusal must be."""
    try:
        ask()
    except DataError as error:
        message = str(error)
        assert message.endswith((".", "?")), f"{what}: {message!r} is no sentence"
        assert message.isprintable(), f"{what}: {message!r} is not on one line"
        return message
    except Exception as error:
        raise AssertionError(f"{what}: {type(error).__name__} instead of a sentence: {error}") from error
    raise AssertionError(f"{what}, and nothing was said")


PROMISES: Sequence[Callable[[Format, Path], None]] = (
    says_what_it_is,
    reads_its_own_and_nothing_else,
    reads_never_raises,
    tells_what_was_written,
    keeps_hostile_ids,
    needs_no_order_of_rows,
    tells_the_same_again,
    leaves_files_alone,
    refuses_what_cannot_be_read,
    refuses_files_that_may_not_be_opened,
    keeps_limits,
)


def broken(form: Format, place: Path) -> dict[str, str]:
    """What was broken, by promise: empty for a format that keeps them all. place: a new folder for its files."""
    failures: dict[str, str] = {}
    for promise in PROMISES:
        own = place / promise.__name__
        own.mkdir(parents=True)
        try:
            promise(form, own)
        except Exception as error:
            failures[promise.__name__] = f"{form.name}: {type(error).__name__}: {error}"
    return failures
