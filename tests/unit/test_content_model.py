"""The model on content: what it knows of items, that it is what its equation says, and that new items are at home in
it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse

from core.errors import ModelError
from core.graph import InteractionGraph, Nodes
from core.models import _content_text, _lightgcn_training
from core.models._content_features import ItemFeatures
from core.models._content_text import directions, tf_idf, words_of
from core.models._content_training import BIAS_DECAY, OBJECTIVE, OWN_DECAY, ContentLayer
from core.models._lightgcn_training import LayerZero, _Trainer
from core.models.base import get_model
from core.models.content import CONTENT, ContentModel
from explain.workspace.refits import validation_cut
from tests.graphs import CARD, nodes, random_graph
from tests.models import reading_attributes

NAMES = reading_attributes()
SUBJECTS = ("cycling", "opera", "chess")


@pytest.fixture(scope="module", autouse=True)
def _few_epochs() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_lightgcn_training, "MAX_EPOCHS", 40)
        yield


def press(n_users: int = 45, n_items: int = 60) -> InteractionGraph:
    """Person u keeps to subject u mod 3, item i is of subject i mod 3. Nobody has the last three, alike in all but
    their subject.
    """
    rng = np.random.default_rng(0)
    graph = random_graph(0, n_users=n_users, n_items=n_items, n_events=900, n_topics=0, n_creators=0, n_contexts=0)
    user = graph.events.user
    item = (3 * rng.integers(0, n_items // 3 - 1, len(user)) + user % 3).astype(np.int64)
    labels = np.array([f"{SUBJECTS[j % 3]} story {j}" for j in range(n_items)], dtype=object)
    year, desk = 1990 + np.arange(n_items) // 3 % 4, [("day", "night")[j // 3 % 2] for j in range(n_items)]
    attributes = pd.DataFrame({"year": year, "desk": desk})
    items = Nodes("item", "item", graph.items.ids, labels, attributes)
    topic = sparse.csr_matrix((np.ones(n_items), (np.arange(n_items), np.arange(n_items) % 3)), shape=(n_items, 3))
    groups = {"topic": Nodes("topic", "subject", nodes("topic", 3).ids, np.array(SUBJECTS, dtype=object))}
    events = replace(graph.events, item=item)
    return InteractionGraph("press", "Press", graph.users, items, groups, events, {"topic": topic})


def fitted(name: str, graph: InteractionGraph) -> ContentModel:
    model = get_model(name).fit(graph, holdout=validation_cut(graph, CARD, "last", 0), seed=0)
    assert isinstance(model, ContentModel)
    return model


@pytest.fixture(scope="module")
def graph() -> InteractionGraph:
    return press()


@pytest.fixture(scope="module", params=NAMES)
def model(request: pytest.FixtureRequest, graph: InteractionGraph, _few_epochs: None) -> ContentModel:
    return fitted(request.param, graph)


def test_every_feature_has_the_name_and_the_group_that_the_data_give_it(graph: InteractionGraph) -> None:
    features = ItemFeatures.of(graph)
    pairs = set(zip(features.groups.tolist(), features.names.tolist(), strict=True))
    years = {("year", str(year)) for year in range(1990, 1994)}
    desks = {("desk", "day"), ("desk", "night")}
    # a third of all titles hold each subject: too many for a word, so that the subject speaks as a topic
    assert pairs == {("subject", subject) for subject in SUBJECTS} | years | desks
    assert features.sizes() == {"subject": 3, "year": 4, "desk": 2}
    dense = features.matrix.toarray()
    for j, (group, name) in enumerate(zip(features.groups, features.names, strict=True)):
        for item in range(graph.n_items):
            has = {
                "subject": SUBJECTS[item % 3],
                "year": str(1990 + item // 3 % 4),
                "desk": ("day", "night")[item // 3 % 2],
            }[group]
            assert dense[item, j] == (1.0 if has == name else 0.0)


def test_numbers_fall_into_named_ranges_and_unknown_ones_into_none() -> None:
    graph = random_graph(0, n_items=33, n_topics=0, n_creators=0, n_contexts=0)
    price = pd.Series([np.nan, *range(32)], dtype="float64")
    published = pd.Series(86_400 * np.arange(33), dtype="int64")
    items = replace(graph.items, attributes=pd.DataFrame({"price": price, "published": published}))
    features = ItemFeatures.of(replace(graph, items=items))
    assert features.names[features.groups == "price"].tolist()[:2] == ["0 to 3", "4 to 7"]
    assert features.names[features.groups == "published"].tolist()[0] == "1970-01-01 to 1970-01-04"
    per_item = features.matrix[:, np.flatnonzero(features.groups == "price")].toarray().sum(axis=1)
    assert per_item.tolist() == [0.0] + [1.0] * 32


def test_a_column_that_repeats_a_topic_is_no_second_feature(graph: InteractionGraph) -> None:
    section = [SUBJECTS[j % 3] for j in range(graph.n_items)]
    renamed = [f"Desk {j % 3}" for j in range(graph.n_items)]
    items = replace(graph.items, attributes=pd.DataFrame({"section": section, "desk_name": renamed}))
    assert ItemFeatures.of(replace(graph, items=items)).sizes() == {"subject": 3}


def test_sentences_in_a_column_are_read_as_words() -> None:
    graph = random_graph(0, n_topics=0, n_creators=0, n_contexts=0)
    summary = [f"The {'harbour' if j < 3 else 'theatre'} opens door {j} again today" for j in range(graph.n_items)]
    items = replace(graph.items, attributes=pd.DataFrame({"summary": summary}))
    features = ItemFeatures.of(replace(graph, items=items))
    assert features.names.tolist() == ["harbour"]  # all others are in more than a quarter of the texts
    assert np.flatnonzero(features.matrix.toarray()[:, 0]).tolist() == [0, 1, 2]


def test_tf_idf_is_its_formula_with_rows_of_length_one() -> None:
    texts = [
        "Storm hits harbour; storm stays",
        "Harbour strike",
        "Strike over wages",
        *["quiet day"] * 5,
        "",
        "wages",
        "é2",
    ]
    matrix, words = tf_idf(texts)
    assert words == ("harbour", "strike", "wages")  # in 2 texts each; storm in 1, quiet in 5 of 11: too often
    n, weight = len(texts), 1.0 + math.log((1 + len(texts)) / 3)
    assert n == 11
    expected = np.zeros((n, 3))
    expected[0, 0] = expected[9, 2] = 1.0
    expected[1, [0, 1]] = expected[2, [1, 2]] = weight / math.sqrt(2 * weight**2)
    assert np.allclose(matrix.toarray(), expected, rtol=1e-14)
    assert words_of("L’été of 2024: THE cats’ don't") == ["été", "cats", "don't"]


def test_directions_are_the_strongest_of_the_singular_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    matrix = sparse.csr_matrix((rng.random((90, 70)) < 0.1) * rng.random((90, 70)))
    dense = directions(matrix)
    monkeypatch.setattr(_content_text, "DENSE_BELOW", 0)
    iterative = directions(matrix)
    assert dense.shape == (70, _content_text.N_DIRECTIONS)
    assert np.allclose(dense, iterative, rtol=1e-7, atol=1e-9)
    assert np.array_equal(iterative, directions(matrix))
    scale = np.linalg.norm(dense[:, 0])
    assert np.allclose(dense.T @ dense, scale**2 * np.eye(dense.shape[1]), atol=1e-9)
    assert np.square(matrix @ dense).sum(axis=1).mean() == pytest.approx(1.0)
    covariance = (matrix.T @ matrix).toarray()
    strengths = np.sort(np.linalg.eigvalsh(covariance))[::-1][: dense.shape[1]]
    assert np.allclose(np.diag(dense.T @ covariance @ dense) / scale**2, strengths)


def test_features_come_from_the_nodes_and_not_from_what_people_did(graph: InteractionGraph) -> None:
    nothing = graph.with_events(graph.events.take(np.zeros(len(graph.events), dtype=bool)))
    one, other = ItemFeatures.of(graph), ItemFeatures.of(nothing)
    assert (one.matrix != other.matrix).nnz == 0
    assert np.array_equal(one.components, other.components)


def test_scores_are_those_of_the_equation(model: ContentModel, graph: InteractionGraph) -> None:
    inputs = model.features.matrix.toarray() @ model.features.basis.toarray()
    content = inputs @ model.encoder.weights[0]
    if len(model.encoder.weights) == 2:
        content = np.tanh(content) @ model.encoder.weights[1]
    n = graph.n_users
    adjacency = np.zeros((n + graph.n_items,) * 2)
    adjacency[:n, n:] = graph.interactions.toarray() > 0
    adjacency += adjacency.T
    root = 1.0 / np.sqrt(np.maximum(adjacency.sum(axis=1), 1.0))
    step = root[:, None] * adjacency * root
    e0 = np.concatenate([np.zeros((n, content.shape[1])), content + model.own])
    final = sum(np.linalg.matrix_power(step, hops) @ e0 for hops in range(4)) / 4
    expected = final[:n] @ final[n:].T + inputs @ model.encoder.bias
    assert np.allclose(model.score(np.arange(n)), expected, rtol=1e-10, atol=1e-12)


def test_of_items_that_nobody_has_everybody_gets_the_one_of_their_subject(
    model: ContentModel, graph: InteractionGraph
) -> None:
    new = np.arange(graph.n_items - 3, graph.n_items)
    assert graph.interactions[:, new].nnz == 0
    assert not model.own[new].any()
    people = np.flatnonzero(np.diff(graph.interactions.indptr))
    first = model.score(people)[:, new].argmax(axis=1)
    assert np.array_equal(new[first] % 3, people % 3)
    for user, item in zip(people[:9].tolist(), new[first][:9].tolist(), strict=True):
        parts = model.parts(user, item)
        assert model.state_of(user, item, parts) == "ok"
        others = [model.parts(user, other).history.sum() for other in new.tolist() if other != item]
        assert parts.history.sum() > max(others)


def test_a_new_person_gets_their_subject_from_one_item(model: ContentModel, graph: InteractionGraph) -> None:
    folded, position = model.fold_in(np.array([4]), np.ones(1))
    alike_but_for_their_subject = folded.score(np.array([position]))[0].reshape(-1, 3)
    assert (alike_but_for_their_subject.argmax(axis=1) == 4 % 3).all()
    assert np.array_equal(folded.person(position), folded._layers[0][position])


def test_only_the_constant_is_the_same_for_everybody(model: ContentModel, graph: InteractionGraph) -> None:
    nobody, position = model.fold_in(np.empty(0, dtype=np.int64), np.empty(0))
    expected = [model.constants(0, item)[CONTENT] for item in range(graph.n_items)]
    assert np.array_equal(nobody.score(np.array([position]))[0], expected)
    assert np.any(expected)


def test_a_stored_model_keeps_its_features_when_titles_change(model: ContentModel, graph: InteractionGraph) -> None:
    renamed = replace(graph, items=replace(graph.items, labels=graph.items.labels[::-1], attributes=pd.DataFrame()))
    restored = type(model).restore(renamed, model.state())
    people = np.arange(graph.n_users)
    assert np.array_equal(restored.score(people), model.score(people))


@pytest.mark.parametrize("name", NAMES)
def test_items_of_which_nothing_is_known_cannot_be_learnt_from(name: str) -> None:
    graph = random_graph(0, n_topics=0, n_creators=0)
    with pytest.raises(ModelError, match=r"workspace random has no words .* or fit lightgcn"):
        fitted(name, graph)


@pytest.mark.parametrize("hidden", [False, True])
def test_gradients_are_those_of_the_whole_loss(graph: InteractionGraph, hidden: bool) -> None:
    """One step's gradients against autograd through a dense graph: softmax loss over items that
    somebody has, plus L2.
    """
    inputs = ItemFeatures.of(graph).inputs

    def make(interactions: sparse.csr_matrix, rng: np.random.Generator) -> ContentLayer:
        return ContentLayer(inputs, interactions, hidden, rng)

    trainer = _Trainer[ContentLayer](make, graph.interactions, OBJECTIVE, 3, 0)
    layer = trainer.layer
    with torch.no_grad():  # away from the zeros of the start
        for p in (layer.own, layer.bias):
            p += 0.1 * torch.randn(p.shape, generator=torch.Generator().manual_seed(1))
    learnt = [*layer.weights, layer.own, layer.bias]
    leaves = [p.detach().double().requires_grad_() for p in learnt]
    *weights, own, bias = leaves
    users, items = torch.from_numpy(trainer.pairs[::7].copy()).T
    x = torch.from_numpy(inputs.toarray())
    content = x @ weights[0] if not hidden else torch.tanh(x @ weights[0]) @ weights[1]
    e0 = torch.cat([torch.zeros(graph.n_users, content.shape[1]), content + own])
    step = trainer.adjacency.to_dense().double()
    final = sum(torch.linalg.matrix_power(step, hops) for hops in range(4)) @ e0 / 4
    logits = (final[: graph.n_users] @ final[graph.n_users :].T + x @ bias)[users]
    had = torch.from_numpy(np.bincount(graph.interactions.indices, minlength=graph.n_items) > 0)
    picked = logits.gather(1, items[:, None])[:, 0]
    loss = (torch.logsumexp(logits[:, had], dim=1) - picked).mean()
    uses = torch.bincount(items, minlength=graph.n_items) / len(items)
    loss = loss + OBJECTIVE.decay / 2 * (uses[:, None] * (content + own) ** 2).sum()
    loss = loss + OWN_DECAY / 2 * (uses[:, None] * own**2).sum() + BIAS_DECAY / 2 * (bias**2).sum()
    loss.backward()
    trainer._step(users, items)
    for leaf, parameter in zip(leaves, learnt, strict=True):
        assert leaf.grad is not None
        assert torch.allclose(parameter.grad.double(), leaf.grad, rtol=2e-3, atol=2e-6)


def test_an_epoch_meets_every_pair_once_and_all_pairs_of_a_person_together(
    graph: InteractionGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = ItemFeatures.of(graph).inputs
    trainer = _Trainer(lambda a, rng: ContentLayer(inputs, a, False, rng), graph.interactions, OBJECTIVE, 3, 0)
    batches: list[tuple[torch.Tensor, torch.Tensor]] = []
    monkeypatch.setattr(trainer, "_step", lambda users, items: batches.append((users, items)))
    trainer.epoch()
    met = [pair for users, items in batches for pair in zip(users.tolist(), items.tolist(), strict=True)]
    assert sorted(met) == sorted(map(tuple, trainer.pairs.tolist()))
    people = [set(users.tolist()) for users, _ in batches]
    assert len(people) == _lightgcn_training.MIN_STEPS
    assert sum(map(len, people)) == len(set.union(*people))


def test_dropped_messages_and_edges_leave_the_constant(model: ContentModel, graph: InteractionGraph) -> None:
    user, item = 4, 7
    score, history = model.score(np.array([user]))[0], model.history(user)
    constant = model.constants(user, item)[CONTENT]
    assert model.masked(user, history)[item] == pytest.approx(constant, rel=1e-9)
    parts = model.parts(user, item)
    without = model.masked(user, history[:1])[item]
    assert score[item] - without == pytest.approx(parts.history[0], rel=1e-9)
    edges = model.edge_score(user, item)
    n = sum(len(edge_set) for edge_set in edges.sets)
    full, empty = (float(edges(torch.full((1, n), scale, dtype=torch.float64))[0]) for scale in (1.0, 0.0))
    assert full == pytest.approx(score[item], rel=1e-9)
    assert empty == pytest.approx(constant, rel=1e-12)


def test_a_layer_without_a_readout_of_its_own_scores_by_its_embeddings() -> None:
    final = torch.arange(6.0).reshape(3, 2)
    assert LayerZero.readout(None, final, training=True) is final  # type: ignore[arg-type]
