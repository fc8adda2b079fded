"""Exposure over a window: attention that the lists of many moments gave out, against the catalogue of each moment.

E_g = Σ_t Σ_u attention of u's list at t to group g, over the same of all groups; what was due is each list's attention
shared out as the items that could be recommended at t were. Intervals are over people: all lists of a person are one
observation (explain.fairness.ratios).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from core.graph import FloatArray, IntArray
from explain.fairness import exposure as ex
from explain.fairness.audit import number
from explain.fairness.item_audit import against_limits, judged
from explain.fairness.ratios import GroupExposure, ratios_of
from explain.format.dates import date_of
from explain.groups.cohorts import Cohorts
from explain.results.audit import ItemAudit
from explain.results.plan import Thresholds
from explain.results.window import DayRatio, EarlyExposure

EARLY_HOURS, HOUR_S = (24, 72), 3_600
TARGET = "catalogue share of each moment"


@dataclass(frozen=True, eq=False, kw_only=True)
class WindowLists:
    """Lists of a grid of moments.

    moments    int64 [t], seconds UTC, ascending
    user       int64 [n], of each list; moment  int64 [n], position in `moments`, ascending
    lists      int64 [n, k], best first, NO_ITEM where a list ends early
    available  bool [t, n_items]: what could be recommended
    since      float64 [n_items], from when on each item exists, seconds UTC
    """

    moments: IntArray
    user: IntArray
    moment: IntArray
    lists: IntArray
    available: np.ndarray
    since: FloatArray

    def of(self, rows: np.ndarray) -> WindowLists:
        """The same with some of the lists."""
        return WindowLists(
            moments=self.moments,
            user=self.user[rows],
            moment=self.moment[rows],
            lists=self.lists[rows],
            available=self.available,
            since=self.since,
        )


def window_exposure(given: WindowLists, weights: FloatArray, groups: Cohorts) -> GroupExposure:
    """What everybody was given over the window and what was due, a row a person."""
    n_items = int(given.available.shape[1])
    each = ex.attention(given.lists, weights, n_items)
    people, row = np.unique(given.user, return_inverse=True)
    lead = sparse.csr_matrix((np.ones(len(row)), (row, np.arange(len(row)))), shape=(len(people), len(row)))
    open_items = given.available.astype(np.float64)
    of_catalogue = (open_items @ groups.membership) / np.maximum(open_items.sum(axis=1, keepdims=True), 1.0)
    total = np.asarray(each.sum(axis=1)).ravel()
    due = sparse.csr_matrix(total[:, None] * of_catalogue[given.moment])
    places = ex.list_exposure(given.lists, np.ones(given.lists.shape[1]), groups.membership)
    return GroupExposure(
        sparse.csr_matrix(lead @ (each @ groups.membership)),
        sparse.csr_matrix(lead @ places),
        sparse.csr_matrix(lead @ due),
        np.zeros(len(groups.labels)),
    )


def audit_window(
    given: WindowLists, groups: Cohorts, *, browsing: str = ex.RBP, thresholds: Thresholds | None = None
) -> ItemAudit:
    """The audit of one item column over the window."""
    limits, k = thresholds or Thresholds(), int(given.lists.shape[1])
    exposure = window_exposure(given, ex.browsing_weights(browsing, k), groups)
    return judged(groups, against_limits(exposure, groups, limits), limits, k=k, browsing=browsing, target=TARGET)


def by_day(given: WindowLists, groups: Cohorts, browsing: str = ex.RBP) -> Iterator[DayRatio]:
    """The same of each day (UTC) alone."""
    weights = ex.browsing_weights(browsing, int(given.lists.shape[1]))
    days = np.array([date_of(int(m)) for m in given.moments])
    for day in np.unique(days):
        own = given.of(days[given.moment] == day)
        if not len(own.user):
            continue
        ratios = ratios_of(window_exposure(own, weights, groups))
        for g, label in enumerate(groups.labels):
            if g != groups.unknown:
                share, due, ratio = (number(float(v[g])) for v in (ratios.share, ratios.target, ratios.ratio))
                yield DayRatio(day=str(day), group=label, share=share, due=due, ratio=ratio, n_lists=len(own.user))


def early_exposure(given: WindowLists, groups: Cohorts, browsing: str = ex.RBP) -> Iterator[EarlyExposure]:
    """What items that came in the window got in their first hours, a mean an item of each group."""
    weights = ex.browsing_weights(browsing, int(given.lists.shape[1]))
    each = ex.attention(given.lists, weights, int(given.available.shape[1])).tocoo()
    age = given.moments[given.moment[each.row]] - given.since[each.col]
    for hours in EARLY_HOURS:
        whole = (given.since >= given.moments[0]) & (given.since + hours * HOUR_S <= given.moments[-1])
        first = (age >= 0) & (age < hours * HOUR_S)
        got = np.bincount(each.col[first], weights=each.data[first], minlength=len(given.since))
        for g, label in enumerate(groups.labels):
            own = np.asarray(groups.membership[:, [g]].todense()).ravel() * whole
            n, amount = float(own.sum()), float(own @ got)
            yield EarlyExposure(
                group=label,
                hours=hours,
                n_items=round(n),
                attention=amount / n if n else None,
                never_shown=float(own @ (got == 0)) / n if n else None,
            )
