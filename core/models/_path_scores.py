"""What the path model's parts come to for many people at once: first hops, pushed histories, the trend, scales."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.adjacency import merged_row
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models._path_chains import TREND, PathEdges, PathParameters, chains, edge_weights, trend_step
from core.propagation import Chain, Step, push_chains

MAX_SCALE_USERS = 2_000
SCALE_BATCH_CELLS = 2**19  # nodes × people pushed at once: what a processor's cache holds


def edges_of(graph: InteractionGraph, parameters: PathParameters) -> PathEdges:
    """The edges of a graph as the model with these parameters walks on them."""
    exponent, mean = parameters.weight_exponent, parameters.weight_mean
    return PathEdges.of(graph, exponent, mean, contexts=parameters.walks_contexts)


def built(graph: InteractionGraph, parameters: PathParameters) -> tuple[PathEdges, PathParameters]:
    """The edges of a graph, and the parameters with its mean weight and, unless moments matter, its scales: those of
    parameters with half-lives are of the moments on which the weights were picked.
    """
    parameters = replace(parameters, weight_mean=float(graph.interactions.data.mean()))
    edges = edges_of(graph, parameters)
    return edges, parameters if parameters.timed else with_scales(edges, parameters)


def push(active: tuple[Chain, ...], x: FloatArray) -> list[FloatArray]:
    """Every chain's scores, without coefficients: float64 [n_items, B] each."""
    import torch

    with torch.no_grad():
        return [pushed.numpy() for pushed in push_chains(active, torch.from_numpy(x))]


def first_hops(edges: PathEdges, parameters: PathParameters, user: int) -> tuple[IntArray, FloatArray]:
    """A person's items, ascending, and the weights of the hops to them, float64 [h]."""
    items, start = edges.decayed(parameters.history_life).row(user)
    return items, start * len(items) ** -parameters.person if len(items) else start


def histories(edges: PathEdges, parameters: PathParameters, users: IntArray) -> FloatArray:
    """float64 [n_items, B]: a column a person, the weights of the hops to what they have."""
    rows = edges.decayed(parameters.history_life).by_user[users]
    x = np.ascontiguousarray(rows.toarray().T)
    if parameters.person:
        x *= np.maximum(np.diff(rows.indptr), 1) ** -parameters.person
    return x


def folded(
    edges: PathEdges, parameters: PathParameters, items: IntArray, weights: FloatArray, user: int | None
) -> tuple[PathEdges, int]:
    """The edges after `user` (None: a new person) has exactly this history, and the person's position."""
    items, weights = merged_row(items, weights)
    return edges.with_history(user, items, edge_weights(weights, parameters.weight_exponent, parameters.weight_mean))


def trend(step: Step | None, parameters: PathParameters) -> FloatArray | None:
    """float64 [n_items]: what each item gets through everybody who reads it now."""
    if step is None:
        return None
    return np.asarray(trend_coefficient(parameters) * step.right * (step.transpose @ step.left))


def trend_coefficient(parameters: PathParameters) -> float:
    """What the last hop's weights are multiplied by."""
    relation = parameters.relations[TREND]
    return relation.weight / relation.scale


def with_scales(edges: PathEdges, parameters: PathParameters) -> PathParameters:
    """The parameters with each chain's scale set to the standard deviation of its scores over people and items.

    Above MAX_SCALE_USERS people, the measured ones are spread evenly over the order of their degrees.
    """
    degree = edges.adjacency.user_degree
    users = np.lexsort((np.arange(len(degree)), degree))
    users = users[degree[users] > 0]
    if len(users) > MAX_SCALE_USERS:
        users = users[np.linspace(0, len(users) - 1, MAX_SCALE_USERS).astype(np.int64)]
    bare = replace(parameters, relations={k: replace(r, scale=1.0) for k, r in parameters.relations.items()})
    active = chains(edges, bare)
    moments = np.zeros((len(active), 2))
    width = int(np.clip(SCALE_BATCH_CELLS // max(edges.adjacency.by_user.shape), 8, 256))
    for batch in np.array_split(users, max(1, len(users) // width)):
        for row, pushed in zip(moments, push(active, histories(edges, parameters, batch)), strict=True):
            row += pushed.sum(), np.square(pushed).sum()
    n = max(1, len(users) * edges.adjacency.n_items)
    for chain, (total, squares) in zip(active, moments, strict=True):
        parameters = parameters.with_relation(chain.key, scale=_deviation(total, squares, n))
    now = trend(trend_step(edges, bare), bare)
    if now is not None:
        parameters = parameters.with_relation(TREND, scale=_deviation(now.sum(), np.square(now).sum(), len(now)))
    return parameters


def _deviation(total: float, squares: float, n: int) -> float:
    """Standard deviation of n numbers; 1 where all are alike, but for rounding."""
    deviation = float(np.sqrt(max(squares / n - (total / n) ** 2, 0.0)))
    return 1.0 if deviation <= 1e-6 * np.sqrt(squares / n) else deviation
