"""Calibrated recommendations: the list keeps the mixture that the person had."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.graph import FloatArray, IntArray
from core.guardrails._greedy import Batch, GreedyRule, Step, of_last
from core.guardrails.base import guardrail

ALPHA = 0.01


@guardrail
@dataclass(frozen=True)
class Calibrated(GreedyRule):
    """Benefit: minus the divergence of the list's mixture of groups, with the candidate, from the history's."""

    weight: float = 0.5

    name = "calibrated"
    title = "Calibration"
    source = "Steck 2018, eq. 8"
    description = (
        "Greedily maximise (1 - weight) · Σ relevance - weight · KL(p ‖ .99 q + .01 p), q the mixture of the "
        "list so far."
    )
    strengths = (0.0, 0.2, 0.4, 0.6, 0.8, 0.95)

    def benefit(self, batch: Batch) -> Step:
        member, p = batch.member, batch.interest[:, None, :]
        so_far = np.zeros((member.shape[0], 1, member.shape[2]))
        entropy = np.where(p > 0, p * np.log(np.where(p > 0, p, 1.0)), 0.0).sum(axis=2)

        def step(last: IntArray | None) -> FloatArray:
            if last is not None:
                so_far[:, 0] += of_last(member, last)
            mixture = so_far + member
            total = mixture.sum(axis=2, keepdims=True)
            q = np.divide(mixture, total, out=np.zeros_like(mixture), where=total > 0)
            blend = (1 - ALPHA) * q + ALPHA * p
            cross = (p * np.log(np.where(blend > 0, blend, 1.0))).sum(axis=2)
            return np.asarray(cross - entropy)

        return step
