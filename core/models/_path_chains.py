"""The path model's meta-paths: which relations there are, their parameters, and the normalised steps they consist of.

co_consumption_3   person → item → people who have it → item
co_consumption_5   two rounds of the same; its weight is negative: minus what people of broad taste have anyway
same_topic, same_creator, same_context   person → item → topic, creator or basket → item
trend              person → this moment → everybody who reads now → item: alike for everybody, made of observed events

Where parameters state half-lives, an edge of that hop weighs half after one; a walk stays a product of edges.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.adjacency import Adjacency, row_sums, without_entries
from core.files import JsonObject
from core.graph import FloatArray, IntArray, InteractionGraph
from core.propagation import Chain, Step

CO_3, CO_5, TREND = "co_consumption_3", "co_consumption_5", "trend"
OLDEST = 200.0  # half-lives after which an edge counts no less: 2^-200, so that no edge ever counts nothing
GROUP_CHAINS = {"topic": "same_topic", "creator": "same_creator", "context": "same_context"}


@dataclass(frozen=True)
class Relation:
    """Parameters of one meta-path; a walk weighs weight/scale · w · d_j^-history · d_m^-middle · w · … · d_i^-target.

    weight   signed importance, in units of the chain's standard deviation          scale   that deviation, a constant
    history, middle, target   normalisation exponents of the history item, the middle node, the recommended item
    between_life, reach_life  half-lives in seconds of the hops history item → people and people → item; None: no decay.
                              Of a topic (creator, basket): of the readers that the target's exponent counts
    """

    weight: float
    history: float
    middle: float
    target: float
    scale: float = 1.0
    between_life: float | None = None
    reach_life: float | None = None


@dataclass(frozen=True)
class PathParameters:
    """All that the path model learns. An edge of weight w counts as (w / weight_mean)^weight_exponent.

    person        exponent of the length of a history: its first hops weigh length^-person each
    history_life  half-life in seconds of the first hop, person → what they had; None: no decay
    fresh_life    half-life in seconds of an item's freshness, a gate on everything that reaches it; None: none
    """

    weight_exponent: float
    weight_mean: float
    relations: dict[str, Relation] = field(default_factory=dict)
    person: float = 0.0
    history_life: float | None = None
    fresh_life: float | None = None

    @property
    def walks_contexts(self) -> bool:
        """Whether baskets (sittings) are walked through."""
        relation = self.relations.get(GROUP_CHAINS["context"])
        return relation is not None and relation.weight != 0

    @property
    def timed(self) -> bool:
        """Whether a moment matters: some hop, or the item, has a half-life."""
        lives = (life for r in self.relations.values() if r.weight for life in (r.between_life, r.reach_life))
        return any(life is not None for life in (self.history_life, self.fresh_life, *lives))

    def with_relation(self, key: str, **changes: float) -> PathParameters:
        """The parameters with one relation's numbers changed."""
        return replace(self, relations=self.relations | {key: replace(self.relations[key], **changes)})

    def opened(self, weight: float) -> PathParameters:
        """The parameters in which relations that were left out (weight 0) have this weight; five hops speak against."""
        signs = {CO_5: -1.0}
        relations = {k: replace(r, weight=r.weight or signs.get(k, 1.0) * weight) for k, r in self.relations.items()}
        return replace(self, relations=relations)

    def without(self, key: str) -> PathParameters:
        """The parameters without a relation."""
        return replace(self, relations={k: r for k, r in self.relations.items() if k != key})

    @classmethod
    def from_json(cls, data: JsonObject) -> PathParameters:
        """From `dataclasses.asdict`. Raises TypeError or KeyError where a number is missing or unknown."""
        relations = {key: Relation(**numbers) for key, numbers in data["relations"].items()}
        own = {key: data[key] for key in ("person", "history_life", "fresh_life") if key in data}
        return cls(float(data["weight_exponent"]), float(data["weight_mean"]), relations, **own)

    def as_json(self) -> JsonObject:
        """For `from_json`; what is not used (no half-life, no exponent of the person) is left out."""
        relations = {key: _stated(asdict(relation)) for key, relation in self.relations.items()}
        own = {"person": self.person or None, "history_life": self.history_life, "fresh_life": self.fresh_life}
        return {
            "weight_exponent": self.weight_exponent,
            "weight_mean": self.weight_mean,
            "relations": relations,
            **_stated(own),
        }


