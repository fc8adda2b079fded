"""Popularity penalty: what everybody has anyway gives way a little."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.guardrails.base import Pool, Rule, Setting, guardrail, number, sorted_by
from core.ranking import NO_ITEM


@guardrail
@dataclass(frozen=True)
class PopularityPenalty(Rule):
    """weight: what the largest popularity costs, in units of the relevance, 0 to 10."""

    weight: float = 0.2

    name = "popularity-penalty"
    title = "Popularity penalty"
    description = "Order by relevance - weight · ln(1 + people)/ln(1 + most people)."
    source = "Steck 2011; Zhu et al. 2021 (post-processing by item popularity)"
    strength = "weight"
    strengths = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)

    def __post_init__(self) -> None:
        number("weight", self.weight, 0, 10)

    def apply(self, pool: Pool, setting: Setting) -> Pool:
        most = max(1.0, float(setting.popularity.max(initial=1.0)))
        size = np.log1p(setting.popularity) / np.log1p(most)
        return sorted_by(pool, pool.relevance - self.weight * size[np.where(pool.items == NO_ITEM, 0, pool.items)])
