"""When readers come and how long they stay: visits are planned before anything is read, and clocked after it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from data.simulation.views import (
    DAY_S,
    ORDINARY_DWELL_S,
    SLOT_S,
    SLOTS_PER_DAY,
    Calendar,
    FloatArray,
    IntArray,
    Views,
    is_personal,
)

SLOT_SHARES = (0.03, 0.17, 0.22, 0.19, 0.20, 0.19)
WEEKEND = 0.75
SUBSCRIBED_DAYS = 10.0
MAX_VIEWS_PER_DAY = 9.0
MIN_DWELL_S, MAX_DWELL_S = 6, 600


def plan_views(calendar: Calendar, n_views: IntArray, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """When each reader comes: visits of about three views, spread over the days of the reader's subscription.

    n_views  int64 [U], how many views each reader is to have
    Returns  (user, slot) int64 [sum of n_views]: one row a view; rows of the same reader and slot are one visit
    """
    n_users = len(n_views)
    n_visits = np.maximum(4, n_views // 3)
    visitor = np.repeat(np.arange(n_users), n_visits)
    until = np.r_[0.0, np.cumsum(_slot_shares(calendar))]
    first_slot, last_slot = _subscriptions(calendar, n_views, rng)
    low, high = until[first_slot], until[last_slot + 1]
    drawn = low[visitor] + rng.random(len(visitor)) * (high - low)[visitor]
    visit_slot = np.clip(np.searchsorted(until, drawn, side="right") - 1, first_slot[visitor], last_slot[visitor])
    user = np.repeat(np.arange(n_users), n_views)
    first_visit = np.cumsum(n_visits) - n_visits
    visit = first_visit[user] + (rng.random(len(user)) * n_visits[user]).astype(np.int64)
    return user, visit_slot[visit].astype(np.int64)


def _slot_shares(calendar: Calendar) -> FloatArray:
    days = (datetime.fromtimestamp(calendar.start + d * DAY_S, UTC) for d in range(calendar.n_days))
    week = np.array([WEEKEND if day.weekday() >= 5 else 1.0 for day in days])
    return np.outer(week, SLOT_SHARES).ravel()


def _subscriptions(calendar: Calendar, n_views: IntArray, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """First and last slot in which each reader comes: most stay for a week or two, heavy readers for longer."""
    days = np.maximum(SUBSCRIBED_DAYS * rng.lognormal(0.0, 0.5, len(n_views)), n_views / MAX_VIEWS_PER_DAY)
    days = np.clip(days, 5.0, calendar.n_days)
    begin = rng.random(len(n_views)) * calendar.n_days - days / 2
    first = np.clip(begin, 0, calendar.n_days - 2.5) * SLOTS_PER_DAY
    last = np.clip(begin + days, 2.5, calendar.n_days) * SLOTS_PER_DAY - 1
    return first.astype(np.int64), last.astype(np.int64)


def clock_views(
    calendar: Calendar, views: Views, words: IntArray, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """(dwell seconds, seconds UTC) of every view; the views of a visit follow one another inside its slot.

    words  int64 [I], length of the articles: longer ones and personal causes hold readers longer
    """
    n = len(views.user)
    interest = np.where(is_personal(views), 1.15, 0.75)
    length = np.sqrt(words[views.item] / 550.0)
    wished_s = ORDINARY_DWELL_S * interest * length * rng.lognormal(0.0, 0.6, n)
    dwell_s = np.clip(wished_s, MIN_DWELL_S, MAX_DWELL_S).astype(np.int64)
    visit = visit_numbers(views)
    order = np.argsort(visit, kind="stable")
    span = (dwell_s + rng.integers(20, 90, n))[order]
    before = np.cumsum(span) - span
    first = np.r_[True, np.diff(visit[order]) != 0]
    offset = np.empty(n, dtype=np.int64)
    offset[order] = before - np.maximum.accumulate(np.where(first, before, 0))
    duration = np.bincount(visit, weights=span[np.argsort(order)]).astype(np.int64)
    slack = np.maximum(SLOT_S - duration - 60, 1)
    begin = (rng.random(len(duration)) * slack).astype(np.int64)
    return dwell_s, calendar.start + views.slot * SLOT_S + begin[visit] + offset


def visit_numbers(views: Views) -> IntArray:
    """Number of the visit (one reader in one slot) of every view, in order of slot and reader."""
    keys = views.slot * (views.user.max() + 1) + views.user
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)
