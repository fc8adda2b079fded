"""Whether the amounts of an explanation are what its score is made of."""

from __future__ import annotations

import math
from collections import defaultdict

from explain.results.explanation import Explanation


def agrees(value: float, score: float) -> bool:
    """Equal to 1e-5 of the score, or to 1e-9 where the score is next to nothing."""
    return abs(value - score) <= (1e-9 if abs(score) < 1e-6 else 1e-5 * abs(score))


def parts_complete(why: Explanation) -> bool:
    """Whether the parts sum to the score and each part's relations to the part."""
    inner = all(abs(math.fsum(p.relations.values()) - p.value) <= 1e-9 * abs(p.value) + 1e-12 for p in why.parts)
    return inner and agrees(math.fsum(p.value for p in why.parts), why.score)


def walks_complete(why: Explanation) -> bool:
    """Whether what is shown and what is not are all there is, and each walk is the product of its hops."""
    products = all(
        abs(math.prod(h.weight for h in path.hops) - path.value) <= 1e-9 * abs(path.value) for path in why.paths
    )
    return products and abs(why.coverage + why.residual - 1) <= 1e-9


def picture_adds_up(why: Explanation) -> bool:
    """Whether what leaves the person and what enters the item is the score, and no node between keeps anything."""
    ends = {node.kind: node.key for node in why.nodes if node.kind in ("person", "target")}
    net: dict[str, float] = defaultdict(float)
    for bundle in why.bundles:
        amount = bundle.value_for - bundle.value_against
        net[bundle.source] -= amount
        net[bundle.target] += amount
    scale = max((abs(b.value_for - b.value_against) for b in why.bundles), default=0.0)
    inner = [abs(value) for key, value in net.items() if key not in ends.values()]
    return (
        agrees(net[ends["target"]], why.score)
        and agrees(-net[ends["person"]], why.score)
        and max(inner, default=0.0) <= 1e-9 * scale + 1e-12
    )
