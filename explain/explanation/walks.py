"""The best single walks behind a score, and an independent sum and count of all the others.

Transition weights are non-negative, so the best way on from a node is a max-product problem; with that as the
heuristic, best-first search pops little more than the walks it returns. What is not shown is summed over the complement
of the shown walks' prefix tree: no subtraction, so coverage + residual = 1 is a check and not a definition.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

import numpy as np

from core.graph import FloatArray, IntArray
from core.propagation import Walks


@dataclass(frozen=True)
class Walk:
    """One walk: `lane` says which chain and sign; nodes are positions from the history item on; value is signed."""

    lane: int
    nodes: tuple[int, ...]
    value: float


@dataclass(frozen=True)
class Rest:
    """All walks that are not shown: sum of absolute values, signed sum, number."""

    gross: float
    net: float
    n_walks: int


class Lane:
    """All walks of one chain whose end has one sign: their values are sign · magnitude."""

    def __init__(self, walks: Walks, sign: float, terminal: FloatArray | None) -> None:
        self.walks, self.end_sign, self.terminal = walks, sign, terminal
        self.coefficient = walks.chain.coefficient * sign
        self.n_layers = len(walks.chain.steps)
        self._children: dict[tuple[int, int], tuple[IntArray, FloatArray]] = {}

    @cached_property
    def sums(self) -> list[FloatArray]:
        """Suffix sums by layer; layer 0 at the person's own items."""
        return self.walks.pulls(self.terminal, own=True)

    @cached_property
    def best(self) -> list[FloatArray]:
        """Suffix maxima by layer; layer 0 at the person's own items."""
        return self.walks.pulls(self.terminal, best=True, own=True)

    def edges(self, layer: int, node: int) -> tuple[IntArray, FloatArray]:
        """Continuations of a node: the next layer's nodes and edge weights; layer -1 is the person."""
        if layer < 0:
            return self.walks.items, self.walks.start
        return self.walks.chain.steps[layer].edges_from(node)

    def children(self, layer: int, node: int) -> tuple[IntArray, FloatArray]:
        """The same, best continuation first, with what the best walk through each is worth from `node` on."""
        if (layer, node) not in self._children:
            nodes, weights = self.edges(layer, node)
            worth = weights * self.best[layer + 1][nodes]
            order = np.argsort(-worth, kind="stable")
            order = order[worth[order] > 0]
            self._children[layer, node] = (nodes[order], worth[order])
        return self._children[layer, node]

    def weight(self, layer: int, node: int, target: int) -> float:
        """Weight of one edge out of a layer."""
        nodes, weights = self.edges(layer, node)
        return float(weights[int(np.searchsorted(nodes, target))])

    def end(self, node: int) -> float:
        """What a finished walk is worth at its last node: 1 on the target, or the size of the jump."""
        return 1.0 if self.terminal is None else float(self.terminal[node])

    def counts(self) -> list[IntArray]:
        return self.walks.counts(self.terminal)

    def total(self) -> float:
        """Sum of the absolute values of all walks."""
        items, start = self.walks.items, self.walks.start
        return abs(self.coefficient) * float(start @ self.sums[0][items])


def lanes_of(walks: Iterable[Walks]) -> tuple[Lane, ...]:
    """The lanes that hold at least one walk."""
    lanes = [Lane(w, sign, terminal) for w in walks if len(w.items) for sign, terminal in w.terminals()]
    return tuple(lane for lane in lanes if lane.best[0][lane.walks.items].max(initial=0.0) > 0)


def best_walks(lanes: Sequence[Lane], k: int) -> tuple[Walk, ...]:
    """The k walks of the largest absolute value, largest first; fewer where there are fewer."""
    ticket = count()
    heap: list[tuple[float, int, int, tuple[int, ...], float, int]] = []

    def offer(lane_idx: int, prefix: tuple[int, ...], magnitude: float, place: int) -> None:
        lane = lanes[lane_idx]
        _, worth = lane.children(len(prefix) - 1, prefix[-1] if prefix else -1)
        if place < len(worth):
            heapq.heappush(heap, (-magnitude * worth[place], next(ticket), lane_idx, prefix, magnitude, place))

    for lane_idx, lane in enumerate(lanes):
        offer(lane_idx, (), abs(lane.coefficient), 0)
    best: list[Walk] = []
    while heap and len(best) < k:
        bound, _, lane_idx, prefix, magnitude, place = heapq.heappop(heap)
        lane = lanes[lane_idx]
        offer(lane_idx, prefix, magnitude, place + 1)
        nodes, worth = lane.children(len(prefix) - 1, prefix[-1] if prefix else -1)
        node = int(nodes[place])
        longer = (*prefix, node)
        if len(longer) == lane.n_layers + 1:
            best.append(Walk(lane_idx, longer, float(np.copysign(-bound, lane.coefficient))))
        else:
            through = lane.best[len(longer) - 1][node]
            offer(lane_idx, longer, magnitude * float(worth[place] / through), 0)
    return tuple(best)


def rest_of(lanes: Sequence[Lane], shown: Sequence[Walk]) -> Rest:
    """Everything but the shown walks, summed and counted over what branches off their prefix tree."""
    gross = net = 0.0
    n_walks = 0
    for lane_idx, lane in enumerate(lanes):
        paths = [w.nodes for w in shown if w.lane == lane_idx]
        amount, number = _complement(lane, paths)
        gross += abs(lane.coefficient) * amount
        net += lane.coefficient * amount
        n_walks += number
    return Rest(gross, net, n_walks)


def _complement(lane: Lane, paths: list[tuple[int, ...]]) -> tuple[float, int]:
    counts = lane.counts()
    tree: dict[tuple[int, ...], set[int]] = {(): set()}
    for path in paths:
        for depth, node in enumerate(path):
            tree.setdefault(path[:depth], set()).add(node)
    amount, number = 0.0, 0
    prefixes: dict[tuple[int, ...], float] = {(): 1.0}
    for prefix in sorted(tree, key=len):
        layer = len(prefix) - 1
        nodes, weights = lane.edges(layer, prefix[-1] if prefix else -1)
        taken = np.isin(nodes, list(tree[prefix]))
        others, other_weights = nodes[~taken], weights[~taken]
        amount += prefixes[prefix] * float(other_weights @ lane.sums[layer + 1][others])
        number += int(counts[layer + 1][others[other_weights > 0]].sum())
        for next_node, weight in zip(nodes[taken], weights[taken], strict=True):
            prefixes[*prefix, int(next_node)] = prefixes[prefix] * float(weight)
    return amount, number
