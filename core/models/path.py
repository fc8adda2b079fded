"""The default model: the score is the sum of its paths, and nothing else.

No free user embedding, layer 0 is one-hot: message passing person → item → people → item along typed relations with
learnt normalisation, linear in every edge. score(u, i) = Σ_r weight_r/scale_r Σ_walks Π edge weights. Every term is one
walk of the graph; path share is 1 by construction. Its few parameters are picked on a validation cut
(core.models._path_search).
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import ClassVar, Self

import numpy as np

from core.adjacency import merged_row
from core.errors import ModelError
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models._path_chains import PathEdges, PathParameters, chains, edge_weights
from core.models._path_words import PARAMETER_WORDS, RELATION_WORDS
from core.models.base import Holdout, ModelSpec, ModelState, Recommender, register, validation_accuracy
from core.progress import Progress, no_progress, portion
from core.propagation import Chain, RowEntries, Walks, push_chains

MAX_SCALE_USERS = 2_000
SCALE_BATCH_CELLS = 2**19  # nodes × people pushed at once: what a processor's cache holds


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
        unit="path score (sum of weighted paths)",
        order=0,
        relations=RELATION_WORDS,
        parameters=PARAMETER_WORDS,
    )

    def __init__(self, edges: PathEdges, parameters: PathParameters) -> None:
        self.edges = edges
        self.parameters = parameters
        self.chains = chains(edges, parameters)

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
        """The model with these exponents and weights; its scale constants are measured on `graph`."""
        mean = float(graph.interactions.data.mean())
        parameters = replace(parameters, weight_mean=mean)
        edges = PathEdges.of(graph, parameters.weight_exponent, mean)
        return cls(edges, with_scales(edges, parameters))

    @classmethod
    def restore(cls, graph: InteractionGraph, state: ModelState) -> Self:
        parameters = PathParameters.from_json(state.parameters)
        return cls(PathEdges.of(graph, parameters.weight_exponent, parameters.weight_mean), parameters)

    def state(self) -> ModelState:
        return ModelState(asdict(self.parameters))

    def validation_metrics(self, holdout: Holdout) -> dict[str, float]:
        return validation_accuracy(PathModel.build(holdout.train, self.parameters), holdout)

    def score(self, users: IntArray) -> FloatArray:
        x = histories(self.edges, users)
        out = np.zeros(x.shape)
        for chain, pushed in zip(self.chains, _push(self.chains, x), strict=True):
            out += chain.coefficient * pushed
        return np.ascontiguousarray(out.T)

    def masked(self, user: int, dropped: IntArray) -> FloatArray:
        x = histories(self.edges, np.array([user], dtype=np.int64))
        x[dropped] = 0.0
        pushed = zip(self.chains, _push(self.chains, x), strict=True)
        return np.asarray(sum((chain.coefficient * out[:, 0] for chain, out in pushed), np.zeros(len(x))))

    def terms(self, users: IntArray, keep: FloatArray | None = None) -> dict[str, FloatArray]:
        x = histories(self.edges, users)
        pushed = _push(self.chains, x if keep is None else np.ascontiguousarray(x * keep.T))
        return {
            chain.key: np.ascontiguousarray((chain.coefficient * out).T)
            for chain, out in zip(self.chains, pushed, strict=True)
        }

    def walks(self, user: int, item: int) -> tuple[Walks, ...]:
        items, start = self.edges.adjacency.row(user)
        entries = RowEntries(items)
        return tuple(Walks(chain, items, start, target=item, entries=entries) for chain in self.chains)

    def history(self, user: int) -> IntArray:
        return self.edges.adjacency.row(user)[0]

    @property
    def reads_weights(self) -> bool:
        return self.parameters.weight_exponent != 0

    def fold_in(self, items: IntArray, weights: FloatArray, user: int | None = None) -> tuple[PathModel, int]:
        items, weights = merged_row(items, weights)
        weights = edge_weights(weights, self.parameters.weight_exponent, self.parameters.weight_mean)
        edges, position = self.edges.with_history(user, items, weights)
        return PathModel(edges, self.parameters), position


def _push(active: tuple[Chain, ...], x: FloatArray) -> list[FloatArray]:
    import torch

    with torch.no_grad():
        return [pushed.numpy() for pushed in push_chains(active, torch.from_numpy(x))]


def histories(edges: PathEdges, users: IntArray) -> FloatArray:
    """float64 [n_items, B]: a column a person, the weights of what they have."""
    return np.ascontiguousarray(edges.adjacency.by_user[users].toarray().T)


def with_scales(edges: PathEdges, parameters: PathParameters) -> PathParameters:
    """The parameters with each chain's scale set to the standard deviation of its scores over people and items.

    Above MAX_SCALE_USERS people, the measured ones are spread evenly over the order of their degrees.
    """
    degree = edges.adjacency.user_degree
    users = np.lexsort((np.arange(len(degree)), degree))
    users = users[degree[users] > 0]
    if len(users) > MAX_SCALE_USERS:
        users = users[np.linspace(0, len(users) - 1, MAX_SCALE_USERS).astype(np.int64)]
    bare = replace(parameters, relations={k: replace(r, scale=1.0) for k, r in parameters.relations.items()})
    active = chains(edges, bare)
    moments = np.zeros((len(active), 2))
    width = int(np.clip(SCALE_BATCH_CELLS // max(edges.adjacency.by_user.shape), 8, 256))
    for batch in np.array_split(users, max(1, len(users) // width)):
        for row, pushed in zip(moments, _push(active, histories(edges, batch)), strict=True):
            row += pushed.sum(), np.square(pushed).sum()
    n = max(1, len(users) * edges.adjacency.n_items)
    for chain, (total, squares) in zip(active, moments, strict=True):
        deviation = float(np.sqrt(max(squares / n - (total / n) ** 2, 0.0)))
        alike = deviation <= 1e-6 * np.sqrt(squares / n)  # everybody scores everything the same, but for rounding
        parameters = parameters.with_relation(chain.key, scale=1.0 if alike else deviation)
    return parameters
