"""The table in which one person's history is another one: what a model is learnt again from."""

from __future__ import annotations

import numpy as np

from core.graph import Events, InteractionGraph
from explain.counterfactual import History


def edited_graph(graph: InteractionGraph, user: int, history: History) -> InteractionGraph:
    """The graph with exactly this history for one person; its other events, people and items stay as they are.

    Events of kept items stay with their times and contexts, rescaled where the edge weighs otherwise; an added item gets
    one event at the time of the person's newest one, of the first kind, without a context.
    """
    events = graph.events
    old = graph.interactions[user]
    had = dict(zip(old.indices.tolist(), old.data.tolist(), strict=True))
    now = dict(zip(history.items.tolist(), history.weights.tolist(), strict=True))
    mine = events.user == user
    keep = ~mine | np.isin(events.item, history.items)
    left = events.take(keep)
    own = left.user == user
    factor = np.ones(len(left))
    factor[own] = [now[i] / had[i] for i in left.item[own].tolist()]
    added = [i for i in now if i not in had]
    newest = int(events.time[mine].max()) if mine.any() else int(events.time.max()) if len(events) else 0
    n = len(added)
    return graph.with_events(
        Events(
            np.concatenate([left.user, np.full(n, user, dtype=left.user.dtype)]),
            np.concatenate([left.item, np.array(added, dtype=left.item.dtype)]),
            np.concatenate([left.kind, np.zeros(n, dtype=left.kind.dtype)]),
            np.concatenate([left.weight * factor, np.array([now[i] for i in added])]),
            np.concatenate([left.time, np.full(n, newest, dtype=left.time.dtype)]),
            np.concatenate([left.context, np.full(n, -1, dtype=left.context.dtype)]),
            events.kinds, events.kind_weights,
        )
    )  # fmt: skip
