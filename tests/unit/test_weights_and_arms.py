"""Measured weights against the parts of each listed score; lists without a profile against explicit loops."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from core.graph import InteractionGraph, Nodes
from core.models.base import constant_words, get_model
from data.splits import split
from explain.fairness import baselines
from explain.fairness.main_parameters import measure_weights
from explain.groups.cohorts import cohorts
from explain.workbench.workbench import Workbench
from tests.command_line import surfaced
from tests.fairness_world import make_graph
from tests.models import one_of_each_kind

K = 10


@pytest.fixture
def bench(home):
    return Workbench()


def shares_by_hand(bench, name, users):
    """Mean over people of each part's share of the absolute amounts behind their first K, from single explanations."""
    workspace = bench.session.workspace("newsroom")
    manifest = workspace.manifest(name)
    model, lists = workspace.model(manifest), workspace.lists(manifest, K)
    rows = []
    for user in users:
        amounts: dict[str, float] = {}
        for item in lists[user].tolist():
            parts = model.parts(user, item)
            for key, value in [*((k, v.sum()) for k, v in parts.relations.items()), *parts.constants.items()]:
                amounts[key] = amounts.get(key, 0.0) + abs(float(value))
        whole = sum(amounts.values())
        rows.append({key: value / whole for key, value in amounts.items()})
    return pd.DataFrame(rows).mean().to_dict()


@pytest.mark.parametrize("name", one_of_each_kind())
def test_weights_are_the_mean_shares_of_the_parts_of_everybodys_listed_items(bench, name):
    workspace = bench.session.workspace("newsroom")
    manifest = workspace.manifest(name)
    users = np.array([0, 4, 111, 250])
    rows = measure_weights(
        workspace.graph,
        workspace.model(manifest),
        users,
        np.asarray(workspace.lists(manifest, K))[users],
        str,
        draws=50,
    )
    shares = {row.name: row.share for row in rows if row.level == "relation"}
    expected = shares_by_hand(bench, name, users.tolist())
    assert shares == pytest.approx({key: expected[key] for key in shares}, abs=1e-9)
    assert all(expected[key] == pytest.approx(0.0, abs=1e-12) for key in set(expected) - set(shares))


def test_every_level_sums_to_one_and_the_history_is_its_relations(bench):
    for name in [name for name in one_of_each_kind() if get_model(name).spec.relations]:
        rows = bench.exposure.main_parameters("newsroom", name, K).rows
        for level in {row.level for row in rows}:
            assert sum(r.share for r in rows if r.level == level) == pytest.approx(1.0)
        relations = sum(r.share for r in rows if r.level == "relation" and r.name not in constant_words())
        assert next(r.share for r in rows if r.name == "history") == pytest.approx(relations)
        assert all(r.low - 1e-12 <= r.share <= r.high + 1e-12 and 0 <= r.against <= r.share + 1e-12 for r in rows)


def test_guardrails_weigh_nothing_where_none_moves_the_lists(bench):
    rows = bench.exposure.main_parameters("newsroom", "path", K).rows
    assert [(r.share, r.low, r.high) for r in rows if r.name == "guardrails"] == [(0.0, 0.0, 0.0)]


def test_the_same_list_for_everybody_is_popularity_alone(bench):
    parameters = bench.exposure.main_parameters("newsroom", "popularity", K)
    assert [(r.name, r.share) for r in parameters.rows if r.level == "relation"] == [("base", 1.0)]
    assert {r.level for r in parameters.rows} == {"kind", "relation"}
    assert "100%" in parameters.sentence


def test_a_relation_of_negative_weight_speaks_against(bench):
    workspace = bench.session.workspace("newsroom")
    model = workspace.model(workspace.manifest("path"))
    negative = {key for key, r in model.parameters.relations.items() if r.weight < 0}
    rows = bench.exposure.main_parameters("newsroom", "path", K).rows
    for row in (r for r in rows if r.level == "relation"):
        assert row.against == pytest.approx(row.share if row.name in negative else 0.0)


def test_weights_are_told_by_the_command(bench):
    printed = surfaced("weights", "--workspace", "newsroom", "--model", "path", "-k", K, "--json").json
    parameters = bench.exposure.main_parameters("newsroom", "path", K)
    assert printed["rows"] == [row.as_json() for row in parameters.rows]
    assert sum(row.share for row in parameters.rows if row.level == "relation") == pytest.approx(1.0)


PAIRS = [(0, 0), (0, 1), (1, 0), (1, 2), (2, 0), (2, 1), (3, 3)]


def test_the_popular_list_counts_people():
    graph = make_graph(4, 5, pairs=[*PAIRS, (0, 1)])
    assert baselines.popularity_order(graph).tolist() == [3, 2, 1, 1, 0]


def timed(graph: InteractionGraph, times: list[int]) -> InteractionGraph:
    e = graph.events
    return graph.with_events(
        type(e)(e.user, e.item, e.kind, e.weight, np.array(times, dtype=np.int64), e.context, e.kinds, e.kind_weights)
    )


