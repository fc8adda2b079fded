"""Edge amounts against walks written out by hand: a walk over L edges gives a 1/L of its value to each use of an edge.

The integral of a monomial c·s_1…s_L along the straight line from no edge to all edges is c/L for every factor.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.graph import InteractionGraph
from core.models._path_chains import GROUP_CHAINS
from core.models.base import ModelState, Recommender, get_model
from core.models.item_knn import ItemKnn
from core.models.lightgcn import LightGCN
from core.models.path import PathModel
from explain.edges import edge_parts, explain_edges
from tests.graphs import names_of, random_graph, random_parameters
from tests.property.brute_force import binary, column_sums, knn_walks, path_walks

Edge = tuple[str, int, int]
few = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
KIND_OF = {relation: kind for kind, relation in GROUP_CHAINS.items()}


def small(seed: int) -> InteractionGraph:
    return random_graph(seed, n_users=6, n_items=7, n_events=18, n_contexts=6)


def amounts_of(model: Recommender, user: int, item: int) -> dict[Edge, float]:
    parts = edge_parts(model, user, item)
    found: dict[Edge, float] = {}
    for edges, values in zip(parts.sets, parts.amounts, strict=True):
        kind = "item" if edges.source_kind == "user" else edges.target_kind
        for source, target, value in zip(edges.source.tolist(), edges.target.tolist(), values.tolist(), strict=True):
            assert (kind, source, target) not in found, "an edge stands twice"
            found[kind, source, target] = value
    return found


def by_hand(walks: dict[tuple[str, tuple[int, ...]], float], user: int) -> dict[Edge, float]:
    """Amounts of the edges of walks (relation, (j, …, i)), each with an equal share of its walk."""
    found: dict[Edge, float] = defaultdict(float)
    for (relation, nodes), value in walks.items():
        kind = KIND_OF.get(relation)
        if kind is not None:
            j, g, i = nodes
            edges: list[Edge] = [("item", user, j), (kind, j, g), (kind, i, g)]
        else:
            edges = [("item", user, nodes[0])]
            for n in range(0, len(nodes) - 2, 2):  # item, person, item
                edges += [("item", nodes[n + 1], nodes[n]), ("item", nodes[n + 1], nodes[n + 2])]
        for edge in edges:
            found[edge] += value / len(edges)
    return found


def agree(found: dict[Edge, float], known: dict[Edge, float]) -> None:
    assert set(known) <= set(found)
    scale = max(1.0, *(abs(v) for v in known.values())) if known else 1.0
    for edge, value in found.items():
        assert value == pytest.approx(known.get(edge, 0.0), abs=1e-7 * scale), edge


@few
@given(seed=st.integers(0, 100_000))
def test_path_model(seed: int) -> None:
    graph, parameters = small(seed), random_parameters(seed)
    model = PathModel.restore(graph, ModelState(asdict(parameters)))
    user, item = int(graph.events.user[0]), seed % graph.n_items
    agree(amounts_of(model, user, item), by_hand(dict(path_walks(graph, parameters, user, item).walks), user))


@few
@given(seed=st.integers(0, 100_000))
def test_item_knn(seed: int) -> None:
    graph = small(seed)
    model = ItemKnn.restore(graph, ModelState({"n_neighbours": graph.n_items}))
    user, item = int(graph.events.user[0]), seed % graph.n_items
    everything = [set(range(graph.n_items)) - {i} for i in range(graph.n_items)]
    agree(amounts_of(model, user, item), by_hand(dict(knn_walks(graph, everything, user, item).walks), user))


@few
@given(seed=st.integers(0, 100_000))
def test_lightgcn(seed: int) -> None:
    """Pairs of walks from both ends, joined by an embedding product: a pair over L edges in all."""
    graph = random_graph(seed, n_users=4, n_items=4, n_events=6, n_contexts=0)
    n, n_layers = graph.n_users + graph.n_items, 2
    e0 = np.random.default_rng(seed).normal(size=(n, 3))
    model = LightGCN.restore(graph, ModelState({"n_layers": n_layers, "epochs": 0}, {"e0": e0}))
    has = binary(graph)
    d_user, d_item = [sum(row) for row in has], column_sums(has)
    near: dict[int, list[tuple[int, float, Edge]]] = defaultdict(list)
    for u in range(graph.n_users):
        for i in range(graph.n_items):
            if has[u][i]:
                weight, edge = (d_user[u] * d_item[i]) ** -0.5, ("item", u, i)
                near[u].append((graph.n_users + i, weight, edge))
                near[graph.n_users + i].append((u, weight, edge))

    def walks(start: int) -> list[tuple[int, float, list[Edge]]]:
        layers: list[list[tuple[int, float, list[Edge]]]] = [[(start, 1.0, [])]]
        for _ in range(n_layers):
            layers.append([(y, w * x, [*e, edge]) for node, w, e in layers[-1] for y, x, edge in near[node]])
        return [walk for layer in layers for walk in layer]

    user, item = int(graph.events.user[0]), seed % graph.n_items
    known: dict[Edge, float] = defaultdict(float)
    empty = 0.0
    for a, w, one in walks(user):
        for b, x, other in walks(graph.n_users + item):
            value = w * x * float(e0[a] @ e0[b]) / (n_layers + 1) ** 2
            edges = one + other
            empty += value if not edges else 0.0
            for edge in edges:
                known[edge] += value / len(edges)
    agree(amounts_of(model, user, item), known)
    parts = edge_parts(model, user, item)
    assert parts.empty == pytest.approx(empty, abs=1e-9)
    assert parts.n_nodes == n_layers  # ⌈2·n_layers / 2⌉ quadrature nodes are enough


@pytest.mark.parametrize("name", ["path", "item-knn"])
def test_every_grouping_holds_every_edge_once(name: str) -> None:
    graph = random_graph(5)
    state = ModelState(asdict(random_parameters(5)) if name == "path" else {"n_neighbours": 5})
    model = get_model(name).restore(graph, state)
    found = explain_edges(names_of(graph), model, 0, 3, top=5)
    whole = found.score - found.empty_score
    assert set(found.by) == {"relation", "topic", "creator", "age"}
    for groups in found.by.values():
        assert sum(g.value for g in groups) == pytest.approx(whole, rel=1e-6, abs=1e-9)
    assert len(found.edges) == 5
    assert [abs(e.value) for e in found.edges] == sorted((abs(e.value) for e in found.edges), reverse=True)


def test_other_people_stay_unnamed_unless_the_workspace_shows_them() -> None:
    graph = random_graph(5)
    model = PathModel.restore(graph, ModelState(asdict(random_parameters(5))))
    hidden = explain_edges(names_of(graph), model, 0, 3, top=500)
    shown = explain_edges(names_of(graph, show_people=True), model, 0, 3, top=500)
    own = names_of(graph).user(0)
    assert {e.source for e in hidden.edges if e.relation == names_of(graph).verb} <= {own, "another person"}
    assert len({e.source for e in shown.edges if e.relation == names_of(graph).verb}) > 2
