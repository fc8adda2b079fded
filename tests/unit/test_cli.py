"""The command line keeps the contract: keys, synonyms, streams, and one sentence with status 2 for
whatever is wrong.
"""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from commands.data import MODEL_FIELDS
from core.models.base import model_names
from core.models.item_knn import ItemKnn
from core.models.popularity import Popularity
from explain.workbench.workbench import Workbench
from tests.command_line import surfaced
from tests.models import from_events_alone

pytestmark = pytest.mark.usefixtures("home")

MODELS = from_events_alone()
WORKSPACE = ("--workspace", "newsroom")
PATH = (*WORKSPACE, "--model", "path")
WHY_KEYS = {
    "snapshot",
    "model",
    "user",
    "item",
    "label",
    "state",
    "score",
    "unit",
    "parts",
    "completeness_error",
    "path_share",
    "gross_net",
    "paths",
    "coverage",
    "residual",
    "bundles",
    "sentence",
    "against",
}


@pytest.fixture(scope="session")
def person(newsroom_home: Path) -> str:
    return Workbench(newsroom_home).data.find_users("newsroom")[3].id


@pytest.fixture(scope="session")
def listed(newsroom_home: Path, person: str) -> list[str]:
    recommended = Workbench(newsroom_home).explain.recommend("newsroom", "path", user=person, k=10)
    return [item.item for item in recommended.items]


@pytest.fixture(scope="session")
def read(newsroom_home: Path, person: str) -> list[str]:
    return [entry.item for entry in Workbench(newsroom_home).data.person("newsroom", person).history]


def items_of(content: dict[str, Any]) -> list[str]:
    return [row["item"] for row in content["items"]]


# What every command gives


def test_workspaces_lists_all_known_ones_with_sizes_where_ready() -> None:
    rows = surfaced("workspaces", "--json").json["workspaces"]
    assert [row["name"] for row in rows] == ["newsroom", "complete-journey", "movielens-100k"]
    assert all(set(row) == {"name", "title", "ready", "n_users", "n_items", "n_events"} for row in rows)
    assert (rows[0]["ready"], rows[0]["n_users"], rows[0]["n_items"]) == (True, 300, 200)
    assert (rows[1]["ready"], rows[1]["n_users"]) == (False, None)


def test_models_lists_all_of_them_the_default_first() -> None:
    rows = surfaced("models", "--json").json["models"]
    assert tuple(row["name"] for row in rows) == model_names()
    assert all(set(row) == set(MODEL_FIELDS) for row in rows)
    assert all(row["parts"] and row["use"].endswith(".") for row in rows)
    assert {row["name"]: row["exact"] for row in rows}["lightgcn"] is False


@pytest.mark.parametrize("model", [ItemKnn.spec.name, Popularity.spec.name])
def test_fit_stores_a_snapshot_that_recommend_then_uses(model: str, person: str) -> None:
    ended = surfaced("fit", *WORKSPACE, "--model", model, "--seed", 0, "--json")
    assert set(ended.json) == {"snapshot", "model", "seconds", "parameters", "metrics"}
    assert ended.json["model"] == model
    assert "Fitting" in ended.err
    served = surfaced("recommend", *WORKSPACE, "--model", model, "--user", person, "--json").json
    assert served["snapshot"] == ended.json["snapshot"]


@pytest.mark.parametrize("split", ["random", "last", "time"])
def test_evaluate_measures_each_split_with_intervals(split: str) -> None:
    evaluation = surfaced("evaluate", *WORKSPACE, "--model", "popularity", "--split", split, "--seed", 1, "--json").json
    assert {"split", "k", "seed", "n_users", "metrics", "path_share", "gross_net"} <= set(evaluation)
    assert (evaluation["split"], evaluation["k"], evaluation["seed"]) == (split, 20, 1)
    assert {"recall@20", "ndcg@20"} <= set(evaluation["metrics"])
    for name, metric in evaluation["metrics"].items():
        assert set(metric) == {"value", "low", "high"}, name
        assert metric["low"] <= metric["value"] <= metric["high"], name


def test_evaluate_takes_the_last_event_where_no_split_is_named() -> None:
    assert surfaced("evaluate", *WORKSPACE, "--model", "popularity", "--json").json["split"] == "last"


