"""Message passing along typed relations, and the walks that it sums: one definition for scores and for their reasons.

A `Step` is one hop with its normalisation; a `Chain` is a row of steps with a signed coefficient: a meta-path. Scores
push all people's histories forward through the steps; explanations pull one item's terminal weight backward through the
same steps. There is no second place where an edge weight is written down, so what is drawn is a term of the score.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.adjacency import matrix_row
from core.graph import FloatArray, IntArray
from core.words import MINUS, chain_words

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Step:
    """One hop along a relation: the edge a → b weighs left[a] · matrix[a, b] · right[b].

    matrix     CSR float64 [n_from, n_to], entries > 0        transpose  the same as CSR [n_to, n_from]
    left       float64 [n_from] ≥ 0, normalisation            right      float64 [n_to] ≥ 0
    relation   what the hop is called: "also read by"
    """

    matrix: sparse.csr_matrix
    transpose: sparse.csr_matrix
    left: FloatArray
    right: FloatArray
    relation: str
    source_kind: str
    target_kind: str

    def pull(self, terminal: FloatArray) -> FloatArray:
        """Backward: what each source node passes on to the terminal. float64 [n_to] → [n_from]."""
        few = self._arriving(terminal)
        if few is not None:
            return np.asarray(self.left * np.bincount(few[0], weights=few[1], minlength=self.matrix.shape[0]))
        return np.asarray(self.left * (self.matrix @ (self.right * terminal)))

    def pull_one(self, node: int, weight: float) -> FloatArray:
        """`pull` of a terminal that sits on one node alone."""
        sources, values = matrix_row(self.transpose, node)
        out = np.zeros(self.matrix.shape[0])
        out[sources] = self.left[sources] * values * (self.right[node] * weight)
        return out

    def pull_max(self, terminal: FloatArray) -> FloatArray:
        """Like `pull` with the best continuation of a terminal ≥ 0 instead of the sum: float64 [n_from]."""
        few = self._arriving(terminal)
        if few is not None:
            best = np.zeros(self.matrix.shape[0])
            np.maximum.at(best, few[0], few[1])
            return np.asarray(best * self.left)
        indptr = self.matrix.indptr
        out = np.zeros(self.matrix.shape[0])
        filled = np.flatnonzero(np.diff(indptr))
        if len(filled):
            values = self.matrix.data * (self.right * terminal)[self.matrix.indices]
            out[filled] = np.maximum.reduceat(values, indptr[filled]) * self.left[filled]
        return out

    def pull_rows(self, terminal: FloatArray, rows: RowEntries, *, best: bool = False) -> FloatArray:
        """`pull` or `pull_max` at these source nodes alone, 0 elsewhere: float64 [n_from]."""
        data, indices, starts, filled = rows.of(self.matrix)
        out = np.zeros(self.matrix.shape[0])
        if len(filled):
            values = data * (self.right * terminal)[indices]
            joined = (np.maximum if best else np.add).reduceat(values, starts)
            out[filled] = self.left[filled] * joined
        return out

    def _arriving(self, terminal: FloatArray) -> tuple[IntArray, FloatArray] | None:
        """(source node, value) of every edge into a terminal that sits on few nodes; None where the full product is
        cheaper.
        """
        nodes = np.flatnonzero(terminal)
        indptr = self.transpose.indptr
        if 8 * int((indptr[nodes + 1] - indptr[nodes]).sum()) > self.matrix.nnz:
            return None
        places, sizes = _places(indptr, nodes)
        return self.transpose.indices[places].astype(np.int64), self.transpose.data[places] * np.repeat(
            (self.right * terminal)[nodes], sizes
        )

    def count(self, n_walks: IntArray) -> IntArray:
        """Number of walks from each source node, as an exact integer product: int64 [n_to] → [n_from]."""
        live = (self.right > 0) * n_walks
        return np.where(self.left > 0, self._pattern @ live, 0)

    @cached_property
    def _pattern(self) -> sparse.csr_matrix:
        ones = np.ones(self.matrix.nnz, dtype=np.int64)
        return sparse.csr_matrix((ones, self.matrix.indices, self.matrix.indptr), shape=self.matrix.shape)

    def edges_from(self, node: int) -> tuple[IntArray, FloatArray]:
        """Target nodes and normalised edge weights of one source node."""
        targets, values = matrix_row(self.matrix, node)
        return targets, self.left[node] * values * self.right[targets]

    @cached_property
    def _forward(self) -> tuple[Tensor, Tensor, Tensor]:
        import torch

        t = self.transpose
        return as_torch_csr(t), torch.from_numpy(self.left)[:, None], torch.from_numpy(self.right)[:, None]

    def push(self, x: Tensor) -> Tensor:
        """Forward: one round of message passing. [n_from, batch] → [n_to, batch], in the precision of x."""
        adjacency, left, right = (part.to(x.dtype) for part in self._forward)
        return right * (adjacency @ (left * x))


@dataclass(frozen=True, eq=False)
class Chain:
    """A meta-path: every walk person → history item → … along `steps`, weighted by a signed coefficient.

    key          the relation's name in JSON: "co_consumption_3"
    coefficient  what a walk's product of edge weights is multiplied by; its sign says for or against
    words        what it is called, a template (core.words); empty: what stands in its middle says so
    """

    key: str
    coefficient: float
    steps: tuple[Step, ...]
    words: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kind of each layer's nodes, from the one that a history item leads to on."""
        return tuple(step.target_kind for step in self.steps)


