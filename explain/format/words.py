"""Names that stand in data and records, as people say them."""

from __future__ import annotations

from typing import Final

from explain.format.text import clean

UNSAID: Final = "not stated"  # what nobody said

PERSISTENCE: Final = 0.8
"""Of rank-biased precision: the chance that a reader goes on to the next place."""
STOP: Final = 0.5
"""Of the cascade: the chance that a reader stops at what is relevant."""

RBP: Final = f"rbp({PERSISTENCE})"
DCG: Final = "dcg 1/log2(rank+1)"
DCG_TREC: Final = "dcg 1/log2(max(rank,2))"
CASCADE: Final = f"cascade({PERSISTENCE}, {STOP})"
"""Labels of the browsing models, as plans and records hold them. Their weights: explain/fairness/exposure.py."""


def _decimal(share: float) -> str:
    return str(share).removeprefix("0")


BROWSING: Final = {
    RBP: (f"rank-biased precision, {_decimal(PERSISTENCE)}", "four in five go on to the next place"),
    DCG: ("discount 1/log2(rank + 1)", "as in nDCG"),
    DCG_TREC: ("discount 1/log2(max(rank, 2))", "as in trec_eval"),
    CASCADE: (
        f"cascade, {_decimal(PERSISTENCE)} and {_decimal(STOP)}",
        "readers stop at what they like; needs relevance",
    ),
}
"""Each browsing model in words, and what it says of readers."""


SPLITS: Final = {
    "live": (
        "Each event predicted as of its hour",
        "a global date, parameters from before it; then graph, candidates and lists move on every hour",
        "It leaks nothing: every list is made of what was known before.",
    ),
    "last": (
        "Each person's last event hidden",
        "each person's last event",
        "It learns from other people's later events, and lets items compete that did not exist yet.",
    ),
    "random": (
        "A fifth of all events hidden",
        "20 % at random",
        "It learns from later events, and lets items compete that did not exist yet.",
    ),
    "time": (
        "All events after a date hidden",
        "one global date",
        "One list stands for all that follows, and items compete that did not exist yet.",
    ),
    "given": (
        "The parts that the data state",
        "the parts that the events state (train, validation, test)",
        "What it leaks, whoever made the parts has to say.",
    ),
}
"""How events are held out: as a choice, in a card, and what it leaks."""


def column_words(by: object) -> str:
    """The name of a column as people say it: "age_of_item" is "age of item"."""
    return clean(str(by).replace("_", " "))


def browsing_words(label: object) -> str:
    """A browsing model as people say it: its label stays where there are no words for it."""
    return BROWSING[str(label)][0] if str(label) in BROWSING else clean(str(label))
