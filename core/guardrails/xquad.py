"""xQuAD: cover what a person is interested in, aspect by aspect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from core.graph import FloatArray, IntArray
from core.guardrails.base import Pool, Rule, Setting, features, greedy, guardrail, number


@guardrail
@dataclass(frozen=True)
class XQuad(Rule):
    """Each place goes to the largest (1 - weight) · relevance + weight · Σ_g p(g|u) p(g|i) Π_{j before} (1 - p(g|j)).

    p(g|u) is the group's share of the person's history, everything alike for a person without one.
    """

    by: str = "topic"
    weight: float = 0.3

    name = "xquad"
    title = "xQuAD"
    source = "Santos et al. 2010; Abdollahpouri et al. 2019"
    strength = "weight"
    strengths = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7)

    def __post_init__(self) -> None:
        number("weight", self.weight, 0, 1)

    def apply(self, pool: Pool, setting: Setting) -> Pool:
        membership = setting.groups(self.by).membership

        def gain(rows: slice) -> Callable[[IntArray | None], FloatArray]:
            member = features(membership, pool.items[rows])
            interest = interests(setting.profile[rows], membership)
            left = np.ones(interest.shape)
            relevance, lines = pool.relevance[rows], np.arange(interest.shape[0])

            def step(last: IntArray | None) -> FloatArray:
                if last is not None:
                    left[:] *= 1.0 - member[lines, last]
                cover = np.einsum("bnd,bd->bn", member, interest * left)
                return np.asarray((1 - self.weight) * relevance + self.weight * cover)

            return step

        return greedy(pool, setting.k, gain)


def interests(profile: sparse.csr_matrix, membership: sparse.csr_matrix) -> FloatArray:
    """p(g|u): each person's history by group, every item counting once; uniform without a history. CSR [b, n_items] → [b, groups]."""
    ones = sparse.csr_matrix((np.ones(profile.nnz), profile.indices, profile.indptr), shape=profile.shape)
    sums = (ones @ membership).toarray()
    total = sums.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(sums, total, out=np.full(sums.shape, 1.0 / sums.shape[1]), where=total > 0))
