"""Trains what LightGCN propagates: propagation over the whole graph per batch, L2, early stopping on a cut.

Epochs are counted on `holdout` (stop after PATIENCE epochs without a better validation), then the model is trained that
long on all of the graph. Where the layer-0 embeddings come from is a `LayerZero`: a free table here, an encoder of item
features in core.models._content_training. What is trained for is an objective of core.models._lightgcn_losses; what the
model says of a score is left to core.models.lightgcn.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from scipy import sparse

from core.evaluation import accuracy
from core.graph import FloatArray, InteractionGraph
from core.models._lightgcn_losses import Objective, loss_of
from core.models.base import Holdout
from core.progress import Progress, portion
from core.propagation import as_torch_csr
from core.ranking import top_k

DIM = 64
BATCH, MIN_STEPS, MAX_STEPS = 8192, 10, 16
MAX_EPOCHS, PATIENCE = 300, 30
MAX_VALIDATION_USERS = 1_000


class LayerZero(ABC):
    """What is learnt: where the layer-0 embeddings come from. Its gradients are set by `receive`, before each Adam
    step."""

    @abstractmethod
    def parameters(self) -> list[dict[str, Any]]:
        """For Adam: groups of parameters under "params", with an "lr" where it is not the objective's."""

    @abstractmethod
    def embeddings(self) -> torch.Tensor:
        """E0: float32 [n_users + n_items, dim], users before items."""

    @abstractmethod
    def receive(self, e0: torch.Tensor, gradient: torch.Tensor, uses: torch.Tensor) -> None:
        """Take the loss's gradient in `e0`, which `embeddings` gave, and add the L2 terms.

        uses  float32 [n_users + n_items]: how often a batch names each node, per pair
        """

    def readout(self, final: torch.Tensor, *, training: bool) -> torch.Tensor:
        """From propagated embeddings to those whose inner products are the scores: the same, or with columns added."""
        return final


class FreeTable(LayerZero):
    """A free vector for every node, as LightGCN has it."""

    def __init__(self, n_nodes: int, decay: float, rng: np.random.Generator) -> None:
        start = rng.normal(scale=0.1, size=(n_nodes, DIM))
        self.table, self.decay = torch.nn.Parameter(torch.from_numpy(start.astype(np.float32))), decay

    def parameters(self) -> list[dict[str, Any]]:
        return [{"params": [self.table]}]

    def embeddings(self) -> torch.Tensor:
        return self.table

    def receive(self, e0: torch.Tensor, gradient: torch.Tensor, uses: torch.Tensor) -> None:
        with torch.no_grad():
            self.table.grad = gradient + self.decay * uses[:, None] * e0


Layer = TypeVar("Layer", bound=LayerZero)
Maker = Callable[[sparse.csr_matrix, np.random.Generator], Layer]


def train(
    graph: InteractionGraph, holdout: Holdout, objective: Objective, *, n_layers: int, seed: int, progress: Progress
) -> tuple[FloatArray, int, dict[str, float]]:
    """Layer-0 embeddings float64 [n_users + n_items, DIM], the number of epochs, and the validation that chose it."""

    def free(interactions: sparse.csr_matrix, rng: np.random.Generator) -> FreeTable:
        return FreeTable(sum(interactions.shape), objective.decay, rng)

    layer, epochs, metrics = train_layer(
        free, graph, holdout, objective, n_layers=n_layers, seed=seed, progress=progress
    )
    return layer.table.detach().numpy().astype(np.float64), epochs, metrics


def train_layer(
    make: Maker[Layer],
    graph: InteractionGraph,
    holdout: Holdout,
    objective: Objective,
    *,
    n_layers: int,
    seed: int,
    progress: Progress,
) -> tuple[Layer, int, dict[str, float]]:
    """The trained layer 0, the number of epochs, and the validation that chose it.

    make  gives a fresh layer 0 from the interactions that it may know, CSR [n_users, n_items], and the seed's rng
    """
    probe = _Trainer(make, holdout.train.interactions, objective, n_layers, seed)
    epochs, metrics = probe.until_best(holdout.test, portion(progress, 0.0, 0.6))
    full = _Trainer(make, graph.interactions, objective, n_layers, seed)
    for epoch in range(epochs):
        portion(progress, 0.6, 1.0)(epoch / epochs, f"training on everything, epoch {epoch + 1} of {epochs}")
        full.epoch()
    return full.layer, epochs, metrics


