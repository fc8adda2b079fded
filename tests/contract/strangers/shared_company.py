"""People who share things with a person recommend what they have; somebody who has everything counts less.

score(u, i) = Σ_{j in N(u)} Σ_{v has j and i} d_v^-1/2: each term is one walk person → item → people → item.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from core.adjacency import Adjacency
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models.base import Holdout, ModelSpec, ModelState, Recommender, register, validation_accuracy
from core.progress import Progress, no_progress
from core.propagation import Chain, Step, Walks
from core.words import RelationWords

KEY, WORDS = "shared_company", "people in whose company the {noun} is"


@register
class SharedCompany(Recommender):
    """A sum over people in the middle, under a key of its own."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="shared-company",
        title="Shared company",
        source="user-based neighbours, cf. Resnick et al. 1994",
        exact=True,
        summary="What people with the same things have, those with few things first.",
        unit="summed people",
        relations={KEY: RelationWords(text=WORDS)},
    )
    needs_cut: ClassVar[bool] = False

    def __init__(self, adjacency: Adjacency) -> None:
        self.adjacency = adjacency
        people = np.maximum(adjacency.user_degree, 1.0) ** -0.5
        items, everybody = np.ones(adjacency.n_items), np.ones(adjacency.n_users)
        out = Step(adjacency.by_item, adjacency.by_user, items, people, "consumed_by", "item", "user")
        back = Step(adjacency.by_user, adjacency.by_item, everybody, items, "consumed", "user", "item")
        self.chain = Chain(KEY, 1.0, (out, back), words=WORDS)

    @classmethod
    def fit(cls, graph: InteractionGraph, *, holdout: Holdout, seed: int = 0, progress: Progress = no_progress) -> Self:
        return cls(Adjacency.binary(graph.interactions))

    @classmethod
    def restore(cls, graph: InteractionGraph, state: ModelState) -> Self:
        return cls(Adjacency.binary(graph.interactions))

    def state(self) -> ModelState:
        return ModelState({})

    def validation_metrics(self, holdout: Holdout) -> dict[str, float]:
        return validation_accuracy(SharedCompany.fit(holdout.train, holdout=holdout), holdout)

    def history(self, user: int) -> IntArray:
        return self.adjacency.row(user)[0]

    def score(self, users: IntArray) -> FloatArray:
        return self._pushed(self.adjacency.by_user[users])

    def masked(self, user: int, dropped: IntArray) -> FloatArray:
        row = self.adjacency.by_user[[user]].toarray()
        row[0, dropped] = 0.0
        return np.asarray(self._pushed(sparse.csr_matrix(row))[0])

    def terms(self, users: IntArray, keep: FloatArray | None = None) -> dict[str, FloatArray]:
        rows = self.adjacency.by_user[users]
        return {KEY: self._pushed(rows if keep is None else sparse.csr_matrix(rows.multiply(keep)))}

    def walks(self, user: int, item: int) -> tuple[Walks, ...]:
        return (Walks(self.chain, *self.adjacency.row(user), target=item),)

    def fold_in(self, items: IntArray, weights: FloatArray, user: int | None = None) -> tuple[SharedCompany, int]:
        kept = np.unique(items)
        adjacency, position = self.adjacency.with_row(user, kept, np.ones(len(kept)))
        return SharedCompany(adjacency), position

    def _pushed(self, rows: sparse.csr_matrix) -> FloatArray:
        """First hops CSR [B, n_items] → scores float64 [B, n_items]."""
        people = sparse.csr_matrix(rows @ self.adjacency.by_item) @ sparse.diags(self.chain.steps[0].right)
        return np.asarray((people @ self.adjacency.by_user).toarray())
