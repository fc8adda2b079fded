"""LightGCN whose items start from what they are: words, topics, creators, numbers. New items and new people are at home
in it.

    E0_u = 0,   E0_i = encoder(x_i) + own_i,   E = Σ_l α_l Â^l E0,   score(u, i) = <E_u, E_i> + <x_i, w_b>

People have no free embedding, so that every person is their history; an item that nobody has is still encoded. own_i is
a learnt vector of the item's own, 0 at the start and held small. Which feature carried a score is left to
explain.explanation.features.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from core.adjacency import Adjacency
from core.edge_score import EdgeScore, EmbeddingEdges
from core.errors import ModelError
from core.feature_score import GRAPH, OWN, FeatureScore, OtherTerm
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models._content_encoder import Encoder
from core.models._content_features import ItemFeatures
from core.models.base import Holdout, ModelSpec, ModelState, register
from core.models.lightgcn import JUMP_WORDS, N_LAYERS, NETWORK_WORDS, LightGCN
from core.progress import Progress, no_progress
from core.propagation import Chain, Walks
from core.words import ConstantWords, ParameterWords

OWN_TEXT = "learnt vector of {item} itself"
FEATURES_TEXT = "features of what the same people have"
VECTORS_TEXT = "learnt vectors of what the same people have"
CONTENT = "content"
CONTENT_WORDS = {
    CONTENT: ConstantWords(
        text="what the {noun} is about and like (the same for everybody)",
        label="content that no history item carries",
        short="content",
        alike=True,
    )
}
ENCODER_WORDS = {
    **NETWORK_WORDS,
    "hidden": ParameterWords(label="widths of the layers in between"),
    "features": ParameterWords(label="features of the items, by kind"),
}


@register
class ContentModel(LightGCN):
    """LightGCN over encoded items. Read-only once built; own float64 [n_items, dim], each item's own learnt vector."""

    reads_attributes: ClassVar[bool] = True
    spec: ClassVar[ModelSpec] = ModelSpec(
        name="gnn+content",
        title="GNN on content, linear",
        source="LightGCN (He et al. 2020) without free user embeddings, item embeddings linear in TF-IDF+SVD, topics, "
        "creators and numbers; softmax loss of Wu et al. 2022",
        exact=False,
        summary="Items start from their words, topics, creator and numbers, people from their history: new ones "
        "get scores "
        "and reasons at once. What each word gives is known exactly; most of a score is still a latent jump.",
        use="Where new items come with words, topics or attributes and have nobody yet.",
        unit="inner product",
        order=30,
        learnt_vectors=True,
        relations=JUMP_WORDS,
        constants=CONTENT_WORDS,
        parameters=ENCODER_WORDS,
    )
    hidden: ClassVar[bool] = False

    def __init__(
        self,
        adjacency: Adjacency,
        features: ItemFeatures,
        encoder: Encoder,
        own: FloatArray,
        n_layers: int = N_LAYERS,
        epochs: int = 0,
        validation: dict[str, float] | None = None,
    ) -> None:
        self.features, self.encoder, self.own = features, encoder, own
        self.content = encoder.encode(features.inputs)
        self.bias = np.asarray(features.inputs @ encoder.bias)
        nobody = np.zeros((adjacency.n_users, own.shape[1]))
        super().__init__(adjacency, np.concatenate([nobody, self.content + own]), n_layers, epochs, validation)

    @classmethod
    def fit(cls, graph: InteractionGraph, *, holdout: Holdout, seed: int = 0, progress: Progress = no_progress) -> Self:
        from core.models._content_training import train_content

        features = ItemFeatures.of(graph)
        if not features.matrix.nnz:
            raise ModelError(
                f"Model {cls.spec.name} learns from what is known about items, and workspace {graph.name} "
                "has no words that two "
                "titles share, no topics, no creators and no attributes of items. Add them, or fit lightgcn."
            )
        encoder, own, epochs, metrics = train_content(
            features, graph, holdout, hidden=cls.hidden, n_layers=N_LAYERS, seed=seed, progress=progress
        )
        adjacency = Adjacency.binary(graph.interactions)
        return cls(adjacency, features, encoder, own, epochs=epochs, validation=metrics)

    @classmethod
    def restore(cls, graph: InteractionGraph, state: ModelState) -> Self:
        """The features come from the snapshot too: a later change of a title or a text changes no stored model."""
        p, a = state.parameters, state.arrays
        shape = (graph.n_items, len(a["feature_names"]))
        matrix = sparse.csr_matrix((a["features_data"], a["features_indices"], a["features_indptr"]), shape=shape)
        features = ItemFeatures(matrix, a["feature_names"], a["feature_groups"], a["components"])
        weights = tuple(a[name] for name in ("weights_1", "weights_2") if name in a)
        encoder = Encoder(weights, a["bias"])
        return cls(
            Adjacency.binary(graph.interactions), features, encoder, a["own"], int(p["n_layers"]), int(p["epochs"])
        )

    def state(self) -> ModelState:
        matrix = self.features.matrix
        arrays = {
            "features_data": matrix.data,
            "features_indices": matrix.indices,
            "features_indptr": matrix.indptr,
            "feature_names": self.features.names,
            "feature_groups": self.features.groups,
            "components": self.features.components,
            "bias": self.encoder.bias,
            "own": self.own,
        }
        arrays |= {f"weights_{n}": w for n, w in enumerate(self.encoder.weights, start=1)}
        parameters = {
            "n_layers": self.n_layers,
            "dim": int(self.own.shape[1]),
            "epochs": self.epochs,
            "hidden": [int(w.shape[0]) for w in self.encoder.weights[1:]],
            "features": self.features.sizes(),
        }
        return ModelState(parameters, arrays)

    def score(self, users: IntArray) -> FloatArray:
        return np.asarray(super().score(users) + self.bias)

    def constants(self, user: int, item: int) -> dict[str, float]:
        return {CONTENT: float(self.bias[item])}

    def walks(self, user: int, item: int) -> tuple[Walks, ...]:
        return tuple(w for w in super().walks(user, item) if w.chain in self._to_items)

    @property
    def _to_items(self) -> tuple[Chain, ...]:
        """Chains that end on an item: people carry nothing of their own."""
        return tuple(chain for chain in self.chains if len(chain.steps) % 2 == 0)

    def terms(self, users: IntArray, keep: FloatArray | None = None) -> dict[str, FloatArray]:
        return {CONTENT: np.tile(self.bias, (len(users), 1)), **self._jumps(users, keep, self._to_items)}

    def masked(self, user: int, dropped: IntArray) -> FloatArray:
        return np.asarray(super().masked(user, dropped) + self.bias)

    def edge_score(self, user: int, item: int) -> EdgeScore:
        half, constant = (self.half_user, self.half_item), float(self.bias[item])
        return EmbeddingEdges(self.adjacency, *half, self.alpha, self.n_layers, self.e0, user, item, constant)

    def fold_in(self, items: IntArray, weights: FloatArray, user: int | None = None) -> tuple[ContentModel, int]:
        adjacency, position = self.adjacency.having(user, items)
        return type(self)(adjacency, self.features, self.encoder, self.own, self.n_layers, self.epochs), position

    def person(self, user: int) -> FloatArray:
        """E_u, what an item's vector is multiplied by: float64 [dim]."""
        return np.asarray(self._layers[0][user])

    def feature_score(self, user: int, item: int) -> FeatureScore:
        """The score by the item's features: α <encoder(x), E_u> + <x, w_b>, beside its own vector and what comes
        through people."""
        row, person, reach = self.features.matrix[[item]], self.person(user), self.through_graph(item)
        present = np.asarray(row.indices, dtype=np.int64)
        basis, weights, bias = self.features.basis[present], self.encoder.weights, self.encoder.bias
        linear = len(weights) == 1
        return FeatureScore(
            names=self.features.names[present],
            groups=self.features.groups[present],
            values=np.asarray(row.data),
            worth=self.encoder.worth(basis, self.alpha, person),
            slope=np.asarray(basis @ (self.alpha * (weights[0] @ person) + bias)) if linear else None,
            others=(
                OtherTerm(group=OWN, text=OWN_TEXT, amount=float(self.alpha * self.own[item] @ person)),
                OtherTerm(group=GRAPH, text=FEATURES_TEXT, amount=float(reach @ (self.content @ person))),
                OtherTerm(group=GRAPH, text=VECTORS_TEXT, amount=float(reach @ (self.own @ person))),
            ),
        )

    def through_graph(self, item: int) -> FloatArray:
        """Row of Σ_{l≥1} α Â^l over the items: how much of each item's layer-0 vector reaches this one; float64
        [n_items]."""
        users, items = np.zeros(self.adjacency.n_users), np.zeros(self.adjacency.n_items)
        items[item] = self.alpha
        total = np.zeros_like(items)
        for _ in range(self.n_layers):
            users, items = (
                self.half_user * (self.adjacency.by_user @ (self.half_item * items)),
                self.half_item * (self.adjacency.by_item @ (self.half_user * users)),
            )
            total += items
        return total


@register
class ContentMLP(ContentModel):
    """The same with one hidden layer: features may act together, so that no feature has one weight."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="gnn+content-mlp",
        title="GNN on content, one hidden layer",
        source="as gnn+content, with item embeddings tanh(x W1) W2",
        exact=False,
        summary="As gnn+content, but features act together. What each gives is attributed by Integrated Gradients, "
        "whose "
        "error is printed.",
        use="The same where features act together; its reasons are attributed, not exact.",
        unit="inner product",
        order=40,
        learnt_vectors=True,
        relations=JUMP_WORDS,
        constants=CONTENT_WORDS,
        parameters=ENCODER_WORDS,
    )
    hidden: ClassVar[bool] = True
