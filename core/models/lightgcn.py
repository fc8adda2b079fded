"""LightGCN, the reference (He et al. 2020), with the same quality of explanation and an honest account of its jumps.

    E = Σ_l α_l Â^l E0,   score(u, i) = <E_u, E_i>,   Â = D^-1/2 A D^-1/2,   α_l = 1/(L+1)

Its score is α_0 <e_u, E_i> (memory: the person's own free embedding) plus walks of 1..L hops that end in a latent jump
<e_x, E_i>. Only pairs of walks that meet in one node are paths of the graph; `connected` is their sum.
"""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from core.adjacency import Adjacency
from core.edge_score import EdgeScore, EmbeddingEdges
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models.base import Holdout, ModelSpec, ModelState, Recommender, register
from core.progress import Progress, no_progress
from core.propagation import Chain, Step, Walks
from core.words import ConstantWords, ParameterWords, RelationWords, chain_words

N_LAYERS = 3
MEMORY = "memory"
JUMP_WORDS = {
    f"jump_{n + 1}": RelationWords(text=chain_words(("user", "item")[:n], jump=True)) for n in range(N_LAYERS)
}
MEMORY_WORDS = {
    MEMORY: ConstantWords(
        text="the model's memory of this person (no path)",
        label="the model's own memory of this person",
        short="the model's own memory",
        alike=False,
    )
}
NETWORK_WORDS = {
    "n_layers": ParameterWords(
        label="rounds of passing on between people and items",
        effect="how many steps the vectors are spread along the graph",
    ),
    "dim": ParameterWords(
        label="numbers learnt for each person or item", effect="length of the learnt vector of each person and item"
    ),
    "epochs": ParameterWords(label="passes over the training data", effect="passes over the data"),
}


