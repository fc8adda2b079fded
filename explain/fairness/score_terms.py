"""Every candidate's score split by relation, for a batch of people at once: what attributions and weights are made of.

The terms are those of `Recommender.parts`, pushed forward for all items in the place of pulled back for one; that they add
up to `Recommender.score` is checked on every batch. Who is compared with whom, and why, is left to the callers.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from scipy import sparse

from core.errors import ModelError
from core.graph import Events, FloatArray, IntArray, InteractionGraph, sum_pairs
from core.models.base import Recommender
from core.models.content import CONTENT, ContentModel
from core.models.item_knn import KEY, ItemKnn
from core.models.lightgcn import LightGCN
from core.models.path import PathModel, histories
from core.propagation import Step, push_chains

CONSTANTS = ("memory", "base", CONTENT)
WHOLE = "score"
_CLOSE = 1e-7


def score_terms(model: Recommender, users: IntArray, keep: FloatArray | None = None) -> dict[str, FloatArray]:
    """The score of every item by relation, float64 [B, n_items] each; with `keep` left out they add up to model.score(users).

    users   int64 [B]
    keep    float64 [B, n_items] in 0..1: what part of each history item's first hop is kept (messages dropped, degrees frozen)
    Terms that no history item carries (memory, base, content) come under their kind and do not feel `keep`.
    Raises  ModelError if the terms miss the score, or the model is of a kind whose first hops cannot be told apart.
    """
    if isinstance(model, PathModel):
        terms = _path(model, users, keep)
    elif isinstance(model, LightGCN):
        terms = _embedding(model, users, keep)
    elif isinstance(model, ItemKnn):
        rows = model.adjacency.by_user[users]
        start = rows if keep is None else sparse.csr_matrix(rows.multiply(keep))
        terms = {KEY: np.asarray((start @ model.similarity.T).toarray())}
    elif not model.walks(int(users[0]), 0):
        terms = {"base": model.score(users)}
    elif keep is None:
        terms = {WHOLE: model.score(users)}
    else:
        raise ModelError(f"The scores of {model.spec.name} cannot be split by what people had before.")
    if keep is None:
        _check(model, users, terms)
    return terms


def sources_by_kind(graph: InteractionGraph) -> dict[str, sparse.csr_matrix]:
    """Kind of event → CSR [n_users, n_items]: its share of the weight of each person–item edge; shares of an edge sum to 1."""
    events, shape = graph.events, (graph.n_users, graph.n_items)
    whole = graph.interactions
    found = {}
    for code, name in enumerate(events.kinds):
        own = events.take(events.kind == code)
        if len(own):
            found[name] = _part_of(sum_pairs(own.user, own.item, own.weight, shape), whole)
    return found


def sources_by_age(graph: InteractionGraph) -> dict[str, sparse.csr_matrix]:
    """ "recent" and "older": each person's items by their last event, the newer half (the odd one too) and the rest; CSR of ones."""
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
    found: dict[str, FloatArray] = {}
    for name, share in sources.items():
        terms = score_terms(model, users, np.asarray(share[users].toarray()))
        carried = [v for key, v in terms.items() if key not in CONSTANTS]
        if carried:
            found[name] = np.sum(carried, axis=0)
        found |= {key: v for key, v in terms.items() if key in CONSTANTS}
    _check(model, users, found)
    return found


def _path(model: PathModel, users: IntArray, keep: FloatArray | None) -> dict[str, FloatArray]:
    x = histories(model.edges, users)
    if keep is not None:
        x = np.ascontiguousarray(x * keep.T)
    with torch.no_grad():
        pushed = push_chains(model.chains, torch.from_numpy(x))
    return {
        c.key: np.ascontiguousarray((c.coefficient * out.numpy()).T)
        for c, out in zip(model.chains, pushed, strict=True)
    }


def _embedding(model: LightGCN, users: IntArray, keep: FloatArray | None) -> dict[str, FloatArray]:
    """memory α <e_u, E_i>, and for each number of hops α start · Â^hops E0 · E_i, the walks that end in a latent jump."""
    n = model.adjacency.n_users
    start = sparse.diags(model.half_user[users]) @ model.adjacency.by_user[users] @ sparse.diags(model.half_item)
    if keep is not None:
        start = sparse.csr_matrix(start.multiply(keep))
    targets = model._layers[1]
    content = isinstance(model, ContentModel)
    terms: dict[str, FloatArray] = {}
    if isinstance(model, ContentModel):
        terms[CONTENT] = np.tile(model.bias, (len(users), 1))
    else:
        terms["memory"] = model.alpha * model.e0[users] @ targets.T
    for chain in model.chains:
        odd = len(chain.steps) % 2
        if content and odd:
            continue
        worth = model.e0[:n] if odd else model.e0[n:]
        for step in reversed(chain.steps):
            worth = _pull(step, worth)
        terms[chain.key] = np.asarray(chain.coefficient * (start @ worth) @ targets.T)
    return terms


def _pull(step: Step, x: FloatArray) -> FloatArray:
    """`Step.pull` of several terminals at once: float64 [n_to, dim] → [n_from, dim]."""
    return np.asarray(step.left[:, None] * (step.matrix @ (step.right[:, None] * x)))


def _check(model: Recommender, users: IntArray, terms: Mapping[str, FloatArray]) -> None:
    whole = model.score(users)
    size = np.sum([np.abs(v) for v in terms.values()], axis=0)
    missed = np.abs(np.sum(list(terms.values()), axis=0) - whole)
    if (missed > _CLOSE * np.maximum(size, 1e-12)).any():
        raise ModelError(f"The terms of {model.spec.name} do not add up to its scores: fit it again.")


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
