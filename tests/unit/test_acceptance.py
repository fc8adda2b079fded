"""What the product promises of every answer, on the small Newsroom, with each number had a second way.

Explanations: for 100 listed and 100 random pairs of each model, all amounts are terms of the score that was shown.
Audits and measurements: recomputed with plain loops from the files that a user gets, `recommend-all` and the tables.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.models.base import constant_words, default_model
from core.models.item_knn import ItemKnn
from core.models.popularity import Popularity
from explain.results.explanation import Explanation
from explain.workbench.workbench import Workbench
from tests.command_line import surfaced
from tests.models import from_events_alone

MODELS = from_events_alone()
N_PAIRS = 100
CONSTANTS = {*constant_words(), "jump"}
GAMMA = 0.8

List = dict[str, list[str]]


@pytest.fixture(scope="module")
def bench(newsroom_home: Path) -> Workbench:
    return Workbench(newsroom_home)


@pytest.fixture(scope="module")
def tables(newsroom_home: Path) -> dict[str, pd.DataFrame]:
    folder = newsroom_home / "workspaces" / "newsroom" / "tables"
    return {name: pd.read_parquet(folder / f"{name}.parquet") for name in ("events", "users", "items", "topics")}


@pytest.fixture(scope="module")
def histories(tables: dict[str, pd.DataFrame]) -> dict[str, set[str]]:
    items_of: dict[str, set[str]] = defaultdict(set)
    for user, item in zip(tables["events"]["user"], tables["events"]["item"], strict=True):
        items_of[user].add(item)
    return items_of


# Explanations


def agrees(printed: float, score: float) -> bool:
    """The contract's arithmetic: to 1e-5 of the score, or to 1e-9 where the score is next to nothing."""
    return abs(printed - score) <= (1e-9 if abs(score) < 1e-6 else 1e-5 * abs(score))


def check_amounts(why: Explanation, history: set[str]) -> None:
    assert agrees(math.fsum(p.value for p in why.parts), why.score)
    assert why.completeness_error <= 1e-5
    ids = [p.id for p in why.parts if p.kind == "history"]
    assert sorted(ids) == sorted(history), "each history item is one part"
    assert {p.kind for p in why.parts} <= {"history", *CONSTANTS}
    for part in why.parts:
        assert math.fsum(part.relations.values()) == pytest.approx(part.value, rel=1e-9, abs=1e-12)
    assert why.coverage + why.residual == pytest.approx(1, abs=1e-9)
    assert why.gross_net >= 1 - 1e-9
    assert 0 <= why.path_share <= 1


def check_walks(why: Explanation) -> None:
    gross = why.gross_net * abs(why.score)
    assert math.fsum(abs(p.value) for p in why.paths) <= gross * (1 + 1e-6) + 1e-12
    for path in why.paths:
        assert math.prod(hop.weight for hop in path.hops) == pytest.approx(path.value, rel=1e-9)
        assert path.hops[0].source == why.user
        assert path.hops[-1].target == why.item
        for earlier, later in zip(path.hops[:-1], path.hops[1:], strict=True):
            assert earlier.target == later.source
    sizes = [abs(p.value) for p in why.paths]
    assert sizes == sorted(sizes, reverse=True)


def check_picture(why: Explanation) -> None:
    target = next(node.key for node in why.nodes if node.kind == "target")
    person = next(node.key for node in why.nodes if node.kind == "person")
    net: dict[str, float] = defaultdict(float)
    through = [0.0, 0.0]
    for bundle in why.bundles:
        assert bundle.value_for >= 0
        assert bundle.value_against >= 0
        amount = bundle.value_for - bundle.value_against
        net[bundle.source] -= amount
        net[bundle.target] += amount
        through[0] += amount * (bundle.target == target)
        through[1] += amount * (bundle.source == person)
    assert agrees(through[0], why.score), "what enters the item is the score"
    assert agrees(through[1], why.score), "what leaves the person is the score"
    scale = max((abs(b.value_for - b.value_against) for b in why.bundles), default=0.0)
    for key, surplus in net.items():
        assert key in (target, person) or abs(surplus) <= 1e-9 * scale + 1e-12, f"{key} keeps {surplus}"
    assert len(why.nodes) <= 60


def check(why: Explanation, history: set[str]) -> None:
    json.dumps(why.as_json(), allow_nan=False)
    check_amounts(why, history)
    check_walks(why)
    check_picture(why)
    assert (why.state == "consumed") == (why.item in history)
    if why.state == "no_path":
        assert why.score == 0


