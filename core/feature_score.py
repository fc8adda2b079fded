"""A score as a function of what its item is: what an attribution by features differentiates (explain.features).

A model whose score has such a function says so by its method `feature_score`; nobody asks which model it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from core.graph import FloatArray

if TYPE_CHECKING:
    from torch import Tensor

OWN: Final = "own vector"
GRAPH: Final = "through the graph"


@dataclass(frozen=True, kw_only=True)
class OtherTerm:
    """A term of the score that the item's own features do not give. group: OWN or GRAPH; text: with {item} for its
    title."""

    group: str
    text: str
    amount: float


@dataclass(frozen=True, eq=False, kw_only=True)
class FeatureScore:
    """score(user)[item] = worth(values) + the other terms, with the person's vector held fixed.

    names, groups  str [n], of the features that the item has        values  float64 [n]
    worth          features [B, n] → scores [B], float64
    slope          float64 [n] where worth is linear, else None
    """

    names: NDArray[np.str_]
    groups: NDArray[np.str_]
    values: FloatArray
    worth: Callable[[Tensor], Tensor]
    slope: FloatArray | None
    others: tuple[OtherTerm, ...]


@runtime_checkable
class ExplainsFeatures(Protocol):
    """A model whose scores can be told by the features of their items."""

    def feature_score(self, user: int, item: int) -> FeatureScore:
        """The score of an item for a person as a function of its features. Positions; the user may be folded in."""
        ...
