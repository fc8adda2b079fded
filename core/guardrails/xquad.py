"""xQuAD: cover what a person is interested in, aspect by aspect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.graph import FloatArray, IntArray
from core.guardrails._greedy import Batch, GreedyRule, Step, of_last
from core.guardrails.base import guardrail


@guardrail
@dataclass(frozen=True)
class XQuad(GreedyRule):
    """Benefit: the interest that nothing placed before has covered.

    p(g|u) is the group's share of the person's history, everything alike for a person without one.
    """

    name = "xquad"
    title = "xQuAD"
    source = "Santos et al. 2010; Abdollahpouri et al. 2019"
    description = (
        "Each place goes to the largest (1 - weight) · relevance + weight · Σ_g p(g|u) p(g|i) Π_{j before} "
        "(1 - p(g|j))."
    )
    strengths = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7)

    def benefit(self, batch: Batch) -> Step:
        member, interest = batch.member, batch.interest
        left = np.ones(interest.shape)

        def step(last: IntArray | None) -> FloatArray:
            if last is not None:
                left[:] *= 1.0 - of_last(member, last)
            return np.asarray(np.einsum("bnd,bd->bn", member, interest * left))

        return step
