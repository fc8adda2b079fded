"""Models in which every history item adds an amount of its own through a learnt link to the recommended item.

A learnt link is no edge of the graph: each term is a latent jump from one history item, drawn dashed, and nothing is
called exact. Parts are exact all the same: the score is their sum.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
from scipy import sparse

from core.adjacency import Adjacency, matrix_row
from core.edge_score import EdgeScore, EdgeSet
from core.graph import FloatArray, IntArray
from core.models.base import Recommender
from core.propagation import Chain, Walks
from core.words import RelationWords

if TYPE_CHECKING:
    from torch import Tensor

KEY: Final = "learnt_link"
WORDS: Final = "a learnt link between the two {noun}s"
LINK_WORDS: Final = {KEY: RelationWords(text=WORDS)}


class LearntLinks(Recommender):
    """Read-only once built. adjacency: who has what, and how much it counts. key, words: of the one relation."""

    key: ClassVar[str] = KEY
    words: ClassVar[str] = WORDS

    def __init__(self, adjacency: Adjacency) -> None:
        self.adjacency = adjacency
        self.chain = Chain(self.key, 1.0, (), words=self.words)

    @abstractmethod
    def links_to(self, user: int, item: int) -> FloatArray:
        """float64 [n_items]: what each item adds to the person's score of `item` where it is in their history and
        counts 1."""

    @abstractmethod
    def linked(self, user: int, items: IntArray, kept: FloatArray) -> FloatArray:
        """float64 [n_items]: what these items add to the person's scores, each times its `kept`, float64
        [len(items)]."""

    def history(self, user: int) -> IntArray:
        return self.adjacency.row(user)[0]

    def masked(self, user: int, dropped: IntArray) -> FloatArray:
        items, start = self.adjacency.row(user)
        return self.linked(user, items, np.where(np.isin(items, dropped), 0.0, start))

    def terms(self, users: IntArray, keep: FloatArray | None = None) -> dict[str, FloatArray]:
        if keep is None:
            return {self.key: self.score(users)}
        rows = []
        for user, kept in zip(users.tolist(), keep, strict=True):
            items, start = self.adjacency.row(user)
            rows.append(self.linked(user, items, kept[items] * start))
        return {self.key: np.array(rows).reshape(len(users), self.adjacency.n_items)}

    def walks(self, user: int, item: int) -> tuple[Walks, ...]:
        items, start = self.adjacency.row(user)
        return (Walks(self.chain, items, start, terminal=self.links_to(user, item)),)

    def edge_score(self, user: int, item: int) -> EdgeScore:
        constant = sum(self.constants(user, item).values())
        return _OwnEdges(self.adjacency, user, self.links_to(user, item), constant)


class SparseLinks(LearntLinks):
    """Links of which most are 0. leaving: CSR float64 [n_items, n_items], what each history item adds to each item."""

    def __init__(self, adjacency: Adjacency, leaving: sparse.csr_matrix) -> None:
        super().__init__(adjacency)
        self.leaving = leaving

    @cached_property
    def _arriving(self) -> sparse.csr_matrix:
        return self.leaving.T.tocsr()

    def score(self, users: IntArray) -> FloatArray:
        return np.asarray((self.adjacency.by_user[users] @ self.leaving).toarray())

    def links_to(self, user: int, item: int) -> FloatArray:
        items, weights = matrix_row(self._arriving, item)
        out = np.zeros(self.adjacency.n_items)
        out[items] = weights
        return out

    def linked(self, user: int, items: IntArray, kept: FloatArray) -> FloatArray:
        return np.asarray(self.leaving[items].T @ kept)


class _OwnEdges:
    """The score is linear in the person's own edges; others stand in the graph and carry nothing."""

    degree: int = 1

    def __init__(self, adjacency: Adjacency, user: int, links: FloatArray, constant: float) -> None:
        self.sets: tuple[EdgeSet, ...] = (EdgeSet.of("user", "item", adjacency.by_user),)
        own = self.sets[0].source == user
        self.worth = np.where(own, adjacency.by_user.data * links[self.sets[0].target], 0.0)
        self.constant = constant

    def __call__(self, scales: Tensor) -> Tensor:
        import torch

        return (scales.reshape(-1) * torch.from_numpy(self.worth)).sum().reshape(1) + self.constant
