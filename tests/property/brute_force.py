"""Every walk of a score, written out from the formulas in plain loops over dense tables: what the tests compare with.

Nothing of core.propagation, core.adjacency or the models' own chains is used; only the numbers of a model's state are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.graph import FloatArray, InteractionGraph
from core.models._path_chains import CO_3, CO_5, TREND, PathParameters
from core.models._strengths import Strengths

Table = list[list[float]]
Bag = dict[tuple[str, tuple[int, ...]], float]


@dataclass(frozen=True)
class Known:
    """walks: (relation, nodes from the history item on) → signed amount, never 0; memory: amount that
    no walk carries.
    """

    walks: Bag
    memory: float = 0.0
    n_memory: int = 1  # how many events carry it, where events do

    @property
    def score(self) -> float:
        return math.fsum(self.walks.values()) + self.memory

    def total(self, relation: str | None = None, first: int | None = None, second: int | None = None) -> float:
        """Signed sum of the walks of a relation, through a history item, through a second node."""
        return math.fsum(self.chosen(relation, first, second).values())

    def chosen(self, relation: str | None = None, first: int | None = None, second: int | None = None) -> Bag:
        return {
            (key, walked): value
            for (key, walked), value in self.walks.items()
            if relation in (None, key)
            and first in (None, walked[0])
            and (second is None or (len(walked) > 1 and walked[1] == second))
        }


def weights(graph: InteractionGraph) -> Table:
    """[n_users][n_items] summed event weights."""
    table = [[0.0] * graph.n_items for _ in range(graph.n_users)]
    e = graph.events
    for user, item, weight in zip(e.user, e.item, e.weight, strict=True):
        table[user][item] += float(weight)
    return table


def binary(graph: InteractionGraph) -> Table:
    return [[1.0 if w else 0.0 for w in row] for row in weights(graph)]


def column_sums(table: Table) -> list[float]:
    return [math.fsum(column) for column in zip(*table, strict=True)]


def groups(graph: InteractionGraph) -> Iterator[tuple[str, Table]]:
    """(relation, [n_items][n_groups] weights) of topics, creators and contexts."""
    for kind in ("topic", "creator"):
        if kind in graph.memberships:
            yield f"same_{kind}", graph.memberships[kind].toarray().tolist()
    if "context" in graph.groups:
        table = [[0.0] * len(graph.groups["context"]) for _ in range(graph.n_items)]
        for item, context in zip(graph.events.item, graph.events.context, strict=True):
            if context >= 0:
                table[item][context] = 1.0
        yield "same_context", table


def path_walks(graph: InteractionGraph, p: PathParameters, u: int, i: int) -> Known:
    """Σ_r weight_r/scale_r Σ_walks w_uj d_j^-history · w d_m^-middle · w d_i^-target; the five-hop
    walk does it twice. Where a hop has a half-life, its w is halved by the age of the pair's latest event.
    """
    w = [[(v / p.weight_mean) ** p.weight_exponent if v else 0.0 for v in row] for row in weights(graph)]
    d_item, d_user = column_sums(w), [math.fsum(row) for row in w]
    co, walks = p.relations[CO_3], {}
    last = latest(graph)

    def left(seconds: float, life: float | None) -> float:
        return 1.0 if life is None else 0.5 ** min(max((graph.now - seconds) / life, 0.0), 200.0)

    def hop(v: int, k: int, life: float | None) -> float:
        return w[v][k] * left(last[v, k], life) if w[v][k] else 0.0

    fresh = [left(float(s), p.fresh_life) for s in graph.since]

    def there_and_back(j: int, *, arriving: bool) -> Iterator[tuple[int, int, float]]:
        """(person, item, amount) of item j → person → item; arriving: at the end of the walk."""
        for v in range(graph.n_users):
            for k in range(graph.n_items):
                if w[v][j] and w[v][k]:
                    amount = hop(v, j, co.between_life) * d_item[j] ** -co.history * d_user[v] ** -co.middle
                    amount *= hop(v, k, co.reach_life if arriving else None) * d_item[k] ** -co.target
                    yield v, k, amount * (fresh[k] if arriving else 1.0)

    own = sum(1 for value in w[u] if value)
    for j in range(graph.n_items):
        if not w[u][j]:
            continue
        start = hop(u, j, p.history_life) * own**-p.person
        for v, k, amount in there_and_back(j, arriving=True):
            if k == i:
                walks[CO_3, (j, v, i)] = co.weight / co.scale * start * amount
        five = p.relations.get(CO_5)
        for v, k, amount in there_and_back(j, arriving=False) if five is not None and five.weight else ():
            for v2, end, more in there_and_back(k, arriving=True):
                if end == i:
                    walks[CO_5, (j, v, k, v2, i)] = five.weight / five.scale * start * amount * more
        for key, member in groups(graph):
            r = p.relations.get(key)
            if r is None or not r.weight:
                continue
            size = column_sums(member)
            of_late = math.fsum(hop(v, i, r.reach_life) for v in range(graph.n_users))
            for g in range(len(size)):
                if member[j][g] and member[i][g]:
                    amount = start * (d_item[j] + 1) ** -r.history * member[j][g] * size[g] ** -r.middle
                    amount *= member[i][g] * (of_late + 1) ** -r.target * fresh[i]
                    walks[key, (j, g, i)] = r.weight / r.scale * amount
    arriving = [hop(v, i, _life(p)) for v in range(graph.n_users)]
    return Known(walks, trend_amount(graph, p, arriving, fresh[i]), sum(1 for value in arriving if value))


def strong_walks(graph: InteractionGraph, p: PathParameters, s: Strengths, u: int, i: int) -> Known:
    """The path model's walks, each times the factors of its edges and nodes: of people's edges between a history item
    and them, and between them and an item; of the value of the person's own edge; of every node in its layer.
    """
    plain, w = path_walks(graph, p, u, i), weights(graph)
    order = {pair: n for n, pair in enumerate(zip(*(a.tolist() for a in s.pairs.nonzero()), strict=True))}

    def factor(role: int, learnt: FloatArray | None, v: int, k: int) -> float:
        known = learnt is not None and (v, k) in order
        return value(role, w[v][k]) * (float(learnt[order[v, k]]) if learnt is not None and known else 1.0)

    def value(role: int, weight: float) -> float:
        return float(s.values[role][sum(1 for bound in s.bounds if weight >= bound)])

    walks = {}
    for (key, nodes), amount in plain.walks.items():
        amount *= value(0, w[u][nodes[0]])
        for n, node in enumerate(nodes):
            amount *= float(s.gates[f"{key}/{n}"][node])
        if key in (CO_3, CO_5):
            for n in range(0, len(nodes) - 1, 2):
                came, v, went = nodes[n : n + 3]
                amount *= factor(1, s.arriving, v, came) * factor(2, s.leaving, v, went)
        walks[key, nodes] = amount
    return Known(walks, plain.memory, plain.n_memory)


def _life(p: PathParameters) -> float | None:
    return p.relations[TREND].reach_life if TREND in p.relations else None


def trend_amount(graph: InteractionGraph, p: PathParameters, arriving: list[float], fresh: float) -> float:
    """weight/scale Σ_v w_vi d_i^-target, d_i the sum of the same: no walk from the history, yet made of events."""
    r, total = p.relations.get(TREND), math.fsum(arriving)
    return 0.0 if r is None or not total else r.weight / r.scale * total * total**-r.target * fresh


def latest(graph: InteractionGraph) -> dict[tuple[int, int], float]:
    """(person, item) → seconds UTC of the latest event."""
    times: dict[tuple[int, int], float] = {}
    e = graph.events
    for user, item, time in zip(e.user.tolist(), e.item.tolist(), e.time.tolist(), strict=True):
        times[user, item] = max(times.get((user, item), 0.0), float(time))
    return times


def cosines(graph: InteractionGraph) -> Table:
    """[n_items][n_items] cosine of who has what, 0 on the diagonal."""
    has = binary(graph)
    d = column_sums(has)
    return [
        [
            0.0 if j == i or not (d[i] and d[j]) else math.fsum(r[i] * r[j] for r in has) / math.sqrt(d[i] * d[j])
            for j in range(graph.n_items)
        ]
        for i in range(graph.n_items)
    ]


def knn_walks(graph: InteractionGraph, neighbours: list[set[int]], u: int, i: int) -> Known:
    """Σ over history items j among i's neighbours, over people v with both: 1/√(d_j d_i)."""
    has = binary(graph)
    d, walks = column_sums(has), {}
    for j in neighbours[i]:
        for v in range(graph.n_users):
            if has[u][j] and has[v][j] and has[v][i]:
                walks[CO_3, (j, v, i)] = 1.0 / math.sqrt(d[j] * d[i])
    return Known(walks)


