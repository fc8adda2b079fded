"""Strengths in large catalogues: the same walks, from histories as sparse as they are to a sample of the items.

A batch's first hop goes along the edges of its own history items alone, and its last hop to the sampled items alone, so
that a step costs what its edges cost, not people × catalogue. The softmax over all items is estimated from the sample:
every item is in it with a probability π_i that grows with the root of its number of people, and stands for 1 / π_i of
its kind (Horvitz & Thompson 1952; sampled softmax, Jean et al. 2015); what is held back is always in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from core.graph import FloatArray, IntArray
from core.models._strength_kernels import Pattern, carry, spread
from core.models._strength_net import BACKWARD, FORWARD, Histories, Hop, Route, Stage, StrengthNet
from core.models._strengths import ENTERING

Positions = NDArray[np.integer]
Strength = Mapping[tuple[str, str], torch.Tensor]


@dataclass(frozen=True, eq=False)
class Sample:
    """Items that a batch is asked about.

    items    int64 [s], ascending            places  int64 [n_items], where each item stands in it; -1 for the others
    weights  float32 [s, 1], how many items each stands for
    pattern  the edges to these items, rows them, columns people; edges  int64, their places among the stage's edges
    """

    items: IntArray
    places: IntArray
    weights: torch.Tensor
    pattern: Pattern
    edges: torch.Tensor


def drawn_items(stage: Stage, needed: IntArray, size: int, rng: np.random.Generator) -> Sample:
    """About `size` items of the catalogue and all of `needed`, each with the weight that makes sums over all items
    right on average.
    """
    indptr, indices, places = stage.pattern.turned
    degree = np.diff(indptr).astype(np.float64)
    chance = _chances(degree, size)
    chance[needed] = 1.0
    items = np.flatnonzero(rng.random(len(degree)) < chance)
    rows = sparse.csr_matrix((places, indices, indptr), shape=stage.pattern.shape[::-1])[items]
    of_item = np.full(len(degree), -1, dtype=np.int64)
    of_item[items] = np.arange(len(items))
    return Sample(
        items=items,
        places=of_item,
        weights=torch.from_numpy((1.0 / chance[items]).astype(np.float32))[:, None],
        pattern=Pattern.of(rows),
        edges=torch.from_numpy(rows.data.astype(np.int64)),
    )


def _chances(degree: FloatArray, size: int) -> FloatArray:
    """In proportion to the root of the degree (1 for an item that nobody has), at most 1, `size` in sum."""
    root = np.sqrt(np.maximum(degree, 1.0))
    if size >= len(root):
        return np.ones(len(root))
    low, high = 0.0, size / root.min()
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.minimum(1.0, middle * root).sum() < size else (low, middle)
    return np.asarray(np.minimum(1.0, high * root))


def scores(net: StrengthNet, stage: Stage, people: Histories, sample: Sample) -> dict[str, torch.Tensor]:
    """Scores of the sampled items by relation, float32 [s, B], signed: the rows of `net(stage, people)`."""
    strengths = net.strengths_on(stage.pattern, stage.level)
    return {route.key: _along(net, route, stage, people, strengths, sample) for route in stage.routes}


def _along(
    net: StrengthNet, route: Route, stage: Stage, people: Histories, strengths: Strength, sample: Sample
) -> torch.Tensor:
    worth = route.coefficient * torch.exp(net.weight[route.key])
    x = _first(net, route, stage, people, strengths)
    for n, hop in enumerate(route.hops[1:-1], start=1):
        x = x * hop.left
        if hop.weights is None:
            assert hop.fixed is not None
            x = carry(x, *hop.fixed)
        else:
            x = spread(hop.weights * strengths[hop.kinds], x, stage.pattern, turned=hop.kinds == FORWARD)
        x = x * (hop.right * net.gate(route.key, n + 1))
        if hop.kinds[1] in people.barred:
            x = x.index_put(people.barred[hop.kinds[1]], torch.tensor(0.0))
    hop, gate = route.hops[-1], net.gate(route.key, len(route.hops))
    right = (hop.right * gate)[sample.items] * worth
    if hop.weights is None:
        assert hop.fixed is not None
        arriving = sparse.csr_matrix(hop.fixed[0][sample.items])
        return carry(x * hop.left, arriving, arriving.T.tocsr()) * right
    own = torch.from_numpy(np.repeat(np.arange(len(sample.items)), np.diff(sample.pattern.indptr)))
    values = (hop.weights * strengths[FORWARD])[sample.edges] * right[own, 0]
    return spread(values * hop.left[sample.pattern.indices.astype(np.int64), 0], x, sample.pattern, turned=False)


def _first(net: StrengthNet, route: Route, stage: Stage, people: Histories, strengths: Strength) -> torch.Tensor:
    """The first hop, float32 [n_nodes, B], along the edges of the batch's own history items."""
    hop = route.hops[0]
    indptr, indices, values = _leaving(hop, stage, strengths)
    items, columns = people.items.numpy(), people.columns.numpy()
    counts = np.diff(indptr)[items]
    entry = np.repeat(np.arange(len(items)), counts)
    edge = np.arange(len(entry)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(indptr[items], counts)
    node, column = indices[edge].astype(np.int64), columns[entry]
    flat = node * people.n_columns + column
    if hop.kinds[1] in people.barred:
        nodes, theirs = people.barred[hop.kinds[1]]
        kept = ~np.isin(flat, nodes.numpy() * people.n_columns + theirs.numpy())
        entry, edge, node, flat = entry[kept], edge[kept], node[kept], flat[kept]
    start = people.start * torch.exp(net.values[ENTERING])[people.level]
    start = start * (net.gate(route.key, 0) * hop.left)[people.items, 0]
    right = (hop.right * net.gate(route.key, 1))[:, 0]
    amounts = values[torch.from_numpy(edge)] * start[torch.from_numpy(entry)] * right[torch.from_numpy(node)]
    n_nodes = len(hop.right)
    return torch.zeros(n_nodes * people.n_columns).index_add(0, torch.from_numpy(flat), amounts).view(n_nodes, -1)


def _leaving(
    hop: Hop, stage: Stage, strengths: Strength
) -> tuple[NDArray[np.integer], NDArray[np.integer], torch.Tensor]:
    """The edges of a hop by the item that they leave: indptr, indices and values."""
    if hop.weights is None:
        assert hop.fixed is not None
        by_item = hop.fixed[1]
        return by_item.indptr, by_item.indices, torch.from_numpy(by_item.data)
    indptr, indices, places = stage.pattern.turned
    return indptr, indices, (hop.weights * strengths[BACKWARD])[torch.from_numpy(places)]
