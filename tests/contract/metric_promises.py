"""What every metric of an audit promises: each promise is a check over small worlds that says what was broken, and
where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import get_args

import numpy as np
from scipy import sparse

from core.evaluation import evaluate
from core.graph import InteractionGraph
from core.ranking import NO_ITEM
from explain.fairness.audited_lists import AuditedLists
from explain.fairness.exposure import BROWSING_LABELS
from explain.fairness.figures import Figure
from explain.fairness.metrics.base import Direction, Metric
from explain.fairness.report import Lists, audited_lists
from explain.format.words import RBP
from explain.groups.intersections import SIGN
from explain.results.plan import Plan
from tests.fairness_world import make_graph

PEOPLE, ITEMS, K = 60, 20, 4
POLICY = {"brand": {"b0": 0.2, "b1": 0.3, "b2": 0.5}}
SEEDS = range(12)
Key = tuple[str, str, str]


class BrokenPromise(AssertionError):
    """A metric that does not keep a promise."""


@dataclass(frozen=True)
class Scenario:
    """A plan over lists. people, items: what stands at each position, to be put into another order."""

    target: str = "catalogue"
    refit: bool = True
    k: int = K
    empty: bool = False
    topics: bool = False
    people: tuple[int, ...] = field(default_factory=lambda: tuple(range(PEOPLE)))
    items: tuple[int, ...] = field(default_factory=lambda: tuple(range(ITEMS)))


SCENARIOS = {
    "served lists": Scenario(),
    "relevance as target": Scenario(target="relevance", topics=True),
    "a policy as target": Scenario(target="policy"),
    "no refit": Scenario(refit=False, topics=True),
    "lists of one item": Scenario(k=1),
    "nobody has a list": Scenario(empty=True),
}


def lists_of(scenario: Scenario, *, draws: int = 100, seed: int = 0) -> AuditedLists:
    """The world's lists, with a small group of people ("old") that stays hidden."""
    graph, given = _given(scenario)
    target = POLICY if scenario.target == "policy" else scenario.target
    plan = Plan(
        workspace="tiny",
        model="path",
        k=scenario.k,
        item_columns=("brand",),
        user_columns=("sex", "age", "city"),
        target=target,
        browsing=RBP,
        draws=draws,
        seed=seed,
    )
    return audited_lists(graph, plan, given)


@cache
def _given(scenario: Scenario) -> tuple[InteractionGraph, Lists]:
    """No two items are equally popular, so that no order of theirs decides anything."""
    rng = np.random.default_rng(5)
    owned = [(int(u), i) for i in range(ITEMS) for u in rng.choice(PEOPLE, i + 3, replace=False)]
    served, refit = (np.array([rng.choice(ITEMS, K, replace=False) for _ in range(PEOPLE)]) for _ in range(2))
    served[3], served[4, 2:], likes = NO_ITEM, NO_ITEM, rng.random((PEOPLE, ITEMS)) < 0.25
    if scenario.empty:
        served, refit = np.full_like(served, NO_ITEM), np.full_like(refit, NO_ITEM)
    people, items = np.array(scenario.people), np.array(scenario.items)
    of_person, of_item = np.argsort(people), np.argsort(items)
    brand = ["unknown" if i % 7 == 6 else f"b{i % 3}" for i in range(ITEMS)]
    genres = [["a", "b"] if i % 4 == 0 else ["ab"[i % 2]] for i in range(ITEMS)]
    columns = {
        "sex": ["fm"[u % 2] for u in range(PEOPLE)],
        "age": ["old" if u < 5 else "young" for u in range(PEOPLE)],
        "city": ["unknown" if u % 4 == 3 else "xyz"[u % 4] for u in range(PEOPLE)],
    }
    graph = make_graph(
        PEOPLE,
        ITEMS,
        items={"brand": [brand[i] for i in items]},
        users={name: [values[u] for u in people] for name, values in columns.items()},
        genres=[genres[i] for i in items] if scenario.topics else None,
        pairs=sorted((int(of_person[u]), int(of_item[i])) for u, i in owned),
    )

    def moved(lists: np.ndarray) -> np.ndarray:
        moved = lists[people][:, : scenario.k]
        return np.where(moved == NO_ITEM, NO_ITEM, of_item[moved])

    if not scenario.refit:
        return graph, Lists(moved(served))
    positives = sparse.csr_matrix(likes[people][:, items].astype(np.float64))
    quality = evaluate(moved(refit), positives, training=graph.interactions, cutoffs=(scenario.k,), draws=20)
    return graph, Lists(moved(served), moved(refit), positives, quality, graph.interactions)