def light_walks(graph: InteractionGraph, e0: np.ndarray, n_layers: int, u: int, i: int) -> Known:
    """LightGCN: α Â..Â <e_x, E_i> for walks of 1..L hops from u, α <e_u, E_i> as memory; E from the
    dense power series.
    """
    n, has = graph.n_users, binary(graph)
    degree = [math.fsum(row) for row in has] + column_sums(has)
    size = n + graph.n_items
    hat = [[0.0] * size for _ in range(size)]
    for v in range(n):
        for j in range(graph.n_items):
            if has[v][j]:
                hat[v][n + j] = hat[n + j][v] = 1.0 / math.sqrt(degree[v] * degree[n + j])
    alpha = 1.0 / (n_layers + 1)
    final = power_series(np.array(hat), alpha, n_layers) @ e0
    worth = [float(e0[x] @ final[n + i]) for x in range(size)]
    walks = {}
    ends: list[tuple[tuple[int, ...], float]] = [((u,), alpha)]
    for layer in range(1, n_layers + 1):
        ends = [((*w, y), a * hat[w[-1]][y]) for w, a in ends for y in range(size) if hat[w[-1]][y]]
        for walked, amount in ends:
            positions = tuple(x - n if x >= n else x for x in walked[1:])
            if worth[walked[-1]]:
                walks[f"jump_{layer}", positions] = amount * worth[walked[-1]]
    return Known(walks, alpha * worth[u])


def light_connected(graph: InteractionGraph, e0: np.ndarray, n_layers: int, u: int, i: int) -> float:
    """Σ_a P_ua P_ia |e_a|²: the pairs of walks that meet in one node."""
    n, has = graph.n_users, np.array(binary(graph))
    adjacency = np.block([[np.zeros((n, n)), has], [has.T, np.zeros((graph.n_items, graph.n_items))]])
    degree = np.maximum(adjacency.sum(axis=1), 1.0)
    p = power_series(adjacency / np.sqrt(np.outer(degree, degree)), 1.0 / (n_layers + 1), n_layers)
    return float(sum(p[u, a] * p[n + i, a] * (e0[a] @ e0[a]) for a in range(len(p))))


def power_series(hat: np.ndarray, alpha: float, n_layers: int) -> np.ndarray:
    """P = Σ_l α Â^l, dense."""
    return alpha * sum(np.linalg.matrix_power(hat, layer) for layer in range(n_layers + 1))
