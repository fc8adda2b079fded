"""An outside mark for the accuracy table: EASE (Steck 2019), a linear item-to-item model in closed form.

    B = I - P diag(P)^-1,   P = (XᵀX + λI)^-1,   score = x_u B

It is no model of the product: its learnt item-to-item edges are no edges of the graph.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from core.evaluation import accuracy
from core.graph import FloatArray, IntArray
from core.models.base import Holdout
from core.ranking import rank_all

LAMBDAS = (250.0, 300.0, 350.0, 400.0, 450.0, 500.0)


def item_weights(interactions: sparse.csr_matrix, ridge: float) -> FloatArray:
    """B, float64 [n_items, n_items] with a diagonal of 0, on who has what (0/1)."""
    gram = (_binary(interactions).T @ _binary(interactions)).toarray()
    inverse = np.linalg.inv(gram + ridge * np.eye(len(gram)))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return np.asarray(weights)


def lists(interactions: sparse.csr_matrix, ridge: float, k: int) -> IntArray:
    """Everybody's best k: int64 [n_users, k]."""
    weights, has = item_weights(interactions, ridge), _binary(interactions)
    return rank_all(lambda users: np.asarray(has[users] @ weights), has.shape[0], interactions, k)[0]


def best_lambda(holdout: Holdout, k: int = 20) -> float:
    """The λ of the best mean of Recall and NDCG on a validation cut."""
    users = np.flatnonzero(np.diff(holdout.test.indptr) > 0)

    def value(ridge: float) -> float:
        metrics = accuracy(lists(holdout.train.interactions, ridge, k)[users], holdout.test[users], k)
        return float(metrics[f"recall@{k}"].mean() + metrics[f"ndcg@{k}"].mean())

    return max(LAMBDAS, key=value)


def _binary(interactions: sparse.csr_matrix) -> sparse.csr_matrix:
    ones = np.ones(interactions.nnz)
    return sparse.csr_matrix((ones, interactions.indices, interactions.indptr), shape=interactions.shape)
