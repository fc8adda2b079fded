"""From what an item is to its layer-0 vector: a matrix, or one hidden layer. How it is learnt is
_content_training's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from core.graph import FloatArray

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Encoder:
    """From an item's inputs x to its content vector: x W, or tanh(x W1) W2; nothing is encoded as 0.

    weights  one or two float64 matrices, [n_inputs, dim] or [n_inputs, hidden] and [hidden, dim]
    bias     float64 [n_inputs], what each input adds to the item's score for everybody
    """

    weights: tuple[FloatArray, ...]
    bias: FloatArray

    def encode(self, inputs: sparse.csr_matrix) -> FloatArray:
        """Content vectors: float64 [n_items, dim] for inputs CSR [n_items, n_inputs]."""
        first = np.asarray(inputs @ self.weights[0])
        return first if len(self.weights) == 1 else np.asarray(np.tanh(first) @ self.weights[1])

    def worth(self, basis: sparse.csr_matrix, alpha: float, person: FloatArray) -> Callable[[Tensor], Tensor]:
        """Features [B, n] → α <encoder(x), person> + <x, bias>, [B]. basis: CSR [n, n_inputs]; person: float64
        [dim]."""
        import torch

        turned, layers = torch.from_numpy(basis.toarray()), [torch.from_numpy(w) for w in self.weights]
        fixed, bias = torch.from_numpy(person.copy()), torch.from_numpy(self.bias)

        def score(features: Tensor) -> Tensor:
            inputs = features @ turned
            vector = inputs @ layers[0]
            for layer in layers[1:]:
                vector = torch.tanh(vector) @ layer
            return alpha * (vector @ fixed) + inputs @ bias

        return score
