"""The path model with learnt strengths: still nothing but walks of observed edges, and more accurate than vectors are.

score(u, i) = Σ_r weight_r/scale_r Σ_walks Π edge weights · edge strengths · node gates, every factor above 0.
Exponents, weights and half-lives are the path model's; the strengths are learnt after them, in
core.models._strength_training. The person who is served has no learnt number of their own, so fold-in, deletion and
what-if need no learning.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from core.adjacency import merged_row
from core.errors import ModelError
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models._path_chains import PathEdges, PathParameters
from core.models._path_scores import built, edges_of
from core.models._path_words import CONSTANT_WORDS, PARAMETER_WORDS, RELATION_WORDS
from core.models._strengths import Factors, Strengths
from core.models.base import Holdout, ModelSpec, ModelState, register, validation_accuracy
from core.models.path import PathModel
from core.progress import Progress, no_progress, portion
from core.words import ParameterWords

ROUND_WORDS = {
    "rounds": ParameterWords(
        label="how long strengths were learnt (0: not at all)", effect="how far edges differ in strength"
    )
}


@register
class PathStrengths(PathModel):
    """Typed message passing with a learnt positive strength on every observed edge. Read-only once built."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="path-strengths",
        title="Path model with strengths",
        source="the path model, whose edges and nodes have positive factors learnt by softmax over all items; cf. "
        "supervised random walks (Backstrom and Leskovec, WSDM 2011)",
        exact=True,
        summary="The score is the sum of the graph's paths, and how strongly each edge tells was learnt.",
        use="Where items live long and accuracy counts: minutes to learn, the same exact reasons.",
        unit="path score (sum of weighted paths)",
        order=1,
        relations=RELATION_WORDS,
        constants=CONSTANT_WORDS,
        parameters=PARAMETER_WORDS | ROUND_WORDS,
        learnt_vectors=True,
    )

    def __init__(
        self,
        edges: PathEdges,
        parameters: PathParameters,
        factors: Factors,
        rounds: int = 0,
    ) -> None:
        super().__init__(edges, parameters)
        self.factors, self.rounds = factors, rounds
        self.validation: dict[str, float] = {}
        self.chains = factors.carried(self.chains)

    @classmethod
    def fit(cls, graph: InteractionGraph, *, holdout: Holdout, seed: int = 0, progress: Progress = no_progress) -> Self:
        from core.models._path_search import search
        from core.models._strength_training import learn

        if not len(graph.events):
            raise ModelError("The path model needs events: this graph has none.")
        parameters = search(holdout, seed=seed, progress=portion(progress, 0.0, 0.3))
        learnt = learn(graph, parameters, holdout, seed=seed, progress=portion(progress, 0.3, 0.95))
        progress(0.95, "measuring scales")
        on_cut = cls.build_with(holdout.train, learnt.parameters, learnt.on_cut, learnt.rounds)
        model = cls.build_with(graph, learnt.parameters, learnt.strengths, learnt.rounds)
        model.validation = validation_accuracy(on_cut, holdout)
        return model

    @classmethod
    def build_with(
        cls, graph: InteractionGraph, parameters: PathParameters, strengths: Strengths, rounds: int = 0
    ) -> Self:
        """The model with these parameters, whose scale constants are measured on `graph`, and these strengths."""
        return cls(*built(graph, parameters), Factors.on(strengths, graph.interactions), rounds)

    @classmethod
    def restore(cls, graph: InteractionGraph, state: ModelState) -> Self:
        strengths = Strengths.from_arrays(state.arrays, graph.n_items)
        parameters = PathParameters.from_json(state.parameters)
        factors = Factors.on(strengths, graph.interactions)
        return cls(edges_of(graph, parameters), parameters, factors, int(state.parameters["rounds"]))

    def state(self) -> ModelState:
        return ModelState(self.parameters.as_json() | {"rounds": self.rounds}, self.factors.strengths.arrays())

    def held_out(self, holdout: Holdout, *, seed: int = 0) -> Self:
        from core.models._strength_training import learnt_for

        strengths = learnt_for(self.rounds, holdout.train, self.parameters, seed=seed)
        return self.build_with(holdout.train, self.parameters, strengths, self.rounds)

    def validation_metrics(self, holdout: Holdout) -> dict[str, float]:
        return self.validation

    def histories(self, users: IntArray) -> FloatArray:
        values = self.factors.entering(users).toarray()
        return np.ascontiguousarray(super().histories(users) * values.T)

    def first_hops(self, user: int) -> tuple[IntArray, FloatArray]:
        items, start = super().first_hops(user)
        return items, start * self.factors.entering(np.array([user])).data

    @property
    def reads_weights(self) -> bool:
        return super().reads_weights or bool(np.ptp(self.factors.strengths.values, axis=1).any())

    def _with(self, edges: PathEdges) -> PathStrengths:
        return PathStrengths(edges, self.parameters, self.factors, self.rounds)

    def fold_in(self, items: IntArray, weights: FloatArray, user: int | None = None) -> tuple[PathStrengths, int]:
        edges, position = self.folded(items, weights, user)
        factors = self.factors.with_history(user, *merged_row(items, weights))
        return PathStrengths(edges, self.parameters, factors, self.rounds), position
