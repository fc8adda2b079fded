"""Minimum exposure: over all lists together each protected group gets a stated part of its target share of attention.

Lists lose least when each is ordered by relevance + λ_g · membership, with one λ a group for all people: that is the
Lagrangian of "largest attention-weighted relevance with exposure of g at least so much", and sorting solves it exactly
for each list, as attention falls with the place (Singh & Joachims 2018; dual as in Morik et al. 2020). λ is found by
bisection.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import OptionError, did_you_mean, shown
from core.graph import FloatArray, IntArray
from core.guardrails.base import GroupedRule, Groups, Pool, Setting, guardrail, number, placed
from core.ranking import NO_ITEM
from core.texts import UNKNOWN

HALVINGS, SWEEPS, STRONGEST, FIRST_STEP = 12, 8, 2.0, 0.02
WORTHWHILE = 0.9  # a sweep that leaves more than this part of what was lacking is the last
SHORT = 0.995  # what is reached beyond this part of the share is not worth a note


@guardrail
@dataclass(frozen=True)
class MinimumExposure(GroupedRule):
    """group: one that is protected, or "*"        share: the part of its target share that it gets, 0 to 1"""

    by: str = "creator"
    group: str = "*"
    share: float = 0.8

    name = "minimum-exposure"
    title = "Minimum exposure"
    description = (
        'The protected group (with "*" every known group) gets at least this part of its target share, over all lists '
        "together."
    )
    source = "Singh & Joachims 2018; Morik et al. 2020"
    strength = "share"
    strengths = (0.0, 0.5, 0.65, 0.8, 0.9, 1.0)

    def __post_init__(self) -> None:
        number("share", self.share, 0, 1)

    @property
    def protected(self) -> str | None:
        return self.group

    @property
    def summary(self) -> str:
        return f"minimum exposure: {self.group if self.group != '*' else self.by}"

    def apply(self, pool: Pool, setting: Setting) -> Pool:
        groups = setting.groups(self.by)
        wanted = self._wanted(groups)
        if self.share == 0 or not len(pool.items):
            return pool
        search = _Search(pool, _dense(groups, wanted, pool.items), setting)
        need = self.share * groups.target[wanted]
        search.reach(need)
        reached = search.shares()
        for j, g in enumerate(wanted.tolist()):
            if reached[j] < SHORT * need[j]:
                setting.notes.append(
                    f"{groups.labels[g]} gets {reached[j] / groups.target[g]:.1%} of its share, not "
                    f"{self.share:.1%}: there are too few of its "
                    f"items among the {pool.items.shape[1]} best candidates of each list, or other groups "
                    "need the places."
                )
        return search.ordered()

    def _wanted(self, groups: Groups) -> IntArray:
        named = [g for g, label in enumerate(groups.labels) if label != UNKNOWN and groups.target[g] > 0]
        if self.group == "*":
            return np.array(named, dtype=np.int64)
        if self.group not in groups.labels:
            raise OptionError(
                f"{shown(self.group)} is no group of {groups.by}.{did_you_mean(self.group, groups.labels)}"
            )
        return np.array([groups.labels.index(self.group)], dtype=np.int64)


def _dense(groups: Groups, wanted: IntArray, items: IntArray) -> FloatArray:
    """Membership of candidates in the protected groups: float64 [groups, m, n]."""
    columns = groups.membership[:, wanted].toarray()
    dense = columns[np.where(items == NO_ITEM, 0, items)]
    dense[items == NO_ITEM] = 0.0
    return np.moveaxis(dense, 2, 0)


class _Search:
    """The boosts, one a protected group, with the value of every candidate and everybody's best k under them."""

    def __init__(self, pool: Pool, member: FloatArray, setting: Setting) -> None:
        self.pool, self.member, self.setting = pool, member, setting
        self.k = min(setting.k, pool.items.shape[1])
        self.attention = setting.attention[: self.k]
        self.boost = np.zeros(len(member))
        self.empty = pool.items == NO_ITEM
        self.value = np.where(self.empty, -np.inf, pool.relevance)
        self.best = _best(self.value, self.k)
        filled = ~self.empty[:, : self.k]
        self.whole = float((filled @ self.attention).sum()) or 1.0
        # Where none of a person's candidates is of a group, no boost of it moves anything.
        self.touched = [np.flatnonzero(one.any(axis=1)) for one in member]

    def share(self, j: int) -> float:
        """Group j's share of all attention."""
        rows = self.touched[j]
        exposure = np.take_along_axis(self.member[j][rows], self.best[rows], axis=1) @ self.attention
        return float(exposure.sum()) / self.whole

    def shares(self) -> FloatArray:
        return np.array([self.share(j) for j in range(len(self.member))])

    def reach(self, need: FloatArray) -> None:
        """Raise the boosts until every group has its need, or what is still missing does not become less."""
        lacking = np.inf
        for _ in range(SWEEPS):
            for j in np.flatnonzero(self.shares() < need - 1e-9).tolist():
                if self.share(j) < need[j] - 1e-9:
                    self._raise(j, float(need[j]))
            left = float(np.maximum(need - self.shares(), 0.0).sum())
            if left <= 1e-9 or left > WORTHWHILE * lacking:
                break
            lacking = left

    def ordered(self) -> Pool:
        """The pool with everybody's best k first."""
        return placed(self.pool, _best(self.value, self.k)) if self.boost.any() else self.pool

    def _raise(self, j: int, need: float) -> None:
        """The smallest boost of group j that reaches its need, the others given; the strongest where none does."""
        rows = self.touched[j]
        one, rest = self.member[j][rows], self.value[rows]
        low, step = 0.0, FIRST_STEP
        while step < STRONGEST and self._share_of(rest + step * one, one) < need:
            low, step = step, 2 * step
        high = min(step, STRONGEST)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if self._share_of(rest + middle * one, one) < need:
                low = middle
            else:
                high = middle
        self.boost[j] += high
        self.value[rows] = rest + high * one
        self.best[rows] = _best(self.value[rows], self.k)

    def _share_of(self, value: FloatArray, one: FloatArray) -> float:
        """The share of a group in the best k by these values: which they are is enough, in their order."""
        head = np.argpartition(-value, self.k - 1, axis=1)[:, : self.k]
        order = np.argsort(-np.take_along_axis(value, head, axis=1), axis=1)
        inside = np.take_along_axis(np.take_along_axis(one, head, axis=1), order, axis=1)
        return float((inside @ self.attention).sum()) / self.whole


def _best(value: FloatArray, k: int) -> IntArray:
    """Columns of the k candidates of largest value, int64 [m, k]; equal ones in the pool's order."""
    return np.argsort(-value, axis=1, kind="stable")[:, :k]
