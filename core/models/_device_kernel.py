"""What one history item adds to every item's score over all walks of a path model, pruned and rounded for a device.

K[j, i] = Σ_chains coefficient · walks(j → i), so that score(u, i) = Σ_j start_uj · K[j, i] + what everybody gets. Of
each row the largest amounts are kept, as eight-bit integers times one scale a row (absolute maximum / 127), or in half
precision where eight bits change too many lists.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.graph import FloatArray, IntArray
from core.models._path_scores import push
from core.models.path import PathModel
from core.ranking import top_k

SIZES: Final = (50, 100, 200, 400, 800, 1_600)
MOST_ENTRIES, AT_ONCE, MOST_PEOPLE, K = 30_000_000, 256, 400, 20
ENOUGH: Final = 0.985  # of the first twenty that must stay; a margin over .98 for people who were not looked at


@dataclass(frozen=True, eq=False, kw_only=True)
class DeviceKernel:
    """neighbours  int32 [n_items, m]: which items a history item adds to, ascending
    amounts     int8 or float16 [n_items, m]      scale      float32 [n_items]: what a row's amounts are multiplied by
    everybody   float32 [n_items], what each item gets whoever asks        overlap  share of the first 20 that stayed
    """

    neighbours: NDArray[np.int32]
    amounts: NDArray[np.int8] | NDArray[np.float16]
    scale: NDArray[np.float32]
    everybody: NDArray[np.float32]
    overlap: float

    @cached_property
    def matrix(self) -> sparse.csr_matrix:
        """CSR float64 [n_items, n_items]; what was rounded to 0 is no entry."""
        n_items, width = self.neighbours.shape
        values = self.amounts.astype(np.float64) * self.scale.astype(np.float64)[:, None]
        rows = np.arange(0, n_items * width + 1, width)
        matrix = sparse.csr_matrix((values.ravel(), self.neighbours.ravel(), rows), shape=(n_items, n_items), copy=True)
        matrix.eliminate_zeros()
        return matrix


def smallest_kernel(model: PathModel) -> DeviceKernel:
    """The kernel of fewest bytes with which at least ENOUGH of the first 20 stay; the closest one where none does."""
    n_items = model.edges.adjacency.n_items
    limit = max(min(SIZES), MOST_ENTRIES // n_items)
    sizes = sorted({min(size, n_items) for size in (*SIZES, n_items) if size <= limit})
    order, values = _largest(model, sizes[-1])
    people = _people(model)
    rows, had = model.histories(people).T, model.edges.adjacency.by_user[people]
    wanted = top_k(model.score(people), K, had)[0]
    everybody = np.zeros(n_items) if model.trend is None else model.trend
    best: DeviceKernel | None = None
    position = 2 if n_items <= np.iinfo(np.uint16).max else 4
    choices = [(size, numbers) for numbers in (np.int8, np.float16) for size in sizes]
    for size, numbers in sorted(choices, key=lambda c: c[0] * (position + np.dtype(c[1]).itemsize)):
        kernel = _rounded(order[:, :size], values[:, :size], everybody, numbers)
        listed = top_k(np.asarray(rows @ kernel.matrix + everybody), K, had)[0]
        kernel = replace(kernel, overlap=_overlap(listed, wanted))
        if best is None or kernel.overlap > best.overlap:
            best = kernel
        if best.overlap >= ENOUGH:
            break
    assert best is not None
    return best


def _largest(model: PathModel, width: int) -> tuple[IntArray, FloatArray]:
    """Each row's largest amounts, largest first: positions int64 and values float64, [n_items, width]."""
    n_items = model.edges.adjacency.n_items
    order, values = np.empty((n_items, width), dtype=np.int64), np.empty((n_items, width))
    for items in np.array_split(np.arange(n_items), n_items // AT_ONCE + 1):
        one_hot = np.zeros((n_items, len(items)))
        one_hot[items, np.arange(len(items))] = 1.0
        row = _summed(model, one_hot)
        largest = np.argsort(-np.abs(row), axis=1, kind="stable")[:, :width]
        order[items], values[items] = largest, np.take_along_axis(row, largest, axis=1)
    return order, values


def _summed(model: PathModel, x: FloatArray) -> FloatArray:
    """float64 [B, n_items]: all chains of the model for columns of first hops."""
    pushed = push(model.chains, x)
    return np.asarray(sum(chain.coefficient * out for chain, out in zip(model.chains, pushed, strict=True))).T


def _rounded(order: IntArray, values: FloatArray, everybody: FloatArray, numbers: type) -> DeviceKernel:
    ascending = np.argsort(order, axis=1)
    neighbours, amounts = (np.take_along_axis(a, ascending, axis=1) for a in (order, values))
    largest = np.abs(amounts).max(axis=1)
    scale = np.where(largest > 0, largest / (127 if numbers is np.int8 else 1), 1.0).astype(np.float32)
    scaled = np.asarray(amounts / scale.astype(np.float64)[:, None])
    return DeviceKernel(
        neighbours=neighbours.astype(np.int32),
        amounts=np.rint(scaled).astype(np.int8) if numbers is np.int8 else scaled.astype(np.float16),
        scale=scale,
        everybody=everybody.astype(np.float32),
        overlap=0.0,
    )


def _people(model: PathModel) -> IntArray:
    people = np.flatnonzero(np.diff(model.edges.adjacency.by_user.indptr))
    if len(people) > MOST_PEOPLE:
        people = people[np.linspace(0, len(people) - 1, MOST_PEOPLE).astype(np.int64)]
    return people


def _overlap(lists: IntArray, wanted: IntArray) -> float:
    """Mean share of each person's list that the other one has too; 1 where there is nobody."""
    shares = [len(np.intersect1d(one, other)) / len(other) for one, other in zip(lists, wanted, strict=True)]
    return float(np.mean(shares)) if shares else 1.0