@pytest.mark.parametrize("model", MODELS)
def test_recommend_ranks_ten_items_that_the_person_lacks(model: str, person: str, read: list[str]) -> None:
    recommended = surfaced("recommend", *WORKSPACE, "--model", model, "--user", person, "--json").json
    assert set(recommended) == {"snapshot", "user", "items"}
    assert recommended["user"] == person
    assert [row["rank"] for row in recommended["items"]] == list(range(1, 11))
    assert all(set(row) == {"item", "label", "rank", "score"} for row in recommended["items"])
    scores = [row["score"] for row in recommended["items"]]
    assert scores == sorted(scores, reverse=True)
    assert not set(items_of(recommended)) & set(read)


def test_k_has_two_spellings(person: str) -> None:
    short = surfaced("recommend", *PATH, "--user", person, "-k", 3, "--json").json
    long = surfaced("recommend", *PATH, "--user", person, "--k", 3, "--json").json
    assert short == long
    assert len(short["items"]) == 3


@pytest.mark.parametrize("model", MODELS)
def test_a_history_of_ones_own_gets_a_list_without_its_items(model: str, listed: list[str]) -> None:
    recommended = surfaced(
        "recommend", *WORKSPACE, "--model", model, "--history", f" {listed[0]}, {listed[1]},", "--json"
    ).json
    assert recommended["user"] is None
    assert len(recommended["items"]) == 10
    assert not {listed[0], listed[1]} & set(items_of(recommended))


@pytest.mark.parametrize("model", MODELS)
def test_a_history_given_for_a_person_replaces_theirs(model: str, person: str, read: list[str]) -> None:
    """Unchanged it gives their own scores; the order and repetition of its ids change nothing."""
    own = surfaced("recommend", *WORKSPACE, "--model", model, "--user", person, "--json").json
    same = ",".join([*reversed(read), read[0]])
    folded = surfaced("recommend", *WORKSPACE, "--model", model, "--user", person, "--history", same, "--json").json
    assert items_of(folded) == items_of(own)
    assert [r["score"] for r in folded["items"]] == pytest.approx([r["score"] for r in own["items"]], rel=1e-9)


def test_an_older_snapshot_can_be_asked_for(person: str) -> None:
    older = surfaced("recommend", *WORKSPACE, "--model", "popularity", "--user", person, "--json").json["snapshot"]
    newer = surfaced("fit", *WORKSPACE, "--model", "popularity", "--json").json["snapshot"]
    named = surfaced(
        "recommend", *WORKSPACE, "--model", "popularity", "--user", person, "--snapshot", older, "--json"
    ).json
    assert newer != older
    assert named["snapshot"] == older


