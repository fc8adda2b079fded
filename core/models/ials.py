"""Implicit matrix factorisation, whose person is computed from the history alone, so that every part is one item of it.

Y minimises Σ_{u, i in N(u)} (x_u·y_i - 1)² + α Σ_{u, i} (x_u·y_i)² + λ Σ (|N| + α n)|·|² by turns (Hu, Koren and
Volinsky 2008; weights as in Rendle et al. 2022, "Revisiting iALS"). A person is x_u = A_u^-1 Σ_{j in N(u)} y_j with
A_u = Σ_j y_j y_jᵀ + α YᵀY + λ_u I, hence score(u, i) = Σ_j y_iᵀ A_u^-1 y_j (Hu et al., section 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import product
from typing import ClassVar, Self

import numpy as np
from scipy import sparse

from core.adjacency import Adjacency, matrix_row
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models._learnt_links import LINK_WORDS, LearntLinks
from core.models.base import Holdout, ModelSpec, ModelState, list_accuracy, register
from core.progress import Progress, no_progress, portion
from core.words import ParameterWords

UNOBSERVED, PENALTIES, DIMS, STEPS = (0.05, 0.2, 0.8), (0.001, 0.004, 0.016), (16, 32, 64, 128), (1.8, 1.3)
ROUNDS, SPREAD = 10, 0.1


@dataclass(frozen=True, kw_only=True)
class Factoring:
    """dim: numbers learnt for each item; unobserved: α; penalty: λ."""

    dim: int
    unobserved: float
    penalty: float


@register
class Ials(LearntLinks):
    """factors: float64 [n_items, dim]."""

    spec: ClassVar[ModelSpec] = ModelSpec(
        name="ials",
        title="Matrix factorisation (iALS)",
        source="Hu, Koren and Volinsky 2008, section 5; penalties as in Rendle et al. 2022",
        exact=False,
        summary="Learnt vectors of items; a person is the sum of what they had. Every term is one item of the history.",
        use="To know what matrix factorisation finds; its item vectors serve other systems too.",
        unit="predicted preference",
        order=46,
        learnt_vectors=True,
        relations=LINK_WORDS,
        parameters={
            "dim": ParameterWords(label="numbers learnt for each item", effect="length of the learnt vector"),
            "unobserved": ParameterWords(
                label="how much it counts that somebody did not have an item", effect="larger: scores nearer to 0"
            ),
            "penalty": ParameterWords(label="L2 penalty of the learnt vectors", effect="larger: smaller vectors"),
        },
    )

    def __init__(self, adjacency: Adjacency, factors: FloatArray, factoring: Factoring) -> None:
        super().__init__(adjacency)
        self.factors, self.factoring = factors, factoring

    @classmethod
    def fit(cls, graph: InteractionGraph, *, holdout: Holdout, seed: int = 0, progress: Progress = no_progress) -> Self:
        grid = [Factoring(dim=DIMS[1], unobserved=a, penalty=p) for a, p in product(UNOBSERVED, PENALTIES)]
        best = cls._best(grid, holdout, seed, portion(progress, 0.0, 0.3))
        for n, step in enumerate(STEPS):
            moves = product((1.0, step, 1 / step), repeat=2)
            near = [replace(best, unobserved=best.unobserved * a, penalty=best.penalty * p) for a, p in moves]
            best = cls._best(near, holdout, seed, portion(progress, 0.3 + 0.2 * n, 0.5 + 0.2 * n))
        best = cls._best([replace(best, dim=dim) for dim in DIMS], holdout, seed, portion(progress, 0.7, 0.85))
        progress(0.85, "factoring everything")
        return cls.learnt(graph, best, seed=seed, rounds=ROUNDS)

    @classmethod
    def _best(cls, choices: Sequence[Factoring], holdout: Holdout, seed: int, progress: Progress) -> Factoring:
        values = []
        for n, choice in enumerate(choices):
            progress(n / len(choices), f"trying {choice.dim} numbers an item, penalty {choice.penalty:g}")
            model = cls.learnt(holdout.train, choice, seed=seed, rounds=ROUNDS)
            values.append(sum(list_accuracy(model, holdout).values()))
        return choices[int(np.argmax(values))]

    @classmethod
    def learnt(cls, graph: InteractionGraph, factoring: Factoring, *, seed: int, rounds: int) -> Self:
        """People and items by turns, people first."""
        adjacency = Adjacency.binary(graph.interactions)
        rng = np.random.default_rng(seed)
        scale = SPREAD / np.sqrt(factoring.dim)
        items = rng.normal(scale=scale, size=(graph.n_items, factoring.dim))
        for _ in range(rounds):
            people = _solved(adjacency.by_user, items, factoring)
            items = _solved(adjacency.by_item, people, factoring)
        return cls(adjacency, items, factoring)

    @classmethod
    def restore(cls, graph: InteractionGraph, state: ModelState) -> Self:
        p = state.parameters
        factoring = Factoring(dim=int(p["dim"]), unobserved=float(p["unobserved"]), penalty=float(p["penalty"]))
        return cls(Adjacency.binary(graph.interactions), state.arrays["factors"], factoring)

    def state(self) -> ModelState:
        return ModelState(asdict(self.factoring), {"factors": self.factors})

    def held_out(self, holdout: Holdout, *, seed: int = 0) -> Self:
        return self.learnt(holdout.train, self.factoring, seed=seed, rounds=ROUNDS)

    @cached_property
    def _gram(self) -> FloatArray:
        return np.asarray(self.factoring.unobserved * self.factors.T @ self.factors)

    def _inverse(self, user: int) -> FloatArray:
        """A_u^-1, float64 [dim, dim]."""
        own = self.factors[self.history(user)]
        return np.asarray(np.linalg.inv(_normal(own, self._gram, len(self.factors), self.factoring)))

    def score(self, users: IntArray) -> FloatArray:
        people = _solved(self.adjacency.by_user[users], self.factors, self.factoring)
        return np.asarray(people @ self.factors.T)

    def links_to(self, user: int, item: int) -> FloatArray:
        return np.asarray(self.factors @ (self._inverse(user) @ self.factors[item]))

    def linked(self, user: int, items: IntArray, kept: FloatArray) -> FloatArray:
        return np.asarray(self.factors @ (self._inverse(user) @ (kept @ self.factors[items])))

    def fold_in(self, items: IntArray, weights: FloatArray, user: int | None = None) -> tuple[Ials, int]:
        adjacency, position = self.adjacency.having(user, items)
        return Ials(adjacency, self.factors, self.factoring), position


def _normal(own: FloatArray, gram: FloatArray, n_others: int, factoring: Factoring) -> FloatArray:
    """Σ y yᵀ over the own ones + α YᵀY + λ (|own| + α n) I."""
    ridge = factoring.penalty * (len(own) + factoring.unobserved * n_others)
    return np.asarray(own.T @ own + gram + ridge * np.eye(gram.shape[0]))


def _solved(rows: sparse.csr_matrix, others: FloatArray, factoring: Factoring) -> FloatArray:
    """The least-squares vector of every row, float64 [n_rows, dim]; 0 for those that have nothing."""
    gram = factoring.unobserved * others.T @ others
    out = np.zeros((rows.shape[0], others.shape[1]))
    for row in np.flatnonzero(np.diff(rows.indptr)).tolist():
        own = others[matrix_row(rows, row)[0]]
        out[row] = np.linalg.solve(_normal(own, gram, len(others), factoring), own.sum(axis=0))
    return out
