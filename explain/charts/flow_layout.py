"""Where each node of the flow picture stands: x by hop, y by barycentre sweeps. Pure, and the same for the same nodes
and bundles in any order.

Drawing is left to flow_network (canvas) and flow_svg (print).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from core.errors import GraphError, shown
from explain.results.explanation import Bundle, FlowNode

COLUMN_GAP: Final = 260.0
ROW_GAP: Final = 10.0
MIN_HEIGHT: Final = 30.0
FULL_HEIGHT: Final = 260.0
_AIR: Final = 60.0
_ORDER_SWEEPS: Final = 8
_PLACE_SWEEPS: Final = 12

Links = dict[str, list[tuple[str, float]]]


def layout(
    nodes: Sequence[FlowNode],
    bundles: Sequence[Bundle],
    *,
    column_gap: float = COLUMN_GAP,
    row_gap: float = ROW_GAP,
    min_height: float = MIN_HEIGHT,
    full_height: float = FULL_HEIGHT,
) -> dict[str, tuple[float, float]]:
    """The centre (x, y) of every node in pixels, y downwards, the picture centred on y = 0.

    column_gap   distance of two hops           row_gap   free space between two nodes of a column
    min_height, full_height   see node_heights
    Returns      {} without nodes
    Raises       GraphError as check_flow does
    """
    check_flow(nodes, bundles)
    if not nodes:
        return {}
    heights = node_heights(nodes, min_height=min_height, full_height=full_height)
    links = _links(bundles)
    columns = _ordered(_first_columns(nodes), links)
    y = _placed(columns, links, heights, row_gap)
    middle = (min(y[k] - heights[k] / 2 for k in y) + max(y[k] + heights[k] / 2 for k in y)) / 2
    first_hop = min(columns)
    return {
        key: (round((hop - first_hop) * column_gap, 2), round(y[key] - middle, 2))
        for hop in sorted(columns)
        for key in columns[hop]
    }


def node_heights(
    nodes: Sequence[FlowNode], *, min_height: float = MIN_HEIGHT, full_height: float = FULL_HEIGHT
) -> dict[str, float]:
    """Pixels that a node takes: its share of the fullest column's flow (for plus against) times `full_height`, at least
    `min_height`.
    """
    scale = pixels_per_amount(nodes, full_height=full_height)
    return {n.key: max(min_height, (n.value_for + n.value_against) * scale) for n in nodes}


def pixels_per_amount(nodes: Sequence[FlowNode], *, full_height: float = FULL_HEIGHT) -> float:
    """Pixels of one unit of score, such that the fullest column's flow takes `full_height`; 0 where nothing flows."""
    by_hop: dict[int, float] = defaultdict(float)
    for n in sorted(nodes, key=lambda n: n.key):
        by_hop[n.hop] += n.value_for + n.value_against
    fullest = max(by_hop.values(), default=0.0)
    return full_height / fullest if fullest > 0 else 0.0


def bundle_key(bundle: Bundle) -> str:
    """What names an edge of the picture, as a node's key names a node: "0|person|7→1|history|50|watched"."""
    return f"{bundle.source}→{bundle.target}|{bundle.relation}"


def check_flow(nodes: Sequence[FlowNode], bundles: Sequence[Bundle]) -> None:
    """Raises GraphError for a node or bundle given twice, a bundle to a node that is not there or to no later hop, or a
    negative amount.
    """
    hops = {n.key: n.hop for n in nodes}
    if len(hops) != len(nodes):
        raise GraphError("A node of the picture is given twice. Merge nodes of the same hop, kind and id.")
    if len({bundle_key(b) for b in bundles}) != len(bundles):
        raise GraphError(
            "An edge of the picture is given twice. Merge bundles of the same source, target and relation."
        )
    for b in bundles:
        if b.source not in hops or b.target not in hops:
            missing = b.source if b.source not in hops else b.target
            raise GraphError(f"The picture has an edge to node {shown(missing)}, which it lacks. Add the node.")
        if hops[b.source] >= hops[b.target]:
            raise GraphError(f"The edge {shown(bundle_key(b))} does not lead to a later hop. Key its nodes by hop.")
    amounts = [(x.value_for, x.value_against) for x in nodes] + [(x.value_for, x.value_against) for x in bundles]
    if not all(value >= 0 for pair in amounts for value in pair):
        raise GraphError(
            "An amount of the picture is negative or not a number. Give amounts for and against as 0 or more."
        )


def _links(bundles: Sequence[Bundle]) -> Links:
    """Neighbours of each node on both sides, with the flow between them as weight, in an order that the input's does
    not change.
    """
    links: Links = defaultdict(list)
    for b in sorted(bundles, key=bundle_key):
        flow = b.value_for + b.value_against
        links[b.source].append((b.target, flow))
        links[b.target].append((b.source, flow))
    return links


