"""The flow picture as one stand-alone SVG: for print, for the keyboard and where no canvas is. A band's height is its
amount of the score.

Positions come from flow_layout, looks from flow_style. Titles are cleaned, escaped text; nothing is loaded and nothing
runs.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from math import cos, pi, sin
from typing import Final

from core.errors import OptionError, shown
from explain.charts.flow_layout import bundle_key, layout, node_heights, pixels_per_amount
from explain.charts.flow_network import bundle_tip, node_tip, picture_title
from explain.charts.flow_style import DASHES, KINDS, Palette, Sign, kind_style, palette
from explain.format.text import clean, wrap
from explain.results.explanation import Bundle, Explanation, FlowNode

_MARGIN: Final = (70.0, 30.0, 190.0, 70.0)  # left, top, right, bottom
_FONT: Final = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_RADIUS: Final = 9.0
_LINE: Final = 15.0
_THINNEST: Final = 0.6
_CURVE: Final = 0.5
_CIRCLE: Final = 24

Point = tuple[float, float]


@dataclass(frozen=True)
class _Band:
    """One direction of a bundle: from a height on the source's right side to one on the target's left, `width` pixels
    thick.
    """

    bundle: Bundle
    sign: Sign
    start: Point
    end: Point
    width: float


def flow_svg(
    explanation: Explanation,
    *,
    theme: str,
    href: Callable[[str], str] | None = None,
    kinds: Mapping[str, str] | None = None,
) -> str:
    """The picture as an SVG document with role, title and description.

    href     makes a link of a node's key; with it nodes are links that the keyboard reaches, without it they are plain
    kinds    kind of node → the data's own word for it ("topic": "genre"), for the legend
    Raises   OptionError for an unknown theme or kind, or a link that is neither relative nor http(s); GraphError as
             flow_layout.layout does
    """
    inks = palette(theme)
    where = layout(explanation.nodes, explanation.bundles)
    left, top, right, bottom = _MARGIN
    heights = node_heights(explanation.nodes)
    high = max((abs(y) + heights[key] / 2 for key, (_, y) in where.items()), default=30.0)
    where = {key: (x + left, y + high + top) for key, (x, y) in where.items()}
    width = max((x for x, _ in where.values()), default=360.0) + right
    height = 2 * high + top + bottom
    mark = (
        "f"
        + sha256(
            f"{explanation.snapshot}|{explanation.user}|{explanation.item}|{theme}".encode("utf-8", "replace")
        ).hexdigest()[:10]
    )
    bands = _bands(explanation, where)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="{"group" if href else "img"}" '
        f'aria-labelledby="{mark}t {mark}d" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'font-family="{escape(_FONT)}" font-size="12.5">',
        f'<title id="{mark}t">{escape(picture_title(explanation))}</title>',
        f'<desc id="{mark}d">{escape(_description(explanation))}</desc>',
        _hatch(mark, inks),
        f'<rect width="100%" height="100%" fill="{inks.surface}"/>',
        *(_drawn_band(band, mark, inks) for band in bands),
        *(
            _drawn_node(n, where[n.key], explanation, inks, href)
            for n in sorted(explanation.nodes, key=lambda n: (n.hop, *reversed(where[n.key])))
        ),
        _legend(explanation, height - 22, mark, inks, kinds or {}),
        "</svg>",
    ]
    return "\n".join(p for p in parts if p)


def _description(explanation: Explanation) -> str:
    """The strongest links into the item, for those who cannot see the picture."""
    if not explanation.nodes:
        return clean(explanation.sentence, 400) if explanation.sentence else "The picture is empty."
    names = {n.key: clean(n.label, 60) for n in explanation.nodes}
    last = max(n.hop for n in explanation.nodes)
    ends = {n.key for n in explanation.nodes if n.hop == last}
    into = sorted(
        (b for b in explanation.bundles if b.target in ends),
        key=lambda b: (b.value_against - b.value_for, bundle_key(b)),
    )
    said = "; ".join(f"{names[b.source]}: {bundle_tip(b)}".replace("\n", ", ") for b in into[:8])
    further = f"; and {len(into) - 8} further" if len(into) > 8 else ""
    return (
        f"Into the item lead, the strongest first: {said}{further}. A table with all amounts stands beside "
        "this picture."
    )


def _bands(explanation: Explanation, where: Mapping[str, Point]) -> list[_Band]:
    """Every direction of every bundle with its place at both ends; at a node bands are stacked in the order of where
    they lead.
    """
    scale = pixels_per_amount(explanation.nodes)
    flows: list[tuple[Bundle, Sign, float]] = [
        (b, sign, value * scale)
        for b in sorted(explanation.bundles, key=bundle_key)
        for sign, value in _directions(b)
        if value > 0
    ]
    starts = _ports(flows, where, outgoing=True)
    ends = _ports(flows, where, outgoing=False)
    bands = [
        _Band(b, sign, (where[b.source][0], starts[i]), (where[b.target][0], ends[i]), width)
        for i, (b, sign, width) in enumerate(flows)
    ]
    return sorted(bands, key=lambda band: -band.width)


def _directions(bundle: Bundle) -> tuple[tuple[Sign, float], tuple[Sign, float]]:
    return ("for", bundle.value_for), ("against", bundle.value_against)


def _ports(
    flows: Sequence[tuple[Bundle, Sign, float]], where: Mapping[str, Point], *, outgoing: bool
) -> dict[int, float]:
    """Middle of each band at its source (outgoing) or target, by position in `flows`."""
    at_node: dict[str, list[int]] = defaultdict(list)
    for i, (b, _, _) in enumerate(flows):
        at_node[b.source if outgoing else b.target].append(i)
    ports: dict[int, float] = {}
    for key, members in at_node.items():

        def far_end(i: int) -> tuple[float, str, bool]:
            b, sign, _ = flows[i]
            return where[b.target if outgoing else b.source][1], bundle_key(b), sign == "against"

        y = where[key][1] - sum(flows[i][2] for i in members) / 2
        for i in sorted(members, key=far_end):
            ports[i] = y + flows[i][2] / 2
            y += flows[i][2]
    return ports


def _drawn_band(band: _Band, mark: str, inks: Palette) -> str:
    (x0, y0), (x1, y1), half = band.start, band.end, max(band.width, _THINNEST) / 2
    bend = (x1 - x0) * _CURVE
    shape = (
        f"M{x0:.1f} {y0 - half:.2f}C{x0 + bend:.1f} {y0 - half:.2f} {x1 - bend:.1f} {y1 - half:.2f} "
        f"{x1:.1f} {y1 - half:.2f}"
        f"V{y1 + half:.2f}C{x1 - bend:.1f} {y1 + half:.2f} {x0 + bend:.1f} {y0 + half:.2f} {x0:.1f} {y0 + half:.2f}Z"
    )
    hue = inks.pros if band.sign == "for" else inks.cons
    fill = (
        f'fill="{hue}" fill-opacity="{0.42 if band.bundle.solid else 0.14}"'
        if band.sign == "for"
        else f'fill="url(#{mark}h)"'
    )
    dashes = DASHES[band.sign, band.bundle.solid]
    line = f' stroke="{hue}" stroke-width="0.7"' + (
        f' stroke-dasharray="{" ".join(map(str, dashes))}"' if dashes else ""
    )
    return (
        f'<path class="band {band.sign}" data-width="{band.width:.3f}" d="{shape}" '
        f"{fill}{line}><title>{escape(bundle_tip(band.bundle))}</title></path>"
    )


def _drawn_node(
    node: FlowNode, at: Point, explanation: Explanation, inks: Palette, href: Callable[[str], str] | None
) -> str:
    (x, y), style = at, kind_style(node.kind)
    bar = max(2.0, (node.value_for + node.value_against) * pixels_per_amount(explanation.nodes))
    outline = f'stroke="{inks.ink}" stroke-width="1.5" stroke-linejoin="round"'
    drawn = (
        f"<title>{escape(node_tip(node, explanation.score))}</title>"
        f'<rect x="{x - 2:.1f}" y="{y - bar / 2:.1f}" width="4" height="{bar:.1f}" fill="{inks.ink}" rx="1"/>'
        f'<path d="{shape_path(style.shape, x, y, _RADIUS)}" fill="{style.colour}" '
        f"{outline}/>{_label(node, at, explanation, inks)}"
    )
    if href is None:
        return f'<g class="node">{drawn}</g>'
    link = escape(_safe_link(href(node.key)), quote=True)
    return (
        f'<a class="node" href="{link}" tabindex="0" '
        f'aria-label="{escape(clean(node.label, 120), quote=True)}">{drawn}</a>'
    )


def _label(node: FlowNode, at: Point, explanation: Explanation, inks: Palette) -> str:
    """The title beside the node, at the person below it, with a halo of the background."""
    (x, y), lines = at, wrap(node.label).split("\n")
    first = node.hop == min(n.hop for n in explanation.nodes)
    bar = (node.value_for + node.value_against) * pixels_per_amount(explanation.nodes)
    below = y + max(bar / 2, _RADIUS) + _LINE
    left, base = (x, below) if first else (x + _RADIUS + 6, y - (len(lines) - 1) * _LINE / 2 + 4.5)
    halo = f'fill="{inks.ink}" stroke="{inks.surface}" stroke-width="3.5" stroke-linejoin="round" paint-order="stroke"'
    spans = "".join(
        f'<tspan x="{left:.1f}" y="{base + i * _LINE:.1f}">{escape(line)}</tspan>' for i, line in enumerate(lines)
    )
    return f'<text text-anchor="{"middle" if first else "start"}" {halo}>{spans}</text>'


def shape_path(shape: str, x: float, y: float, radius: float) -> str:
    """A vis-network shape as path data around (x, y)."""
    turns: dict[str, tuple[int, float]] = {
        "square": (4, pi / 4),
        "diamond": (4, 0.0),
        "triangle": (3, -pi / 2),
        "triangleDown": (3, pi / 2),
    }
    if shape == "star":
        corners = [(radius * (1.25 if i % 2 == 0 else 0.55), i * pi / 5 - pi / 2) for i in range(10)]
    else:
        n, start = {**turns, "hexagon": (6, 0.0), "dot": (_CIRCLE, 0.0)}[shape]
        size = radius * (1.0 if shape in ("dot", "hexagon") else 1.2)
        corners = [(size, start + 2 * pi * i / n) for i in range(n)]
    points = (f"{x + r * cos(turn):.1f} {y + r * sin(turn):.1f}" for r, turn in corners)
    return "M" + "L".join(points) + "Z"


def _safe_link(link: str) -> str:
    scheme = re.match(r"\s*([a-zA-Z][\w+.-]*):", link)
    if (scheme and scheme[1].lower() not in ("http", "https")) or not link.isprintable():
        raise OptionError(
            f"Link {shown(link)} cannot stand in a picture. Give a relative link, or one with http or https."
        )
    return link


def _hatch(mark: str, inks: Palette) -> str:
    """The pattern of amounts against: oblique lines, so that they are told apart without colour."""
    return (
        f'<defs><pattern id="{mark}h" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="5" height="5" fill="{inks.cons}" fill-opacity="0.14"/><rect width="2" height="5" '
        f'fill="{inks.cons}" fill-opacity="0.75"/>'
        "</pattern></defs>"
    )


def _legend(explanation: Explanation, y: float, mark: str, inks: Palette, words: Mapping[str, str]) -> str:
    kinds = {n.kind for n in explanation.nodes}
    x, parts = 20.0, []
    for kind, style in KINDS.items():
        if kind not in kinds:
            continue
        name = clean(words.get(kind, style.name), 30)
        parts.append(f'<path d="{shape_path(style.shape, x, y, 6)}" fill="{style.colour}" stroke="{inks.ink}"/>')
        parts.append(f'<text x="{x + 12:.0f}" y="{y + 4:.0f}" fill="{inks.ink}">{escape(name)}</text>')
        x += 30 + 7 * len(name)
    signs = [
        ("speaks for it", f'fill="{inks.pros}" fill-opacity="0.42"', any(b.value_for > 0 for b in explanation.bundles))
    ]
    signs.append(("speaks against it", f'fill="url(#{mark}h)"', any(b.value_against > 0 for b in explanation.bundles)))
    signs.append(
        (
            "latent jump",
            f'fill="none" stroke="{inks.ink}" stroke-dasharray="12 7"',
            any(not b.solid for b in explanation.bundles),
        )
    )
    for name, fill, occurs in signs:
        if occurs:
            parts.append(f'<rect x="{x - 6:.0f}" y="{y - 5:.0f}" width="26" height="10" {fill}/>')
            parts.append(f'<text x="{x + 26:.0f}" y="{y + 4:.0f}" fill="{inks.ink}">{name}</text>')
            x += 46 + 7 * len(name)
    return f'<g class="legend">{"".join(parts)}</g>' if parts else ""
