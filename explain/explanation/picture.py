"""The picture that adds to 100 %: all walks of a score, gathered into bundles whose sums are exact for any grouping.

Columns: the person, their history items, what connects (people, topics, creators, baskets, jumps), the item. Nodes are
keyed (hop, kind, id), so flow is conserved at each; for and against are kept apart, for - against = score. A label
gives a topic or creator as a reason only where its relation carries score.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from scipy import sparse

from core.graph import FloatArray, IntArray
from explain.explanation.trend import Trend
from explain.explanation.walks import Lane
from explain.format.dates import hour
from explain.format.names import CROWD_MINIMUM, Names
from explain.format.numbers import plural
from explain.results.explanation import Bundle, FlowNode

MAX_HISTORY, MAX_GROUPS = 12, 6
TARGET_HOP = 3
GROUPS = ("topic", "creator", "context")


@dataclass(frozen=True, eq=False)
class Origin:
    """The walks behind a node or bundle: those of one lane that start at these history rows, through these middle
    nodes.
    """

    lane: int
    rows: IntArray
    via: IntArray | None = None


@dataclass(frozen=True, eq=False)
class Picture:
    """Nodes and bundles, and the origins of each node key and (source, target, relation) triple."""

    nodes: tuple[FlowNode, ...]
    bundles: tuple[Bundle, ...]
    origins: dict[str, tuple[Origin, ...]]


@dataclass(eq=False)
class _Flow:
    value_for: float = 0.0
    value_against: float = 0.0
    n_paths: int = 0
    hop: int = 0
    solid: bool = True
    origins: list[Origin] = field(default_factory=list)

    def add(self, signed: float, n_paths: int, origin: Origin | None) -> None:
        if signed >= 0:
            self.value_for += signed
        else:
            self.value_against -= signed
        self.n_paths += n_paths
        if origin is not None:
            self.origins.append(origin)


@dataclass(frozen=True)
class _Node:
    hop: int
    kind: str
    id: str
    label: str
    merged: int = 1
    single: bool = True

    @property
    def key(self) -> str:
        kind = "item" if self.kind in ("history", "target") else self.kind
        return f"{self.hop}:{kind if self.single else 'more-' + kind}:{self.id}"


def bundle_id(source: str, target: str, relation: str) -> str:
    """The key under which a bundle's evidence is asked for; the drawing's own key (flow_layout.bundle_key)."""
    return f"{source}→{target}|{relation}"


class PictureBuilder:
    """Gathers flows lane by lane. One use: `build`."""

    def __init__(
        self,
        names: Names,
        lanes: Sequence[Lane],
        constants: dict[str, float],
        user: int,
        item: int,
        trends: Mapping[str, Trend] = MappingProxyType({}),
    ) -> None:
        self.names, self.lanes, self.constants, self.user, self.item = names, lanes, constants, user, item
        self.trends = trends
        self.flows: dict[tuple[str, str, str], _Flow] = defaultdict(_Flow)
        self.nodes: dict[str, _Node] = {}
        self.items = lanes[0].walks.items if lanes else np.empty(0, dtype=np.int64)
        self.person = self._node(_Node(0, "person", names.user_id(user), names.user(user)))
        self.target = self._node(_Node(TARGET_HOP, "target", str(names.graph.items.ids[item]), names.item(item)))

    def build(self) -> Picture:
        self._choose_history()
        for lane_idx, lane in enumerate(self.lanes):
            self._add_lane(lane_idx, lane)
        for kind, value in self.constants.items():
            if kind in self.trends:
                self._through_the_moment(kind, self.trends[kind])
            elif value:
                self._link(self.person, self.target, kind, 0, value, 1, None, solid=False)
        return Picture(self._flow_nodes(), self._bundles(), self._origins())

    def _through_the_moment(self, kind: str, trend: Trend) -> None:
        """The person, this moment, those who read now, the item."""
        moment = self._node(_Node(1, "moment", str(trend.now), hour(trend.now)))
        for crowd in trend.crowds:
            label = crowd.label(self.names)
            merged = crowd.n if crowd.n >= CROWD_MINIMUM else 1
            people = self._node(_Node(2, "people", f"{kind}-{crowd.key}", label, merged))
            self._link(self.person, moment, kind, 0, crowd.value, crowd.n, None)
            self._link(moment, people, kind, 1, crowd.value, crowd.n, None)
            self._link(people, self.target, kind, 2, crowd.value, crowd.n, None)

    def _choose_history(self) -> None:
        net, gross = np.zeros(len(self.items)), np.zeros(len(self.items))
        for lane in self.lanes:
            amounts = self._amounts(lane)
            net += amounts
            gross += np.abs(amounts)
        live = np.flatnonzero(gross > 0)
        order = live[np.lexsort((live, -np.abs(net[live])))]
        n = MAX_HISTORY if len(order) > MAX_HISTORY + 1 else len(order)
        self.history: list[tuple[str, IntArray]] = []
        for row in order[:n]:
            idx = int(self.items[row])
            node = _Node(1, "history", str(self.names.graph.items.ids[idx]), self.names.item(idx))
            self.history.append((self._node(node), np.array([row])))
        rest = np.sort(order[n:])
        if len(rest):
            label = f"and {len(rest):,} more {self.names.noun}s"
            self.history.append((self._node(_Node(1, "history", "rest", label, len(rest), single=False)), rest))

    def _amounts(self, lane: Lane) -> FloatArray:
        return np.asarray(lane.coefficient * lane.walks.start * lane.sums[0][lane.walks.items])

    def _add_lane(self, idx: int, lane: Lane) -> None:
        middle = lane.walks.middle
        if middle == ("user",) and not lane.walks.jump:
            self._through_crowds(idx, lane)
        elif len(middle) == 1 and middle[0] in GROUPS and middle[0] != "context" and not lane.walks.jump:
            self._through_groups(idx, lane, middle[0])
        else:
            self._through_one(idx, lane, self._shared_node(lane))

    def _shared_node(self, lane: Lane) -> _Node:
        key, names = lane.walks.chain.key, self.names
        n_paths = int(lane.counts()[0][lane.walks.items[lane.walks.start > 0]].sum())
        middle = lane.walks.middle
        if middle == ("user", "item", "user") and not lane.walks.jump:
            of = "broad taste" if lane.walks.chain.coefficient < 0 else "near taste"
            return _Node(2, "people", of.replace(" ", "-"), f"people of {of}")
        if len(middle) == 1 and middle[0] in GROUPS and not lane.walks.jump:
            return _Node(2, middle[0], "shared", f"{plural(n_paths, names.kind(middle[0]))} with both", n_paths)
        kind = (middle[-1] if lane.walks.jump else middle[0]) if middle else "memory"
        return _Node(2, "people" if kind == "user" else kind, key, names.relation(key))

    def _through_one(self, idx: int, lane: Lane, node: _Node) -> None:
        amounts, counts = self._amounts(lane), lane.counts()[0][lane.walks.items] * (lane.walks.start > 0)
        middle = self._node(node)
        for source, rows in self.history:
            origin = Origin(idx, rows)
            self._pass(source, middle, lane, float(amounts[rows].sum()), int(counts[rows].sum()), origin)

    def _through_crowds(self, idx: int, lane: Lane) -> None:
        """A node of people for each history item; crowds too small to show are merged into the next one."""
        amounts, counts = self._amounts(lane), lane.counts()[0][lane.walks.items] * (lane.walks.start > 0)
        few = [(s, r) for s, r in self.history if 0 < self._crowd(lane, r) < CROWD_MINIMUM]
        enough = [(s, r) for s, r in self.history if self._crowd(lane, r) >= CROWD_MINIMUM]
        few_rows = np.concatenate([r for _, r in few]) if few else np.empty(0, dtype=np.int64)
        joined: list[list[tuple[str, IntArray]]] = [[pair] for pair in enough]
        if few and self._crowd(lane, few_rows) < CROWD_MINIMUM and joined:
            joined[-1] += few
        elif few:
            joined.append(few)
        for group in joined:
            rows = np.concatenate([r for _, r in group])
            crowd = self._crowd(lane, rows)
            middle = self._node(self._crowd_node(crowd, rows, [s for s, _ in group]))
            for source, own in group:
                amount = float(amounts[own].sum())
                self._pass(source, middle, lane, amount, int(counts[own].sum()), Origin(idx, own))

    def _crowd(self, lane: Lane, rows: IntArray) -> int:
        """How many different people connect these history items with the item."""
        rows = rows[lane.walks.start[rows] > 0]
        if not len(rows):
            return 0
        step = lane.walks.chain.steps[0]
        reached = np.unique(step.matrix[lane.walks.items[rows]].indices)
        return int((lane.sums[1][reached] > 0).sum())

    def _crowd_node(self, crowd: int, rows: IntArray, sources: list[str]) -> _Node:
        people = plural(crowd, "person") if crowd >= CROWD_MINIMUM else f"fewer than {CROWD_MINIMUM} people"
        one = len(rows) == 1
        label = f"{people} who {self.names.verb} " + ("both" if one else f"it and one of {len(rows):,}")
        return _Node(2, "people", sources[0].split(":", 2)[2], label, crowd if crowd >= CROWD_MINIMUM else 1)

    def _through_groups(self, idx: int, lane: Lane, kind: str) -> None:
        """A node for each of the strongest topics (creators), one for all others."""
        step = lane.walks.chain.steps[0]
        rows_items = lane.walks.items
        scale = lane.coefficient * lane.walks.start * step.left[rows_items]
        worth = step.right * lane.sums[1]
        through = (sparse.diags(scale) @ step.matrix[rows_items] @ sparse.diags(worth)).tocsc()
        strength = np.abs(np.asarray(through.sum(axis=0)).ravel())
        groups = np.flatnonzero(strength > 0)
        groups = groups[np.lexsort((groups, -strength[groups]))]
        n = MAX_GROUPS if len(groups) > MAX_GROUPS + 1 else len(groups)
        title = self.names.kind(kind)
        choices = [
            (np.array([g]), _Node(2, kind, str(self.names.graph.groups[kind].ids[g]), self.names.group(kind, int(g))))
            for g in groups[:n]
        ]
        if len(groups) > n:
            label = f"{len(groups) - n:,} further {title}s"
            choices.append((groups[n:], _Node(2, kind, "rest", label, len(groups) - n, single=False)))
        for chosen, node in choices:
            part = through[:, chosen]
            amounts = np.asarray(part.sum(axis=1)).ravel()
            counts = np.asarray((part != 0).sum(axis=1)).ravel()
            middle = self._node(node)
            for source, rows in self.history:
                n_paths = int(counts[rows].sum())
                if n_paths:
                    origin = Origin(idx, rows, chosen)
                    self._pass(source, middle, lane, float(amounts[rows].sum()), n_paths, origin)

    def _pass(self, source: str, middle: str, lane: Lane, amount: float, n_paths: int, origin: Origin) -> None:
        """Let an amount flow person → history node → middle → item."""
        if not amount and not n_paths:
            return
        key, jump = lane.walks.chain.key, lane.walks.jump
        self._link(self.person, source, "history", 0, amount, n_paths, origin)
        self._link(source, middle, key, 1, amount, n_paths, origin, solid=not (jump and lane.n_layers == 0))
        self._link(middle, self.target, key, 2, amount, n_paths, origin, solid=not jump)

    def _link(
        self,
        source: str,
        target: str,
        relation: str,
        hop: int,
        amount: float,
        n_paths: int,
        origin: Origin | None,
        *,
        solid: bool = True,
    ) -> None:
        flow = self.flows[source, target, relation]
        flow.hop, flow.solid = hop, solid
        flow.add(amount, n_paths, origin)

    def _node(self, node: _Node) -> str:
        known = self.nodes.setdefault(node.key, node)
        return known.key

    def _bundles(self) -> tuple[Bundle, ...]:
        bundles = []
        for (source, target, relation), flow in self.flows.items():
            label = "in the history" if relation == "history" else self.names.relation(relation)
            bundles.append(
                Bundle(
                    source,
                    target,
                    relation,
                    flow.hop,
                    flow.value_for,
                    flow.value_against,
                    flow.n_paths,
                    label,
                    flow.solid,
                )
            )
        return tuple(sorted(bundles, key=lambda b: (b.hop, -abs(b.value_for - b.value_against), b.source, b.target)))

    def _flow_nodes(self) -> tuple[FlowNode, ...]:
        flow_nodes = []
        for key, node in self.nodes.items():
            inward = [f for (_, target, _), f in self.flows.items() if target == key]
            outward = [f for (source, _, _), f in self.flows.items() if source == key]
            used = inward or outward
            if not used and key not in (self.person, self.target):
                continue
            plus, minus = sum(f.value_for for f in used), sum(f.value_against for f in used)
            flow_nodes.append(FlowNode(key, node.hop, node.kind, node.id, node.label, plus, minus, node.merged))
        return tuple(sorted(flow_nodes, key=lambda n: (n.hop, -abs(n.value_for - n.value_against), n.key)))

    def _origins(self) -> dict[str, tuple[Origin, ...]]:
        origins_of: dict[str, list[Origin]] = defaultdict(list)
        for (source, target, relation), flow in self.flows.items():
            origins_of[bundle_id(source, target, relation)] += flow.origins
            if source != self.person:
                origins_of[source] += flow.origins
        return {key: tuple(origins) for key, origins in origins_of.items()}
