"""Random graphs of any size whose degrees follow power laws, as those of real catalogues do. Nothing in them means
anything.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from core.graph import Events, FloatArray, IntArray, InteractionGraph, Nodes

EDGES_PER_USER, EDGES_PER_ITEM, ITEMS_PER_TOPIC, TOPICS_PER_ITEM = 40, 100, 100, 2
USER_EXPONENT, ITEM_EXPONENT = 0.4, 0.6


def power_law_graph(
    n_edges: int, rng: np.random.Generator, *, n_users: int | None = None, n_items: int | None = None
) -> InteractionGraph:
    """About n_edges distinct person–item edges (at least 97 %), people and items in proportion unless given, two topics
    an item.

    The expected degree of the node at place r falls as r^-USER_EXPONENT and r^-ITEM_EXPONENT: power laws with tails of
    exponent 1 + 1/.4 = 3.5 for people and 1 + 1/.6 = 2.7 for items.
    """
    n_users = max(2, n_edges // EDGES_PER_USER) if n_users is None else n_users
    n_items = max(2, n_edges // EDGES_PER_ITEM) if n_items is None else n_items
    wanted = min(n_edges, n_users * n_items // 2)
    pairs: IntArray = np.empty(0, dtype=np.int64)
    while len(pairs) < 0.97 * wanted:
        missing = wanted - len(pairs)
        user = _draw(n_users, USER_EXPONENT, missing, rng)
        item = _draw(n_items, ITEM_EXPONENT, missing, rng)
        pairs = np.union1d(pairs, user * n_items + item)
    user, item = np.divmod(rng.permutation(pairs), n_items)
    events = plain_events(user, item, np.arange(len(pairs), dtype=np.int64))
    topics = _topics(n_items, rng)
    groups = {"topic": _nodes("topic", topics.shape[1])}
    return InteractionGraph(
        "synthetic", "Synthetic", _nodes("user", n_users), _nodes("item", n_items), groups, events, {"topic": topics}
    )


def plain_events(user: IntArray, item: IntArray, time: IntArray) -> Events:
    """Events of one kind that all weigh 1, in no sitting."""
    n = len(user)
    return Events(
        user=user,
        item=item,
        kind=np.zeros(n, dtype=np.int64),
        weight=np.ones(n),
        time=time,
        context=np.full(n, -1, dtype=np.int64),
        kinds=("view",),
        kind_weights=(1.0,),
    )


def _draw(n_nodes: int, exponent: float, n: int, rng: np.random.Generator) -> IntArray:
    """n positions, each with probability in proportion to (place + 1)^-exponent."""
    weights: FloatArray = np.arange(1, n_nodes + 1, dtype=np.float64) ** -exponent
    cumulated = np.cumsum(weights)
    drawn: IntArray = np.searchsorted(cumulated, rng.random(n) * cumulated[-1], side="right").astype(np.int64)
    return np.minimum(drawn, n_nodes - 1)


def _topics(n_items: int, rng: np.random.Generator) -> sparse.csr_matrix:
    n_topics = max(TOPICS_PER_ITEM, n_items // ITEMS_PER_TOPIC)
    first = rng.integers(n_topics, size=n_items)
    second = (first + 1 + rng.integers(n_topics - 1, size=n_items)) % n_topics
    rows = np.tile(np.arange(n_items), TOPICS_PER_ITEM)
    columns = np.concatenate([first, second])
    return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(n_items, n_topics))


def _nodes(kind: str, n: int) -> Nodes:
    ids = np.array([f"{kind}-{position:08d}" for position in range(n)], dtype=object)
    return Nodes(kind, kind, ids, ids)
