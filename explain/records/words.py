"""Numbers and names of a record in words: few digits, percentages, counts too small to be told, parameters as people
say them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from explain.format.numbers import count, number
from explain.format.text import clean
from explain.format.words import UNSAID

HIDDEN: Final = "not shown"


THRESHOLDS: Final = {
    "ratio_low": "lowest exposure ratio allowed",
    "ratio_high": "highest exposure ratio allowed",
    "max_gap": "largest gap of nDCG between groups of people allowed",
    "alpha": "level of a failure's adjusted p",
    "min_n": "fewest people of whom a number is told",
}


LEVELS: Final = {
    "kind": (
        "What carries the score",
        (
            "Which share of the amounts behind the listed items comes from the person's own history, from what "
            "is the same for everybody, and from guardrails."
        ),
    ),
    "relation": (
        "Through which links",
        (
            "Which share comes through which link between what the person had and what is recommended. A name "
            "that begins with “minus” speaks against items."
        ),
    ),
    "events": (
        "From which events of the history",
        "Of what enters through the history: which share comes from which kind of event.",
    ),
    "age": (
        "From newer or older events",
        "Of what enters through the history: which share comes from the newer and from the older half of it.",
    ),
    "": ("What the score is made of", "Which share of the amounts behind the listed items each part has."),
}


def few(n: int | None, least: int) -> str:
    """A number of people; under the smallest that is told, only that: "<10". None is a group that stays hidden."""
    return HIDDEN if n is None else count(n) if n >= least else f"<{least:,}"


def n_hidden(n: int | None, least: int) -> str:
    """The number of people of a hidden group, for a table: "<10 people", "not shown"."""
    return HIDDEN if n is None else f"{few(n, least)} people"


def unstarred(text: object) -> str:
    """A sentence without the asterisks that some records have around the name of a relation."""
    return re.sub(r"(comes through )\*(.+?)\*(?=[ .(]|$)", r"\1\2", str(text))


def words(value: Any, most: int = 160) -> str:
    """A value in one line; numbers in few digits."""
    if value is None or value == "":
        return UNSAID
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return clean(", ".join(f"{key} {words(inner)}" for key, inner in value.items()) or "none", most)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return clean(" to ".join(words(v) for v in value) or "none", most)
    return clean(value, most)


def flat(content: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Nested names joined by dots."""
    values: list[tuple[str, Any]] = []
    for name, value in content.items():
        if isinstance(value, Mapping):
            values += flat(value, f"{before}{name}.")
        else:
            values.append((f"{before}{name}", value))
    return values


def parameter(name: str, model: str) -> str:
    """A model's parameter by its dotted name in words.

    "relations.same_topic.weight" is "same topic: importance in the score …"
    """
    from core.models.base import parameter_words, relation_words  # pages and the shell start with this module

    labels = {key: words.plain for key, words in relation_words().items()}
    labels |= {key: words.label for key, words in parameter_words(model).items()}
    parts = [part for part in name.split(".") if part != "relations"]
    return clean(": ".join(labels.get(part) or part.replace("_", " ") for part in parts), 200)


def threshold(name: str) -> str:
    """A limit of a plan in words, with its name in the plan."""
    meaning = THRESHOLDS.get(name, "")
    return f"{meaning} ({name})" if meaning else clean(name)
