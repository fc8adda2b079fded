"""Communities of people, found on the graph: everybody of a segment is recommended what its people have.

A person lies where the mean of their items lies (core.models._graph_coordinates); k-means with many starts (Lloyd 1982,
k-means++) finds the segments. There are as many as are found again whatever the seed: the most whose partitions under
three seeds agree with an adjusted Rand index (Hubert & Arabie 1985) of at least STABLE.

    score(u, i) = share of the people of u's segment who have i
"""

from __future__ import annotations

import warnings
from functools import cached_property
from itertools import combinations
from typing import ClassVar, Final, Self

import numpy as np
from scipy import sparse

from core.adjacency import Adjacency
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models._graph_coordinates import coordinates
from core.models.base import Holdout, ModelSpec, ModelState, Recommender, register
from core.progress import Progress, no_progress
from core.propagation import Walks
from core.words import ConstantWords, ParameterWords

SEGMENT: Final = "segment"
DIRECTIONS, COUNTS, SEEDS, STARTS, STABLE = 16, (12, 10, 8, 7, 6, 5, 4, 3, 2), (0, 1, 2), 20, 0.9
SMALLEST_SHARE = 0.01  # of all people, that a segment must hold
NOBODY: Final = -1


@register
class Segments(Recommender):
    """places: float64 [n_items, n]; centres: float64 [n_segments, n]; middle: float64 [n], the mean of all people."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="segments",
        title="Segments",
        source="k-means (Lloyd 1982) of people on the graph's strongest singular vectors; number by stability "
        "(adjusted Rand index, Hubert & Arabie 1985)",
        exact=False,
        summary="What the people of one's segment have. Segments are communities on the graph, found again under any "
        "seed.",
        use="To name and address groups of people; for somebody new after one or two events.",
        unit="share of the segment's people",
        order=59,
        learnt_vectors=True,
        constants={
            SEGMENT: ConstantWords(
                text="what people of the same segment have", label="what people of the same segment have", alike=False
            )
        },
        parameters={
            "segments": ParameterWords(label="segments of people"),
            "stability": ParameterWords(
                label="agreement of the segments between two seeds, adjusted Rand index", effect="1: the same people"
            ),
        },
    )
    needs_cut: ClassVar[bool] = False

    def __init__(
        self, adjacency: Adjacency, places: FloatArray, centres: FloatArray, middle: FloatArray, stability: float
    ) -> None:
        self.adjacency, self.places, self.centres, self.middle = adjacency, places, centres, middle
        self.stability = stability

    @classmethod
    def fit(cls, graph: InteractionGraph, *, holdout: Holdout, seed: int = 0, progress: Progress = no_progress) -> Self:
        adjacency = Adjacency.binary(graph.interactions)
        places = coordinates(adjacency, DIRECTIONS)
        people = _directions(adjacency, places)
        people = people[np.diff(adjacency.by_user.indptr) > 0]
        middle = people.mean(axis=0) if len(people) else np.zeros(places.shape[1])
        vectors, centres, stability = people - middle, np.zeros((1, places.shape[1])), 1.0
        for n, count in enumerate(COUNTS):
            if len(vectors) < 2 * count:
                continue
            progress(n / len(COUNTS), f"looking for {count} segments")
            found = [clustered(vectors, count, one) for one in SEEDS]
            agreement = min(adjusted_rand(a, b) for (_, a), (_, b) in combinations(found, 2))
            sizes = [np.bincount(labels, minlength=count).min() for _, labels in found]
            if agreement >= STABLE and min(sizes) >= SMALLEST_SHARE * len(vectors):
                centres, stability = clustered(vectors, count, seed)[0], float(agreement)
                break
        return cls(adjacency, places, centres, middle, stability)

    @classmethod
    def restore(cls, graph: InteractionGraph, state: ModelState) -> Self:
        a, adjacency = state.arrays, Adjacency.binary(graph.interactions)
        return cls(adjacency, a["places"], a["centres"], a["middle"], float(state.parameters["stability"]))

    def state(self) -> ModelState:
        arrays = {"places": self.places, "centres": self.centres, "middle": self.middle}
        return ModelState({"segments": len(self.centres), "stability": self.stability}, arrays)

    @cached_property
    def members(self) -> IntArray:
        """int64 [n_users]: each person's segment, NOBODY without a history; equal distances by number."""
        vectors = _directions(self.adjacency, self.places) - self.middle
        distance = np.square(self.centres).sum(axis=1) - 2 * vectors @ self.centres.T
        return np.where(np.diff(self.adjacency.by_user.indptr) > 0, distance.argmin(axis=1), NOBODY)

    @cached_property
    def shares(self) -> FloatArray:
        """float64 [n_segments + 1, n_items]: the share of a segment's people who have an item; the last row is 0."""
        n, own = len(self.centres), np.flatnonzero(self.members != NOBODY)
        lead = sparse.csr_matrix((np.ones(len(own)), (self.members[own], own)), shape=(n + 1, self.adjacency.n_users))
        sizes = np.maximum(np.asarray(lead.sum(axis=1)), 1.0)
        return np.asarray((lead @ self.adjacency.by_user).toarray() / sizes)

    def score(self, users: IntArray) -> FloatArray:
        return np.asarray(self.shares[self.members[users]])

    def masked(self, user: int, dropped: IntArray) -> FloatArray:
        return np.array(self.shares[self.members[user]])

    def walks(self, user: int, item: int) -> tuple[Walks, ...]:
        return ()

    def constants(self, user: int, item: int) -> dict[str, float]:
        return {SEGMENT: float(self.shares[self.members[user], item])}

    def history(self, user: int) -> IntArray:
        return self.adjacency.row(user)[0]

    def fold_in(self, items: IntArray, weights: FloatArray, user: int | None = None) -> tuple[Segments, int]:
        adjacency, position = self.adjacency.having(user, items)
        return Segments(adjacency, self.places, self.centres, self.middle, self.stability), position


