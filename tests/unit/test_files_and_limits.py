"""Regular files only, wherever one is read; tables up to a limit; Parquet by its schema; JSON that holds."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import DataError, OptionError, SurfacedError
from core.files import read_bytes, stated
from core.snapshots import manifests
from data.formats.folder import tables_from_folder
from data.formats.reading.limits import Limits, stated_limits
from data.validation import validate
from explain.fairness.plan import plan_from_json
from explain.records.log import DecisionLog
from explain.storage.store import Store
from tests.command_line import surfaced

EVENTS = "user,item,time\na,x,1700000000\nb,x,1700000100\na,y,1700000200\nb,y,1700000300\n"
PIPES: dict[str, Callable[[Path], object]] = {
    "a pipe": lambda file: os.mkfifo(file),
    "a folder": lambda file: file.mkdir(),
    "a link that leads nowhere": lambda file: file.symlink_to("nowhere"),
    "a link that leads to itself": lambda file: file.symlink_to(file.name),
    "a device": lambda file: file.symlink_to("/dev/zero"),
}


@pytest.fixture(autouse=True)
def _nothing_waits() -> Iterator[None]:
    """A test that reads a pipe would wait for ever: it ends with an error after half a minute instead."""

    def late(*_: object) -> None:
        raise TimeoutError("something waited for a file that never ends")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def folder(path: Path, **files: str) -> Path:
    path.mkdir(exist_ok=True)
    for name, text in ({"events": EVENTS} | files).items():
        (path / f"{name}.csv").write_text(text)
    return path


@pytest.mark.parametrize("name", ["events.csv", "topics.csv", "users.parquet", "card.json"])
@pytest.mark.parametrize("kind", PIPES)
def test_what_is_no_file_is_named(tmp_path: Path, kind: str, name: str) -> None:
    source = folder(tmp_path / "in")
    (source / name).unlink(missing_ok=True)
    PIPES[kind](source / name)
    with pytest.raises(DataError, match=f"{name} is {kind}"):
        tables_from_folder(source, "mine")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("topics.CSV", "topics.csv or topics.parquet"),
        ("Topics.csv", "topics.csv"),
        ("topics.csv.gz", "unpack it, and call it topics.csv"),
        ("topics.csv~", "topics.csv"),
        ("topics", "topics.csv"),
        ("creators.parquet.zst", "unpack it"),
        ("USERS.PARQUET", "users.csv or users.parquet"),
        ("Card.json", "call it card.json"),
        ("card.json.bak", "call it card.json"),
        ("items.tsv", "items.csv"),
        ("events.csv.zip", ""),
    ],
)
def test_a_table_under_a_name_that_is_not_read_is_refused(tmp_path: Path, name: str, message: str) -> None:
    source = folder(tmp_path / "in")
    (source / name).write_text("item,topic\nx,t\n")
    if name.startswith("events"):  # events.csv is there: an archive beside it is only told
        assert any(name in str(note) for note in tables_from_folder(source, "mine").notes)
        return
    with pytest.raises(DataError, match="not read under this name") as caught:
        tables_from_folder(source, "mine")
    assert name in str(caught.value)
    assert message in str(caught.value)


def test_what_else_stands_in_the_folder_is_told_once(tmp_path: Path) -> None:
    source = folder(tmp_path / "in")
    for name in ("README.md", "my topics.csv", ".hidden"):
        (source / name).write_text("x")
    (source / "items").mkdir()
    notes = [str(note) for note in tables_from_folder(source, "mine").notes if "not read" in str(note)]
    assert len(notes) == 1
    assert "'README.md'" in notes[0]
    assert "'my topics.csv'" in notes[0]
    assert "'items'" in notes[0]
    assert ".hidden" not in notes[0]


@pytest.mark.parametrize("kind", PIPES)
def test_no_command_waits_for_a_file(home: Path, tmp_path: Path, kind: str) -> None:
    odd = tmp_path / "odd"
    PIPES[kind](odd)
    workspace = ("--workspace", "newsroom")
    for command in (
        ("why", *workspace, "--model", "path", "--pairs", odd),
        ("run-audit", *workspace, "--model", "path", "--plan", odd, "--actor", "A"),
        ("verify-report", odd),
        ("guardrail", *workspace, "--model", "path", "--config", odd),
        ("restore", odd),
    ):
        assert "odd" in surfaced(*command).complaint


@pytest.mark.parametrize("kind", PIPES)
def test_no_stored_file_is_waited_for(home: Path, tmp_path: Path, kind: str) -> None:
    other = Path(shutil.copytree(home, tmp_path / "home", symlinks=True))
    snapshots = other / "workspaces" / "newsroom" / "snapshots"
    victim = next(snapshots.glob("popularity-*")) / "manifest.json"
    n_before = len(manifests(snapshots))
    victim.unlink()
    PIPES[kind](victim)
    assert len(manifests(snapshots)) == n_before - 1
    results = other / "workspaces" / "newsroom" / "results"
    PIPES[kind](results / "odd.json")
    assert Store(other).read_result("newsroom", "odd") is None
    PIPES[kind](other / "decisions.sqlite")
    if kind != "a link that leads nowhere":  # SQLite makes the file that such a link names
        with pytest.raises(SurfacedError):
            DecisionLog(other / "decisions.sqlite").rows("newsroom")


def test_devices_are_not_read_to_the_end() -> None:
    with pytest.raises(OSError, match="a device"):
        read_bytes(Path("/dev/zero"))


@pytest.mark.parametrize("parquet", [False, True])
@pytest.mark.parametrize(
    ("what", "limits"),
    [("rows", {"rows": 3}), ("columns", {"columns": 2}), ("cells", {"cells": 11}), ("bytes", {"bytes": 40})],
)
def test_a_table_beyond_a_limit_is_refused_with_the_switch(
    tmp_path: Path, what: str, limits: dict[str, int], parquet: bool
) -> None:
    source = folder(tmp_path / "in")
    if parquet:
        pd.read_csv(source / "events.csv").to_parquet(source / "events.parquet")
        (source / "events.csv").unlink()
    with pytest.raises(DataError, match=f"{what} or more; at most .* are read. `--limits {what}=") as caught:
        tables_from_folder(source, "mine", Limits(**limits))
    switch = str(caught.value).partition("--limits ")[2].partition("`")[0]
    if (what, parquet) != ("bytes", True):  # of Parquet the file's bytes and then those it unpacks to are counted
        assert len(tables_from_folder(source, "mine", stated_limits(switch)).events) == 4


def test_the_switch_is_read_from_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURFACED_HOME", str(tmp_path / "home"))
    source = folder(tmp_path / "in")
    prepare = ("prepare", "--workspace", "mine", "--from", source)
    assert "at most 2 are read" in surfaced(*prepare, "--limits", "rows=2").complaint
    assert surfaced(*prepare, "--limits", "rows=20, cells=100", "--json").json["n_events"] == 4


@pytest.mark.parametrize(
    "text", ["rows", "rows=", "rows=-1", "rows=0", "rows=1e9", "lines=5", "rows=5;cells=3", f"rows={'9' * 40}"]
)
def test_a_wrong_switch_is_a_sentence(text: str) -> None:
    with pytest.raises(OptionError, match="limit"):
        stated_limits(text)


def test_blank_lines_count_and_take_no_memory(tmp_path: Path) -> None:
    source = folder(tmp_path / "in", events="user,item\na,x\n" + "\n" * 5_000 + "b,x\n")
    assert len(tables_from_folder(source, "mine").events) == 2
    with pytest.raises(DataError, match="rows or more"):
        tables_from_folder(source, "mine", Limits(rows=2_000))


@pytest.mark.parametrize("text", ["user,item\na,x\n" + "," * 5_000_000 + "\n", "," * 5_000_000, "x" * 5_000_000])
def test_a_line_without_an_end_is_no_table(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match="a line of more than"):
        tables_from_folder(folder(tmp_path / "in", events=text), "mine")


def test_an_unclosed_quote_does_not_swallow_the_file(tmp_path: Path) -> None:
    text = 'user,item\n"a,x\n' + "b,y\n" * 100_000
    with pytest.raises(DataError, match="begins as row 2, a cell holds more than"):
        tables_from_folder(folder(tmp_path / "in", events=text), "mine")


def test_a_few_bytes_of_parquet_that_unpack_to_many_are_refused(tmp_path: Path) -> None:
    source = folder(tmp_path / "in")
    (source / "events.csv").unlink()

    def same(text: str, n: int) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(pa.array([0] * n, pa.int32()), pa.array([text]))

    pq.write_table(
        pa.table({"user": same("a", 9_000), "item": same("x", 9_000), "note": same("z" * 100_000, 9_000)}),
        source / "events.parquet",
        compression="zstd",
    )
    assert (source / "events.parquet").stat().st_size < 50_000
    with pytest.raises(DataError, match="bytes or more"):
        tables_from_folder(source, "mine")
    pq.write_table(
        pa.table({"user": ["a" * 600_000, "b"], "item": ["x", "x"]}), source / "events.parquet", compression="zstd"
    )
    with pytest.raises(DataError, match="'user': a cell holds more than"):
        tables_from_folder(source, "mine")


def with_users(tmp_path: Path, table: pa.Table) -> Path:
    source = folder(tmp_path / "in")
    pq.write_table(table, source / "users.parquet")
    return source


@pytest.mark.parametrize(
    "odd",
    [
        pa.array([[("k", 1)], [("k", 2)]], pa.map_(pa.string(), pa.int64())),
        pa.array([{"a": 1}, {"a": 2}]),
        pa.array([[{"a": 1}], []]),
        pa.array([b"ab", b"cd"], pa.binary(2)),
    ],
    ids=["map", "struct", "list of struct", "fixed binary"],
)
def test_a_type_that_no_table_has_is_left_out_and_told_or_refused_where_it_is_needed(
    tmp_path: Path, odd: pa.Array
) -> None:
    tables = tables_from_folder(with_users(tmp_path, pa.table({"user": ["a", "b"], "more": odd})), "mine")
    assert list(tables.users.columns) == ["user", "label"]
    assert any("users.more" in str(note) and "left out" in str(note) for note in tables.notes)
    with pytest.raises(DataError, match=r"users\.parquet, user: the column is of type"):
        tables_from_folder(with_users(tmp_path, pa.table({"user": odd})), "mine")


def test_texts_that_older_writers_store_as_bytes_are_texts(tmp_path: Path) -> None:
    tables = tables_from_folder(
        with_users(tmp_path, pa.table({"user": [b"a", b"b"], "plan": ["é".encode(), None]})), "mine"
    )
    assert tables.users["user"].tolist() == ["a", "b"]
    assert tables.users["plan"].tolist()[0] == "é"
    with pytest.raises(DataError, match="no UTF-8"):
        tables_from_folder(with_users(tmp_path, pa.table({"user": [b"a", b"\xff"]})), "mine")


@pytest.mark.parametrize(
    "notes", [b"{}", b"[]", b"no json", b'{"index_columns": ["nowhere"], "columns": [], "column_indexes": []}', b"\xff"]
)
def test_notes_of_pandas_beside_the_schema_are_not_needed(tmp_path: Path, notes: bytes) -> None:
    table = pa.table({"user": ["a", "b"], "age": [30, 40]}).replace_schema_metadata({b"pandas": notes})
    assert tables_from_folder(with_users(tmp_path, table), "mine").users["age"].tolist() == [30, 40]


def test_an_index_that_pandas_stored_is_no_column_and_a_named_one_is(tmp_path: Path) -> None:
    plain = pd.DataFrame({"user": ["a", "b"], "age": [30, 40]}, index=[7, 9])
    for frame in (plain, plain.set_index("user")):
        users = tables_from_folder(with_users(tmp_path, pa.Table.from_pandas(frame)), "mine").users
        assert sorted(users.columns) == ["age", "label", "user"]
        assert users["user"].tolist() == ["a", "b"]


def test_large_whole_ids_with_gaps_keep_their_digits(tmp_path: Path) -> None:
    source = folder(tmp_path / "in", events="user,item\n9007199254740993,x\n9007199254740995,x\n")
    pq.write_table(pa.table({"item": ["x"], "code": [9007199254740993]}), source / "items.parquet")
    pq.write_table(
        pa.table({"user": pa.array([9007199254740993, 9007199254740995, None], pa.int64())}), source / "users.parquet"
    )
    read = tables_from_folder(source, "mine")
    assert read.users["user"].astype("str").tolist()[:2] == ["9007199254740993", "9007199254740995"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"event_weights": {"view": ' + "9" * 400 + "}}", "400 digits"),
        ('{"event_weights": {"view": 1e400}}', "too large"),
        ('{"event_weights": {"view": NaN}}', "NaN is no number"),
        ('{"title": "\\ud800"}', "surrogate"),
        ('{"title": ' + "[" * 100_000, "nested"),
        (json.dumps({"event_weights": {f"k{n}": 1 for n in range(1_001)}}), "1,001 types"),
    ],
)
def test_a_card_that_cannot_be_used_is_refused(tmp_path: Path, text: str, message: str) -> None:
    source = folder(tmp_path / "in")
    (source / "card.json").write_text(text)
    with pytest.raises(DataError, match=message):
        tables_from_folder(source, "mine")


def test_ids_in_the_column_of_event_types_are_refused(tmp_path: Path) -> None:
    rows = "".join(f"a,x,k{n}\n" for n in range(1_001))
    with pytest.raises(DataError, match="1,001 different types"):
        tables_from_folder(folder(tmp_path / "in", events="user,item,event\n" + rows), "mine")


@pytest.mark.parametrize("published", ["1e308", "-1e308", "9" * 400, "inf"])
def test_a_publication_in_no_year_is_told(tmp_path: Path, published: str) -> None:
    source = folder(tmp_path / "in", items=f"item,published\nx,{published}\ny,1700000000\n")
    with pytest.raises(DataError):
        validate(tables_from_folder(source, "mine"))


@pytest.mark.parametrize("seed", [-1, 2**32, 10**400, 1.5, True, "1", None])
def test_a_plan_with_a_wrong_seed_is_refused_before_anything_is_written(
    home: Path, tmp_path: Path, seed: object
) -> None:
    usual = surfaced("plan", "--workspace", "newsroom", "--model", "path", "--json").json
    place = tmp_path / "plan.json"
    place.write_text(json.dumps(usual | {"seed": seed}) if seed is not None else json.dumps(usual | {"seed": None}))
    n_before = len(surfaced("log", "--workspace", "newsroom", "--json").json["rows"])
    run = surfaced("run-audit", "--workspace", "newsroom", "--model", "path", "--plan", place, "--actor", "A")
    assert "seed" in run.complaint or "digits" in run.complaint
    assert len(surfaced("log", "--workspace", "newsroom", "--json").json["rows"]) == n_before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("k", 10**400),
        ("draws", -(10**400)),
        ("seed", 10**4_000),
        ("min_n", 10.5),
        ("alpha", float("nan")),
        ("bounds", {"AWRF": [1]}),
        ("bounds", {"AWRF": [0, 10**400]}),
    ],
)
def test_numbers_that_nothing_holds_are_refused_in_plans(name: str, value: object) -> None:
    limits = {"ratio_low": 0.8, "ratio_high": 1.25, "max_gap": 0.05, "alpha": 0.05, "min_n": 10}
    plan = {
        "workspace": "w",
        "model": "path",
        "k": 10,
        "item_columns": ["topic"],
        "user_columns": [],
        "thresholds": limits,
    }
    wrong = (
        plan | {"thresholds": limits | {name: value}} if name in ("min_n", "alpha", "bounds") else plan | {name: value}
    )
    with pytest.raises(OptionError, match=name):
        plan_from_json(wrong)


@pytest.mark.parametrize(
    "text", ["[1e400]", "[-1e400]", "[Infinity]", "[" + "1" * 301 + "]", '["\\udc00"]', '{"\\ud800": 1}', "[", ""]
)
def test_json_as_people_write_it_holds_finite_numbers_and_whole_texts(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        stated(text)
    assert stated('{"a": [1, 2.5, "é", null]}') == {"a": [1, 2.5, "é", None]}
