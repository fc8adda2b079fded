"""What is shown of groups of people is never enough to work out a sum over fewer of them than are told.

The check knows nothing of how groups are hidden: it takes what is published as equations, and asks of every set of
fewer than `LIMIT` people whether some combination of the equations holds these people alone (by ranks, over integers
small enough to be exact).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest
from scipy import sparse

from core.evaluation import evaluate
from core.graph import InteractionGraph
from core.progress import no_progress
from explain.fairness.differencing import protect
from explain.fairness.report import Lists, run_plan
from explain.format.words import RBP
from explain.groups.intersections import grouping
from explain.results.plan import Plan, Thresholds
from tests.fairness_world import disclosure, make_graph

LIMIT = 4


def columns_of_people(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Two to four columns: skewed, nested in one another, crossed, some people unknown."""
    n = int(rng.integers(14, 34))
    skewed = np.sort(rng.choice(5, n, p=[0.4, 0.3, 0.2, 0.06, 0.04]))
    coarse = skewed // 2
    free = rng.integers(0, int(rng.integers(2, 4)), n)
    columns = {"skewed": skewed, "free": free}
    if rng.random() < 0.5:
        moved = coarse.copy()
        moved[rng.choice(n, int(rng.integers(0, 4)), replace=False)] = 0
        columns["nearly nested"] = moved
    if rng.random() < 0.5:
        columns["skewed × free"] = np.unique(skewed * 10 + free, return_inverse=True)[1]
    return {name: code.astype(np.int64) for name, code in columns.items()}


def published(codes: dict[str, np.ndarray], hidden: dict[str, frozenset[int]]) -> np.ndarray:
    """One row an equation, one column a person: everybody, and each group that is shown."""
    n = len(next(iter(codes.values())))
    rows = [np.ones(n)]
    for by, code in codes.items():
        rows += [(code == g).astype(float) for g in range(code.max() + 1) if g not in hidden[by] and (code == g).any()]
    return np.array(rows)


def given_away(equations: np.ndarray, limit: int) -> tuple[int, ...] | None:
    """The first set of fewer than `limit` people that a combination of the equations holds alone; None where there is
    none.
    """
    rank = np.linalg.matrix_rank(equations)
    alike, first = np.unique(equations, axis=1, return_index=True)
    people = [np.flatnonzero((equations == alike[:, [a]]).all(axis=0)) for a in range(len(first))]
    small = [p for p in people if len(p) < limit]
    for few in range(1, limit):
        for sets in combinations(small, few):
            who = np.concatenate(sets)
            if len(who) < limit and np.linalg.matrix_rank(np.delete(equations, who, axis=1)) < rank:
                return tuple(who.tolist())
    return None


def random_columns(n: int) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    for seed in range(n):
        yield seed, columns_of_people(np.random.default_rng(seed))


def check(n_draws: int) -> None:
    n_exposed, n_hidden = 0, 0
    for seed, codes in random_columns(n_draws):
        everybody = np.arange(len(codes["free"]))
        primary = {
            by: frozenset(g for g in range(code.max() + 1) if 0 < (code == g).sum() < LIMIT)
            for by, code in codes.items()
        }
        n_exposed += given_away(published(codes, primary), LIMIT) is not None
        hidden = protect(codes, everybody, LIMIT, {})
        assert given_away(published(codes, hidden), LIMIT) is None, seed
        assert all(hidden[by] >= primary[by] for by in codes), seed
        n_hidden += sum(len(hidden[by]) < len(np.unique(codes[by])) for by in codes)
    assert n_exposed > n_draws / 4, "worlds in which hiding small groups alone is enough test nothing"
    assert n_hidden > n_draws / 2, "hiding everything is no answer"


def test_no_sum_of_few_people_follows_from_what_is_shown() -> None:
    check(60)


@pytest.mark.slow
def test_no_sum_of_few_people_follows_from_what_is_shown_in_many_worlds() -> None:
    check(400)


def test_the_check_itself_finds_the_person_that_two_columns_give_away() -> None:
    region = np.array([0] * 40 + [1] * 40 + [2])
    gender = np.array([0] * 41 + [1] * 40)
    equations = published({"region": region, "gender": gender}, {"region": frozenset({2}), "gender": frozenset()})
    assert given_away(equations, 10) == (80,)


def test_the_smallest_group_beside_a_small_one_is_hidden_with_it() -> None:
    region = np.array([0] * 50 + [1] * 30 + [2] * 20 + [3])
    assert protect({"region": region}, np.arange(101), 10, {}) == {"region": frozenset({2, 3})}


@pytest.mark.parametrize(("size", "hidden"), [(9, {0, 1}), (10, set()), (11, set())])
def test_a_group_is_hidden_below_the_limit_only(size: int, hidden: set[int]) -> None:
    code = np.array([0] * size + [1] * 30 + [2] * 40)
    assert protect({"region": code}, np.arange(len(code)), 10, {})["region"] == hidden


