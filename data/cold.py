"""New items and new people: a tenth of them is made new, and comes back event by event.

What is chosen has enough events that the same ones can be measured from none up to the most that come back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.errors import OptionError
from core.graph import Events, FloatArray, IntArray, InteractionGraph

SHARE: Final = 0.1
KEPT: Final = (0, 1, 3, 10)
LEFT: Final = 3  # events that are measured on, at least, where the most come back


@dataclass(frozen=True, eq=False, kw_only=True)
class ColdItems:
    """train: the graph in which each new item has `kept` events; test: CSR [n_users, n_items], what people have of the
    new items beyond; items: int64, the new ones, ascending.
    """

    train: InteractionGraph
    test: sparse.csr_matrix
    items: IntArray
    kept: int


@dataclass(frozen=True, eq=False, kw_only=True)
class ColdPerson:
    """A new person's events in the order in which they come back: items and edge weights; and what they have, int64."""

    items: IntArray
    weights: FloatArray
    wanted: IntArray


def cold_items(graph: InteractionGraph, positives: tuple[str, ...], *, kept: int, seed: int) -> ColdItems:
    """A tenth of the items that have at least max(KEPT) + LEFT people, chosen by the seed alone. Raises OptionError
    where there is none.
    """
    people = np.diff(graph.interactions.tocsc().indptr)
    chosen = _tenth(np.flatnonzero(people >= max(KEPT) + LEFT), seed, graph.name, "items")
    events = graph.events
    order = _order(events, events.item, seed)
    returning = (order >= kept) & np.isin(events.item, chosen)
    train = graph.with_events(events.take(~returning))
    wanted = events.take(returning & _positive(events, positives))
    has = train.interactions
    test = sparse.csr_matrix((np.ones(len(wanted)), (wanted.user, wanted.item)), shape=has.shape)
    test.data[:] = 1.0
    test = sparse.csr_matrix(test - test.multiply(has > 0))
    test.eliminate_zeros()
    return ColdItems(train=train, test=test, items=chosen, kept=kept)


def cold_people(
    graph: InteractionGraph, positives: tuple[str, ...], *, seed: int
) -> tuple[InteractionGraph, tuple[ColdPerson, ...]]:
    """The graph without the events of a tenth of the people, and those people. Raises OptionError where there are
    none with enough items.
    """
    n_items = np.diff(graph.interactions.indptr)
    chosen = _tenth(np.flatnonzero(n_items >= max(KEPT) + LEFT), seed, graph.name, "people")
    events = graph.events
    own = np.isin(events.user, chosen)
    people = []
    rng = np.random.default_rng(seed)
    good = events.take(_positive(events, positives))
    wanted = sparse.csr_matrix((np.ones(len(good)), (good.user, good.item)), shape=graph.interactions.shape)
    for user in chosen.tolist():
        row = graph.interactions[user]
        order = rng.permutation(row.nnz)
        people.append(
            ColdPerson(
                items=row.indices[order].astype(np.int64),
                weights=row.data[order],
                wanted=np.unique(wanted[user].indices).astype(np.int64),
            )
        )
    return graph.with_events(events.take(~own)), tuple(people)


def _tenth(eligible: IntArray, seed: int, name: str, what: str) -> IntArray:
    if len(eligible) < 1 / SHARE:
        raise OptionError(
            f"Too few {what} of '{name}' have {max(KEPT) + LEFT} events or more to make a tenth of them new: "
            f"{len(eligible):,}. Add events."
        )
    n = int(SHARE * len(eligible))
    return np.sort(np.random.default_rng(seed).choice(eligible, n, replace=False)).astype(np.int64)


def _order(events: Events, node: IntArray, seed: int) -> IntArray:
    """Each event's place among those of its node, drawn by lot; all events of one person with it stay together."""
    pairs, pair = np.unique(np.column_stack([node, events.user]), axis=0, return_inverse=True)
    drawn = np.lexsort((np.random.default_rng(seed).random(len(pairs)), pairs[:, 0]))
    starts = np.concatenate([[0], np.flatnonzero(np.diff(pairs[drawn, 0])) + 1])
    sizes = np.diff(np.append(starts, len(drawn)))
    place = np.empty(len(pairs), dtype=np.int64)
    place[drawn] = np.arange(len(drawn)) - np.repeat(starts, sizes)
    return place[pair.ravel()]


def _positive(events: Events, positives: tuple[str, ...]) -> NDArray[np.bool_]:
    known = [events.kinds.index(name) for name in positives if name in events.kinds]
    return np.isin(events.kind, known)