def _first_columns(nodes: Sequence[FlowNode]) -> dict[int, list[str]]:
    """Keys by hop, the largest flow first; history items that stand for many come last, as "and 94 more" does in a
    list.
    """
    columns: dict[int, list[str]] = defaultdict(list)
    ranked = sorted(
        nodes, key=lambda n: (n.kind == "history" and n.merged > 1, -(n.value_for + n.value_against), n.key)
    )
    for n in ranked:
        columns[n.hop].append(n.key)
    return dict(columns)


def _ordered(columns: dict[int, list[str]], links: Links) -> dict[int, list[str]]:
    """Each column sorted by its neighbours' mean position, sweeping right and left; the sweep with the least crossing
    flow wins.
    """
    best, least = columns, _crossing_flow(columns, links)
    current = columns
    for sweep in range(_ORDER_SWEEPS):
        current = dict(current)
        for hop in sorted(current, reverse=sweep % 2 == 0):
            position = _relative_positions(current)
            wanted = {k: _mean(position, links[k], position[k]) for k in current[hop]}
            current[hop] = sorted(current[hop], key=lambda k, wanted=wanted: round(wanted[k], 9))  # type: ignore[misc]
        crossing = _crossing_flow(current, links)
        if crossing < least - 1e-12:
            best, least = current, crossing
    return best


def _relative_positions(columns: Mapping[int, Sequence[str]]) -> dict[str, float]:
    """Rank in its column as a number between 0 and 1."""
    return {k: (i + 0.5) / len(keys) for keys in columns.values() for i, k in enumerate(keys)}


def _mean(position: Mapping[str, float], neighbours: Sequence[tuple[str, float]], otherwise: float) -> float:
    weight = sum(w for _, w in neighbours)
    return sum(position[k] * w for k, w in neighbours) / weight if weight > 0 else otherwise


def _crossing_flow(columns: Mapping[int, Sequence[str]], links: Links) -> float:
    """Σ over pairs of crossing edges between the same two hops of the smaller flow."""
    hop_of = {k: hop for hop, keys in columns.items() for k in keys}
    position = _relative_positions(columns)
    groups: dict[tuple[int, int], list[tuple[float, float, float]]] = defaultdict(list)
    for keys in columns.values():
        for a in keys:
            for b, flow in links[a]:
                if hop_of[a] < hop_of[b]:
                    groups[hop_of[a], hop_of[b]].append((position[a], position[b], flow))
    total = 0.0
    for edges in groups.values():
        edges.sort()
        for i, (left, right, flow) in enumerate(edges):
            total += sum(min(flow, f) for l2, r2, f in edges[i + 1 :] if (l2 - left) * (r2 - right) < 0)
    return total


def _placed(
    columns: Mapping[int, Sequence[str]], links: Links, heights: Mapping[str, float], row_gap: float
) -> dict[str, float]:
    """y of each node: as near to its neighbours' mean as order and height allow."""
    tallest = max(_stack(keys, heights, row_gap)[1] for keys in columns.values())
    gaps = {hop: _airy_gap(keys, heights, row_gap, tallest) for hop, keys in columns.items()}
    y: dict[str, float] = {}
    for hop, keys in columns.items():
        offsets, full = _stack(keys, heights, gaps[hop])
        y |= {k: (tallest - full) / 2 + o for k, o in zip(keys, offsets, strict=True)}
    widest_first = sorted(columns, key=lambda hop: (-len(columns[hop]), hop))
    for _ in range(_PLACE_SWEEPS):
        for hop in widest_first[1:]:
            keys = columns[hop]
            offsets, full = _stack(keys, heights, gaps[hop])
            wanted = [_mean(y, links[k], y[k]) - o for k, o in zip(keys, offsets, strict=True)]
            bases = [min(max(base, 0.0), tallest - full) for base in _nearest_rising(wanted)]
            y |= {k: base + o for k, base, o in zip(keys, bases, offsets, strict=True)}
    return y


def _airy_gap(keys: Sequence[str], heights: Mapping[str, float], row_gap: float, tallest: float) -> float:
    """The gap of a column that has room to spare: it fills the picture's height, unless that tears it apart."""
    free = tallest - sum(heights[k] for k in keys)
    return max(row_gap, min(free / max(1, len(keys) - 1), row_gap + _AIR))


def _stack(keys: Sequence[str], heights: Mapping[str, float], row_gap: float) -> tuple[list[float], float]:
    """Centres of a column packed from y = 0 downwards, and the column's full height."""
    centres, top = [], 0.0
    for k in keys:
        centres.append(top + heights[k] / 2)
        top += heights[k] + row_gap
    return centres, top - row_gap


def _nearest_rising(wanted: Sequence[float]) -> list[float]:
    """The non-decreasing sequence with the least squared distance to `wanted` (pool adjacent violators)."""
    blocks: list[tuple[float, int]] = []
    for value in wanted:
        blocks.append((value, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (v1, n1), (v2, n2) = blocks[-2:]
            blocks[-2:] = [((v1 * n1 + v2 * n2) / (n1 + n2), n1 + n2)]
    return [value for value, n in blocks for _ in range(n)]