def _stated(numbers: JsonObject) -> JsonObject:
    return {key: value for key, value in numbers.items() if value is not None}


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
    """The edges that the model walks on, weighted for one weight_exponent, as they stand at one moment.

    times  in the form of `adjacency`, when each pair's latest event was, seconds UTC; None for data without times
    since  float64 [n_items], from when on each item exists, seconds UTC; inf where nothing tells it
    now    the moment, seconds UTC
    """

    adjacency: Adjacency
    groups: dict[str, Group]
    visits: Visits
    times: Adjacency | None = None
    since: FloatArray | None = None
    now: float = 0.0
    _decayed: dict[float, Adjacency] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls, graph: InteractionGraph, weight_exponent: float, weight_mean: float, *, contexts: bool = True
    ) -> PathEdges:
        """contexts: whether baskets (sittings) are walked through; they are dear to gather."""
        matrix = graph.interactions.copy()
        matrix.data = edge_weights(matrix.data, weight_exponent, weight_mean)
        groups = {k: _group(m) for k, m in graph.memberships.items() if m.nnz}
        visits = Visits(graph.context_visits if contexts else np.empty((0, 3), dtype=np.int64))
        if contexts and graph.context_items is not None:
            groups["context"] = _group(graph.context_items.T.tocsr())
        adjacency = Adjacency.from_matrix(matrix)
        if not graph.timed:
            return cls(adjacency, groups, visits)
        when = sparse.csr_matrix((graph.last_times, matrix.indices, matrix.indptr), shape=matrix.shape)
        return cls(adjacency, groups, visits, Adjacency.from_matrix(when), graph.since, float(graph.now))

    def at(self, moment: float) -> PathEdges:
        """The same events as they stand at a later moment: older, and nothing else."""
        return replace(self, now=float(moment), _decayed={})

    def decayed(self, life: float | None) -> Adjacency:
        """The adjacency in which an event weighs half after `life` seconds; as it is, without a half-life or times."""
        if life is None or self.times is None:
            return self.adjacency
        if life not in self._decayed:
            ways = zip(
                (self.adjacency.by_user, self.adjacency.by_item), (self.times.by_user, self.times.by_item), strict=True
            )
            self._decayed[life] = Adjacency(*(_scaled(m, halved(self.now - t.data, life)) for m, t in ways))
        return self._decayed[life]

    def fresh(self, life: float | None) -> FloatArray | None:
        """float64 [n_items]: what is left of each item's freshness; None without a half-life or times."""
        if life is None or self.since is None:
            return None
        return halved(self.now - self.since, life)

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
        times = self.times
        if times is not None:
            times = times.with_row(user, items, self._times_of(times, user, items))[0]
        return replace(self, adjacency=adjacency, groups=groups, times=times, _decayed={}), position

    def _times_of(self, times: Adjacency, user: int | None, items: IntArray) -> FloatArray:
        """When a person had these items, float64 [len(items)]: just before this moment, where the data do not say."""
        when = np.full(len(items), self.now - 1.0)
        if user is not None and user < times.n_users:
            had, then = times.row(user)
            own = np.isin(items, had)
            when[own] = then[np.searchsorted(had, items[own])]
        return when


def halved(age: FloatArray, life: float) -> FloatArray:
    """2^(-age/life), elementwise: what is left of an event of this age in seconds; 1 for what is to come."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.exp2(-np.clip(age / life, 0.0, OLDEST)))


def _scaled(matrix: sparse.csr_matrix, factor: FloatArray) -> sparse.csr_matrix:
    return sparse.csr_matrix((matrix.data * factor, matrix.indices, matrix.indptr), shape=matrix.shape)


def edge_weights(raw: FloatArray, exponent: float, mean: float) -> FloatArray:
    """(raw / mean)^exponent, elementwise; raw > 0."""
    return np.asarray((raw / mean) ** exponent)


def chains(edges: PathEdges, parameters: PathParameters) -> tuple[Chain, ...]:
    """The meta-paths with their normalised steps; relations of weight 0 are left out, and the trend (`trend_step`)."""
    d_item, gate = edges.adjacency.item_degree, edges.fresh(parameters.fresh_life)
    result = []
    for key, steps in _co_steps(edges, parameters, gate).items():
        relation = parameters.relations.get(key)
        if relation is not None and relation.weight != 0:
            result.append(Chain(key, relation.weight / relation.scale, steps))
    for kind, key in GROUP_CHAINS.items():
        relation, group = parameters.relations.get(key), edges.groups.get(kind)
        if relation is not None and group is not None and relation.weight != 0:
            d_target = edges.decayed(relation.reach_life).item_degree
            steps = group_steps(kind, group, d_item, relation, d_target, gate)
            result.append(Chain(key, relation.weight / relation.scale, steps))
    return tuple(result)


def _co_steps(edges: PathEdges, parameters: PathParameters, gate: FloatArray | None) -> dict[str, tuple[Step, ...]]:
    """Item → people → item, once and twice. Five hops share the first ones with three; what decays on the way to the
    item, and its freshness, act on the last hop alone.
    """
    co, adjacency = parameters.relations[CO_3], edges.adjacency
    between, reach = edges.decayed(co.between_life), edges.decayed(co.reach_life)
    d_item, normal = adjacency.item_degree, _power(adjacency.user_degree, co.middle)
    target, ones = _power(d_item, co.target), np.ones(adjacency.n_users)
    out = Step(between.by_item, between.by_user, _power(d_item, co.history), normal, "consumed_by", "item", "user")
    back = Step(adjacency.by_user, adjacency.by_item, ones, target, "consumed", "user", "item")
    if co.reach_life is None and gate is None:
        last = back
    else:
        last = Step(reach.by_user, reach.by_item, ones, _gated(target, gate), "consumed", "user", "item")
    return {CO_3: (out, last), CO_5: (out, back, out, last)}


def trend_step(edges: PathEdges, parameters: PathParameters) -> Step | None:
    """The last hop of person → this moment → everybody → item; None where it carries nothing.

    What it carries to item i is (Σ_v w_vi)^(1 - target) times its freshness: who reads it, normalised by how many do.
    """
    relation = parameters.relations.get(TREND)
    if relation is None or relation.weight == 0 or edges.times is None:
        return None
    reach = edges.decayed(relation.reach_life)
    right = _gated(_power(reach.item_degree, relation.target), edges.fresh(parameters.fresh_life))
    return Step(reach.by_user, reach.by_item, np.ones(reach.n_users), right, "consumed", "user", "item")


def _gated(right: FloatArray, gate: FloatArray | None) -> FloatArray:
    return right if gate is None else right * gate


def group_steps(
    kind: str, group: Group, d_item: FloatArray, relation: Relation, d_target: FloatArray, gate: FloatArray | None
) -> tuple[Step, Step]:
    """Item → topic (creator, context) → item. Degrees count one more, so that an item that nobody has can be
    reached.

    d_target  float64 [n_items], what the target's exponent counts: people, or those of late
    """
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
        _gated(_power(d_target + 1, relation.target), gate),
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
