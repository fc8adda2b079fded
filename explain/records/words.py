"""Numbers and names of a record in words: few digits, percentages, counts too small to be told, parameters as people
say them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from explain.format.text import clean

UNSAID: Final = "not stated"
HIDDEN: Final = "not shown"
PLACES, MORE_PLACES, SMALL_GAP = 4, 6, 0.01
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


def number(value: float | int | None) -> str:
    """A number in few digits with a real minus sign; a dash where there is none."""
    if value is None:
        return "–"
    text = (
        f"{value:,.0f}"
        if abs(value) >= 1_000
        else f"{value:.4g}"
        if abs(value) >= 0.001 or value == 0
        else f"{value:.1e}"
    )
    return text.replace("-", "−")


def fixed(value: float | None, places: int = PLACES) -> str:
    """A number with so many places, for amounts that a reader adds up; no minus before a 0."""
    if value is None:
        return "–"
    text = f"{value:.{places}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def percent(value: float | None) -> str:
    """A share as a percentage with one place."""
    return "–" if value is None else f"{100 * value:.1f} %".replace("-", "−")


class Ends(Protocol):
    """Whatever has a 95 % interval."""

    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


def interval(row: Ends, form: Callable[[float], str] = number) -> str:
    """ "low to high", or a dash."""
    return between(row.low, row.high, form)


def between(low: float | None, high: float | None, form: Callable[[float], str] = number) -> str:
    """The same of two numbers."""
    return "–" if low is None or high is None else f"{form(low)} to {form(high)}"


def count(value: int | None) -> str:
    return UNSAID if value is None else f"{value:,}"


def plural(n: int, noun: str) -> str:
    """ "1 film", "12 films", "3 people". Like naming's, without the graph that naming loads: pages and the shell start
    with this.
    """
    return f"{n:,} {'people' if noun == 'person' and n != 1 else noun if n == 1 else noun + 's'}"


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