def refuse(metric: Metric, promise: str, what: str) -> None:
    raise BrokenPromise(f"The metric {metric.spec.name} breaks the promise “{promise}”: {what}")


def check(metric: Metric, promise: str, kept: bool, what: str) -> None:
    if not kept:
        refuse(metric, promise, what)


def measured(metric: Metric) -> Iterator[tuple[str, AuditedLists, list[Figure]]]:
    """Every world with what the metric says of it."""
    for name, scenario in SCENARIOS.items():
        lists = lists_of(scenario)
        yield name, lists, metric.measure(lists)


def by_key(figures: list[Figure]) -> dict[Key, Figure]:
    return {(figure.name, figure.by, figure.group): figure for figure in figures}


def words_are_complete(metric: Metric) -> None:
    spec, promise = metric.spec, "words are complete"
    for name, word in metric.words().as_json().items():
        check(metric, promise, bool(str(word).strip()), f"{name} is empty.")
    check(metric, promise, spec.direction in get_args(Direction), f"{spec.direction!r} is no direction.")
    check(metric, promise, spec.range.low < spec.range.high, f"the range {spec.range} holds nothing.")


def every_scenario_is_measured(metric: Metric) -> None:
    promise = "every world is measured"
    for name, scenario in SCENARIOS.items():
        try:
            figures = metric.measure(lists_of(scenario))
        except Exception as error:
            refuse(metric, promise, f"{name}: {type(error).__name__}: {error}")
        check(metric, promise, bool(figures), f"{name}: it says nothing.")
        check(metric, promise, len(by_key(figures)) == len(figures), f"{name}: a figure stands twice.")


def values_are_finite_or_have_a_reason(metric: Metric) -> None:
    promise = "a value is finite, or None with a reason"
    for name, _, figures in measured(metric):
        for f in figures:
            check(metric, promise, f.value is not None or bool(f.reason), f"{name}: {f.by} has neither.")
            ends = [end for end in (f.value, f.low, f.high) if end is not None]
            check(metric, promise, bool(np.isfinite(ends).all()), f"{name}: {f.by} is {f.value}.")


def figures_say_their_basis(metric: Metric) -> None:
    promise = "a figure says its lists, target, browsing and resampling"
    for name, lists, figures in measured(metric):
        for f in (f for f in figures if f.value is not None):
            basis, policy = f.basis, f.by.split(SIGN)[-1] in lists.policies
            refits = (
                {"refit"} if lists.lists_of == "refit" else {"served"} if lists.refit is None else {"served", "refit"}
            )
            check(metric, promise, basis.lists in refits, f"{name}: lists of {basis.lists!r}.")
            targets = {"held-out events", "relevance"} | ({"policy"} if policy else {lists.target})
            check(metric, promise, basis.target in targets, f"{name}: the target {basis.target!r} of {f.by!r}.")
            check(metric, promise, basis.browsing in BROWSING_LABELS, f"{name}: browsing {basis.browsing!r}.")
            check(metric, promise, basis.resample == "people", f"{name}: resampling {basis.resample!r}.")


def figures_have_declared_names(metric: Metric) -> None:
    names = metric.spec.figure_names
    for scenario, _, figures in measured(metric):
        for f in figures:
            known = f.name in names or any(f.name.startswith(f"{name} of ") for name in names)
            check(metric, "figures have declared names", known, f"{scenario}: {f.name!r} is none of {names}.")


def intervals_hold_the_value(metric: Metric) -> None:
    promise = "an interval holds the value"
    for name, _, figures in measured(metric):
        for f in figures:
            check(metric, promise, (f.low is None) == (f.high is None), f"{name}: an interval with one end.")
            if f.low is not None and f.high is not None:
                holds = f.value is not None and f.low <= f.value <= f.high
                check(metric, promise, holds, f"{name}: {f.value} of {f.by!r} in {f.low} to {f.high}.")


