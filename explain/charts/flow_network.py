"""The flow picture as a networkx graph and, through pyvis, as vis-network's nodes and edges.

Positions come from flow_layout, looks from flow_style. Drawing it on a page is left to pages/components/path_graph.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from explain.charts.flow_layout import bundle_key, layout
from explain.charts.flow_style import DASHES, KINDS, LINES, Palette, Sign, kind_style, palette
from explain.charts.vis_network import LegendEntry, NetworkEdge, NetworkNode, PathNetwork
from explain.format.numbers import amount, share
from explain.format.text import NO_TITLE, clean, wrap
from explain.results.explanation import Bundle, Explanation, FlowNode

if TYPE_CHECKING:
    import networkx as nx

THINNEST, WIDEST_MORE = 0.6, 5.4
ROUNDNESS: Final = 0.55
_NODE_SIZE: Final = (7.0, 11.0)


def path_digraph(explanation: Explanation) -> nx.MultiDiGraph:
    """The picture as a graph, in an order that the input's does not change; every attribute is text, a number or a
    truth value (GraphML).

    Nodes   FlowNode.key: kind, raw_id, label (cleaned), hop, value_for, value_against, merged, x, y (pixels)
    Edges   keyed by relation: relation, hop, label (cleaned), value_for, value_against, n_paths, solid
    Raises  GraphError as flow_layout.check_flow does
    """
    import networkx as nx

    where = layout(explanation.nodes, explanation.bundles, full_height=0.0, min_height=34.0)
    graph = nx.MultiDiGraph(snapshot=explanation.snapshot, model=explanation.model, item=explanation.item)
    for n in sorted(explanation.nodes, key=lambda n: (n.hop, n.key)):
        x, y = where[n.key]
        amounts = {"value_for": float(n.value_for), "value_against": float(n.value_against)}
        graph.add_node(
            n.key, kind=n.kind, raw_id=n.id, label=clean(n.label), hop=n.hop, merged=n.merged, x=x, y=y, **amounts
        )
    for b in sorted(explanation.bundles, key=bundle_key):
        amounts = {"value_for": float(b.value_for), "value_against": float(b.value_against)}
        facts = {"hop": b.hop, "label": _label(b), "n_paths": int(b.n_paths), "solid": bool(b.solid)}
        graph.add_edge(b.source, b.target, key=b.relation, relation=b.relation, **facts, **amounts)
    return graph


def path_network(
    explanation: Explanation, *, theme: str, selected: str | None = None, kinds: Mapping[str, str] | None = None
) -> PathNetwork:
    """The picture as plain JSON data for vis-network: physics off, positions fixed, an edge for each direction of a
    bundle; at most 50 KB for a picture of 60 nodes.

    selected  key of the node or bundle that is picked, or None
    kinds     kind of node → the data's own word for it ("topic": "genre"), for the legend
    Raises    OptionError for an unknown theme or kind; GraphError as path_digraph does
    """
    inks = palette(theme)
    graph = path_digraph(explanation)
    bundles = sorted(explanation.bundles, key=bundle_key)
    nodes, edges, options = _through_pyvis(graph, explanation, bundles, inks)
    known = set(graph) | {bundle_key(b) for b in bundles}
    return {
        "nodes": nodes,
        "edges": edges,
        "bundles": [[b.relation, bundle_tip(b)] for b in bundles],
        "options": options,
        "legend": _legend(explanation, inks, kinds or {}),
        "title": picture_title(explanation),
        "palette": {"ink": inks.ink, "soft": inks.soft_ink, "surface": inks.surface},
        "selected": selected if selected in known else None,
    }


def picture_title(explanation: Explanation) -> str:
    """One sentence that says what the picture shows (plain text, cleaned)."""
    item = clean(explanation.label, 80)
    n_nodes, n_edges = len(explanation.nodes), len(explanation.bundles)
    if not n_nodes:
        return f"No path leads to {item}: there is nothing to draw."
    return (
        f"How the score of {item} comes about, {amount(explanation.score, signed=False)} in all: "
        f"{n_nodes} nodes and {n_edges} edges, the person on the left, the item on the right."
    )


def node_tip(node: FlowNode, score: float) -> str:
    """Plain text of a node: its whole title, what it stands for, its amounts for and against and their share of the
    score.
    """
    together = f", {node.merged:,} together" if node.merged > 1 else ""
    of_score = share(node.value_for - node.value_against, score)
    lines = [
        wrap(node.label, width=100, n_lines=1),
        kind_style(node.kind).name + together,
        _amounts(node.value_for, node.value_against),
    ]
    return "\n".join(lines + ([f"net {of_score} of the score"] if of_score else []))


def bundle_tip(bundle: Bundle) -> str:
    """Plain text of an edge: its label, number of paths, amounts for and against."""
    paths = f"{bundle.n_paths:,} path{'' if bundle.n_paths == 1 else 's'}"
    jump = "" if bundle.solid else ", latent jump"
    return f"{clean(_label(bundle), 48)}\n{paths}{jump}: {_amounts(bundle.value_for, bundle.value_against)}"


def _label(bundle: Bundle) -> str:
    text = clean(bundle.label)
    return clean(bundle.relation) if text == NO_TITLE else text


def _amounts(value_for: float, value_against: float) -> str:
    parts = [f"{amount(value_for)} for"] if value_for else []
    parts += [f"{amount(-value_against)} against"] if value_against else []
    return ", ".join(parts or ["0"])


def _through_pyvis(
    graph: nx.MultiDiGraph, explanation: Explanation, bundles: list[Bundle], inks: Palette
) -> tuple[list[NetworkNode], list[NetworkEdge], dict[str, object]]:
    """Nodes, edges and options as pyvis writes them. Never its HTML: that loads from other hosts and runs titles as
    markup.
    """
    from pyvis.network import Network  # imports IPython, which the command line does not need

    network = Network(directed=True)
    facts = {n.key: n for n in explanation.nodes}
    most = max((n.value_for + n.value_against for n in explanation.nodes), default=0.0)
    for key, data in graph.nodes(data=True):
        network.add_node(key, **_node(facts[key], data["x"], data["y"], most, explanation.score))
    widest = max((v for b in bundles for v in (b.value_for, b.value_against)), default=0.0)
    for position, bundle in enumerate(bundles):
        for looks in _edges(bundle, position, widest, inks):
            network.add_edge(bundle.source, bundle.target, **looks)
    network.options = _options(inks)
    nodes, edges, _, _, _, options = network.get_network_data()
    for edge in edges:
        edge.pop("arrows", None)
    return nodes, edges, json.loads(options)


def _node(node: FlowNode, x: float, y: float, most: float, score: float) -> dict[str, object]:
    """A node's own keys, as pyvis takes them."""
    style = kind_style(node.kind)
    smallest, more = _NODE_SIZE
    flow = node.value_for + node.value_against
    return {
        "label": wrap(node.label),
        "shape": style.shape,
        "color": style.colour,
        "size": round(smallest + more * (flow / most if most > 0 else 0.0) ** 0.5, 1),
        "x": x,
        "y": y,
        "hop": node.hop,
        "tip": node_tip(node, score),
    }


