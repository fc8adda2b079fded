"""Gaps attributed to relations and history sources: each step recomputed a second way, and a planted cause found."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from core.errors import OptionError
from core.models.base import constant_words
from core.models.path import PathModel
from core.ranking import rank_all
from data.builder import build_graph
from data.simulation.config import NewsroomConfig
from data.simulation.simulator import simulate_newsroom
from explain.blind_test.ladder import REFERENCE
from explain.charts.attribution import gap_waterfall
from explain.fairness import attribution as at
from explain.fairness.exposure import rbp
from explain.fairness.score_terms import score_terms, source_terms, sources_by_age, sources_by_kind
from explain.groups.cohorts import cohorts
from explain.workbench.workbench import Workbench
from tests.command_line import surfaced
from tests.models import one_of_each_kind

MODELS = one_of_each_kind()


def marginal_means(v: np.ndarray, n: int) -> list[float]:
    """Shapley values as the mean gain over all orders in which players arrive."""
    means = np.zeros(n)
    for order in permutations(range(n)):
        subset = 0
        for player in order:
            means[player] += v[subset | 1 << player] - v[subset]
            subset |= 1 << player
    return (means / math.factorial(n)).tolist()


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_shapley_values_are_the_mean_gain_over_all_orders_of_arrival(n):
    v = np.random.default_rng(n).normal(size=2**n)
    values = v @ at.shapley_weights(n)
    assert values.tolist() == pytest.approx(marginal_means(v, n))
    assert values.sum() == pytest.approx(v[-1] - v[0])


def test_a_player_who_adds_nothing_gets_nothing():
    v = np.random.default_rng(0).normal(size=4)
    with_dummy = np.concatenate([v, v])
    assert (with_dummy @ at.shapley_weights(3))[2] == pytest.approx(0.0)


def test_seven_players_are_refused_with_a_sentence():
    with pytest.raises(OptionError, match="at most 6"):
        at.shapley_weights(7)


def brute_exposure(scores, candidate, belongs, weights):
    """Mean over all orders of the items of what a stable sort would give."""
    exposures = []
    items = np.flatnonzero(candidate)
    for order in permutations(items):
        listed = sorted(order, key=lambda i: -scores[i])[: len(weights)]
        exposures.append(sum(w * belongs[i] for w, i in zip(weights, listed, strict=False)))
    return float(np.mean(exposures)) if len(items) else 0.0


@pytest.mark.parametrize("k", [1, 2, 4, 6])
@pytest.mark.parametrize("seed", range(6))
def test_equal_scores_count_as_the_mean_over_all_their_orders(k, seed):
    rng = np.random.default_rng(seed)
    scores = rng.integers(-1, 2, size=(5, 6)).astype(float)
    candidate = rng.random((5, 6)) < 0.7
    candidate[0] = False
    belongs, weights = rng.random(6), rbp(k)
    expected = [brute_exposure(s, c, belongs, weights) for s, c in zip(scores, candidate, strict=True)]
    assert at.expected_exposure(scores, candidate, belongs, weights).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("name", MODELS)
def test_terms_of_a_batch_are_the_parts_of_each_score(home, name):
    workspace = Workbench().session.workspace("newsroom")
    model, users = workspace.model(workspace.manifest(name)), np.array([3, 17, 88])
    terms = score_terms(model, users)
    assert np.sum(list(terms.values()), axis=0) == pytest.approx(model.score(users), abs=1e-9)
    for row, user in enumerate(users.tolist()):
        for item in (0, 41, 150):
            parts = model.parts(user, item)
            expected = {key: float(value.sum()) for key, value in parts.relations.items()} | dict(parts.constants)
            assert {key: float(terms[key][row, item]) for key in expected} == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", MODELS)
def test_a_history_source_gives_what_the_parts_of_its_items_are(home, name):
    workspace = Workbench().session.workspace("newsroom")
    model, users = workspace.model(workspace.manifest(name)), np.array([5, 60])
    ages = sources_by_age(workspace.graph)
    terms = source_terms(model, users, ages)
    for row, user in enumerate(users.tolist()):
        parts = model.parts(user, 99)
        for age in ("recent", "older"):
            mine = np.isin(parts.items, ages[age][user].indices)
            assert float(terms.get(age, np.zeros((2, 200)))[row, 99]) == pytest.approx(
                parts.history[mine].sum(), abs=1e-9
            )
        for kind, value in parts.constants.items():
            assert terms[kind][row, 99] == pytest.approx(value)


def test_the_newer_half_of_a_history_is_that_of_the_last_events(home):
    graph = Workbench().session.workspace("newsroom").graph
    ages = sources_by_age(graph)
    for user in (0, 7, 123):
        last: dict[int, int] = {}
        for who, item, time in zip(graph.events.user, graph.events.item, graph.events.time, strict=True):
            if who == user:
                last[int(item)] = max(last.get(int(item), 0), int(time))
        newest = sorted(last, key=lambda i: (-last[i], i))
        assert set(ages["recent"][user].indices) == set(newest[: (len(newest) + 1) // 2])
        assert set(ages["older"][user].indices) == set(newest[(len(newest) + 1) // 2 :])


def test_shares_of_kinds_of_event_add_up_to_each_edge(home):
    graph = Workbench().session.workspace("newsroom").graph
    whole = sum(sources_by_kind(graph).values())
    assert whole[graph.interactions.nonzero()] == pytest.approx(1.0)


@pytest.fixture
def attribution(home):
    return Workbench().exposure.gap_attribution("newsroom", "path", "author_group", "new", 10)


def test_the_parts_sum_to_the_gap_beyond_a_random_list(attribution):
    assert sum(p.value for p in attribution.parts) == pytest.approx(
        attribution.gap_all - attribution.gap_random, abs=1e-6
    )
    assert attribution.completeness_error < 1e-6
    assert all(p.low <= p.value <= p.high for p in attribution.parts)
    assert [abs(p.value) for p in attribution.parts] == sorted((abs(p.value) for p in attribution.parts), reverse=True)


def test_the_gap_is_the_one_that_the_audit_reports(attribution):
    shares = Workbench().exposure.audit("newsroom", "path", "author_group", k=10).overall.shares["new"]
    assert attribution.exposure == pytest.approx(shares.exposure)
    assert attribution.gap_all == pytest.approx(shares.exposure - shares.catalogue)


def test_the_gap_of_a_random_list_is_what_drawn_lists_give(attribution, home):
    graph = Workbench().session.workspace("newsroom").graph
    groups = cohorts(graph, "author_group", "item")
    new = groups.membership[:, [groups.labels.index("new")]].toarray().ravel()
    rng, drawn = np.random.default_rng(0), []
    for _ in range(40):
        for user in range(graph.n_users):
            left = np.setdiff1d(np.arange(graph.n_items), graph.interactions[user].indices)
            drawn.append(rbp(10) @ new[rng.choice(left, 10, replace=False)] / rbp(10).sum())
    error = np.std(drawn) / np.sqrt(len(drawn))
    assert attribution.gap_random == pytest.approx(np.mean(drawn) - new.mean(), abs=4 * error)


def test_a_subset_is_worth_what_a_model_of_those_relations_alone_lists(home):
    """The second way: a model that was built with the other relations' weights at 0 ranks by itself."""
    workspace = Workbench().session.workspace("newsroom")
    model = workspace.model(workspace.manifest("path"))
    groups = cohorts(workspace.graph, "author_group", "item")
    new = groups.membership[:, [groups.labels.index("new")]].toarray().ravel()
    users = np.arange(workspace.graph.n_users)
    lists, _ = rank_all(model.score, len(users), workspace.graph.interactions, 10)
    game = at.play(
        workspace.graph, model, users, lists, new, players=at.find_players(workspace.graph, model, users, None)
    )
    for subset in range(1, 2 ** len(game.players) - 1):
        parameters = model.parameters
        for p, key in enumerate(game.players):
            if not subset >> p & 1:
                parameters = parameters.with_relation(key, weight=0.0)
        alone = PathModel(model.edges, parameters)
        scores = alone.score(users)
        candidate = np.ones(scores.shape, dtype=bool)
        candidate[workspace.graph.interactions.nonzero()] = False
        own, _ = rank_all(alone.score, len(users), workspace.graph.interactions, 10)
        cut = np.sort(np.where(candidate, scores, -np.inf), axis=1)[:, ::-1][:, :11]
        no_ties = (np.abs(np.diff(cut, axis=1)) > 1e-9).all(axis=1)
        expected = new[own[no_ties]] @ rbp(10)
        assert game.values[no_ties, subset] == pytest.approx(expected, abs=1e-9)


