"""Edge amounts against walks written out by hand: a walk over L edges gives a 1/L of its value to each use of an edge.

The integral of a monomial c·s_1…s_L along the straight line from no edge to all edges is c/L for every factor.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import asdict, dataclass, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.adjacency import Adjacency
from core.edge_score import EdgeSet
from core.graph import InteractionGraph
from core.models._content_encoder import Encoder
from core.models._content_features import ItemFeatures
from core.models._path_chains import GROUP_CHAINS
from core.models.base import ModelState, Recommender, get_model
from core.models.content import ContentMLP
from core.models.item_knn import ItemKnn
from core.models.lightgcn import LightGCN
from core.models.path import PathModel
from explain.explanation.edges import edge_parts, explain_edges
from tests.graphs import names_of, random_graph, random_parameters
from tests.property.brute_force import binary, column_sums, knn_walks, path_walks

Edge = tuple[str, int, int]
Terms = list[tuple[float, tuple[Edge, ...]]]
WALKERS = (PathModel.spec.name, ItemKnn.spec.name)
MODELS = (*WALKERS, LightGCN.spec.name, ContentMLP.spec.name)
few = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
KIND_OF = {relation: kind for kind, relation in GROUP_CHAINS.items()}


def small(seed: int) -> InteractionGraph:
    return random_graph(seed, n_users=6, n_items=7, n_events=18, n_contexts=6)


def kind_of(edges: EdgeSet) -> str:
    return "item" if edges.source_kind == "user" else edges.target_kind


def amounts_of(model: Recommender, user: int, item: int) -> dict[Edge, float]:
    parts = edge_parts(model, user, item)
    amounts: dict[Edge, float] = {}
    for edges, values in zip(parts.sets, parts.amounts, strict=True):
        kind = kind_of(edges)
        for source, target, value in zip(edges.source.tolist(), edges.target.tolist(), values.tolist(), strict=True):
            assert (kind, source, target) not in amounts, "an edge stands twice"
            amounts[kind, source, target] = value
    return amounts


def terms_of(walks: dict[tuple[str, tuple[int, ...]], float], user: int) -> Terms:
    """Walks (relation, (j, …, i)) as amounts and the edges that they use, in their order."""
    terms: Terms = []
    for (relation, nodes), value in walks.items():
        kind = KIND_OF.get(relation)
        if kind is not None:
            j, g, i = nodes
            edges: list[Edge] = [("item", user, j), (kind, j, g), (kind, i, g)]
        else:
            edges = [("item", user, nodes[0])]
            for n in range(0, len(nodes) - 2, 2):  # item, person, item
                edges += [("item", nodes[n + 1], nodes[n]), ("item", nodes[n + 1], nodes[n + 2])]
        terms.append((value, tuple(edges)))
    return terms


def agree(amounts: dict[Edge, float], known: dict[Edge, float]) -> None:
    assert set(known) <= set(amounts)
    scale = max(1.0, *(abs(v) for v in known.values())) if known else 1.0
    for edge, value in amounts.items():
        assert value == pytest.approx(known.get(edge, 0.0), abs=1e-12 * scale), edge


def light_terms(
    graph: InteractionGraph, e0: np.ndarray, n_layers: int, user: int, item: int
) -> tuple[Terms, Terms, float]:
    """Pairs of walks from both ends, joined by an embedding product: (all, those of them that leave the person, without
    edges).
    """
    has = binary(graph)
    d_user, d_item = [sum(row) for row in has], column_sums(has)
    near: dict[int, list[tuple[int, float, Edge]]] = defaultdict(list)
    for u in range(graph.n_users):
        for i in range(graph.n_items):
            if has[u][i]:
                weight, edge = (d_user[u] * d_item[i]) ** -0.5, ("item", u, i)
                near[u].append((graph.n_users + i, weight, edge))
                near[graph.n_users + i].append((u, weight, edge))

    def walks(start: int) -> list[tuple[int, float, tuple[Edge, ...]]]:
        layers: list[list[tuple[int, float, tuple[Edge, ...]]]] = [[(start, 1.0, ())]]
        for _ in range(n_layers):
            layers.append([(y, w * x, (*e, edge)) for node, w, e in layers[-1] for y, x, edge in near[node]])
        return [walk for layer in layers for walk in layer]

    terms, leaving, empty = [], [], 0.0
    for a, w, one in walks(user):
        for b, x, other in walks(graph.n_users + item):
            value = w * x * float(e0[a] @ e0[b]) / (n_layers + 1) ** 2
            if one or other:
                terms.append((value, one + other))
            else:
                empty += value
            if one:
                leaving.append((value, one))
    return terms, leaving, empty


@dataclass(frozen=True)
class Known:
    """A model, a pair, and its score written out: terms (value, edges) of which `leaving` start at the person, and a
    constant.
    """

    model: Recommender
    user: int
    item: int
    terms: Terms
    leaving: Terms
    empty: float
    degree: int


def known(name: str, seed: int) -> Known:
    rng = np.random.default_rng(seed)
    if name in WALKERS:
        graph, item = small(seed), seed % 7
        user = int(graph.events.user[0])
        if name == "path":
            parameters = random_parameters(seed)
            model: Recommender = PathModel.restore(graph, ModelState(asdict(parameters)))
            terms = terms_of(path_walks(graph, parameters, user, item).walks, user)
            return Known(model, user, item, terms, terms, 0.0, 5)
        model = ItemKnn.restore(graph, ModelState({"n_neighbours": graph.n_items}))
        everything = [set(range(graph.n_items)) - {i} for i in range(graph.n_items)]
        terms = terms_of(knn_walks(graph, everything, user, item).walks, user)
        return Known(model, user, item, terms, terms, 0.0, 3)
    graph = random_graph(seed, n_users=4, n_items=5, n_events=6, n_contexts=0)
    user, item = int(graph.events.user[0]), seed % graph.n_items
    n_layers, bias = int(rng.integers(1, 4)), 0.0
    if name == "lightgcn":
        e0 = rng.normal(size=(graph.n_users + graph.n_items, 3))
        model = LightGCN.restore(graph, ModelState({"n_layers": n_layers, "epochs": 0}, {"e0": e0}))
    else:
        features = ItemFeatures.of(graph)
        n_inputs = features.inputs.shape[1]
        encoder = Encoder((rng.normal(size=(n_inputs, 4)), rng.normal(size=(4, 3))), rng.normal(size=n_inputs))
        own = rng.normal(size=(graph.n_items, 3))
        model = ContentMLP(Adjacency.binary(graph.interactions), features, encoder, own, n_layers)
        x = features.matrix.toarray() @ features.basis.toarray()
        content = np.tanh(x @ encoder.weights[0]) @ encoder.weights[1]
        e0 = np.concatenate([np.zeros((graph.n_users, 3)), content + own])
        bias = float(x[item] @ encoder.bias)
    terms, leaving, empty = light_terms(graph, e0, n_layers, user, item)
    return Known(model, user, item, terms, leaving, empty + bias, 2 * n_layers)


@pytest.mark.parametrize("name", MODELS)
@few
@given(seed=st.integers(0, 100_000))
def test_each_use_of_an_edge_gets_an_equal_share_of_its_walk(name: str, seed: int) -> None:
    k = known(name, seed)
    by_hand: dict[Edge, float] = defaultdict(float)
    for value, edges in k.terms:
        for edge in edges:
            by_hand[edge] += value / len(edges)
    agree(amounts_of(k.model, k.user, k.item), by_hand)
    parts = edge_parts(k.model, k.user, k.item)
    assert parts.empty == pytest.approx(k.empty, rel=1e-9, abs=1e-12)
    assert parts.score == pytest.approx(k.empty + math.fsum(v for v, _ in k.terms), rel=1e-9, abs=1e-9)
    used = max((len(edges) for _, edges in k.terms), default=0)
    assert used <= k.model.edge_score(k.user, k.item).degree
    assert parts.n_nodes <= -(
        -k.degree // 2
    )  # Gauss-Legendre is exact for degree 2n - 1, and the gradient has one less


@pytest.mark.parametrize("name", MODELS)
def test_captum_s_own_integration_agrees_to_single_precision(name: str) -> None:
    import torch
    from captum.attr import IntegratedGradients

    for seed in range(5):
        k = known(name, seed)
        parts, score = edge_parts(k.model, k.user, k.item), k.model.edge_score(k.user, k.item)
        ones = torch.ones((1, sum(map(len, parts.sets))), dtype=torch.float64)
        if not parts.n_nodes:
            continue
        attributions = IntegratedGradients(score).attribute(
            ones, baselines=0.0, n_steps=parts.n_nodes, method="gausslegendre", internal_batch_size=1
        )
        gross = max(1.0, math.fsum(abs(v) for v, _ in k.terms))
        np.testing.assert_allclose(
            np.concatenate(parts.amounts), attributions.numpy().ravel(), rtol=1e-6, atol=1e-7 * gross
        )


def test_amounts_complete_where_walks_for_and_against_nearly_cancel() -> None:
    """The five-hop weight is set so that a ten-thousandth is left of the score: single precision would not do."""
    graph, parameters = random_graph(2), random_parameters(2)
    for user in range(4):
        three, five = (
            path_walks(graph, parameters, user, 5).total(key) for key in ("co_consumption_3", "co_consumption_5")
        )
        assert three > 0 > five
        relations = {
            "co_consumption_3": parameters.relations["co_consumption_3"],
            "co_consumption_5": replace(
                parameters.relations["co_consumption_5"],
                weight=parameters.relations["co_consumption_5"].weight * (1e-4 - 1) * three / five,
            ),
        }
        opposed = replace(parameters, relations=relations)
        model = PathModel.restore(graph, ModelState(asdict(opposed)))
        parts = edge_parts(model, user, 5)
        assert 0 < abs(parts.score) < 1e-3 * three
        assert parts.completeness_error < 1e-9


@pytest.mark.parametrize("name", MODELS)
@few
@given(seed=st.integers(0, 100_000))
def test_the_score_at_any_scales_is_the_sum_of_the_scaled_walks(name: str, seed: int) -> None:
    """Some edges half as strong, some gone, some twice: degrees stay, each walk is multiplied by the
    scales along it.
    """
    import torch

    k, rng = known(name, seed), np.random.default_rng(seed)
    score = k.model.edge_score(k.user, k.item)
    edges = [
        e for s in score.sets for e in zip([kind_of(s)] * len(s), s.source.tolist(), s.target.tolist(), strict=True)
    ]
    scale = rng.choice([0.0, 0.5, 1.0, 2.0], len(edges))
    of = dict(zip(edges, scale.tolist(), strict=True))
    expected = [value * math.prod(of[e] for e in walk) for value, walk in k.terms]
    scaled_score = float(score(torch.from_numpy(scale)[None])[0])
    size = max(1.0, math.fsum(map(abs, expected)))
    assert scaled_score == pytest.approx(k.empty + math.fsum(expected), rel=1e-9, abs=1e-12 * size)


@pytest.mark.parametrize("name", MODELS)
@few
@given(seed=st.integers(0, 100_000))
def test_a_mask_drops_the_walks_that_start_with_the_dropped_items(name: str, seed: int) -> None:
    """Those only: a walk that comes back through the same edge later on keeps its other uses."""
    k, rng = known(name, seed), np.random.default_rng(seed)
    history = k.model.history(k.user)
    dropped = rng.choice(history, int(rng.integers(0, len(history) + 1)), replace=False)
    first = {("item", k.user, int(j)) for j in dropped}
    lost = [value for value, walk in k.leaving if walk[0] in first]
    whole = float(k.model.score(np.array([k.user]))[0, k.item])
    gross = max(1.0, math.fsum(abs(v) for v, _ in k.terms))
    masked = k.model.masked(k.user, np.sort(dropped))[k.item]
    assert masked == pytest.approx(whole - math.fsum(lost), abs=1e-12 * gross)


@pytest.mark.parametrize("name", WALKERS)
def test_every_grouping_holds_every_edge_once(name: str) -> None:
    graph = random_graph(5)
    state = ModelState(asdict(random_parameters(5)) if name == "path" else {"n_neighbours": 5})
    model = get_model(name).restore(graph, state)
    explanation = explain_edges(names_of(graph), model, 0, 3, top=5)
    whole = explanation.score - explanation.empty_score
    assert set(explanation.by) == {"relation", "topic", "creator", "age"}
    for groups in explanation.by.values():
        assert sum(g.value for g in groups) == pytest.approx(whole, rel=1e-9, abs=1e-12)
    assert len(explanation.edges) == 5
    assert [abs(e.value) for e in explanation.edges] == sorted((abs(e.value) for e in explanation.edges), reverse=True)


def test_other_people_stay_unnamed_unless_the_workspace_shows_them() -> None:
    graph = random_graph(5)
    model = PathModel.restore(graph, ModelState(asdict(random_parameters(5))))
    hidden = explain_edges(names_of(graph), model, 0, 3, top=500)
    explanation = explain_edges(names_of(graph, show_people=True), model, 0, 3, top=500)
    own = names_of(graph).user(0)
    assert {e.source for e in hidden.edges if e.relation == names_of(graph).verb} <= {own, "another person"}
    assert len({e.source for e in explanation.edges if e.relation == names_of(graph).verb}) > 2
