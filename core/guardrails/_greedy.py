"""Lists that are filled place by place: the frame of rules that weigh a candidate against those placed before."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from core.graph import FloatArray, IntArray
from core.guardrails.base import GroupedRule, Pool, Setting, number, placed
from core.ranking import NO_ITEM

AT_ONCE = 256  # people in memory at a time
Step = Callable[[IntArray | None], FloatArray]  # last chosen positions int64 [b], None at the start → float64 [b, n]


@dataclass(frozen=True, eq=False)
class Batch:
    """Some people's candidates, int64 [b, n], their histories, CSR [b, n_items], and the groups of all items, CSR
    [n_items, groups]."""

    items: IntArray
    profile: sparse.csr_matrix
    membership: sparse.csr_matrix

    @cached_property
    def member(self) -> FloatArray:
        """float64 [b, n, groups]: rows of the membership for candidates; zeros where there is none."""
        flat = np.where(self.items == NO_ITEM, 0, self.items).ravel()
        dense = self.membership[flat].toarray().reshape(*self.items.shape, self.membership.shape[1])
        dense[self.items == NO_ITEM] = 0.0
        return np.asarray(dense)

    @cached_property
    def interest(self) -> FloatArray:
        """p(g|u): each person's history by group, every item counting once; uniform without a history. float64 [b,
        groups]."""
        profile = self.profile
        ones = sparse.csr_matrix((np.ones(profile.nnz), profile.indices, profile.indptr), shape=profile.shape)
        sums = (ones @ self.membership).toarray()
        total = sums.sum(axis=1, keepdims=True)
        return np.asarray(np.divide(sums, total, out=np.full(sums.shape, 1.0 / sums.shape[1]), where=total > 0))


def of_last(values: FloatArray, last: IntArray) -> FloatArray:
    """Rows [b, groups] of values [b, n, groups] at one position a person."""
    return np.asarray(values[np.arange(len(last)), last])


@dataclass(frozen=True)
class GreedyRule(GroupedRule):
    """Each place goes to the largest (1 - weight) · relevance + weight · benefit; what the benefit is, a rule says."""

    weight: float = 0.3

    strength = "weight"

    def __post_init__(self) -> None:
        number("weight", self.weight, 0, 1)

    @abstractmethod
    def benefit(self, batch: Batch) -> Step:
        """Prepare a batch of people: the step gives every candidate's benefit after what was placed last."""

    def apply(self, pool: Pool, setting: Setting) -> Pool:
        membership = setting.groups(self.by).membership

        def gain(rows: slice) -> Step:
            benefit = self.benefit(Batch(pool.items[rows], setting.profile[rows], membership))
            relevance = pool.relevance[rows]
            return lambda last: np.asarray((1 - self.weight) * relevance + self.weight * benefit(last))

        return greedy(pool, setting.k, gain)


def greedy(pool: Pool, k: int, gain: Callable[[slice], Step]) -> Pool:
    """Choose k places one after the other, each the candidate of largest gain; equal gains go to the one that stood
    first.

    gain(rows) prepares a batch of people and returns a step, which gives gains [b, n].
    """
    m, n = pool.items.shape
    k = min(k, n)
    chosen = np.empty((m, k), dtype=np.int64)
    for start in range(0, m, AT_ONCE):
        rows = slice(start, min(start + AT_ONCE, m))
        step, last = gain(rows), None
        taken = pool.items[rows] == NO_ITEM
        empty = taken.copy()
        lines = np.arange(taken.shape[0])
        for place in range(k):
            value = np.where(taken, -np.inf, step(last))
            none_left = taken.all(axis=1)  # only empty places are left: keep them
            value[none_left] = np.where(empty[none_left], -1.0 * np.arange(n), -np.inf)
            last = value.argmax(axis=1)
            chosen[rows, place] = last
            empty[lines, last] = False
            taken[lines, last] = True
    return placed(pool, chosen)
