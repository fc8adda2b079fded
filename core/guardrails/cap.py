"""Creator cap: nobody fills a list alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.errors import OptionError, shown
from core.graph import FloatArray, IntArray
from core.guardrails._greedy import Step, greedy
from core.guardrails.base import GroupedRule, Groups, Pool, Setting, guardrail
from core.ranking import NO_ITEM
from core.texts import UNKNOWN


@guardrail
@dataclass(frozen=True)
class CreatorCap(GroupedRule):
    """Where too few candidates are left, the list is filled with what breaks the cap least, and a note says for how
    many."""

    by: str = "creator"
    most: int = 2

    name = "creator-cap"
    title = "Creator cap"
    description = (
        "At most `most` items of one group a list, in the order of relevance. Items of several groups count in each."
    )
    source = "a common rule of editors; cf. Zehlike et al. 2017 (FA*IR) for upper bounds"
    strength = "most"
    strengths = (20, 10, 5, 3, 2, 1)

    def __post_init__(self) -> None:
        if isinstance(self.most, bool) or not isinstance(self.most, int) or not 1 <= self.most <= 1000:
            raise OptionError(f"most is {shown(self.most)}; it must be a whole number from 1 to 1000.")

    @property
    def summary(self) -> str:
        return f"at most {self.most} of one {self.by}"

    def apply(self, pool: Pool, setting: Setting) -> Pool:
        groups = _known(setting.groups(self.by))
        n = pool.items.shape[1]

        def gain(rows: slice) -> Step:
            items = np.where(pool.items[rows] == NO_ITEM, 0, pool.items[rows])
            same = [_share_a_creator(groups[line]) for line in items]  # bool [n, n] a person: share a group
            count, lines = np.zeros(items.shape), np.arange(len(items))
            order = -np.arange(n, dtype=np.float64) / n

            def step(last: IntArray | None) -> FloatArray:
                if last is not None:
                    for line, place in zip(lines.tolist(), last.tolist(), strict=True):
                        count[line] += same[line][place]
                return np.asarray(order - np.maximum(0.0, count - self.most + 1) * 2.0)

            return step

        reranked = greedy(pool, setting.k, gain)
        broken = self.broken(reranked, setting)
        if broken:
            setting.notes.append(
                f"For {broken:,} people too few candidates keep the cap of {self.most}; their lists break it least."
            )
        return reranked

    def broken(self, pool: Pool, setting: Setting) -> int:
        """How many lists hold more than `most` items of one group."""
        membership = _known(setting.groups(self.by))
        marks = (membership > 0).astype(np.float64)
        top = pool.items[:, : setting.k]
        over = 0
        for line in top:
            sums = np.asarray(marks[line[line != NO_ITEM]].sum(axis=0)).ravel()
            over += bool((sums > self.most).any())
        return over


def _known(groups: Groups) -> sparse.csr_matrix:
    """Membership of the named groups: items of which it is unknown who made them have nothing in common."""
    named = [g for g, label in enumerate(groups.labels) if label != UNKNOWN]
    return sparse.csr_matrix(groups.membership[:, named])


def _share_a_creator(rows: sparse.csr_matrix) -> NDArray[np.bool_]:
    marks = (rows > 0).astype(np.float64)
    return np.asarray((marks @ marks.T).toarray() > 0)
