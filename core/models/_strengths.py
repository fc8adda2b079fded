"""What the strengths model learns, and how the path model's steps carry it: factors on observed edges and on nodes.

A walk u - j - v - i of the path model weighs the product of its edges; here each edge has a learnt strength beside its
weight, each node of the walk a learnt gate. All factors are above 0, none belongs to the person who is served: edges
that were not there when the strengths were learnt count as they are, so that new people, edited histories and deletions
need no learning, and a score stays a sum over walks of observed edges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.adjacency import Adjacency, replace_row
from core.graph import FloatArray, IntArray
from core.propagation import Chain, Step

ENTERING, ARRIVING, LEAVING = range(3)  # what a value counts as: on the person's own edge, on j → v, on v → i
MAX_LEVELS, GATE = 8, "gate "


@dataclass(frozen=True, eq=False)
class Strengths:
    """The learnt numbers, all > 0; 1 is "counts as it is".

    pairs     CSR [n_users, n_items]: the edges that they were learnt on
    arriving  float64 [n_pairs], of the hop from a history item to people, in the order of `pairs`
    leaving   float64 [n_pairs], of the hop from people to a recommended item
    bounds    float64 [n_levels - 1], ascending: the weights at which the next level of an edge's value begins
    values    float64 [3, n_levels]: how much an edge of each level counts on entering, arriving and leaving
    gates     float64 [n_nodes] by "relation/layer"; layer 0 are history items, the last one recommended items
    """

    pairs: sparse.csr_matrix
    arriving: FloatArray
    leaving: FloatArray
    bounds: FloatArray
    values: FloatArray
    gates: Mapping[str, FloatArray] = field(default_factory=dict)

    @classmethod
    def none(cls, shape: tuple[int, int]) -> Strengths:
        """Nothing learnt: every factor 1."""
        nothing = np.empty(0)
        return cls(sparse.csr_matrix(shape), nothing, nothing, nothing, np.ones((3, 1)))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], n_items: int) -> Strengths:
        """What `arrays` gave. Raises KeyError where one is missing."""
        shape = (len(arrays["indptr"]) - 1, n_items)
        pairs = (np.ones(len(arrays["indices"])), arrays["indices"], arrays["indptr"])
        gates = {name.removeprefix(GATE): gate for name, gate in arrays.items() if name.startswith(GATE)}
        arriving, leaving, bounds, values = (arrays[name] for name in ("arriving", "leaving", "bounds", "values"))
        return cls(sparse.csr_matrix(pairs, shape=shape), arriving, leaving, bounds, values, gates)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """For `from_arrays`."""
        own: dict[str, NDArray[Any]] = {
            "indptr": self.pairs.indptr,
            "indices": self.pairs.indices,
            "arriving": self.arriving,
            "leaving": self.leaving,
            "bounds": self.bounds,
            "values": self.values,
        }
        return own | {GATE + name: gate for name, gate in self.gates.items()}

    def level(self, weights: FloatArray) -> IntArray:
        """int64: the level of each edge weight."""
        return np.searchsorted(self.bounds, weights, side="right").astype(np.int64)

    @cached_property
    def _keys(self) -> IntArray:
        people = np.repeat(np.arange(self.pairs.shape[0], dtype=np.int64), np.diff(self.pairs.indptr))
        return people * self.pairs.shape[1] + self.pairs.indices

    def places(self, people: IntArray, items: IntArray) -> IntArray:
        """int64: where these edges stand among `pairs`, -1 for those that were not there."""
        if not len(self._keys):
            return np.full(len(items), -1, dtype=np.int64)
        keys = people * self.pairs.shape[1] + items
        place = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[place] == keys, place, -1)


def levels_of(weights: FloatArray) -> FloatArray:
    """Bounds of at most MAX_LEVELS levels of edge weights: between the distinct ones, or between quantiles of many."""
    distinct = np.unique(weights)
    if len(distinct) > MAX_LEVELS:
        distinct = np.unique(np.quantile(weights, np.arange(MAX_LEVELS) / MAX_LEVELS, method="nearest"))
    return np.asarray((distinct[1:] + distinct[:-1]) / 2)


@dataclass(frozen=True, eq=False)
class Factors:
    """The strengths as they lie on the edges of a graph, in the form and order of its adjacency.

    weights  CSR [n_users, n_items], the edges' weights as stated
    """

    strengths: Strengths
    weights: sparse.csr_matrix
    arriving: Adjacency
    leaving: Adjacency

    @classmethod
    def on(cls, strengths: Strengths, weights: sparse.csr_matrix) -> Factors:
        """weights: the graph's edges and their weights, CSR [n_users, n_items] with sorted indices."""
        people = np.repeat(np.arange(weights.shape[0], dtype=np.int64), np.diff(weights.indptr))
        arriving, leaving = _factors(strengths, people, weights.indices.astype(np.int64), weights.data)
        return cls(strengths, weights, *(Adjacency.from_matrix(_with(weights, row)) for row in (arriving, leaving)))

    def entering(self, users: IntArray) -> sparse.csr_matrix:
        """CSR [B, n_items]: how much each item of these people's histories counts by its value."""
        rows = self.weights[users]
        return _with(rows, self.strengths.values[ENTERING][self.strengths.level(rows.data)])

    def with_history(self, user: int | None, items: IntArray, weights: FloatArray) -> Factors:
        """The factors after `user` (None: a new person) has exactly this history, items ascending."""
        person = self.arriving.n_users if user is None else user
        arriving, leaving = _factors(self.strengths, np.full(len(items), person, dtype=np.int64), items, weights)
        return replace(
            self,
            weights=replace_row(self.weights, person, items, weights),
            arriving=self.arriving.with_row(user, items, arriving)[0],
            leaving=self.leaving.with_row(user, items, leaving)[0],
        )

    def carried(self, chains: tuple[Chain, ...]) -> tuple[Chain, ...]:
        """The same meta-paths with the strengths on their edges and the gates on their nodes."""
        done: dict[int, tuple[sparse.csr_matrix, sparse.csr_matrix]] = {}
        return tuple(
            replace(chain, steps=tuple(self._step(chain.key, n, step, done) for n, step in enumerate(chain.steps)))
            for chain in chains
        )

    def _step(self, key: str, n: int, step: Step, done: dict[int, tuple[sparse.csr_matrix, sparse.csr_matrix]]) -> Step:
        if id(step.matrix) not in done:
            done[id(step.matrix)] = self._matrices(step)
        matrix, transpose = done[id(step.matrix)]
        gates = self.strengths.gates
        first, last = gates.get(f"{key}/0") if n == 0 else None, gates.get(f"{key}/{n + 1}")
        return replace(
            step,
            matrix=matrix,
            transpose=transpose,
            left=step.left if first is None else step.left * first,
            right=step.right if last is None else step.right * _long(last, len(step.right)),
        )

    def _matrices(self, step: Step) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
        kinds = (step.source_kind, step.target_kind)
        if kinds == ("item", "user"):
            return _times(step.matrix, self.arriving.by_item), _times(step.transpose, self.arriving.by_user)
        if kinds == ("user", "item"):
            return _times(step.matrix, self.leaving.by_user), _times(step.transpose, self.leaving.by_item)
        return step.matrix, step.transpose


def _factors(
    strengths: Strengths, people: IntArray, items: IntArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Of these edges: on arriving, on leaving."""
    known, level = people < strengths.pairs.shape[0], strengths.level(weights)
    place = np.full(len(items), -1, dtype=np.int64)
    place[known] = strengths.places(people[known], items[known])
    arriving, leaving = strengths.values[ARRIVING][level], strengths.values[LEAVING][level]
    arriving[place >= 0] *= strengths.arriving[place[place >= 0]]
    leaving[place >= 0] *= strengths.leaving[place[place >= 0]]
    return arriving, leaving


def _with(matrix: sparse.csr_matrix, values: FloatArray) -> sparse.csr_matrix:
    return sparse.csr_matrix((values, matrix.indices, matrix.indptr), shape=matrix.shape)


def _times(matrix: sparse.csr_matrix, factor: sparse.csr_matrix) -> sparse.csr_matrix:
    return _with(matrix, matrix.data * factor.data)


def _long(gate: FloatArray, n: int) -> FloatArray:
    """A gate for people who have come since: 1."""
    return gate if len(gate) >= n else np.concatenate([gate, np.ones(n - len(gate))])
