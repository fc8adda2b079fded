"""The floor that knows nothing but the clock: the newest item first."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from core.adjacency import Adjacency
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models.base import Holdout, ModelSpec, ModelState, Recommender, register
from core.progress import Progress, no_progress
from core.propagation import Walks
from core.words import ConstantWords

NEWNESS = "newness"
DAY_S = 86_400.0


@register
class Newest(Recommender):
    """Score of an item = 1 / (1 + its age in days). One part, `newness`."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="newest",
        title="Newest first",
        source="time of publication; of the first event where none is stated",
        exact=True,
        summary="The same list for everybody: what came last. A floor to compare with.",
        use="As the floor where what is new is what is had.",
        unit="1 / (1 + age in days)",
        order=70,
        floor=True,
        constants={NEWNESS: ConstantWords(text="its newness (the same for everybody)", label="newness", alike=True)},
    )

    needs_cut: ClassVar[bool] = False

    def __init__(self, adjacency: Adjacency, newness: FloatArray) -> None:
        self.adjacency, self.newness = adjacency, newness

    @classmethod
    def fit(cls, graph: InteractionGraph, *, holdout: Holdout, seed: int = 0, progress: Progress = no_progress) -> Self:
        return cls.restore(graph, ModelState({}))

    @classmethod
    def restore(cls, graph: InteractionGraph, state: ModelState) -> Self:
        age = np.maximum(0.0, graph.now - graph.since) / DAY_S if graph.timed else np.full(graph.n_items, np.inf)
        return cls(Adjacency.from_matrix(graph.interactions), 1.0 / (1.0 + age))

    def state(self) -> ModelState:
        return ModelState({})

    def score(self, users: IntArray) -> FloatArray:
        return np.tile(self.newness, (len(users), 1))

    def masked(self, user: int, dropped: IntArray) -> FloatArray:
        return self.newness.copy()

    def walks(self, user: int, item: int) -> tuple[Walks, ...]:
        return ()

    def constants(self, user: int, item: int) -> dict[str, float]:
        return {NEWNESS: float(self.newness[item])}

    def history(self, user: int) -> IntArray:
        return self.adjacency.row(user)[0]

    def fold_in(self, items: IntArray, weights: FloatArray, user: int | None = None) -> tuple[Newest, int]:
        adjacency, position = self.adjacency.with_row(user, items, weights)
        return Newest(adjacency, self.newness), position
