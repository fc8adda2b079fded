"""EASE (Steck 2019): a linear autoencoder in closed form. Every score is a sum of learnt weights between two items.

B = I - P diag(1 / diag P),   P = (XᵀX + λ I)^-1,   score(u, i) = Σ_{j in N(u)} B[j, i]
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from core.adjacency import Adjacency
from core.errors import ModelError
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models._learnt_links import LINK_WORDS, LearntLinks
from core.models.base import Holdout, ModelSpec, ModelState, list_accuracy, register
from core.progress import Progress, no_progress
from core.words import ParameterWords

PENALTIES = (1.0, 5.0, 20.0, 50.0, 100.0, 200.0, 300.0, 400.0, 500.0, 700.0, 1000.0, 2000.0)
MOST_ITEMS = 12_000  # a weight for each pair of items: 12,000 take 1.2 GB


@register
class Ease(LearntLinks):
    """weights: float64 [n_items, n_items], from a history item to a recommended one; its diagonal is 0."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="ease",
        title="EASE",
        source="Steck, WWW 2019: B = I - P diag(1/diag P), P = (XᵀX + λI)^-1",
        exact=False,
        summary="A learnt weight for each pair of items. Every term of a score is one item of the history.",
        use="In catalogues of up to 12,000 items, to know what a linear model of pairs finds.",
        unit="summed learnt weights",
        order=44,
        learnt_vectors=True,
        relations=LINK_WORDS,
        parameters={
            "penalty": ParameterWords(label="L2 penalty of the learnt weights", effect="larger: smaller weights"),
        },
    )

    def __init__(self, adjacency: Adjacency, weights: FloatArray, penalty: float) -> None:
        super().__init__(adjacency)
        self.weights, self.penalty = weights, penalty

    @classmethod
    def fit(cls, graph: InteractionGraph, *, holdout: Holdout, seed: int = 0, progress: Progress = no_progress) -> Self:
        if graph.n_items > MOST_ITEMS:
            raise ModelError(
                f"EASE learns a weight for each pair of items, and there are {graph.n_items:,} items; it takes "
                f"{MOST_ITEMS:,} at most. Fit another model."
            )
        values = []
        for n, penalty in enumerate(PENALTIES):
            progress(n / (len(PENALTIES) + 1), f"trying penalty {penalty:g}")
            values.append(sum(list_accuracy(cls.solved(holdout.train, penalty), holdout).values()))
        return cls.solved(graph, PENALTIES[int(np.argmax(values))])

    @classmethod
    def solved(cls, graph: InteractionGraph, penalty: float) -> Self:
        """The closed form on who has what."""
        adjacency = Adjacency.binary(graph.interactions)
        gram = sparse.csr_matrix(adjacency.by_item @ adjacency.by_user).toarray()
        inverse = np.linalg.inv(gram + penalty * np.eye(len(gram)))
        weights = -inverse / np.diag(inverse)
        np.fill_diagonal(weights, 0.0)
        return cls(adjacency, weights, penalty)

    @classmethod
    def restore(cls, graph: InteractionGraph, state: ModelState) -> Self:
        return cls(Adjacency.binary(graph.interactions), state.arrays["weights"], float(state.parameters["penalty"]))

    def state(self) -> ModelState:
        return ModelState({"penalty": self.penalty}, {"weights": self.weights})

    def held_out(self, holdout: Holdout, *, seed: int = 0) -> Self:
        return self.solved(holdout.train, self.penalty)

    def score(self, users: IntArray) -> FloatArray:
        return np.asarray(self.adjacency.by_user[users] @ self.weights)

    def links_to(self, user: int, item: int) -> FloatArray:
        return self.weights[:, item].copy()

    def linked(self, user: int, items: IntArray, kept: FloatArray) -> FloatArray:
        return np.asarray(kept @ self.weights[items])

    def fold_in(self, items: IntArray, weights: FloatArray, user: int | None = None) -> tuple[Ease, int]:
        adjacency, position = self.adjacency.having(user, items)
        return Ease(adjacency, self.weights, self.penalty), position
