"""Named data sets: all keep the promises, each planted mistake breaks its own, and a stranger's file is enough."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from commands.data import demo_workspaces
from core.errors import SourceError
from core.progress import Progress
from data.datasets import newsroom
from data.datasets.base import all_datasets, dataset_names, get_dataset
from data.simulation.config import NewsroomConfig
from data.tables import Tables
from tests.conftest import ROOT
from tests.contract.dataset_promises import PROMISES, broken, loaded
from tests.unit.tables_for_tests import tiny_tables

STRANGER = '''
"""The data set `bakery`: three people and four kinds of bread, made up on the spot."""

import pandas as pd

from data.datasets.base import register
from data.tables import DataCard, Tables

CARD = DataCard(
    name="bakery", title="Bakery", summary="Three people and four kinds of bread.", licence="CC0", citation="",
    event_weights={"purchase": 1.0}, positives=("purchase",), event_verbs={"purchase": "bought"},
)


class Bakery:
    name, title, summary, licence = CARD.name, CARD.title, CARD.summary, CARD.licence
    default_split = CARD.default_split
    command = "python cli.py prepare --workspace bakery"
    order, in_demo, lists_people, opens_first = 30, True, True, False

    def load(self, cache, progress):
        rows = [(u, i, "purchase", 1.0, 1_700_000_000 + n) for n, (u, i) in enumerate(zip("aabbcc", "xyyzzw"))]
        events = pd.DataFrame(rows, columns=["user", "item", "event", "value", "time"])
        users = pd.DataFrame({"user": ["a", "b", "c"], "label": ["Ann", "Bob", "Cat"]})
        items = pd.DataFrame({"item": ["w", "x", "y", "z"], "label": ["Roll", "Loaf", "Bun", "Rye"]})
        none = {k: pd.DataFrame({"item": [], k: [], "label": [], "weight": []}) for k in ("topic", "creator")}
        progress(1.0, "Bakery is made up")
        return Tables(CARD, events, users, items, none["topic"], none["creator"])


register(Bakery())
'''  # what somebody writes who has read CONTRIBUTING alone


@pytest.fixture(autouse=True)
def _small_and_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newsroom is simulated small; the test run has no network, and pip, a process of its own, is told the same."""
    monkeypatch.setattr(newsroom, "CONFIG", NewsroomConfig(n_users=60, n_items=80, n_authors=28, n_days=10))
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")


@pytest.mark.parametrize("name", dataset_names())
def test_a_data_set_keeps_its_promises(name: str, tmp_path: Path) -> None:
    assert broken(get_dataset(name), tmp_path) == {}


def test_the_newsroom_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    assert loaded(get_dataset("newsroom"), tmp_path / "cache") is not None
    assert not (tmp_path / "cache").exists()


def test_what_is_fetched_says_that_it_cannot_be_had_here(tmp_path: Path) -> None:
    loaded_tables = {known.name: loaded(known, tmp_path / known.name) for known in all_datasets()}
    assert [name for name, tables in loaded_tables.items() if tables is None] == ["complete-journey", "movielens-100k"]


def test_one_data_set_at_most_is_opened_first_and_the_demo_begins_with_one_that_is_always_there() -> None:
    assert sum(known.opens_first for known in all_datasets()) <= 1
    assert demo_workspaces() == ("newsroom", "movielens-100k")


# Planted mistakes: a data set that is right but for one thing


@dataclass(frozen=True)
class Tiny:
    name: str = "tiny"
    title: str = "Tiny"
    summary: str = "Three readers and four stories."
    licence: str = "None."
    command: str = "make tiny"
    order: int = 90
    default_split: str = "last"
    in_demo: bool = False
    lists_people: bool = True
    opens_first: bool = False

    def load(self, cache: Path, progress: Progress) -> Tables:
        progress(0.5, "making")
        progress(1.0, "made")
        return tiny_tables()


class NoLicence(Tiny):
    def __init__(self) -> None:
        super().__init__(licence="")


class Traceback(Tiny):
    def load(self, cache: Path, progress: Progress) -> Tables:
        raise ConnectionError("no network")


class NoSentence(Tiny):
    def load(self, cache: Path, progress: Progress) -> Tables:
        raise SourceError("urlopen error")


