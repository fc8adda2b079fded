"""What a promise is: a function that takes a fitted model and raises ContractError, which names the method that broke
it.

The suite is driven by what a model says of itself (its spec); no promise knows a model by its name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

from core.errors import ContractError, short
from core.graph import IntArray, InteractionGraph
from core.models import _blend, _lightgcn_training
from core.models._blend_weights import Mixture, mixture
from core.models.base import Recommender
from explain.workspace.refits import validation_cut
from tests.graphs import CARD, names_of, random_graph

EPOCHS = 4  # a contract is about sums and shapes, not about accuracy


@dataclass(frozen=True, eq=False, kw_only=True)
class Subject:
    """A model class on a small random typed graph, fitted when it is first asked. folder: for what a promise stores."""

    kind: type[Recommender]
    folder: Path
    graph: InteractionGraph
    seed: int = 3

    @classmethod
    def of(cls, kind: type[Recommender], folder: Path, graph: InteractionGraph | None = None) -> Subject:
        return cls(kind=kind, folder=folder, graph=random_graph(1) if graph is None else graph)

    @cached_property
    def model(self) -> Recommender:
        return self.fit(self.graph)

    def fit(self, graph: InteractionGraph) -> Recommender:
        cut = validation_cut(graph, CARD, "last", self.seed, needed=self.kind.needs_cut)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_lightgcn_training, "MAX_EPOCHS", EPOCHS)
            patch.setattr(_blend, "mixture", _evenly)
            return called("fit", self.kind.fit, graph, holdout=cut, seed=self.seed)

    def restored(self, graph: InteractionGraph) -> Recommender:
        """The same parameters on another table."""
        return called("restore", self.kind.restore, graph, called("state", self.model.state))

    def ask(self, method: str, *args: Any) -> Any:
        """What a method of the fitted model answers."""
        return called(method, getattr(self.model, method), *args)

    @property
    def everybody(self) -> IntArray:
        return np.arange(self.graph.n_users, dtype=np.int64)

    @cached_property
    def scores(self) -> Any:
        return self.ask("score", self.everybody)

    @cached_property
    def names(self) -> Any:
        names = names_of(self.graph)
        names.learn(self.ask("walks", 0, 0))
        return names

    @property
    def alike(self) -> frozenset[str]:
        """The kinds of constants that the model calls the same for everybody."""
        return frozenset(kind for kind, words in self.kind.spec.constants.items() if words.alike)

    @property
    def observed(self) -> frozenset[str]:
        """Those of its kinds of constants that it calls sums over observed events."""
        return frozenset(kind for kind, words in self.kind.spec.constants.items() if words.observed)

    def history(self, user: int) -> tuple[IntArray, Any]:
        """Items (ascending) and weights of a person, as the graph has them."""
        row = self.graph.interactions[user]
        order = np.argsort(row.indices)
        return row.indices[order].astype(np.int64), row.data[order]

    @property
    def people(self) -> list[int]:
        """Some people with at least three items."""
        return [user for user in range(self.graph.n_users) if self.graph.interactions[user].nnz >= 3][:6]


def _evenly(*args: Any) -> Mixture:
    """A mixture in which every member counts, whatever a cut of a dozen people says."""
    learnt = mixture(*args)
    return replace(learnt, weights=dict.fromkeys(learnt.weights, 1 / len(learnt.weights)))


Promise = Callable[[Subject], None]
PROMISES: dict[str, Promise] = {}


def promise(check: Promise) -> Promise:
    """Decorator: makes a promise part of the contract, in the order of the files."""
    PROMISES[check.__name__] = check
    return check


def called(method: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """The function's answer; what it raises is a broken promise of `method`."""
    try:
        return function(*args, **kwargs)
    except ContractError:
        raise
    except Exception as error:
        raise ContractError(f"{method} raised {type(error).__name__}: {short(error)}.", method=method) from error


def require(kept: bool, method: str, what: str) -> None:
    """Raises ContractError unless the promise is kept. what: the promise in words, as it is broken."""
    if not kept:
        raise ContractError(f"{method}: {what}.", method=method)


def near(one: ArrayLike, other: ArrayLike, *, rtol: float = 1e-9, atol: float = 1e-9) -> bool:
    """Whether two arrays have the same shape and the same values but for rounding."""
    one, other = np.asarray(one), np.asarray(other)
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=rtol, atol=atol))


def numbers(values: Any, shape: tuple[int, ...], method: str) -> None:
    """Requires finite float64 of a shape."""
    require(isinstance(values, np.ndarray), method, f"the answer is {type(values).__name__}, not an array")
    require(values.shape == shape, method, f"the shape is {values.shape}, not {shape}")
    require(values.dtype == np.float64, method, f"the numbers are {values.dtype}, not float64")
    require(bool(np.isfinite(values).all()), method, "a number is not finite")
