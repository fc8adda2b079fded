"""Learning the few parameters: the same from the same seed, from the training part alone, and readable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import sparse

from core.graph import InteractionGraph
from core.models import _lightgcn_training, _path_search
from core.models._path_chains import CO_3, CO_5, GROUP_CHAINS, PathParameters
from core.models._path_search import search
from core.models._path_validation import GROSS_NET_CEILING, PeopleValidation
from core.models.base import Holdout, model_names
from core.models.path import PathModel
from core.progress import no_progress
from data.splits import split
from explain.workspace.refits import HeldOut, readability, refit, validation_cut
from tests.graphs import CARD, random_graph, shuffled_rows


@pytest.fixture(scope="module", autouse=True)
def _few_epochs() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_lightgcn_training, "MAX_EPOCHS", 3)
        yield


def tasteful_graph(n_users: int = 60, n_items: int = 60) -> InteractionGraph:
    """People who keep to one of three topics, and a few items that everybody has."""
    rng = np.random.default_rng(0)
    graph = random_graph(0, n_users=n_users, n_items=n_items, n_events=900, n_contexts=0)
    user = graph.events.user
    own = 3 * rng.integers(0, (n_items - 1) // 3, len(user)) + user % 3
    item = np.where(rng.random(len(user)) < 0.25, rng.integers(0, 6, len(user)), own)
    topic = sparse.csr_matrix((np.ones(n_items), (np.arange(n_items), np.arange(n_items) % 3)), shape=(n_items, 4))
    events = replace(graph.events, item=item.astype(np.int64))
    graph = graph.with_events(events)
    return InteractionGraph(
        "t", "T", graph.users, graph.items, graph.groups, events, {**graph.memberships, "topic": topic}
    )


def test_parameters_are_reproducible_from_the_seed() -> None:
    graph = random_graph(2)
    parameters = search(validation_cut(graph, CARD, "last", 0), seed=5, progress=no_progress)
    again = search(validation_cut(shuffled_rows(graph, 1), CARD, "last", 0), seed=5, progress=no_progress)
    assert parameters == again
    other = search(validation_cut(graph, CARD, "last", 0), seed=6, progress=no_progress)
    assert other != parameters


def test_every_relation_of_the_graph_has_its_readable_parameters() -> None:
    graph = random_graph(2)
    parameters = search(validation_cut(graph, CARD, "last", 0), seed=0, progress=no_progress)
    assert set(parameters.relations) == {CO_3, CO_5, *GROUP_CHAINS.values()}
    assert parameters.relations[CO_3].weight == 1.0
    assert parameters.relations[CO_5].weight <= 0
    assert all(parameters.relations[key].weight >= 0 for key in GROUP_CHAINS.values())
    assert parameters.weight_exponent in _path_search.WEIGHT_EXPONENTS
    bare = random_graph(2, n_topics=0, n_creators=0, n_contexts=0)
    assert set(search(validation_cut(bare, CARD, "last", 0), seed=0, progress=no_progress).relations) == {CO_3, CO_5}


def test_a_holdout_without_positives_leaves_stated_defaults() -> None:
    graph = random_graph(2)
    parameters = search(Holdout(graph, sparse.csr_matrix(graph.interactions.shape)), seed=0, progress=no_progress)
    assert parameters.relations[CO_3].weight == 1.0
    assert np.isfinite(PathModel.build(graph, parameters).score(np.arange(graph.n_users))).all()


def test_a_topic_that_tells_tastes_apart_is_found() -> None:
    graph = tasteful_graph()
    model = PathModel.fit(graph, holdout=validation_cut(graph, CARD, "random", 0), seed=0)
    assert model.parameters.relations["same_topic"].weight > 0
    scores = model.score(np.arange(graph.n_users - 1))
    own = np.array([[i % 3 == u % 3 for i in range(6, graph.n_items)] for u in range(graph.n_users - 1)])
    assert scores[:, 6:][own].mean() > 2 * scores[:, 6:][~own].mean()


@pytest.mark.parametrize("seed", [0, 1])
def test_lists_stay_readable(seed: int) -> None:
    """Gross/net of the top ten, median: the ceiling of the search holds on the cut and what is served
    stays below 2.5.
    """
    graph = tasteful_graph()
    run = run_refit(graph, "path", "random", seed)
    assert run.gross_net <= 2.5
    assert run.path_share == pytest.approx(1.0)
    cut = validation_cut(graph, CARD, "random", seed)
    parameters = search(cut, seed=seed, progress=no_progress)
    model = PathModel.build(cut.train, parameters)
    scores = model.score(np.arange(graph.n_users))
    scores[cut.train.interactions.toarray() > 0] = -np.inf
    lists = np.argsort(-scores, axis=1, kind="stable")[:, :10]
    measured = np.flatnonzero(np.diff(cut.test.indptr))
    lists[np.setdiff1d(np.arange(graph.n_users), measured)] = -1
    assert readability(model, lists)[1] <= GROSS_NET_CEILING + 0.05


def test_a_list_that_cancels_is_worth_less_than_one_that_does_not() -> None:
    """The same ranking, once from paths for alone and once from paths for and against."""
    graph = random_graph(3)
    validation = PeopleValidation(validation_cut(graph, CARD, "last", 0)).cases
    scores = torch.rand((len(validation.n_relevant), graph.n_items), generator=torch.Generator().manual_seed(0)) + 0.5
    plain = validation.value({CO_3: scores}, {CO_3: 1.0})
    cancelling = validation.value({CO_3: 4 * scores, CO_5: 3 * scores}, {CO_3: 1.0, CO_5: -1.0})
    assert 0.0 <= plain <= 1.0
    assert cancelling == pytest.approx(plain - (7.0 - GROSS_NET_CEILING), abs=1e-4)


def run_refit(graph: InteractionGraph, model: str, kind: str, seed: int) -> HeldOut:
    return refit(graph, CARD, model, kind=kind, seed=seed, k=10, progress=no_progress)


def with_other_test_labels(graph: InteractionGraph, kind: str, seed: int) -> InteractionGraph:
    """The same training part; the events that the split keeps back name other items."""
    train = split(graph, kind, seed, CARD.positives).train.events
    kept = np.isin(graph.events.time, train.time)  # times are unique
    rng = np.random.default_rng(9)
    item = np.where(kept, graph.events.item, rng.integers(0, graph.n_items, len(kept)))
    changed = graph.with_events(replace(graph.events, item=item.astype(np.int64)))
    again = split(changed, kind, seed, CARD.positives)
    assert np.array_equal(again.train.events.item, train.item)
    assert not np.array_equal(changed.events.item, graph.events.item)
    return changed


@pytest.mark.parametrize("kind", ["random", "time", "last"])
@pytest.mark.parametrize("name", model_names())
def test_no_fitted_number_depends_on_the_test_part(name: str, kind: str) -> None:
    graph = random_graph(4)
    honest, blind = (run_refit(g, name, kind, 1) for g in (graph, with_other_test_labels(graph, kind, 1)))
    one, other = honest.model.state(), blind.model.state()
    assert one.parameters == other.parameters
    assert all(np.array_equal(one.arrays[key], other.arrays[key]) for key in one.arrays)
    assert np.array_equal(honest.lists, blind.lists)
    assert np.array_equal(honest.scores, blind.scores)
    assert (honest.path_share, honest.gross_net) == (blind.path_share, blind.gross_net)
    assert (honest.split.test != blind.split.test).nnz > 0


def test_scale_constants_are_deviations_over_people_with_a_history() -> None:
    graph = random_graph(6)
    model = PathModel.fit(graph, holdout=validation_cut(graph, CARD, "last", 0), seed=0)
    people = np.unique(graph.events.user)
    for key, relation in model.parameters.relations.items():
        if relation.weight == 0:
            assert relation.scale == 1.0
            continue
        only = {k: replace(r, weight=float(k == key)) for k, r in model.parameters.relations.items()}
        alone = PathModel(model.edges, replace(model.parameters, relations=only))
        assert alone.score(people).std() == pytest.approx(1.0, rel=1e-9)
    assert PathParameters.from_json(model.state().parameters) == model.parameters
