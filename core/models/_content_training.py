"""Layer 0 from content: what is learnt of `gnn+content`, and how its gradients are taken.

People start with nothing, an item with encoder(x_i) plus a vector of its own that starts at 0 and is held small. An
item that nobody had in the training part is no evidence against its own words: it stands in no loss, and its own vector
stays 0. The epochs, the propagation and the stopping are core.models._lightgcn_training's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy import sparse

from core.graph import FloatArray, InteractionGraph
from core.models._content_encoder import Encoder
from core.models._content_features import ItemFeatures
from core.models._lightgcn_losses import Objective
from core.models._lightgcn_training import DIM, LayerZero, train_layer
from core.models.base import Holdout
from core.progress import Progress
from core.propagation import as_torch_csr

HIDDEN, HIDDEN_RATE = 128, 5e-3  # a hidden layer's own learning rate: at the objective's, tanh saturates
OBJECTIVE = Objective("softmax", learning_rate=0.01, decay=1e-3, whole_people=True)
OWN_DECAY = 3e-3  # further L2 on an item's own vector, so that content is used where it can be
BIAS_DECAY = 0.05
OUT_OF_REACH = -1e9  # added to the logits of items that nobody had, in training only


def train_content(
    features: ItemFeatures,
    graph: InteractionGraph,
    holdout: Holdout,
    *,
    hidden: bool,
    n_layers: int,
    seed: int,
    progress: Progress,
) -> tuple[Encoder, FloatArray, int, dict[str, float]]:
    """The encoder, the items' own vectors float64 [n_items, DIM], the number of epochs and the validation that chose
    it."""

    def make(interactions: sparse.csr_matrix, rng: np.random.Generator) -> ContentLayer:
        return ContentLayer(features.inputs, interactions, hidden, rng)

    layer, epochs, metrics = train_layer(
        make, graph, holdout, OBJECTIVE, n_layers=n_layers, seed=seed, progress=progress
    )
    weights = tuple(_float64(w) for w in layer.weights)
    return Encoder(weights, _float64(layer.bias)), _float64(layer.own), epochs, metrics


class ContentLayer(LayerZero):
    """E0 = (0 for people, encoder(x_i) + own_i for items), and the content bias as one more column of the readout."""

    def __init__(
        self, inputs: sparse.csr_matrix, interactions: sparse.csr_matrix, hidden: bool, rng: np.random.Generator
    ) -> None:
        self.n_users, n_items = interactions.shape
        n_inputs = inputs.shape[1]
        length = max(1.0, float(np.sqrt(inputs.multiply(inputs).sum() / max(1, n_items))))
        shapes = [(n_inputs, HIDDEN), (HIDDEN, DIM)] if hidden else [(n_inputs, DIM)]
        # a typical item starts with a vector of LightGCN's initial size; hidden units start well inside tanh's bend
        scales = [0.5 / length, 0.2 / np.sqrt(HIDDEN)] if hidden else [0.1 / length]
        self.weights = [_parameter(rng.normal(scale=s, size=n)) for s, n in zip(scales, shapes, strict=True)]
        self.own = _parameter(np.zeros((n_items, DIM)))
        self.bias = _parameter(np.zeros(n_inputs))
        single = inputs.astype(np.float32)
        self.inputs, self.transposed = as_torch_csr(single), as_torch_csr(single.T.tocsr())
        nobody = np.bincount(interactions.indices, minlength=n_items) == 0
        self.reach = torch.from_numpy(np.where(nobody, OUT_OF_REACH, 0.0).astype(np.float32))

    def parameters(self) -> list[dict[str, Any]]:
        encoder: dict[str, Any] = {"params": self.weights}
        if len(self.weights) == 2:
            encoder["lr"] = HIDDEN_RATE
        return [encoder, {"params": [self.own, self.bias]}]

    def embeddings(self) -> torch.Tensor:
        content = self._times(self.weights[0])
        if len(self.weights) == 2:
            content = torch.tanh(content) @ self.weights[1]
        return torch.cat([torch.zeros(self.n_users, DIM), content + self.own])

    def readout(self, final: torch.Tensor, *, training: bool) -> torch.Tensor:
        item = self._times(self.bias[:, None])[:, 0]
        column = torch.cat([torch.ones(self.n_users), item + self.reach if training else item])
        return torch.cat([final, column[:, None]], dim=1)

    def receive(self, e0: torch.Tensor, gradient: torch.Tensor, uses: torch.Tensor) -> None:
        decay = OBJECTIVE.decay * uses[:, None] * e0.detach()
        e0.backward(gradient + decay)  # type: ignore[no-untyped-call]
        with torch.no_grad():
            for held, rate in ((self.own, OWN_DECAY * uses[self.n_users :, None]), (self.bias, BIAS_DECAY)):
                assert held.grad is not None
                held.grad += rate * held

    def _times(self, weights: torch.Tensor) -> torch.Tensor:
        product: torch.Tensor = _SparseProduct.apply(self.inputs, self.transposed, weights)  # type: ignore[no-untyped-call]
        return product


class _SparseProduct(torch.autograd.Function):
    """X W for a constant CSR X, with the transpose at hand for dW = Xᵀ dY: same order of sums in every run."""

    @staticmethod
    def forward(ctx: Any, inputs: torch.Tensor, transposed: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        ctx.transposed = transposed
        return inputs @ weights

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[None, None, torch.Tensor]:
        return None, None, ctx.transposed @ gradient


def _parameter(values: FloatArray) -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.from_numpy(values.astype(np.float32)))


def _float64(values: torch.Tensor) -> FloatArray:
    return values.detach().numpy().astype(np.float64)
