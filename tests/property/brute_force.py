"""Every walk of a score, written out from the formulas in plain loops over dense tables: what the tests compare with.

Nothing of core.propagation, core.adjacency or the models' own chains is used; only the numbers of a model's state are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.graph import InteractionGraph
from core.models._path_chains import CO_3, CO_5, PathParameters

Table = list[list[float]]
Bag = dict[tuple[str, tuple[int, ...]], float]


@dataclass(frozen=True)
class Known:
    """walks: (relation, nodes from the history item on) → signed amount, never 0; memory: amount that
    no walk carries.
    """

    walks: Bag
    memory: float = 0.0

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
    walk does it twice.
    """
    w = [[(v / p.weight_mean) ** p.weight_exponent if v else 0.0 for v in row] for row in weights(graph)]
    d_item, d_user = column_sums(w), [math.fsum(row) for row in w]
    co, walks = p.relations[CO_3], {}

    def there_and_back(j: int) -> Iterator[tuple[int, int, float]]:
        """(person, item, amount) of item j → person → item."""
        for v in range(graph.n_users):
            for k in range(graph.n_items):
                if w[v][j] and w[v][k]:
                    yield (
                        v,
                        k,
                        w[v][j]
                        * d_item[j] ** -co.history
                        * d_user[v] ** -co.middle
                        * w[v][k]
                        * d_item[k] ** -co.target,
                    )

    for j in range(graph.n_items):
        if not w[u][j]:
            continue
        for v, k, amount in there_and_back(j):
            if k == i:
                walks[CO_3, (j, v, i)] = co.weight / co.scale * w[u][j] * amount
            five = p.relations.get(CO_5)
            for v2, last, more in there_and_back(k) if five is not None and five.weight else ():
                if last == i:
                    walks[CO_5, (j, v, k, v2, i)] = five.weight / five.scale * w[u][j] * amount * more
        for key, member in groups(graph):
            r = p.relations.get(key)
            if r is None or not r.weight:
                continue
            size = column_sums(member)
            for g in range(len(size)):
                if member[j][g] and member[i][g]:
                    amount = w[u][j] * (d_item[j] + 1) ** -r.history * member[j][g] * size[g] ** -r.middle
                    amount *= member[i][g] * (d_item[i] + 1) ** -r.target
                    walks[key, (j, g, i)] = r.weight / r.scale * amount
    return Known(walks)


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
