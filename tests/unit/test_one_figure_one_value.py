"""Every figure says whose lists, target and browsing model it is of, and figures that say the same are the same; what a
limit is made of.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from core.evaluation import evaluate
from core.graph import InteractionGraph
from core.ranking import NO_ITEM
from explain.fairness import exposure as ex
from explain.fairness.audited_lists import AuditedLists
from explain.fairness.cells import joint_cells
from explain.fairness.keys import contradictions, figures
from explain.fairness.metrics.joint import measure_joint
from explain.fairness.plan import plan_from_json
from explain.fairness.plan_check import check_plan
from explain.fairness.report import Lists, MeasuredPlan, audited_lists, creators_view, run_plan
from explain.format.words import RBP
from explain.groups.cohorts import cohorts
from explain.results.audit import AuditRow
from explain.results.audit_record import AuditContent
from explain.results.plan import Plan
from explain.workbench.audit_supplements import aim
from tests.fairness_world import audit_users, make_evaluation, make_graph
from tests.unit.audit_record_for_tests import SHA, content, plan

N, M, K = 60, 24, 4
POLICY = {"brand": {"b0": 0.2, "b1": 0.3, "b2": 0.5}}
BROWSING = (*ex.BROWSING, ex.CASCADE)


@pytest.fixture(scope="module")
def graph() -> InteractionGraph:
    rng = np.random.default_rng(3)
    pairs = sorted({(u, int(i)) for u in range(N) for i in rng.choice(M, 6, replace=False)})
    users = {"sex": ["f", "m"] * (N // 2), "age, years": ["old"] * 20 + ["young"] * (N - 20)}
    return make_graph(N, M, items={"brand": [f"b{i % 3}" for i in range(M)]}, users=users, pairs=pairs)


@pytest.fixture(scope="module")
def given(graph: InteractionGraph) -> Lists:
    """Served lists, and others of a refit that alone can hold what was kept back."""
    rng = np.random.default_rng(4)
    served, refit = (np.array([rng.choice(M, K, replace=False) for _ in range(N)]) for _ in range(2))
    likes = sparse.csr_matrix((rng.random((N, M)) < 0.2).astype(float))
    quality = evaluate(refit, likes, training=graph.interactions, cutoffs=(K,), draws=100)
    return Lists(served, refit, likes, quality, graph.interactions)


def a_plan(**changes: Any) -> Plan:
    base = Plan(
        workspace="tiny",
        model="path",
        k=K,
        item_columns=("brand",),
        user_columns=("sex", "age, years"),
        intersections=(("sex", "age, years"),),
        draws=200,
        browsing=RBP,
    )
    return replace(base, **changes)


def record_of(measured: MeasuredPlan, lists: AuditedLists) -> AuditContent:
    """A whole record with what was measured of a plan in it."""
    brand = cohorts(lists.graph, "brand", "item")
    return replace(
        AuditContent.from_json(content(plan() | {"fixed_at": "2026-01-01T00:00:00Z", "log_hash": SHA})),
        item_audits=measured.items,
        user_audits=measured.people,
        intersections=measured.intersections,
        cells=measured.cells,
        metrics=measured.metrics,
        creators=tuple(replace(row, creator=row.creator) for row in creators_view(lists, brand)),
        non_profiling=(),
        mitigations=(),
    )


@pytest.mark.parametrize("browsing", BROWSING)
@pytest.mark.parametrize("target", ["catalogue", "relevance", POLICY])
def test_equal_keys_have_equal_values_in_every_plan(
    graph: InteractionGraph, given: Lists, target: Any, browsing: str
) -> None:
    plan = check_plan(a_plan(target=target, browsing=browsing), graph)
    record = record_of(run_plan(graph, plan, given), audited_lists(graph, plan, given))
    placed = list(figures(record))
    assert contradictions(record) == []
    assert len({figure.key for figure in placed}) < len(placed), "some figures stand in several places"
    assert all(figure.key.lists for figure in placed)
    for audit in record.item_audits:
        assert audit.lists == ("refit" if target == "relevance" or browsing == ex.CASCADE else "served")
        impact = next(m for m in record.metrics if m.name == "impact ratio")
        assert impact.value == pytest.approx(audit.overall.impact_ratio)
        for row, creator in zip(audit.rows, record.creators, strict=True):
            assert creator.ratio == pytest.approx(row.value)


def test_a_contradiction_is_found_wherever_it_stands(graph: InteractionGraph, given: Lists) -> None:
    plan = check_plan(a_plan(target=POLICY), graph)
    record = record_of(run_plan(graph, plan, given), audited_lists(graph, plan, given))
    changed = tuple(
        replace(m, value=(m.value or 0.0) + 0.01) if m.name == "impact ratio" else m for m in record.metrics
    )
    assert len(contradictions(replace(record, metrics=changed))) == 1


def test_what_is_compared_with_held_out_events_is_of_the_lists_that_can_hold_them(
    graph: InteractionGraph, given: Lists
) -> None:
    found = {m.name: m for m in run_plan(graph, a_plan(), given).metrics}
    assert (found["amortised equity"].lists, found["impact ratio"].lists) == ("refit", "served")
    assert given.heldout is not None
    assert given.positives is not None
    attention = np.zeros(M)
    for row in given.heldout:
        for place, item in enumerate(row):
            attention[item] += 0.8**place
    merit = np.asarray(given.positives.sum(axis=0)).ravel()
    assert found["amortised equity"].value == pytest.approx(
        np.abs(attention / attention.sum() - merit / merit.sum()).sum()
    )


def test_awrf_and_expected_exposure_are_measured_against_the_policy(graph: InteractionGraph, given: Lists) -> None:
    """Lists that follow the policy exactly are fair by it, and not by the catalogue."""
    lists = np.array([[0, 3], [1, 4], [1, 4], [2, 5], [2, 5], [2, 5], [2, 5], [2, 5], [0, 3], [1, 4]] * 6)
    exact = Lists(lists)
    plan = a_plan(target=POLICY, k=2, browsing="rbp(0.8)", user_columns=("sex",), intersections=())
    found = {(m.name, m.by): m for m in run_plan(graph, plan, exact).metrics}
    assert found["AWRF", "brand"].value == pytest.approx(1.0)
    assert found["impact ratio", "brand"].value == pytest.approx(1.0)
    assert found["EE-L", "brand"].target == "policy"
    assert ("EE-R", "") not in found, "a constant where the target does not come from people"


def test_an_interval_that_some_draw_leaves_undefined_is_none_with_a_reason(graph: InteractionGraph) -> None:
    lists = np.full((N, 2), NO_ITEM)
    lists[:, 0] = 1
    lists[0, 0] = 0  # b0 hangs on one person
    likes = sparse.csr_matrix(np.tile(np.array([1.0, 1.0] + [0.0] * (M - 2)), (N, 1)))
    quality = evaluate(lists, likes, training=graph.interactions, cutoffs=(2,), draws=100)
    found = run_plan(graph, a_plan(k=2), Lists(lists, lists, likes, quality, graph.interactions)).metrics
    row = next(m for m in found if m.name == "exposed utility ratio" and m.group == "b0")
    assert row.value is not None
    assert (row.low, row.high) == (None, None)
    assert "not defined in every draw" in row.reason
    assert all(m.low is None or m.reason or m.low < m.high or m.value in (0, 1) for m in found)


def test_squares_are_taken_of_groups_not_of_the_noise_in_them() -> None:
    """Cohorts that are alike and get what is due: GG-F is 0, and its interval holds that in at least nine of ten
    worlds.
    """
    n_people, n_items, held = 420, 40, 0
    users = {"job": [f"j{u % 21:02d}" for u in range(n_people)]}
    world = make_graph(n_people, n_items, items={"half": ["a", "b"] * (n_items // 2)}, users=users)
    values = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        lists = np.argsort(rng.random((n_people, n_items)), axis=1)[:, :5]
        case = audited_lists(
            world,
            Plan(
                workspace="tiny",
                model="path",
                k=5,
                item_columns=("half",),
                user_columns=("job",),
                draws=200,
                seed=seed,
                browsing=RBP,
            ),
            Lists(lists),
        )
        row = next(f for f in measure_joint(case) if f.name == "GG-F")
        assert row.value is not None
        assert row.low is not None
        values.append(row.value)
        held += row.low <= 0
    assert held >= 36
    assert np.mean(np.array(values) == 0) > 0.2, "about half of unbiased estimates of nothing are not above it"


def test_a_table_of_one_known_or_one_unknown_group_has_no_verdict(graph: InteractionGraph, given: Lists) -> None:
    nothing = make_graph(N, M, items={"topic": [None] * M}, users={"sex": ["f", "m"] * (N // 2)})
    weights = 0.8 ** np.arange(K)
    for by in ("topic",):
        table = joint_cells(given.served, weights, cohorts(nothing, "sex", "user"), cohorts(nothing, by, "item"))
        assert {(c.value, c.verdict) for c in table.rows} == {(1.0, "not estimable")}


def test_a_reference_of_few_people_decides_nothing_and_is_said() -> None:
    ndcg = np.concatenate([np.full(21, 0.9), np.full(1_071, 0.3)]) + np.tile([0.01, -0.01], 546)
    world = make_graph(len(ndcg), 2, users={"country": ["A"] * 21 + ["B"] * 1_071})
    audit = audit_users(world, make_evaluation(ndcg), "country", 2)
    large = next(row for row in audit.rows if row.group == "B")
    assert (large.verdict, large.n_reference, large.p_adjusted) == ("insufficient evidence", 21, None)
    assert "21 people" in large.reason
    assert audit.overall.verdict != "fail"


def test_references_are_the_rest_the_population_or_a_named_group_never_the_best() -> None:
    ndcg = np.concatenate([np.full(100, 0.2), np.full(100, 0.5), np.full(100, 0.8)]) + np.tile([0.01, -0.01], 150)
    world = make_graph(300, 2, users={"g": ["a"] * 100 + ["b"] * 100 + ["c"] * 100})
    differs = {}
    for reference in ("rest", "population", "b"):
        rows = audit_users(world, make_evaluation(ndcg), "g", 2, reference=reference).rows
        differs[reference] = [row.difference for row in rows]
    assert differs["rest"] == pytest.approx([-0.45, 0.0, 0.45])
    assert differs["population"] == pytest.approx([-0.3, 0.0, 0.3])
    assert differs["b"][::2] == pytest.approx([-0.3, 0.3])
    assert differs["b"][1] is None


def test_the_family_that_a_plan_names_only_makes_verdicts_less_sure(graph: InteractionGraph, given: Lists) -> None:
    rows: dict[str, list[Any]] = {}
    for family in ("table", "obligation", "report"):
        plan = plan_from_json(a_plan().as_json() | {"family": family})
        found = run_plan(graph, check_plan(plan, graph), given)
        rows[family] = [
            r for a in (*found.items, *found.people, *found.intersections) for r in a.rows if r.p_adjusted is not None
        ]
        for audit in (*found.items, *found.people, *found.intersections):
            assert (audit.overall.verdict == "fail") == any(r.verdict == "fail" for r in audit.rows)
    for table, obligation, report in zip(rows["table"], rows["obligation"], rows["report"], strict=True):
        assert table.p_adjusted <= obligation.p_adjusted <= report.p_adjusted
        assert (report.verdict == "fail") <= (table.verdict == "fail")


def test_a_plan_from_before_families_opens_as_it_was(graph: InteractionGraph) -> None:
    old = a_plan().as_json()
    del old["family"], old["reference"]
    plan = check_plan(plan_from_json(old), graph)
    assert (plan.family, plan.reference) == ("table", "rest")


def test_columns_with_commas_in_their_names_can_be_crossed(graph: InteractionGraph, given: Lists) -> None:
    found = run_plan(graph, check_plan(a_plan(), graph), given)
    assert [a.by for a in found.intersections] == ["sex × age, years"]
    assert {r.group for r in found.intersections[0].rows} == {"f × old", "f × young", "m × old", "m × young"}


def test_a_repair_aims_at_the_limit_and_two_standard_errors() -> None:
    error = 0.02  # of the root
    root = np.sqrt(0.5)
    ends = (root - 2 * error) ** 2, (root + 2 * error) ** 2
    row = AuditRow(group="new", n=50, value=0.5, low=ends[0], high=ends[1], verdict="fail", reason="")
    assert aim([row], 0.8) == pytest.approx((np.sqrt(0.8) + 2 * error) ** 2)
    assert aim([replace(row, verdict="pass")], 0.8) == pytest.approx(0.8)
