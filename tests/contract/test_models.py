"""The contract that every registered model passes, on a small random typed graph."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from core import snapshots
from core.errors import UnknownIdError
from core.graph import Events, InteractionGraph, Nodes
from core.models import _lightgcn_training
from core.models.base import ModelState, Recommender, get_model, model_names
from core.models.content import ContentModel
from core.models.path import PathModel
from explain.counterfactual.changes import History, smallest_addition, smallest_removal
from explain.explanation.edges import edge_parts
from explain.explanation.evidence import evidence
from explain.explanation.explain import ScoredPair, explain
from explain.explanation.features import explain_features
from explain.explanation.picture import bundle_id
from explain.workspace.refits import validation_cut
from tests.graphs import CARD, names_of, random_graph, shuffled_rows

WITHOUT_EMBEDDINGS = ("path", "item-knn", "popularity")


def fit(name: str, graph: InteractionGraph, seed: int = 3) -> Recommender:
    return get_model(name).fit(graph, holdout=validation_cut(graph, CARD, "last", seed), seed=seed)


@pytest.fixture(scope="module", autouse=True)
def _few_epochs() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_lightgcn_training, "MAX_EPOCHS", 4)
        yield


@pytest.fixture(scope="module")
def graph() -> InteractionGraph:
    return random_graph(1)


@pytest.fixture(scope="module", params=model_names())
def model(request: pytest.FixtureRequest, graph: InteractionGraph, _few_epochs: None) -> Recommender:
    return fit(request.param, graph)


def everybody(graph: InteractionGraph) -> np.ndarray:
    return np.arange(graph.n_users, dtype=np.int64)


def test_all_models_are_registered_with_the_default_first() -> None:
    assert model_names()[0] == "path"
    assert set(model_names()) >= {"path", "lightgcn", "item-knn", "popularity"}


def test_parts_partition_every_score(model: Recommender, graph: InteractionGraph) -> None:
    scores = model.score(everybody(graph))
    assert scores.shape == (graph.n_users, graph.n_items)
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()
    for user in range(graph.n_users):
        own = np.unique(graph.events.item[graph.events.user == user])
        for item in range(graph.n_items):
            parts, score = model.parts(user, item), scores[user, item]
            assert abs(parts.total - score) <= max(1e-5 * abs(score), 1e-9 if abs(score) < 1e-6 else 0.0)
            assert np.array_equal(parts.items, own)
            assert parts.gross >= abs(parts.total) - 1e-9
            consumed = item in own
            assert model.state_of(user, item, parts) == ("consumed" if consumed else "ok" if parts.gross else "no_path")


def test_history_is_what_the_person_has(model: Recommender, graph: InteractionGraph) -> None:
    for user in range(graph.n_users):
        assert np.array_equal(model.history(user), np.unique(graph.events.item[graph.events.user == user]))


def test_a_batch_scores_as_one_by_one(model: Recommender, graph: InteractionGraph) -> None:
    batch = model.score(everybody(graph))
    single = np.concatenate([model.score(np.array([user])) for user in everybody(graph)])
    backwards = model.score(everybody(graph)[::-1])[::-1]
    assert np.allclose(batch, single, rtol=1e-12, atol=1e-14)
    assert np.allclose(batch, backwards, rtol=1e-12, atol=1e-14)


def test_a_fit_is_reproducible_from_its_seed_and_blind_to_the_order_of_rows(
    model: Recommender, graph: InteractionGraph
) -> None:
    for other in (graph, shuffled_rows(graph, 4)):
        again = fit(model.spec.name, other)
        assert same_state(again.state(), model.state())
        assert np.array_equal(again.score(everybody(graph)), model.score(everybody(graph)))


def test_another_seed_trains_another_embedding(graph: InteractionGraph) -> None:
    one, other = (fit("lightgcn", graph, seed).state().arrays["e0"] for seed in (3, 4))
    assert not np.array_equal(one, other)


def same_state(one: ModelState, other: ModelState) -> bool:
    return (
        one.parameters == other.parameters
        and set(one.arrays) == set(other.arrays)
        and all(np.array_equal(value, other.arrays[name]) for name, value in one.arrays.items())
    )


@pytest.mark.parametrize("name", WITHOUT_EMBEDDINGS)
def test_frozen_parameters_give_renamed_nodes_their_old_scores(name: str, graph: InteractionGraph) -> None:
    """No score depends on what a node is called, nor on where its name puts it."""
    state = fit(name, graph).state()
    expected = get_model(name).restore(graph, state).score(everybody(graph))
    renamed, user, item = rename(graph, seed=8)
    scores = get_model(name).restore(renamed, state).score(everybody(graph))
    assert np.allclose(scores[user][:, item], expected, rtol=1e-12, atol=1e-14)


def rename(graph: InteractionGraph, seed: int) -> tuple[InteractionGraph, np.ndarray, np.ndarray]:
    """The graph under other ids, which puts all nodes in another order; new positions of the old users and items."""
    rng = np.random.default_rng(seed)
    place = {kind.kind: rng.permutation(len(kind)) for kind in (graph.users, graph.items, *graph.groups.values())}

    def moved(old: Nodes) -> Nodes:
        names = np.array([f"x{j:04d}" for j in range(len(old))], dtype=object)
        return Nodes(old.kind, old.title, names, names)

    e = graph.events
    context = np.where(e.context >= 0, place["context"][e.context], -1)
    events = Events(place["user"][e.user], place["item"][e.item], e.kind, e.weight, e.time, context, e.kinds,
                    e.kind_weights)  # fmt: skip
    memberships = {}
    for kind, matrix in graph.memberships.items():
        dense = np.zeros(matrix.shape)
        dense[np.ix_(place["item"], place[kind])] = matrix.toarray()
        memberships[kind] = sparse.csr_matrix(dense)
    groups = {kind: moved(old) for kind, old in graph.groups.items()}
    renamed = InteractionGraph("r", "R", moved(graph.users), moved(graph.items), groups, events, memberships)
    return renamed, place["user"], place["item"]


def test_an_unknown_person_gets_scores_from_a_history_or_a_clear_error(
    model: Recommender, graph: InteractionGraph
) -> None:
    before = model.score(everybody(graph))
    items = np.array([0, 2, 5])
    folded, position = model.fold_in(items, np.ones(3), None)
    assert position == graph.n_users
    scores = folded.score(np.array([position]))[0]
    assert np.isfinite(scores).all()
    assert scores.any()
    assert np.array_equal(folded.history(position), items)
    assert np.array_equal(model.score(everybody(graph)), before)
    case = ScoredPair.of(folded, names_of(graph), position, 7)
    told = explain(case, snapshot="s", workspace="w")
    assert told.user == "you"
    assert told.completeness_error <= 1e-5
    with pytest.raises(UnknownIdError, match="User 'nobody' is not among the 12 users"):
        graph.users.index("nobody")


def test_nobodys_history_folds_in_as_nothing(model: Recommender, graph: InteractionGraph) -> None:
    nothing = np.empty(0, dtype=np.int64)
    folded, position = model.fold_in(nothing, nothing.astype(np.float64), None)
    scores = folded.score(np.array([position]))[0]
    assert len(folded.history(position)) == 0
    same_for_everybody = {"base", "content"}
    constants = [folded.constants(position, item) for item in range(graph.n_items)]
    expected = [sum(value for kind, value in row.items() if kind in same_for_everybody) for row in constants]
    assert np.array_equal(scores, expected)


def test_an_item_named_twice_counts_as_one_with_both_weights(model: Recommender, graph: InteractionGraph) -> None:
    twice, position = model.fold_in(np.array([4, 1, 4]), np.array([1.0, 2.0, 3.0]), None)
    once, _ = model.fold_in(np.array([1, 4]), np.array([2.0, 4.0]), None)
    assert np.array_equal(twice.score(np.array([position])), once.score(np.array([position])))


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_an_item_named_twice_is_one_edge_whatever_weights_count(exponent: float, graph: InteractionGraph) -> None:
    state = fit("path", graph).state()
    path = PathModel.restore(graph, ModelState(state.parameters | {"weight_exponent": exponent}))
    test_an_item_named_twice_counts_as_one_with_both_weights(path, graph)


def test_a_stored_model_scores_bit_for_bit_as_before(
    model: Recommender, graph: InteractionGraph, tmp_path: Path
) -> None:
    stored = snapshots.save(
        tmp_path, model=model.spec.name, state=model.state(), fingerprint=graph.fingerprint, seed=3, seconds=0.1,
        metrics={},
    )  # fmt: skip
    manifest, state = snapshots.load(tmp_path, stored.snapshot)
    assert manifest == stored
    assert same_state(state, model.state())
    restored = get_model(manifest.model).restore(graph, state)
    assert np.array_equal(restored.score(everybody(graph)), model.score(everybody(graph)))


def test_explaining_changes_nothing(model: Recommender, graph: InteractionGraph) -> None:
    scores, arrays = model.score(everybody(graph)), digests(model)
    assert arrays
    for user, item in ((0, 1), (3, 14), (11, 2), (5, int(model.history(5)[0]))):
        model.parts(user, item)
        model.connected(user, item)
        case = ScoredPair.of(model, names_of(graph), user, item)
        told = explain(case, snapshot="s", workspace="w", against=4)
        for node in told.nodes:
            evidence(case, node.key)
        for b in told.bundles:
            evidence(case, bundle_id(b.source, b.target, b.relation))
    model.fold_in(np.array([2, 3]), np.ones(2), 0)
    model.masked(0, model.history(0)[:2])
    edge_parts(model, 0, 1)
    history = History(model.history(3), np.ones(len(model.history(3))))
    item = int(np.setdiff1d(np.arange(graph.n_items), history.items)[0])
    for k in (1, graph.n_items - len(history.items) - 1):
        smallest_removal(model, 3, history, item, k=k, n_rivals=99)
        smallest_addition(model, 3, history, item, k=k, weight=1.0)
    if isinstance(model, ContentModel):
        assert explain_features(model, graph, 0, 1) is not None
    after = digests(model)
    assert {name: after[name] for name in arrays} == arrays
    assert np.array_equal(model.score(everybody(graph)), scores)


def digests(thing: object, name: str = "model") -> dict[str, str]:
    """Hash of every array that hangs on an object, by where it hangs."""
    if isinstance(thing, np.ndarray):
        return {name: hashlib.sha256(np.ascontiguousarray(thing).tobytes()).hexdigest()}
    if sparse.issparse(thing):
        return {f"{name}.{a}": digests(getattr(thing, a), a)[a] for a in ("data", "indices", "indptr")}
    if isinstance(thing, (tuple, list)):
        children = dict(enumerate(thing))
    elif isinstance(thing, dict):
        children = thing
    elif type(thing).__module__.startswith("core."):
        children = vars(thing)
    else:
        return {}
    return {k: v for key, child in children.items() for k, v in digests(child, f"{name}.{key}").items()}


def test_metrics_of_the_validation_cut_are_shares(model: Recommender, graph: InteractionGraph) -> None:
    found = model.validation_metrics(validation_cut(graph, CARD, "last", 3))
    assert all(0.0 <= value <= 1.0 for value in found.values())
    if model.spec.name != "lightgcn":
        assert set(found) == {"validation_recall@20", "validation_ndcg@20"}


def test_a_model_reads_weights_if_and_only_if_it_says_so(model: Recommender, graph: InteractionGraph) -> None:
    items = np.array([0, 1, 2, 3])
    flat, steep = (model.fold_in(items, weights) for weights in (np.ones(4), np.array([0.1, 1.0, 4.0, 9.0])))
    one, other = (changed.score(np.array([position]))[0] for changed, position in (flat, steep))
    assert model.reads_weights == (not np.allclose(one, other, rtol=1e-9, atol=1e-12))
