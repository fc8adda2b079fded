"""A score as a polynomial in the scales of the graph's edges, degrees frozen: what edge attributions differentiate.

Scale 1 everywhere is the score; scale 0 everywhere is the score of the empty graph with the same degrees. The
polynomial is written over the same steps and start weights that scores and walks use. How it is attributed is left to
explain.explanation.edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy import sparse

from core.adjacency import Adjacency
from core.graph import FloatArray, IntArray
from core.propagation import Step, Walks

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class EdgeSet:
    """All edges between two kinds of node, in the order of the scales: source and target positions, int64 [n]."""

    source_kind: str
    target_kind: str
    source: IntArray
    target: IntArray

    def __len__(self) -> int:
        return len(self.source)

    @classmethod
    def of(cls, source_kind: str, target_kind: str, matrix: sparse.csr_matrix) -> EdgeSet:
        rows = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
        return cls(source_kind, target_kind, rows, matrix.indices.astype(np.int64))


class EdgeScore(Protocol):
    """sets: the edges, whose scales stand one after another; degree: of the polynomial; call: scales [1, n] → scores
    [1].
    """

    sets: tuple[EdgeSet, ...]
    degree: int

    def __call__(self, scales: Tensor) -> Tensor: ...


@dataclass(frozen=True, eq=False)
class Arriving:
    """The edges of a step that arrive at a target, whoever they come from: each adds coefficient × its weight."""

    step: Step
    target: int
    coefficient: float


class ChainEdges:
    """The score of a model that is a sum over chains: constants, plus every walk's product of edge weights, plus edges
    that arrive from everybody. Steps between the same kinds of node have the same edges, whatever these weigh.
    """

    def __init__(self, walks: Sequence[Walks], user: int, constant: float, arriving: Sequence[Arriving] = ()) -> None:
        self.walks, self.user, self.constant, self.arriving = walks, user, constant, arriving
        matrices: dict[tuple[str, str], sparse.csr_matrix] = {}
        for step in (*(step for w in walks for step in w.chain.steps), *(a.step for a in arriving)):
            matrices.setdefault(_kinds(step), step.matrix if _forward(step) else step.transpose)
        self.sets = tuple(EdgeSet.of(*kinds, matrix) for kinds, matrix in matrices.items())
        self._offset = dict(zip(matrices, np.cumsum([0, *map(len, self.sets)])[:-1].tolist(), strict=True))
        self._matrices = matrices
        self.degree = max((*(len(w.chain.steps) + 1 for w in walks), *(1 for _ in arriving)), default=0)
        self._steps: dict[int, tuple[Tensor, ...]] = {}

    def __call__(self, scales: Tensor) -> Tensor:
        import torch

        flat = scales.reshape(-1)
        total = torch.full((1,), self.constant, dtype=torch.float64)
        done: dict[tuple[int, ...], Tensor] = {}
        for w in self.walks:
            assert w.target is not None
            prefix: tuple[int, ...] = (id(w.start),)
            if prefix not in done:
                done[prefix] = self._enter(w, flat)
            for step in w.chain.steps:
                longer = (*prefix, id(step))
                if longer not in done:
                    done[longer] = self._pass(step, done[prefix], flat)
                prefix = longer
            total = total + w.chain.coefficient * done[prefix][w.target]
        for a in self.arriving:
            everybody = torch.ones(a.step.matrix.shape[0], dtype=torch.float64)
            total = total + a.coefficient * self._pass(a.step, everybody, flat)[a.target]
        return total

    def _enter(self, w: Walks, scales: Tensor) -> Tensor:
        """float64 [n_items]: the first hop, from the person to the items they have."""
        import torch

        kinds = ("user", "item")
        first = int(self._offset[kinds] + self._matrices[kinds].indptr[self.user])
        start = torch.from_numpy(w.start) * scales[first : first + len(w.items)]
        n_items = w.chain.steps[0].matrix.shape[0]
        return torch.zeros(n_items, dtype=torch.float64).index_add(0, torch.from_numpy(w.items), start)

    def _pass(self, step: Step, x: Tensor, scales: Tensor) -> Tensor:
        import torch

        source, target, weight, place = self._of(step)
        messages = weight * scales[place] * x[source]
        return torch.zeros(step.matrix.shape[1], dtype=torch.float64).index_add(0, target, messages)

    def _of(self, step: Step) -> tuple[Tensor, ...]:
        """Source, target, normalised weight and place among the scales of a step's edges."""
        import torch

        if id(step) not in self._steps:
            edges = EdgeSet.of(step.source_kind, step.target_kind, step.matrix)
            weight = step.left[edges.source] * step.matrix.data * step.right[edges.target]
            canonical = np.arange(len(edges), dtype=np.int64)
            if not _forward(step):
                numbered = sparse.csr_matrix(
                    (canonical, step.transpose.indices, step.transpose.indptr), step.transpose.shape
                )
                turned = numbered.T.tocsr()
                turned.sort_indices()
                canonical = turned.data
            place = self._offset[_kinds(step)] + canonical
            self._steps[id(step)] = tuple(torch.from_numpy(a) for a in (edges.source, edges.target, weight, place))
        return self._steps[id(step)]


