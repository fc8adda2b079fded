"""The path model for a phone or a set-top box: a pruned table of what each history item adds, in eight bits.

    score(u, i) = |N(u)|^-c Σ_{j ∈ N(u)} w_uj K~[j, i] + what everybody gets

K~ is the kernel of a path model (core.models._device_kernel): each amount is the rounded sum of all walks from a
history item to a recommended one. The walks themselves stay at home; `explain.export.device_file` writes the table.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from core.graph import FloatArray, IntArray, InteractionGraph
from core.models._device_kernel import DeviceKernel, smallest_kernel
from core.models._learnt_links import SparseLinks
from core.models._path_chains import PathEdges, PathParameters
from core.models._path_scores import edges_of, folded
from core.models.base import Holdout, ModelSpec, ModelState, register
from core.models.path import PathModel
from core.models.popularity import BASE, Popularity
from core.progress import Progress, no_progress, portion
from core.words import ParameterWords, RelationWords

KEY = "summed_walks"
WORDS = "all paths between the two {noun}s, summed and rounded"


@register
class Edge(SparseLinks):
    """Read-only once built. edges, parameters: of the path model whose table it is; first hops are the same."""

    key: ClassVar[str] = KEY
    words: ClassVar[str] = WORDS
    spec: ClassVar[ModelSpec] = ModelSpec(
        name="edge",
        title="Paths for a device",
        source="kernel of the path model, largest amounts of each row in 8 bits (16 where 8 change too many lists)",
        exact=False,
        summary="The path model as a small table: what each history item adds, over all its paths. Runs in ONNX.",
        use="On a device without a connection: lists as the path model's, reasons by history item.",
        unit="weighted paths, rounded",
        order=49,
        learnt_vectors=True,
        relations={KEY: RelationWords(text=WORDS)},
        constants={BASE: Popularity.spec.constants[BASE]},
        parameters={
            **PathModel.spec.parameters,
            "neighbours": ParameterWords(label="items that each history item adds to", effect="more: nearer to paths"),
            "bits": ParameterWords(label="bits of each amount"),
            "overlap": ParameterWords(label="share of the path model's first 20 that it keeps"),
        },
    )

    def __init__(self, edges: PathEdges, parameters: PathParameters, kernel: DeviceKernel) -> None:
        super().__init__(edges.decayed(parameters.history_life), kernel.matrix)
        self.edges, self.parameters, self.kernel = edges, parameters, kernel
        self.everybody = kernel.everybody.astype(np.float64)

    @classmethod
    def fit(cls, graph: InteractionGraph, *, holdout: Holdout, seed: int = 0, progress: Progress = no_progress) -> Self:
        model = PathModel.fit(graph, holdout=holdout, seed=seed, progress=portion(progress, 0.0, 0.9))
        progress(0.9, "pruning what paths sum to")
        return cls.of(model)

    @classmethod
    def of(cls, model: PathModel) -> Self:
        """The table of a path model."""
        return cls(model.edges, model.parameters, smallest_kernel(model))

    def held_out(self, holdout: Holdout, *, seed: int = 0) -> Self:
        return self.of(PathModel.build(holdout.train, self.parameters))

    @classmethod
    def restore(cls, graph: InteractionGraph, state: ModelState) -> Self:
        a, p = state.arrays, PathParameters.from_json(state.parameters)
        kernel = DeviceKernel(
            neighbours=a["neighbours"],
            amounts=a["amounts"],
            scale=a["scale"],
            everybody=a["everybody"],
            overlap=float(state.parameters["overlap"]),
        )
        return cls(edges_of(graph, p), p, kernel)

    def state(self) -> ModelState:
        k = self.kernel
        of_table = {
            "neighbours": int(k.neighbours.shape[1]),
            "bits": 8 * k.amounts.dtype.itemsize,
            "overlap": k.overlap,
        }
        arrays = {"neighbours": k.neighbours, "amounts": k.amounts, "scale": k.scale, "everybody": k.everybody}
        return ModelState(self.parameters.as_json() | of_table, arrays)

    @property
    def reads_weights(self) -> bool:
        return self.parameters.weight_exponent != 0

    def _opening(self, n_items: IntArray | int) -> FloatArray:
        """What the first hops of people who have so many items are multiplied by."""
        return np.asarray(np.maximum(n_items, 1) ** -self.parameters.person)

    def _walked(self, users: IntArray) -> FloatArray:
        n_items = np.diff(self.adjacency.by_user[users].indptr)
        return np.asarray(super().score(users) * self._opening(n_items)[:, None])

    def score(self, users: IntArray) -> FloatArray:
        return np.asarray(self._walked(users) + self.everybody)

    def links_to(self, user: int, item: int) -> FloatArray:
        return np.asarray(super().links_to(user, item) * self._opening(len(self.history(user))))

    def linked(self, user: int, items: IntArray, kept: FloatArray) -> FloatArray:
        return np.asarray(super().linked(user, items, kept) * self._opening(len(self.history(user))))

    def masked(self, user: int, dropped: IntArray) -> FloatArray:
        return np.asarray(super().masked(user, dropped) + self.everybody)

    def terms(self, users: IntArray, keep: FloatArray | None = None) -> dict[str, FloatArray]:
        walks = super().terms(users, keep) if keep is not None else {KEY: self._walked(users)}
        return walks | {BASE: np.tile(self.everybody, (len(users), 1))} if self.everybody.any() else walks

    def constants(self, user: int, item: int) -> dict[str, float]:
        return {BASE: float(self.everybody[item])} if self.everybody.any() else {}

    def fold_in(self, items: IntArray, weights: FloatArray, user: int | None = None) -> tuple[Edge, int]:
        edges, position = folded(self.edges, self.parameters, items, weights, user)
        return Edge(edges, self.parameters, self.kernel), position
