"""Groups of one side of a graph as soft membership, made of a column, of topics or creators, or through those.

Whatever is missing, empty or called "unknown" is a group of its own, never dropped and never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeVar

import numpy as np
import pandas as pd
from scipy import sparse

from core.graph import FloatArray, IntArray, Nodes
from core.texts import UNKNOWN
from explain.groups.bands import Coded, code_column, is_unknown

Side = Literal["item", "user"]
Rows = TypeVar("Rows", sparse.csr_matrix, FloatArray)
SIDES: tuple[Side, ...] = ("item", "user")


@dataclass(frozen=True, eq=False)
class Cohorts:
    """Groups of one side of the graph by one column.

    labels      names of the groups in their natural order; UNKNOWN comes last where anything is unknown
    membership  CSR float64 [n, groups], rows sum to 1; users and attribute columns have exactly one group each
    crossed     whether they are cells of several columns
    closed      int64, items that can be recommended to nobody now (not there yet, withdrawn): no part of the catalogue
    """

    by: str
    side: Side
    labels: tuple[str, ...]
    membership: sparse.csr_matrix
    crossed: bool = False
    closed: IntArray | None = None

    @cached_property
    def catalogue(self) -> sparse.csr_matrix:
        """CSR float64 [n that can be recommended, groups]: the membership of what is in the catalogue now."""
        return self.in_catalogue(self.membership)

    def in_catalogue(self, values: Rows) -> Rows:
        """Those rows of something [n, …] whose item can be recommended now."""
        if self.closed is None or not len(self.closed):
            return values
        open_items = np.ones(int(values.shape[0]), dtype=np.bool_)
        open_items[self.closed] = False
        return values[open_items]

    @property
    def unknown(self) -> int | None:
        """The column of what is not known; None where everything is known."""
        return len(self.labels) - 1 if self.labels and self.labels[-1] == UNKNOWN else None

    @cached_property
    def code(self) -> IntArray:
        """int64 [n]: the group of each, the one of largest share where there are several."""
        if (np.diff(self.membership.indptr) == 1).all():
            return self.membership.indices.astype(np.int64)
        return np.asarray(self.membership.argmax(axis=1), dtype=np.int64).ravel()

    @property
    def sizes(self) -> IntArray:
        """int64 [groups]: how many belong to a group, wholly or in part."""
        return np.bincount(self.membership.indices, minlength=len(self.labels)).astype(np.int64)


def from_column(by: str, side: Side, column: pd.Series) -> Cohorts:
    return one_hot(by, side, code_column(column))


def one_hot(by: str, side: Side, coded: Coded) -> Cohorts:
    labels, code = coded
    unknown = code < 0
    if unknown.any():
        labels = (*labels, UNKNOWN)
        code = np.where(unknown, len(labels) - 1, code)
    n = len(code)
    return Cohorts(by, side, labels, sparse.csr_matrix((np.ones(n), (np.arange(n), code)), shape=(n, len(labels))))


def from_membership(by: str, nodes: Nodes, matrix: sparse.csr_matrix) -> Cohorts:
    """Topics or creators: an item's edges share it in proportion to their weights; no edge, or one to "unknown", is
    unknown.
    """
    named = np.array([not is_unknown(label) for label in nodes.labels], dtype=np.bool_)
    return _shared_membership(by, _unique_labels(nodes, named), _by_row(matrix), named)


def through_groups(by: str, column: pd.Series, matrix: sparse.csr_matrix) -> Cohorts:
    """Items by an attribute of their topics or creators: the desk of an article's author."""
    labels, code = code_column(column)
    known = np.flatnonzero(code >= 0)
    lead = sparse.csr_matrix((np.ones(len(known)), (known, code[known])), shape=(len(code), len(labels)))
    return _shared_membership(
        by, labels, sparse.csr_matrix(_by_row(matrix) @ lead), np.ones(len(labels), dtype=np.bool_)
    )


def _shared_membership(by: str, labels: tuple[str, ...], share: sparse.csr_matrix, named: np.ndarray) -> Cohorts:
    """Membership of the named groups, and what is left of each item as the unknown column."""
    known = sparse.csr_matrix(share[:, np.flatnonzero(named)])
    rest = 1.0 - np.asarray(known.sum(axis=1), dtype=np.float64).ravel()
    rest[np.abs(rest) < 1e-12] = 0.0
    if not rest.any():
        return Cohorts(by, "item", labels, known)
    both = sparse.csr_matrix(sparse.hstack([known, sparse.csr_matrix(rest[:, None])]))
    return Cohorts(by, "item", (*labels, UNKNOWN), both)


def _by_row(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    total = np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()
    scale = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    return sparse.csr_matrix(sparse.diags(scale) @ matrix)


def _unique_labels(nodes: Nodes, named: np.ndarray) -> tuple[str, ...]:
    """Names of the groups that have one; two of the same name are told apart by their ids."""
    ids, labels = nodes.ids[named], [str(label) for label in nodes.labels[named]]
    return tuple(
        f"{label} ({raw})" if labels.count(label) > 1 else label for raw, label in zip(ids, labels, strict=True)
    )
