"""Formats of own data: all keep the promises, each planted mistake breaks its own, and a stranger's file is enough."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.errors import DataError
from data.formats.base import all_formats, expected, format_of, get_format, tables_from
from data.formats.reading.completion import completed
from data.formats.reading.limits import Limits
from data.formats.reading.text_file import check_form, check_regular, not_utf8
from data.registry import Registry
from data.tables import Tables
from tests.conftest import ROOT
from tests.contract.format_promises import INTERACTIONS, PROMISES, broken, folder_with

Rows = Sequence[tuple[str, str, int]]
STRANGER = '''
"""The format `lines`: one interaction a line, as JSON lists ["user", "item", seconds] in lines.jsonl."""

import json
from dataclasses import dataclass

import pandas as pd

from core.errors import DataError, shown
from data.formats.base import held_in, register
from data.formats.reading.completion import completed
from data.formats.reading.text_file import check_form, check_regular, not_utf8


@dataclass(frozen=True)
class Lines:
    name: str = "lines"
    title: str = "a list of JSON a line"
    needs: str = "lines.jsonl"
    order: int = 50

    def reads(self, path):
        return "lines.jsonl" in held_in(path)

    def tables(self, path, name, limits):
        file = path / "lines.jsonl"
        check_regular(file)
        try:
            limits.check(file.name, "bytes", file.stat().st_size)
            rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
            limits.check(file.name, "rows", len(rows))
            limits.check(file.name, "cells", 3 * len(rows))
            events = pd.DataFrame([(str(u), str(i), int(t)) for u, i, t in rows], columns=["user", "item", "time"])
        except DataError:
            raise
        except UnicodeDecodeError as error:
            raise not_utf8(file) from error
        except (OSError, ValueError, TypeError) as error:
            raise DataError(f"{file.name} holds other things than lists of user, item, seconds.") from error
        if events.empty:
            raise DataError(f"{file.name} is empty: it needs a line for each interaction.")
        return completed({"events": events}, name=name, folder=path, problems=[])

    def sample(self, interactions):
        return {"lines.jsonl": "".join(json.dumps(row) + "\\n" for row in interactions)}


register(Lines())
'''  # what somebody writes who has read CONTRIBUTING alone


@pytest.mark.parametrize("name", [form.name for form in all_formats()])
def test_a_format_keeps_its_promises(name: str, tmp_path: Path) -> None:
    assert broken(get_format(name), tmp_path) == {}


@pytest.mark.parametrize("name", [form.name for form in all_formats()])
def test_no_format_takes_what_is_another_ones(name: str, tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "own", get_format(name).sample(INTERACTIONS))
    assert [form.name for form in all_formats() if form.reads(folder)] == [name]
    assert format_of(folder).name == name


# Planted mistakes: a format that is right but for one thing


@dataclass(frozen=True)
class Plain:
    """Lines of user|item|seconds in plain.txt, below a header."""

    name: str = "plain"
    title: str = "plain lines"
    needs: str = "plain.txt"
    order: int = 90

    def reads(self, path: Path) -> bool:
        try:
            return (path / "plain.txt").is_symlink() or (path / "plain.txt").exists()
        except OSError:
            return False

    def tables(self, path: Path, name: str, limits: Limits) -> Tables:
        return self.tables_of(self.rows(path / "plain.txt", limits), path, name)

    def rows(self, file: Path, limits: Limits) -> list[list[str]]:
        check_regular(file)
        self.check_limits(file, limits)
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise not_utf8(file) from error
        except OSError as error:
            raise DataError(f"{file.name} cannot be read: {error}.") from error
        header, *rows = [line.split("\x1f") for line in text.split("\n") if line] or [[]]
        if header != ["user", "item", "time"] or not rows:
            raise DataError(f"{file.name} has a wrong header.")
        limits.check(file.name, "rows", len(rows))
        limits.check(file.name, "cells", 3 * len(rows))
        return rows

    def check_limits(self, file: Path, limits: Limits) -> None:
        try:
            check_form(file, limits, "lines")
        except OSError as error:
            raise DataError(f"{file.name} cannot be read: {error}.") from error

    def tables_of(self, rows: list[list[str]], path: Path, name: str) -> Tables:
        frame = pd.DataFrame(rows, columns=["user", "item", "time"], dtype="str")
        return completed({"events": frame}, name=name, folder=path, problems=[])

    def sample(self, interactions: Rows) -> dict[str, str]:
        lines = [("user", "item", "time"), *interactions]
        return {"plain.txt": "".join("\x1f".join(map(str, line)) + "\n" for line in lines)}


class NoTitle(Plain):
    title = " "


class Greedy(Plain):
    def reads(self, path: Path) -> bool:
        return path.is_dir()


class Blind(Plain):
    def reads(self, path: Path) -> bool:
        return False


class Listing(Plain):
    def reads(self, path: Path) -> bool:
        return path.is_dir() and "plain.txt" in [entry.name for entry in path.iterdir()]


class LosesARow(Plain):
    def tables_of(self, rows: list[list[str]], path: Path, name: str) -> Tables:
        return super().tables_of(rows[:-1], path, name)


class OtherName(Plain):
    def tables_of(self, rows: list[list[str]], path: Path, name: str) -> Tables:
        return super().tables_of(rows, path, "plain")


class Numbers(Plain):
    def tables_of(self, rows: list[list[str]], path: Path, name: str) -> Tables:
        return super().tables_of([[u.lstrip("0"), i, t] for u, i, t in rows], path, name)


class Unquotes(Plain):
    def tables_of(self, rows: list[list[str]], path: Path, name: str) -> Tables:
        return super().tables_of([[u.strip('"'), i, t] for u, i, t in rows], path, name)


class TitleOfTheFirst(Plain):
    def tables_of(self, rows: list[list[str]], path: Path, name: str) -> Tables:
        items = pd.DataFrame({"item": sorted({i for _, i, _ in rows})}).assign(first=rows[0][0])
        frame = pd.DataFrame(rows, columns=["user", "item", "time"], dtype="str")
        return completed({"events": frame, "items": items}, name=name, folder=path, problems=[])


class Counting(Plain):
    """Tells another title each time."""

    def tables_of(self, rows: list[list[str]], path: Path, name: str) -> Tables:
        CALLS.append(1)
        frame = pd.DataFrame(rows, columns=["user", "item", "time"], dtype="str")
        return completed({"events": frame}, name=name, folder=path, problems=[], known={"title": f"read {len(CALLS)}"})


CALLS: list[int] = []


class Notes(Plain):
    def tables(self, path: Path, name: str, limits: Limits) -> Tables:
        (path / ".cache").write_text("read before")
        return super().tables(path, name, limits)


class AnyHeader(Plain):
    def rows(self, file: Path, limits: Limits) -> list[list[str]]:
        check_regular(file)
        self.check_limits(file, limits)
        lines = file.read_text(encoding="utf-8", errors="replace").split("\n")[1:]
        rows = [[*line.split("\x1f"), "0", "0"][:3] for line in lines if line]
        limits.check(file.name, "rows", len(rows))
        limits.check(file.name, "cells", 3 * len(rows))
        return rows


class Traceback(Plain):
    def rows(self, file: Path, limits: Limits) -> list[list[str]]:
        check_regular(file)
        self.check_limits(file, limits)
        rows = [line.split("\x1f") for line in file.read_text(encoding="utf-8").split("\n")[1:] if line]
        limits.check(file.name, "rows", len(rows))
        limits.check(file.name, "cells", 3 * len(rows))
        return [[u, i, t] for u, i, t in rows]


class BareOpen(Plain):
    def check_limits(self, file: Path, limits: Limits) -> None:
        check_form(file, limits, "lines")


class Boundless(Plain):
    def check_limits(self, file: Path, limits: Limits) -> None:
        super().check_limits(file, Limits())


PLANTED = [
    (NoTitle, "says_what_it_is"),
    (Greedy, "reads_its_own_and_nothing_else"),
    (Blind, "reads_its_own_and_nothing_else"),
    (Listing, "reads_never_raises"),
    (LosesARow, "tells_what_was_written"),
    (OtherName, "tells_what_was_written"),
    (Numbers, "keeps_hostile_ids"),
    (Unquotes, "keeps_hostile_ids"),
    (TitleOfTheFirst, "needs_no_order_of_rows"),
    (Counting, "tells_the_same_again"),
    (Notes, "leaves_files_alone"),
    (AnyHeader, "refuses_what_cannot_be_read"),
    (Traceback, "refuses_what_cannot_be_read"),
    (BareOpen, "refuses_files_that_may_not_be_opened"),
    (Boundless, "keeps_limits"),
]


def test_the_planted_format_is_right_but_for_what_is_planted(tmp_path: Path) -> None:
    assert broken(Plain(), tmp_path) == {}


@pytest.mark.parametrize(("mistake", "promise"), PLANTED)
def test_a_planted_mistake_breaks_the_promise_that_it_is_about(
    mistake: type[Plain], promise: str, tmp_path: Path
) -> None:
    failures = broken(mistake(title=mistake.title), tmp_path)
    assert promise in failures
    assert failures[promise].startswith("plain: ")


def test_every_promise_has_a_planted_mistake() -> None:
    assert {promise for _, promise in PLANTED} == {promise.__name__ for promise in PROMISES}


# The door


def test_what_no_format_reads_is_told_with_what_each_needs(tmp_path: Path) -> None:
    needs = [form.needs for form in all_formats()]
    (tmp_path / "notes.md").write_text("Hi.")
    for path, message in (
        (tmp_path, "it holds 'notes.md'"),
        (tmp_path / "nowhere", "There is no folder or file"),
        (tmp_path / "notes.md", "it is a file"),
        (Path("/dev/null"), "it is a device"),
    ):
        with pytest.raises(DataError) as caught:
            tables_from(path, "mine")
        assert message in str(caught.value)
        assert [need for need in needs if need not in str(caught.value)] == []


def test_a_folder_that_may_not_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: object) -> list[str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.listdir", denied)
    with pytest.raises(DataError, match=r"cannot be listed: Permission denied\."):
        tables_from(tmp_path, "mine")


def test_two_of_one_name_and_names_that_are_none_are_refused() -> None:
    registry: Registry[Plain] = Registry("format", "data.formats")
    registry.register(Plain())
    registry.register(Plain())
    with pytest.raises(ValueError, match="Two entries are called plain"):
        registry.register(Greedy())
    for name in ("", "Plain", "../plain", "a b", "x" * 60):
        with pytest.raises(ValueError, match="is no name of a format"):
            registry.register(Plain(name=name))


# A stranger's format: one new file in data/formats/, and nothing else


ASKED = """
import json, pathlib, sys
import data.formats

