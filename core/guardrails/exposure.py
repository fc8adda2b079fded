"""Minimum exposure: over all lists together each protected group gets a stated part of its target share of attention.

Lists lose least when each is ordered by relevance + λ_g · membership, with one λ a group for all people: that is the
Lagrangian of "largest attention-weighted relevance with exposure of g at least so much", and sorting solves it exactly for
each list, as attention falls with the place (Singh & Joachims 2018; dual as in Morik et al. 2020). λ is found by bisection.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import OptionError, did_you_mean, shown
from core.graph import FloatArray, IntArray
from core.guardrails.base import Groups, Pool, Rule, Setting, guardrail, number, placed
from core.ranking import NO_ITEM

HALVINGS, SWEEPS, STRONGEST = 16, 12, 2.0
SHORT = 0.995  # what is reached beyond this part of the share is not worth a note


@guardrail
@dataclass(frozen=True)
class MinimumExposure(Rule):
    """The protected group (with "*" every known group) gets at least this part of its target share, over all lists together."""

    by: str = "creator"
    group: str = "*"
    share: float = 0.8

    name = "minimum-exposure"
    title = "Minimum exposure"
    source = "Singh & Joachims 2018; Morik et al. 2020"
    strength = "share"
    strengths = (0.0, 0.5, 0.65, 0.8, 0.9, 1.0)

    def __post_init__(self) -> None:
        number("share", self.share, 0, 1)

    @property
    def told(self) -> str:
        return f"minimum exposure: {self.group if self.group != '*' else self.by}"

    def apply(self, pool: Pool, setting: Setting) -> Pool:
        groups = setting.groups(self.by)
        wanted = self._wanted(groups)
        member = _dense(groups, wanted, pool.items)
        need = self.share * groups.target[wanted]
        boost = np.zeros(len(wanted))
        total = float(setting.attention.sum() * (pool.items[:, : setting.k] != NO_ITEM).any(axis=1).sum()) or 1.0
        if self.share == 0:
            return pool
        k = min(setting.k, pool.items.shape[1])
        best = _best(pool, pool.relevance, k)
        for _ in range(SWEEPS):
            moved = False
            for j in range(len(wanted)):
                if _given(pool, member[j], best, setting, total) >= need[j] - 1e-9:
                    continue
                boost[j] = _smallest(pool, member, boost, j, need[j], setting, total)
                best = _best(pool, pool.relevance + np.tensordot(boost, member, axes=1), k)
                moved = True
            if not moved:
                break
        reached = [_given(pool, one, best, setting, total) for one in member]
        for j, g in enumerate(wanted.tolist()):
            if reached[j] < SHORT * need[j]:
                setting.notes.append(
                    f"{groups.labels[g]} gets {reached[j] / groups.target[g]:.1%} of its share, not {self.share:.1%}: there are too few of its "
                    f"items among the {pool.items.shape[1]} best candidates of each list, or other groups need the places."
                )
        return _ordered(pool, member, boost, setting.k)

    def _wanted(self, groups: Groups) -> IntArray:
        named = [g for g, label in enumerate(groups.labels) if label != "unknown" and groups.target[g] > 0]
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
    found = columns[np.where(items == NO_ITEM, 0, items)]
    found[items == NO_ITEM] = 0.0
    return np.moveaxis(found, 2, 0)


def _ordered(pool: Pool, member: FloatArray, boost: FloatArray, k: int) -> Pool:
    if not boost.any():
        return pool
    return placed(pool, _best(pool, pool.relevance + np.tensordot(boost, member, axes=1), k))


def _best(pool: Pool, value: FloatArray, k: int) -> IntArray:
    """Columns of the k candidates of largest value, int64 [m, k]; equal ones in the pool's order."""
    return np.argsort(np.where(pool.items == NO_ITEM, np.inf, -value), axis=1, kind="stable")[:, :k]


def _given(pool: Pool, one: FloatArray, best: IntArray, setting: Setting, total: float) -> float:
    """One group's share of all attention in lists of these columns."""
    attention = setting.attention[: best.shape[1]]
    kept = np.take_along_axis(pool.items, best, axis=1) != NO_ITEM
    return float((np.take_along_axis(one, best, axis=1) @ attention).sum()) / (float((kept @ attention).sum()) or total)


def _smallest(
    pool: Pool, member: FloatArray, boost: FloatArray, j: int, need: float, setting: Setting, total: float
) -> float:
    """The smallest boost of group j that reaches its need, the others given; the strongest where none does."""
    low, high = float(boost[j]), STRONGEST + float(boost.max(initial=0.0))
    others, k = boost.copy(), min(setting.k, pool.items.shape[1])
    others[j] = 0.0
    rest = pool.relevance + np.tensordot(others, member, axes=1)
    touched = np.flatnonzero(member[j].any(axis=1))  # where nobody's candidate is of the group, no boost moves anything
    part = Pool(pool.items[touched], rest[touched])
    one = member[j][touched]
    kept = (pool.items[:, :k] != NO_ITEM) @ setting.attention[:k]
    whole = float(kept.sum()) or total
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        best = _best(part, part.relevance + middle * one, k)
        if float((np.take_along_axis(one, best, axis=1) @ setting.attention[:k]).sum()) / whole >= need:
            high = middle
        else:
            low = middle
    return high
