"""A small group of people stays hidden in a whole audit: its n, its figures, and what subtraction
would leave of them.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from commands import plain_text
from core.errors import OptionError
from core.evaluation import evaluate
from core.graph import InteractionGraph
from core.guardrails.base import pool_of
from explain.charts.audits import cell_map
from explain.charts.bars import exposure_bars
from explain.fairness.audit import build_report
from explain.fairness.report import Lists, MeasuredPlan, run_plan
from explain.fairness.reranking import Steps, cohort_gains, costs
from explain.format.words import RBP
from explain.groups.cohorts import cohorts
from explain.records import summary as record_summary
from explain.records.content import attributes, rated
from explain.records.html_audits import audit_view, cell_table
from explain.results.audit import AuditRow
from explain.results.cells import Cell
from explain.results.measured import MetricFigure
from explain.results.plan import Plan, Thresholds
from explain.storage.privacy import checked_limit, smallest_group
from explain.workbench.workbench import Workbench
from pages.exposure.cells import cell_frame
from pages.exposure.page import report_frame
from tests.fairness_world import disclosure, make_graph

M, K = 30, 5


def world(**columns: list[str]) -> tuple[InteractionGraph, Lists]:
    """People with lists and held-out items of their own, by these columns."""
    n = len(next(iter(columns.values())))
    rng = np.random.default_rng(7)
    pairs = [(u, i) for u in range(n) for i in rng.choice(M, 6, replace=False).tolist()]
    graph = make_graph(n, M, items={"brand": ["a", "b"] * (M // 2)}, users=columns, pairs=pairs)
    lists = np.array([rng.choice(M, K, replace=False) for _ in range(n)])
    likes = sparse.csr_matrix((rng.random((n, M)) < 0.2).astype(float))
    likes = sparse.csr_matrix(likes + sparse.csr_matrix((np.ones(n), (np.arange(n), np.arange(n) % M)), shape=(n, M)))
    return graph, Lists(
        lists,
        lists,
        likes,
        evaluate(lists, likes, training=graph.interactions, cutoffs=(K,), draws=50),
        graph.interactions,
    )


def run(
    columns: dict[str, list[str]], crossed: tuple[tuple[str, ...], ...] = (), **limits: Any
) -> tuple[MeasuredPlan, Lists]:
    graph, given = world(**columns)
    plan = Plan(
        workspace="tiny",
        model="path",
        k=K,
        item_columns=("brand",),
        user_columns=tuple(columns),
        intersections=crossed,
        thresholds=Thresholds(**limits),
        draws=100,
        browsing=RBP,
    )
    return run_plan(graph, plan, given), given


ISLAND = {
    "region": ["North"] * 40 + ["South"] * 40 + ["East"],
    "gender": ["F", "M"] * 40 + ["F"],
}


def everything_told(measured: MeasuredPlan) -> list[AuditRow | Cell | MetricFigure]:
    """Every row of people of a record: groups, intersections, cells, metrics."""
    return [
        *(r for a in (*measured.people, *measured.intersections) for r in rated(a.rows, of_people=True)),
        *(r for table in measured.cells for r in table.rows),
        *(m for m in measured.metrics if m.group and m.by != "brand"),
    ]


def as_recorded(measured: MeasuredPlan) -> str:
    """The audits of people as a record holds them, as JSON."""
    return json.dumps([replace(a, rows=rated(a.rows, of_people=True)).as_json() for a in measured.people])


def test_the_one_person_of_a_region_cannot_be_subtracted_from_the_other_column() -> None:
    found, given = run(ISLAND)
    assert given.quality is not None
    of_person = given.quality.per_user[f"ndcg@{K}"][80] * 1.0
    region, gender = (
        {r.group: r for r in a.rows if not r.suppressed} for a in sorted(found.people, key=lambda a: a.by != "region")
    )
    assert set(gender) == {"F", "M"}
    assert len(region) == 1, "a second region is hidden, or the total gives East away"
    whole = sum(r.n * r.value for r in gender.values())
    left = whole - sum(r.n * r.value for r in region.values())
    (name,) = region
    shown_people = np.flatnonzero(np.array(ISLAND["region"]) == name)
    n_left = 81 - sum(r.n for r in region.values())
    assert n_left == 41
    assert left == pytest.approx(n_left * np.delete(given.quality.per_user[f"ndcg@{K}"], shown_people).mean(), abs=0.1)
    assert abs(left - of_person) > 0.5


def test_no_exit_of_a_record_holds_the_number_of_a_hidden_group() -> None:
    found, _ = run(ISLAND, (("region", "gender"),))
    hidden = [r for r in everything_told(found) if r.suppressed]
    assert hidden
    for row in hidden:
        assert {row.n, row.value, row.low, row.high} == {None}, row
        assert getattr(row, "p_adjusted", None) is None
        assert not any(character.isdigit() for character in row.reason.replace("10", "")), row.reason
    shown = [r for r in everything_told(found) if not r.suppressed]
    assert all(r.n is not None and r.n >= 10 for r in shown)
    assert found.suppressed.n_people is None
    assert '"n": 1,' not in as_recorded(found)
    assert "n_suppressed" not in as_recorded(found)


@pytest.mark.parametrize(("size", "told"), [(9, False), (10, True), (11, True)])
def test_groups_are_told_from_the_limit_on_at_every_exit(size: int, told: bool) -> None:
    found, _ = run({"region": ["East"] * size + ["North"] * 30 + ["South"] * 30})
    rows = everything_told(found)
    of_east = [r for r in rows if "East" in (getattr(r, "group", None), getattr(r, "user_group", None))]
    assert len(of_east) > 5, "groups, cells and metrics"
    assert {not r.suppressed for r in of_east} == {told}
    assert {r.n for r in of_east} == ({size} if told else {None})
    views = [*(audit_view(a, 10) for a in found.people), *(cell_table(t, 10) for t in found.cells)]
    html = json.dumps([asdict(view) for view in views], default=str)
    assert (f'"n": "{size}"' in html) is told
    assert ("suppressed" in html) is not told


def test_unknown_people_are_a_group_like_any_other() -> None:
    columns = {"region": ["unknown"] * 3 + ["North"] * 40 + ["South"] * 40}
    found, _ = run(columns)
    assert found.unknown == {"brand": 0, "region": None}
    graph, _ = world(**columns)
    plan = Plan(workspace="tiny", model="path", k=K, item_columns=("brand",), user_columns=("region",), browsing=RBP)
    card: Any = type("Card", (), {"attribute_notes": {}})()
    rows = {a.column: a for a in attributes(graph, plan, card, disclosure(graph, ["region"]))}
    assert rows["region"].n_missing is None
    assert rows["brand"].n_missing == 0


def test_the_worst_cohort_of_a_gap_is_never_a_hidden_one() -> None:
    found, given = run({"region": ["East"] * 3 + ["North"] * 30 + ["South"] * 40 + ["West"] * 50})
    assert given.quality is not None
    shown = [r for r in found.people[0].rows if not r.suppressed]
    gaps = [m for m in found.metrics if m.name == "user-cohort gap"]
    assert {r.group for r in shown} == {"South", "West"}
    assert gaps[0].group in {"South", "West"}
    means = [r.value for r in shown]
    assert gaps[0].value == pytest.approx(max(means) - min(means), abs=0.0011), "of the shown groups alone"


def test_figures_of_people_have_three_decimals() -> None:
    found, _ = run({"region": ["North"] * 41 + ["South"] * 40})
    for row in everything_told(found):
        for value in (row.value, row.low, row.high):
            assert value is None or value == round(value, 3)


def test_two_audits_of_different_columns_hide_the_same_groups() -> None:
    graph, given = world(**ISLAND)
    base = Plan(
        workspace="tiny", model="path", k=K, item_columns=("brand",), user_columns=("region",), draws=100, browsing=RBP
    )
    alone, both = run_plan(graph, base, given), run_plan(graph, replace(base, user_columns=("region", "gender")), given)
    assert [r.suppressed for r in alone.people[0].rows] == [r.suppressed for r in both.people[0].rows]


def test_a_larger_smallest_group_only_hides_more() -> None:
    rng = np.random.default_rng(1)
    columns = {
        "a": rng.choice(list("pqrst"), 120, p=[0.4, 0.3, 0.15, 0.1, 0.05]).tolist(),
        "b": rng.choice(list("xyz"), 120).tolist(),
    }
    graph, _ = world(**columns)
    people, before = np.arange(120), None
    for limit in (10, 15, 25, 40):
        hidden = disclosure(graph, limit=limit).among(people)
        assert before is None or all(hidden[by] >= before[by] for by in hidden)
        before = hidden


def test_the_installation_sets_the_smallest_group_and_a_plan_may_only_raise_it(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SURFACED_MIN_N", raising=False)
    assert smallest_group(tmp_path) == 10
    (tmp_path / "privacy.json").write_text('{"min_n": 25}')
    assert smallest_group(tmp_path) == 25
    assert checked_limit(tmp_path, 25) == 25
    with pytest.raises(OptionError, match="none of fewer than 25"):
        checked_limit(tmp_path, 24)
    monkeypatch.setenv("SURFACED_MIN_N", "40")
    assert smallest_group(tmp_path) == 40
    for wrong in ("2", "none", "1e3", "99999999999"):
        monkeypatch.setenv("SURFACED_MIN_N", wrong)
        with pytest.raises(OptionError, match="SURFACED_MIN_N"):
            smallest_group(tmp_path)
    monkeypatch.delenv("SURFACED_MIN_N")
    (tmp_path / "privacy.json").write_text("{")
    with pytest.raises(OptionError, match=r"privacy\.json"):
        smallest_group(tmp_path)


def test_records_of_before_are_read_by_their_numbers_and_new_ones_by_the_field() -> None:
    old = {"group": "East", "n": 4, "value": None, "low": None, "high": None, "verdict": "", "reason": ""}

    def is_small(**changes: Any) -> bool:
        return record_summary.is_small(AuditRow.from_json(old | changes), 10)

    assert is_small()
    assert not is_small(n=14)
    assert is_small(n=None, suppressed=True)
    assert not is_small(n=4, suppressed=False)


def test_a_plan_below_the_installations_smallest_group_is_refused_before_anything_is_written(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SURFACED_MIN_N", raising=False)
    bench = Workbench(home)
    plan = bench.audits.usual_plan("newsroom", "path", k=10)
    assert plan.thresholds.min_n == 10
    n_rows = len(bench.records.log("newsroom"))
    low = replace(plan, thresholds=replace(plan.thresholds, min_n=9))
    for refuse in (bench.audits.check, lambda w, p: bench.audits.fix(w, p, "Ann")):
        with pytest.raises(OptionError, match="none of fewer than 10"):
            refuse("newsroom", low)
    assert len(bench.records.log("newsroom")) == n_rows
    monkeypatch.setenv("SURFACED_MIN_N", "30")
    assert bench.audits.usual_plan("newsroom", "path", k=10).thresholds.min_n == 30
    with pytest.raises(OptionError, match="none of fewer than 30"):
        bench.audits.check("newsroom", plan)


@pytest.mark.parametrize(("size", "told"), [(9, False), (10, True), (11, True)])
def test_a_cohort_under_rules_is_told_from_the_limit_on(size: int, told: bool) -> None:
    graph, given = world(region=["East"] * size + ["North"] * 30 + ["South"] * 30)
    assert given.positives is not None
    pool = pool_of(given.served, np.ones(given.served.shape))
    steps = Steps((pool, pool), (), 3)
    guard = disclosure(graph, ["region"])
    people = cohorts(graph, "region", "user")
    paid = {c.cohort: c.n for c in costs(steps, given.positives, people, guard=guard)}
    gained = {g.cohort: g.n for g in cohort_gains(steps, cohorts(graph, "brand", "item"), "a", people, guard=guard)}
    hidden = set() if told else {"East", "North"}
    assert set(paid) == set(gained) == {"everybody", "East", "North", "South"} - hidden


@pytest.mark.parametrize(("size", "told"), [(9, False), (10, True), (11, True)])
def test_charts_tables_and_text_tell_of_a_group_from_the_limit_on(size: int, told: bool) -> None:
    n_others = 37
    columns = {"region": ["East"] * size + ["North"] * n_others + ["South"] * n_others}
    found, _ = run(columns)
    report = build_report(found.people[0], workspace="w", model="path", snapshot="s")
    rows = [row.as_json() for row in report.rows]
    exits = {
        "table of a terminal": plain_text.table(rows, ("group", "n", "value", "verdict", "reason")),
        "table of a page": report_frame(report).to_csv(),
        "chart": exposure_bars(report).to_json(),
        "table of cells": cell_frame(found.cells[0]).to_csv(),
        "map of cells": cell_map(found.cells[0]).to_json(),
    }
    for name, text in exits.items():
        assert "East" in text, name
        assert bool(re.search(rf"(?<![\d.]){size}(?![\d.])", _of_east(text))) is told, (name, _of_east(text))


def _of_east(text: str) -> str:
    """What stands in lines or labels about East, but the limit itself."""
    parts = re.split(r"\n|(?<=\")(?=[,\]])", text)
    return "\n".join(p for p in parts if "East" in p).replace("fewer than 10 people", "")
