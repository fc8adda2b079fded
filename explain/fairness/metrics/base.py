"""What a metric of an audit is: its words, and one function from a `Case` to figures. A new metric is one new file.

A file registers itself with `@metric(...)`; `all_metrics()` imports every file of this folder. Figures carry a value and a
95 % interval from the case's bootstrap of people, or a reason why there is none: nothing is smoothed, nothing is guessed.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from scipy import sparse

from core.evaluation import Evaluation
from core.graph import FloatArray, IntArray, InteractionGraph
from core.intervals import in_buckets, percentile_interval, resample_weights
from core.ranking import NO_ITEM
from explain.fairness import exposure as ex
from explain.fairness.disclosure import Disclosure
from explain.fairness.thresholds import Target
from explain.groups.cohorts import Cohorts

Direction = Literal["higher is fairer", "lower is fairer", "nearer to the fair value", "a description"]


@dataclass(frozen=True)
class Spec:
    """The words of a metric. range: values it can take; fair: the value of a fair system; needs: "relevance" or ""."""

    number: int
    name: str
    title: str
    formula: str
    source: str
    range: str
    fair: str
    direction: Direction
    needs: str = ""


@dataclass(frozen=True)
class Figure:
    """One value. by, group: what it is about, "" for all; n: people (or items) behind it; reason: why there is no value.

    suppressed  few people stand behind it, or it is hidden for the sake of such a group; then it has no n either
    """

    name: str
    by: str
    group: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = 0
    reason: str = ""
    suppressed: bool = False


@dataclass(frozen=True, eq=False)
class Case:
    """The lists that are audited and all that is known of them.

    lists      int64 [m, k], one a person, best first, NO_ITEM where a list ends early; row = position of the person
    weights    attention of the places, float64 [k], or [m, k] where it depends on the list
    profile    CSR [m, n_items]: what each person had when the list was made
    items      groupings of the items by column; people: groupings of the people
    positives  CSR [m, n_items]: held-out relevant items, None where the target needs none
    policies   item column → {group: share}, where a policy is the target
    relevant   the same of the refit's lists, with the held-out positives that those can contain; None where there was no refit.
               What compares lists with held-out events reads these lists and no others
    quality    held-out nDCG of each person, None where it was not measured
    guard      which groups of people stay hidden; None where all may be told
    """

    graph: InteractionGraph
    lists: IntArray
    weights: FloatArray
    profile: sparse.csr_matrix
    items: dict[str, Cohorts]
    people: dict[str, Cohorts]
    target: str = "catalogue"
    positives: sparse.csr_matrix | None = None
    quality: Evaluation | None = None
    min_n: int = 10
    draws: int = 1_000
    seed: int = 0
    kept: dict[str, Any] = field(default_factory=dict)
    guard: Disclosure | None = None
    policies: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    relevant: Case | None = None
    lists_of: str = "served"
    browsing: str = "rbp(0.8)"

    def target_of(self, by: str) -> Target:
        """What shares of an item column are compared with."""
        return self.policies.get(by, "relevance" if self.target == "relevance" else "catalogue")

    def code(self, by: str, people: IntArray) -> IntArray:
        """int64 [people]: the group of each of these people in a user column, -1 for those whose group stays hidden."""
        return self.people[by].code[people] if self.guard is None else self.guard.code(by, people)

    @property
    def n_items(self) -> int:
        return self.graph.n_items

    @cached_property
    def shown(self) -> IntArray:
        """int64: people whose list is not empty."""
        return np.flatnonzero((self.lists != NO_ITEM).any(axis=1)).astype(np.int64)

    @cached_property
    def attention(self) -> sparse.csr_matrix:
        """CSR [m, n_items]: attention that each list gives to each item."""
        return ex.attention(self.lists, self.weights, self.n_items)

    @cached_property
    def appearances(self) -> sparse.csr_matrix:
        """CSR [m, n_items] of ones: which items each list shows."""
        return ex.attention(self.lists, np.ones(self.lists.shape[1]), self.n_items)

    @cached_property
    def popularity(self) -> FloatArray:
        """float64 [n_items]: how many people have the item."""
        return np.bincount(self.profile.indices, minlength=self.n_items).astype(np.float64)

    def interval(
        self, statistic: Callable[[FloatArray], FloatArray], values: FloatArray | sparse.csr_matrix,
        between: tuple[float, float] = (-np.inf, np.inf),
    ) -> tuple[FloatArray, FloatArray, FloatArray]:  # fmt: skip
        """value, low, high of `statistic` of column sums over people.

        statistic  column sums [c, columns] → [c, results], row by row
        values     [n, columns], one row a person, dense or CSR
        between    the metric's range, which a re-centred interval may not leave
        Returns    three arrays [results]; low ≤ value ≤ high, NaN where under `min_n` people or a draw is undefined

        A resample repeats people, which by itself makes lists look less even: draws are re-centred on the value.
        """
        total = np.asarray(values.sum(axis=0), dtype=np.float64).reshape(1, -1)
        value = statistic(total)[0]
        if values.shape[0] < self.min_n:
            return value, np.full_like(value, np.nan), np.full_like(value, np.nan)
        rng = np.random.default_rng(self.seed)
        few = in_buckets(values, rng)
        weights = resample_weights(int(few.shape[0]), self.draws, rng)
        drawn = np.concatenate([statistic(np.asarray(w @ few)) for w in weights])
        known = np.isfinite(drawn).all(axis=0) & np.isfinite(value)
        low, high = np.full_like(value, np.nan), np.full_like(value, np.nan)
        if known.any():
            bias = drawn[:, known].mean(axis=0) - value[known]
            low[known], high[known] = percentile_interval(drawn[:, known] - bias)
        low, high = np.clip(low, *between), np.clip(high, *between)
        # A draw without a value leaves no interval: never one of no width.
        return value, np.minimum(low, value), np.maximum(high, value)


Measure = Callable[[Case], "list[Figure]"]


@dataclass(frozen=True)
class Metric:
    spec: Spec
    measure: Measure


_KNOWN: dict[str, Metric] = {}


def metric(spec: Spec) -> Callable[[Measure], Measure]:
    """Registers a function under the name of its words."""

    def keep(measure: Measure) -> Measure:
        if spec.name in _KNOWN and _KNOWN[spec.name].measure.__module__ != measure.__module__:
            raise ValueError(f"two metrics are called {spec.name}")
        _KNOWN[spec.name] = Metric(spec, measure)
        return measure

    return keep


def all_metrics() -> tuple[Metric, ...]:
    """Every registered metric in the order of its number."""
    package = __name__.rpartition(".")[0]
    folder = importlib.import_module(package).__path__
    for found in pkgutil.iter_modules(folder):
        importlib.import_module(f"{package}.{found.name}")
    return tuple(sorted(_KNOWN.values(), key=lambda m: (m.spec.number, m.spec.name)))


def number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def figure(
    name: str, by: str, group: str, value: float, low: float, high: float, n: int, reason: str = ""
) -> Figure:  # fmt: skip
    """A figure from floats; NaN becomes None and needs a reason, which is told where nobody gives one."""
    if not reason and np.isfinite(value) and not (np.isfinite(low) and np.isfinite(high)):
        reason = NO_INTERVAL
    return Figure(name, by, group, number(value), number(low), number(high), n, reason)


def relevance(case: Case) -> sparse.csr_matrix | None:
    """Held-out positives of the people with a list, CSR [shown, n_items]; None where there are none."""
    if case.positives is None or not case.positives.nnz:
        return None
    return sparse.csr_matrix(case.positives[case.shown])


NO_INTERVAL = "No interval: too few people, or it is not defined in every draw of them."
NO_RELEVANCE = 'This needs held-out relevance: audit against the target "relevance".'
