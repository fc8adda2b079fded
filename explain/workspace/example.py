"""A person and an item worth looking at first: a known title high in the list, with a history small enough to read."""

from __future__ import annotations

import numpy as np

from core.models.base import Recommender
from explain.explanation.explain import ScoredPair
from explain.explanation.sentences import sentence
from explain.results.lists import Example
from explain.workspace.workspace import Workspace

FAMOUS = "Fargo"
N_TRIED, N_RANKS = 200, 3


def find_example(workspace: Workspace, model: Recommender) -> Example:
    """Among people with 15 to 60 items, the one whose top three hold the famous title, else the strongest single
    reason.
    """
    graph, names = workspace.graph, workspace.names
    sizes = np.diff(graph.interactions.indptr)
    users = np.flatnonzero((sizes >= 15) & (sizes <= 60))
    if not len(users):
        users = np.flatnonzero(sizes > 0)
    best: tuple[float, int, int, int] | None = None
    for user in users[np.linspace(0, len(users) - 1, min(N_TRIED, len(users))).astype(np.int64)]:
        for listed in workspace.ranked(model, int(user), min(N_RANKS, graph.n_items), reasons=False):
            item = graph.items.index(listed.item)
            parts = model.parts(int(user), item)
            strongest = float(parts.history.max(initial=0.0)) / max(abs(listed.score), 1e-12)
            value = strongest + 10.0 * names.item(item).startswith(FAMOUS)
            if best is None or value > best[0]:
                best = (value, int(user), item, listed.rank)
    assert best is not None, "a fitted graph has at least one person with a history"
    _, user, item, rank = best
    pair = ScoredPair.of(model, names, user, item)
    text = sentence(
        names,
        pair.parts,
        user,
        item,
        pair.score,
        pair.state,
        rank,
        words=pair.constant_words,
        ages=pair.ages,
    )
    return Example(names.user_id(user), names.user(user), str(graph.items.ids[item]), names.item(item), text)
