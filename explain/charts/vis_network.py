"""The flow picture as JSON for vis-network, by its keys: what explain.charts.flow_network gives and a page draws."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict


class NetworkNode(TypedDict):
    """id: FlowNode.key; label: at most 2 × 22 characters; size, x, y: pixels; tip: plain text."""

    id: str
    label: str
    shape: str
    color: str
    size: float
    x: float
    y: float
    hop: int
    tip: str


Ends = TypedDict("Ends", {"from": str, "to": str})  # keys of nodes; "from" is no name that a class can have


class NetworkEdge(Ends):
    """One direction of a bundle.

    id     position in `bundles` with "+" (for) or "-" (against)
    width  pixels: .6 + 5.4 · share of the widest
    shift  pixels that keep both directions apart, 0 if absent
    """

    id: str
    width: float
    color: NotRequired[str]
    dashes: NotRequired[list[float]]
    shift: NotRequired[float]


class LegendEntry(TypedDict):
    """A kind of node (with its shape) or a line (with its dashes) that occurs in the picture."""

    what: Literal["node", "edge"]
    name: str
    colour: str
    shape: NotRequired[str]
    dashes: NotRequired[list[int]]


class Inks(TypedDict):
    """Colours of a theme."""

    ink: str
    soft: str
    surface: str


class PathNetwork(TypedDict):
    """bundles: [relation, tip] each; options: vis-network's own; title: one sentence for screen readers; selected: key
    of the node or bundle that is picked.
    """

    nodes: list[NetworkNode]
    edges: list[NetworkEdge]
    bundles: list[list[str]]
    options: dict[str, object]
    legend: list[LegendEntry]
    title: str
    palette: Inks
    selected: str | None
