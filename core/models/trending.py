"""The floor of a moment: how many people have an item of late. Alike for everybody, and made of observed events."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Self

import numpy as np

from core.adjacency import matrix_row
from core.edge_score import Arriving, ChainEdges, EdgeScore
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models._path_chains import CO_3, TREND, PathEdges, PathParameters, Relation
from core.models._path_words import CONSTANT_WORDS
from core.models.base import (
    Holdout,
    ModelSpec,
    ModelState,
    Readers,
    Recommender,
    list_accuracy,
    register,
)
from core.progress import Progress, no_progress
from core.propagation import Step, Walks
from core.words import ParameterWords

HALF_LIVES_H = (1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 720, 2_160, 8_760)
HOUR_S = 3_600.0


@register
class Trending(Recommender):
    """Score of an item = number of people who have it, each counting half after every half-life."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="trending",
        title="Trending now",
        source="exponentially decayed count of people",
        exact=True,
        summary="The same list for everybody: what people have of late. The floor of a moment.",
        use="As the floor of data that live shortly: what does not beat it should not be served.",
        unit="people of late",
        order=65,
        floor=True,
        constants=CONSTANT_WORDS,
        parameters={
            "half_life": ParameterWords(
                label="seconds after which a person's having it counts half", effect="how fast the trend forgets"
            )
        },
    )

    def __init__(self, edges: PathEdges, half_life: float) -> None:
        self.edges, self.half_life = edges, half_life
        everybody = edges.decayed(half_life)
        ones = np.ones(everybody.n_users), np.ones(everybody.n_items)
        self.step = Step(everybody.by_user, everybody.by_item, *ones, "consumed", "user", "item")
        self.people = everybody.item_degree

    @classmethod
    def fit(cls, graph: InteractionGraph, *, holdout: Holdout, seed: int = 0, progress: Progress = no_progress) -> Self:
        if not graph.timed:
            return cls.of(graph, HALF_LIVES_H[-1] * HOUR_S)
        span = float(np.ptp(graph.events.time))
        lives = [h * HOUR_S for h in HALF_LIVES_H if h * HOUR_S <= span] or [HALF_LIVES_H[-1] * HOUR_S]
        value = _over_moments(holdout) if holdout.moments is not None else _over_people(holdout)
        values = []
        for n, life in enumerate(lives):
            progress(n / len(lives), "weighing half-lives")
            values.append(value(life))
        return cls.of(graph, lives[int(np.argmax(values))])

    @classmethod
    def of(cls, graph: InteractionGraph, half_life: float) -> Self:
        """The floor with this half-life."""
        return cls(PathEdges.of(graph, 0.0, 1.0, contexts=False), half_life)

    @classmethod
    def restore(cls, graph: InteractionGraph, state: ModelState) -> Self:
        return cls.of(graph, float(state.parameters["half_life"]))

    def later(self, moment: int) -> Trending:
        return Trending(self.edges.at(moment), self.half_life)

    def state(self) -> ModelState:
        return ModelState({"half_life": self.half_life})

    def held_out(self, holdout: Holdout, *, seed: int = 0) -> Self:
        return self.of(holdout.train, self.half_life)

    def score(self, users: IntArray) -> FloatArray:
        return np.tile(self.people, (len(users), 1))

    def masked(self, user: int, dropped: IntArray) -> FloatArray:
        return self.people.copy()

    def walks(self, user: int, item: int) -> tuple[Walks, ...]:
        return ()

    def constants(self, user: int, item: int) -> dict[str, float]:
        return {TREND: float(self.people[item])}

    def connected(self, user: int, item: int) -> float:
        return float(self.people[item])

    def edge_score(self, user: int, item: int) -> EdgeScore:
        return ChainEdges((), user, 0.0, (Arriving(self.step, item, 1.0),))

    def readers(self, item: int) -> Readers | None:
        if self.edges.times is None:
            return None
        people, amounts = matrix_row(self.step.transpose, item)
        return Readers(TREND, people, amounts, matrix_row(self.edges.times.by_item, item)[1], self.half_life)

    def history(self, user: int) -> IntArray:
        return self.edges.adjacency.row(user)[0]

    def fold_in(self, items: IntArray, weights: FloatArray, user: int | None = None) -> tuple[Trending, int]:
        items = np.unique(items)
        edges, position = self.edges.with_history(user, items, np.ones(len(items)))
        return Trending(edges, self.half_life), position


def _over_moments(holdout: Holdout) -> Callable[[float], float]:
    """Mean of Recall@20 and NDCG@20 of a half-life over people at moments."""
    from core.models._path_validation import MomentValidation  # torch, seconds to import

    cases = MomentValidation(holdout)

    def value(life: float) -> float:
        relation = Relation(1.0, 0.0, 0.0, 0.0, reach_life=life)
        none = Relation(0.0, 0.0, 0.0, 0.0)
        pushed = cases.push(PathParameters(0.0, 1.0, {CO_3: none, TREND: relation}), (TREND,))
        return cases.cases.value(pushed, {TREND: 1.0}) if pushed else 0.0

    return value


def _over_people(holdout: Holdout) -> Callable[[float], float]:
    """The same over people with something kept back."""
    return lambda life: sum(list_accuracy(Trending.of(holdout.train, life), holdout).values()) / 2