@register
class LightGCN(Recommender):
    """Linear graph convolution over free embeddings. Read-only once built; e0 float64 [n_users + n_items, dim]."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="lightgcn",
        title="LightGCN",
        source="He et al. 2020, on torch_geometric LGConv; BPR loss as published",
        exact=False,
        summary=(
            "A learnt embedding per person and item. Most of a score is memory and latent jumps that no edge explains."
        ),
        use="As the published reference, with an honest account of what its paths do not carry.",
        unit="inner product",
        order=10,
        learnt_vectors=True,
        relations=JUMP_WORDS,
        constants=MEMORY_WORDS,
        parameters=NETWORK_WORDS,
    )

    objective: ClassVar[str] = "bpr"

    def __init__(
        self,
        adjacency: Adjacency,
        e0: FloatArray,
        n_layers: int = N_LAYERS,
        epochs: int = 0,
        validation: dict[str, float] | None = None,
    ) -> None:
        self.adjacency, self.e0, self.n_layers, self.epochs = adjacency, e0, n_layers, epochs
        self.validation = validation or {}
        self.alpha = 1.0 / (n_layers + 1)
        half_user, half_item = _inverse_root(adjacency.user_degree), _inverse_root(adjacency.item_degree)
        self.half_user, self.half_item = half_user, half_item
        out = Step(adjacency.by_item, adjacency.by_user, half_item, half_user, "consumed_by", "item", "user")
        back = Step(adjacency.by_user, adjacency.by_item, half_user, half_item, "consumed", "user", "item")
        steps = [(out, back)[n % 2] for n in range(n_layers - 1)]
        self.chains = tuple(Chain(f"jump_{n + 1}", self.alpha, tuple(steps[:n])) for n in range(n_layers))

    @classmethod
    def fit(cls, graph: InteractionGraph, *, holdout: Holdout, seed: int = 0, progress: Progress = no_progress) -> Self:
        from core.models._lightgcn_losses import OBJECTIVES
        from core.models._lightgcn_training import train

        aim = OBJECTIVES[cls.objective]
        e0, epochs, metrics = train(graph, holdout, aim, n_layers=N_LAYERS, seed=seed, progress=progress)
        return cls(Adjacency.binary(graph.interactions), e0, epochs=epochs, validation=metrics)

    def validation_metrics(self, holdout: Holdout) -> dict[str, float]:
        return self.validation

    @classmethod
    def restore(cls, graph: InteractionGraph, state: ModelState) -> Self:
        p = state.parameters
        return cls(
            Adjacency.binary(graph.interactions),
            state.arrays["e0"].astype(np.float64),
            int(p["n_layers"]),
            int(p["epochs"]),
        )

    def state(self) -> ModelState:
        parameters = {"n_layers": self.n_layers, "dim": int(self.e0.shape[1]), "epochs": self.epochs}
        return ModelState(parameters, {"e0": self.e0})

    @cached_property
    def _layers(self) -> tuple[FloatArray, FloatArray]:
        """Final embeddings of people and items, float64 [n_users, dim], [n_items, dim]."""
        n = self.adjacency.n_users
        users, items = self.e0[:n], self.e0[n:]
        sum_users, sum_items = users.copy(), items.copy()
        for _ in range(self.n_layers):
            users, items = (
                self.half_user[:, None] * (self.adjacency.by_user @ (self.half_item[:, None] * items)),
                self.half_item[:, None] * (self.adjacency.by_item @ (self.half_user[:, None] * users)),
            )
            sum_users += users
            sum_items += items
        return self.alpha * sum_users, self.alpha * sum_items

    def score(self, users: IntArray) -> FloatArray:
        people, items = self._layers
        return np.asarray(people[users] @ items.T)

    def constants(self, user: int, item: int) -> dict[str, float]:
        return {MEMORY: float(self.alpha * self.e0[user] @ self._layers[1][item])}

    def terms(self, users: IntArray, keep: FloatArray | None = None) -> dict[str, FloatArray]:
        memory = self.alpha * self.e0[users] @ self._layers[1].T
        return {MEMORY: memory, **self._jumps(users, keep, self.chains)}

    def _jumps(self, users: IntArray, keep: FloatArray | None, chains: tuple[Chain, ...]) -> dict[str, FloatArray]:
        """For each number of hops α · start · Â^hops E0 · E_i: the walks that end in a latent jump, float64 [B,
        n_items] each."""
        n = self.adjacency.n_users
        start = sparse.diags(self.half_user[users]) @ self.adjacency.by_user[users] @ sparse.diags(self.half_item)
        if keep is not None:
            start = sparse.csr_matrix(start.multiply(keep))
        jumps = {}
        for chain in chains:
            worth = self.e0[:n] if len(chain.steps) % 2 else self.e0[n:]
            for step in reversed(chain.steps):
                worth = step.left[:, None] * (step.matrix @ (step.right[:, None] * worth))
            jumps[chain.key] = np.asarray(chain.coefficient * (start @ worth) @ self._layers[1].T)
        return jumps

    def walks(self, user: int, item: int) -> tuple[Walks, ...]:
        items, weights = self.adjacency.row(user)
        start = weights * self.half_user[user] * self.half_item[items]
        n, target = self.adjacency.n_users, self._layers[1][item]
        worth = self.e0 @ target
        ends = (worth[n:], worth[:n])
        return tuple(Walks(chain, items, start, terminal=ends[len(chain.steps) % 2]) for chain in self.chains)

    def connected(self, user: int, item: int) -> float:
        reach_user, reach_item = self._reach(user, None), self._reach(None, item)
        return float((reach_user * reach_item) @ np.square(self.e0).sum(axis=1))

    @cached_property
    def _messages(self) -> FloatArray:
        """H = Σ_{l≥1} α Â^{l-1} E0 of the items: what a history item sends on, float64 [n_items, dim]."""
        n = self.adjacency.n_users
        users, items = self.e0[:n], self.e0[n:]
        total = items.copy()
        for _ in range(self.n_layers - 1):
            users, items = (
                self.half_user[:, None] * (self.adjacency.by_user @ (self.half_item[:, None] * items)),
                self.half_item[:, None] * (self.adjacency.by_item @ (self.half_user[:, None] * users)),
            )
            total += items
        return np.asarray(self.alpha * total)

    def masked(self, user: int, dropped: IntArray) -> FloatArray:
        items, weights = self.adjacency.row(user)
        start = np.where(np.isin(items, dropped), 0.0, weights * self.half_user[user] * self.half_item[items])
        person = self.alpha * self.e0[user] + start @ self._messages[items]
        return np.asarray(self._layers[1] @ person)

    def shrink(self, relation: str, n_history: int, n_dropped: int) -> float:
        left = n_history - n_dropped
        return float(np.sqrt(n_history / left)) if left > 0 else 1.0

    def entry(self, user: int, items: IntArray) -> FloatArray:
        return np.asarray(self.half_item[items])

    def edge_score(self, user: int, item: int) -> EdgeScore:
        return EmbeddingEdges(
            self.adjacency, self.half_user, self.half_item, self.alpha, self.n_layers, self.e0, user, item
        )

    def _reach(self, user: int | None, item: int | None) -> FloatArray:
        """Row of P = Σ_l α_l Â^l for one node, over all nodes: float64 [n_users + n_items]."""
        a = self.adjacency
        users, items = np.zeros(a.n_users), np.zeros(a.n_items)
        if user is not None:
            users[user] = self.alpha
        if item is not None:
            items[item] = self.alpha
        total_users, total_items = users.copy(), items.copy()
        for _ in range(self.n_layers):
            users, items = (
                self.half_user * (a.by_user @ (self.half_item * items)),
                self.half_item * (a.by_item @ (self.half_user * users)),
            )
            total_users += users
            total_items += items
        return np.concatenate([total_users, total_items])

    def history(self, user: int) -> IntArray:
        return self.adjacency.row(user)[0]

    def fold_in(self, items: IntArray, weights: FloatArray, user: int | None = None) -> tuple[LightGCN, int]:
        adjacency, position = self.adjacency.having(user, items)
        e0 = self.e0
        if user is None:
            e0 = np.insert(e0, self.adjacency.n_users, 0.0, axis=0)
        return type(self)(adjacency, e0, self.n_layers, self.epochs), position


@register
class LightGCNSoftmax(LightGCN):
    """The same network with a listwise loss and stronger L2: the most accurate embedding model here, no more
    explainable."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="lightgcn-softmax",
        title="LightGCN, softmax loss",
        source="He et al. 2020 with the softmax loss of Wu et al. 2022",
        exact=False,
        summary=(
            "LightGCN trained for whole lists instead of pairs. The mark to beat in accuracy; its paths carry "
            "as little."
        ),
        use="As the most accurate of the models with a vector for each person.",
        unit="inner product",
        order=20,
        learnt_vectors=True,
        relations=JUMP_WORDS,
        constants=MEMORY_WORDS,
        parameters=NETWORK_WORDS,
    )
    objective: ClassVar[str] = "softmax"


def _inverse_root(degree: FloatArray) -> FloatArray:
    return np.where(degree > 0, np.maximum(degree, 1e-300) ** -0.5, 0.0)