@dataclass(frozen=True, eq=False)
class Walks:
    """All walks of one chain between a person and an item, ready to be summed, counted or listed.

    items     int64 [h] history items        start   float64 [h] ≥ 0, weight of the first hop, person → history item
    target    the item's position where the walks end on it; None where they end with a jump
    terminal  float64 [n_last] signed: what a walk that has reached a node is worth (the embedding product of the jump)
    entries   of the rows `items`, shared by the chains of one question that begin with the same links
    """

    chain: Chain
    items: IntArray
    start: FloatArray
    target: int | None = None
    terminal: FloatArray | None = None
    entries: RowEntries | None = None

    @property
    def jump(self) -> bool:
        return self.target is None

    @property
    def middle(self) -> tuple[str, ...]:
        """The kinds of node between a history item and the item, in order; all that a walk reaches before it jumps."""
        return self.chain.kinds if self.jump else self.chain.kinds[:-1]

    @property
    def words(self) -> str:
        """What these walks are called, a template; of those that speak against the item it begins with "minus"."""
        own, against = self.chain.words, self.chain.coefficient < 0
        if not own:
            return chain_words(self.chain.kinds, jump=self.jump, against=against)
        return MINUS + own.removeprefix(MINUS) if against else own

    def terminals(self) -> tuple[tuple[float, FloatArray | None], ...]:
        """(sign, non-negative terminal) pairs whose signed sum is the terminal; None stands for the one-hot target."""
        if self.terminal is None:
            return ((1.0, None),)
        return ((1.0, np.maximum(self.terminal, 0.0)), (-1.0, np.maximum(-self.terminal, 0.0)))

    def pulls(self, terminal: FloatArray | None, *, best: bool = False, own: bool = False) -> list[FloatArray]:
        """Suffix sums (or maxima) by layer: [l][node] = sum over the walks from `node` in layer l to the end.

        own  layer 0 is needed at the person's own items alone, and 0 elsewhere
        """
        steps = list(self.chain.steps)
        if terminal is None:
            assert self.target is not None
            last = np.zeros(steps[-1].matrix.shape[1])
            last[self.target] = 1.0
            layers = [last, steps.pop().pull_one(self.target, 1.0)]
        else:
            layers = [terminal]
        entries = self.entries if self.entries is not None else RowEntries(self.items)
        for n, step in reversed(list(enumerate(steps))):  # a chain may take the same step twice
            if own and n == 0:
                layers.append(step.pull_rows(layers[-1], entries, best=best))
            else:
                layers.append(step.pull_max(layers[-1]) if best else step.pull(layers[-1]))
        return layers[::-1]

    def counts(self, terminal: FloatArray | None) -> list[IntArray]:
        """Number of walks by layer, exact integers, in the form of `pulls`."""
        if terminal is None:
            last = np.zeros(self.chain.steps[-1].matrix.shape[1], dtype=np.int64)
            last[self.target] = 1
        else:
            last = (terminal > 0).astype(np.int64)
        layers = [last]
        for step in reversed(self.chain.steps):
            layers.append(step.count(layers[-1]))
        return layers[::-1]

    def by_history(self, terminal: FloatArray | None = None) -> FloatArray:
        """Signed amount of the score that enters through each history item: float64 [h].

        terminal  one of `terminals()`; None takes the walks' own.
        """
        if not len(self.items):
            return np.zeros(0)
        pulled = self.pulls(self.terminal if terminal is None else terminal, own=True)[0]
        return np.asarray(self.chain.coefficient * self.start * pulled[self.items])


def push_chains(chains: Sequence[Chain], x: Tensor) -> list[Tensor]:
    """Every chain's scores for a batch of histories, without coefficients; shared first steps are computed once.

    x  [n_items, batch], a column a person.  Returns [n_items, batch] per chain in the precision of x: float64 wherever
       scores are served; the search for parameters may do with float32.
    """
    done: dict[tuple[int, ...], Tensor] = {(): x}
    results = []
    for chain in chains:
        prefix: tuple[int, ...] = ()
        for step in chain.steps:
            longer = (*prefix, id(step))
            if longer not in done:
                done[longer] = step.push(done[prefix])
            prefix = longer
        results.append(done[prefix])
    return results


def as_torch_csr(matrix: sparse.csr_matrix) -> Tensor:
    """The matrix as a torch CSR tensor that shares its values."""
    import torch

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta state")
        return torch.sparse_csr_tensor(
            torch.from_numpy(matrix.indptr.astype(np.int64)),
            torch.from_numpy(matrix.indices.astype(np.int64)),
            torch.from_numpy(matrix.data),
            size=matrix.shape,
            check_invariants=False,
        )


_Entries = tuple[FloatArray, NDArray[Any], IntArray, IntArray]


class RowEntries:
    """The entries of some rows of matrices, each matrix gathered once. It lives as long as one
    question, and no longer.
    """

    def __init__(self, rows: IntArray) -> None:
        self.rows = rows
        self._found: dict[int, tuple[sparse.csr_matrix, _Entries]] = {}

    def of(self, matrix: sparse.csr_matrix) -> _Entries:
        """Data and column of every entry of these rows, where each row that has any starts, and those rows."""
        known = self._found.get(id(matrix))  # the matrix is held here, so that its id stays its own
        if known is None:
            places, sizes = _places(matrix.indptr, self.rows)
            filled = sizes > 0
            entries = (
                matrix.data[places],
                matrix.indices[places],
                (np.cumsum(sizes) - sizes)[filled],
                self.rows[filled],
            )
            known = self._found[id(matrix)] = (matrix, entries)
        return known[1]


def _places(indptr: NDArray[Any], rows: IntArray) -> tuple[IntArray, IntArray]:
    """Where the entries of these CSR rows stand, row after row, and how many each has: int64."""
    sizes = (indptr[rows + 1] - indptr[rows]).astype(np.int64)
    before = np.cumsum(sizes) - sizes
    return np.repeat(indptr[rows] - before, sizes) + np.arange(int(sizes.sum())), sizes
