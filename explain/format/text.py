"""Text of the flow picture and the charts: outside titles made harmless, short and wrapped; amounts with a sign.

Escaping for a format belongs to the drawing: `plotly_text` for plotly, html.escape in flow_svg, plain text on a canvas.
"""

from __future__ import annotations

import unicodedata
from typing import Final

LINE_WIDTH: Final = 22


N_LINES: Final = 2


NO_TITLE: Final = "(no title)"


def clean(text: object, limit: int = 160) -> str:
    """An outside text on one line, at most `limit` characters, without control, bidirectional-override or lone
    surrogate characters.
    """
    head = str(text)[: 4 * limit]
    harmless = "".join(" " if c.isspace() else c for c in head if c.isspace() or _harmless(c))
    line = " ".join(harmless.split())
    if not line:
        return NO_TITLE
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def wrap(text: object, *, width: int = LINE_WIDTH, n_lines: int = N_LINES) -> str:
    """A cleaned text on at most `n_lines` lines of at most `width` columns, cut with an ellipsis.

    A wide (East Asian) character takes two columns. Long words are broken.
    """
    lines: list[str] = []
    rest = clean(text, limit=2 * width * n_lines)
    while rest and len(lines) < n_lines:
        line, rest = _first_line(rest, width)
        lines.append(line)
    if rest:
        lines[-1] = _fitting(lines[-1], width - 1).rstrip() + "…"
    return "\n".join(lines)


def plotly_text(text: object, limit: int = 60) -> str:
    """A cleaned text that plotly shows as it is: plotly reads some HTML, and a formula between dollar signs."""
    line = clean(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "\N{ZERO WIDTH SPACE}" + line if line.startswith("$") else line


# Cc control, Cf format (bidirectional overrides), Cs surrogate, Co private use, Cn unassigned.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


_JOINERS: Final = "\u200c\u200d"  # zero width, but Persian, Indic scripts and emoji are spelt with them


def _harmless(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char) not in _HIDDEN


def _columns(char: str) -> int:
    if unicodedata.combining(char) or char in _JOINERS:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _fitting(text: str, width: int) -> str:
    """The longest start of a text that takes at most `width` columns."""
    used = 0
    for position, char in enumerate(text):
        used += _columns(char)
        if used > width:
            return text[:position]
    return text


def _first_line(text: str, width: int) -> tuple[str, str]:
    line = _fitting(text, width)
    if line == text:
        return line, ""
    if text[len(line)] != " " and " " in line:
        line = line[: line.rindex(" ")]
    return line.rstrip(), text[len(line) :].lstrip()


def unaccented(text: str) -> str:
    """The text as a keyboard without accents types it: "La Cérémonie" → "La Ceremonie"."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in apart if not unicodedata.combining(sign))
