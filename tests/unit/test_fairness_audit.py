"""Verdicts, their edges, and the numbers behind them recomputed with explicit loops."""

import json

import numpy as np
import pytest
from scipy.stats import chi2

from core.errors import OptionError
from core.ranking import NO_ITEM
from explain.fairness.audit import build_report
from explain.fairness.gap import permutation_p, permuted
from tests.fairness_world import audit_items, audit_users, make_evaluation, make_graph, rows_by_group

BRANDS = ["a"] * 6 + ["b"] * 3 + ["c"] * 2 + [None]


@pytest.fixture
def graph():
    return make_graph(40, 12, items={"brand": BRANDS}, genres=[["x", "y"], ["x"], *[["y"]] * 9, []])


@pytest.fixture
def lists():
    rng = np.random.default_rng(2)
    popular = np.linspace(2, 0.2, 12)
    found = np.array([rng.choice(12, size=4, replace=False, p=popular / popular.sum()) for _ in range(40)])
    found[7, 2:] = NO_ITEM
    return found


def spin(n):
    """n lists of 4, in which every one of 12 items takes every place equally often when n is a multiple of 12."""
    return np.array([[(u + place) % 12 for place in range(4)] for u in range(n)])


def loop_ratios(graph, lists, k, gamma=0.8):
    """E_g / t_g of genres by explicit loops, straight from the edges."""
    names = [*graph.groups["topic"].labels, "unknown"]
    gets, has, total = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0), 0.0
    for item in range(graph.n_items):
        genres = list(graph.groups["topic"].labels[graph.memberships["topic"][item].indices]) or ["unknown"]
        for name in genres:
            has[name] += 1 / len(genres) / graph.n_items
        for row in lists:
            for place in range(k):
                if row[place] == item:
                    total += gamma**place
                    for name in genres:
                        gets[name] += gamma**place / len(genres)
    return {name: gets[name] / total / has[name] for name in names}


@pytest.mark.parametrize("k", [1, 3, 4])
def test_values_equal_a_loop_over_lists_with_overlapping_genres(graph, lists, k):
    rows = audit_items(graph, lists, "genre", k, draws=50).rows
    assert {r.group: r.value for r in rows} == pytest.approx(loop_ratios(graph, lists, k))
    assert [r.n for r in rows] == [2, 10, 1]


def test_equal_exposure_has_ratio_1_and_passes(graph):
    audit = audit_items(graph, spin(1200), "brand", 4)
    assert [r.value for r in audit.rows] == pytest.approx([1, 1, 1, 1])
    assert rows_by_group(audit)["a"].verdict == "pass"
    assert audit.overall.impact_ratio == pytest.approx(1)


def test_interval_is_the_percentile_of_resampled_people(graph, lists):
    row = rows_by_group(audit_items(graph, lists, "brand", 4, draws=4000))["a"]
    rng = np.random.default_rng(99)
    members = np.array([b == "a" for b in BRANDS])
    weight = 0.8 ** np.arange(4)
    drawn = []
    for _ in range(4000):
        some = lists[rng.integers(40, size=40)]
        kept = some != NO_ITEM
        drawn.append((weight * members[some] * kept).sum() / (weight * kept).sum() / 0.5)
    assert (row.low, row.high) == pytest.approx(tuple(np.percentile(drawn, [2.5, 97.5])), abs=0.02)
    assert row.low < row.value < row.high


def test_shown_too_little_and_too_much_fail_with_the_side_named(graph):
    lists = np.tile([0, 1, 2, 6], (30, 1))
    lists[::2] = [3, 4, 5, 9]
    rows = rows_by_group(audit_items(graph, lists, "brand", 4))
    assert rows["a"].verdict == "fail"
    assert "too much" in rows["a"].reason
    assert (rows["b"].verdict, rows["c"].verdict) == ("fail", "fail")
    assert "too little" in rows["b"].reason