@pytest.mark.parametrize("fitted_on", ["full", "heldout"])
def test_recommend_all_writes_everybodys_list(fitted_on: str, tmp_path: Path, person: str) -> None:
    file = tmp_path / "lists.parquet"
    ended = surfaced("recommend-all", *PATH, "--k", 5, "--fit", fitted_on, "--out", file, "--json")
    frame = pd.read_parquet(file)
    assert ended.json["rows"] == len(frame) == 300 * 5
    assert list(frame.columns) == ["user", "rank", "item", "score"]
    assert frame["user"].map(type).eq(str).all()
    assert frame["item"].map(type).eq(str).all()
    assert [path.name for path in tmp_path.iterdir()] == ["lists.parquet"]
    if fitted_on == "full":
        own = surfaced("recommend", *PATH, "--user", person, "--k", 5, "--json").json
        rows = frame[frame["user"] == person].sort_values("rank")
        assert rows["item"].tolist() == items_of(own)
        assert rows["score"].tolist() == pytest.approx([r["score"] for r in own["items"]], rel=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_why_has_every_key_of_the_contract(model: str, person: str, listed: list[str]) -> None:
    ask = ("why", *WORKSPACE, "--model", model, "--user", person, "--item", listed[0], "--against", listed[1], "--json")
    explanation = surfaced(*ask).json
    assert set(explanation) >= WHY_KEYS
    assert (explanation["model"], explanation["user"], explanation["item"], explanation["state"]) == (
        model,
        person,
        listed[0],
        "ok",
    )
    assert all({"kind", "id", "label", "value", "relations"} <= set(part) for part in explanation["parts"])
    hop_keys = {"source", "source_label", "relation", "weight", "target", "target_label", "solid"}
    assert all(hop_keys <= set(hop) for path in explanation["paths"] for hop in path["hops"])
    bundle_keys = {"source", "target", "relation", "hop", "value_for", "value_against", "n_paths", "label"}
    assert explanation["bundles"]
    assert all(bundle_keys <= set(bundle) for bundle in explanation["bundles"])
    assert explanation["sentence"].endswith(".")
    assert {"item", "score", "parts"} <= set(explanation["against"])
    assert explanation["against"]["item"] == listed[1]


@pytest.mark.parametrize("n", [0, 1, 35])
def test_why_lists_as_many_paths_as_were_asked_for(n: int, person: str, listed: list[str]) -> None:
    explanation = surfaced("why", *PATH, "--user", person, "--item", listed[0], "--paths", n, "--json").json
    assert len(explanation["paths"]) == n
    assert explanation["coverage"] + explanation["residual"] == pytest.approx(1, abs=1e-9)


def test_why_of_a_history_of_ones_own(listed: list[str]) -> None:
    explanation = surfaced("why", *PATH, "--history", f"{listed[0]},{listed[1]}", "--item", listed[2], "--json").json
    history = {part["id"] for part in explanation["parts"] if part["kind"] == "history"}
    assert history == {listed[0], listed[1]}


def test_why_of_something_read_already_says_so(person: str, read: list[str]) -> None:
    explanation = surfaced("why", *PATH, "--user", person, "--item", read[0], "--json").json
    assert explanation["state"] == "consumed"
    assert "already" in explanation["sentence"]


def test_pairs_are_answered_one_by_one(tmp_path: Path, person: str, listed: list[str]) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text("﻿item,note,user\n" + "".join(f"{item},x,{person}\n" for item in listed[:3]), "utf-8")
    results = surfaced("why", *PATH, "--pairs", file, "--json").json["results"]
    alone = [surfaced("why", *PATH, "--user", person, "--item", item, "--json").json for item in listed[:3]]
    assert results == alone


@pytest.mark.parametrize(("by", "side"), [("topic", "item"), ("region", "user")])
def test_audit_gives_a_row_for_each_group(by: str, side: str) -> None:
    audit = surfaced("audit", *WORKSPACE, "--model", "popularity", "--by", by, "-k", 10, "--json").json
    keys = {"by", "side", "k", "metric", "browsing", "target", "threshold", "rows", "overall"}
    assert keys <= set(audit)
    assert (audit["by"], audit["side"], audit["k"]) == (by, side, 10)
    assert len(audit["rows"]) > 2
    assert all(
        {"group", "n", "value", "low", "high", "verdict", "reason", "p_adjusted", "suppressed", "p_limit"} <= set(r)
        for r in audit["rows"]
    )
    verdicts = {"pass", "fail", "insufficient evidence", "not estimable"}
    assert {r["verdict"] for r in audit["rows"]} | {audit["overall"]["verdict"]} <= verdicts


def test_stdout_holds_one_json_object_and_progress_goes_to_stderr(tmp_path: Path) -> None:
    ended = surfaced(
        "recommend-all", *WORKSPACE, "--model", "popularity", "--k", 2, "--out", tmp_path / "a.parquet", "--json"
    )
    assert ended.out.count("\n") == 1
    assert ended.out == json.dumps(ended.json) + "\n"
    assert "100%" in ended.err


@pytest.mark.parametrize(
    "command", [("workspaces",), ("models",), ("recommend", *PATH, "--user"), ("why", *PATH, "--item")]
)
def test_without_json_the_answer_is_text_for_people(command: tuple[str, ...], person: str, listed: list[str]) -> None:
    last = {"--user": (person,), "--item": (listed[0], "--user", person)}.get(command[-1], ())
    ended = surfaced(*command, *last)
    assert ended.status == 0
    assert len(ended.out.splitlines()) > 2
    assert not ended.out.startswith("{")


# What is refused


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("recommend", *PATH, "--user", "nobody-at-all"), "nobody-at-all"),
        (("recommend", *PATH, "--user", ""), "user"),
        (("why", *PATH, "--user", "nobody-at-all", "--item", "x"), "x"),
        (("recommend", *WORKSPACE, "--model", "pth", "--user", "x"), "Did you mean 'path'"),
        (("recommend", *WORKSPACE, "--model", "../path", "--user", "x"), "Models: path"),
        (("recommend", "--workspace", "newsrom", "--model", "path", "--user", "x"), "Did you mean 'newsroom'"),
        (("recommend", "--workspace", "../../etc", "--model", "path", "--user", "x"), "Pick one of: newsroom"),
        (("prepare", "--workspace", "../../etc"), "Pick one of: "),
        (("fit", "--workspace", "../../etc", "--model", "path"), "Pick one of: newsroom"),
        (("recommend", "--workspace", "", "--model", "path", "--user", "x"), "Pick one of: newsroom"),
        (("recommend", "--workspace", "movielens-100k", "--model", "path", "--user", "1"), "make demo"),
        (("recommend", "--workspace", "complete-journey", "--model", "path", "--user", "1"), "make shop"),
        (("audit", *PATH, "--by", "regoin"), "Did you mean 'region'"),
        (("audit", *PATH, "--by", "region", "--side", "item"), "user side"),
        (("audit", *PATH, "--by", "region", "--side", "both"), "Sides: item, user"),
        (("evaluate", *PATH, "--split", "lst"), "last"),
        (("recommend", *PATH, "--user", "x", "--snapshot", "path-000000000000"), "path-000000000000"),
        (("recommend", *PATH, "--user", "x", "--snapshot", "../../../../etc"), "There is no snapshot"),
        (("recommend-all", *PATH, "--fit", "half", "--out", "x.parquet"), "full or heldout"),
        (("recommend", *PATH), "a user id, or a history"),
        (("why", *PATH, "--user", "x"), "--item ID"),
        (("recommend", *PATH, "--history", ""), "at least one item"),
        (("recommend", *PATH, "--history", " , ,"), "at least one item"),
        (("recommend", *PATH, "--history", "no-such-item"), "no-such-item"),
        (("recommend", *WORKSPACE, "--user", "x"), "--model"),
        (("recommend", "--model", "path", "--user", "x"), "--workspace"),
        (("audit", *PATH), "--by"),
        (("recommend-all", *PATH), "--out"),
        (("recommend", *PATH, "--user"), "--user"),
        (("recommend", *PATH, "--usr", "x"), "--user"),
        (("recomend",), "recommend"),
        (("fit", *WORKSPACE, "--model", "popularity", "--seed", "-1"), "seed"),
        (("fit", *WORKSPACE, "--model", "popularity", "--seed", "1.5"), "seed"),
        (("evaluate", *WORKSPACE, "--model", "popularity", "--seed", "-1"), "seed"),
    ],
)
def test_wrong_words_and_ids_end_with_2_and_a_sentence(arguments: tuple[str, ...], message: str) -> None:
    assert message in surfaced(*arguments).complaint


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("why", *PATH, "--user", "nobody-at-all", "--item", "x"), "unknown_id"),
        (("recommend", *PATH), "option"),
        (("recommend", "--workspace", "movielens-100k", "--model", "path", "--user", "1"), "not_ready"),
        (("recomend",), "usage"),
    ],
)
def test_with_json_the_last_line_on_stderr_is_the_error_with_its_code(arguments: tuple[str, ...], code: str) -> None:
    ended = surfaced(*arguments, "--json")
    assert ended.status == 2
    assert ended.out == ""
    assert ended.code == code


