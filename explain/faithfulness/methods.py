"""Ways to say which history item mattered, each one function: ours, the usual floors, and leave-one-out as the ceiling.

A method gives one number a history item; the order of the numbers is what is judged. Ours are terms of the score; the
others are what tools without access to the terms offer. A new method is one more decorated function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from core.edge_score import EmbeddingEdges
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models.base import Recommender
from core.ranking import top_k
from core.threads import one_thread
from explain.counterfactual.changes import History, delete
from explain.results.faithfulness import OURS

N_NEXT: Final = 10
CEILING: Final = "leave-one-out"


@dataclass(frozen=True, eq=False)
class Question:
    """Why is this item first for this person? rng: for methods that draw."""

    graph: InteractionGraph
    model: Recommender
    user: int
    history: History
    item: int
    rng: np.random.Generator

    @cached_property
    def rivals(self) -> IntArray:
        """The next ten candidates after the item: int64 [<= 10]."""
        scores = self.model.score(np.array([self.user]))
        scores[0, self.history.items] = -np.inf
        scores[0, self.item] = -np.inf
        items, values = top_k(scores, min(N_NEXT, self.graph.n_items))
        return np.asarray(items[0][values[0] > -np.inf])


Method = Callable[[Question], FloatArray]
METHODS: dict[str, Method] = {}
MEANING: dict[str, str] = {}


def method(name: str, meaning: str) -> Callable[[Method], Method]:
    """Makes a method known under its name."""

    def known(function: Method) -> Method:
        METHODS[name], MEANING[name] = function, meaning
        return function

    return known


@method(OURS[0], "our parts: the terms of the score")
def exact(q: Question) -> FloatArray:
    return q.model.parts(q.user, q.item).history


@method(OURS[1], "our parts less those of the mean of the next ten items")
def contrastive(q: Question) -> FloatArray:
    others = [q.model.parts(q.user, int(r)).history for r in q.rivals]
    return exact(q) - (np.mean(others, axis=0) if others else 0.0)


@method(
    CEILING, "every history item deleted in turn and all scores computed again: the lead over the next ten that is lost"
)
def leave_one_out(q: Question) -> FloatArray:
    def lead(model: Recommender, user: int) -> float:
        scores = model.score(np.array([user]))[0]
        return float(scores[q.item] - (scores[q.rivals].mean() if len(q.rivals) else 0.0))

    whole = lead(q.model, q.user)
    return np.array([whole - lead(*delete(q.model, q.user, q.history, np.array([i]))) for i in q.history.items])


@method(
    "gradient × input",
    "slope of the score in the model's input at a history item, times that input (Shrikumar et al. 2017)",
)
def gradient_x_input(q: Question) -> FloatArray:
    """The input is the table of layer-0 vectors where there is one, else the weights of the person's history."""
    score_of = q.model.edge_score(q.user, q.item)
    if not isinstance(score_of, EmbeddingEdges):
        return gradient_x_edge(q)
    with one_thread():
        return score_of.inputs_times_slope()[score_of.n_users + q.history.items]


@method("gradient × edge", "slope of the score in all uses of the edge to a history item, times its weight")
def gradient_x_edge(q: Question) -> FloatArray:
    import torch

    score_of = q.model.edge_score(q.user, q.item)
    scales = torch.ones((1, sum(map(len, score_of.sets))), dtype=torch.float64, requires_grad=True)
    if not scales.numel() or not score_of.degree:
        return np.zeros(len(q.history.items))
    with one_thread():
        (slope,) = torch.autograd.grad(score_of(scales).sum(), scales)
    slopes, at = np.zeros(q.graph.n_items), 0
    for edges in score_of.sets:
        if edges.source_kind == "user":
            own = np.flatnonzero(edges.source == q.user)
            np.add.at(slopes, edges.target[own], slope[0].numpy()[at + own])
        at += len(edges)
    return slopes[q.history.items]


@method("cosine", "cosine of the two items' columns of people")
def cosine(q: Question) -> FloatArray:
    columns = q.graph.interactions.T.tocsr()
    both = np.asarray((columns[q.history.items] @ columns[q.item].T).todense()).ravel()
    norm = np.sqrt(np.asarray(columns.multiply(columns).sum(axis=1)).ravel())
    return np.asarray(both / np.maximum(norm[q.history.items] * norm[q.item], 1e-300))


@method("Jaccard", "people who had both, of those who had either")
def jaccard(q: Question) -> FloatArray:
    columns = q.graph.interactions.astype(bool).astype(np.float64).T.tocsr()
    both = np.asarray((columns[q.history.items] @ columns[q.item].T).todense()).ravel()
    size = np.diff(columns.indptr)
    return np.asarray(both / np.maximum(size[q.history.items] + size[q.item] - both, 1.0))


@method("popularity", "how many people have the history item")
def popularity(q: Question) -> FloatArray:
    counts = np.bincount(q.graph.interactions.indices, minlength=q.graph.n_items)
    return counts[q.history.items].astype(np.float64)


@method("random", "a random order")
def random_order(q: Question) -> FloatArray:
    return q.rng.random(len(q.history.items))