class Broken(Tiny):
    def load(self, cache: Path, progress: Progress) -> Tables:
        tables = super().load(cache, progress)
        return replace(tables, users=tables.users[:1])


class OtherLicence(Tiny):
    def __init__(self) -> None:
        super().__init__(licence="CC0")


class OtherSplit(Tiny):
    def __init__(self) -> None:
        super().__init__(default_split="time")


class Counting(Tiny):
    def load(self, cache: Path, progress: Progress) -> Tables:
        CALLS.append(1)
        tables = super().load(cache, progress)
        return replace(tables, items=tables.items.assign(year=len(CALLS)))


CALLS: list[int] = []


class GoesBack(Tiny):
    def load(self, cache: Path, progress: Progress) -> Tables:
        progress(0.9, "making")
        return super().load(cache, progress)


class EndsEarly(Tiny):
    def load(self, cache: Path, progress: Progress) -> Tables:
        progress(0.9, "making")
        return tiny_tables()


class GoesOn(Tiny):
    def load(self, cache: Path, progress: Progress) -> Tables:
        try:
            return super().load(cache, progress)
        except Exception:
            return tiny_tables()


PLANTED = [
    (NoLicence, "says_what_it_is"),
    (Traceback, "loads_or_says_why_not"),
    (NoSentence, "loads_or_says_why_not"),
    (Broken, "is_fit_for_a_graph"),
    (OtherLicence, "has_the_card_that_it_says"),
    (OtherSplit, "has_the_card_that_it_says"),
    (Counting, "is_the_same_each_time"),
    (GoesBack, "tells_how_far_it_is"),
    (EndsEarly, "tells_how_far_it_is"),
    (GoesOn, "can_be_stopped"),
]


def test_the_planted_data_set_is_right_but_for_what_is_planted(tmp_path: Path) -> None:
    assert broken(Tiny(), tmp_path) == {}


@pytest.mark.parametrize(("mistake", "promise"), PLANTED)
def test_a_planted_mistake_breaks_the_promise_that_it_is_about(
    mistake: type[Tiny], promise: str, tmp_path: Path
) -> None:
    failures = broken(mistake(), tmp_path)
    assert promise in failures
    assert failures[promise].startswith("tiny: ")


def test_every_promise_has_a_planted_mistake() -> None:
    assert {promise for _, promise in PLANTED} == {promise.__name__ for promise in PROMISES}


# A stranger's data set: one new file in data/datasets/, and nothing else


ASKED = """
import json, pathlib, sys
import data.datasets

package, place = map(pathlib.Path, sys.argv[1:])
data.datasets.__path__.append(str(package))  # as if the stranger's file lay there

from data.datasets.base import get_dataset
from commands.data import demo_workspaces
from tests.command_line import surfaced
from tests.contract.dataset_promises import broken

answers = {
    "broken": broken(get_dataset("bakery"), place / "promises"),
    "prepared": surfaced("prepare", "--workspace", "bakery", "--json").json,
    "workspaces": surfaced("workspaces", "--json").json["workspaces"],
    "help": " ".join(surfaced("prepare", "--help").out.split()),
    "demo": demo_workspaces(),
}
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the suite and the commands say in a process that finds the stranger's file."""
    place = tmp_path_factory.mktemp("stranger")
    (place / "package").mkdir()
    (place / "package" / "bakery.py").write_text(STRANGER)
    command = [sys.executable, "-c", ASKED, str(place / "package"), str(place)]
    environment = os.environ | {"SURFACED_HOME": str(place / "home")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


def test_the_suite_takes_a_strangers_data_set(answers: dict[str, Any]) -> None:
    assert answers["broken"] == {}


def test_commands_take_a_strangers_data_set(answers: dict[str, Any]) -> None:
    assert answers["prepared"]["n_events"] == 6
    assert [row["name"] for row in answers["workspaces"]] == [*dataset_names(), "bakery"]
    assert {row["name"]: row["title"] for row in answers["workspaces"] if row["ready"]} == {"bakery": "Bakery"}
    assert "movielens-100k, bakery or your own" in answers["help"]
    assert answers["demo"] == ["newsroom", "movielens-100k", "bakery"]
