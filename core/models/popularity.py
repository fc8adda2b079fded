"""The floor without a person in it: how many people have an item. Its score has no path, and says so."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from core.adjacency import Adjacency
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models.base import Holdout, ModelSpec, ModelState, Recommender, register
from core.progress import Progress, no_progress
from core.propagation import Walks
from core.words import ConstantWords

BASE = "base"


@register
class Popularity(Recommender):
    """Score of an item = number of people who have it. One part, `base`."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="popularity",
        title="Popularity",
        source="count of people",
        exact=True,
        summary="The same list for everybody: what most people have. A floor to compare with.",
        use="As the floor that anything personal must beat.",
        unit="people",
        order=60,
        floor=True,
        constants={
            BASE: ConstantWords(text="popularity (the same for everybody)", label="popularity or bias", alike=True)
        },
    )

    needs_cut: ClassVar[bool] = False

    def __init__(self, adjacency: Adjacency) -> None:
        self.adjacency = adjacency
        self.people = np.diff(adjacency.by_item.indptr).astype(np.float64)

    @classmethod
    def fit(cls, graph: InteractionGraph, *, holdout: Holdout, seed: int = 0, progress: Progress = no_progress) -> Self:
        return cls(Adjacency.from_matrix(graph.interactions))

    @classmethod
    def restore(cls, graph: InteractionGraph, state: ModelState) -> Self:
        return cls(Adjacency.from_matrix(graph.interactions))

    def state(self) -> ModelState:
        return ModelState({})

    def score(self, users: IntArray) -> FloatArray:
        return np.tile(self.people, (len(users), 1))

    def masked(self, user: int, dropped: IntArray) -> FloatArray:
        return self.people.copy()

    def walks(self, user: int, item: int) -> tuple[Walks, ...]:
        return ()

    def constants(self, user: int, item: int) -> dict[str, float]:
        return {BASE: float(self.people[item])}

    def history(self, user: int) -> IntArray:
        return self.adjacency.row(user)[0]

    def fold_in(self, items: IntArray, weights: FloatArray, user: int | None = None) -> tuple[Popularity, int]:
        adjacency, position = self.adjacency.with_row(user, items, weights)
        return Popularity(adjacency), position
