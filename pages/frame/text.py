"""Outside text and numbers in a form that a page may show: no markup of a title is ever read as markup.

Streamlit reads markdown in most labels, so titles go through `plain` there and through `html.escape` in `st.html`.
"""

from __future__ import annotations

import re
from html import escape

import streamlit as st

from core.texts import UNKNOWN
from explain.format import numbers
from explain.format.numbers import amount
from explain.format.text import clean
from explain.format.words import column_words

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&^=])")
_READ_ANYWAY = re.compile(r":(?=[^\s:]+:|[a-z]+\[|//)|\bwww(?=\.)|@(?=\S)", re.IGNORECASE)
_WORD_JOINER = "\u2060"


def plain(text: object, limit: int = 120) -> str:
    """An outside text for a markdown label: cleaned, cut at `limit` characters, shown letter by letter.

    An invisible word joiner breaks ":name:", ":colour[", addresses and the like, of which icons, colours and links are
    made even where they are escaped.
    """
    return _SPECIAL.sub(r"\\\1", unread(clean(text, limit)))


def unread(text: str) -> str:
    """Markdown whose icons, colours and addresses stay text; the rest is read as markdown."""
    return _READ_ANYWAY.sub(lambda match: match.group() + _WORD_JOINER, text)


def option(text: object, limit: int = 90) -> str:
    """An outside text for a place that reads no markup, such as an option of a select box."""
    return clean(text, limit)


def lead(text: object) -> None:
    """The one sentence that answers the page's question, in larger type."""
    style = "font-size:1.3rem;line-height:1.45;font-weight:500;margin:0;overflow-wrap:anywhere"
    st.html(f'<p style="{style}">{escape(clean(text, 600))}</p>')


def metric(name: str) -> str:
    """The name of a measure as people write it: "validation_ndcg@20" is "nDCG@20"."""
    kind, at, k = name.removeprefix("validation_").partition("@")
    return {"ndcg": "nDCG", "hit": "Hit rate"}.get(kind, column_words(kind).capitalize()) + at + k


def score(value: float) -> str:
    return amount(value, signed=False)


def percent(value: float | None, digits: int = 0) -> str:
    """A share as a percentage, or "unknown" where there is none."""
    return numbers.percent(value, digits, UNKNOWN)


def count(value: int | None) -> str:
    """A whole number, or "unknown" where there is none."""
    return numbers.count(value, UNKNOWN)
