"""A linear autoencoder in closed form. Every score is a sum of learnt weights between two items.

    B = I - P diag(1 / diag P),   P = (XᵀX + λ I)^-1,   score(u, i) = Σ_{j in N(u)} B[j, i]

A learnt weight is no edge of the graph, so each term is a latent jump from one history item, and nothing is called
exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from core.adjacency import Adjacency
from core.edge_score import EdgeScore, EdgeSet
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models.base import Holdout, ModelSpec, ModelState, Recommender, register, validation_accuracy
from core.progress import Progress, no_progress
from core.propagation import Chain, Walks
from core.words import ParameterWords, RelationWords

if TYPE_CHECKING:
    from torch import Tensor

KEY, WORDS = "linear_weight", "a learnt weight between the two {noun}s"
PENALTY = 10.0


@register
class LinearItems(Recommender):
    """weights: float64 [n_items, n_items], from a history item to a recommended one; its diagonal is 0."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="linear-items",
        title="Linear items",
        source="Steck 2019",
        exact=False,
        summary="A learnt weight for each pair of items. Every term of a score is one history item.",
        unit="summed weights",
        learnt_vectors=True,
        relations={KEY: RelationWords(text=WORDS)},
        parameters={"penalty": ParameterWords(label="L2 penalty of the weights", effect="larger: smaller weights")},
    )
    needs_cut: ClassVar[bool] = False

    def __init__(self, adjacency: Adjacency, weights: FloatArray) -> None:
        self.adjacency, self.weights = adjacency, weights
        self.chain = Chain(KEY, 1.0, (), words=WORDS)

    @classmethod
    def fit(cls, graph: InteractionGraph, *, holdout: Holdout, seed: int = 0, progress: Progress = no_progress) -> Self:
        adjacency = Adjacency.binary(graph.interactions)
        gram = (adjacency.by_item @ adjacency.by_user).toarray() + PENALTY * np.eye(graph.n_items)
        inverse = np.linalg.inv(gram)
        weights = -inverse / np.diag(inverse)
        np.fill_diagonal(weights, 0.0)
        return cls(adjacency, weights)

    @classmethod
    def restore(cls, graph: InteractionGraph, state: ModelState) -> Self:
        return cls(Adjacency.binary(graph.interactions), state.arrays["weights"])

    def state(self) -> ModelState:
        return ModelState({"penalty": PENALTY}, {"weights": self.weights})

    def validation_metrics(self, holdout: Holdout) -> dict[str, float]:
        return validation_accuracy(LinearItems.fit(holdout.train, holdout=holdout), holdout)

    def history(self, user: int) -> IntArray:
        return self.adjacency.row(user)[0]

    def score(self, users: IntArray) -> FloatArray:
        return np.asarray(self.adjacency.by_user[users] @ self.weights)

    def masked(self, user: int, dropped: IntArray) -> FloatArray:
        return np.asarray(self.weights[np.setdiff1d(self.history(user), dropped)].sum(axis=0))

    def terms(self, users: IntArray, keep: FloatArray | None = None) -> dict[str, FloatArray]:
        rows = self.adjacency.by_user[users].toarray()
        return {KEY: np.asarray((rows if keep is None else rows * keep) @ self.weights)}

    def walks(self, user: int, item: int) -> tuple[Walks, ...]:
        items, start = self.adjacency.row(user)
        return (Walks(self.chain, items, start, terminal=self.weights[:, item].copy()),)

    def edge_score(self, user: int, item: int) -> EdgeScore:
        return _OwnEdges(self, user, item)

    def fold_in(self, items: IntArray, weights: FloatArray, user: int | None = None) -> tuple[LinearItems, int]:
        kept = np.unique(items)
        adjacency, position = self.adjacency.with_row(user, kept, np.ones(len(kept)))
        return LinearItems(adjacency, self.weights), position


class _OwnEdges:
    """The score is linear in the person's own edges; others stand in the graph and carry nothing."""

    degree: int = 1

    def __init__(self, model: LinearItems, user: int, item: int) -> None:
        self.sets: tuple[EdgeSet, ...] = (EdgeSet.of("user", "item", model.adjacency.by_user),)
        self.worth = np.where(self.sets[0].source == user, model.weights[self.sets[0].target, item], 0.0)

    def __call__(self, scales: Tensor) -> Tensor:
        import torch

        return (scales.reshape(-1) * torch.from_numpy(self.worth)).sum().reshape(1)
