"""Bad input of every kind, through the doors that users have: a sentence and status 2, or an answer; never a traceback.

Each test prepares a small shop of its own with `prepare --from FOLDER`: four people, five items, nobody has seen the
last one, the last person has no history.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from explain.charts.flow_network import path_network
from explain.charts.flow_svg import flow_svg
from explain.workbench.workbench import Workbench
from tests.command_line import Ended, surfaced
from tests.models import from_events_alone, of_walks_alone

SHOP = ("--workspace", "shop")
PATH = (*SHOP, "--model", "path")
MODELS = from_events_alone()
EVENTS = [
    ("ann", "tea", 1_700_000_100),
    ("ann", "jam", 1_700_000_200),
    ("ann", "egg", 1_700_000_300),
    ("bob", "tea", 1_700_000_400),
    ("bob", "jam", 1_700_000_500),
    ("bob", "fig", 1_700_000_600),
    ("cat", "egg", 1_700_000_700),
    ("cat", "fig", 1_700_000_800),
    ("cat", "tea", 1_700_000_900),
]
PEOPLE = ["ann", "bob", "cat", "dan"]
ITEMS = ["tea", "jam", "egg", "fig", "nut"]


class Shop:
    """A folder of own data, and the commands on it."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder, self.home = folder, home
        folder.mkdir()
        rows = "".join(f"{user},{item},4,{time}\n" for user, item, time in EVENTS)
        self.write("events", "user,item,value,time\n" + rows)
        self.write("users", "user\n" + "\n".join(PEOPLE) + "\n")
        self.write("items", "item\n" + "\n".join(ITEMS) + "\n")

    def write(self, table: str, text: str) -> None:
        (self.folder / f"{table}.csv").write_text(text, encoding="utf-8")

    def add(self, table: str, row: str) -> None:
        with (self.folder / f"{table}.csv").open("a", encoding="utf-8") as file:
            file.write(row + "\n")

    def prepare(self) -> Ended:
        return surfaced("prepare", *SHOP, "--from", self.folder, "--json")

    def fitted(self, *models: str) -> Shop:
        assert self.prepare().status == 0
        for model in models or ("path",):
            assert surfaced("fit", *SHOP, "--model", model, "--json").status == 0
        return self

    def why(self, user: str, item: str, model: str = "path") -> dict[str, Any]:
        return surfaced("why", *SHOP, "--model", model, "--user", user, "--item", item, "--json").json

    @property
    def tables(self) -> Path:
        return self.home / "workspaces" / "shop" / "tables"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("SURFACED_HOME", str(tmp_path / "state"))
    return Shop(tmp_path / "own", tmp_path / "state")


def complete(explanation: dict[str, Any]) -> bool:
    """The explanation is one of the score that it names: parts, and what the picture lets into the item, sum to it."""
    target = f"3:item:{explanation['item']}"
    entering = [b for b in explanation["bundles"] if b["target"] == target]
    sums = sum(p["value"] for p in explanation["parts"]), sum(b["value_for"] - b["value_against"] for b in entering)
    return bool(np.allclose(sums, explanation["score"], rtol=1e-5, atol=1e-9))


# Files


def test_good_data_are_prepared(shop: Shop) -> None:
    """What the other tests spoil is fine before."""
    report = shop.prepare().json
    assert (report["n_users"], report["n_items"], report["n_events"]) == (4, 5, 9)
    assert report["relations"]["interaction"] == 9


@pytest.mark.parametrize("table", ["events", "users", "items"])
def test_an_empty_file(shop: Shop, table: str) -> None:
    shop.write(table, "")
    assert f"{table}.csv is empty" in shop.prepare().complaint


def test_a_header_without_rows(shop: Shop) -> None:
    shop.write("events", "user,item\n")
    assert "has a header but no rows" in shop.prepare().complaint


def test_a_wrong_header(shop: Shop) -> None:
    shop.write("events", "person,thing\nann,tea\n")
    complaint = shop.prepare().complaint
    assert "lacks user and item" in complaint
    assert "'person', 'thing'" in complaint


def test_a_folder_without_data(shop: Shop, tmp_path: Path) -> None:
    assert "There is no folder" in surfaced("prepare", *SHOP, "--from", tmp_path / "none").complaint
    shutil.rmtree(shop.folder)
    shop.folder.mkdir()
    assert "no events.csv" in shop.prepare().complaint