@pytest.mark.parametrize("command", ["recommend", "recommend-all", "evaluate", "audit"])
@pytest.mark.parametrize("k", ["0", "-1", "1000000000", "abc", "1e3", ""])
def test_no_other_k_than_1_to_the_number_of_items(command: str, k: str, person: str, tmp_path: Path) -> None:
    more = {
        "recommend": ("--user", person),
        "recommend-all": ("--out", tmp_path / "x.parquet"),
        "evaluate": (),
        "audit": ("--by", "topic"),
    }[command]
    ended = surfaced(command, *WORKSPACE, "--model", "popularity", *more, f"--k={k}")
    assert ended.complaint.startswith(("k is ", "Invalid value for '-k'"))
    assert not list(tmp_path.iterdir())


def test_the_largest_k_is_the_whole_catalogue(person: str, read: list[str]) -> None:
    recommended = surfaced("recommend", *PATH, "--user", person, "-k", 200, "--json").json
    assert len(recommended["items"]) == 200 - len(read)


def test_an_unknown_item_and_an_unknown_rival_are_named(person: str, listed: list[str]) -> None:
    assert "'zz'" in surfaced("why", *PATH, "--user", person, "--item", "zz").complaint
    assert "'yy'" in surfaced("why", *PATH, "--user", person, "--item", listed[0], "--against", "yy").complaint


