"""Maximal marginal relevance: no item that says the same as those before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.graph import FloatArray, IntArray
from core.guardrails.base import Pool, Rule, Setting, features, greedy, guardrail, number


@guardrail
@dataclass(frozen=True)
class MaximalMarginalRelevance(Rule):
    """Each place goes to the largest (1 - weight) · relevance - weight · max cosine with what is placed before (by groups)."""

    by: str = "topic"
    weight: float = 0.3

    name = "mmr"
    title = "Maximal marginal relevance"
    source = "Carbonell & Goldstein 1998"
    strength = "weight"
    strengths = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7)

    def __post_init__(self) -> None:
        number("weight", self.weight, 0, 1)

    def apply(self, pool: Pool, setting: Setting) -> Pool:
        membership = setting.groups(self.by).membership

        def gain(rows: slice) -> Callable[[IntArray | None], FloatArray]:
            rows_of = features(membership, pool.items[rows])
            norm = np.linalg.norm(rows_of, axis=2, keepdims=True)
            unit = np.divide(rows_of, norm, out=np.zeros_like(rows_of), where=norm > 0)
            nearest = np.zeros(unit.shape[:2])
            relevance, lines = pool.relevance[rows], np.arange(unit.shape[0])

            def step(last: IntArray | None) -> FloatArray:
                if last is not None:
                    np.maximum(nearest, np.einsum("bnd,bd->bn", unit, unit[lines, last]), out=nearest)
                return np.asarray((1 - self.weight) * relevance - self.weight * nearest)

            return step

        return greedy(pool, setting.k, gain)
