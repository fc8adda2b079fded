"""Item neighbours by vectors: what items are about and who has them, each item's nearest ones kept.

    score(u, i) = Σ_{j ∈ N(u) ∩ kNN(i)} a · cos(x_j, x_i) + (1 - a) · cos(z_j, z_i)

x are an item's features (TF-IDF directions, topics, creators, numbers), z its coordinates in the strongest singular
vectors of D^-1/2 A D^-1/2, the smoothest signals on the graph (PureSVD, Cremonesi et al. 2010; GF-CF, Shen et al.
2021). An item that nobody has is linked by what it is about.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import product
from typing import ClassVar, Final, Self

import numpy as np
from scipy import sparse

from core.adjacency import Adjacency
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models._content_features import ItemFeatures
from core.models._content_text import unit_rows
from core.models._graph_coordinates import coordinates
from core.models._learnt_links import SparseLinks
from core.models.base import Holdout, ModelSpec, ModelState, register, validation_accuracy
from core.progress import Progress, no_progress
from core.words import ParameterWords, RelationWords

KEY: Final = "near_vector"
WORDS: Final = "{noun}s of a kind: alike in what they are about and in who had them"
SHARES, NEIGHBOURS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0), (20, 60, 200)
N_DIRECTIONS, AT_ONCE = 64, 512


@dataclass(frozen=True, kw_only=True)
class Nearness:
    """content: a, how much of a link is what items are about; neighbours: kept for each item."""

    content: float
    neighbours: int


@register
class EmbeddingKnn(SparseLinks):
    """leaving: CSR float64 [n_items, n_items]; column i is what the nearest neighbours of item i add to it."""

    key: ClassVar[str] = KEY
    words: ClassVar[str] = WORDS
    reads_attributes: ClassVar[bool] = True
    spec: ClassVar[ModelSpec] = ModelSpec(
        name="embedding-knn",
        title="Embedding neighbours",
        source="Cosine neighbours of TF-IDF+SVD, topics and creators, and of the graph's strongest singular vectors "
        "(PureSVD, Cremonesi et al. 2010)",
        exact=False,
        summary="An item scores by how near it is to what you have, in words and in who had it. New items are near "
        "something at once.",
        use='For "similar to this", campaigns and new items; beside paths in a mixture.',
        unit="summed cosine",
        order=48,
        learnt_vectors=True,
        relations={KEY: RelationWords(text=WORDS)},
        parameters={
            "content": ParameterWords(label="share of words and attributes in a link", effect="the rest is who had it"),
            "neighbours": ParameterWords(label="neighbours kept for each item", effect="more: broader lists"),
        },
    )

    def __init__(self, adjacency: Adjacency, leaving: sparse.csr_matrix, nearness: Nearness) -> None:
        super().__init__(adjacency, leaving)
        self.nearness = nearness

    @classmethod
    def fit(cls, graph: InteractionGraph, *, holdout: Holdout, seed: int = 0, progress: Progress = no_progress) -> Self:
        vectors = _Vectors.of(holdout.train)
        shares = SHARES if vectors.content.nnz else (0.0,)
        choices = [Nearness(content=a, neighbours=n) for a, n in product(shares, NEIGHBOURS)]
        values = []
        for n, choice in enumerate(choices):
            progress(0.9 * n / len(choices), f"trying {choice.content:.0%} words, {choice.neighbours} neighbours")
            values.append(sum(validation_accuracy(cls._near(vectors, choice), holdout).values()))
        progress(0.9, "linking everything")
        return cls.linking(graph, choices[int(np.argmax(values))])

    @classmethod
    def linking(cls, graph: InteractionGraph, nearness: Nearness) -> Self:
        """With these choices, on everything that the graph holds."""
        return cls._near(_Vectors.of(graph), nearness)

    @classmethod
    def _near(cls, vectors: _Vectors, nearness: Nearness) -> Self:
        return cls(vectors.adjacency, vectors.links(nearness).T.tocsr(), nearness)

    @classmethod
    def restore(cls, graph: InteractionGraph, state: ModelState) -> Self:
        a, p = state.arrays, state.parameters
        leaving = sparse.csr_matrix((a["links"], a["link_items"], a["link_rows"]), shape=(graph.n_items, graph.n_items))
        nearness = Nearness(content=float(p["content"]), neighbours=int(p["neighbours"]))
        return cls(Adjacency.binary(graph.interactions), leaving, nearness)

    def state(self) -> ModelState:
        w = self.leaving
        arrays = {"links": w.data, "link_items": w.indices, "link_rows": w.indptr}
        return ModelState(asdict(self.nearness), arrays)

    def held_out(self, holdout: Holdout, *, seed: int = 0) -> Self:
        return self.linking(holdout.train, self.nearness)

    def fold_in(self, items: IntArray, weights: FloatArray, user: int | None = None) -> tuple[EmbeddingKnn, int]:
        adjacency, position = self.adjacency.having(user, items)
        return EmbeddingKnn(adjacency, self.leaving, self.nearness), position


@dataclass(frozen=True, eq=False)
class _Vectors:
    """content CSR float64 [n_items, n_inputs], graph float64 [n_items, n_directions]; rows of length 1 or 0."""

    adjacency: Adjacency
    content: sparse.csr_matrix
    graph: FloatArray

    @classmethod
    def of(cls, graph: InteractionGraph) -> _Vectors:
        adjacency = Adjacency.binary(graph.interactions)
        return cls(adjacency, unit_rows(ItemFeatures.of(graph).inputs), coordinates(adjacency, N_DIRECTIONS))

    def links(self, nearness: Nearness) -> sparse.csr_matrix:
        """What is above 0 of each item's nearest neighbours; equal ones by position."""
        n_items, a = self.adjacency.n_items, nearness.content
        rows = []
        for items in np.array_split(np.arange(n_items), n_items // AT_ONCE + 1):
            near = (1 - a) * (self.graph[items] @ self.graph.T)
            if a:
                near = near + a * (self.content[items] @ self.content.T).toarray()
            near[np.arange(len(items)), items] = 0.0
            kept = np.sort(np.argsort(-near, axis=1, kind="stable")[:, : nearness.neighbours], axis=1)
            values = np.maximum(np.take_along_axis(near, kept, axis=1), 0.0)
            places = np.repeat(np.arange(len(items)), kept.shape[1]), kept.ravel()
            block = sparse.csr_matrix((values.ravel(), places), shape=(len(items), n_items))
            block.eliminate_zeros()
            rows.append(block)
        return sparse.csr_matrix(sparse.vstack(rows, format="csr"))
