"""How the flow picture looks: one shape and colour a kind of node, one hue and pattern a direction, inks of both
themes.

Colours are Okabe-Ito's, which colour-blind people can tell apart; nothing is said by colour alone. The drawing itself
is left to flow_network (canvas), flow_svg (print) and figures (charts).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from core.errors import OptionError, shown

Theme = Literal["light", "dark"]
Sign = Literal["for", "against"]


@dataclass(frozen=True)
class KindStyle:
    """shape: a vis-network shape name that flow_svg draws too; name: the kind in the legend's words."""

    name: str
    shape: str
    colour: str


@dataclass(frozen=True)
class Palette:
    """Inks of one theme. `pros` and `cons` are the two hues of flow for and against; `muted` is for
    what is not known.
    """

    ink: str
    soft_ink: str
    surface: str
    grid: str
    pros: str
    cons: str
    muted: str
    band: str


KINDS: Final[dict[str, KindStyle]] = {
    "person": KindStyle("person", "square", "#0072B2"),
    "history": KindStyle("in the history", "dot", "#009E73"),
    "moment": KindStyle("this moment", "square", "#8A8F98"),
    "people": KindStyle("people", "triangle", "#CC79A7"),
    "item": KindStyle("related item", "dot", "#56B4E9"),
    "topic": KindStyle("topic", "diamond", "#E69F00"),
    "creator": KindStyle("creator", "hexagon", "#F0E442"),
    "context": KindStyle("basket or sitting", "triangleDown", "#A6761D"),
    "memory": KindStyle("model memory", "hexagon", "#999999"),
    "target": KindStyle("recommendation", "star", "#D55E00"),
}

PALETTES: Final[dict[Theme, Palette]] = {
    "light": Palette(
        "#0E1620", "#4A5765", "#FFFFFF", "#DDE3E9", "#0B5FA5", "#B5420E", "#6B7785", "rgba(11, 95, 165, 0.10)"
    ),
    "dark": Palette(
        "#E8EDF2", "#A9B6C3", "#10161D", "#2E3A46", "#6DB6F2", "#F4915C", "#93A1AF", "rgba(109, 182, 242, 0.14)"
    ),
}

# Gaps in pixels, by direction and by whether every step was observed: an unbroken line is an observed amount for the
# item.
DASHES: Final[dict[tuple[Sign, bool], tuple[int, ...]]] = {
    ("for", True): (),
    ("for", False): (12, 7),
    ("against", True): (2, 3),
    ("against", False): (12, 4, 3, 4),
}

# The same in words, pattern first: legend and guide name a line as it looks.
LINES: Final[dict[tuple[Sign, bool], str]] = {
    ("for", True): "unbroken: speaks for it",
    ("for", False): "dashed: latent jump that speaks for it",
    ("against", True): "dotted: speaks against it",
    ("against", False): "dash and dot: latent jump that speaks against it",
}


def palette(theme: str) -> Palette:
    """The inks of a theme. Raises OptionError for a theme that does not exist."""
    if theme not in PALETTES:
        raise OptionError(f"Theme {shown(theme)} does not exist. Choose one of: {', '.join(get_args(Theme))}.")
    return PALETTES[theme]


def kind_style(kind: str) -> KindStyle:
    """The look of a kind of node. Raises OptionError for a kind that has none: a picture must not
    guess what a node is.
    """
    if kind not in KINDS:
        raise OptionError(f"Node kind {shown(kind)} has no look. Choose one of: {', '.join(KINDS)}.")
    return KINDS[kind]
