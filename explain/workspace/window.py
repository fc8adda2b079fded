"""Everybody's lists at a grid of moments, each as it would have been served then."""

from __future__ import annotations

import numpy as np

from core.errors import OptionError
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models.base import Recommender
from core.progress import Progress, no_progress
from core.ranking import rank_all
from core.snapshots import Manifest
from explain.fairness.window import WindowLists
from explain.format.dates import minute_in_words
from explain.workspace.workspace import Workspace

MOST_MOMENTS, ACTIVE_S, SHORTEST_S = 2_000, 86_400, 60


def grid(graph: InteractionGraph, start: int, end: int, every: int) -> IntArray:
    """The moments of a window, int64 [t]. Raises OptionError for one that the data do not have."""
    if not graph.timed:
        raise OptionError("The events of these data have no times, so there is no window: audit the lists of now.")
    first, last = int(graph.events.time.min()), graph.now
    if not first < start < end or end > last:
        raise OptionError(
            f"The window must lie within the data, after {minute_in_words(first)} and up to {minute_in_words(last)}, "
            f"and begin before it ends; it goes from {minute_in_words(start)} to {minute_in_words(end)}."
        )
    if every < SHORTEST_S or (end - start) // every + 1 > MOST_MOMENTS:
        raise OptionError(
            f"A window of {(end - start) / 3600:.4g} hours every {every:,} seconds is too many moments: at most "
            f"{MOST_MOMENTS:,}, a minute apart at least."
        )
    return np.arange(start, end + 1, every, dtype=np.int64)


def window_lists(
    workspace: Workspace, manifest: Manifest, moments: IntArray, k: int, *, progress: Progress = no_progress
) -> WindowLists:
    """Lists of the people who were active in the day before each moment."""
    return lists_at(workspace.model(manifest), workspace.graph, moments, k, progress=progress)


def lists_at(
    model: Recommender, whole: InteractionGraph, moments: IntArray, k: int, *, progress: Progress = no_progress
) -> WindowLists:
    """The same from a model and the graph of all its events."""
    users, places, lists, available = [], [], [], []
    for n, moment in enumerate(moments.tolist()):
        graph = whole.at(moment)
        recent = graph.events.time >= moment - ACTIVE_S
        people = np.unique(graph.events.user[recent])
        then = np.ones(graph.n_items, dtype=bool)
        then[graph.closed] = False
        available.append(then)
        if len(people):
            lists.append(_lists_of(model.at(graph), graph, people, k))
            users.append(people)
            places.append(np.full(len(people), n, dtype=np.int64))
        progress((n + 1) / len(moments), f"listing: moment {n + 1} of {len(moments)}")
    none = np.empty(0, dtype=np.int64)
    return WindowLists(
        moments=moments,
        user=np.concatenate(users) if users else none,
        moment=np.concatenate(places) if places else none,
        lists=np.concatenate(lists) if lists else np.empty((0, k), dtype=np.int64),
        available=np.array(available, dtype=bool),
        since=whole.since,
    )


def _lists_of(model: Recommender, graph: InteractionGraph, people: IntArray, k: int) -> IntArray:
    def score(rows: IntArray) -> FloatArray:
        return model.score(people[rows])

    return rank_all(score, len(people), graph.interactions[people], k, closed=graph.closed)[0]
