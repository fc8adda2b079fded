"""The classic floor: items are neighbours when the same people have them (Sarwar et al. 2001), nearest k kept.

The cosine is the one of Aiolli (2013), shared / (n_j^(1-a) n_i^a), the usual one at a = 1/2; k and a are picked on the
validation cut.

A similarity is a sum over the people who have both items, so its terms are walks person → item → people → item too; a
walk counts only where the history item is among the recommended item's k nearest.
"""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from core.adjacency import Adjacency
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models.base import Holdout, ModelSpec, ModelState, Recommender, list_accuracy, register
from core.progress import Progress, no_progress
from core.propagation import Chain, Step, Walks
from core.words import ParameterWords, RelationWords, chain_words

N_NEIGHBOURS, SYMMETRIC = 100, 0.5
COUNTS, EXPONENTS = (20, 50, 100, 200, 400), (0.1, 0.3, 0.5, 0.7)
KEY = "co_consumption_3"


@register
class ItemKnn(Recommender):
    """score(u, i) = Σ_{j ∈ N(u) ∩ kNN(i)} cos(j, i), on who has what (0/1). target: a, the recommended item's
    exponent."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="item-knn",
        title="Item neighbours",
        source="Sarwar et al. 2001, nearest items by asymmetric cosine of co-consumption (Aiolli 2013)",
        exact=True,
        summary="An item scores by how many people share it with the things you have. A floor to compare with.",
        use="As a personal floor: counts and two numbers, nothing else is learnt.",
        unit="summed cosine",
        order=58,
        floor=True,
        relations={KEY: RelationWords(text=chain_words(("user", "item")))},
        parameters={
            "n_neighbours": ParameterWords(
                label="neighbours kept for each item", effect="how many nearest items are kept for each item"
            ),
            "target": ParameterWords(
                label="exponent of how many have the recommended item", effect="larger: less of what many have"
            ),
        },
    )

    def __init__(self, adjacency: Adjacency, n_neighbours: int = N_NEIGHBOURS, target: float = SYMMETRIC) -> None:
        self.adjacency = adjacency
        self.n_neighbours, self.target = n_neighbours, target
        degree = np.maximum(adjacency.item_degree, 1.0)
        leaving, arriving, people = degree ** (target - 1.0), degree**-target, np.ones(adjacency.n_users)
        out = Step(adjacency.by_item, adjacency.by_user, leaving, people, "consumed_by", "item", "user")
        back = Step(adjacency.by_user, adjacency.by_item, people, arriving, "consumed", "user", "item")
        self.chain = Chain(KEY, 1.0, (out, back))

    @classmethod
    def fit(cls, graph: InteractionGraph, *, holdout: Holdout, seed: int = 0, progress: Progress = no_progress) -> Self:
        adjacency = Adjacency.binary(holdout.train.interactions)
        best, chosen = 0.0, (N_NEIGHBOURS, SYMMETRIC)
        for n, target in enumerate(EXPONENTS):
            progress(n / len(EXPONENTS), f"trying exponent {target:g}")
            widest = cls(adjacency, max(COUNTS), target)
            for count in COUNTS:
                model = cls(adjacency, count, target)
                model.similarity = _nearest(widest.similarity, np.arange(graph.n_items), count)
                value = sum(list_accuracy(model, holdout).values())
                if value > best:
                    best, chosen = value, (count, target)
        return cls(Adjacency.binary(graph.interactions), *chosen)

    @classmethod
    def restore(cls, graph: InteractionGraph, state: ModelState) -> Self:
        p = state.parameters
        target = float(p.get("target", SYMMETRIC))  # models stored before it was picked
        return cls(Adjacency.binary(graph.interactions), int(p["n_neighbours"]), target)

    def held_out(self, holdout: Holdout, *, seed: int = 0) -> Self:
        return type(self)(Adjacency.binary(holdout.train.interactions), self.n_neighbours, self.target)

    def state(self) -> ModelState:
        return ModelState({"n_neighbours": self.n_neighbours, "target": self.target})

    @cached_property
    def similarity(self) -> sparse.csr_matrix:
        """CSR float64 [n_items, n_items]: row i holds the cosines of item i's nearest neighbours."""
        out, back = self.chain.steps
        n_items = self.adjacency.n_items
        rows = []
        for batch in np.array_split(np.arange(n_items), n_items // 512 + 1):
            people = sparse.diags(back.right[batch]) @ self.adjacency.by_item[batch]
            cosines = sparse.csr_matrix(people @ self.adjacency.by_user)
            cosines.data *= out.left[cosines.indices]
            rows.append(_nearest(cosines, batch, self.n_neighbours))
        return sparse.csr_matrix(sparse.vstack(rows))

    def score(self, users: IntArray) -> FloatArray:
        return np.asarray((self.adjacency.by_user[users] @ self.similarity.T).toarray())

    def terms(self, users: IntArray, keep: FloatArray | None = None) -> dict[str, FloatArray]:
        rows = self.adjacency.by_user[users]
        start = rows if keep is None else sparse.csr_matrix(rows.multiply(keep))
        return {KEY: np.asarray((start @ self.similarity.T).toarray())}

    def masked(self, user: int, dropped: IntArray) -> FloatArray:
        items, weights = self.adjacency.row(user)
        x = np.zeros(self.adjacency.n_items)
        x[items] = weights
        x[dropped] = 0.0
        return np.asarray(self.similarity @ x)

    def walks(self, user: int, item: int) -> tuple[Walks, ...]:
        items, start = self.adjacency.row(user)
        row = self.similarity[item]
        near = np.isin(items, row.indices)
        return (Walks(self.chain, items, np.where(near, start, 0.0), target=item),)

    def history(self, user: int) -> IntArray:
        return self.adjacency.row(user)[0]

    def fold_in(self, items: IntArray, weights: FloatArray, user: int | None = None) -> tuple[ItemKnn, int]:
        adjacency, position = self.adjacency.having(user, items)
        return ItemKnn(adjacency, self.n_neighbours, self.target), position


def _nearest(cosines: sparse.csr_matrix, own: IntArray, k: int) -> sparse.csr_matrix:
    """The k largest entries of each row, equal ones by position; row i is item own[i], which is no neighbour of
    itself."""
    keep = np.zeros(cosines.nnz, dtype=bool)
    for row, item in enumerate(own):
        span = slice(cosines.indptr[row], cosines.indptr[row + 1])
        near = np.where(cosines.indices[span] == item, 0.0, cosines.data[span])
        boundary = float(np.partition(near, len(near) - k)[len(near) - k]) if len(near) > k else 0.0
        above = near > boundary
        keep[span] = above
        if boundary > 0:
            level = np.flatnonzero(near == boundary)
            by_position = np.argsort(cosines.indices[span][level])
            keep[span.start + level[by_position[: k - int(above.sum())]]] = True
    indptr = np.concatenate([[0], np.cumsum(keep)])[cosines.indptr]
    nearest = sparse.csr_matrix((cosines.data[keep], cosines.indices[keep], indptr), shape=cosines.shape)
    nearest.sort_indices()
    return nearest