package, place = map(pathlib.Path, sys.argv[1:])
data.formats.__path__.append(str(package))  # as if the stranger's file lay there

from data.formats.base import get_format
from tests.command_line import surfaced
from tests.contract.format_promises import INTERACTIONS, broken, folder_with

form = get_format("lines")
own, other = folder_with(place / "own", form.sample(INTERACTIONS)), folder_with(place / "other", {})
answers = {
    "broken": broken(form, place / "promises"),
    "prepared": surfaced("prepare", "-w", "mine", "--from", own, "--json").json,
    "refused": surfaced("prepare", "-w", "mine", "--from", other).complaint,
    "help": " ".join(surfaced("prepare", "--help").out.split()),
}
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the suite and the commands say in a process that finds the stranger's file."""
    place = tmp_path_factory.mktemp("stranger")
    package = folder_with(place / "package", {"lines.py": STRANGER})
    command = [sys.executable, "-c", ASKED, str(package), str(place)]
    environment = os.environ | {"SURFACED_HOME": str(place / "home")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


def test_the_suite_takes_a_strangers_format(answers: dict[str, Any]) -> None:
    assert answers["broken"] == {}


def test_prepare_takes_a_strangers_format(answers: dict[str, Any]) -> None:
    assert answers["prepared"]["n_events"] == len(INTERACTIONS)
    assert "no lines.jsonl (a list of JSON a line)" in answers["refused"]
    assert "or lines.jsonl (a list of JSON a line)" in answers["help"]
    assert "lines.jsonl" not in expected(), "this process has not seen it"