def test_text_that_is_no_table(shop: Shop) -> None:
    (shop.folder / "events.csv").write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff\xfe")
    assert "is not UTF-8 text" in shop.prepare().complaint


def test_a_parquet_file_that_is_none(shop: Shop) -> None:
    (shop.folder / "events.csv").rename(shop.folder / "events.parquet")
    assert "is no Parquet file" in shop.prepare().complaint


def test_a_card_that_is_no_json(shop: Shop) -> None:
    (shop.folder / "card.json").write_text("{")
    assert "card.json is not JSON" in shop.prepare().complaint


@pytest.mark.parametrize("name", ["newsroom", "../shop", "Shop", "", "a" * 60, ".shop", "shop/x"])
def test_a_name_that_no_workspace_may_have(shop: Shop, name: str) -> None:
    complaint = surfaced("prepare", "--workspace", name, "--from", shop.folder).complaint
    assert "built-in workspace" in complaint or "cannot be a workspace's name" in complaint
    assert not list(shop.home.rglob("*.parquet"))


# Rows


def test_duplicate_rows_are_counted_once_and_said(shop: Shop) -> None:
    shop.add("events", "ann,tea,4,1700000100")
    report = shop.prepare().json
    assert report["n_events"] == 9
    assert [p for p in report["problems"] if "row 11" in p and "repeats an earlier row" in p]


def test_an_id_that_stands_twice_among_the_people(shop: Shop) -> None:
    shop.add("users", "ann")
    assert "users.user, row 6" in shop.prepare().err


@pytest.mark.parametrize("value", ["NaN", "nan", "", "inf", "-3", "0", "four"])
def test_a_rating_that_is_no_number_above_0(shop: Shop, value: str) -> None:
    shop.add("events", f"dan,tea,{value},1700001000")
    ended = shop.prepare()
    assert ended.status == 2
    assert "events.value, row 11" in ended.err
    assert "Traceback" not in ended.err


def test_timestamps_in_milliseconds(shop: Shop) -> None:
    shop.add("events", "dan,tea,4,1700001000000")
    ended = shop.prepare()
    assert ended.status == 2
    assert "events.time, row 11: the time looks like milliseconds: divide by 1000" in ended.err


def test_all_problems_are_listed_not_the_first_alone(shop: Shop) -> None:
    for row in ("dan,tea,NaN,1700001000", "dan,jam,4,1700001000000", ",fig,4,1700001000", "eve,fig,4,1700001000"):
        shop.add("events", row)
    err = shop.prepare().err
    for cell in ("value, row 11", "time, row 12", "user, row 13", "user, row 14"):
        assert f"events.{cell}" in err


def test_an_event_of_someone_who_is_not_listed(shop: Shop) -> None:
    shop.add("events", "eve,tea,4,1700001000")
    assert "names users that the table 'users' does not have" in shop.prepare().err


# People and items without events


@pytest.mark.parametrize("model", MODELS)
def test_a_user_without_history(shop: Shop, model: str) -> None:
    """Recommendations are given all the same; why says which part of the score is whose, or that
    nothing leads there.
    """
    shop.fitted(model)
    items = surfaced("recommend", *SHOP, "--model", model, "--user", "dan", "-k", 5, "--json").json["items"]
    assert sorted(row["item"] for row in items) == sorted(ITEMS)
    for row in items:
        explanation = shop.why("dan", row["item"], model)
        assert explanation["score"] == pytest.approx(row["score"], rel=1e-9, abs=1e-12)
        assert complete(explanation)
        assert explanation["state"] == ("ok" if explanation["parts"] and explanation["score"] else "no_path")
    if model in of_walks_alone():
        assert all(row["score"] == 0 for row in items)
        assert "no path leads there" in explanation["sentence"]


@pytest.mark.parametrize("model", MODELS)
def test_an_item_that_nobody_has_seen(shop: Shop, model: str) -> None:
    shop.fitted(model)
    explanation = shop.why("ann", "nut", model)
    assert complete(explanation)
    if model == "lightgcn":
        assert explanation["state"] == "ok"
    else:
        assert (explanation["state"], explanation["score"]) == ("no_path", 0)
        assert "no path leads there" in explanation["sentence"]
    listed = surfaced("recommend", *SHOP, "--model", model, "--user", "ann", "-k", 5, "--json").json["items"]
    assert "nut" in [row["item"] for row in listed]


