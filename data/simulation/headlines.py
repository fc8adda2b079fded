"""What the simulated newsroom prints: topics, headlines with their summaries, and the names of its authors.

The language itself stands in `headlines.toml`. This module only fills templates; who writes and who reads what is
decided in `articles` and `draws`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from core.errors import OptionError

LANGUAGE_FILE = Path(__file__).with_name("headlines.toml")
MAX_TRIES = 200
_SLOT = re.compile(r"\{([a-z]+)(\d?)\}")


@dataclass(frozen=True)
class Template:
    """One kind of story: headline and summary with {slots}, and the further topics that such a story touches."""

    headline: str
    summary: str
    also: tuple[str, ...]


@dataclass(frozen=True)
class Topic:
    """A topic with its own words and stories."""

    id: str
    label: str
    words: dict[str, tuple[str, ...]]
    templates: tuple[Template, ...]


@dataclass(frozen=True)
class Story:
    """One article as text. `topics` starts with the main topic."""

    headline: str
    summary: str
    topics: tuple[str, ...]


@dataclass(frozen=True)
class Language:
    """Everything the newsroom can say. `ranges` are the inclusive bounds of numbers."""

    topics: tuple[Topic, ...]
    words: dict[str, tuple[str, ...]]
    ranges: dict[str, tuple[int, int]]


@cache
def language() -> Language:
    """The language file, read once."""
    raw = tomllib.loads(LANGUAGE_FILE.read_text(encoding="utf-8"))
    topics = tuple(_topic(topic_id, dict(table)) for topic_id, table in raw["topics"].items())
    words = {name: tuple(values) for name, values in raw["words"].items()}
    return Language(topics, words, {name: (low, high) for name, (low, high) in raw["ranges"].items()})


def write_stories(main_topics: list[str], rng: np.random.Generator) -> list[Story]:
    """One story a main topic, in that order; no two have the same headline.

    Raises  OptionError if a topic has run out of different headlines.
    """
    topics = {topic.id: topic for topic in language().topics}
    taken: set[str] = set()
    stories = []
    for topic_id in main_topics:
        story = _fresh_story(topics[topic_id], taken, rng)
        taken.add(story.headline)
        stories.append(story)
    return stories


def author_names(n_authors: int, rng: np.random.Generator) -> list[str]:
    """`n_authors` different full names, none of them a name that occurs in a story.

    Raises  OptionError if there are fewer names than authors.
    """
    first, last = language().words["first"], language().words["byline"]
    if n_authors > len(first) * len(last):
        raise OptionError(
            f"The newsroom has names for {len(first) * len(last)} authors, not {n_authors}; ask for fewer."
        )
    first_order, last_order = rng.permutation(len(first)), rng.permutation(len(last))
    names = []
    for k in range(n_authors):
        lap, step = divmod(k, len(first))
        names.append(f"{first[first_order[step]]} {last[last_order[(step + lap) % len(last)]]}")
    return names


def _topic(topic_id: str, table: dict[str, object]) -> Topic:
    label, templates = table.pop("label"), table.pop("templates")
    assert isinstance(label, str)
    assert isinstance(templates, list)
    words = {name: tuple(values) for name, values in table.items() if isinstance(values, list)}
    stories = tuple(Template(head, text, tuple(t for t in also.split(",") if t)) for head, text, also in templates)
    return Topic(topic_id, label, words, stories)


def _fresh_story(topic: Topic, taken: set[str], rng: np.random.Generator) -> Story:
    for _ in range(MAX_TRIES):
        template = topic.templates[int(rng.integers(len(topic.templates)))]
        filled = _fill(f"{template.headline}\n{template.summary}", topic, rng)
        headline, summary = filled.split("\n")
        if headline not in taken:
            return Story(headline, summary, (topic.id, *_most_topics(template.also, rng)))
    raise OptionError(
        f"The newsroom has no new headline about '{topic.id}' after {MAX_TRIES} tries; ask for fewer items."
    )


def _most_topics(also: tuple[str, ...], rng: np.random.Generator) -> tuple[str, ...]:
    """Each further topic of a story, kept four times out of five."""
    return tuple(topic for topic in also if rng.random() < 0.8)


def _fill(text: str, topic: Topic, rng: np.random.Generator) -> str:
    """Fill every slot: the same slot with the same words, {place} and {place2} with different ones."""
    chosen: dict[str, str] = {}
    for match in _SLOT.finditer(text):
        slot, name = match.group(0), match.group(1)
        if slot not in chosen:
            rivals = {value for other, value in chosen.items() if other.rstrip("}0123456789") == "{" + name}
            chosen[slot] = _pick(name, topic, rivals, rng)
    filled = _SLOT.sub(lambda match: chosen[match.group(0)], text)
    filled = re.sub(r"\b([Aa]) (?=[aeio])", r"\1n ", filled)
    return re.sub(r"(^|[.?!] |\n)([a-z])", lambda m: m.group(1) + m.group(2).upper(), filled)


def _pick(name: str, topic: Topic, rivals: set[str], rng: np.random.Generator) -> str:
    lang = language()
    while True:
        if name == "person":
            value = f"{_word(lang.words['first'], rng)} {_word(lang.words['last'], rng)}"
        elif name in lang.ranges:
            low, high = lang.ranges[name]
            value = str(rng.integers(low, high + 1))
        else:
            value = _word(topic.words.get(name) or lang.words[name], rng)
        if value not in rivals:
            return value


def _word(words: tuple[str, ...], rng: np.random.Generator) -> str:
    return words[int(rng.integers(len(words)))]