def test_the_planted_relation_is_named_first_and_has_no_part_where_nothing_is_planted():
    def through_co_readers(bias):
        config = NewsroomConfig(
            n_users=500, n_items=400, n_authors=60, n_days=30, mean_views=40.0, cohort_bias=0.0, author_bias=bias
        )
        graph = build_graph(simulate_newsroom(config, seed=2))
        model = PathModel.build(graph, REFERENCE)
        lists, _ = rank_all(model.score, graph.n_users, graph.interactions, 20)
        groups = cohorts(graph, "author_group", "item")
        new = groups.membership[:, [groups.labels.index("new")]].toarray().ravel()
        users = np.arange(graph.n_users)
        game = at.play(graph, model, users, lists, new, players=at.find_players(graph, model, users, None))
        solved = at.solve(game, draws=200)
        return dict(zip(game.players, solved.values, strict=True)), solved.high[game.players.index("co_consumption_3")]

    planted, high = through_co_readers(0.9)
    clean, _ = through_co_readers(0.0)
    assert max(planted, key=lambda key: abs(planted[key])) == "co_consumption_3"
    assert high < 0
    assert planted["co_consumption_3"] < clean["co_consumption_3"] - 0.05


def test_history_sources_are_players_too_and_memory_needs_none(home):
    bench = Workbench()
    for through in ("events", "age"):
        attribution = bench.exposure.gap_attribution("newsroom", "lightgcn", "author_group", "new", 10, through=through)
        assert attribution.completeness_error < 1e-6
        assert at.NO_HISTORY in {p.player for p in attribution.parts}
    assert {p.player for p in attribution.parts} == {"recent", "older", at.NO_HISTORY}