def test_an_interval_across_the_border_is_insufficient_evidence(graph):
    audit = audit_items(graph, spin(12), "brand", 2)
    row = rows_by_group(audit)["c"]
    assert row.low < 0.8
    assert row.high > 1.25
    assert row.verdict == "insufficient evidence"
    assert audit.overall.verdict == "insufficient evidence"


def test_zero_exposure_is_a_real_zero_and_fails(graph):
    audit = audit_items(graph, np.tile([0, 1, 6], (20, 1)), "brand", 3)
    row = rows_by_group(audit)["c"]
    assert (row.value, row.low, row.verdict) == (0.0, 0.0, "fail")
    assert row.high == pytest.approx(chi2.ppf(0.975, 2) / 2 / (20 * 3 * row.n / graph.n_items)), "none of 60 places"
    assert "none of 20 lists holds any of its 2 items" in row.reason
    assert audit.overall.verdict == "fail"
    assert audit.overall.impact_ratio == 0
    assert audit.overall.lowest == "c"


def test_a_group_without_items_is_not_estimable_and_never_a_pass():
    graph = make_graph(20, 3, genres=[["a", "ghost"], ["b"], ["a"]])
    graph.memberships["topic"][0, 2] = 0
    graph.memberships["topic"].eliminate_zeros()
    row = rows_by_group(audit_items(graph, np.tile([0, 1], (20, 1)), "genre", 2))["ghost"]
    assert (row.n, row.value, row.low, row.verdict) == (0, None, None, "not estimable")
    assert "No item of the catalogue" in row.reason


def test_the_unknown_have_a_row_that_says_so_and_bounds_for_the_rest(graph, lists):
    audit = audit_items(graph, lists, "brand", 4)
    row = audit.rows[-1]
    assert (row.group, row.n, audit.overall.n_unknown) == ("unknown", 1, 1)
    assert row.reason.startswith("Items whose brand is not known")
    for known in audit.rows[:-1]:
        low, high = audit.overall.worst_case[known.group]
        assert low - 1e-12 <= known.value <= high + 1e-12
        assert high - low > 0.01


def test_the_unknown_are_no_group_so_they_have_no_verdict_and_decide_none():
    graph = make_graph(1, 12, items={"brand": ["a", "b"] * 5 + [None, None]})
    shown = np.array([[u % 10, (u + 1) % 10] for u in range(2000)])
    audit = audit_items(graph, shown, "brand", 2)
    assert [r.verdict for r in audit.rows] == ["pass", "pass", "not estimable"]
    assert (audit.rows[2].value, audit.rows[2].p_adjusted) == (0.0, None)
    assert audit.overall.verdict == "pass"


def test_when_everything_is_unknown_nothing_is_estimable():
    audit = audit_items(make_graph(30, 12, items={"brand": [None] * 12}), spin(24), "brand", 4)
    assert [(r.group, r.verdict, r.value) for r in audit.rows] == [("unknown", "not estimable", None)]
    assert audit.overall.verdict == "not estimable"


def test_one_item_is_its_own_catalogue_and_not_estimable():
    audit = audit_items(make_graph(30, 1, items={"brand": ["a"]}), np.zeros((30, 1), dtype=int), "brand", 1)
    assert audit.rows[0].verdict == "not estimable"
    assert "whole catalogue" in audit.rows[0].reason


def test_one_person_gives_values_but_no_interval_and_no_verdict_for_or_against(graph):
    audit = audit_items(graph, np.array([[0, 6]]), "brand", 2)
    assert [row.low for row in audit.rows] == [None] * 4
    for row in audit.rows[:3]:
        assert (row.low, row.high, row.verdict) == (None, None, "insufficient evidence")
        assert "Only 1 lists" in row.reason
    assert rows_by_group(audit)["c"].value == 0


def test_empty_lists_are_not_estimable(graph):
    audit = audit_items(graph, np.full((40, 2), NO_ITEM), "brand", 2)
    assert {r.verdict for r in audit.rows} == {"not estimable"}
    assert audit.overall.verdict == "not estimable"
    assert audit.overall.n_lists == 0