def _edges(bundle: Bundle, position: int, widest: float, inks: Palette) -> list[dict[str, object]]:
    """One edge a direction that carries something; two lie side by side, the one for the item above."""
    amounts: dict[Sign, float] = {"for": bundle.value_for, "against": bundle.value_against}
    widths = {sign: THINNEST + WIDEST_MORE * value / widest for sign, value in amounts.items() if value > 0}
    edges = []
    for sign, width in widths.items():
        edge: dict[str, object] = {"id": f"{position}{'+' if sign == 'for' else '-'}", "width": round(width, 2)}
        if sign == "against":
            edge["color"] = inks.cons
        if dashes := DASHES[sign, bundle.solid]:
            edge["dashes"] = _round_ended(dashes, width)
        if len(widths) == 2:
            apart = (sum(widths.values()) - width + 2) / 2
            edge["shift"] = round(-apart if sign == "for" else apart, 2)
        edges.append(edge)
    return edges


def _round_ended(dashes: tuple[int, ...], width: float) -> list[float]:
    """A pattern for a canvas whose strokes have round ends, which would close the gaps of a wide line: gaps grow with
    it.
    """
    return [float(d) if place % 2 == 0 else round(d + 1.5 * width, 1) for place, d in enumerate(dashes)]


def _options(inks: Palette) -> dict[str, object]:
    return {
        "autoResize": False,
        "physics": {"enabled": False},
        "layout": {"improvedLayout": False, "randomSeed": 0},
        "interaction": {"hover": True, "dragNodes": False, "multiselect": False, "selectConnectedEdges": False},
        "nodes": {"fixed": True, "borderWidth": 1.5, "font": {"multi": False}},
        "edges": {
            "color": {"color": inks.pros, "highlight": inks.pros, "hover": inks.pros},
            "smooth": {"enabled": True, "type": "cubicBezier", "forceDirection": "horizontal", "roundness": ROUNDNESS},
            "selectionWidth": 1.5,
            "hoverWidth": 1,
            "font": {"multi": False},
        },
    }


def _legend(explanation: Explanation, inks: Palette, words: Mapping[str, str]) -> list[LegendEntry]:
    """What occurs in the picture, in the order of flow_style."""
    kinds = {n.kind for n in explanation.nodes}
    lines = {("for", b.solid) for b in explanation.bundles if b.value_for > 0}
    lines |= {("against", b.solid) for b in explanation.bundles if b.value_against > 0}
    shapes: list[LegendEntry] = [
        {"what": "node", "name": clean(words.get(kind, style.name), 30), "shape": style.shape, "colour": style.colour}
        for kind, style in KINDS.items()
        if kind in kinds
    ]
    dashed: list[LegendEntry] = [
        {
            "what": "edge",
            "name": LINES[sign, solid],
            "dashes": list(dashes),
            "colour": inks.pros if sign == "for" else inks.cons,
        }
        for (sign, solid), dashes in DASHES.items()
        if (sign, solid) in lines
    ]
    return shapes + dashed
