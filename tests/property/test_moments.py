"""A moment knows nothing of what comes after it, and what is told of two moments adds up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from core.graph import Events, InteractionGraph
from core.live import LiveWindow, live_metrics, replay
from core.models._path_chains import PathEdges
from core.models.base import Recommender
from core.models.path import PathModel
from core.models.trending import Trending
from core.ranking import rank_all, top_k
from data.splits import holdout, split
from explain.explanation.explain import ScoredPair, explain
from explain.explanation.moments import MINUTE_S, leaves_at, since
from explain.fairness.exposure import rbp
from explain.fairness.window import WindowLists, audit_window
from explain.format.dates import seconds_of, span
from explain.groups.cohorts import cohorts
from tests.graphs import KINDS, names_of, random_graph, timed_parameters

HOUR = 3_600


def timed_graph(seed: int, **sizes: int) -> InteractionGraph:
    """A random graph as data come: all of its events, items published all along."""
    graph = random_graph(seed, **sizes)
    rng = np.random.default_rng(seed)
    first = np.full(graph.n_items, np.nan)
    stated = rng.random(graph.n_items) < 0.6
    start, end = graph.events.time.min(), graph.events.time.max()
    first[stated] = rng.integers(start - 10 * HOUR, end, int(stated.sum()))
    return replace(graph, published=first, moment=None)


def without_future(graph: InteractionGraph, moment: int) -> InteractionGraph:
    """The tables without every later event."""
    return graph.with_events(graph.events.take(graph.events.time < moment))


def shuffled_future(graph: InteractionGraph, moment: int, seed: int) -> InteractionGraph:
    """The tables with other people, items and times in every later event."""
    rng, e = np.random.default_rng(seed), graph.events
    late = e.time >= moment
    n = int(late.sum())
    user, item, time = e.user.copy(), e.item.copy(), e.time.copy()
    user[late], item[late] = rng.permutation(user[late]), rng.integers(0, graph.n_items, n)
    time[late] = moment + rng.integers(0, 1_000 * HOUR, n)
    return graph.with_events(Events(user, item, e.kind, e.weight, time, e.context, e.kinds, e.kind_weights))


def everything(graph: InteractionGraph, model: Recommender, person: int, item: int) -> dict[str, object]:
    """Lists, candidates and one whole explanation of a moment."""
    lists, scores = rank_all(model.score, graph.n_users, graph.interactions, 5, closed=graph.closed)
    pair = ScoredPair.of(model, replace(names_of(graph), key=b"k"), person, item)
    told = explain(pair, snapshot="s", workspace="w", rank=1).as_json()
    return {"lists": lists.tolist(), "scores": scores.tolist(), "closed": graph.closed.tolist(), "told": told}


@pytest.mark.parametrize("seed", range(25))
def test_no_list_reason_or_picture_of_a_moment_knows_what_comes_after_it(seed: int) -> None:
    whole, rng = timed_graph(seed), np.random.default_rng(seed)
    state = PathModel.build(random_graph(seed + 1), timed_parameters(seed)).state()
    for moment in rng.integers(whole.events.time.min() + 5 * HOUR, whole.events.time.max(), 4).tolist():
        person, item = int(rng.integers(whole.n_users)), int(rng.integers(whole.n_items))
        answers = []
        for tables in (whole, without_future(whole, moment), shuffled_future(whole, moment, seed)):
            graph = tables.at(moment)
            answers.append(everything(graph, PathModel.restore(graph, state), person, item))
        assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("seed", range(4))
def test_the_live_split_learns_from_nothing_after_its_date(seed: int) -> None:
    graph = timed_graph(seed, n_events=200)
    cut = split(graph, "live", 0, KINDS)
    assert cut.window is not None
    other = split(shuffled_future(graph, cut.window.start, seed), "live", 0, KINDS)
    assert cut.train.fingerprint == other.train.fingerprint
    assert cut.train.moment == other.train.moment == cut.window.start
    inner, again = holdout(cut.train, "live", 0, KINDS), holdout(other.train, "live", 0, KINDS)
    assert inner.train.fingerprint == again.train.fingerprint
    assert inner.window is not None
    assert inner.window.start < cut.window.start
    assert inner.window.graph.events.time.max() < cut.window.start


@pytest.mark.parametrize("seed", range(6))
def test_a_later_moment_is_the_graph_built_again(seed: int) -> None:
    graph, parameters = timed_graph(seed), timed_parameters(seed)
    moment = int(np.median(graph.events.time))
    model = PathModel.restore(graph.at(moment), PathModel.build(graph, parameters).state())
    for hours in (1, 5, 70):
        later = moment + hours * HOUR
        again = PathModel.restore(graph.at(moment).later(later), model.state())
        np.testing.assert_array_equal(
            model.later(later).score(np.arange(graph.n_users)), again.score(np.arange(graph.n_users))
        )


def test_replay_ranks_as_plain_loops_do() -> None:
    graph = timed_graph(3, n_users=15, n_items=20, n_events=300)
    window = LiveWindow(graph, int(np.quantile(graph.events.time, 0.7)), (0, 2), refresh=7 * HOUR)
    run = replay(window, lambda then: Trending.of(then, 9.0 * HOUR), 4)
    assert graph.published is not None
    e, seen, rows = graph.events, set(), 0
    for row in np.lexsort((e.item, e.user, e.time)):
        user, item, time = int(e.user[row]), int(e.item[row]), int(e.time[row])
        fresh = (user, item) not in seen
        seen.add((user, item))
        if not fresh or time < window.start or e.kind[row] not in window.positives:
            continue
        moment = window.start + (time - window.start) // window.refresh * window.refresh
        before = [n for n in range(len(e)) if e.time[n] < moment]
        had = {int(e.item[n]) for n in before if e.user[n] == user}
        there = [
            i
            for i in range(graph.n_items)
            if i not in had and (graph.published[i] <= moment or any(e.item[n] == i for n in before))
        ]
        latest: dict[tuple[int, int], int] = {}
        for n in before:
            pair = int(e.user[n]), int(e.item[n])
            latest[pair] = max(latest.get(pair, 0), int(e.time[n]))
        worth = [
            sum(0.5 ** ((moment - t) / (9.0 * HOUR)) for (_, i), t in latest.items() if i == j)
            for j in range(graph.n_items)
        ]
        order = sorted(there, key=lambda i: (-worth[i], i))
        expected = order.index(item) + 1 if item in order else 0
        assert (run.user[rows], run.item[rows]) == (user, item)
        assert run.rank[rows] == expected
        rows += 1
    assert rows == len(run.user) > 20


def test_live_metrics_are_means_over_events_and_over_people() -> None:
    graph = timed_graph(4, n_users=15, n_items=20, n_events=300)
    window = LiveWindow(graph, int(np.quantile(graph.events.time, 0.6)), (0, 1, 2), refresh=HOUR)
    run = replay(window, lambda then: Trending.of(then, 9.0 * HOUR), 4)
    metrics = live_metrics(run, (3,))
    hits = (run.rank > 0) & (run.rank <= 3)
    assert metrics["recall@3"].value == pytest.approx(hits.mean())
    gains = np.where(hits, 1 / np.log2(np.maximum(run.rank, 1) + 1), 0)
    assert metrics["ndcg@3"].value == pytest.approx(gains.mean())
    by_person = pd.Series(hits).groupby(run.user).mean()
    assert metrics["recall@3 per person"].value == pytest.approx(by_person.mean())
    for metric in metrics.values():
        assert metric.low <= metric.value <= metric.high


@pytest.mark.parametrize("seed", range(6))
def test_what_changed_since_a_moment_sums_to_the_difference_of_the_scores(seed: int) -> None:
    graph, rng = timed_graph(seed), np.random.default_rng(seed)
    state = PathModel.build(graph, timed_parameters(seed)).state()
    early, late = sorted(rng.integers(graph.events.time.min() + 5 * HOUR, graph.now, 2).tolist())
    for _ in range(5):
        user, item = int(rng.integers(graph.n_users)), int(rng.integers(graph.n_items))
        parts, scores = [], []
        for moment in (late, early):
            model = PathModel.restore(graph.at(moment), state)
            parts.append(model.parts(user, item))
            scores.append(float(model.score(np.array([user]))[0, item]))
        told = since(names_of(graph), *parts, at=early, scores=(scores[0], scores[1]), ranks=(1, 2))
        assert sum(part.value for part in told.parts) == pytest.approx(scores[0] - scores[1], rel=1e-9, abs=1e-12)
        for part in told.parts:
            assert sum(part.relations.values()) == pytest.approx(part.value, rel=1e-9, abs=1e-15)


def test_an_item_leaves_its_list_at_the_minute_that_is_told() -> None:
    checked = 0
    for seed in range(30):
        if checked >= 60:
            break
        graph = timed_graph(seed)
        moment = int(np.quantile(graph.events.time, 0.8))
        model = PathModel.build(graph.at(moment), timed_parameters(seed))

        def listed(at: int, user: int, item: int, graph=graph, model=model, moment=moment) -> bool:
            then = graph.at(moment).later(at)
            again = PathModel.restore(then, model.state())
            best, _ = top_k(again.score(np.array([user])), 3, then.interactions[[user]], then.closed)
            return item in best[0]

        for user in range(0, graph.n_users - 1, 3):
            best, _ = top_k(
                model.score(np.array([user])), 3, graph.at(moment).interactions[[user]], graph.at(moment).closed
            )
            for item in best[0][best[0] >= 0].tolist():
                at = leaves_at(lambda t, user=user, item=item: listed(t, user, item), moment)
                if at is not None:
                    assert not listed(at, user, item)
                    assert listed(at - MINUTE_S, user, item)
                    checked += 1
    assert checked >= 50


def test_a_window_is_what_its_lists_say() -> None:
    graph = timed_graph(5, n_users=20, n_items=18, n_events=400)
    groups = cohorts(graph, "topic", "item")
    moments = np.arange(graph.events.time.min() + 100 * HOUR, graph.now, 40 * HOUR, dtype=np.int64)
    users, places, lists, there = [], [], [], []
    for n, moment in enumerate(moments.tolist()):
        then = graph.at(moment)
        model = Trending.of(then, 20.0 * HOUR)
        people = np.arange(0, graph.n_users, 2)
        lists.append(top_k(model.score(people), 4, then.interactions[people], then.closed)[0])
        users.append(people)
        places.append(np.full(len(people), n))
        there.append(~np.isin(np.arange(graph.n_items), then.closed))
    given = WindowLists(
        moments=moments,
        user=np.concatenate(users),
        moment=np.concatenate(places),
        lists=np.concatenate(lists),
        available=np.array(there),
        since=graph.since,
    )
    audit = audit_window(given, groups)
    member, weights = np.asarray(groups.membership.todense()), rbp(4)
    got, due = np.zeros(member.shape[1]), np.zeros(member.shape[1])
    for moment, listed in zip(given.moment, given.lists, strict=True):
        open_items = np.flatnonzero(given.available[moment])
        total = 0.0
        for place, item in enumerate(listed):
            if item >= 0:
                got += weights[place] * member[item]
                total += weights[place]
        due += total * member[open_items].mean(axis=0)
    for g, row in enumerate(audit.rows):
        if row.value is not None:
            assert row.value == pytest.approx((got[g] / got.sum()) / (due[g] / due.sum()), rel=1e-9)
            assert row.low is not None
            assert row.low <= row.value <= row.high
    assert sum(shares.exposure for shares in audit.overall.shares.values()) == pytest.approx(1.0)


def test_moments_are_read_and_lengths_of_time_said() -> None:
    assert seconds_of("86400") == 86_400
    assert seconds_of("1970-01-02") == seconds_of("1970-01-02T00:00") == seconds_of("1970-01-02T01:00+01:00") == 86_400
    for nonsense in ("", "yesterday", "9" * 30, "2026-13-01"):
        with pytest.raises(Exception, match="is no moment"):
            seconds_of(nonsense)
    said = [span(n * HOUR) for n in (0.5, 1, 12, 72, 24 * 30, 24 * 800)]
    assert said == ["30 minutes", "60 minutes", "12 hours", "3 days", "4.29 weeks", "2.19 years"]


def test_every_edge_counts_however_old_it_is() -> None:
    graph = timed_graph(1)
    ancient = PathEdges.of(replace(graph, moment=graph.now + 10**10), 0.0, 1.0).decayed(60.0)
    assert isinstance(ancient.by_user, sparse.csr_matrix)
    assert (ancient.by_user.data > 0).all()
