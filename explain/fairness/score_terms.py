"""Every candidate's score split by relation, for a batch of people at once: what attributions and weights are made of.

The terms are those of `Recommender.parts`, pushed forward for all items in the place of pulled back for one; that they
add up to `Recommender.score` is checked on every batch. Who is compared with whom, and why, is left to the callers.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import sparse

from core.errors import ContractError
from core.graph import Events, FloatArray, IntArray, InteractionGraph, sum_pairs
from core.models.base import Recommender

_CLOSE = 1e-7


def score_terms(model: Recommender, users: IntArray, keep: FloatArray | None = None) -> dict[str, FloatArray]:
    """`model.terms`, checked: with `keep` left out they add up to model.score(users). Raises ContractError if they do
    not.
    """
    terms = model.terms(users, keep)
    if keep is None:
        _check(model, users, terms)
    return terms


def sources_by_kind(graph: InteractionGraph) -> dict[str, sparse.csr_matrix]:
    """Kind of event → CSR [n_users, n_items]: its share of the weight of each person–item edge; shares of an edge sum
    to 1.
    """
    events, shape = graph.events, (graph.n_users, graph.n_items)
    whole = graph.interactions
    sources = {}
    for code, name in enumerate(events.kinds):
        own = events.take(events.kind == code)
        if len(own):
            sources[name] = _part_of(sum_pairs(own.user, own.item, own.weight, shape), whole)
    return sources


def sources_by_age(graph: InteractionGraph) -> dict[str, sparse.csr_matrix]:
    """ "recent" and "older": each person's items by their last event, the newer half (the odd one too) and the rest;
    CSR of ones.
    """
    rows, items, times = _last_times(graph.events)
    order = np.lexsort((items, -times, rows))
    rows, items = rows[order], items[order]
    counts = np.bincount(rows, minlength=graph.n_users)
    place = np.arange(len(rows)) - (np.cumsum(counts) - counts)[rows]
    recent = 2 * place < counts[rows]
    shape = (graph.n_users, graph.n_items)
    return {
        name: sparse.csr_matrix((np.ones(int(which.sum())), (rows[which], items[which])), shape=shape)
        for name, which in (("recent", recent), ("older", ~recent))
    }


def source_terms(
    model: Recommender, users: IntArray, sources: Mapping[str, sparse.csr_matrix]
) -> dict[str, FloatArray]:
    """The score of every item by history source, and the terms without a history by kind: float64 [B, n_items] each."""
    amounts: dict[str, FloatArray] = {}
    for name, share in sources.items():
        terms = score_terms(model, users, np.asarray(share[users].toarray()))
        carried = [v for key, v in terms.items() if key not in model.spec.constants]
        if carried:
            amounts[name] = np.sum(carried, axis=0)
        amounts |= {key: v for key, v in terms.items() if key in model.spec.constants}
    _check(model, users, amounts)
    return amounts


def _check(model: Recommender, users: IntArray, terms: Mapping[str, FloatArray]) -> None:
    whole = model.score(users)
    size = np.sum([np.abs(v) for v in terms.values()], axis=0)
    missed = np.abs(np.sum(list(terms.values()), axis=0) - whole)
    if (missed > _CLOSE * np.maximum(size, 1e-12)).any():
        raise ContractError(
            f"The terms of {model.spec.name} do not add up to its scores: fit it again.", method="terms"
        )


def _part_of(part: sparse.csr_matrix, whole: sparse.csr_matrix) -> sparse.csr_matrix:
    """part / whole, entry by entry, where part has one."""
    inverse = sparse.csr_matrix((1.0 / whole.data, whole.indices, whole.indptr), shape=whole.shape)
    return sparse.csr_matrix(part.multiply(inverse))


def _last_times(events: Events) -> tuple[IntArray, IntArray, IntArray]:
    """Person, item and time of the last event of every pair: int64 [n_pairs] each."""
    order = np.lexsort((events.time, events.item, events.user))
    user, item, time = events.user[order], events.item[order], events.time[order]
    last = np.r_[(np.diff(user) != 0) | (np.diff(item) != 0), True] if len(user) else np.zeros(0, dtype=bool)
    return user[last], item[last], time[last]