class _Trainer(Generic[Layer]):
    def __init__(
        self, make: Maker[Layer], interactions: sparse.csr_matrix, objective: Objective, n_layers: int, seed: int
    ) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            from torch_geometric.nn import LGConv

        self.interactions, self.objective = interactions, objective
        self.n_users, self.n_items = interactions.shape
        self.rng = np.random.default_rng(seed)
        self.layer = make(interactions, self.rng)
        self.convolution = LGConv(normalize=False)
        self.n_layers = n_layers
        self.adjacency = _normalised(interactions)
        self.optimiser = torch.optim.Adam(self.layer.parameters(), lr=objective.learning_rate)
        pairs = interactions.tocoo()
        self.pairs = np.column_stack([pairs.row, pairs.col]).astype(np.int64)

    def propagate(self, x: torch.Tensor) -> torch.Tensor:
        """P x = mean over layers of Â^l x: float32 [n_users + n_items, DIM]. P is symmetric."""
        total = x
        for _ in range(self.n_layers):
            x = self.convolution(x, self.adjacency)
            total = total + x
        return total / (self.n_layers + 1)

    def final(self) -> torch.Tensor:
        """What scores are inner products of, outside the autograd tape: float32 [n_users + n_items, …]."""
        with torch.no_grad():
            return self.layer.readout(self.propagate(self.layer.embeddings()), training=False)

    def epoch(self) -> None:
        """Every pair once. A step costs two propagations over the whole graph, so large graphs get large batches."""
        if self.objective.whole_people:
            people = self.rng.permutation(np.flatnonzero(np.diff(self.interactions.indptr)))
            batches = [
                np.flatnonzero(np.isin(self.pairs[:, 0], some))
                for some in np.array_split(people, self._steps(len(people)))
            ]
        else:
            batches = np.array_split(self.rng.permutation(len(self.pairs)), self._steps(len(self.pairs)))
        for rows in batches:
            self._step(*torch.from_numpy(self.pairs[rows]).T)

    def _steps(self, most: int) -> int:
        return max(min(MIN_STEPS, most), min(MAX_STEPS, -(-len(self.pairs) // BATCH)))

    def _step(self, users: torch.Tensor, items: torch.Tensor) -> None:
        """One Adam step. As P is symmetric, dE0 = P dE: no tape runs through the propagation."""
        self.optimiser.zero_grad()
        e0 = self.layer.embeddings()
        with torch.no_grad():
            final = self.propagate(e0)
        final.requires_grad_()
        read = self.layer.readout(final, training=True)
        loss_of(self.objective, read, self.n_users, users, items, self.rng).backward()  # type: ignore[no-untyped-call]
        assert final.grad is not None
        uses = torch.bincount(torch.cat([users, self.n_users + items]), minlength=len(final)) / len(users)
        with torch.no_grad():
            gradient = self.propagate(final.grad)
        self.layer.receive(e0, gradient, uses)
        self.optimiser.step()

    def until_best(self, test: sparse.csr_matrix, progress: Progress) -> tuple[int, dict[str, float]]:
        """Trains until the validation stops rising; the number of epochs at its best, and that best."""
        measure = self._validation(test)
        best, best_epoch, at_best = -1.0, 1, dict[str, float]()
        for epoch in range(1, MAX_EPOCHS + 1):
            progress(epoch / MAX_EPOCHS, f"choosing the number of epochs, epoch {epoch}, best so far {best_epoch}")
            self.epoch()
            metrics = measure()
            value = sum(metrics.values())
            if value > best:
                best, best_epoch, at_best = value, epoch, metrics
            elif epoch - best_epoch >= PATIENCE:
                break
        return best_epoch, at_best

    def _validation(self, test: sparse.csr_matrix) -> Callable[[], dict[str, float]]:
        users = np.flatnonzero(np.diff(test.indptr) > 0)
        if len(users) > MAX_VALIDATION_USERS:
            users = users[np.linspace(0, len(users) - 1, MAX_VALIDATION_USERS).astype(np.int64)]
        relevant, seen = test[users], self.interactions[users]

        def measure() -> dict[str, float]:
            if not len(users):
                return {}
            final = self.final()
            scores = (final[: self.n_users][users] @ final[self.n_users :].T).numpy().astype(np.float64)
            lists, _ = top_k(scores, min(20, self.n_items), seen)
            metrics = accuracy(lists, relevant, 20)
            return {f"validation_{name}": float(metrics[name].mean()) for name in ("recall@20", "ndcg@20")}

        return measure


def _normalised(interactions: sparse.csr_matrix) -> torch.Tensor:
    """Â of the bipartite graph, every edge 1, as a float32 CSR tensor: users before items."""
    binary = sparse.csr_matrix(
        (np.ones(interactions.nnz), interactions.indices, interactions.indptr), shape=interactions.shape
    )
    blocks: list[list[sparse.csr_matrix | None]] = [[None, binary], [binary.T.tocsr(), None]]
    adjacency = sparse.csr_matrix(sparse.bmat(blocks))
    degree = np.asarray(adjacency.sum(axis=1)).ravel()
    scale = np.where(degree > 0, np.maximum(degree, 1.0) ** -0.5, 0.0)
    normalised = sparse.csr_matrix(sparse.diags(scale) @ adjacency @ sparse.diags(scale), dtype=np.float32)
    normalised.sort_indices()
    return as_torch_csr(normalised)