def test_more_than_six_parts_are_joined_smallest_first(home, monkeypatch):
    workspace = Workbench().session.workspace("newsroom")
    model = workspace.model(workspace.manifest("path"))
    sizes = np.array([8.0, 1.0, 7.0, 6.0, 2.0, 5.0, 4.0, 3.0])
    terms = {f"r{n}": np.full((2, 200), size) for n, size in enumerate(sizes)}
    monkeypatch.setattr(at, "score_terms", lambda *_: terms)
    players = at.find_players(workspace.graph, model, np.array([0, 1]), None)
    assert set(players) == {"r0", "r2", "r3", "r5", "r6", at.OTHER}
    assert sorted(players[at.OTHER]) == ["r1", "r4", "r7"]


def test_own_groups_must_hold_every_part_once(home):
    bench, most = Workbench(), ("newsroom", "path", "author_group", "new", 10)
    keys = [p.player for p in bench.exposure.gap_attribution(*most).parts]
    attribution = bench.exposure.gap_attribution(*most, players={"all in one": keys})
    assert attribution.parts[0].value == pytest.approx(attribution.gap_all - attribution.gap_random)
    with pytest.raises(OptionError, match="each part of the score once"):
        bench.exposure.gap_attribution(*most, players={"some": keys[:1]})


def test_a_draw_of_people_is_seeded_and_everybody_is_taken_where_they_are_few(home):
    bench = Workbench()
    few = [
        bench.exposure.gap_attribution("newsroom", "path", "author_group", "new", 10, people=50, seed=4)
        for _ in range(2)
    ]
    assert few[0] == few[1]
    assert few[0].n_people == 50
    assert bench.exposure.gap_attribution("newsroom", "path", "author_group", "new", 10).n_people == 300
    with pytest.raises(OptionError, match="10 or more"):
        bench.exposure.gap_attribution("newsroom", "path", "author_group", "new", people=2)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"group": "nobody"}, "no group of author_group"),
        ({"by": "gender", "group": "woman"}, "gender"),
        ({"through": "weather"}, "relations, events, age"),
    ],
)
def test_what_cannot_be_attributed_is_refused_with_what_can(home, change, sentence):
    asked = {"by": "author_group", "group": "new"} | change
    with pytest.raises(OptionError, match=sentence):
        Workbench().exposure.gap_attribution("newsroom", "path", **asked)


def test_one_kind_of_event_cannot_be_told_apart(home):
    graph = Workbench().session.workspace("newsroom").graph
    views = graph.events.take(graph.events.kind == 0)
    with pytest.raises(OptionError, match="one kind"):
        at.sources_of(graph.with_events(views), "events")


def test_the_sentence_names_the_gap_and_its_largest_part(attribution):
    assert attribution.sentence.startswith("“new” gets")
    same_sign = [p for p in attribution.parts if p.value * (attribution.gap_all - attribution.gap_random) > 0]
    assert same_sign[0].label in attribution.sentence


def test_a_group_without_a_share_has_no_gap_and_says_so(attribution):
    nothing = at.Solved(np.zeros(1), np.zeros(1), np.zeros(1), 0.0, 0.0, 0.0, 0.0)
    assert "due no share" in at.gap_sentence("x", nothing, 0.0, attribution.parts[:1])


def test_the_command_prints_one_object_with_parts_that_sum(home):
    printed = surfaced(
        "attribute",
        "--workspace",
        "newsroom",
        "--model",
        "path",
        "--by",
        "author_group",
        "--group",
        "new",
        "-k",
        10,
        "--json",
    ).json
    assert sum(p["value"] for p in printed["parts"]) == pytest.approx(printed["gap_all"] - printed["gap_random"])
    refused = surfaced(
        "attribute", "--workspace", "newsroom", "--model", "path", "--by", "author_group", "--group", "x"
    )
    assert "no group" in refused.complaint


def test_the_waterfall_goes_from_the_random_list_to_the_gap(attribution):
    hostile = replace(attribution, parts=tuple(replace(p, label="<b>x</b>") for p in attribution.parts))
    for theme in ("light", "dark"):
        bars = gap_waterfall(hostile, theme=theme).data[0]
        assert sum(bars.x[:-1]) == pytest.approx(bars.x[-1])
        assert "<b>" not in "".join(bars.hovertext)


def test_constants_are_the_kinds_of_parts_without_a_history():
    assert set(constant_words()) == {"memory", "base", "content", "trend", "newness", "segment"}
