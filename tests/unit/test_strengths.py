"""Learning strengths: sparse gradients against dense ones, what is learnt against what was planted, and what is held
back against a graph that never had it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import sparse

from core.graph import FloatArray, InteractionGraph
from core.models import _strength_training
from core.models._path_chains import CO_3, CO_5, PathParameters, Relation
from core.models._strength_kernels import Pattern, carry, products, spread
from core.models._strength_sampling import drawn_items, scores
from core.models._strength_training import Learner, histories_of, learn
from core.models.base import Holdout
from core.models.path import PathModel
from core.models.path_strengths import PathStrengths
from core.progress import no_progress
from data.splits import holdout
from explain.explanation.evidence import evidence
from explain.explanation.explain import ScoredPair
from explain.format.numbers import times
from tests.graphs import KINDS, names_of, random_graph, random_parameters, random_strengths, timed_parameters


@pytest.fixture(scope="module")
def pattern() -> tuple[Pattern, np.ndarray]:
    rng = np.random.default_rng(0)
    dense = (rng.random((7, 9)) < 0.4) * rng.random((7, 9))
    dense[2] = 0.0
    return Pattern.of(sparse.csr_matrix(dense)), dense


@pytest.mark.parametrize("turned", [False, True])
def test_spreading_along_edges_has_the_dense_product_s_values_and_gradients(
    pattern: tuple[Pattern, np.ndarray], turned: bool
) -> None:
    edges, dense = pattern
    rows, columns = np.nonzero(dense)
    values = torch.tensor(dense[rows, columns], dtype=torch.float32, requires_grad=True)
    x = torch.randn(7 if turned else 9, 4, generator=torch.Generator().manual_seed(1), requires_grad=True)
    other_values, other_x = (t.detach().clone().requires_grad_() for t in (values, x))
    full = torch.zeros(7, 9).index_put((torch.from_numpy(rows), torch.from_numpy(columns)), other_values)
    expected = (full.T if turned else full) @ other_x
    got = spread(values, x, edges, turned=turned)
    weight = torch.randn(got.shape, generator=torch.Generator().manual_seed(2))
    (got * weight).sum().backward()
    (expected * weight).sum().backward()
    assert torch.allclose(got, expected, atol=1e-6)
    for one, two in ((values, other_values), (x, other_x)):
        assert one.grad is not None
        assert two.grad is not None
        assert torch.allclose(one.grad, two.grad, atol=1e-5)


def changed_learner(seed: int = 3) -> Learner:
    """Every relation, with learnt numbers as no learning gives them."""
    graph = random_graph(seed, n_users=40, n_items=50, n_events=600, n_topics=5, n_creators=4, n_contexts=8)
    result = Learner(graph, random_parameters(seed), seed)
    maker = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for numbers in result.net.parameters():
            numbers.add_(0.2 * torch.randn(numbers.shape, generator=maker))
    return result


def test_scores_of_a_sample_are_those_of_the_whole_catalogue() -> None:
    one = changed_learner()
    batch = one.drawn(one.people[:12])
    sample = drawn_items(one.stage, np.array([3, 7]), 20, np.random.default_rng(0))
    assert {3, 7} <= set(sample.items.tolist())
    assert len(sample.items) < 50
    with torch.no_grad():
        whole, part = one.net(one.stage, batch.histories), scores(one.net, one.stage, batch.histories, sample)
    assert set(part) == set(whole)
    for key in whole:
        torch.testing.assert_close(part[key], whole[key][sample.items], rtol=1e-5, atol=1e-7)


def test_a_sample_of_everything_learns_what_the_whole_catalogue_learns() -> None:
    gradients, losses = [], []
    for sample in (None, 10_000):
        one = changed_learner()
        one.pace = replace(one.pace, sample=sample)
        loss = one._loss(one.drawn(one.people[:12]))
        torch.autograd.backward(loss)
        losses.append(float(loss.detach()))
        gradients.append({name: x.grad for name, x in one.net.named_parameters()})
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    for name, whole in gradients[0].items():
        other = gradients[1][name]
        assert whole is not None
        assert other is not None
        torch.testing.assert_close(other, whole, rtol=1e-3, atol=1e-5 * float(whole.abs().max()) + 1e-9)


def test_sums_over_a_sample_are_right_on_average() -> None:
    one, rng = changed_learner(), np.random.default_rng(5)
    amounts = rng.gamma(1.0, size=one.stage.pattern.shape[1])
    sums, sizes = [], []
    for _ in range(2_000):
        sample = drawn_items(one.stage, np.array([0]), 15, rng)
        sums.append(float(amounts[sample.items] @ sample.weights.numpy()[:, 0]))
        sizes.append(len(sample.items))
    assert np.mean(sums) == pytest.approx(amounts.sum(), abs=4 * np.std(sums) / np.sqrt(len(sums)))
    assert 15 <= np.mean(sizes) <= 16


def test_products_on_edges_and_fixed_hops_have_dense_gradients(pattern: tuple[Pattern, np.ndarray]) -> None:
    edges, dense = pattern
    rows, columns = (torch.from_numpy(a) for a in np.nonzero(dense))
    maker = torch.Generator().manual_seed(3)
    left, right = (torch.randn(n, 3, generator=maker, requires_grad=True) for n in (7, 9))
    weight = torch.randn(len(rows), generator=maker)
    (products(left, right, edges) * weight).sum().backward()
    mine = [left.grad, right.grad]
    left.grad = right.grad = None
    ((left[rows] * right[columns]).sum(dim=1) * weight).sum().backward()
    for got, expected in zip(mine, (left.grad, right.grad), strict=True):
        assert got is not None
        assert expected is not None
        assert torch.allclose(got, expected, atol=1e-5)
    matrix = sparse.csr_matrix(dense.astype(np.float32))
    x = torch.randn(9, 2, generator=maker, requires_grad=True)
    carry(x, matrix, matrix.T.tocsr()).sum().backward()
    assert x.grad is not None
    assert np.allclose(x.grad.numpy(), np.repeat(dense.sum(axis=0)[:, None], 2, axis=1), atol=1e-5)


def learner(graph: InteractionGraph, parameters: PathParameters, rounds: int = 3) -> Learner:
    result = Learner(graph, parameters, 0)
    for _ in range(rounds):
        result.round()
    return result


@pytest.mark.parametrize("seed", range(3))
def test_the_served_model_has_the_scores_that_were_learnt(seed: int) -> None:
    graph, parameters = random_graph(seed), random_parameters(seed)
    net = learner(graph, parameters)
    model = PathStrengths.build_with(graph, parameters, net.strengths(), 3)
    rows = net.first
    columns = np.repeat(np.arange(graph.n_users), np.diff(rows.indptr))
    everybody = histories_of(rows.indices.astype(np.int64), columns, rows.data, net.level.data, graph.n_users)
    with torch.no_grad():
        learnt = sum(net.average(net.stage, everybody).values(), start=torch.zeros(())).T.numpy()
    served = model.score(np.arange(graph.n_users))
    assert np.abs(served - learnt).max() <= 1e-4 * np.abs(served).max()
    assert np.abs(served - PathModel.build(graph, parameters).score(np.arange(graph.n_users))).max() > 1e-3


def test_what_is_held_back_tells_nothing_of_itself() -> None:
    """Scores of a batch are those on a graph from which its people's own edges and baskets are gone, degrees frozen."""
    graph, parameters = random_graph(4), random_parameters(4)
    net = learner(graph, parameters)
    users = np.array([1])
    batch = net.drawn(users)
    with torch.no_grad():
        expected = net.average(net.stage, batch.histories)
        alone = replace(batch.histories, barred={})
        leaky = net.average(net.stage, alone)
    own = sparse.csr_matrix(graph.interactions)
    blind = Learner(graph, parameters, 0)
    blind.average = net.average
    mine = np.repeat(np.arange(graph.n_users), np.diff(own.indptr)) == 1
    theirs = np.flatnonzero(
        np.isin(np.arange(len(graph.groups["context"])), graph.events.context[graph.events.user == 1])
    )
    for route in blind.stage.routes:
        for hop in route.hops:
            if hop.weights is not None:
                hop.weights[torch.from_numpy(mine)] = 0.0
            elif "context" in hop.kinds:
                side = hop.right if hop.kinds[1] == "context" else hop.left
                side[torch.from_numpy(theirs)] = 0.0
    with torch.no_grad():
        got = blind.average(blind.stage, alone)
    for key, own in got.items():
        assert torch.allclose(own, expected[key], atol=1e-6), key
    assert any(not torch.allclose(leaky[key], expected[key], atol=1e-6) for key in leaky)