def clustered(vectors: FloatArray, count: int, seed: int) -> tuple[FloatArray, IntArray]:
    """The best of STARTS runs of k-means: centres float64 [count, n] and each vector's, int64. Segments go by their
    first coordinate, so that equal partitions have equal numbers.
    """
    from scipy.cluster.vq import kmeans2  # slow to import

    rng = np.random.default_rng(seed)
    with warnings.catch_warnings():  # of a run that leaves a segment empty; its loss is larger
        warnings.simplefilter("ignore", UserWarning)
        runs = [kmeans2(vectors, count, iter=60, minit="++", rng=rng) for _ in range(STARTS)]
    centres, labels = min(runs, key=lambda run: float(np.square(vectors - run[0][run[1]]).sum()))
    order = np.lexsort(centres.T[::-1])
    return np.asarray(centres[order]), np.argsort(order)[labels].astype(np.int64)


def adjusted_rand(one: IntArray, other: IntArray) -> float:
    """How far two partitions of the same people agree beyond chance, 1 for the same (Hubert & Arabie 1985)."""
    table = sparse.coo_matrix((np.ones(len(one)), (one, other))).toarray()
    both, rows, columns = (float((n * (n - 1) / 2).sum()) for n in (table, table.sum(axis=1), table.sum(axis=0)))
    chance = rows * columns / max(len(one) * (len(one) - 1) / 2, 1.0)
    most = (rows + columns) / 2
    return 1.0 if most == chance else (both - chance) / (most - chance)


def _directions(adjacency: Adjacency, places: FloatArray) -> FloatArray:
    """Where people lie: the direction of the sum of their items' places, float64 [n_users, n]; 0 without any."""
    sums = np.asarray(adjacency.by_user @ places)
    length = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.asarray(sums / np.where(length > 1e-9, length, 1.0))
