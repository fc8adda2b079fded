"""Do lists push what is popular anyway? Popularity lift by cohort and the long tail's share of exposure (9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.graph import FloatArray, IntArray
from explain.fairness.disclosure import told, withheld
from explain.fairness.metrics.base import Case, Figure, Spec, figure, metric, number

TAIL = 0.2
Statistic = Callable[[FloatArray], FloatArray]


def mean_popularity(rows: sparse.csr_matrix, popularity: FloatArray) -> FloatArray:
    """Mean popularity of the items of each row, every stored entry counting once: CSR [m, n] → float64 [m], NaN for an empty row."""
    marks = sparse.csr_matrix((np.ones(rows.nnz), rows.indices, rows.indptr), shape=rows.shape)
    size = np.diff(marks.indptr)
    return np.asarray(np.divide(np.asarray(marks @ popularity), size, out=np.full(len(size), np.nan), where=size > 0))


def lift(recommended: FloatArray, profile: FloatArray) -> float:
    """(GAP_r - GAP_p)/GAP_p, GAP = mean over people of their mean popularity (Abdollahpouri et al. 2019). NaN without people."""
    both = np.isfinite(recommended) & np.isfinite(profile)
    if not both.any() or profile[both].mean() == 0:
        return float("nan")
    return float(recommended[both].mean() / profile[both].mean() - 1)


def tail_items(popularity: FloatArray, share: float = TAIL) -> NDArray[np.bool_]:
    """The long tail: the least popular items that together hold at most `share` of all interactions; equal ones by position."""
    order = np.argsort(popularity, kind="stable")
    held = np.cumsum(popularity[order])
    tail = np.zeros(len(popularity), dtype=np.bool_)
    tail[order[held <= share * held[-1] + 1e-9]] = True
    return tail


@metric(Spec(
    9, "popularity lift", "Are lists more popular than what people had?",
    "(GAP_r - GAP_p)/GAP_p per cohort, GAP = mean over people of the mean popularity of their items",
    "Abdollahpouri et al. 2019", "≥ -1", "0", "nearer to the fair value",
))  # fmt: skip
def measure_lift(case: Case) -> list[Figure]:
    """Over everybody and by cohort; resampled within each."""
    recommended = mean_popularity(case.appearances[case.shown], case.popularity)
    profile = mean_popularity(case.profile[case.shown], case.popularity)
    both = np.flatnonzero(np.isfinite(recommended) & np.isfinite(profile))
    pairs = np.column_stack([recommended, profile])

    def ratio(sums: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return (sums[:, :1] / sums[:, 1:]) - 1

    return by_cohort(case, "popularity lift", pairs, both, ratio)


@metric(Spec(
    9, "long-tail share", "Attention that the long tail gets",
    "Σ_{i in tail} ε_i / Σ_i ε_i; tail = the least popular items that hold 20 % of all interactions", "Anderson 2006; Abdollahpouri et al. 2017",
    "0 to 1", "0.2, the tail's share of what people did", "nearer to the fair value",
))  # fmt: skip
def measure_tail(case: Case) -> list[Figure]:
    """Over everybody and by cohort."""
    tail = tail_items(case.popularity)
    given = case.attention[case.shown]
    pairs = np.column_stack([given @ tail.astype(np.float64), np.asarray(given.sum(axis=1)).ravel()])

    def ratio(sums: FloatArray) -> FloatArray:
        return np.asarray(
            np.divide(sums[:, :1], sums[:, 1:], out=np.full((len(sums), 1), np.nan), where=sums[:, 1:] > 0)
        )

    return by_cohort(case, "long-tail share", pairs, np.arange(len(pairs)), ratio)


def by_cohort(case: Case, name: str, values: FloatArray, rows: IntArray, statistic: Statistic) -> list[Figure]:
    """A statistic of column sums over `rows` of `shown`, for everybody and for each cohort of each user column."""
    found = [_one(case, name, "", "", values[rows], statistic)]
    people = case.shown[rows]
    for by, cohorts in case.people.items():
        code = case.code(by, people)
        hidden = set() if case.guard is None else case.guard.hidden(by, people)
        for g, label in enumerate(cohorts.labels):
            own = code == g
            if g in hidden or 0 < own.sum() < case.min_n:
                found.append(Figure(name, by, label, None, n=None, reason=withheld(case.min_n), suppressed=True))
            else:
                made = _one(case, name, by, label, values[rows[own]], statistic)
                found.append(made if case.guard is None else _told(made))
    return found


def _one(case: Case, name: str, by: str, group: str, values: FloatArray, statistic: Statistic) -> Figure:
    n = len(values)
    if n == 0:
        return Figure(name, by, group, None, n=0, reason="Nobody with a list and a history.")
    value, low, high = case.interval(statistic, values)
    why = "" if number(value[0]) is not None else "Nothing to divide by."
    return figure(name, by, group, value[0], low[0], high[0], n, why)


def _told(found: Figure) -> Figure:
    """A group's figure in the digits in which figures of people are told."""
    return replace(found, value=told(found.value), low=told(found.low), high=told(found.high))
