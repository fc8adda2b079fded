"""Calibrated recommendations: the list keeps the mixture that the person had."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.graph import FloatArray, IntArray
from core.guardrails.base import Pool, Rule, Setting, features, greedy, guardrail, number
from core.guardrails.xquad import interests

ALPHA = 0.01


@guardrail
@dataclass(frozen=True)
class Calibrated(Rule):
    """Greedily maximise (1 - weight) · Σ relevance - weight · KL(p ‖ .99 q + .01 p), q the mixture of the list so far."""

    by: str = "topic"
    weight: float = 0.5

    name = "calibrated"
    title = "Calibration"
    source = "Steck 2018, eq. 8"
    strength = "weight"
    strengths = (0.0, 0.2, 0.4, 0.6, 0.8, 0.95)

    def __post_init__(self) -> None:
        number("weight", self.weight, 0, 1)

    def apply(self, pool: Pool, setting: Setting) -> Pool:
        membership = setting.groups(self.by).membership

        def gain(rows: slice) -> Callable[[IntArray | None], FloatArray]:
            member = features(membership, pool.items[rows])
            p = interests(setting.profile[rows], membership)[:, None, :]
            so_far = np.zeros((member.shape[0], 1, member.shape[2]))
            relevance, lines = pool.relevance[rows], np.arange(member.shape[0])
            entropy = np.where(p > 0, p * np.log(np.where(p > 0, p, 1.0)), 0.0).sum(axis=2)

            def step(last: IntArray | None) -> FloatArray:
                if last is not None:
                    so_far[:, 0] += member[lines, last]
                mixture = so_far + member
                total = mixture.sum(axis=2, keepdims=True)
                q = np.divide(mixture, total, out=np.zeros_like(mixture), where=total > 0)
                blend = (1 - ALPHA) * q + ALPHA * p
                cross = (p * np.log(np.where(blend > 0, blend, 1.0))).sum(axis=2)
                return np.asarray((1 - self.weight) * relevance - self.weight * (entropy - cross))

            return step

        return greedy(pool, setting.k, gain)