def test_a_group_that_reaches_an_item_nobody_has_seen(shop: Shop) -> None:
    """With a topic in common there is a way: the score, if the relation is used, is all that topic's."""
    shop.write("topics", "item,topic\n" + "\n".join(f"{item},sweet" for item in ("jam", "fig", "nut")) + "\n")
    explanation = shop.fitted().why("ann", "nut")
    assert complete(explanation)
    used = {key for part in explanation["parts"] for key, value in part["relations"].items() if value}
    assert used <= {"same_topic"}
    assert explanation["state"] == ("ok" if used else "no_path")


def test_everybody_is_audited_though_some_have_nothing(shop: Shop) -> None:
    shop.write("users", "user,town\nann,A\nbob,A\ncat,B\ndan,\n")
    shop.fitted("popularity")
    audit = surfaced("audit", *SHOP, "--model", "popularity", "--by", "town", "-k", 3, "--json").json
    assert {row["group"]: row["verdict"] for row in audit["rows"]} == dict.fromkeys(
        ("A", "B", "unknown"), "not estimable"
    )
    assert all(row["reason"] for row in audit["rows"])


def test_a_single_person_with_a_single_item(shop: Shop) -> None:
    shop.write("events", "user,item\nann,tea\n")
    shop.write("users", "user\nann\n")
    shop.write("items", "item\ntea\n")
    assert shop.prepare().status == 0
    assert "leaves one part of 'shop' without events" in surfaced("fit", *PATH).complaint


# Hostile texts

HOSTILE = "<img src=x onerror=alert(1)>"


