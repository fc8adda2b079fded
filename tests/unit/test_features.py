"""Scores by features: the lines add up, they are what a removed feature would take away, and Captum agrees where it
must.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from core.errors import OptionError
from core.feature_score import GRAPH, OWN
from core.graph import InteractionGraph
from core.models import _lightgcn_training
from core.models.content import ContentModel
from core.models.path import PathModel
from explain.explanation.features import CLOSED_FORM, direct, explain_features, integrated_gradients
from tests.graphs import random_graph, random_parameters
from tests.unit.test_content_model import NAMES, SUBJECTS, fitted, press

CITIES = ("Lisbon", "Turin", "Riga", "Ghent", "Split", "Bergen")


@pytest.fixture(scope="module")
def graph() -> InteractionGraph:
    """The press of the model's tests with words: each title names a city, which some ten items share."""
    graph = press()
    labels = [f"{title} from {CITIES[j // 3 % 6]}" for j, title in enumerate(graph.items.labels)]
    return replace(graph, items=replace(graph.items, labels=np.array(labels, dtype=object)))


@pytest.fixture(scope="module")
def models(graph: InteractionGraph) -> Iterator[dict[str, ContentModel]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_lightgcn_training, "MAX_EPOCHS", 40)
        yield {name: fitted(name, graph) for name in NAMES}


@pytest.mark.parametrize(("name", "error"), [("gnn+content", 1e-9), ("gnn+content-mlp", 1e-6)])
def test_lines_add_up_to_the_score_and_say_by_how_much_they_do_not(
    name: str, error: float, models: dict[str, ContentModel], graph: InteractionGraph
) -> None:
    model = models[name]
    for user in range(0, graph.n_users, 4):
        for item in (0, 7, 20, graph.n_items - 1):
            explanation = explain_features(model, graph, user, item, top=4)
            assert explanation is not None
            total = sum(part.value for part in explanation.parts)
            assert explanation.score == model.score(np.array([user]))[0, item]
            assert explanation.completeness_error == abs(total - explanation.score) / abs(explanation.score)
            assert explanation.completeness_error <= error
            assert sum(explanation.by_group.values()) == pytest.approx(total, rel=1e-9)


