"""An edited history scores as a fresh build from the edited table does: to the last bit, for any person and item."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.graph import InteractionGraph, Nodes
from core.models.base import ModelState, Recommender, get_model
from tests.graphs import nodes, random_graph, random_parameters, random_strengths, without_item
from tests.models import from_events_alone

MODELS = from_events_alone()
some = settings(max_examples=30, deadline=None)


def graph_and_state(name: str, seed: int, *, baskets: bool) -> tuple[InteractionGraph, ModelState]:
    rng = np.random.default_rng(seed)
    n_users, n_items = int(rng.integers(3, 15)), int(rng.integers(4, 20))
    graph = random_graph(
        seed,
        n_users=n_users,
        n_items=n_items,
        n_events=int(rng.integers(5, 120)),
        n_contexts=int(rng.integers(n_users, 3 * n_users)) if baskets else 0,
    )
    if name == "path":
        return graph, ModelState(asdict(random_parameters(seed)))
    if name == "path-strengths":
        return graph, ModelState(
            asdict(random_parameters(seed)) | {"rounds": 1}, random_strengths(graph, seed).arrays()
        )
    if name == "lightgcn":
        e0 = rng.normal(size=(n_users + n_items, 5))
        return graph, ModelState({"n_layers": 3, "epochs": 0}, {"e0": e0})
    if name == "segments":
        arrays = {"places": rng.normal(size=(n_items, 3)), "centres": rng.normal(size=(4, 3)), "middle": np.zeros(3)}
        return graph, ModelState({"stability": 1.0}, arrays)
    return graph, ModelState({"n_neighbours": int(rng.integers(1, 8))} if name == "item-knn" else {})


def everybody(model: Recommender, graph: InteractionGraph) -> np.ndarray:
    return model.score(np.arange(graph.n_users))


@pytest.mark.parametrize("baskets", [True, False], ids=["baskets", "no baskets"])
@pytest.mark.parametrize("name", MODELS)
@some
@given(seed=st.integers(0, 100_000))
def test_taking_items_out_is_a_fresh_build_without_them(name: str, baskets: bool, seed: int) -> None:
    graph, state = graph_and_state(name, seed, baskets=baskets)
    rng = np.random.default_rng(seed + 1)
    user = int(rng.choice(graph.events.user))
    row = graph.interactions[user]
    out = rng.choice(row.indices, int(rng.integers(1, row.nnz + 1)), replace=False)
    edited = graph
    for item in out:
        edited = without_item(edited, user, int(item))
    kept = ~np.isin(row.indices, out)
    folded, position = (
        get_model(name).restore(graph, state).fold_in(row.indices[kept].astype(np.int64), row.data[kept], user)
    )
    fresh = get_model(name).restore(edited, state)
    assert position == user
    assert np.array_equal(folded.history(user), np.sort(row.indices[kept]))
    assert np.array_equal(everybody(folded, graph), everybody(fresh, graph))
    for item in range(graph.n_items):
        assert folded.parts(user, item).total == fresh.parts(user, item).total


@pytest.mark.parametrize("name", MODELS)
@some
@given(seed=st.integers(0, 100_000))
def test_an_unchanged_history_reproduces_all_scores(name: str, seed: int) -> None:
    graph, state = graph_and_state(name, seed, baskets=True)
    model = get_model(name).restore(graph, state)
    user = int(np.random.default_rng(seed).integers(graph.n_users))
    row = graph.interactions[user]
    order = np.random.default_rng(seed).permutation(row.nnz)
    folded, _ = model.fold_in(row.indices[order].astype(np.int64), row.data[order], user)
    assert np.array_equal(everybody(folded, graph), everybody(model, graph))


@pytest.mark.parametrize("name", MODELS)
@some
@given(seed=st.integers(0, 100_000))
def test_adding_items_is_a_fresh_build_with_them(name: str, seed: int) -> None:
    """The item comes back without a basket, so graphs without baskets are compared."""
    graph, state = graph_and_state(name, seed, baskets=False)
    rng = np.random.default_rng(seed + 1)
    user = int(rng.choice(graph.events.user))
    row = graph.interactions[user]
    poorer = without_item(graph, user, int(rng.choice(row.indices)))
    model = get_model(name).restore(poorer, state)
    folded, _ = model.fold_in(row.indices.astype(np.int64), row.data, user)
    assert np.array_equal(everybody(folded, graph), everybody(get_model(name).restore(graph, state), graph))


@pytest.mark.parametrize("name", MODELS)
@some
@given(seed=st.integers(0, 100_000))
def test_a_new_person_is_a_fresh_build_with_one_more_person(name: str, seed: int) -> None:
    graph, state = graph_and_state(name, seed, baskets=True)
    leaving = graph.n_users - 2  # the last person with a history; their events lose their baskets
    e = graph.events
    own = e.user == leaving
    assume(own.any() and not own.all())
    moved = replace(e, user=np.where(own, graph.n_users, e.user), context=np.where(own, -1, e.context))
    users = Nodes("user", "user", *[nodes("user", graph.n_users + 1).ids] * 2)
    richer = InteractionGraph("r", "R", users, graph.items, graph.groups, moved, graph.memberships)
    poorer = graph.with_events(moved.take(~own))
    row = graph.interactions[leaving]
    if name == "lightgcn":  # a new person has no embedding of their own
        e0 = state.arrays["e0"]
        longer = np.insert(e0, graph.n_users, 0.0, axis=0)
        fresh = get_model(name).restore(richer, ModelState(state.parameters, {"e0": longer}))
    else:
        fresh = get_model(name).restore(richer, state)
    model = get_model(name).restore(poorer, state)
    folded, position = model.fold_in(row.indices.astype(np.int64), row.data, None)
    assert position == graph.n_users
    assert np.array_equal(everybody(folded, richer), everybody(fresh, richer))


def test_a_removed_item_leaves_the_persons_own_baskets_and_nobody_elses() -> None:
    """Two people have items 0 and 1 in a basket each: after one of them drops item 0, one basket still
    connects them.
    """
    graph = random_graph(0, n_users=4, n_items=4, n_events=6, n_topics=0, n_creators=0, n_contexts=3)
    baskets = np.array([0, 0, 1, 1, 2, 2])
    events = replace(
        graph.events,
        user=np.array([0, 0, 1, 1, 2, 2]),
        item=np.array([0, 1, 0, 1, 1, 2]),
        context=baskets,
        weight=np.ones(6),
    )
    graph = graph.with_events(events)
    parameters = random_parameters(2)
    flat = {
        key: replace(r, history=0.0, middle=0.0, target=0.0, scale=1.0, weight=float(key == "same_context"))
        for key, r in parameters.relations.items()
    }
    state = ModelState(asdict(replace(parameters, weight_exponent=0.0, relations=flat)))
    model = get_model("path").restore(graph, state)
    assert (
        model.score(np.array([1]))[0, 1] == 2 + 3
    )  # from item 0 through two baskets, from item 1 itself through three
    folded, _ = model.fold_in(np.array([1]), np.ones(1), 0)
    assert folded.score(np.array([1]))[0, 1] == 1 + 3
    assert folded.score(np.array([0]))[0, 0] == 1