def values_are_in_range(metric: Metric) -> None:
    low, high = metric.spec.range.ends
    for name, _, figures in measured(metric):
        for value in (f.value for f in figures if f.value is not None):
            check(metric, "a value is in the range", low - 1e-9 <= value <= high + 1e-9, f"{name}: {value}.")


def the_seed_decides(metric: Metric) -> None:
    for name, _, figures in measured(metric):
        again = metric.measure(lists_of(SCENARIOS[name]))
        check(metric, "the same seed gives the same figures", again == figures, f"{name}: they differ.")


def the_order_does_not_matter(metric: Metric) -> None:
    """Of people and of items. Where a value is drawn, its means over seeds are compared, within five
    standard errors.
    """
    rng = np.random.default_rng(8)
    other = {"people": tuple(rng.permutation(PEOPLE).tolist()), "items": tuple(rng.permutation(ITEMS).tolist())}
    for name, scenario in SCENARIOS.items():
        for side, order in other.items():
            promise = f"the order of {side} does not matter"
            moved = replace(scenario, **{side: order})
            one, two = _values(metric, scenario, range(1)), _values(metric, moved, range(1))
            check(metric, promise, set(one) == set(two), f"{name}: other figures.")
            if all(abs(one[key][0] - two[key][0]) <= 1e-9 for key in one):
                continue
            one, two = _values(metric, scenario, SEEDS), _values(metric, moved, SEEDS)
            for key, values in one.items():
                error = np.sqrt((np.var(values) + np.var(two[key])) / len(SEEDS))
                apart = abs(np.mean(values) - np.mean(two[key]))
                check(metric, promise, bool(apart <= 5 * error + 1e-9), f"{name}: {key} is {apart:.3g} apart.")


def _values(metric: Metric, scenario: Scenario, seeds: range) -> dict[Key, list[float]]:
    values: dict[Key, list[float]] = {}
    for seed in seeds:
        lists = lists_of(scenario, draws=4, seed=seed)
        for key, figure in by_key(metric.measure(lists)).items():
            if figure.value is not None:
                values.setdefault(key, []).append(figure.value)
    return values


def hidden_groups_have_no_figure(metric: Metric) -> None:
    promise = "a hidden group has no figure"
    for name, _, figures in measured(metric):
        for f in figures:
            bare = f.value is None and f.low is None and f.high is None and f.n is None
            check(metric, promise, f.suppressed <= bare, f"{name}: a suppressed figure has a number.")
            if f.by == "age" and f.group == "old":
                check(metric, promise, f.suppressed, f"{name}: the five old are told.")


def lists_stay_as_they_are(metric: Metric) -> None:
    for name, scenario in SCENARIOS.items():
        lists = lists_of(scenario)
        before = _contents(lists)
        metric.measure(lists)
        if _contents(lists) != before:
            _given.cache_clear()  # no other check may see what was changed
            refuse(metric, "lists stay as they are", f"{name}: something was changed.")


def _contents(lists: AuditedLists) -> dict[str, bytes]:
    values = {f.name: getattr(lists, f.name) for f in fields(lists)}
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    for name, value in values.items():
        if sparse.issparse(value):
            arrays |= {f"{name}.data": value.data, f"{name}.indices": value.indices, f"{name}.indptr": value.indptr}
    return {name: value.tobytes() for name, value in arrays.items()}


PROMISES: tuple[Callable[[Metric], None], ...] = (
    lists_stay_as_they_are,
    words_are_complete,
    every_scenario_is_measured,
    values_are_finite_or_have_a_reason,
    figures_say_their_basis,
    figures_have_declared_names,
    intervals_hold_the_value,
    values_are_in_range,
    the_seed_decides,
    the_order_does_not_matter,
    hidden_groups_have_no_figure,
)


def broken_promises(metric: Metric) -> dict[str, str]:
    """Name of the check → the sentence in which it refused the metric."""
    broken = {}
    for promise in PROMISES:
        try:
            promise(metric)
        except Exception as error:
            broken[promise.__name__] = str(error)
    return broken
