"""Plans, whole audits and their edges: nothing that cannot be judged passes, and what cannot be run is said before it
is.
"""

from __future__ import annotations

import gc
import json
import weakref
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import chi2

from core.errors import OptionError
from core.evaluation import evaluate
from core.graph import InteractionGraph
from core.ranking import NO_ITEM
from explain.fairness.cells import joint_cells
from explain.fairness.metrics.base import all_metrics
from explain.fairness.plan import plan_from_json, usual_plan
from explain.fairness.plan_check import check_plan
from explain.fairness.report import Lists, audited_lists, creators_view, run_plan
from explain.format.words import RBP
from explain.groups.cohorts import cohorts
from explain.groups.intersections import grouping
from explain.results.plan import Plan, Thresholds
from tests.fairness_world import audit_items, audit_users, make_evaluation, make_graph, rows_by_group

N, M, K = 40, 24, 4


@pytest.fixture(scope="module")
def graph() -> InteractionGraph:
    rng = np.random.default_rng(3)
    pairs = sorted({(u, int(i)) for u in range(N) for i in rng.choice(M, 6, replace=False)})
    return make_graph(
        N,
        M,
        items={"brand": [f"b{i % 3}" for i in range(M)]},
        genres=[["a", "b"] if i % 4 == 0 else ["ab"[i % 2]] for i in range(M)],
        users={
            "sex": ["f", "m"] * (N // 2),
            "age": ["old"] * 5 + ["young"] * (N - 5),
            "city": ["x", "y", "z", "w"] * (N // 4),
            "only": ["unknown"] * N,
        },
        pairs=pairs,
    )


@pytest.fixture(scope="module")
def given(graph: InteractionGraph) -> Lists:
    rng = np.random.default_rng(4)
    lists = np.array([rng.choice(M, K, replace=False) for _ in range(N)])
    likes = sparse.csr_matrix((rng.random((N, M)) < 0.2).astype(float))
    quality = evaluate(lists, likes, training=graph.interactions, cutoffs=(K,), draws=100)
    return Lists(lists, lists, likes, quality, graph.interactions)


def plan(**changes: Any) -> Plan:
    base = Plan(
        workspace="tiny",
        model="path",
        k=K,
        item_columns=("brand", "genre"),
        user_columns=("sex", "age"),
        intersections=(("sex", "age"),),
        draws=200,
        browsing=RBP,
    )
    return replace(base, **changes)


@pytest.mark.parametrize("target", ["catalogue", "relevance"])
def test_a_plan_is_run_whole_and_is_json(graph: InteractionGraph, given: Lists, target: str) -> None:
    found = run_plan(graph, check_plan(plan(target=target), graph), given)
    json.dumps([m.as_json() for m in found.metrics], allow_nan=False)
    json.dumps([table.as_json() for table in found.cells], allow_nan=False)
    names = {m.metric for m in found.metrics}
    assert names == {m.spec.name for m in all_metrics()}
    assert {m.metric: m.number for m in found.metrics} == {m.spec.name: m.number for m in all_metrics()}
    for row in found.metrics:
        assert row.value is not None or row.reason, f"{row.name} has neither a value nor a reason"
        if row.low is not None:
            assert row.low <= row.value <= row.high
    needing = [m for m in found.metrics if m.metric in ("exposed utility ratio", "amortised equity")]
    assert needing


def test_the_relevance_target_is_the_share_of_held_out_events(graph: InteractionGraph, given: Lists) -> None:
    audit = audit_items(graph, given.served, "brand", K, target="relevance", positives=given.positives, draws=50)
    assert given.positives is not None
    by_brand = {f"b{g}": 0.0 for g in range(3)}
    for i in given.positives.indices:
        by_brand[f"b{i % 3}"] += 1
    for brand, n in by_brand.items():
        share = audit.overall.shares[brand]
        assert share.target == pytest.approx(n / given.positives.nnz, abs=1e-12)
        assert rows_by_group(audit)[brand].value == pytest.approx(share.exposure / share.target, abs=1e-12)


def test_a_policy_table_is_the_target_and_is_checked(graph: InteractionGraph, given: Lists) -> None:
    policy = {"b0": 0.5, "b1": 0.3, "b2": 0.2}
    audit = audit_items(graph, given.served, "brand", K, target=policy, draws=50)
    assert {g: s.target for g, s in audit.overall.shares.items()} == pytest.approx(policy)
    for wrong, told in (
        ({"b0": 1.0}, "says nothing about b1, b2"),
        (policy | {"b9": 0.0}, "no group of brand"),
        (policy | {"b0": 0.6}, "add up to 1.1"),
        (policy | {"b0": -0.5}, "shares are 0 or more"),
        (policy | {"b0": float("nan")}, "shares are 0 or more"),
    ):
        with pytest.raises(OptionError, match=told):
            audit_items(graph, given.served, "brand", K, target=wrong)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"item_columns": (), "user_columns": ()}, "compares nothing"),
        ({"item_columns": ("nothing",)}, "no column 'nothing'"),
        ({"intersections": (("sex", "age", "city", "only", "sex"),)}, "at most 3"),
        ({"intersections": (("sex", "age", "city", "only"),)}, "at most 3"),
        ({"intersections": (("sex", "sex"),)}, "stands twice"),
        ({"user_columns": ("sex", "sex")}, "stands twice"),
        ({"k": 0}, "k is .0"),
        ({"draws": 5}, "bootstrap draws"),
        ({"target": "luck"}, "no target"),
        ({"target": {}}, "policy is empty"),
        ({"browsing": "eyes"}, "no browsing model"),
        ({"target": {"planet": {"b0": 1.0}}}, "does not audit"),
        ({"target": {"brand": {"b0": 1.0}}}, "says nothing about"),
        ({"thresholds": Thresholds(bounds={"luck": (0, 1)})}, "no metric"),
        ({"purpose": "x" * 3000}, "characters"),
        ({"user_columns": tuple(f"c{n}" for n in range(9))}, "too many"),
    ],
)
def test_what_cannot_be_run_is_said_before(graph: InteractionGraph, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        check_plan(plan(**changes), graph)


@pytest.mark.parametrize(
    "limits",
    [
        {"ratio_low": 1.1},
        {"ratio_high": 0.9},
        {"ratio_high": float("inf")},
        {"max_gap": 0.0},
        {"alpha": 0.7},
        {"min_n": 1},
        {"bounds": {"AWRF": (1.0, 0.0)}},
    ],
)
def test_thresholds_that_nothing_could_keep(limits: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        Thresholds(**limits)


def test_a_plan_survives_json(graph: InteractionGraph) -> None:
    full = plan(thresholds=Thresholds(bounds={"AWRF": (0.9, 1.0)}), target={"brand": {"b0": 0.5, "b1": 0.3, "b2": 0.2}})
    assert plan_from_json(json.loads(json.dumps(full.as_json()))) == full
    assert check_plan(usual_plan(graph, "tiny", "path", K), graph)
    for broken in ({}, full.as_json() | {"thresholds": 3}, full.as_json() | {"item_columns": None}):
        with pytest.raises(OptionError, match=r"no plan|In the plan"):
            plan_from_json(broken)


def test_limits_of_a_metric_give_it_a_verdict(graph: InteractionGraph, given: Lists) -> None:
    limits = Thresholds(bounds={"AWRF": (0.0, 1.0), "corrected Gini": (0.98, 1.0)})
    found = run_plan(graph, plan(thresholds=limits), given)
    verdicts = {m.name: m.verdict for m in found.metrics}
    assert (verdicts["AWRF"], verdicts["corrected Gini"], verdicts["EE-L"]) == ("pass", "fail", "")
    assert found.verdict.verdict == "fail"
    assert "corrected Gini" in found.verdict.reason


# Edges


def test_nobody_has_a_list(graph: InteractionGraph, given: Lists) -> None:
    empty = np.full((N, K), NO_ITEM)
    found = run_plan(graph, plan(user_columns=(), intersections=()), Lists(empty))
    assert found.verdict.verdict == "not estimable"
    assert all(m.value is None for m in found.metrics)


def test_one_person_one_item() -> None:
    tiny = make_graph(1, 1, items={"brand": ["a"]}, users={"sex": ["f"]}, pairs=[(0, 0)])
    found = run_plan(
        tiny,
        Plan(
            workspace="tiny", model="path", k=1, item_columns=("brand",), user_columns=("sex",), draws=100, browsing=RBP
        ),
        Lists(np.array([[0]])),
    )
    assert found.verdict.verdict == "not estimable"
    assert {m.value for m in found.metrics if m.name == "intra-list diversity"} == {None}


def test_everybody_unknown(graph: InteractionGraph, given: Lists) -> None:
    assert given.quality is not None
    audit = audit_users(graph, given.quality, "only", K)
    assert audit.overall.verdict == "not estimable"
    assert audit.overall.n_unknown == given.quality.n_users


def test_a_zero_that_chance_explains_is_no_failure() -> None:
    """12 lists of 1 from 300 items: a group of one item would be missed in 96 % of fair worlds."""
    brands = ["rare"] + ["rest"] * 299
    graph = make_graph(12, 300, items={"brand": brands})
    lists = np.arange(1, 13)[:, None]
    assert rows_by_group(audit_items(graph, lists, "brand", 1))["rare"].verdict == "insufficient evidence"
    assert rows_by_group(audit_items(graph, lists, "brand", 1))["rare"].value == 0


def test_three_hundred_groups_and_none_is_lost() -> None:
    rng = np.random.default_rng(0)
    graph = make_graph(200, 900, items={"brand": [f"g{i % 300:03d}" for i in range(900)]})
    audit = audit_items(graph, np.array([rng.choice(900, 10, replace=False) for _ in range(200)]), "brand", 10)
    assert len(audit.rows) == 300
    assert sum(s.exposure for s in audit.overall.shares.values()) == pytest.approx(1)
    assert audit.overall.verdict == "insufficient evidence", "lists without bias fail in no group"


def test_overlapping_groups_share_what_they_share(graph: InteractionGraph, given: Lists) -> None:
    audit = audit_items(graph, given.served, "genre", K, draws=50)
    assert sum(s.exposure for s in audit.overall.shares.values()) == pytest.approx(1)


def test_intersections_are_cells_of_people(graph: InteractionGraph) -> None:
    cells = grouping(graph, "sex,age", "user")
    people = graph.users.attributes
    for g, label in enumerate(cells.labels):
        sex, age = label.split(" × ")
        assert cells.sizes[g] == int(((people["sex"] == sex) & (people["age"] == age)).sum())
    assert grouping(graph, "sex × age", "user").labels == cells.labels
    with pytest.raises(OptionError, match="of items"):
        grouping(graph, "brand,genre", "item")


def test_small_cells_are_suppressed_not_judged(graph: InteractionGraph, given: Lists) -> None:
    found = joint_cells(
        given.served, 0.8 ** np.arange(K), cohorts(graph, "age", "user"), cohorts(graph, "brand", "item")
    )
    old = [c for c in found.rows if c.user_group == "old"]
    assert {(c.value, c.verdict) for c in old} == {(None, "not estimable")}
    assert found.n_suppressed == 3
    assert {(c.n, c.suppressed) for c in old} == {(None, True)}
    dense = given.served[5:]
    by_loops = {f"b{g}": sum(0.8**r for row in dense for r, i in enumerate(row) if i % 3 == g) for g in range(3)}
    for cell in (c for c in found.rows if c.user_group == "young"):
        share = by_loops[cell.item_group] / sum(by_loops.values())
        assert cell.value == pytest.approx(share / (1 / 3), abs=1e-9)


def test_renaming_people_or_items_changes_nothing(graph: InteractionGraph, given: Lists) -> None:
    """Permutation invariance: positions carry no meaning."""
    order = np.random.default_rng(1).permutation(N)
    first = audit_items(graph, given.served, "brand", K, draws=50)
    again = audit_items(graph, given.served[order], "brand", K, draws=50)
    assert [r.value for r in again.rows] == pytest.approx([r.value for r in first.rows], abs=1e-12)


def test_large_crowds_are_resampled_in_groups() -> None:
    """Above 10,000 people the error of a mean must stay what theory says: s / √n."""
    values = np.random.default_rng(0).normal(0.4, 0.2, 30_000)
    graph = make_graph(len(values), 2, users={"cohort": ["a", "b", "c"] * 10_000})
    audit = audit_users(graph, make_evaluation(values), "cohort", 2)
    for g, row in enumerate(audit.rows):
        own = values[g::3]
        assert row.low is not None
        assert row.high is not None
        assert (row.high - row.low) / 2 == pytest.approx(1.96 * own.std() / np.sqrt(len(own)), rel=0.12)


@pytest.mark.parametrize(
    ("entry", "value", "told"),
    [
        ("k", "ten", "k must be a whole number"),
        ("k", True, "k must be"),
        ("draws", 1.5, "draws must be"),
        ("purpose", 3, "purpose must be text"),
        ("item_columns", "brand", "a list of columns"),
        ("user_columns", [1], "user_columns must be"),
        ("intersections", ["sex"], "a list of lists"),
        ("thresholds", 5, "thresholds must be an object"),
        ("thresholds", {"ratio_low": "abc"}, "thresholds.ratio_low must be a number"),
        ("target", 4, "target must be"),
        ("target", {"brand": [0.5]}, "target.brand must be"),
        ("target", {"brand": {"b0": "half"}}, "target.brand"),
    ],
)
def test_a_plan_of_the_wrong_kind_is_told_entry_by_entry(entry: str, value: Any, told: str) -> None:
    with pytest.raises(OptionError, match=told):
        plan_from_json(plan().as_json() | {entry: value})


def test_the_usual_limit_is_a_fifth_of_what_the_model_reaches(graph: InteractionGraph) -> None:
    limits = {ndcg: usual_plan(graph, "tiny", "path", K, ndcg).thresholds.max_gap for ndcg in (None, 0.04, 0.42, 0.0)}
    assert limits == {None: 0.05, 0.04: 0.008, 0.42: 0.05, 0.0: 0.001}


def test_the_usual_plan_takes_an_attribute_once() -> None:
    made = make_graph(
        4,
        2,
        users={"age": [20, 30, 40, 50], "age_band": ["a", "a", "b", "b"], "sex": ["f", "m", "f", "m"]},
        pairs=[(0, 0)],
    )
    found = usual_plan(made, "tiny", "path", 1)
    assert (found.user_columns, found.intersections) == (("age_band", "sex"), (("age_band", "sex"),))


def test_the_creators_view_holds_all_exposure_with_intervals(graph: InteractionGraph, given: Lists) -> None:
    case = audited_lists(graph, plan(browsing="dcg 1/log2(rank+1)"), given)
    makers = cohorts(graph, "brand", "item")
    whole = {r.creator: r for r in creators_view(case, makers)}
    few = creators_view(case, makers, most=1)
    assert [r.creator for r in few] == ["b0", "2 others"]
    for rows in (list(whole.values()), few):
        assert sum(r.exposure_share for r in rows) == pytest.approx(1)
        assert sum(r.catalogue_share for r in rows) == pytest.approx(1)
        assert all(r.low <= r.ratio <= r.high and r.low < r.high for r in rows)
    assert few[0].ratio == pytest.approx(whole["b0"].ratio, abs=1e-12)
    seen = np.zeros(3)
    for row in given.served.tolist():
        for place, item in enumerate(row):
            seen[item % 3] += 1 / np.log2(place + 2)
    assert [whole[f"b{g}"].ratio for g in range(3)] == pytest.approx(seen / seen.sum() * 3, abs=1e-9)
    assert few[1].n_items == 2 * M // 3
    assert few[1].ratio == pytest.approx((seen[1] + seen[2]) / seen.sum() * 1.5, abs=1e-9)


def test_a_cell_that_is_never_shown_is_only_as_sure_as_its_places(graph: InteractionGraph) -> None:
    """Everybody's bootstrap of nothing is nothing: neither an interval of no width nor a p of 0 may come of it."""
    brands = cohorts(graph, "brand", "item")
    lists = np.array([[i for i in range(M) if i % 3 != 2][:K]] * N)
    few = grouping(graph, "age", "user")  # five old people, 35 young
    found = {
        (c.user_group, c.item_group): c
        for c in joint_cells(lists, np.full(K, 0.25), few, brands, thresholds=Thresholds(min_n=5)).rows
    }
    old, young = found["old", "b2"], found["young", "b2"]
    assert (old.value, old.low, young.value) == (0.0, 0.0, 0.0)
    assert old.high == pytest.approx(chi2.ppf(0.975, 2) / 2 / (5 * K / 3))
    assert young.high == pytest.approx(chi2.ppf(0.975, 2) / 2 / (35 * K / 3))
    assert old.p_adjusted > young.p_adjusted > 0
    assert old.p_limit == pytest.approx(2 * np.exp(-0.8 * 5 * K / 3)), (
        "the Poisson count of nothing where the limit holds"
    )


def test_a_limit_that_nobody_could_fail_says_so(graph: InteractionGraph, given: Lists) -> None:
    wide = audit_users(graph, given.quality, "sex", K, thresholds=Thresholds(max_gap=0.9))
    assert "no group could fail it" in wide.overall.limit_note
    assert wide.overall.limit_note in wide.overall.reason
    best, mean = max(r.value for r in wide.rows), given.quality.per_user[f"ndcg@{K}"].mean()
    assert f"limit of {mean / 5:.2g}" in wide.overall.limit_note
    assert audit_users(graph, given.quality, "sex", K, thresholds=Thresholds(max_gap=best / 2)).overall.limit_note == ""


def test_metric_eleven_is_the_gap_of_the_audit(graph: InteractionGraph, given: Lists) -> None:
    found = run_plan(graph, plan(), given)
    for audit in found.people:
        row = next(m for m in found.metrics if m.name == "user-cohort gap" and m.by == audit.by)
        if audit.overall.gap is not None:
            assert (row.value, row.low, row.high) == (audit.overall.gap, None, None)
            assert f"Permutation p = {audit.overall.p:.3g}" in row.reason


def test_what_a_graph_can_be_grouped_by_goes_with_the_graph() -> None:
    made = make_graph(
        4, 3, items={"brand": ["a", "b", "a"]}, genres=[["g"], ["g"], ["h"]], pairs=[(0, 0), (1, 1), (2, 2)]
    )
    for by in ("brand", "genre", "popularity"):
        assert cohorts(made, by, "item") is not None
    gone = weakref.ref(made)
    del made
    gc.collect()
    assert gone() is None
