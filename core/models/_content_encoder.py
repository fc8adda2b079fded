"""From what an item is to its layer-0 vector: a matrix, or one hidden layer. How it is learnt is _content_training's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from core.graph import FloatArray


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