def test_newest_is_the_published_date_then_the_first_event_and_the_undated_come_last():
    items = {"published": [100.0, 300.0, 300.0, None, 200.0]}
    graph = timed(make_graph(4, 5, items=items, pairs=PAIRS), [5, 6, 7, 8, 9, 3, 4])
    order, rule = baselines.recency_order(graph)
    # first events: item 0 at 5, 1 at 3, 2 at 8, 3 at 4, 4 never; items 1 and 2 were published together
    assert np.argsort(-order).tolist() == [2, 1, 4, 0, 3]
    assert "publication" in rule


def test_newest_without_dates_is_the_first_event_and_what_nobody_has_comes_last():
    graph = timed(make_graph(4, 5, pairs=PAIRS), [5, 6, 7, 8, 9, 3, 4])
    order, rule = baselines.recency_order(graph)
    assert np.argsort(-order).tolist() == [2, 0, 3, 1, 4]
    assert "first event" in rule


@pytest.mark.parametrize("column", [pd.to_datetime(["2020-01-02", None, "2021-01-01"]), [2001, None, 2003]])
def test_dates_may_be_times_or_years(column):
    nodes = Nodes(
        "item",
        "film",
        np.array(["a", "b", "c"], dtype=object),
        np.array(["a", "b", "c"], dtype=object),
        pd.DataFrame({"year": column}),
    )
    base = make_graph(1, 3, pairs=[(0, 1)])
    graph = InteractionGraph("t", "T", base.users, nodes, {}, base.events, {})
    assert np.argsort(-baselines.recency_order(graph)[0]).tolist() == [2, 0, 1]


def ndcg_by_hand(graph, order, part, k):
    """nDCG@k of one order for everybody, by loops."""
    values = []
    for user in range(graph.n_users):
        wanted = set(part.test[user].indices.tolist())
        if not wanted:
            continue
        has = set(part.train.interactions[user].indices.tolist())
        listed = [i for i in sorted(range(graph.n_items), key=lambda i: (-order[i], i)) if i not in has][:k]
        gain = sum(1 / math.log2(place + 2) for place, i in enumerate(listed) if i in wanted)
        values.append(gain / sum(1 / math.log2(place + 2) for place in range(min(k, len(wanted)))))
    return float(np.mean(values)), len(values)


@pytest.fixture
def compared(bench):
    return bench.exposure.non_profiling("newsroom", "path", 20)


def test_baselines_are_worth_what_a_loop_over_their_lists_finds(bench, compared):
    graph = bench.session.workspace("newsroom").graph
    part = split(graph, "last", 0, bench.data.card("newsroom").positives)
    for baseline, order in (
        ("popularity", baselines.popularity_order(part.train)),
        ("recency", baselines.recency_order(part.train)[0]),
    ):
        mine = next(a for a in compared.arms if a.name == baseline)
        value, n = ndcg_by_hand(graph, order, part, 20)
        assert mine.ndcg.value == pytest.approx(value)
        assert compared.n_people == n
        assert not mine.profiles


def test_the_model_is_measured_as_evaluate_measures_it(bench, compared):
    report = bench.evaluate.measure("newsroom", "path", k=20)
    assert compared.arms[0].ndcg.as_json() == pytest.approx(report.metrics["ndcg@20"])
    assert compared.arms[0].recall.as_json() == pytest.approx(report.metrics["recall@20"])
    assert compared.arms[0].ndcg_gap is None


def test_the_gap_to_the_model_is_the_difference_of_the_means(compared):
    model, *rest = compared.arms
    for baseline in rest:
        assert baseline.ndcg_gap is not None
        assert baseline.ndcg_gap.value == pytest.approx(model.ndcg.value - baseline.ndcg.value)
        assert baseline.ndcg_gap.low <= baseline.ndcg_gap.value <= baseline.ndcg_gap.high


def test_a_baselines_exposure_is_share_over_share(bench, compared):
    graph = bench.session.workspace("newsroom").graph
    part = split(graph, "last", 0, bench.data.card("newsroom").positives)
    order = baselines.popularity_order(part.train)
    groups = cohorts(graph, "author_group", "item")
    new = groups.membership[:, [groups.labels.index("new")]].toarray().ravel()
    got = total = 0.0
    for user in range(graph.n_users):
        has = set(part.train.interactions[user].indices.tolist())
        listed = [i for i in sorted(range(graph.n_items), key=lambda i: (-order[i], i)) if i not in has][:20]
        got += sum(0.8**place * new[i] for place, i in enumerate(listed))
        total += sum(0.8**place for place in range(20))
    baseline = next(a for a in compared.arms if a.name == "popularity")
    assert compared.by == "author_group"
    assert baseline.exposure["new"] == pytest.approx(got / total / new.mean())
    known = [v for v in baseline.exposure.values() if v is not None]
    assert baseline.impact_ratio == pytest.approx(min(known) / max(known))


def test_one_list_for_everybody_is_less_even_than_lists_of_ones_own(compared):
    model, *rest = compared.arms
    assert all(baseline.gini is not None and model.gini is not None and baseline.gini > model.gini for baseline in rest)
    assert all(baseline.coverage.value < model.coverage.value for baseline in rest)


def test_the_comparison_is_printed_by_the_command(compared):
    printed = surfaced("non-profiling", "--workspace", "newsroom", "--model", "path", "--json").json
    assert [baseline["name"] for baseline in printed["arms"]] == ["model", "popularity", "recency"]
    refused = surfaced("non-profiling", "--workspace", "newsroom", "--model", "path", "--by", "colour")
    assert "colour" in refused.complaint
