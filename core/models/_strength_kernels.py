"""Sparse products with gradients for the values of edges, in float32: what learning strengths costs is these.

Scipy's product of a CSR matrix with a dense batch and torch's sampled product do the work: torch's autograd through
sparse tensors gives no gradient for single values.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from core.graph import IntArray


@dataclass(frozen=True, eq=False)
class Pattern:
    """Which edges there are, both ways: rows × columns as CSR, and for the transpose where each entry stands in it.

    indptr, indices  of the CSR matrix [n_rows, n_columns]
    """

    indptr: NDArray[Any]
    indices: NDArray[Any]
    shape: tuple[int, int]

    @classmethod
    def of(cls, matrix: sparse.csr_matrix) -> Pattern:
        return cls(matrix.indptr, matrix.indices, matrix.shape)

    @property
    def n_edges(self) -> int:
        return len(self.indices)

    @cached_property
    def turned(self) -> tuple[NDArray[Any], NDArray[Any], IntArray]:
        """Of the transpose: indptr, indices, and the place of each of its entries among this pattern's edges."""
        numbered = sparse.csr_matrix((np.arange(self.n_edges), self.indices, self.indptr), shape=self.shape)
        other = numbered.T.tocsr()
        other.sort_indices()
        return other.indptr, other.indices, other.data.astype(np.int64)

    def matrix(self, values: NDArray[Any]) -> sparse.csr_matrix:
        """CSR [n_rows, n_columns] with these values, [n_edges]."""
        return sparse.csr_matrix((values, self.indices, self.indptr), shape=self.shape)

    def transpose(self, values: NDArray[Any]) -> sparse.csr_matrix:
        """CSR [n_columns, n_rows] with the same values."""
        indptr, indices, places = self.turned
        return sparse.csr_matrix((values[places], indices, indptr), shape=self.shape[::-1])

    @cached_property
    def _zeros(self) -> torch.Tensor:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return torch.sparse_csr_tensor(
                torch.from_numpy(self.indptr.astype(np.int64)),
                torch.from_numpy(self.indices.astype(np.int64)),
                torch.zeros(self.n_edges),
                size=self.shape,
                check_invariants=False,
            )

    def products(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """<left[row], right[column]> of every edge: float32 [n_edges]; left [n_rows, k], right [n_columns, k]."""
        sampled: torch.Tensor = torch.sparse.sampled_addmm(self._zeros, left.contiguous(), right.T, beta=0.0)
        return sampled.values()


class _Spread(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, x: torch.Tensor, pattern: Pattern, turned: bool) -> torch.Tensor:
        v = values.detach().numpy()
        ctx.save_for_backward(values, x)
        ctx.pattern, ctx.turned = pattern, turned
        matrix = pattern.transpose(v) if turned else pattern.matrix(v)
        return torch.from_numpy(matrix @ x.detach().numpy())

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor | None, None, None]:
        values, x = ctx.saved_tensors
        pattern, turned, gradient = ctx.pattern, ctx.turned, gradients[0].contiguous()
        of_values = of_x = None
        if ctx.needs_input_grad[0]:
            of_values = pattern.products(*((x, gradient) if turned else (gradient, x)))
        if ctx.needs_input_grad[1]:
            v = values.detach().numpy()
            matrix = pattern.matrix(v) if turned else pattern.transpose(v)
            of_x = torch.from_numpy(matrix @ gradient.numpy())
        return of_values, of_x, None, None


class _Carry(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, matrix: sparse.csr_matrix, transpose: sparse.csr_matrix) -> torch.Tensor:
        ctx.transpose = transpose
        return torch.from_numpy(matrix @ x.detach().numpy())

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return torch.from_numpy(ctx.transpose @ gradients[0].contiguous().numpy()), None, None


class _Products(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, left: torch.Tensor, right: torch.Tensor, pattern: Pattern) -> torch.Tensor:
        ctx.save_for_backward(left, right)
        ctx.pattern = pattern
        return pattern.products(left.detach(), right.detach())

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        left, right = ctx.saved_tensors
        g = gradients[0].numpy()
        pattern = ctx.pattern
        return (
            torch.from_numpy(pattern.matrix(g) @ right.detach().numpy()),
            torch.from_numpy(pattern.transpose(g) @ left.detach().numpy()),
            None,
        )


_spread: Callable[..., torch.Tensor] = _Spread.apply
_carry: Callable[..., torch.Tensor] = _Carry.apply
_products: Callable[..., torch.Tensor] = _Products.apply


def spread(values: torch.Tensor, x: torch.Tensor, pattern: Pattern, *, turned: bool) -> torch.Tensor:
    """values · x along a pattern's edges: [n_columns, batch] → [n_rows, batch]; with `turned` the other way round."""
    return _spread(values, x, pattern, turned)


def carry(x: torch.Tensor, matrix: sparse.csr_matrix, transpose: sparse.csr_matrix) -> torch.Tensor:
    """matrix · x where edges learn nothing: [n_from, batch] → [n_to, batch]."""
    return _carry(x, matrix, transpose)


def products(left: torch.Tensor, right: torch.Tensor, pattern: Pattern) -> torch.Tensor:
    """`Pattern.products` with gradients for both sides."""
    return _products(left, right, pattern)
