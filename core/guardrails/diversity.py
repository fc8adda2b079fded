"""Maximal marginal relevance: no item that says the same as those before it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.graph import FloatArray, IntArray
from core.guardrails._greedy import Batch, GreedyRule, Step, of_last
from core.guardrails.base import guardrail


@guardrail
@dataclass(frozen=True)
class MaximalMarginalRelevance(GreedyRule):
    """Benefit: minus the largest cosine with what is placed before."""

    name = "mmr"
    title = "Maximal marginal relevance"
    source = "Carbonell & Goldstein 1998"
    description = (
        "Each place goes to the largest (1 - weight) · relevance - weight · max cosine with what is placed before "
        "(by groups)."
    )
    strengths = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7)

    def benefit(self, batch: Batch) -> Step:
        member = batch.member
        norm = np.linalg.norm(member, axis=2, keepdims=True)
        unit = np.divide(member, norm, out=np.zeros_like(member), where=norm > 0)
        nearest = np.zeros(unit.shape[:2])

        def step(last: IntArray | None) -> FloatArray:
            if last is not None:
                np.maximum(nearest, np.einsum("bnd,bd->bn", unit, of_last(unit, last)), out=nearest)
            return -nearest

        return step
