"""Every registered metric keeps every promise, one that breaks one is refused by name, and a stranger's is one new
file.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import explain.fairness.metrics as folder
from explain.fairness.audited_lists import AuditedLists
from explain.fairness.figures import Basis, Figure
from explain.fairness.metrics import base
from explain.fairness.metrics.base import Metric, MetricSpec, Range, all_metrics, mean_by_cohort, metric
from explain.fairness.metrics.shares import measure_impact
from explain.fairness.plan_check import check_plan
from explain.fairness.report import Lists, run_plan
from explain.fairness.trends import SnapshotLists, trends
from explain.format.words import RBP
from explain.records.html_tables import formulas_of
from explain.results.plan import Plan, Thresholds
from explain.workbench.workbench import Workbench
from tests.contract.metric_promises import PROMISES, SCENARIOS, broken_promises, lists_of

NUMBERS = {
    "impact ratio": 1,
    "AWRF": 2,
    "expected exposure": 3,
    "exposed utility ratio": 4,
    "amortised equity": 5,
    "joint multisided exposure": 6,
    "corrected Gini": 7,
    "effective catalogue": 8,
    "long-tail share": 9,
    "popularity lift": 9,
    "calibration": 10,
    "user-cohort gap": 11,
    "community concentration": 12,
    "homogenisation": 12,
    "intra-list diversity": 12,
}
"""Under which records of release 0.2.0 list them; a metric of one's own has another."""

SPEC = MetricSpec(
    name="length",
    title="How long lists are",
    formula="mean number of places of a list that hold an item",
    source="counted",
    range=Range(0.0),
    fair="the same for everybody",
    direction="a description",
)
STRANGER = '''"""How many of the items of a list nobody else is shown."""

import numpy as np

from explain.fairness.audited_lists import AuditedLists
from explain.fairness.figures import Figure
from explain.fairness.metrics.base import MetricSpec, Range, mean_by_cohort, metric


@metric(
    MetricSpec(
        name="uniqueness",
        title="How much of a list is shown to nobody else",
        formula="mean over people of |{i in L: shown once}| / |L|",
        source="a stranger",
        range=Range(0.0, 1.0),
        fair="the same for every cohort",
        direction="a description",
    )
)
def measure_uniqueness(lists: AuditedLists) -> list[Figure]:
    """All and by cohort."""
    shown = lists.appearances
    once = (np.asarray(shown.sum(axis=0)).ravel() == 1).astype(np.float64)
    return mean_by_cohort(lists, "uniqueness", shown @ once / np.maximum(1, np.diff(shown.indptr)))
'''


def length(lists: AuditedLists) -> list[Figure]:
    """A metric that keeps every promise."""
    return mean_by_cohort(lists, SPEC.name, np.diff(lists.appearances.indptr).astype(np.float64))


def of(measure: Callable[[AuditedLists], list[Figure]], spec: MetricSpec = SPEC) -> Metric:
    return Metric(spec, measure, 99)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
@pytest.mark.parametrize("registered", all_metrics(), ids=lambda registered: registered.spec.name)
def test_every_metric_keeps_every_promise(registered: Metric, promise: Callable[[Metric], None]) -> None:
    promise(registered)


def test_an_honest_metric_is_not_refused() -> None:
    assert broken_promises(of(length)) == {}


def nothing_said(lists: AuditedLists) -> list[Figure]:
    return [replace(figure, value=None, low=None, high=None, reason="") for figure in length(lists)]


def nan_said(lists: AuditedLists) -> list[Figure]:
    return [replace(figure, value=float("nan"), low=None, high=None) for figure in length(lists)]


def basis_of_others(lists: AuditedLists) -> list[Figure]:
    return [replace(figure, basis=Basis("yesterday's", "catalogue", lists.browsing)) for figure in length(lists)]


def unknown_browsing(lists: AuditedLists) -> list[Figure]:
    return [replace(figure, basis=replace(figure.basis, browsing="eyes")) for figure in length(lists)]


