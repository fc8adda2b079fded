"""A stranger's rule: what stands late in the catalogue comes first. Written as one new file in core/guardrails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.guardrails.base import Pool, Rule, Setting, guardrail, number, sorted_by
from core.ranking import NO_ITEM


@guardrail
@dataclass(frozen=True)
class NewestFirst(Rule):
    """weight: what the newest item gains, in units of the relevance, 0 to 1."""

    weight: float = 0.2

    name = "newest-first"
    title = "Newest first"
    source = "a stranger"
    description = "Order by relevance + weight · place in the catalogue."
    strength = "weight"
    strengths = (0.0, 0.2, 0.5)

    def __post_init__(self) -> None:
        number("weight", self.weight, 0, 1)

    def apply(self, pool: Pool, setting: Setting) -> Pool:
        age = np.where(pool.items == NO_ITEM, 0, pool.items) / len(setting.popularity)
        return sorted_by(pool, pool.relevance + self.weight * age)
