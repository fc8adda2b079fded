"""Who consumed what, as a sparse matrix and its transpose, and the same matrices after one person's history changed.

An edited adjacency equals, entry for entry and in the same order, one that is built from the edited table: that is why
folding a history in gives the scores of a fresh build to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from core.graph import FloatArray, IntArray, sum_pairs


@dataclass(frozen=True, eq=False)
class Adjacency:
    """by_user CSR float64 [n_users, n_items], by_item its transpose as CSR [n_items, n_users]; both with sorted
    indices.
    """

    by_user: sparse.csr_matrix
    by_item: sparse.csr_matrix

    @classmethod
    def from_matrix(cls, matrix: sparse.csr_matrix) -> Adjacency:
        by_user = sparse.csr_matrix(matrix, dtype=np.float64)
        by_user.sort_indices()
        by_item = by_user.T.tocsr()
        by_item.sort_indices()
        return cls(by_user, by_item)

    @classmethod
    def binary(cls, matrix: sparse.csr_matrix) -> Adjacency:
        """Who has what, every edge 1."""
        return cls.from_matrix(
            sparse.csr_matrix((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)
        )

    @property
    def n_users(self) -> int:
        return int(self.by_user.shape[0])

    @property
    def n_items(self) -> int:
        return int(self.by_user.shape[1])

    @cached_property
    def user_degree(self) -> FloatArray:
        """float64 [n_users], sum of a person's edge weights."""
        return row_sums(self.by_user)

    @cached_property
    def item_degree(self) -> FloatArray:
        """float64 [n_items], sum of an item's edge weights."""
        return row_sums(self.by_item)

    def row(self, user: int) -> tuple[IntArray, FloatArray]:
        """A person's items (ascending positions) and edge weights."""
        return matrix_row(self.by_user, user)

    def with_row(self, user: int | None, items: IntArray, weights: FloatArray) -> tuple[Adjacency, int]:
        """The adjacency in which `user` has exactly this history; None appends a person. Returns it and the row's
        position.
        """
        items, weights = merged_row(items, weights)
        position = self.n_users if user is None else user
        by_user = replace_row(self.by_user, position, items, weights)
        old = np.empty(0, dtype=np.int64) if user is None else self.row(user)[0]
        by_item = _replace_column(self.by_item, position, old, items, weights, by_user.shape[0])
        return Adjacency(by_user, by_item), position

    def having(self, user: int | None, items: IntArray) -> tuple[Adjacency, int]:
        """`with_row` where every edge is 1, however often an item is named."""
        kept = np.unique(items)
        return self.with_row(user, kept, np.ones(len(kept)))


def row_sums(matrix: sparse.csr_matrix) -> FloatArray:
    """float64 [n_rows]; summed row by row, so that a row's sum depends on nothing but the row."""
    return np.asarray(matrix @ np.ones(matrix.shape[1]), dtype=np.float64)


def matrix_row(matrix: sparse.csr_matrix, row: int) -> tuple[IntArray, FloatArray]:
    """Column positions and values of one row."""
    lo, hi = matrix.indptr[row], matrix.indptr[row + 1]
    return matrix.indices[lo:hi].astype(np.int64), matrix.data[lo:hi]


def without_entries(matrix: sparse.csr_matrix, rows: IntArray, columns: IntArray) -> sparse.csr_matrix:
    """The matrix (CSR, sorted indices) without these entries; those that it does not have are passed over."""
    places = []
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        start, end = matrix.indptr[row], matrix.indptr[row + 1]
        place = start + int(np.searchsorted(matrix.indices[start:end], column))
        if place < end and matrix.indices[place] == column:
            places.append(place)
    gone = np.unique(np.array(places, dtype=np.int64))
    indptr = matrix.indptr - np.searchsorted(gone, matrix.indptr)
    left = np.delete(matrix.data, gone), np.delete(matrix.indices, gone), indptr.astype(matrix.indptr.dtype)
    return sparse.csr_matrix(left, shape=matrix.shape)


def merged_row(items: IntArray, weights: FloatArray) -> tuple[IntArray, FloatArray]:
    """A history with each item once, ascending; the weights of repeated items are summed as a table's would be."""
    items, weights = np.asarray(items, dtype=np.int64), np.asarray(weights, dtype=np.float64)
    width = int(items.max()) + 1 if len(items) else 1
    row = sum_pairs(np.zeros(len(items), dtype=np.int64), items, weights, (1, width))
    return row.indices.astype(np.int64), row.data


def replace_row(matrix: sparse.csr_matrix, row: int, columns: IntArray, values: FloatArray) -> sparse.csr_matrix:
    """The matrix with exactly these entries (columns ascending) in one row; a row past the end is appended."""
    n_rows = max(matrix.shape[0], row + 1)
    lo = matrix.indptr[min(row, matrix.shape[0])]
    hi = matrix.indptr[row + 1] if row < matrix.shape[0] else lo
    indices = np.concatenate([matrix.indices[:lo], columns.astype(matrix.indices.dtype), matrix.indices[hi:]])
    data = np.concatenate([matrix.data[:lo], values, matrix.data[hi:]])
    indptr = np.empty(n_rows + 1, dtype=matrix.indptr.dtype)
    indptr[: row + 1] = matrix.indptr[: row + 1]
    tail = matrix.indptr[row + 1 :] if row < matrix.shape[0] else matrix.indptr[-1:]
    indptr[row + 1 :] = tail - hi + lo + len(columns)
    return sparse.csr_matrix((data, indices, indptr), shape=(n_rows, matrix.shape[1]))


def _replace_column(
    matrix: sparse.csr_matrix, column: int, old_rows: IntArray, rows: IntArray, values: FloatArray, n_columns: int
) -> sparse.csr_matrix:
    keep = np.ones(matrix.nnz, dtype=bool)
    counts = np.diff(matrix.indptr)
    for row in old_rows:
        lo, hi = matrix.indptr[row], matrix.indptr[row + 1]
        keep[lo + np.searchsorted(matrix.indices[lo:hi], column)] = False
    indices, data = matrix.indices[keep], matrix.data[keep]
    counts[old_rows] -= 1
    indptr = np.concatenate([[0], np.cumsum(counts)])
    places = [indptr[row] + np.searchsorted(indices[indptr[row] : indptr[row + 1]], column) for row in rows]
    indices = np.insert(indices, places, column)
    data = np.insert(data, places, values)
    counts[rows] += 1
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(matrix.indptr.dtype)
    return sparse.csr_matrix((data, indices, indptr), shape=(matrix.shape[0], n_columns))