def served_said_of_a_refit(lists: AuditedLists) -> list[Figure]:
    return [replace(figure, basis=replace(figure.basis, lists="served")) for figure in length(lists)]


def first_person(lists: AuditedLists) -> list[Figure]:
    sizes = np.diff(lists.history.indptr)
    if not len(sizes):
        return [lists.missing(SPEC.name, "Nobody.")]
    return [lists.figure(SPEC.name, (float(sizes[0]), np.nan, np.nan), n=1)]


def item_positions(lists: AuditedLists) -> list[Figure]:
    return mean_by_cohort(lists, SPEC.name, lists.appearances @ np.arange(lists.n_items, dtype=np.float64))


def hidden_told(lists: AuditedLists) -> list[Figure]:
    return length(replace(lists, guard=None, min_n=1))


def number_of_the_hidden(lists: AuditedLists) -> list[Figure]:
    return [replace(figure, n=5) if figure.suppressed else figure for figure in length(lists)]


_CALLS = count()


def no_seed(lists: AuditedLists) -> list[Figure]:
    return length(replace(lists, seed=next(_CALLS)))


def out_of_range(lists: AuditedLists) -> list[Figure]:
    return [
        replace(f, value=None if f.value is None else f.value - 9, low=None, high=None, reason="so")
        for f in length(lists)
    ]


def interval_elsewhere(lists: AuditedLists) -> list[Figure]:
    return [f if f.low is None else replace(f, low=f.low + 50, high=(f.high or 0) + 50) for f in length(lists)]


def half_an_interval(lists: AuditedLists) -> list[Figure]:
    return [replace(figure, high=None) for figure in length(lists)]


def another_name(lists: AuditedLists) -> list[Figure]:
    return [replace(figure, name="size") for figure in length(lists)]


def said_twice(lists: AuditedLists) -> list[Figure]:
    return length(lists) * 2


def breaks_on_empty_lists(lists: AuditedLists) -> list[Figure]:
    return [lists.figure(SPEC.name, (float(1 / lists.n_shown * lists.n_shown), np.nan, np.nan), n=1)]


def sorts_the_lists(lists: AuditedLists) -> list[Figure]:
    lists.lists.sort(axis=1)
    return length(lists)


