"""The split `given`: parts that the data state, and a tenth of each person's events where they state no validation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import OptionError
from core.graph import PARTS, InteractionGraph
from data.problems import Problem
from data.splits import holdout, split
from data.validation_rules import with_parts
from explain.workbench.workbench import Workbench
from tests.command_line import surfaced
from tests.graphs import KINDS, random_graph, shuffled_rows


def with_stated(graph: InteractionGraph, seed: int = 0, parts: tuple[int, ...] = (0, 1, 2)) -> InteractionGraph:
    part = np.random.default_rng(seed).choice(parts, len(graph.events)).astype(np.int64)
    return graph.with_events(replace(graph.events, part=part))


def pairs(graph: InteractionGraph, rows: np.ndarray) -> set[tuple[int, int]]:
    return set(zip(graph.events.user[rows].tolist(), graph.events.item[rows].tolist(), strict=True))


@pytest.mark.parametrize("seed", range(5))
def test_the_test_part_is_the_stated_one_and_the_validation_cut_too(seed: int) -> None:
    graph = with_stated(random_graph(seed), seed)
    part = graph.events.part
    assert part is not None
    parts = split(graph, "given", seed, KINDS)
    assert len(parts.train.events) == int((part != 2).sum())
    learnt = pairs(graph, part != 2)
    warm = set(graph.events.user[part != 2].tolist())
    expected = {(u, i) for u, i in pairs(graph, part == 2) - learnt if u in warm}
    assert set(zip(*(a.tolist() for a in parts.test.nonzero()), strict=True)) == expected
    cut = holdout(parts.train, "given", seed, KINDS)
    assert len(cut.train.events) == int((part == 0).sum())


@pytest.mark.parametrize("parts", [(0, 2), (0, 1, 2)])
def test_where_no_validation_is_stated_everybody_gives_a_tenth_and_one_at_least(parts: tuple[int, ...]) -> None:
    graph = with_stated(random_graph(1, n_events=400), 1, parts)  # all of it, as a model to be served learns from it
    cut = holdout(graph, "given", 3, KINDS)
    n, left = (np.bincount(g.events.user, minlength=graph.n_users) for g in (graph, cut.train))
    assert (n - left == np.where(n > 1, np.maximum(1, np.round(0.1 * n)), 0)).all()
    again = holdout(shuffled_rows(graph, 5), "given", 3, KINDS)
    assert (cut.train.interactions != again.train.interactions).nnz == 0
    assert (cut.test != again.test).nnz == 0
    other = holdout(graph, "given", 4, KINDS)
    assert (cut.train.interactions != other.train.interactions).nnz > 0


def test_nothing_of_the_test_part_reaches_the_training_part() -> None:
    graph = with_stated(random_graph(2), 2)
    events, rng = graph.events, np.random.default_rng(0)
    assert events.part is not None
    late = np.flatnonzero(events.part == 2)
    item = events.item.copy()
    item[late] = rng.permutation(item[late])
    other = graph.with_events(replace(events, item=item))
    one, two = (split(g, "given", 0, KINDS).train for g in (graph, other))
    assert one.fingerprint == two.fingerprint


def test_parts_are_part_of_what_identifies_the_data() -> None:
    graph = random_graph(3)
    stated, other = with_stated(graph, 0), with_stated(graph, 1)
    assert len({graph.fingerprint, stated.fingerprint, other.fingerprint}) == 3
    assert shuffled_rows(stated, 2).fingerprint == stated.fingerprint


def test_data_without_parts_are_told_what_to_add() -> None:
    with pytest.raises(OptionError, match=r"no column .part..*add the column"):
        split(random_graph(0), "given", 0, KINDS)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (["train", "Test", " validation "], ["train", "test", "validation"]),
        (["Training", "val", None, "dev"], ["train", "validation", "train", "validation"]),
        (["train", "screw", "test"], None),
        ([None, "", None], None),
        (["1", "2", "3"], None),
    ],
)
def test_a_column_of_other_words_is_the_data_s_own(said: list[str | None], expected: list[str] | None) -> None:
    problems: list[Problem] = []
    events = with_parts(pd.DataFrame({"part": pd.Series(said, dtype="str")}), problems)
    assert (None if "part" not in events else events["part"].tolist()) == expected
    assert [p.severity for p in problems] == ([] if expected else ["note"])


def test_from_a_table_to_the_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURFACED_HOME", str(tmp_path / "home"))
    rng, rows = np.random.default_rng(0), []
    for user in range(30):
        items = rng.permutation(20)[:10]
        rows += [(f"u{user}", f"i{item}", PARTS[(n > 5) + (n > 7)]) for n, item in enumerate(items)]
    folder = tmp_path / "mine"
    folder.mkdir()
    pd.DataFrame(rows, columns=["user", "item", "part"]).to_csv(folder / "events.csv", index=False)
    surfaced("prepare", "-w", "mine", "--from", folder)
    answer = surfaced("evaluate", "-w", "mine", "--models", "item-knn,popularity", "--split", "given", "--json").json
    assert {m["n_users"] for m in answer["models"].values()} == {30}
    assert {m["split"] for m in answer["models"].values()} == {"given"}
    assert surfaced("evaluate", "-w", "newsroom", "--model", "path", "--split", "given").status == 2


def test_a_folder_of_events_measures_the_fitted_model(home: Path, tmp_path: Path) -> None:
    bench = Workbench(home)
    loaded = bench.session.workspace("newsroom")
    graph, k = loaded.graph, 20
    lists = loaded.lists(loaded.manifest("popularity"), k)
    rng = np.random.default_rng(0)
    rows = [(u, i) for u in range(30) for i in rng.choice(graph.n_items, 6, replace=False).tolist()]
    folder = tmp_path / "later"
    folder.mkdir()
    events = pd.DataFrame([(graph.users.ids[u], graph.items.ids[i]) for u, i in rows], columns=["user", "item"]).assign(
        event="view", time=graph.now
    )
    strangers = pd.DataFrame({"user": ["nobody", graph.users.ids[0]], "item": [graph.items.ids[0], "nothing"]})
    pd.concat([events, strangers.assign(event="view", time=graph.now)]).to_csv(folder / "events.csv", index=False)
    answer = surfaced("evaluate", "--workspace", "newsroom", "--model", "popularity", "--test", folder, "--json")
    known = set(zip(*(a.tolist() for a in graph.interactions.nonzero()), strict=True))
    recall = []
    for u in range(30):
        new = {i for v, i in rows if v == u and (u, i) not in known}
        if new:
            recall.append(len(new & set(lists[u].tolist())) / len(new))
    assert answer.json["metrics"]["recall@20"]["value"] == pytest.approx(np.mean(recall))
    assert answer.json["n_users"] == len(recall)
    assert "2 of 182 events are of people or items that the workspace does not know" in answer.err
    had = sum((u, i) in known for u, i in set(rows))
    assert f"{had:,} of 182 events are of what the person has in the workspace already" in answer.err
    plain = tmp_path / "plain"
    plain.mkdir()
    events[["user", "item"]].to_csv(plain / "events.csv", index=False)
    same = surfaced("evaluate", "--workspace", "newsroom", "--model", "popularity", "--test", plain, "--json")
    assert same.json["metrics"] == answer.json["metrics"], "events without a kind all count"
    empty = tmp_path / "strangers"
    empty.mkdir()
    strangers.to_csv(empty / "events.csv", index=False)
    refused = surfaced("evaluate", "--workspace", "newsroom", "--model", "popularity", "--test", empty)
    assert refused.status == 2
    assert "can be measured" in refused.complaint
    both = surfaced("evaluate", "--workspace", "newsroom", "--models", "all", "--test", folder)
    assert both.status == 2