class EmbeddingEdges:
    """The score of linear graph convolution over embeddings, <Σ_l α Â^l e_u, Σ_l α Â^l e_i> + constant: both ends pass
    the edges.

    half_user, half_item  degree^-1/2, frozen      e0  float64 [n_users + n_items, dim]
    """

    degree: int

    def __init__(
        self,
        adjacency: Adjacency,
        half_user: FloatArray,
        half_item: FloatArray,
        alpha: float,
        n_layers: int,
        e0: FloatArray,
        user: int,
        item: int,
        constant: float = 0.0,
    ) -> None:
        self.sets: tuple[EdgeSet, ...] = (EdgeSet.of("user", "item", adjacency.by_user),)
        edges = self.sets[0]
        self._weight = adjacency.by_user.data * half_user[edges.source] * half_item[edges.target]
        self.alpha, self.n_layers, self.e0, self.constant = alpha, n_layers, e0, constant
        self.user, self.item = user, item
        self.n_users, self.n_items = adjacency.by_user.shape
        self.degree = 2 * n_layers

    @cached_property
    def _tensors(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        import torch

        edges = self.sets[0]
        return tuple(torch.from_numpy(a) for a in (edges.source, edges.target, self._weight, self.e0))  # type: ignore[return-value]

    def __call__(self, scales: Tensor) -> Tensor:
        e0 = self._tensors[3]
        left = self._reach(scales.reshape(-1), self.user, from_user=True) @ e0
        right = self._reach(scales.reshape(-1), self.item, from_user=False) @ e0
        return (left * right).sum().reshape(1) + self.constant

    def inputs_times_slope(self) -> FloatArray:
        """Layer-0 vectors times the slope of the score in them, summed over dimensions: float64 [n_users + n_items]."""
        import torch

        ones = torch.ones(len(self.sets[0]), dtype=torch.float64)
        e0 = self._tensors[3]
        left, right = self._reach(ones, self.user, from_user=True), self._reach(ones, self.item, from_user=False)
        slope = left[:, None] * (right @ e0)[None] + right[:, None] * (left @ e0)[None]
        return np.asarray((slope * e0).sum(dim=1).numpy())

    def _reach(self, scales: Tensor, node: int, *, from_user: bool) -> Tensor:
        """Row of Σ_l α Â^l for one node, over all nodes: float64 [n_users + n_items]. Layers alternate between the two
        sides.
        """
        import torch

        people, items, weight, _ = self._tensors
        flow = weight * scales
        sizes = {True: self.n_users, False: self.n_items}
        sums = {side: torch.zeros(n, dtype=torch.float64) for side, n in sizes.items()}
        x = torch.zeros(sizes[from_user], dtype=torch.float64)
        x[node] = self.alpha
        side = from_user
        sums[side] = sums[side] + x
        for _ in range(self.n_layers):
            source, target = (people, items) if side else (items, people)
            side = not side
            x = torch.zeros(sizes[side], dtype=torch.float64).index_add(0, target, flow * x[source])
            sums[side] = sums[side] + x
        return torch.cat([sums[True], sums[False]])


def _forward(step: Step) -> bool:
    """Whether a step runs in the direction in which its edges are numbered: from people to items, from
    items to groups.
    """
    return step.source_kind == "user" or step.target_kind not in ("user", "item")


def _kinds(step: Step) -> tuple[str, str]:
    pair = (step.source_kind, step.target_kind)
    return pair if _forward(step) else (pair[1], pair[0])