@pytest.mark.parametrize("model", MODELS)
def test_listed_pairs_are_explained_to_the_last_term(
    bench: Workbench, histories: dict[str, set[str]], model: str
) -> None:
    users = sorted(histories)[:: len(histories) // (N_PAIRS // 5)][: N_PAIRS // 5]
    n_pairs = 0
    for user in users:
        for listed in bench.explain.recommend("newsroom", model, user=user, k=5).items:
            why = bench.explain.why("newsroom", model, listed.item, user=user)
            check(why, histories[user])
            assert why.score == pytest.approx(listed.score, rel=1e-9)
            assert (why.rank, why.label) == (listed.rank, listed.label)
            assert why.state != "consumed"
            n_pairs += 1
    assert n_pairs == N_PAIRS


@pytest.mark.parametrize("model", MODELS)
def test_random_pairs_are_explained_to_the_last_term(
    bench: Workbench, tables: dict[str, pd.DataFrame], histories: dict[str, set[str]], model: str
) -> None:
    rng = np.random.default_rng(5)
    users = rng.choice(tables["users"]["user"].to_numpy(dtype=object), N_PAIRS)
    items = rng.choice(tables["items"]["item"].to_numpy(dtype=object), N_PAIRS)
    states = set()
    for user, item in zip(users, items, strict=True):
        why = bench.explain.why("newsroom", model, item, user=user)
        check(why, histories[user])
        states.add(why.state)
    assert {"ok", "consumed"} <= states


@pytest.mark.parametrize("model", MODELS)
def test_a_history_of_ones_own_is_explained_to_the_last_term(bench: Workbench, model: str) -> None:
    history = [hit.id for hit in bench.data.find_items("newsroom", "", limit=40)][::10]
    for listed in bench.explain.recommend("newsroom", model, history=history, k=5).items:
        why = bench.explain.why("newsroom", model, listed.item, history=history)
        check(why, set(history))
        assert why.score == pytest.approx(listed.score, rel=1e-9)


def test_the_path_model_has_no_term_but_paths(bench: Workbench, histories: dict[str, set[str]]) -> None:
    user = sorted(histories)[0]
    for listed in bench.explain.recommend("newsroom", "path", user=user, k=10).items:
        why = bench.explain.why("newsroom", "path", listed.item, user=user)
        assert why.path_share == pytest.approx(1)
        assert {p.kind for p in why.parts} == {"history"}
        assert all(hop.solid for path in why.paths for hop in path.hops)


# Lists, splits and measurements, had a second way


@cache
def lists_of(home: Path, model: str, fitted_on: str, split: str, seed: int) -> List:
    """user → items in rank order, read back from `recommend-all`'s file."""
    file = home / f"{model}-{fitted_on}-{split}-{seed}.parquet"
    more = ("--fit", fitted_on, "--split", split, "--seed", seed, "--k", 20)
    surfaced("recommend-all", "--workspace", "newsroom", "--model", model, *more, "--out", file, "--json").json  # noqa: B018
    rows = pd.read_parquet(file).sort_values(["user", "rank"])
    file.unlink()
    lists: List = defaultdict(list)
    for user, rank, item in zip(rows["user"], rows["rank"], rows["item"], strict=True):
        lists[user].append(item)
        assert rank == len(lists[user])
    return dict(lists)


def held_out_rows(events: pd.DataFrame, split: str, seed: int) -> set[int]:
    """Rows of the test part, as the contract words them."""
    if split == "random":
        order = np.random.default_rng(seed).permutation(len(events))
        return {int(row) for row in order[round(0.8 * len(events)) :]}
    if split == "time":
        times = sorted(events["time"])
        date = times[math.ceil(0.8 * len(times)) - 1]
        return {row for row, time in enumerate(events["time"]) if time > date}
    last: dict[str, int] = {}
    count: dict[str, int] = defaultdict(int)
    rows = list(zip(events["user"], events["time"], events["item"], strict=True))
    for row, (user, time, item) in enumerate(rows):
        count[user] += 1
        if user not in last or (time, item) >= rows[last[user]][1:]:
            last[user] = row
    return {row for user, row in last.items() if count[user] > 1}


def wanted_items(events: pd.DataFrame, split: str, seed: int) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """What each person has in training, and what they have in the test part alone; people without training are cold."""
    held = held_out_rows(events, split, seed)
    training: dict[str, set[str]] = defaultdict(set)
    test: dict[str, set[str]] = defaultdict(set)
    for row, (user, item) in enumerate(zip(events["user"], events["item"], strict=True)):
        (test if row in held else training)[user].add(item)
    wanted = {user: items - training[user] for user, items in test.items() if user in training}
    return training, {user: items for user, items in wanted.items() if items}


def measured(items: list[str], wanted: set[str], k: int) -> dict[str, float]:
    """One person's list, by the textbook."""
    hits = [item in wanted for item in items[:k]]
    gain = sum(1 / math.log2(place + 2) for place, hit in enumerate(hits) if hit)
    best = sum(1 / math.log2(place + 2) for place in range(min(k, len(wanted))))
    return {
        f"recall@{k}": sum(hits) / len(wanted),
        f"ndcg@{k}": gain / best,
        f"mrr@{k}": 1 / (hits.index(True) + 1) if any(hits) else 0.0,
        f"hit@{k}": float(any(hits)),
        f"precision@{k}": sum(hits) / k,
    }


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("model", "split", "seed"),
    [
        (Popularity.spec.name, "last", 0),
        (Popularity.spec.name, "time", 0),
        (ItemKnn.spec.name, "random", 3),
        (default_model(), "last", 0),
    ],
)
def test_evaluate_agrees_with_plain_loops_over_the_files(
    newsroom_home: Path, tables: dict[str, pd.DataFrame], model: str, split: str, seed: int
) -> None:
    lists = lists_of(newsroom_home, model, "heldout", split, seed)
    training, wanted = wanted_items(tables["events"], split, seed)
    for user, items in lists.items():
        assert len(items) == len(set(items)) == min(20, 200 - len(training[user]))
        assert not set(items) & training[user], "what a person has in training is no candidate"
    ask = ("evaluate", "--workspace", "newsroom", "--model", model, "--split", split, "--seed", seed, "--json")
    evaluation = surfaced(*ask).json
    assert evaluation["n_users"] == len(wanted) > 50
    for k in (5, 20):
        rows = [measured(lists[user], wanted[user], k) for user in wanted]
        for name in rows[0]:
            value = math.fsum(row[name] for row in rows) / len(rows)
            assert evaluation["metrics"][name]["value"] == pytest.approx(value, abs=1e-9), name
    assert evaluation["metrics"]["recall@20"]["value"] > 0


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("model", [default_model(), Popularity.spec.name])
def test_exposure_by_topic_agrees_with_plain_loops_over_the_files(
    newsroom_home: Path, tables: dict[str, pd.DataFrame], model: str
) -> None:
    """E_g: each place weighs .8^(rank-1), an item's weight is shared among its topics by their edge weights."""
    lists = lists_of(newsroom_home, model, "full", "last", 0)
    names = dict(zip(tables["topics"]["topic"], tables["topics"]["label"], strict=True))
    edges: dict[str, dict[str, float]] = {item: {} for item in tables["items"]["item"]}
    for row in tables["topics"].itertuples():
        edges[row.item][names[row.topic]] = row.weight
    catalogue: dict[str, float] = defaultdict(float)
    given: dict[str, float] = defaultdict(float)
    for topics in edges.values():
        for topic, weight in topics.items():
            catalogue[topic] += weight / sum(topics.values()) / len(edges)
    for items in lists.values():
        for place, item in enumerate(items):
            for topic, weight in edges[item].items():
                given[topic] += GAMMA**place * weight / sum(edges[item].values())
    ask = ("audit", "--workspace", "newsroom", "--model", model, "--by", "topic", "--json")
    audit = surfaced(*ask).json
    assert audit["browsing"] == "rbp(0.8)"
    assert {row["group"] for row in audit["rows"]} == set(catalogue)
    for row in audit["rows"]:
        topic = row["group"]
        share = given[topic] / sum(given.values())
        assert row["value"] == pytest.approx(share / catalogue[topic], rel=1e-9)
        assert row["n"] == sum(topic in topics for topics in edges.values())
        assert row["low"] <= row["value"] <= row["high"]
        if row["verdict"] == "pass":
            assert row["low"] >= 0.8
            assert row["high"] <= 1.25
        if row["verdict"] == "fail":
            assert row["high"] < 0.8 or row["low"] > 1.25
        assert audit["overall"]["shares"][topic]["exposure"] == pytest.approx(share, rel=1e-9)


@pytest.mark.usefixtures("home")
def test_quality_by_region_agrees_with_plain_loops_over_the_files(
    newsroom_home: Path, tables: dict[str, pd.DataFrame]
) -> None:
    lists = lists_of(newsroom_home, "path", "heldout", "last", 0)
    _, wanted = wanted_items(tables["events"], "last", 0)
    regions = tables["users"].set_index("user")["region"]
    values: dict[str, list[float]] = defaultdict(list)
    for user in wanted:
        region = regions[user] if isinstance(regions[user], str) else "unknown"
        values[region].append(measured(lists[user], wanted[user], 20)["ndcg@20"])
    audit = surfaced("audit", "--workspace", "newsroom", "--model", "path", "--by", "region", "--json").json
    assert {row["group"]: row["n"] for row in audit["rows"]} == {group: len(v) for group, v in values.items()}
    means = {group: math.fsum(v) / len(v) for group, v in values.items() if len(v) >= 10}
    for row in audit["rows"]:
        expected = means.get(row["group"])
        assert row["value"] == (None if expected is None else round(expected, 3)), (
            "figures of people have three decimals"
        )
    known = [mean for group, mean in means.items() if group != "unknown"]
    assert audit["overall"]["gap"] == round(max(known) - min(known), 3)
