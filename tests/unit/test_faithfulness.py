"""Measures of faithfulness computed a second way, methods by their formulas, planted causes by hand."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import distance
from scipy.stats import spearmanr

from core.errors import OptionError
from core.graph import InteractionGraph
from core.models.base import ModelState, Recommender
from core.models.lightgcn import LightGCN
from core.models.path import PathModel
from explain.faithfulness.measures import judge, order_of
from explain.faithfulness.methods import METHODS, Question
from explain.faithfulness.planted import hit, recover, through
from explain.faithfulness.randomised import randomised, rewired, spearman
from explain.faithfulness.run import compare, interval, questions
from explain.results.faithfulness import OURS, Interval
from tests.graphs import random_graph, random_parameters, without_item


@pytest.fixture(scope="module")
def graph() -> InteractionGraph:
    return random_graph(8, n_users=12, n_items=16, n_events=130)


@pytest.fixture(scope="module")
def model(graph: InteractionGraph) -> PathModel:
    return PathModel.restore(graph, ModelState(asdict(random_parameters(8))))


@pytest.fixture(scope="module")
def question(graph: InteractionGraph, model: PathModel) -> Question:
    return questions(graph, model, 1, 0)[0][0]


def built_without(model: Recommender, graph: InteractionGraph, user: int, items: np.ndarray) -> Recommender:
    for item in items:
        graph = without_item(graph, user, int(item))
    return type(model).restore(graph, model.state())


def test_deletion_insertion_and_first_place_by_fresh_builds(
    graph: InteractionGraph, model: PathModel, question: Question
) -> None:
    q, items = question, question.history.items
    order = order_of(METHODS["exact"](q))
    before = model.score(np.array([q.user]))[0, q.item]
    deleted, inserted, first = [], [], []
    for k in range(1, 6):
        scores = built_without(model, graph, q.user, items[order[:k]]).score(np.array([q.user]))[0]
        deleted.append(scores[q.item] / before)
        first.append(np.argmax(np.where(np.isin(np.arange(graph.n_items), items), -np.inf, scores)) == q.item)
        rest = np.setdiff1d(items, items[order[:k]])
        inserted.append(built_without(model, graph, q.user, rest).score(np.array([q.user]))[0, q.item] / before)
    judged = judge(q, order)
    assert judged.deletion == pytest.approx(np.mean(deleted), rel=1e-9)
    assert judged.insertion == pytest.approx(np.mean(inserted), rel=1e-9)
    assert judged.kept_first == np.mean(first)


def test_the_question_is_the_first_item_that_the_person_lacks(graph: InteractionGraph, model: PathModel) -> None:
    asked, n_short = questions(graph, model, 100, 0)
    assert len(asked) + n_short == graph.n_users
    assert len(asked) >= 5
    for q in asked:
        scores = model.score(np.array([q.user]))[0].copy()
        scores[q.history.items] = -np.inf
        assert q.item == int(np.argmax(scores))
        assert len(q.history.items) >= 6
        assert q.item not in q.rivals


def test_cosine_jaccard_and_popularity_agree_with_scipy(graph: InteractionGraph, question: Question) -> None:
    table = graph.interactions.toarray()
    target = table[:, question.item]
    for n, j in enumerate(question.history.items):
        own = table[:, j]
        expected = 1 - distance.cosine(own, target) if target.any() else 0.0  # scipy divides by 0 for an item of nobody
        assert METHODS["cosine"](question)[n] == pytest.approx(expected, abs=1e-12)
        assert METHODS["Jaccard"](question)[n] == pytest.approx(1 - distance.jaccard(own > 0, target > 0), abs=1e-12)
        assert METHODS["popularity"](question)[n] == (own > 0).sum()


def test_contrastive_and_leave_one_out_agree_where_degrees_do_not_enter(question: Question) -> None:
    """The path model divides by the item's and the other people's degrees, so deletion is nearly linear: same order of
    effects.
    """
    rho = spearmanr(METHODS["exact, contrastive"](question), METHODS["leave-one-out"](question)).statistic
    assert rho > 0.9


def test_gradient_is_the_slope_of_the_score_in_the_persons_own_edge(
    graph: InteractionGraph, model: PathModel, question: Question
) -> None:
    import torch

    score_of = model.edge_score(question.user, question.item)
    n = sum(map(len, score_of.sets))
    gradient = METHODS["gradient × edge"](question)
    assert np.array_equal(gradient, METHODS["gradient × input"](question)), "its input is the history"
    edges = score_of.sets[0]
    assert edges.source_kind == "user"
    for place, j in enumerate(question.history.items):
        at = int(np.flatnonzero((edges.source == question.user) & (edges.target == j))[0])
        step = 1e-6
        up, down = torch.ones((1, n), dtype=torch.float64), torch.ones((1, n), dtype=torch.float64)
        up[0, at] += step
        down[0, at] -= step
        slope = (float(score_of(up)) - float(score_of(down))) / (2 * step)
        assert gradient[place] == pytest.approx(slope, rel=1e-4, abs=1e-8)


def test_gradient_times_input_by_finite_differences_of_the_layer_0_vectors(graph: InteractionGraph) -> None:
    e0 = np.random.default_rng(3).normal(size=(graph.n_users + graph.n_items, 4))
    parameters = {"n_layers": 2, "epochs": 0}
    model = LightGCN.restore(graph, ModelState(parameters, {"e0": e0}))
    question = questions(graph, model, 1, 0)[0][0]
    gradient = METHODS["gradient × input"](question)
    for place, j in enumerate(question.history.items):
        ends = []
        for step in (1e-5, -1e-5):
            moved = e0.copy()
            moved[graph.n_users + j] *= 1 + step
            ends.append(
                LightGCN.restore(graph, ModelState(parameters, {"e0": moved})).score(np.array([question.user]))[
                    0, question.item
                ]
            )
        assert gradient[place] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5, abs=1e-8)


def test_comparison_is_paired_reproducible_and_complete(graph: InteractionGraph, model: PathModel) -> None:
    one, two = compare(graph, model, n_users=8, seed=3), compare(graph, model, n_users=8, seed=3)
    assert [row.method for row in one.methods] == list(METHODS)
    for first, second in zip(one.methods, two.methods, strict=True):
        assert (first.figures, first.beyond) == (second.figures, second.beyond)
        for measure, figure in first.figures.items():
            assert figure.low <= figure.value <= figure.high
            ours = one.methods[0].figures[measure].value
            assert first.beyond[measure].value == pytest.approx(figure.value - ours, abs=1e-12)
    assert {"method", "DEL", "INS", "POS@1", "seconds_p50"} <= set(one.as_json()["methods"][0])


def test_bad_questions_are_refused(graph: InteractionGraph, model: PathModel) -> None:
    with pytest.raises(OptionError, match="Unknown method"):
        compare(graph, model, n_users=2, methods=["magic"])
    with pytest.raises(OptionError, match="users must lie"):
        compare(graph, model, n_users=0)
    with pytest.raises(OptionError, match="no planted causes"):
        recover(graph, model, pd.DataFrame({"user": [], "item": []}))


def test_interval_of_a_constant_is_the_constant() -> None:
    draws = np.random.default_rng(0).integers(4, size=(100, 4))
    assert interval(np.full(4, 2.5), draws) == methods_interval(2.5)


def methods_interval(value: float) -> object:
    return Interval(value, value, value)


def test_rewiring_keeps_every_degree_and_the_fixed_people(graph: InteractionGraph) -> None:
    fixed = np.array([0, 3])
    other = rewired(graph, 1, fixed)
    before, after = graph.interactions.astype(bool).toarray(), other.interactions.astype(bool).toarray()
    assert np.array_equal(before.sum(axis=0), after.sum(axis=0))
    assert np.array_equal(before.sum(axis=1), after.sum(axis=1))
    assert np.array_equal(before[fixed], after[fixed])
    free = np.setdiff1d(np.arange(graph.n_users), fixed)
    assert (before[free] != after[free]).any()


def test_a_model_with_vectors_gets_random_ones_and_stays_as_it_was(graph: InteractionGraph) -> None:
    e0 = np.random.default_rng(0).normal(size=(graph.n_users + graph.n_items, 4))
    model = LightGCN.restore(graph, ModelState({"n_layers": 2, "epochs": 0}, {"e0": e0}))
    scores = model.score(np.arange(3))
    other = randomised(graph, model, 0, np.array([0]))
    assert not np.allclose(other.score(np.arange(3)), scores)
    assert np.array_equal(model.score(np.arange(3)), scores)


def test_rank_correlation_agrees_with_scipy() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 5, 30).astype(float), rng.integers(0, 5, 30).astype(float)
    assert spearman(one, other) == pytest.approx(spearmanr(one, other).statistic, abs=1e-12)
    assert spearman(np.ones(4), one[:4]) == 0.0


def test_hits_share_ties_out() -> None:
    values = np.array([3.0, 1.0, 1.0, 1.0, 0.0])
    assert hit(values, 0, 1) == 1.0
    assert hit(values, 1, 1) == 0.0
    assert hit(values, 1, 3) == pytest.approx(2 / 3)
    assert hit(values, 4, 3) == 0.0
    assert hit(np.zeros(10), 0, 3) == pytest.approx(0.3)


@pytest.mark.parametrize("kind", ["topic", "creator"])
def test_what_runs_through_each_group_adds_up_to_its_relation(
    graph: InteractionGraph, model: PathModel, kind: str
) -> None:
    user = int(graph.events.user[0])
    for item in range(graph.n_items):
        amounts = through(model, user, item, kind, graph)
        relation = model.parts(user, item).relations[f"same_{kind}"].sum()
        assert amounts.sum() == pytest.approx(relation, rel=1e-9, abs=1e-12)
        own = graph.memberships[kind][item].indices
        assert not amounts[np.setdiff1d(np.arange(len(amounts)), own)].any()


def test_planted_causes_on_the_small_newsroom_beat_chance(home: object) -> None:
    from explain.workbench.workbench import Workbench

    report = Workbench().faithfulness.measure("newsroom", "path", users=10)
    rows = {(row.cause, row.candidates[:2]): row for row in report.planted}
    topic = rows["topic_affinity", "al"]
    assert topic.hit_1 > 2 * topic.chance_1
    assert rows["trending", "no"].hit_1 is None
    assert "no edge" in rows["trending", "no"].reason
    assert Workbench().faithfulness.stored("newsroom", "path", users=10) == report
    assert report.methods[0].method == OURS[0]
