"""What a metric of an audit is: its words, and one function from `AuditedLists` to figures. A new metric is one new
file.

A file registers itself with `@metric(...)`; `all_metrics()` imports every file of this folder and numbers what they
registered. Figures carry a value and a 95 % interval from a bootstrap of people, or a reason why there is none: nothing
is smoothed or guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from core.graph import FloatArray, IntArray
from core.registry import Registry
from explain.fairness.audited_lists import AuditedLists, Statistic
from explain.fairness.disclosure import told, withheld
from explain.fairness.figures import Figure
from explain.results.measured import MetricWords

Direction = Literal["higher is fairer", "lower is fairer", "nearer to the fair value", "a description"]
LAST: Final = 1_000


@dataclass(frozen=True)
class Range:
    """The values that a metric can take. words: where numbers do not say it all."""

    low: float = -np.inf
    high: float = np.inf
    words: str = ""

    @property
    def ends(self) -> tuple[float, float]:
        return self.low, self.high

    def __str__(self) -> str:
        if self.words:
            return self.words
        if not np.isfinite(self.high):
            return f"≥ {self.low:g}" if np.isfinite(self.low) else "any number"
        return f"{self.low:g} to {self.high:g}" if np.isfinite(self.low) else f"≤ {self.high:g}"


@dataclass(frozen=True, kw_only=True)
class MetricSpec:
    """The words of a metric.

    fair       the value of a fair system
    order      where it stands among the metrics; left out, behind all others, whose numbers then stay as they are
    family     metrics of one family stand together under one number; left out, it is alone
    figures    names of its figures, where they have other names than the metric; one a column is called "name of
               column"
    over_time  whether it says something of served lists alone, so that the snapshots of a model can be compared by it
    """

    name: str
    title: str
    formula: str
    source: str
    range: Range
    fair: str
    direction: Direction
    order: int = LAST
    family: str = ""
    figures: tuple[str, ...] = ()
    over_time: bool = True

    @property
    def place(self) -> tuple[int, str]:
        """Metrics of one place share a number."""
        return self.order, self.family or self.name

    @property
    def figure_names(self) -> tuple[str, ...]:
        return self.figures or (self.name,)


Measure = Callable[[AuditedLists], list[Figure]]


@dataclass(frozen=True)
class Metric:
    """A registered metric. number: under which records and reports list it."""

    spec: MetricSpec
    measure: Measure
    number: int

    def words(self) -> MetricWords:
        """Its words, as records and pages tell them."""
        spec = self.spec
        return MetricWords(
            number=self.number,
            name=spec.name,
            title=spec.title,
            formula=spec.formula,
            source=spec.source,
            range=str(spec.range),
            fair=spec.fair,
            direction=spec.direction,
        )


@dataclass(frozen=True)
class _Registered:
    spec: MetricSpec
    measure: Measure


METRICS: Registry[_Registered] = Registry(
    __name__.rpartition(".")[0],
    name_of=lambda metric: metric.spec.name,
    order_of=lambda metric: (metric.spec.place, metric.spec.name),
    written=lambda metric: metric.measure,
)


def metric(spec: MetricSpec) -> Callable[[Measure], Measure]:
    """Registers a function under the name of its words. Raises ValueError where another file has taken the name."""

    def register(measure: Measure) -> Measure:
        METRICS.add(_Registered(spec, measure))
        return measure

    return register


def all_metrics() -> tuple[Metric, ...]:
    """Every registered metric, ordered by order, family and name."""
    known = METRICS.entries().values()
    places = sorted({registered.spec.place for registered in known})
    return tuple(Metric(m.spec, m.measure, places.index(m.spec.place) + 1) for m in known)


def limit_names() -> set[str]:
    """Every name under which a plan may set limits: of metrics and of their figures."""
    return {name for m in all_metrics() for name in (m.spec.name, *m.spec.figure_names)}


def by_cohort(lists: AuditedLists, name: str, values: FloatArray, rows: IntArray, statistic: Statistic) -> list[Figure]:
    """A statistic of column sums over `rows` of the shown people, for everybody and for each cohort of each user
    column.

    values     float64 [shown, columns]      rows  int64, positions in it of the people who have a value
    statistic  column sums [c, columns] → [c, 1]
    """
    figures = [_over(lists, name, values[rows], statistic)]
    for column in lists.user_columns(lists.shown[rows]):
        for g, label in enumerate(column.labels):
            own = column.code == g
            if g in column.hidden or 0 < own.sum() < lists.min_n:
                figures.append(suppressed(lists, name, column.by, label))
                continue
            figure = _over(lists, name, values[rows[own]], statistic, column.by, label)
            figures.append(figure if lists.guard is None else _rounded(figure))
    return figures


def mean_by_cohort(lists: AuditedLists, name: str, values: FloatArray) -> list[Figure]:
    """The mean over people of one number each, NaN where somebody has none: float64 [shown]."""
    pairs = np.column_stack([np.nan_to_num(values), np.ones(len(values))])
    return by_cohort(lists, name, pairs, np.flatnonzero(np.isfinite(values)), lambda s: s[:, :1] / s[:, 1:])


def suppressed(lists: AuditedLists, name: str, by: str, group: str) -> Figure:
    """The figure of a group that stays hidden."""
    missing = lists.missing(name, withheld(lists.min_n), by=by)
    return replace(missing, group=group, n=None, suppressed=True)


def _over(
    lists: AuditedLists, name: str, values: FloatArray, statistic: Statistic, by: str = "", group: str = ""
) -> Figure:
    if not len(values):
        return replace(lists.missing(name, "Nobody with a list and a history.", by=by), group=group)
    value, low, high = (float(end[0]) for end in lists.interval(statistic, values))
    reason = "" if np.isfinite(value) else "Nothing to divide by."
    return lists.figure(name, (value, low, high), by=by, group=group, n=len(values), reason=reason)


def _rounded(figure: Figure) -> Figure:
    """A group's figure in the digits in which figures of people are told."""
    return replace(figure, value=told(figure.value), low=told(figure.low), high=told(figure.high))
