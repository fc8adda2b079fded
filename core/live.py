"""A window of time in which graph, candidates and lists move on, every `refresh` seconds; each event is predicted with
what was known before.

Parameters stay as they were learnt before the window. An event counts if it is the first of its person and item and of
a kind that counts. An item that came and was had between two moments counts as missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.evaluation import Metric
from core.graph import FloatArray, IntArray, InteractionGraph
from core.intervals import DRAWS, percentile_interval, resampled_sums
from core.progress import Progress, no_progress
from core.ranking import NO_ITEM, ranks_of, top_k

HOUR_S, DAY_S = 3_600, 86_400
MISSED = 0  # the rank of an item that was no candidate, as core.ranking.ranks_of tells it


class Scores(Protocol):
    """A model as it stands at a moment."""

    def score(self, users: IntArray) -> FloatArray: ...


@dataclass(frozen=True, eq=False)
class LiveWindow:
    """graph      all events up to the window's end
    start      seconds UTC: the first moment; what lies before it was learnt from
    positives  positions of the event kinds that count
    refresh    seconds from one moment to the next
    """

    graph: InteractionGraph
    start: int
    positives: tuple[int, ...]
    refresh: int = HOUR_S

    def first_events(self) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """Who had what first in the window, when, and from which moment that is predicted: person, item, seconds UTC,
        number of the moment, int64 [n] each, by time.
        """
        e = self.graph.events
        order = np.lexsort((e.item, e.user, e.time))
        pair = e.user[order] * self.graph.n_items + e.item[order]
        _, first = np.unique(pair, return_index=True)
        rows = order[np.sort(first)]
        late = (e.time[rows] >= self.start) & np.isin(e.kind[rows], self.positives)
        rows = rows[late]
        return e.user[rows], e.item[rows], e.time[rows], (e.time[rows] - self.start) // self.refresh


@dataclass(frozen=True, eq=False)
class LiveRun:
    """What was listed in a window, and what was had.

    user, item, rank   int64 [n], one row an event: the item's place in the person's list of that moment, MISSED for
                       an item that was no candidate
    read_age           float64 [n], seconds from the item's beginning to the event
    new_user, new_item bool [n], whether nothing was known of the person, or of the item, at that moment
    lists              int64 [m, k], one row a person and moment with such an event, NO_ITEM where it ends early
    listed_age         float64 [m, k], seconds; NaN where there is no item or nothing tells its age
    listed_new         bool [m, k], whether nobody had the item yet
    """

    user: IntArray
    item: IntArray
    rank: IntArray
    read_age: FloatArray
    new_user: np.ndarray
    new_item: np.ndarray
    lists: IntArray
    listed_age: FloatArray
    listed_new: np.ndarray
    n_moments: int


def replay(
    window: LiveWindow,
    model_at: Callable[[InteractionGraph], Scores],
    k: int,
    *,
    most: int | None = None,
    progress: Progress = no_progress,
) -> LiveRun:
    """Everybody's list at every moment before somebody has something.

    model_at  the model as it stands on the graph of a moment, parameters as they were learnt
    most      so many moments at most, spread evenly; all where None
    """
    user, item, when, number = window.first_events()
    moments = np.unique(number)
    if most is not None and len(moments) > most:
        moments = moments[np.linspace(0, len(moments) - 1, most).astype(np.int64)]
        user, item, when, number = (column[np.isin(number, moments)] for column in (user, item, when, number))
    rank = np.zeros(len(user), dtype=np.int64)
    new_user, new_item = (np.zeros(len(user), dtype=bool) for _ in range(2))
    lists, ages, news = [], [], []
    for n, (moment, rows) in enumerate(_by_moment(number, moments)):
        graph = window.graph.at(window.start + moment * window.refresh)
        scores_of, known = model_at(graph), graph.interactions
        users, place = np.unique(user[rows], return_inverse=True)
        scores = scores_of.score(users)
        listed, _ = top_k(scores, min(k, graph.n_items), known[users], graph.closed)
        out = known[users].toarray() > 0
        out[:, graph.closed] = True
        rank[rows] = ranks_of(scores, place, item[rows], out)
        people = np.bincount(known.indices, minlength=graph.n_items)
        new_user[rows] = np.diff(known.indptr)[user[rows]] == 0
        new_item[rows] = people[item[rows]] == 0
        there = listed != NO_ITEM
        age = np.where(there, graph.now - graph.since[listed], np.nan)
        lists.append(listed)
        ages.append(np.where(np.isfinite(age), age, np.nan))
        news.append(there & (people[listed] == 0))
        progress((n + 1) / len(moments), f"replaying: moment {n + 1} of {len(moments)}")
    width = min(k, window.graph.n_items)
    return LiveRun(
        user=user,
        item=item,
        rank=rank,
        read_age=when - window.graph.since[item],
        new_user=new_user,
        new_item=new_item,
        lists=np.concatenate(lists) if lists else np.empty((0, width), dtype=np.int64),
        listed_age=np.concatenate(ages) if ages else np.empty((0, width)),
        listed_new=np.concatenate(news) if news else np.empty((0, width), dtype=bool),
        n_moments=len(moments),
    )


def _by_moment(number: IntArray, moments: IntArray) -> Iterator[tuple[int, slice]]:
    """Events stand by time, so those of one moment stand together."""
    ends = np.searchsorted(number, moments, side="right")
    for moment, start, end in zip(moments.tolist(), np.searchsorted(number, moments), ends, strict=True):
        yield moment, slice(int(start), int(end))


def hits_at(rank: IntArray, k: int) -> dict[str, FloatArray]:
    """What each event adds to Recall (the hit rate), NDCG and MRR at k: float64 [n] by name."""
    hit, place = (rank > MISSED) & (rank <= k), np.maximum(rank, 1)
    found = hit.astype(np.float64)
    return {
        f"recall@{k}": found,
        f"hit@{k}": found,
        f"ndcg@{k}": np.where(hit, 1.0 / np.log2(place + 1.0), 0.0),
        f"mrr@{k}": np.where(hit, 1.0 / place, 0.0),
    }


def live_metrics(
    run: LiveRun, cutoffs: Sequence[int], *, rows: np.ndarray | None = None, seed: int = 0, draws: int = DRAWS
) -> dict[str, Metric]:
    """Recall (an event's item is in the list: the hit rate), NDCG and MRR at each cutoff: per event by their
    names, per person as "recall@20 per person". 95 % intervals resample people; {} without an event.

    rows  bool [n]: the events that are measured
    """
    chosen = np.ones(len(run.user), dtype=bool) if rows is None else rows
    if not chosen.any():
        return {}
    rank, (_, person) = run.rank[chosen], np.unique(run.user[chosen], return_inverse=True)
    values: dict[str, FloatArray] = {}
    for k in cutoffs:
        values |= hits_at(rank, k)
    n = np.bincount(person).astype(np.float64)
    sums = np.column_stack([np.bincount(person, weights=v) for v in values.values()])
    table = np.column_stack([sums, sums / n[:, None], n, np.ones(len(n))])
    drawn = resampled_sums(table, draws, np.random.default_rng(seed))
    width = len(values)
    metrics = {}
    for suffix, first, total in (("", 0, -2), (" per person", width, -1)):
        means = drawn[:, first : first + width] / drawn[:, [total]]
        low, high = percentile_interval(means)
        value = table[:, first : first + width].sum(axis=0) / table[:, total].sum()
        for j, name in enumerate(values):
            metrics[name + suffix] = Metric(float(value[j]), float(low[j]), float(high[j]))
    return metrics