def test_a_feature_s_line_is_what_the_score_loses_without_it(
    models: dict[str, ContentModel], graph: InteractionGraph
) -> None:
    """For an item that nobody has, taking one word or topic away changes that item's score by its line, and nothing
    else.
    """
    model, item, user = models["gnn+content"], graph.n_items - 1, 2
    explanation = explain_features(model, graph, user, item, top=100)
    assert explanation is not None
    assert explanation.method == CLOSED_FORM
    features, before = model.features, model.score(np.array([user]))[0]
    present = features.matrix[[item]].indices
    lines = {(part.group, part.name): part.value for part in explanation.parts}
    assert {("word", CITIES[item // 3 % 6].casefold()), ("subject", SUBJECTS[item % 3])} <= set(lines)
    for feature in present:
        fewer = features.matrix.copy()
        fewer[item, feature] = 0.0
        poorer = ContentModel(model.adjacency, replace(features, matrix=fewer), model.encoder, model.own)
        gone = before - poorer.score(np.array([user]))[0]
        assert gone[item] == pytest.approx(lines[str(features.groups[feature]), str(features.names[feature])], rel=1e-9)
        assert not np.delete(gone, item).any()


@pytest.mark.parametrize("name", NAMES)
def test_a_new_item_s_score_is_all_features_and_its_subject_leads(
    name: str, models: dict[str, ContentModel], graph: InteractionGraph
) -> None:
    item, user = graph.n_items - 1, 2
    explanation = explain_features(models[name], graph, user, item)
    assert explanation is not None
    assert explanation.by_group[OWN] == 0.0
    assert explanation.by_group[GRAPH] == 0.0
    assert (explanation.parts[0].group, explanation.parts[0].name) == ("subject", SUBJECTS[item % 3])
    assert explanation.parts[0].value > 0
    stranger = explain_features(models[name], graph, 3, item)
    assert stranger is not None
    assert stranger.by_group["subject"] < explanation.by_group["subject"]


def test_what_comes_through_people_is_the_dense_power_series(
    models: dict[str, ContentModel], graph: InteractionGraph
) -> None:
    model, n = models["gnn+content"], graph.n_users
    dense = (graph.interactions.toarray() > 0).astype(float)
    step = dense / np.sqrt(np.maximum(dense.sum(axis=1), 1))[:, None] / np.sqrt(np.maximum(dense.sum(axis=0), 1))
    two_hops = step.T @ step
    for user, item in ((0, 3), (1, 4), (5, 6)):
        person = (step @ (model.content + model.own) + step @ two_hops @ (model.content + model.own))[user] / 4
        explanation = explain_features(model, graph, user, item)
        assert explanation is not None
        through = [part.value for part in explanation.parts if part.group == GRAPH]
        expected = [two_hops[item] @ vectors @ person / 4 for vectors in (model.content, model.own)]
        assert through == pytest.approx(expected, rel=1e-9)
        own = [part.value for part in explanation.parts if part.group == OWN]
        assert own == pytest.approx([model.own[item] @ person / 4], rel=1e-9)
    assert n == model.adjacency.n_users


def test_captum_gives_the_closed_form_where_the_encoder_is_linear(
    models: dict[str, ContentModel], graph: InteractionGraph
) -> None:
    """A linear function needs one Gauss-Legendre node, whose weight single precision holds exactly; 32
    nodes it rounds.
    """
    model = models["gnn+content"]
    for user, item in ((0, 3), (1, 5), (2, graph.n_items - 1)):
        by_features = model.feature_score(user, item)
        closed, method = direct(by_features)
        assert method == CLOSED_FORM
        one_node, _ = integrated_gradients(by_features, n_steps=1)
        assert np.allclose(one_node, closed, rtol=1e-12, atol=1e-15)
        many_nodes, _ = integrated_gradients(by_features)
        assert np.allclose(many_nodes, closed, rtol=1e-6)


def test_integrated_gradients_of_the_hidden_layer_are_the_integral(
    models: dict[str, ContentModel], graph: InteractionGraph
) -> None:
    """Recomputed by a fine midpoint rule over hand-written derivatives of tanh."""
    model, user, item = models["gnn+content-mlp"], 1, 7
    row = model.features.matrix[[item]]
    present = row.indices.astype(np.int64)
    basis = model.features.basis[present].toarray()
    first, second = model.encoder.weights
    n, total = 20_000, np.zeros(len(present))
    for at in np.array_split((np.arange(n) + 0.5) / n, 20):
        hidden = np.tanh(at[:, None] * (row.data @ basis @ first))
        slope = (1 - hidden**2) * (second @ model.person(user))
        total += (basis @ first @ slope.sum(axis=0)) / n
    expected = row.data * (model.alpha * total + basis @ model.encoder.bias)
    amounts, method = direct(model.feature_score(user, item))
    assert np.allclose(amounts, expected, rtol=1e-5, atol=1e-9)
    assert "32 steps" in method
    assert "no feature at all" in method


def test_features_that_are_not_shown_singly_stand_in_one_line_a_group(
    models: dict[str, ContentModel], graph: InteractionGraph
) -> None:
    full, short = (explain_features(models["gnn+content"], graph, 0, 9, top=top) for top in (100, 1))
    assert full is not None
    assert short is not None
    single = [part for part in full.parts if part.group not in (OWN, GRAPH)]
    assert [abs(p.value) for p in single] == sorted((abs(p.value) for p in single), reverse=True)
    assert short.parts[0] == full.parts[0]
    left = {part.group: part for part in short.parts[1:] if part.group not in (OWN, GRAPH)}
    for group, line in left.items():
        members = [p.value for p in single[1:] if p.group == group]
        assert line.name == f"{len(members)} more ({group})"
        assert line.value == pytest.approx(sum(members), rel=1e-9)
    assert sum(len([p for p in single[1:] if p.group == g]) for g in left) == len(single) - 1
    assert short.by_group == full.by_group


def test_a_folded_in_person_gets_lines_too(models: dict[str, ContentModel], graph: InteractionGraph) -> None:
    folded, position = models["gnn+content"].fold_in(np.array([1, 4]), np.ones(2))
    explanation = explain_features(folded, graph, position, 7)
    assert explanation is not None
    assert explanation.completeness_error <= 1e-9
    assert explanation.by_group["subject"] > 0


def test_hostile_names_are_made_harmless(graph: InteractionGraph) -> None:
    topics = replace(graph.groups["topic"], labels=np.array(["cycling\u202e\n\x00x", "opera", "chess"], dtype=object))
    hostile = replace(graph, groups={"topic": topics})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_lightgcn_training, "MAX_EPOCHS", 1)
        explanation = explain_features(fitted("gnn+content", hostile), hostile, 0, 3)
    assert explanation is not None
    assert [part.name for part in explanation.parts if part.group == "subject"] == ["cycling x"]


def test_a_model_without_features_has_no_lines_and_no_feature_is_no_number(
    models: dict[str, ContentModel], graph: InteractionGraph
) -> None:
    plain = random_graph(0)
    assert explain_features(PathModel.build(plain, random_parameters(0)), plain, 0, 1) is None
    with pytest.raises(OptionError, match="At least one feature"):
        explain_features(models["gnn+content"], graph, 0, 1, top=0)