def drawn(shop: Shop, item: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """An item's explanation as SVG, as the network's payload and as JSON."""
    bench = Workbench(shop.home)
    explanation = bench.explain.why("shop", "path", item, user="ann")
    svg = flow_svg(explanation, theme="light")
    ET.fromstring(svg)
    payload = path_network(explanation, theme="light")
    json.dumps(payload, allow_nan=False)
    return svg, payload, explanation.as_json()


def test_markup_in_a_title_stays_text(shop: Shop) -> None:
    shop.write(
        "items", 'item,label\ntea,"' + HOSTILE + '"\njam,"' + HOSTILE + '"\negg,e\nfig,"' + HOSTILE + '"\nnut,n\n'
    )
    shop.fitted()
    svg, payload, explanation = drawn(shop, "fig")
    assert explanation["label"] == HOSTILE
    assert f"“{HOSTILE}”" in explanation["sentence"]
    elements = {element.tag.rpartition("}")[2] for element in ET.fromstring(svg).iter()}
    assert "img" not in elements
    assert "<img" not in svg
    assert "&lt;img" in svg
    assert HOSTILE.split()[0] in json.dumps(payload)
    graph = ET.fromstring(
        Workbench(shop.home).explain.graphml(Workbench(shop.home).explain.why("shop", "path", "fig", user="ann"))
    )
    assert "img" not in {element.tag.rpartition("}")[2] for element in graph.iter()}


def test_markup_as_an_id_is_an_id(shop: Shop) -> None:
    shop.add("items", HOSTILE)
    shop.add("events", f"bob,{HOSTILE},4,1700001000")
    shop.fitted()
    svg, _, explanation = drawn(shop, HOSTILE)
    assert (explanation["item"], explanation["state"]) == (HOSTILE, "ok")
    assert "<img" not in svg


def test_a_title_of_10_000_characters_is_cut(shop: Shop) -> None:
    shop.write("items", f"item,label\ntea,{'t' * 10_000}\njam,j\negg,e\nfig,{'long title ' * 909}!\nnut,n\n")
    report = shop.prepare().json
    assert [p for p in report["problems"] if "labels longer than 300 characters were cut" in p]
    svg, payload, explanation = drawn(shop.fitted(), "fig")
    assert 100 < len(explanation["label"]) <= 300
    assert len(explanation["sentence"]) < 1_500
    assert "t" * 301 not in svg + json.dumps(payload)


@pytest.mark.parametrize(
    ("label", "readable"),
    [
        ("a\x00b", "a b"),
        ("\u202egnp.exe", "gnp.exe"),
        ("   ", "fig"),
        ('"; DROP TABLE items; --',) * 2,
        ("${alert(1)}",) * 2,
        ("$x^2$",) * 2,
    ],
)
def test_other_titles_that_have_broken_programs(shop: Shop, label: str, readable: str) -> None:
    quoted = label.replace('"', '""')
    shop.write("items", f'item,label\ntea,"{quoted}"\njam,j\negg,e\nfig,"{quoted}"\nnut,n\n')
    svg, _, explanation = drawn(shop.fitted(), "fig")
    assert complete(explanation)
    assert explanation["label"] == readable
    assert f"“{readable}”" in explanation["sentence"]
    assert not {"\x00", "\u202e"} & set(explanation["sentence"] + svg)


# The machine


def test_without_a_network_movielens_says_what_to_do(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test run has no network (tests/conftest.py); pip, a process of its own, is told the same."""
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    complaint = surfaced("prepare", "--workspace", "movielens-100k").complaint
    assert "Connect to the network" in complaint
    assert "SURFACED_DATA" in complaint
    assert "movielens-100k" in [row["name"] for row in surfaced("workspaces", "--json").json["workspaces"]]


def test_without_a_network_all_else_works(shop: Shop) -> None:
    shop.fitted(*MODELS)
    for model in MODELS:
        assert complete(shop.why("ann", "fig", model))


def test_a_killed_prepare_leaves_nothing_that_counts(shop: Shop) -> None:
    folder = shop.home / "workspaces" / "shop"
    half = folder / ".tables-killed"
    half.mkdir(parents=True)
    (half / "workspace.json").write_text("{}")
    (half / "events.parquet").write_bytes(b"PAR1")
    assert "There is no workspace 'shop'" in surfaced("fit", *PATH).complaint
    shop.fitted()
    assert complete(shop.why("ann", "fig"))
    assert [p.name for p in folder.iterdir() if p.name.startswith(".")] == [".preparing"]  # the lock


def test_a_killed_fit_leaves_nothing_that_counts(shop: Shop) -> None:
    assert shop.prepare().status == 0
    half = shop.home / "workspaces" / "shop" / "snapshots" / ".writing-killed"
    half.mkdir(parents=True)
    (half / "manifest.json").write_text('{"schema": 1')
    assert "is not fitted" in surfaced("recommend", *PATH, "--user", "ann").complaint
    shop.fitted()
    assert complete(shop.why("ann", "fig"))


def disk_full(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ("pandas.DataFrame", "to_parquet"),
        ("pathlib.Path", "write_text"),
        ("tempfile", "mkdtemp"),
        ("pathlib.Path", "mkdir"),
    ],
)
def test_a_full_disk_while_preparing_keeps_what_there_was(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, owner: str, name: str
) -> None:
    before = shop.fitted().why("ann", "fig")
    shop.add("events", "dan,tea,4,1700001000")
    with monkeypatch.context() as full:
        full.setattr(f"{owner}.{name}", disk_full)
        assert "No space left on device" in shop.prepare().complaint
    assert shop.why("ann", "fig") == before


def test_a_swap_that_fails_half_way_is_taken_back(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    before = shop.fitted().why("ann", "fig")
    shop.add("events", "dan,tea,4,1700001000")
    replace = os.replace

    def refuse_new_tables(source: Path, target: Path) -> None:
        return disk_full() if target == shop.tables else replace(source, target)

    with monkeypatch.context() as full:
        full.setattr(os, "replace", refuse_new_tables)
        assert "No space left on device" in shop.prepare().complaint
    assert shop.why("ann", "fig") == before
    left = {p.name for p in shop.tables.parent.iterdir()}
    assert left == {".preparing", "tables", os.readlink(shop.tables), "snapshots"}


@pytest.mark.parametrize("name", ["os.fsync", "tempfile.mkdtemp", "pathlib.Path.mkdir", "pathlib.Path.rename"])
def test_a_full_disk_while_fitting_keeps_what_there_was(shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    before = shop.fitted("popularity").why("ann", "fig", "popularity")
    with monkeypatch.context() as full:
        full.setattr(name, disk_full)
        assert "No space left on device" in surfaced("fit", *SHOP, "--model", "popularity").complaint
    assert shop.why("ann", "fig", "popularity") == before
    left = [p.name for p in (shop.home / "workspaces" / "shop" / "snapshots").iterdir()]
    assert left == [before["snapshot"]]


def test_a_full_disk_while_measuring_loses_the_stored_copy_alone(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.fitted("popularity")
    monkeypatch.setattr("tempfile.NamedTemporaryFile", disk_full)
    evaluation = surfaced("evaluate", *SHOP, "--model", "popularity", "-k", 5, "--json").json
    assert evaluation["n_users"] == 3


# Damaged state


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def not_an_object(path: Path) -> None:
    path.write_text("[1, 2]")


SPOIL = [cut, not_an_object, Path.unlink]


@pytest.mark.parametrize("spoil", SPOIL, ids=["cut", "replaced", "gone"])
@pytest.mark.parametrize("name", ["workspace.json", "card.json", "events.parquet", "items.parquet", "topics.parquet"])
def test_damaged_tables_are_refused_and_preparing_again_heals_them(
    shop: Shop, name: str, spoil: Callable[[Path], None]
) -> None:
    before = shop.fitted().why("ann", "fig")
    spoil(shop.tables / name)
    complaint = surfaced("why", *PATH, "--user", "ann", "--item", "fig").complaint
    assert "'shop'" in complaint
    assert "python cli.py prepare --workspace shop --from FOLDER" in complaint
    rows = surfaced("workspaces", "--json").json["workspaces"]
    assert "newsroom" in [row["name"] for row in rows]
    assert shop.prepare().status == 0
    assert shop.why("ann", "fig") == before


@pytest.mark.parametrize("spoil", SPOIL, ids=["cut", "replaced", "gone"])
@pytest.mark.parametrize("name", ["manifest.json", "arrays.npz"])
def test_a_damaged_snapshot_is_refused(shop: Shop, name: str, spoil: Callable[[Path], None]) -> None:
    snapshot = shop.fitted("lightgcn").why("ann", "fig", "lightgcn")["snapshot"]
    spoil(shop.home / "workspaces" / "shop" / "snapshots" / snapshot / name)
    ask = ("recommend", *SHOP, "--model", "lightgcn", "--user", "ann", "-k", 2)
    named = surfaced(*ask, "--snapshot", snapshot).complaint
    assert f"Snapshot '{snapshot}' is damaged" in named
    assert "fit" in surfaced(*ask).complaint.lower()
    shop.fitted("lightgcn")
    assert complete(shop.why("ann", "fig", "lightgcn"))


def test_a_snapshot_of_other_data_is_not_used(shop: Shop) -> None:
    snapshot = shop.fitted().why("ann", "fig")["snapshot"]
    shop.add("events", "dan,tea,4,1700001000")
    assert shop.prepare().status == 0
    assert "is not fitted" in surfaced("why", *PATH, "--user", "ann", "--item", "fig").complaint
    named = surfaced("why", *PATH, "--user", "ann", "--item", "fig", "--snapshot", snapshot)
    assert "other data" in named.complaint


def test_a_damaged_result_is_computed_again(shop: Shop) -> None:
    shop.fitted("popularity")
    ask = ("evaluate", *SHOP, "--model", "popularity", "-k", 5, "--json")
    before = surfaced(*ask).json
    results = list((shop.home / "workspaces" / "shop" / "results").glob("evaluation-*.json"))
    assert len(results) == 1
    cut(results[0])
    assert Workbench(shop.home).evaluate.stored("shop", "popularity", k=5) is None
    assert surfaced(*ask).json["metrics"] == before["metrics"]


def test_a_home_that_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "state").touch()
    monkeypatch.setenv("SURFACED_HOME", str(tmp_path / "state"))
    assert surfaced("workspaces", "--json").json["workspaces"]
    shop = Shop(tmp_path / "own", tmp_path / "state")
    assert "could not be written" in shop.prepare().complaint


def test_the_stored_tables_are_those_that_were_given(shop: Shop) -> None:
    """Nothing that the tests above spoil is changed by storing it."""
    shop.prepare()
    events = pd.read_parquet(shop.tables / "events.parquet")
    assert list(zip(events["user"], events["item"], events["time"], strict=True)) == EVENTS
