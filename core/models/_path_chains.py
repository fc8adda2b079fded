"""The path model's meta-paths: which relations there are, their parameters, and the normalised steps they consist of.

co_consumption_3   person → item → people who have it → item
co_consumption_5   two rounds of the same; its weight is negative: minus what people of broad taste have anyway
same_topic, same_creator, same_context   person → item → topic, creator or basket → item
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.adjacency import Adjacency, row_sums, without_entries
from core.graph import FloatArray, IntArray, InteractionGraph
from core.propagation import Chain, Step

CO_3, CO_5 = "co_consumption_3", "co_consumption_5"
GROUP_CHAINS = {"topic": "same_topic", "creator": "same_creator", "context": "same_context"}


@dataclass(frozen=True)
class Relation:
    """Parameters of one meta-path; a walk weighs weight/scale · w · d_j^-history · d_m^-middle · w · … · d_i^-target.

    weight   signed importance, in units of the chain's standard deviation          scale   that deviation, a constant
    history, middle, target   normalisation exponents of the history item, the middle node, the recommended item
    """

    weight: float
    history: float
    middle: float
    target: float
    scale: float = 1.0


@dataclass(frozen=True)
class PathParameters:
    """All that the path model learns. An edge of weight w counts as (w / weight_mean)^weight_exponent."""

    weight_exponent: float
    weight_mean: float
    relations: dict[str, Relation] = field(default_factory=dict)

    def with_relation(self, key: str, **changes: float) -> PathParameters:
        """The parameters with one relation's numbers changed."""
        return replace(self, relations=self.relations | {key: replace(self.relations[key], **changes)})

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> PathParameters:
        """From `dataclasses.asdict`. Raises TypeError or KeyError where a number is missing or unknown."""
        relations = {key: Relation(**numbers) for key, numbers in data["relations"].items()}
        return cls(float(data["weight_exponent"]), float(data["weight_mean"]), relations)


@dataclass(frozen=True, eq=False)
class Group:
    """Items and the nodes of one other kind, both ways: CSR [n_items, n_groups] and its transpose."""

    by_item: sparse.csr_matrix
    by_group: sparse.csr_matrix

    @cached_property
    def size(self) -> FloatArray:
        """float64 [n_groups], summed edge weights."""
        return row_sums(self.by_group)

    def without(self, items: IntArray, groups: IntArray) -> Group:
        """The group after these item–group edges are gone, those that there are."""
        return Group(without_entries(self.by_item, items, groups), without_entries(self.by_group, groups, items))


class Visits:
    """Who had which item in which context: unique rows (person, context, item), sorted by person. `table` int64 [n,
    3]."""

    def __init__(self, table: IntArray) -> None:
        self.person, self.context, self.item = table[np.argsort(table[:, 0], kind="stable")].T

    @cached_property
    def _alone(self) -> NDArray[np.bool_]:
        """Whether nobody else had the item in that context: bool [n]."""
        order = np.lexsort((self.context, self.item))
        same = (np.diff(self.item[order]) == 0) & (np.diff(self.context[order]) == 0)
        alone = np.ones(len(order), dtype=bool)
        alone[order[1:][same]] = alone[order[:-1][same]] = False
        return alone

    def leaving(self, person: int, items: IntArray) -> tuple[IntArray, IntArray]:
        """Item–context edges that only this person made, of these items: two int64 arrays."""
        span = slice(*np.searchsorted(self.person, (person, person + 1)))
        rows = self._alone[span] & np.isin(self.item[span], items)
        return self.item[span][rows], self.context[span][rows]


@dataclass(frozen=True, eq=False)
class PathEdges:
    """The edges that the model walks on, weighted for one weight_exponent."""

    adjacency: Adjacency
    groups: dict[str, Group]
    visits: Visits

    @classmethod
    def of(cls, graph: InteractionGraph, weight_exponent: float, weight_mean: float) -> PathEdges:
        matrix = graph.interactions.copy()
        matrix.data = edge_weights(matrix.data, weight_exponent, weight_mean)
        groups = {k: _group(m) for k, m in graph.memberships.items() if m.nnz}
        if graph.context_items is not None:
            groups["context"] = _group(graph.context_items.T.tocsr())
        return cls(Adjacency.from_matrix(matrix), groups, Visits(graph.context_visits))

    def with_history(self, user: int | None, items: IntArray, weights: FloatArray) -> tuple[PathEdges, int]:
        """The edges after `user` (None: a new person) has exactly this history; what is gone also leaves their
        baskets."""
        groups = dict(self.groups)
        if user is not None and "context" in groups:
            gone = np.setdiff1d(self.adjacency.row(user)[0], items)
            left_items, left_contexts = self.visits.leaving(user, gone)
            if len(left_items):
                groups["context"] = groups["context"].without(left_items, left_contexts)
        adjacency, position = self.adjacency.with_row(user, items, weights)
        return PathEdges(adjacency, groups, self.visits), position


def edge_weights(raw: FloatArray, exponent: float, mean: float) -> FloatArray:
    """(raw / mean)^exponent, elementwise; raw > 0."""
    return np.asarray((raw / mean) ** exponent)


def chains(edges: PathEdges, parameters: PathParameters) -> tuple[Chain, ...]:
    """The meta-paths with their normalised steps; relations of weight 0 are left out."""
    adjacency, result = edges.adjacency, []
    d_item = adjacency.item_degree
    co = parameters.relations[CO_3]
    out = Step(
        adjacency.by_item,
        adjacency.by_user,
        _power(d_item, co.history),
        _power(adjacency.user_degree, co.middle),
        "consumed_by",
        "item",
        "user",
    )
    back = Step(
        adjacency.by_user,
        adjacency.by_item,
        np.ones(adjacency.n_users),
        _power(d_item, co.target),
        "consumed",
        "user",
        "item",
    )
    for key, steps in ((CO_3, (out, back)), (CO_5, (out, back, out, back))):
        relation = parameters.relations.get(key)
        if relation is not None and relation.weight != 0:
            result.append(Chain(key, relation.weight / relation.scale, steps))
    for kind, key in GROUP_CHAINS.items():
        relation, group = parameters.relations.get(key), edges.groups.get(kind)
        if relation is not None and group is not None and relation.weight != 0:
            result.append(Chain(key, relation.weight / relation.scale, group_steps(kind, group, d_item, relation)))
    return tuple(result)


def group_steps(kind: str, group: Group, d_item: FloatArray, relation: Relation) -> tuple[Step, Step]:
    """Item → topic (creator, context) → item. Degrees count one more, so that an item that nobody has can be
    reached."""
    out = Step(
        group.by_item,
        group.by_group,
        _power(d_item + 1, relation.history),
        _power(group.size, relation.middle),
        f"has_{kind}",
        "item",
        kind,
    )
    back = Step(
        group.by_group,
        group.by_item,
        np.ones(len(group.size)),
        _power(d_item + 1, relation.target),
        f"{kind}_of",
        kind,
        "item",
    )
    return out, back


def _power(degree: FloatArray, exponent: float) -> FloatArray:
    """degree^-exponent, 0 where the degree is 0."""
    out = np.zeros(len(degree))
    live = degree > 0
    out[live] = degree[live] ** -exponent
    return out


def _group(by_item: sparse.csr_matrix) -> Group:
    by_item = sparse.csr_matrix(by_item, dtype=np.float64)
    by_item.sort_indices()
    by_group = by_item.T.tocsr()
    by_group.sort_indices()
    return Group(by_item, by_group)
