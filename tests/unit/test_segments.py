"""Segments: planted communities are found whatever the seed, named by what tells them apart, and small ones hidden."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from core.graph import InteractionGraph
from core.models.base import Holdout
from core.models.segments import Segments, adjusted_rand
from explain.workspace.segments import agreement, segment_rows
from tests.command_line import surfaced
from tests.graphs import names_of, nodes, random_graph

N_GROUPS, N_EACH, N_ITEMS = 4, 40, 80


def planted(seed: int) -> tuple[InteractionGraph, np.ndarray]:
    """People of four tastes, who have nine in ten items of their own topic; and each one's taste."""
    rng = np.random.default_rng(seed)
    n_users = N_GROUPS * N_EACH
    graph = random_graph(
        seed, n_users=n_users + 1, n_items=N_ITEMS, n_events=n_users * 12, n_topics=N_GROUPS, n_contexts=0
    )
    taste = np.repeat(np.arange(N_GROUPS), N_EACH)
    per_topic = N_ITEMS // N_GROUPS
    user = np.repeat(np.arange(n_users), 12)
    own = rng.random(len(user)) < 0.9
    topic = np.where(own, taste[user], rng.integers(0, N_GROUPS, len(user)))
    item = topic * per_topic + rng.integers(0, per_topic, len(user))
    graph = graph.with_events(replace(graph.events, user=user, item=item))
    dense = np.eye(N_GROUPS)[np.repeat(np.arange(N_GROUPS), per_topic)]
    memberships = {"topic": sparse.csr_matrix(dense)}
    return replace(graph, groups={"topic": nodes("topic", N_GROUPS)}, memberships=memberships), taste


def fitted(graph: InteractionGraph, seed: int) -> Segments:
    return Segments.fit(graph, holdout=Holdout(graph, sparse.csr_matrix(graph.interactions.shape)), seed=seed)


@pytest.mark.parametrize("world", [0, 1])
def test_planted_communities_are_found_again_under_every_seed(world: int) -> None:
    graph, taste = planted(world)
    models = [fitted(graph, seed) for seed in (0, 1, 7)]
    for model in models:
        assert adjusted_rand(model.members[:-1], taste) >= 0.9
        assert model.members[-1] == -1  # nobody without a history
    assert all(agreement(a, b) >= 0.8 for a, b in combinations(models, 2))
    assert models[0].stability >= 0.9


def test_a_segment_is_called_by_what_its_people_have_more_of() -> None:
    graph, taste = planted(2)
    model = fitted(graph, 0)
    rows = segment_rows(model, graph, names_of(graph), smallest=5)
    assert sum(row.n for row in rows) == len(taste)
    for row in rows:
        own = np.bincount(taste[model.members[:-1] == row.number], minlength=N_GROUPS)
        assert row.traits[0].label == f"topic t00{own.argmax()}"
        assert row.name.startswith(row.traits[0].label)
        has = (graph.interactions > 0).astype(float)
        had = has[:-1][model.members[:-1] == row.number] @ graph.memberships["topic"]
        shares = np.asarray(had.sum(axis=0)).ravel() / had.sum()
        assert row.traits[0].share == pytest.approx(shares[own.argmax()])
        assert row.traits[0].share > row.traits[0].overall
    assert segment_rows(model, graph, names_of(graph), smallest=len(taste) + 1) == ()


def test_the_rand_index_counts_pairs() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = rng.integers(0, 4, 30), rng.integers(0, 3, 30)
        pairs = list(combinations(range(30), 2))
        one, other = (np.array([c[i] == c[j] for i, j in pairs]) for c in (a, b))
        both, expected = (one & other).sum(), one.sum() * other.sum() / len(pairs)
        assert adjusted_rand(a, b) == pytest.approx((both - expected) / ((one.sum() + other.sum()) / 2 - expected))
    assert adjusted_rand(a, a) == 1.0


def test_somebody_new_is_in_the_segment_of_what_they_read() -> None:
    graph, taste = planted(3)
    model = fitted(graph, 0)
    for topic in range(N_GROUPS):
        folded, place = model.fold_in(np.array([topic * 20, topic * 20 + 1]), np.ones(2))
        assert np.bincount(taste[model.members[:-1] == folded.members[place]]).argmax() == topic
        best = folded.score(np.array([place]))[0].argsort()[::-1][:5]
        assert (best // 20 == topic).all()


def test_the_command_names_them_and_compares_with_the_snapshot_before(
    newsroom_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SURFACED_HOME", str(shutil.copytree(newsroom_home, tmp_path / "home")))
    for fitted_before in (tmp_path / "home").rglob("segments-*"):
        shutil.rmtree(fitted_before)
    refused = surfaced("segments", "--workspace", "newsroom").complaint
    assert "fit --workspace newsroom --model segments" in refused
    for seed in ("0", "1"):
        surfaced("fit", "--workspace", "newsroom", "--model", "segments", "--seed", seed)
    report = surfaced("segments", "--workspace", "newsroom", "--json").json
    assert report["since"] >= 0.8
    assert report["stability"] >= 0.9
    sizes = [row["n"] for row in report["segments"]]
    assert len(sizes) >= 2
    assert min(sizes) >= 10
    assert all(row["name"] and row["traits"] for row in report["segments"])
    assert report["segments"][0]["name"] in surfaced("segments", "--workspace", "newsroom").out
