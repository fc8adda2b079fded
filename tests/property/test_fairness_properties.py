"""What holds for any lists and any groups: order does not matter, scale does not matter, shares add up, bounds hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ranking import NO_ITEM
from explain.groups.cohorts import cohorts
from tests.fairness_world import audit_items, audit_users, make_evaluation, make_graph, rows_by_group

GENRES = ("a", "b", "c", "unknown")


@st.composite
def catalogues(draw):
    """Random catalogues with overlapping genres, and lists that may end early or be empty."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_items, n_lists = draw(st.integers(2, 15)), draw(st.integers(1, 30))
    k = draw(st.integers(1, n_items))
    genres = [[g for g in GENRES if rng.random() < 0.4] for _ in range(n_items)]
    lists = np.array([rng.permutation(n_items)[:k] for _ in range(n_lists)])
    lists[np.arange(k) >= rng.integers(0, k + 1, size=(n_lists, 1))] = NO_ITEM
    return genres, lists, k, rng


def values(audit):
    return {row.group: row.value for row in audit.rows}


@settings(max_examples=60, deadline=None)
@given(catalogues())
def test_shares_add_up_and_intervals_hold_their_value(catalogue):
    genres, lists, k, _ = catalogue
    audit = audit_items(make_graph(1, len(genres), genres=genres), lists, "genre", k, draws=60)
    parts = audit.overall.shares.values()
    assert sum(p.catalogue for p in parts) == pytest.approx(1)
    if audit.overall.n_lists:
        assert sum(p.exposure for p in parts) == pytest.approx(1)
    for row in audit.rows:
        assert row.reason
        assert row.verdict in ("pass", "fail", "insufficient evidence", "not estimable")
        assert row.value is not None or row.verdict == "not estimable"
        assert row.group == "unknown" or row.value is None or row.verdict != "not estimable"
        if row.low is not None:
            assert 0 <= row.low <= row.value <= row.high
        if row.verdict == "pass":
            assert row.low >= 0.8
            assert row.high <= 1.25


@settings(max_examples=40, deadline=None)
@given(catalogues())
def test_order_of_people_and_numbering_of_items_do_not_matter(catalogue):
    genres, lists, k, rng = catalogue
    plain = audit_items(make_graph(1, len(genres), genres=genres), lists, "genre", k, draws=10)
    new_place = rng.permutation(len(genres))
    renumbered = np.where(lists == NO_ITEM, NO_ITEM, new_place[lists])[rng.permutation(len(lists))]
    moved = [genres[j] for j in np.argsort(new_place)]
    other = audit_items(make_graph(1, len(genres), genres=moved), renumbered, "genre", k, draws=10)
    assert values(other) == pytest.approx(values(plain))


@settings(max_examples=40, deadline=None)
@given(catalogues(), st.integers(2, 4))
def test_the_same_lists_several_times_over_give_the_same_ratios(catalogue, times):
    genres, lists, k, _ = catalogue
    graph = make_graph(1, len(genres), genres=genres)
    once = audit_items(graph, lists, "genre", k, draws=10).overall.shares
    often = audit_items(graph, np.tile(lists, (times, 1)), "genre", k, draws=10).overall.shares
    for group, part in once.items():
        assert often[group].as_json() == pytest.approx(part.as_json())


@settings(max_examples=40, deadline=None)
@given(catalogues())
def test_every_item_belongs_to_groups_once_in_all(catalogue):
    genres, _, _, _ = catalogue
    groups = cohorts(make_graph(1, len(genres), genres=genres), "genre", "item")
    assert groups.membership.sum(axis=1) == pytest.approx(1.0)
    assert groups.membership.min() >= 0
    assert groups.labels.count("unknown") <= 1


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["F", "M", "X", None]), st.floats(0, 1)), min_size=1, max_size=80))
def test_the_gap_is_the_spread_of_the_groups_that_are_large_enough(rows):
    audit = audit_users(
        make_graph(len(rows), 4, users={"gender": [g for g, _ in rows]}),
        make_evaluation([v for _, v in rows]),
        "gender",
        2,
        draws=40,
    )
    means = {}
    for group in ("F", "M", "X"):
        own = [v for g, v in rows if g == group]
        if len(own) >= 10:
            means[group] = sum(own) / len(own)
            assert rows_by_group(audit)[group].value == pytest.approx(means[group])
    if len(means) < 2:
        assert audit.overall.verdict == "not estimable"
        return
    assert audit.overall.gap == pytest.approx(max(means.values()) - min(means.values()))
    assert 0 <= audit.overall.tau_low <= audit.overall.tau <= audit.overall.tau_high
    verdicts = [row.verdict for row in audit.rows]
    assert (audit.overall.verdict == "fail") == ("fail" in verdicts)
    assert 0 < audit.overall.p <= 1