@pytest.mark.parametrize(
    ("mistake", "refused_by"),
    [
        (of(nothing_said), "values_are_finite_or_have_a_reason"),
        (of(nan_said), "values_are_finite_or_have_a_reason"),
        (of(basis_of_others), "figures_say_their_basis"),
        (of(unknown_browsing), "figures_say_their_basis"),
        (of(served_said_of_a_refit), "figures_say_their_basis"),
        (of(first_person), "the_order_does_not_matter"),
        (of(item_positions), "the_order_does_not_matter"),
        (of(hidden_told), "hidden_groups_have_no_figure"),
        (of(number_of_the_hidden), "hidden_groups_have_no_figure"),
        (of(no_seed), "the_seed_decides"),
        (of(out_of_range), "values_are_in_range"),
        (of(interval_elsewhere), "intervals_hold_the_value"),
        (of(half_an_interval), "intervals_hold_the_value"),
        (of(another_name), "figures_have_declared_names"),
        (of(said_twice), "every_scenario_is_measured"),
        (of(breaks_on_empty_lists), "every_scenario_is_measured"),
        (of(sorts_the_lists), "lists_stay_as_they_are"),
        (of(length, replace(SPEC, source=" ")), "words_are_complete"),
        (of(length, replace(SPEC, direction="up")), "words_are_complete"),  # type: ignore[arg-type]
        (of(length, replace(SPEC, range=Range(1.0, 0.0))), "words_are_complete"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.measure.__name__,
)
def test_each_planted_mistake_is_refused_by_name(mistake: Metric, refused_by: str) -> None:
    refusals = broken_promises(mistake)
    assert refused_by in refusals
    assert refusals[refused_by].startswith(f"The metric {mistake.spec.name} breaks the promise “")


def test_numbers_of_records_stay_whatever_is_added() -> None:
    numbers = {m.spec.name: m.number for m in all_metrics()}
    assert {name: numbers.get(name) for name in NUMBERS} == NUMBERS
    assert len({m.spec.name for m in all_metrics()}) == len(all_metrics())
    assert [m.number for m in all_metrics()] == sorted(numbers.values())


def test_a_range_says_itself() -> None:
    ranges = (Range(0, 1), Range(-1, 1), Range(0), Range(-1), Range(), Range(high=2), Range(0, 1, "1/n to 1"))
    assert list(map(str, ranges)) == ["0 to 1", "-1 to 1", "≥ 0", "≥ -1", "any number", "≤ 2", "1/n to 1"]


def test_two_metrics_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="Two entries are called AWRF"):
        metric(replace(SPEC, name="AWRF"))(length)


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """One new file in the folder of the metrics, and nothing else."""
    (tmp_path / "uniqueness.py").write_text(STRANGER, encoding="utf-8")
    monkeypatch.setattr(base.METRICS, "_entries", dict(base.METRICS.entries()))
    folder.__path__.append(str(tmp_path))
    importlib.invalidate_caches()
    yield "uniqueness"
    folder.__path__.remove(str(tmp_path))
    sys.modules.pop("explain.fairness.metrics.uniqueness", None)


def test_a_stranger_s_metric_is_one_file_and_shows_everywhere(stranger: str, tmp_path: Path) -> None:
    own = next(m for m in all_metrics() if m.spec.name == stranger)
    assert broken_promises(own) == {}
    assert own.number == max(NUMBERS.values()) + 1
    bench = Workbench(tmp_path / "home")
    words = {w.name: w for w in bench.audits.metric_words()}
    assert words[stranger] == own.words()
    assert {name: words[name].number for name in NUMBERS} == NUMBERS, "the others keep theirs"

    lists = lists_of(SCENARIOS["served lists"])
    stranger_plan = Plan(
        workspace="tiny",
        model="path",
        k=4,
        item_columns=("brand",),
        user_columns=("sex",),
        browsing=RBP,
        draws=100,
        thresholds=Thresholds(bounds={stranger: (0.0, 1.0)}),
    )
    plan = check_plan(stranger_plan, lists.graph)
    rows = run_plan(lists.graph, plan, Lists(lists.lists)).metrics
    (row,) = (r for r in rows if r.metric == stranger and not r.by)
    assert (row.number, row.verdict, row.lists) == (own.number, "pass", "served")
    assert [title for title, *_ in formulas_of(rows)][-1] == f"{own.number}. {stranger}"

    snapshots = [SnapshotLists(f"path-{n}", n, lists.lists) for n in range(2)]
    followed = {trend.name: trend.points for trend in trends(lists.graph, snapshots, "brand", 4)}
    assert [point.snapshot for point in followed[stranger]] == ["path-0", "path-1"]

    app = AppTest.from_function(_page_of_words).run()
    assert not app.exception
    assert app.expander[0].label == f"All {own.number} metrics: formula, source, range, what is fair"
    assert own.spec.formula in set(app.dataframe[0].value["formula"])


def _page_of_words() -> None:
    from pages.exposure import cells

    cells.words()


def test_the_page_says_how_many_families_there_are() -> None:
    app = AppTest.from_function(_page_of_words).run()
    assert app.expander[0].label == "All twelve metrics: formula, source, range, what is fair"


def test_metrics_of_one_column_read_one_grouping() -> None:
    """Groups are formed once: two metrics of exposure read the same matrix."""
    lists = lists_of(SCENARIOS["served lists"])
    before = lists.item_columns[0].exposure
    measure_impact(lists)
    assert lists.item_columns[0].exposure is before