def test_another_browsing_model_is_labelled(graph, lists):
    audit = audit_items(graph, lists, "brand", 4, browsing="dcg 1/log2(rank+1)", draws=20)
    assert audit.browsing == "dcg 1/log2(rank+1)"
    assert audit.rows[0].value != audit_items(graph, lists, "brand", 4, draws=20).rows[0].value


@pytest.mark.parametrize("k", [0, -1, 10**9, "x", 5])
def test_a_k_that_the_lists_do_not_have_is_refused(graph, lists, k):
    with pytest.raises(OptionError):
        audit_items(graph, lists, "brand", k)


def test_one_question_has_one_interval_whatever_the_seed_and_draws(graph, lists):
    first, other = (audit_items(graph, lists, "brand", 4, seed=s, draws=100 + s) for s in (0, 1))
    assert first.rows == other.rows
    assert first.overall.seed == 0


def test_a_report_names_the_model_and_is_json(graph, lists):
    audit = audit_items(graph, lists, "brand", 4, draws=20)
    report = build_report(audit, workspace="tiny", model="path", snapshot="3f2a").as_json()
    assert json.loads(json.dumps(report, allow_nan=False))["metric"] == "exposure ratio"
    assert (report["target"], report["browsing"], report["side"]) == ("catalogue share", "rbp(0.8)", "item")
    assert report["threshold"] == {"low": 0.8, "high": 1.25, "min_lists": 10, "alpha": 0.05}


def people(*groups):
    """A graph and an evaluation of people with the given (label, nDCG values)."""
    label = [name for name, values in groups for _ in values]
    ndcg = np.concatenate([np.asarray(values, dtype=float) for _, values in groups])
    return make_graph(len(ndcg), 5, users={"gender": label}), make_evaluation(ndcg)


def spread(centre, n, width=0.05, seed=0):
    return np.clip(np.random.default_rng(seed).normal(centre, width, n), 0, 1)


def test_values_are_the_groups_means_with_the_usual_interval():
    values = {"F": spread(0.4, 300), "M": spread(0.42, 200, seed=1)}
    audit = audit_users(*people(*values.items()), "gender", 2, draws=4000)
    for row in audit.rows:
        v = values[row.group]
        assert row.n == len(v)
        assert row.value == pytest.approx(v.mean())
        assert row.high - row.low == pytest.approx(2 * 1.96 * v.std() / np.sqrt(len(v)), rel=0.1)
    assert audit.overall.gap == pytest.approx(values["M"].mean() - values["F"].mean())
    assert audit.overall.best == "M"
    assert audit.overall.worst == "F"


def test_a_small_gap_of_many_people_passes():
    audit = audit_users(*people(("F", spread(0.40, 300)), ("M", spread(0.41, 300, seed=1))), "gender", 2)
    assert [r.verdict for r in audit.rows] == ["pass", "pass"]
    assert audit.overall.verdict == "pass"


def test_a_large_gap_of_many_people_fails_and_names_the_worst_group():
    audit = audit_users(*people(("F", spread(0.3, 300)), ("M", spread(0.5, 300, seed=1))), "gender", 2)
    assert [r.verdict for r in audit.rows] == ["fail", "insufficient evidence"]
    assert "Better than the others" in rows_by_group(audit)["M"].reason
    assert audit.overall.verdict == "fail"
    assert audit.overall.p == pytest.approx(1 / 1001)
    assert " below everybody else (300 people, mean 0.495)" in rows_by_group(audit)["F"].reason


def test_a_large_gap_of_few_scattered_people_is_insufficient_evidence():
    audit = audit_users(*people(("F", spread(0.4, 12, 0.3)), ("M", spread(0.5, 12, 0.3, seed=1))), "gender", 2)
    assert rows_by_group(audit)[audit.overall.worst].verdict == "insufficient evidence"
    assert audit.overall.verdict == "insufficient evidence"