def planted(seed: int) -> tuple[InteractionGraph, np.ndarray]:
    """A quarter of the people have what others of their taste have, the rest take anything; with who has a taste."""
    rng = np.random.default_rng(seed)
    n_users, n_items, n_tastes = 400, 80, 4
    graph = random_graph(seed, n_users=n_users, n_items=n_items, n_events=1, n_topics=0, n_creators=0, n_contexts=0)
    tasteful = rng.random(n_users) < 0.25
    user, item = [], []
    for u in range(n_users):
        pool = np.arange(u % n_tastes, n_items, n_tastes) if tasteful[u] else np.arange(n_items)
        chosen = rng.choice(pool, 10, replace=False)
        user += [u] * len(chosen)
        item += chosen.tolist()
    n = len(user)
    e = graph.events
    events = replace(
        e,
        user=np.array(user),
        item=np.array(item),
        kind=np.zeros(n, dtype=np.int64),
        weight=np.ones(n),
        time=np.full(n, 1_000_000, dtype=np.int64),
        context=np.full(n, -1),
    )
    return graph.with_events(events), tasteful


def test_edges_of_people_with_a_taste_are_learnt_to_tell_more_than_those_of_chance() -> None:
    graph, tasteful = planted(0)
    cut = holdout(graph, "random", 0, KINDS)
    plain = PathParameters(0.0, 1.0, {CO_3: Relation(1.0, 0.5, 0.0, 0.5)})
    learnt = learn(graph, plain, Holdout(cut.train, cut.test), seed=0, progress=no_progress)
    assert learnt.rounds > 0
    assert learnt.values["with_strengths"] > learnt.values["without_strengths"]
    s = learnt.strengths
    people = np.repeat(np.arange(graph.n_users), np.diff(s.pairs.indptr))
    passing: FloatArray = s.arriving * s.leaving * s.gates[f"{CO_3}/1"][people]
    assert np.median(passing[tasteful[people]]) > 1.5 * np.median(passing[~tasteful[people]])


