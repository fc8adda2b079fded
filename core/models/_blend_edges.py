"""A weighted sum of scores, each a polynomial in the scales of its own edges, as one polynomial in those of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.edge_score import EdgeScore, EdgeSet
from core.errors import ContractError

if TYPE_CHECKING:
    from torch import Tensor


class SumOfEdges:
    """The members' sets of edges between the same kinds of node are one set."""

    def __init__(self, members: Sequence[tuple[float, EdgeScore]]) -> None:
        self.members = members
        sets: dict[tuple[str, str], EdgeSet] = {}
        for edges in (edges for _, score in members for edges in score.sets):
            known = sets.setdefault((edges.source_kind, edges.target_kind), edges)
            if not np.array_equal(known.source, edges.source) or not np.array_equal(known.target, edges.target):
                raise ContractError(
                    f"Two models of a mixture have different edges from {edges.source_kind} to {edges.target_kind}.",
                    method="edge_score",
                )
        self.sets = tuple(sets.values())
        self.degree = max((score.degree for _, score in members), default=0)
        ends = dict(zip(sets, np.cumsum([0, *map(len, self.sets)])[:-1].tolist(), strict=True))
        self._places = [
            [(ends[edges.source_kind, edges.target_kind], len(edges)) for edges in score.sets] for _, score in members
        ]

    def __call__(self, scales: Tensor) -> Tensor:
        import torch

        flat = scales.reshape(-1)
        total = torch.zeros(1, dtype=torch.float64)
        for (factor, score), places in zip(self.members, self._places, strict=True):
            own = torch.cat([flat[start : start + n] for start, n in places]) if places else flat[:0]
            total = total + factor * score(own)
        return total