def test_a_history_with_one_unknown_id_is_refused_whole(listed: list[str]) -> None:
    assert "'zz'" in surfaced("recommend", *PATH, "--history", f"{listed[0]},zz").complaint


def test_a_history_longer_than_any_is_refused(listed: list[str]) -> None:
    assert "1,000" in surfaced("recommend", *PATH, "--history", ",".join([listed[0]] * 1_001)).complaint


@pytest.mark.parametrize("paths", ["-1", "1000000000", "many"])
def test_no_other_number_of_paths(paths: str, person: str, listed: list[str]) -> None:
    assert "paths" in surfaced("why", *PATH, "--user", person, "--item", listed[0], f"--paths={paths}").complaint


def test_a_snapshot_of_another_model_is_refused(person: str) -> None:
    other = surfaced("recommend", *WORKSPACE, "--model", "item-knn", "--user", person, "--json").json["snapshot"]
    assert "item-knn" in surfaced("recommend", *PATH, "--user", person, "--snapshot", other).complaint


def test_a_model_that_is_not_fitted_names_the_command_that_fits_it(home: Path, person: str) -> None:
    snapshots = home / "workspaces" / "newsroom" / "snapshots"
    aside = home / "aside"
    aside.mkdir()
    try:
        for path in snapshots.glob("lightgcn-*"):
            path.rename(aside / path.name)
        complaint = surfaced("recommend", *WORKSPACE, "--model", "lightgcn", "--user", person).complaint
    finally:
        for path in aside.iterdir():
            path.rename(snapshots / path.name)
        aside.rmdir()
    assert "python cli.py fit --workspace newsroom --model lightgcn" in complaint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "user,item"),
        (b"person,thing\n1,2\n", "'person', 'thing'"),
        (b"user\n1\n", "user,item"),
        (b"user,item\n1,\xff\xfe\n", "could not be read"),
        (b"user,item\nnobody-at-all,x\n", "'x'"),
        (b"user,item\nonly-a-user\n", "''"),
    ],
    ids=["empty", "wrong header", "no item", "not text", "unknown ids", "short row"],
)
def test_a_wrong_file_of_pairs_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_bytes(content)
    assert message in surfaced("why", *PATH, "--pairs", file).complaint


def test_a_file_of_pairs_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "No such file" in surfaced("why", *PATH, "--pairs", tmp_path / "none.csv").complaint
    assert "could not be read" in surfaced("why", *PATH, "--pairs", tmp_path).complaint


def test_pairs_and_a_single_question_exclude_each_other(tmp_path: Path, person: str) -> None:
    assert "--pairs" in surfaced("why", *PATH, "--pairs", tmp_path / "p.csv", "--user", person).complaint


def test_pairs_without_rows_give_no_results(tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text("user,item\n")
    assert surfaced("why", *PATH, "--pairs", file, "--json").json == {"results": []}


def lists_into(out: Path | str) -> str:
    return surfaced("recommend-all", *WORKSPACE, "--model", "popularity", "--k", 2, "--out", out).complaint


def test_lists_cannot_be_written_where_there_is_no_folder(tmp_path: Path) -> None:
    assert "none" in lists_into(tmp_path / "none" / "lists.parquet")
    file = tmp_path / "file"
    file.touch()
    assert "could not be written" in lists_into(file / "lists.parquet")


def test_lists_cannot_take_the_place_of_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    assert "could not be written" in lists_into(tmp_path / "folder")
    assert "could not be written" in lists_into(".")
    assert os.listdir(tmp_path) == ["folder"]


def test_lists_cannot_be_written_to_a_read_only_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(pd.DataFrame, "to_parquet", refuse)
    assert "Read-only file system" in lists_into(tmp_path / "lists.parquet")
    assert not list(tmp_path.iterdir())


def test_a_question_without_words_shows_what_can_be_asked() -> None:
    ended = surfaced("--help")
    assert ended.status == 0
    commands = ("workspaces", "models", "prepare", "fit", "evaluate", "recommend", "recommend-all", "why", "audit")
    assert all(command in ended.out for command in commands)
