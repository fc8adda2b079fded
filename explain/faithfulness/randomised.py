"""Do the reasons change when the model is made meaningless? They must (Adebayo et al. 2018, "Sanity checks for saliency
maps").

A model whose score is more than its paths gets random vectors of the same spread; one that is nothing but its paths is
put on a rewired graph, in which every person and item has as many links as before but not the same ones.
"""

from __future__ import annotations

import numpy as np

from core.graph import Events, FloatArray, IntArray, InteractionGraph
from core.models.base import ModelState, Recommender
from explain.faithfulness.run import interval, questions
from explain.results.faithfulness import Interval

ROUNDS, DRAWS = 30, 2_000


def rank_correlation_with_random(
    graph: InteractionGraph, model: Recommender, *, n_users: int = 120, seed: int = 0
) -> Interval:
    """Mean Spearman correlation of our parts for a person's first item, real model against the meaningless one."""
    sample, _ = questions(graph, model, n_users, seed)
    fixed = np.array([q.user for q in sample])
    other = randomised(graph, model, seed, fixed)
    correlations = [spearman(model.parts(q.user, q.item).history, other.parts(q.user, q.item).history) for q in sample]
    draws = np.random.default_rng(seed).integers(len(correlations), size=(DRAWS, len(correlations)))
    return interval(np.array(correlations), draws)


def randomised(graph: InteractionGraph, model: Recommender, seed: int, fixed: IntArray) -> Recommender:
    """Random vectors where they carry the score, else the same parameters on a rewired graph; rows `fixed` keep
    their links.
    """
    state = model.state()
    rng = np.random.default_rng(seed)
    learnt = {name: a for name, a in state.arrays.items() if a.ndim == 2 and a.dtype.kind == "f"}
    if learnt and not model.spec.exact:
        drawn = {name: rng.normal(0.0, float(a.std()), a.shape).astype(a.dtype) for name, a in learnt.items()}
        return type(model).restore(graph, ModelState(state.parameters, state.arrays | drawn))
    return type(model).restore(rewired(graph, seed, fixed), state)


def rewired(graph: InteractionGraph, seed: int, fixed: IntArray) -> InteractionGraph:
    """The graph after many double-edge swaps: degrees of people and items stay exactly; weights, times and contexts
    stay with the person.

    fixed  people whose links are left alone. Several events of one pair are merged first, so that a link is one event.
    """
    rng = np.random.default_rng(seed)
    matrix = graph.interactions
    user = np.repeat(np.arange(graph.n_users, dtype=np.int64), np.diff(matrix.indptr))
    item = matrix.indices.astype(np.int64)
    free = np.flatnonzero(~np.isin(user, fixed))
    n_items = graph.n_items
    for _ in range(ROUNDS):
        pairs = rng.permutation(free)
        one, two = pairs[: len(pairs) // 2], pairs[len(pairs) // 2 : 2 * (len(pairs) // 2)]
        code = user * n_items + item
        first, second = user[one] * n_items + item[two], user[two] * n_items + item[one]
        new = np.stack([first, second], axis=1).ravel()
        _, at, counts = np.unique(new, return_inverse=True, return_counts=True)
        bad = (np.isin(new, code) | (counts[at] > 1)).reshape(-1, 2).any(axis=1)
        one, two = one[~bad], two[~bad]
        item[one], item[two] = item[two], item[one]
    n = len(user)
    none = np.zeros(n, dtype=np.int64)
    events = Events(
        user, item, none, matrix.data.astype(np.float64), none, none - 1, graph.events.kinds, graph.events.kind_weights
    )
    return graph.with_events(events)


def spearman(one: FloatArray, other: FloatArray) -> float:
    """Rank correlation, 0 where either is constant (ties get their mean rank)."""
    from scipy.stats import rankdata  # a second to import

    a, b = rankdata(one), rankdata(other)
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale else 0.0
