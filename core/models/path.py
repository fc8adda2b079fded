"""The default model: the score is the sum of its paths, and nothing else.

No free user embedding, layer 0 is one-hot: message passing person → item → people → item along typed relations with
learnt normalisation, linear in every edge. score(u, i) = Σ_r weight_r/scale_r Σ_walks Π edge weights. Every term is one
walk of the graph; path share is 1 by construction. Its few parameters are picked on a validation cut
(core.models._path_search).
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from core.adjacency import matrix_row
from core.edge_score import Arriving, ChainEdges, EdgeScore
from core.errors import ModelError
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models._path_chains import TREND, PathEdges, PathParameters, chains, trend_step
from core.models._path_scores import built, edges_of, first_hops, folded, histories, push, trend, trend_coefficient
from core.models._path_words import CONSTANT_WORDS, PARAMETER_WORDS, RELATION_WORDS
from core.models.base import (
    Holdout,
    ModelSpec,
    ModelState,
    Readers,
    Recommender,
    register,
)
from core.progress import Progress, no_progress, portion
from core.propagation import RowEntries, Walks


@register
class PathModel(Recommender):
    """Linear typed message passing without embeddings. Read-only once built."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="path",
        title="Path model",
        source="linear message passing along typed relations; cf. random walks P3α (Cooper et al. 2014), RP3β "
        "(Paudel et "
        "al. 2017), LinkProp (Fu et al., WWW 2022)",
        exact=True,
        summary="The score is the sum of the graph's paths from the person to the item. Nothing else enters.",
        use="Where the model is to be read as a few numbers, and where lists are of now.",
        unit="path score (sum of weighted paths)",
        order=0,
        relations=RELATION_WORDS,
        constants=CONSTANT_WORDS,
        parameters=PARAMETER_WORDS,
    )

    def __init__(self, edges: PathEdges, parameters: PathParameters) -> None:
        self.edges = edges
        self.parameters = parameters
        self.chains = chains(edges, parameters)
        self.trend_step = trend_step(edges, parameters)
        self.trend = trend(self.trend_step, parameters)

    @classmethod
    def fit(cls, graph: InteractionGraph, *, holdout: Holdout, seed: int = 0, progress: Progress = no_progress) -> Self:
        from core.models._path_search import search

        if not len(graph.events):
            raise ModelError("The path model needs events: this graph has none.")
        parameters = search(holdout, seed=seed, progress=portion(progress, 0.0, 0.95))
        progress(0.95, "measuring scales")
        return cls.build(graph, parameters)

    @classmethod
    def build(cls, graph: InteractionGraph, parameters: PathParameters) -> Self:
        """The model with these exponents and weights. Its scale constants are measured on `graph`, unless moments
        matter: then they are those of the moments on which its weights were picked.
        """
        return cls(*built(graph, parameters))

    @classmethod
    def restore(cls, graph: InteractionGraph, state: ModelState) -> Self:
        parameters = PathParameters.from_json(state.parameters)
        return cls(edges_of(graph, parameters), parameters)

    def later(self, moment: int) -> PathModel:
        return self._with(self.edges.at(moment)) if self.parameters.timed else self

    def _with(self, edges: PathEdges) -> PathModel:
        """The same parameters on other edges."""
        return PathModel(edges, self.parameters)

    def state(self) -> ModelState:
        return ModelState(self.parameters.as_json())

    def held_out(self, holdout: Holdout, *, seed: int = 0) -> Self:
        return self.build(holdout.train, self.parameters)

    def histories(self, users: IntArray) -> FloatArray:
        """float64 [n_items, B]: a column a person, the weights of the hops to what they have."""
        return histories(self.edges, self.parameters, users)

    def first_hops(self, user: int) -> tuple[IntArray, FloatArray]:
        """A person's items, ascending, and the weights of the hops to them, float64 [h]."""
        return first_hops(self.edges, self.parameters, user)

    def score(self, users: IntArray) -> FloatArray:
        x = self.histories(users)
        out = np.zeros(x.shape) if self.trend is None else np.repeat(self.trend[:, None], len(users), axis=1)
        for chain, pushed in zip(self.chains, push(self.chains, x), strict=True):
            out += chain.coefficient * pushed
        return np.ascontiguousarray(out.T)

    def masked(self, user: int, dropped: IntArray) -> FloatArray:
        x = self.histories(np.array([user], dtype=np.int64))
        x[dropped] = 0.0
        pushed = zip(self.chains, push(self.chains, x), strict=True)
        start = np.zeros(len(x)) if self.trend is None else self.trend
        return np.asarray(sum((chain.coefficient * out[:, 0] for chain, out in pushed), start))

    def terms(self, users: IntArray, keep: FloatArray | None = None) -> dict[str, FloatArray]:
        x = self.histories(users)
        pushed = push(self.chains, x if keep is None else np.ascontiguousarray(x * keep.T))
        terms = {
            chain.key: np.ascontiguousarray((chain.coefficient * out).T)
            for chain, out in zip(self.chains, pushed, strict=True)
        }
        return terms if self.trend is None else terms | {TREND: np.tile(self.trend, (len(users), 1))}

    def walks(self, user: int, item: int) -> tuple[Walks, ...]:
        items, start = self.first_hops(user)
        entries = RowEntries(items)
        return tuple(Walks(chain, items, start, target=item, entries=entries) for chain in self.chains)

    def constants(self, user: int, item: int) -> dict[str, float]:
        return {} if self.trend is None else {TREND: float(self.trend[item])}

    def connected(self, user: int, item: int) -> float:
        return super().connected(user, item) + sum(self.constants(user, item).values())

    def edge_score(self, user: int, item: int) -> EdgeScore:
        arriving = (
            () if self.trend_step is None else (Arriving(self.trend_step, item, trend_coefficient(self.parameters)),)
        )
        return ChainEdges(self.walks(user, item), user, 0.0, arriving)

    def readers(self, item: int) -> Readers | None:
        if self.trend_step is None or self.edges.times is None:
            return None
        people, weights = matrix_row(self.trend_step.transpose, item)
        amounts = trend_coefficient(self.parameters) * weights * self.trend_step.right[item]
        life = self.parameters.relations[TREND].reach_life
        return Readers(TREND, people, amounts, matrix_row(self.edges.times.by_item, item)[1], life)

    def shrink(self, relation: str, n_history: int, n_dropped: int) -> float:
        if self.parameters.person == 0 or n_dropped >= n_history:
            return 1.0
        return float((1 - n_dropped / n_history) ** -self.parameters.person)

    def history(self, user: int) -> IntArray:
        return self.edges.adjacency.row(user)[0]

    @property
    def reads_weights(self) -> bool:
        return self.parameters.weight_exponent != 0

    def fold_in(self, items: IntArray, weights: FloatArray, user: int | None = None) -> tuple[PathModel, int]:
        edges, position = self.folded(items, weights, user)
        return self._with(edges), position

    def folded(self, items: IntArray, weights: FloatArray, user: int | None) -> tuple[PathEdges, int]:
        """The edges after `user` (None: a new person) has exactly this history, and the person's position."""
        return folded(self.edges, self.parameters, items, weights, user)
