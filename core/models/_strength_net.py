"""The strengths model as torch sees it while it learns: the path model's walks with free positive factors, in float32.

A `Stage` is a graph: the meta-paths of the path model on it. The net holds what is learnt, on the nodes
and edges of the whole training graph, and pushes histories through a stage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy import sparse

from core.graph import FloatArray, IntArray
from core.models._strength_kernels import Pattern, carry, products, spread
from core.models._strengths import ARRIVING, ENTERING, LEAVING
from core.propagation import Chain, Step

DIM, SPREAD = 16, 0.03
FORWARD, BACKWARD = ("user", "item"), ("item", "user")


@dataclass(frozen=True, eq=False)
class Hop:
    """One step on one stage: edges between people and items that carry strengths, or others that do not.

    weights  float32 [n_edges] in the order of the stage's pattern; None for a hop whose edges learn nothing
    fixed    the hop's matrix where edges learn nothing, [n_to, n_from], and its transpose
    """

    kinds: tuple[str, str]
    left: torch.Tensor
    right: torch.Tensor
    weights: torch.Tensor | None
    fixed: tuple[sparse.csr_matrix, sparse.csr_matrix] | None


@dataclass(frozen=True, eq=False)
class Route:
    """A meta-path on one stage."""

    key: str
    coefficient: float
    hops: tuple[Hop, ...]


@dataclass(frozen=True, eq=False)
class Stage:
    """The meta-paths on a graph.

    pattern  its edges between people and items, rows people        level  int64 [n_edges], of each edge's weight
    """

    pattern: Pattern
    level: torch.Tensor
    routes: tuple[Route, ...]

    @classmethod
    def of(cls, chains: Sequence[Chain], weights: sparse.csr_matrix, level: IntArray) -> Stage:
        """weights: the edges, CSR [n_users, n_items] with sorted indices; the chains' steps have the same ones."""
        routes = tuple(Route(c.key, c.coefficient, tuple(_hop(s) for s in c.steps)) for c in chains)
        return cls(Pattern.of(weights), torch.from_numpy(level), routes)


def _hop(step: Step) -> Hop:
    kinds = (step.source_kind, step.target_kind)
    between = kinds in (FORWARD, BACKWARD)
    by_user = step.matrix if kinds == FORWARD else step.transpose
    weights = _float(by_user.data) if between else None
    fixed = None if between else (step.transpose.astype(np.float32), step.matrix.astype(np.float32))
    return Hop(kinds, _float(step.left)[:, None], _float(step.right)[:, None], weights, fixed)


def _float(values: FloatArray) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.float32))


@dataclass(frozen=True, eq=False)
class Histories:
    """What enters for a batch of people: one entry an item of a history.

    items, columns  int64 [m]           start  float32 [m], first hops without what values count
    level           int64 [m]
    barred          (nodes int64, columns int64) by kind: nodes that no walk of a column may pass
    """

    items: torch.Tensor
    columns: torch.Tensor
    start: torch.Tensor
    level: torch.Tensor
    n_columns: int
    barred: Mapping[str, tuple[torch.Tensor, torch.Tensor]] = field(default_factory=dict)


class StrengthNet(torch.nn.Module):
    """All that is learnt, as logarithms, so that every factor is above 0."""

    def __init__(self, stage: Stage, degrees: dict[str, FloatArray], n_levels: int, seed: int) -> None:
        """degrees: by kind of node, how many edges each has; shared exponents act on them."""
        super().__init__()
        maker = torch.Generator().manual_seed(seed)
        n_users, n_items = stage.pattern.shape
        self.gates, self.exponents = torch.nn.ParameterDict(), torch.nn.ParameterDict()
        self.log_degree = {k: torch.log(_float(np.maximum(d, 1.0))) for k, d in degrees.items()}
        self.layers: dict[str, tuple[str, ...]] = {}
        for route in stage.routes:
            kinds = ("item", *(hop.kinds[1] for hop in route.hops))
            self.layers[route.key] = kinds
            for layer, kind in enumerate(kinds):
                name = f"{route.key}/{layer}"
                self.gates[name] = torch.nn.Parameter(torch.zeros(len(degrees[kind])))
                self.exponents[name] = torch.nn.Parameter(torch.zeros(()))
        self.weight = torch.nn.ParameterDict({route.key: torch.nn.Parameter(torch.zeros(())) for route in stage.routes})
        self.values = torch.nn.Parameter(torch.zeros(3, n_levels))
        self.stretch = torch.nn.Parameter(torch.tensor(1.0))
        self.softness = torch.nn.Parameter(torch.tensor(0.0))
        self.vectors = torch.nn.ParameterDict(
            {
                name: torch.nn.Parameter(torch.randn(n, DIM, generator=maker) * SPREAD)
                for name, n in (("u1", n_users), ("i1", n_items), ("u2", n_users), ("i2", n_items))
            }
        )

    def groups(self, *, few: float, gates: float, vectors: float) -> list[dict[str, object]]:
        """For Adam: the parameters with their learning rates."""
        rest = [*self.exponents.values(), *self.weight.values(), self.values, self.stretch, self.softness]
        return [
            {"params": rest, "lr": few},
            {"params": list(self.gates.values()), "lr": gates},
            {"params": list(self.vectors.values()), "lr": vectors},
        ]

    def gate(self, key: str, layer: int) -> torch.Tensor:
        """[n_nodes, 1]: the factor of every node of a layer."""
        name, kind = f"{key}/{layer}", self.layers[key][layer]
        return torch.exp(self.gates[name] + self.exponents[name] * self.log_degree[kind])[:, None]

    def strengths_on(self, pattern: Pattern, level: torch.Tensor) -> dict[tuple[str, str], torch.Tensor]:
        """float32 [n_edges] by direction."""
        v = self.vectors
        arriving = products(v["u1"], v["i1"], pattern) + self.values[ARRIVING][level]
        leaving = products(v["u2"], v["i2"], pattern) + self.values[LEAVING][level]
        return {BACKWARD: torch.exp(arriving), FORWARD: torch.exp(leaving)}

    def forward(self, stage: Stage, people: Histories) -> dict[str, torch.Tensor]:
        """Scores by relation, float32 [n_items, B], signed."""
        strengths = self.strengths_on(stage.pattern, stage.level)
        n_items = stage.pattern.shape[1]
        entering = people.start * torch.exp(self.values[ENTERING])[people.level]
        x = torch.zeros(n_items, people.n_columns).index_put((people.items, people.columns), entering)
        return {r.key: self._along(r, stage.pattern, x, strengths, people) for r in stage.routes}

    def _along(
        self,
        route: Route,
        pattern: Pattern,
        x: torch.Tensor,
        strengths: dict[tuple[str, str], torch.Tensor],
        people: Histories,
    ) -> torch.Tensor:
        x = x * self.gate(route.key, 0)
        for n, hop in enumerate(route.hops):
            x = x * hop.left
            if hop.weights is None:
                assert hop.fixed is not None
                x = carry(x, *hop.fixed)
            else:
                x = spread(hop.weights * strengths[hop.kinds], x, pattern, turned=hop.kinds == FORWARD)
            x = x * (hop.right * self.gate(route.key, n + 1))
            if hop.kinds[1] in people.barred:
                x = x.index_put(people.barred[hop.kinds[1]], torch.tensor(0.0))
        return x * (route.coefficient * torch.exp(self.weight[route.key]))
