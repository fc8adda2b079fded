"""Where items lie on the graph: the strongest singular vectors of who has what, its smoothest signals."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import sparse

from core.adjacency import Adjacency
from core.graph import FloatArray

DENSE_BELOW: Final = 128


def coordinates(adjacency: Adjacency, most: int) -> FloatArray:
    """Items in the right singular vectors of D^-1/2 A D^-1/2, times their strengths, rows of length 1 or 0: float64
    [n_items, at most `most`]. Each vector's largest entry is positive; the start vector is fixed.
    """
    left, right = (np.maximum(degree, 1.0) ** -0.5 for degree in (adjacency.user_degree, adjacency.item_degree))
    matrix = sparse.csr_matrix(sparse.diags(left) @ adjacency.by_user @ sparse.diags(right))
    smallest = min(matrix.shape)
    if smallest <= DENSE_BELOW:
        _, strengths, vectors = np.linalg.svd(matrix.toarray(), full_matrices=False)
        strengths, vectors = strengths[:most], vectors[:most]
    else:
        from scipy.sparse.linalg import svds  # slow to import

        _, strengths, vectors = svds(matrix, k=most, v0=np.ones(smallest), solver="arpack")
        strengths, vectors = strengths[::-1], vectors[::-1]
    signs = np.sign(vectors[np.arange(len(vectors)), np.abs(vectors).argmax(axis=1)])
    places = vectors.T * (strengths * signs)
    length = np.linalg.norm(places, axis=1, keepdims=True)
    return np.asarray(places / np.where(length > 1e-9, length, 1.0))
