"""Trains LightGCN's embeddings: sampled softmax on cosines, full-graph propagation per batch, early stopping on a cut.

Epochs are counted on `holdout` (stop after PATIENCE epochs without a better validation), then the model is trained that
long on all of the graph. Softmax over the batch's positives and shared uniform negatives: Wu et al. 2022 (SSM/BSL).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import torch
from scipy import sparse

from core.evaluation import accuracy
from core.graph import FloatArray, InteractionGraph
from core.models.base import Holdout
from core.progress import Progress, portion
from core.propagation import as_torch_csr
from core.ranking import top_k

DIM, LEARNING_RATE, TEMPERATURE, WEIGHT_DECAY = 64, 0.01, 0.2, 1e-6
BATCH, N_NEGATIVES, MAX_EPOCHS, PATIENCE = 4096, 1024, 60, 6
MAX_VALIDATION_USERS = 1_000


def train(
    graph: InteractionGraph, holdout: Holdout, *, n_layers: int, seed: int, progress: Progress
) -> tuple[FloatArray, int]:
    """Layer-0 embeddings float64 [n_users + n_items, DIM] and the number of epochs that the validation chose."""
    probe = _Trainer(holdout.train.interactions, n_layers, seed)
    epochs = probe.until_best(holdout.test, portion(progress, 0.0, 0.6))
    full = _Trainer(graph.interactions, n_layers, seed)
    for epoch in range(epochs):
        portion(progress, 0.6, 1.0)(epoch / epochs, f"training on everything, epoch {epoch + 1} of {epochs}")
        full.epoch()
    return full.embedding.detach().numpy().astype(np.float64), epochs


class _Trainer:
    def __init__(self, interactions: sparse.csr_matrix, n_layers: int, seed: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            from torch_geometric.nn import LGConv

        self.interactions = interactions
        self.n_users, self.n_items = interactions.shape
        self.rng = np.random.default_rng(seed)
        start = self.rng.normal(scale=0.1, size=(self.n_users + self.n_items, DIM))
        self.embedding = torch.nn.Parameter(torch.from_numpy(start.astype(np.float32)))
        self.convolution = LGConv(normalize=False)
        self.n_layers = n_layers
        self.adjacency = _normalised(interactions)
        self.optimiser = torch.optim.Adam([self.embedding], lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        pairs = interactions.tocoo()
        self.pairs = np.column_stack([pairs.row, pairs.col]).astype(np.int64)

    def propagate(self) -> torch.Tensor:
        """E = mean over layers of Â^l E0: float32 [n_users + n_items, DIM]."""
        x = total = self.embedding
        for _ in range(self.n_layers):
            x = self.convolution(x, self.adjacency)
            total = total + x
        return total / (self.n_layers + 1)

    def epoch(self) -> None:
        order = self.rng.permutation(len(self.pairs))
        for rows in np.array_split(order, max(1, len(order) // BATCH)):
            users, items = torch.from_numpy(self.pairs[rows]).T
            negatives = torch.from_numpy(self.rng.integers(0, self.n_items, min(N_NEGATIVES, self.n_items)))
            final = self.propagate()
            people = torch.nn.functional.normalize(final[users], dim=1)
            catalogue = torch.nn.functional.normalize(final[self.n_users :], dim=1)
            positive = (people * catalogue[items]).sum(dim=1) / TEMPERATURE
            others = people @ catalogue[negatives].T / TEMPERATURE
            loss = torch.logsumexp(torch.cat([positive[:, None], others], dim=1), dim=1).sub(positive).mean()
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()

    def until_best(self, test: sparse.csr_matrix, progress: Progress) -> int:
        """Trains until the validation stops rising; the number of epochs at its best."""
        measure = self._validation(test)
        best, best_epoch = -1.0, 1
        for epoch in range(1, MAX_EPOCHS + 1):
            progress(epoch / MAX_EPOCHS, f"choosing the number of epochs, epoch {epoch}, best so far {best_epoch}")
            self.epoch()
            value = measure()
            if value > best:
                best, best_epoch = value, epoch
            elif epoch - best_epoch >= PATIENCE:
                break
        return best_epoch

    def _validation(self, test: sparse.csr_matrix) -> Callable[[], float]:
        users = np.flatnonzero(np.diff(test.indptr) > 0)
        if len(users) > MAX_VALIDATION_USERS:
            users = users[np.linspace(0, len(users) - 1, MAX_VALIDATION_USERS).astype(np.int64)]
        relevant, seen = test[users], self.interactions[users]

        def measure() -> float:
            if not len(users):
                return 0.0
            with torch.no_grad():
                final = self.propagate()
                scores = (final[: self.n_users][users] @ final[self.n_users :].T).numpy().astype(np.float64)
            lists, _ = top_k(scores, min(20, self.n_items), seen)
            found = accuracy(lists, relevant, 20)
            return float(found["recall@20"].mean() + found["ndcg@20"].mean()) / 2

        return measure


def _normalised(interactions: sparse.csr_matrix) -> torch.Tensor:
    """Â of the bipartite graph, every edge 1, as a float32 CSR tensor: users before items."""
    binary = sparse.csr_matrix(
        (np.ones(interactions.nnz), interactions.indices, interactions.indptr), shape=interactions.shape
    )
    adjacency = sparse.bmat([[None, binary], [binary.T, None]], format="csr")
    degree = np.asarray(adjacency.sum(axis=1)).ravel()
    scale = np.where(degree > 0, np.maximum(degree, 1.0) ** -0.5, 0.0)
    normalised = sparse.csr_matrix(sparse.diags(scale) @ adjacency @ sparse.diags(scale), dtype=np.float32)
    normalised.sort_indices()
    return as_torch_csr(normalised)