def test_equal_groups_have_no_gap():
    audit = audit_users(*people(("F", [0.5] * 20), ("M", [0.5] * 30)), "gender", 2, draws=100)
    assert (audit.overall.gap, audit.overall.low, audit.overall.tau) == (0, None, 0)
    assert [r.verdict for r in audit.rows] == ["pass", "insufficient evidence"], (
        "20 people are too few to compare 30 with"
    )
    assert audit.overall.p == 1
    assert [(r.value, r.low, r.high) for r in audit.rows] == [(0.5, pytest.approx(0.5), pytest.approx(0.5))] * 2


def test_groups_that_only_seem_to_differ_do_not_fail_for_the_bias_of_the_maximum():
    groups = [(f"g{j:02d}", spread(0.4, 12, 0.25, seed=j)) for j in range(20)]
    audit = audit_users(*people(*groups), "gender", 2)
    assert audit.overall.gap > 0.1
    assert audit.overall.expected_gap > 0.1
    assert audit.overall.p > 0.05
    assert audit.overall.verdict == "insufficient evidence"
    assert (audit.overall.low, audit.overall.high) == (None, None)
    assert audit.overall.tau_low == 0


def test_groups_under_ten_people_are_suppressed():
    audit = audit_users(
        *people(("F", spread(0.4, 100)), ("M", spread(0.4, 100)), ("X", [0.0] * 9)), "gender", 2, draws=100
    )
    row = rows_by_group(audit)["X"]
    assert (row.n, row.value, row.low, row.verdict) == (9, None, None, "not estimable")
    assert "at least 10" in row.reason
    assert (audit.overall.n_suppressed, audit.overall.suppressed) == (9, ("X",))
    assert audit.overall.gap == 0


def test_the_unknown_have_a_row_but_no_part_in_the_gap():
    audit = audit_users(
        *people(("F", spread(0.4, 100)), ("M", spread(0.4, 100)), (None, [0.0] * 30)), "gender", 2, draws=100
    )
    row = audit.rows[-1]
    assert (row.group, row.n, row.value, row.verdict) == ("unknown", 30, 0.0, "not estimable")
    assert row.reason.startswith("People whose gender is not known")
    assert audit.overall.n_unknown == 30
    assert audit.overall.gap == 0


@pytest.mark.parametrize(
    "groups", [[("F", [0.5] * 20)], [(None, [0.5] * 20)], [("F", [0.5])], [("F", [1]), ("M", [0])]]
)
def test_without_two_known_groups_no_gap_is_estimable(groups):
    audit = audit_users(*people(*groups), "gender", 2, draws=100)
    assert {r.verdict for r in audit.rows} == {"not estimable"}
    assert audit.overall.verdict == "not estimable"
    assert audit.overall.gap is None
    json.dumps(audit.overall.as_json(), allow_nan=False)


def test_only_people_with_test_items_count():
    graph = make_graph(30, 5, users={"gender": ["F", "M"] * 15})
    audit = audit_users(graph, make_evaluation([0.5] * 15, users=range(0, 30, 2)), "gender", 2, draws=50)
    assert [(r.group, r.n) for r in audit.rows] == [("F", 15), ("M", 0)]


def test_a_k_that_was_not_evaluated_is_refused_with_those_that_were():
    with pytest.raises(OptionError, match="choose k among 2"):
        audit_users(*people(("F", [0.5] * 20)), "gender", 3)


def test_permutation_p_is_the_share_of_all_rearrangements():
    values = [np.array([0.9, 0.8, 0.7]), np.array([0.1, 0.2, 0.3])]
    # of the 20 ways to choose three of six people, 2 separate them as far
    assert permutation_p(
        float(np.ptp([v.mean() for v in values])), permuted(values, 20_000, np.random.default_rng(0))
    ) == pytest.approx(0.1, abs=0.01)
