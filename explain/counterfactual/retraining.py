"""The table in which one person's history is another one: what a model is learnt again from, and the last few that
were.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from core.errors import SnapshotError
from core.graph import Events, InteractionGraph
from core.models.base import Recommender, get_model
from core.snapshots import load, manifests, save
from explain.counterfactual.changes import History

MOST_KEPT = 4


def edited_graph(graph: InteractionGraph, user: int, history: History) -> InteractionGraph:
    """The graph with exactly this history for one person; its other events, people and items stay as they are.

    Events of kept items stay with their times and contexts, rescaled where the edge weighs otherwise; an added item
    gets one event just before the graph's moment, of the first kind, without a context.
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
    newest = max(0, graph.now - 1)
    n = len(added)
    return graph.with_events(
        Events(
            np.concatenate([left.user, np.full(n, user, dtype=left.user.dtype)]),
            np.concatenate([left.item, np.array(added, dtype=left.item.dtype)]),
            np.concatenate([left.kind, np.zeros(n, dtype=left.kind.dtype)]),
            np.concatenate([left.weight * factor, np.array([now[i] for i in added])]),
            np.concatenate([left.time, np.full(n, newest, dtype=left.time.dtype)]),
            np.concatenate([left.context, np.full(n, -1, dtype=left.context.dtype)]),
            events.kinds,
            events.kind_weights,
        )
    )


def keep_learnt(folder: Path, of: str, model: str, seed: int, learnt: Recommender) -> None:
    """Store a model that was learnt from an edited table; of the earlier ones the newest three stay. Raises
    SnapshotError.

    of  what identifies the table, with the attributes where the model reads them
    """
    save(folder, model=model, state=learnt.state(), fingerprint=of, seed=seed, seconds=0.0, metrics={})
    for old in manifests(folder)[MOST_KEPT:]:
        shutil.rmtree(folder / old.snapshot, ignore_errors=True)


def learnt_before(folder: Path, graph: InteractionGraph, of: str, model: str, seed: int) -> Recommender | None:
    """The model learnt from exactly this table with this seed, None where there is none that can be read."""
    for manifest in manifests(folder):
        if (manifest.model, manifest.seed, manifest.fingerprint) == (model, seed, of):
            try:
                return get_model(model).restore(graph, load(folder, manifest.snapshot)[1])
            except SnapshotError:
                return None
    return None
