"""Words that models and rules bring, as templates, and the vocabulary of one workspace that fills them.

A template is text with names in braces: {verb} (what people did, past tense: "rated"), {noun} (what an item is called:
"film"), and any kind of node by its name ({topic}: what these data call a topic, "genre"). A chain of hops needs no
template of its own: `chain_words` says what stands in its middle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

MINUS: Final = "minus "  # how the words of what speaks against an item begin
_MIDDLE: Final = {"user": "people", "item": "other {noun}s"}
_JUMPS: Final[dict[tuple[str, ...], str]] = {
    (): "latent jump from the history item",
    ("user",): "people who {verb} it, then a latent jump",
    ("user", "item"): "those people's other {noun}s, then a latent jump",
}


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """The nouns and verbs of one workspace. kinds: kind of node ("topic") → what these data call it ("genre")."""

    verb: str = "had"
    noun: str = "item"
    kinds: Mapping[str, str] = field(default_factory=dict)

    def kind(self, kind: str) -> str:
        """What these data call a topic, creator or context."""
        return self.kinds.get(kind, kind)

    def say(self, template: str) -> str:
        """The template with this vocabulary's words. Raises ValueError for braces that do not match."""
        return template.format_map(_Slots(self))


class _Slots(dict[str, str]):
    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__(verb=vocabulary.verb, noun=vocabulary.noun)
        self.vocabulary = vocabulary

    def __missing__(self, kind: str) -> str:
        return self.vocabulary.kind(kind)


@dataclass(frozen=True, kw_only=True)
class RelationWords:
    """A relation's template in sentences, and its words where no workspace's vocabulary is at hand (usual words if
    empty)."""

    text: str
    without_data: str = ""

    @property
    def plain(self) -> str:
        """The relation without any data's own words: "people who had both"."""
        return self.without_data or Vocabulary().say(self.text)


@dataclass(frozen=True, kw_only=True)
class ConstantWords:
    """A term of the score that no history item carries.

    text      template in sentences and on the picture     label  in a table of parts
    short     in an exported table; the label if empty     alike  whether it is the same amount for everybody
    observed  whether it is a sum over observed events, which `Recommender.readers` tells one by one
    """

    text: str
    label: str
    short: str = ""
    alike: bool
    observed: bool = False

    @property
    def in_export(self) -> str:
        return self.short or self.label


@dataclass(frozen=True, kw_only=True)
class ParameterWords:
    """A number that a model learnt or was given. label: what it is, with its unit; effect: what it does to a score (""
    = as the label says)."""

    label: str
    effect: str = ""


def chain_words(kinds: tuple[str, ...], *, jump: bool = False, against: bool = False) -> str:
    """A chain as a template, from what stands in its middle.

    kinds    of the node that each step, from a history item on, leads to; the last is the item itself unless it jumps
    against  whether its walks speak against the item
    """
    middle, minus = kinds if jump else kinds[:-1], MINUS if against else ""
    if jump:
        return minus + _JUMPS.get(middle, f"{_through(middle)}, then a latent jump")
    if middle == ("user", "item", "user"):
        broad, near = "minus what people of broad taste {verb} anyway", "people two steps away who {verb} it"
        return broad if against else near
    if middle == ("user",):
        return minus + "people who {verb} both"
    if len(middle) == 1 and middle[0] in ("topic", "creator", "context"):
        return minus + ("{verb} in the same " if middle[0] == "context" else "same ") + "{" + middle[0] + "}"
    return minus + (_through(middle) if middle else "goes with the {noun} in the history")


def _through(middle: tuple[str, ...]) -> str:
    return "through " + ", then ".join(_MIDDLE.get(kind, f"the same {{{kind}}}") for kind in middle)
