"""A sparse EASE for catalogues of any size: every item's learnt weights on its closest partners alone.

Column j of EASE solves (G + λI) b = G[:, j] without row j (Steck 2019). Kept to the m items S that share most people
with j, b_S = (G_SS + λI)^-1 G[S, j]: a sparse approximate inverse, column by column (Grote & Huckle 1997), where SANSA
(Spišák et al. 2023) factors the whole sparsified matrix. With all items for partners it is EASE itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, Self

import numpy as np
from scipy import sparse

from core.adjacency import Adjacency, matrix_row
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models._learnt_links import LINK_WORDS, SparseLinks
from core.models.base import Holdout, ModelSpec, ModelState, list_accuracy, register
from core.progress import Progress, no_progress, portion
from core.words import ParameterWords

PENALTIES: Final = (1.0, 5.0, 20.0, 50.0, 100.0, 200.0, 400.0, 800.0)
PARTNERS: Final = 100


@register
class Sansa(SparseLinks):
    """leaving: CSR float64 [n_items, n_items], from a history item to a recommended one; the diagonal is 0."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="sansa",
        title="Sparse EASE (SANSA)",
        source="Steck 2019; sparse approximate inverse in the place of the whole one, as in Spišák et al., RecSys 2023",
        exact=False,
        summary="A learnt weight between each item and its closest partners. Every term is one item of the history.",
        use="In catalogues too large for EASE, to know what a linear model of pairs finds.",
        unit="summed learnt weights",
        order=45,
        learnt_vectors=True,
        relations=LINK_WORDS,
        parameters={
            "penalty": ParameterWords(label="L2 penalty of the learnt weights", effect="larger: smaller weights"),
            "partners": ParameterWords(label="partners of each item", effect="more: nearer to EASE, and dearer"),
        },
    )

    def __init__(self, adjacency: Adjacency, leaving: sparse.csr_matrix, penalty: float, partners: int) -> None:
        super().__init__(adjacency, leaving)
        self.penalty, self.partners = penalty, partners

    @classmethod
    def fit(cls, graph: InteractionGraph, *, holdout: Holdout, seed: int = 0, progress: Progress = no_progress) -> Self:
        tried = cls.solved(holdout.train, PENALTIES, PARTNERS, portion(progress, 0.0, 0.6))
        values = []
        for n, model in enumerate(tried):
            progress(0.6 + 0.1 * n / len(tried), f"trying penalty {model.penalty:g}")
            values.append(sum(list_accuracy(model, holdout).values()))
        best = tried[int(np.argmax(values))].penalty
        return cls.solved(graph, (best,), PARTNERS, portion(progress, 0.7, 1.0))[0]

    @classmethod
    def solved(
        cls, graph: InteractionGraph, penalties: Sequence[float], partners: int, progress: Progress = no_progress
    ) -> list[Self]:
        """One model a penalty; the products of the people are formed once for all of them."""
        adjacency = Adjacency.binary(graph.interactions)
        n = adjacency.n_items
        rows, columns, values = [], [], []
        for item in range(n):
            if item % 256 == 0:
                progress(item / n, f"weights of {item:,} of {n:,} items")
            near, shared = _partners(adjacency, item, partners)
            rows.append(near)
            columns.append(np.full(len(near), item))
            values.append(_weights(adjacency, near, shared, penalties))
        places = np.concatenate([*rows, np.zeros(0, dtype=np.int64)]), np.concatenate([*columns, np.zeros(0, int)])
        stacked = np.concatenate([*values, np.zeros((0, len(penalties)))])
        return [
            cls(adjacency, sparse.csr_matrix((stacked[:, p], places), shape=(n, n)), penalty, partners)
            for p, penalty in enumerate(penalties)
        ]

    @classmethod
    def restore(cls, graph: InteractionGraph, state: ModelState) -> Self:
        a, p = state.arrays, state.parameters
        shape = (graph.n_items, graph.n_items)
        weights = sparse.csr_matrix((a["weights"], a["weight_items"], a["weight_rows"]), shape=shape)
        return cls(Adjacency.binary(graph.interactions), weights, float(p["penalty"]), int(p["partners"]))

    def state(self) -> ModelState:
        w = self.leaving
        arrays = {"weights": w.data, "weight_items": w.indices, "weight_rows": w.indptr}
        return ModelState({"penalty": self.penalty, "partners": self.partners}, arrays)

    def held_out(self, holdout: Holdout, *, seed: int = 0) -> Self:
        return self.solved(holdout.train, (self.penalty,), self.partners)[0]

    def fold_in(self, items: IntArray, weights: FloatArray, user: int | None = None) -> tuple[Sansa, int]:
        adjacency, position = self.adjacency.having(user, items)
        return Sansa(adjacency, self.leaving, self.penalty, self.partners), position


def _partners(adjacency: Adjacency, item: int, most: int) -> tuple[IntArray, FloatArray]:
    """The items that share most people with this one for how many have them (cosine), ascending, and how many they
    share; equal ones by position.
    """
    people, _ = matrix_row(adjacency.by_item, item)
    own = adjacency.by_user[people]
    shared = np.bincount(own.indices, minlength=adjacency.n_items).astype(np.float64)
    shared[item] = 0.0
    near = np.flatnonzero(shared)
    cosine = shared[near] / np.sqrt(adjacency.item_degree[near])
    near = np.sort(near[np.argsort(-cosine, kind="stable")[:most]])
    return near, shared[near]


def _weights(adjacency: Adjacency, near: IntArray, shared: FloatArray, penalties: Sequence[float]) -> FloatArray:
    """float64 [len(near), len(penalties)]: (G_SS + λI)^-1 G[S, j]."""
    if not len(near):
        return np.zeros((0, len(penalties)))
    rows = adjacency.by_item[near]
    gram = (rows @ rows.T).toarray()
    systems = gram[None] + np.asarray(penalties)[:, None, None] * np.eye(len(near))
    right = np.broadcast_to(shared[None, :, None], (len(penalties), len(near), 1))
    return np.asarray(np.linalg.solve(systems, right)[:, :, 0].T)