def test_two_large_groups_that_differ_by_one_person_are_not_both_shown() -> None:
    region, office = np.array([0] * 20 + [1] * 30), np.array([0] * 21 + [1] * 29)
    hidden = protect({"region": region, "office": office}, np.arange(50), 10, {})
    assert hidden["region"] or hidden["office"]
    assert given_away(published({"region": region, "office": office}, hidden), 4) is None


def test_who_was_told_before_is_not_hidden_for_what_comes_after() -> None:
    region, gender = np.array([0] * 30 + [1] * 30), np.array([0] * 25 + [1] * 5 + [0] * 15 + [1] * 15)
    both = region * 2 + gender
    hidden = protect({"region": region, "gender": gender, "both": both}, np.arange(60), 10, {}, {"region", "gender"})
    assert hidden == {"region": frozenset(), "gender": frozenset(), "both": frozenset(range(4))}


def test_nothing_of_a_group_is_told_where_everybody_is_too_few() -> None:
    assert protect({"x": np.array([0, 0, 1])}, np.arange(3), 10, {}) == {"x": frozenset({0, 1})}


def world_of(seed: int) -> tuple[InteractionGraph, Lists, dict[str, np.ndarray]]:
    """People of these columns with random lists; some have nothing held out."""
    rng = np.random.default_rng(seed)
    codes = columns_of_people(rng)
    codes.pop("skewed × free", None)
    n, m, k = len(codes["free"]), 12, 3
    attributes = {by: [f"{by[0]}{g}" for g in code] for by, code in codes.items()}
    pairs = [(u, i) for u in range(n) for i in rng.choice(m, 3, replace=False).tolist()]
    graph = make_graph(n, m, items={"brand": ["a", "b"] * (m // 2)}, users=attributes, pairs=pairs)
    lists = np.array([rng.choice(m, k, replace=False) for _ in range(n)])
    likes = (rng.random((n, m)) < 0.2).astype(float)
    likes[rng.choice(n, 3, replace=False)] = 0.0
    held = sparse.csr_matrix(likes)
    quality = evaluate(lists, held, training=graph.interactions, cutoffs=(k,), draws=20)
    return graph, Lists(lists, lists, held, quality, graph.interactions), codes


@pytest.mark.parametrize("seed", range(8))
def test_no_record_tells_what_gives_a_few_people_away(seed: int) -> None:
    graph, given, codes = world_of(seed)
    plan = Plan(
        workspace="tiny",
        model="path",
        k=3,
        item_columns=("brand",),
        user_columns=tuple(codes),
        intersections=(("skewed", "free"),),
        thresholds=Thresholds(min_n=LIMIT),
        draws=100,
        browsing=RBP,
    )
    result = run_plan(graph, plan, given, progress=no_progress)
    names = {by: np.array([f"{by[0]}{g}" for g in code], dtype=object) for by, code in codes.items()}
    names["skewed × free"] = np.array(
        [f"{a} × {b}" for a, b in zip(names["skewed"], names["free"], strict=True)], dtype=object
    )
    assert given.quality is not None
    everybody = np.arange(graph.n_users)
    tables: dict[str, tuple[np.ndarray, list[tuple[str, str, int]]]] = {
        "quality": (
            given.quality.users,
            [(a.by, r.group, r.n) for a in (*result.people, *result.intersections) for r in a.rows if r.n],
        ),
        "cells": (
            everybody,
            [(t.user_by, r.user_group, r.n) for t in result.cells for r in t.rows if r.n],
        ),
    }
    for m in result.metrics:
        if m.by in codes and m.group and m.n and m.name != "user-cohort gap":
            tables.setdefault(m.name, (everybody, []))[1].append((m.by, m.group, m.n))
    assert len(tables) > 4
    for metric, (people, rows) in tables.items():
        equations = [np.ones(len(people))]
        for by, group, n in rows:
            members = (names[by][people] == group).astype(float)
            assert members.sum() == n, (metric, by, group)
            equations.append(members)
        assert given_away(np.array(equations), LIMIT) is None, metric


def test_two_audits_of_other_intersections_cannot_be_subtracted_from_each_other() -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(16, 30))
        codes = {by: rng.integers(0, int(rng.integers(2, 4)), n) for by in "abc"}
        graph = make_graph(n, 2, users={by: [f"{by}{g}" for g in code] for by, code in codes.items()})
        first = disclosure(graph, ["a,b"], limit=LIMIT, floor=LIMIT)
        then = disclosure(graph, ["a,b", "b,c"], limit=LIMIT, floor=LIMIT)
        everybody = np.arange(n)
        assert then.hidden("a × b", everybody) == first.hidden("a × b", everybody)
        groupings = {by: grouping(graph, by, "user") for by in ("a", "b", "c", "a,b", "b,c")}
        hidden = {c.by: then.hidden(c.by, everybody) for c in groupings.values()}
        assert given_away(published({c.by: c.code for c in groupings.values()}, hidden), LIMIT) is None, seed
