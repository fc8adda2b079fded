"""A mixture's weights against a search by hand, and its predictions against its members'."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import sparse

from core.adjacency import Adjacency
from core.evaluation import accuracy
from core.graph import FloatArray, IntArray
from core.models._blend import Blend, Member, spreads
from core.models._blend_weights import K, Mixture, mixture
from core.models.base import Holdout
from core.models.graph_mf import GraphMf
from core.models.ials import Factoring, Ials
from core.models.lightgcn import LightGCN
from core.models.path import PathModel
from core.ranking import top_k
from explain.counterfactual.changes import predicted_scores
from tests.graphs import random_graph, timed_parameters


def planted(n_people: int, n_items: int, seed: int) -> tuple[Holdout, dict[str, FloatArray]]:
    """A cut in which one model knows what the first half of the people have next, and another what the rest have."""
    rng = np.random.default_rng(seed)
    graph = random_graph(seed, n_users=n_people, n_items=n_items, n_events=3 * n_people)
    held = rng.integers(0, n_items, (n_people, 3))
    test = sparse.csr_matrix(
        (np.ones(held.size), (np.repeat(np.arange(n_people), 3), held.ravel())), graph.interactions.shape
    )
    test = sparse.csr_matrix((test.toarray() > 0) & ~(graph.interactions.toarray() > 0), dtype=np.float64)
    scores = {name: rng.normal(size=(n_people, n_items)) for name in ("early", "late", "noise")}
    scores["early"][: n_people // 2] += 2.0 * test.toarray()[: n_people // 2]
    scores["late"][n_people // 2 :] += 2.0 * test.toarray()[n_people // 2 :]
    return Holdout(graph, test), scores


def weighed(cut: Holdout, scores: dict[str, FloatArray]) -> Mixture:
    return mixture({name: _rows(table) for name, table in scores.items()}, dict.fromkeys(scores, 1.0), cut)


def _rows(table: FloatArray) -> Callable[[IntArray], FloatArray]:
    return lambda users: table[users]


def value(cut: Holdout, scores: FloatArray) -> float:
    people = np.flatnonzero(np.diff(cut.test.indptr))
    lists, _ = top_k(scores[people], K, cut.train.interactions[people])
    found = accuracy(lists, cut.test[people], K)
    return float(found[f"recall@{K}"].mean() + found[f"ndcg@{K}"].mean())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_mixture_is_no_worse_than_any_weighing_of_two_on_a_fine_grid(seed: int) -> None:
    cut, scores = planted(120, 60, seed)
    del scores["noise"]
    found = weighed(cut, scores)
    assert sum(found.weights.values()) == pytest.approx(1.0)
    assert min(found.weights.values()) > 0.2  # each knows half of the people
    mixed = sum(weight * scores[name] for name, weight in found.weights.items())
    grid = [value(cut, t * scores["early"] + (1 - t) * scores["late"]) for t in np.linspace(0, 1, 21)]
    assert value(cut, mixed) >= max(grid) - 1e-4
    assert sum(found.metrics.values()) == pytest.approx(value(cut, mixed))
    assert found.alone == ""


def test_what_knows_nothing_gets_little_and_what_is_as_good_alone_is_named() -> None:
    cut, scores = planted(120, 60, 4)
    one = scores["early"] + scores["late"]
    found = weighed(cut, {"knows": one, "noise": scores["noise"]})
    assert found.weights["noise"] <= 0.3
    assert found.alone == "knows"
    assert weighed(cut, {"same": one, "again": one}).alone in ("same", "again")


def test_a_cut_that_holds_nothing_back_weighs_all_alike() -> None:
    cut, scores = planted(20, 15, 5)
    nothing = Holdout(cut.train, sparse.csr_matrix(cut.test.shape))
    found = weighed(nothing, scores)
    assert set(found.weights.values()) == {1 / 3}
    assert (found.alone, dict(found.metrics)) == ("", {})


def mixed(seed: int) -> tuple[Blend, list[Member]]:
    graph = random_graph(seed)
    members = [
        Member(name="path", model=PathModel.build(graph, timed_parameters(seed)), weight=0.6, factor=0.7),
        Member(
            name="ials",
            model=Ials.learnt(graph, Factoring(dim=3, unobserved=0.3, penalty=0.02), seed=seed, rounds=2),
            weight=0.4,
            factor=2.5,
        ),
    ]
    return GraphMf(members), members


@pytest.mark.parametrize("seed", [1, 2])
def test_a_score_after_a_deletion_is_foretold_as_its_members_foretell_it(seed: int) -> None:
    """Each with what its own first hops shrink by."""
    blend, members = mixed(seed)
    adjacency = Adjacency.binary(random_graph(seed).interactions)
    vectors = np.random.default_rng(seed).normal(size=(adjacency.n_users + adjacency.n_items, 4))
    network = Member(name="lightgcn", model=LightGCN(adjacency, vectors), weight=0.0, factor=0.3)
    blend = GraphMf([*members, network])
    for user in range(6):
        gone = blend.history(user)[:2]
        by_hand = sum(m.factor * predicted_scores(m.model, user, gone) for m in blend.members)
        assert np.allclose(predicted_scores(blend, user, gone), by_hand, atol=1e-12)


def test_a_deletion_equals_the_mixture_on_a_table_without_the_events() -> None:
    """200 deletions: parameters and factors stay, everything else is built anew."""
    rng, n = np.random.default_rng(0), 0
    for seed in range(1, 40):
        blend, _ = mixed(seed)
        graph = random_graph(seed)
        for user in range(7):
            own = blend.history(user)
            if len(own) < 2:
                continue
            gone = rng.choice(own, int(rng.integers(1, len(own))), replace=False)
            events = graph.events
            left = graph.with_events(events.take(~((events.user == user) & np.isin(events.item, gone))))
            rebuilt = type(blend).restore(left, blend.state()).score(np.array([user]))[0]
            kept = np.setdiff1d(own, gone)
            weights = left.interactions[user]
            order = np.argsort(weights.indices)
            assert np.array_equal(weights.indices[order], kept)
            folded, place = blend.fold_in(kept, weights.data[order], user)
            assert np.allclose(folded.score(np.array([place]))[0], rebuilt, rtol=1e-9, atol=1e-12)
            n += 1
    assert n >= 200


def test_factors_bring_scores_to_one_size() -> None:
    _, members = mixed(3)
    graph = random_graph(3)
    spread = spreads({m.name: m.model for m in members}, graph)
    people = np.flatnonzero(np.diff(graph.interactions.indptr))
    for m in members:
        assert np.std(m.model.score(people) / spread[m.name]) == pytest.approx(1.0)