def test_among_many_people_strengths_are_learnt_from_samples_and_every_walk_is_for_its_item(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph, tasteful = planted(0)
    cut = holdout(graph, "random", 0, KINDS)
    monkeypatch.setattr(_strength_training, "MANY_PEOPLE", 100)
    monkeypatch.setattr(
        _strength_training, "LARGE", replace(_strength_training.LARGE, sample=30, batch=64, vectors=0.01, gates=0.02)
    )
    relation = Relation(1.0, 0.5, 0.0, 0.5)
    plain = PathParameters(0.0, 1.0, {CO_3: relation, CO_5: replace(relation, weight=-0.3)})
    learnt = learn(graph, plain, Holdout(cut.train, cut.test), seed=0, progress=no_progress)
    assert set(learnt.parameters.relations) == {CO_3}
    assert learnt.rounds > 0
    assert learnt.values["with_strengths"] > learnt.values["without_strengths"]
    model = PathStrengths.build_with(graph, learnt.parameters, learnt.strengths, learnt.rounds)
    people = np.repeat(np.arange(graph.n_users), np.diff(graph.interactions.indptr))
    passing: FloatArray = learnt.strengths.arriving * learnt.strengths.leaving
    passing = passing * learnt.strengths.gates[f"{CO_3}/1"][people]
    assert np.median(passing[tasteful[people]]) > 1.2 * np.median(passing[~tasteful[people]])
    for user in range(5):
        parts = model.parts(user, 3)
        assert parts.gross == pytest.approx(parts.total)


def test_none_are_learnt_where_moments_matter_or_nothing_was_held_back() -> None:
    graph = random_graph(0)
    cut = holdout(graph, "last", 0, KINDS)
    for parameters, test in (
        (timed_parameters(0), cut.test),
        (random_parameters(0), sparse.csr_matrix(cut.test.shape)),
    ):
        learnt = learn(graph, parameters, Holdout(cut.train, test), seed=0, progress=no_progress)
        assert learnt.rounds == 0
        plain = PathModel.build(graph, parameters)
        same = PathStrengths.build_with(graph, parameters, learnt.strengths)
        everybody = np.arange(graph.n_users)
        assert np.array_equal(plain.score(everybody), same.score(everybody))


@pytest.mark.parametrize("seed", range(3))
def test_evidence_of_a_history_item_says_how_much_it_tells_beside_most(seed: int) -> None:
    graph, parameters, strengths = (
        random_graph(seed),
        random_parameters(seed),
        random_strengths(random_graph(seed), seed),
    )
    model = PathStrengths.build_with(graph, parameters, strengths, 1)
    user = 2
    item = int(np.argmax(model.score(np.array([user]))[0]))
    pair = ScoredPair.of(model, names_of(graph), user, item)
    degree = model.edges.adjacency.item_degree
    co = parameters.relations[CO_3]
    factor = np.where(degree > 0, np.maximum(degree, 1e-9) ** -co.history, 0.0) * strengths.gates[f"{CO_3}/0"]
    usual = np.median(factor[factor > 0])
    said = 0
    for node in (n for n in pair.picture().nodes if n.kind == "history" and n.merged == 1):
        own = int(graph.items.index(node.id))
        line = next((f for f in evidence(pair, node.key).facts if "people who" in f and "minus" not in f), None)
        if line is not None:
            assert f"it tells {times(factor[own] / usual)} as most" in line
            said += 1
    assert said > 0


def test_times_as_much_in_two_digits() -> None:
    assert [times(x) for x in (0.034, 0.999, 2.13, 13.2, 12_345.0)] == [
        "0.034 × as much",
        "as much",
        "2.1 × as much",
        "13 × as much",
        "12,000 × as much",
    ]
