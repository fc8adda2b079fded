"""Names that stand in data and records, as people say them."""

from __future__ import annotations

from typing import Final

from explain.format.text import clean

BROWSING: Final = {
    "rbp(0.8)": ("rank-biased precision, .8", "four in five go on to the next place"),
    "dcg 1/log2(rank+1)": ("discount 1/log2(rank + 1)", "as in nDCG"),
    "dcg 1/log2(max(rank,2))": ("discount 1/log2(max(rank, 2))", "as in trec_eval"),
    "cascade(0.8, 0.5)": ("cascade, .8 and .5", "readers stop at what they like; needs relevance"),
}


"""Each browsing model in words, and what it says of readers."""


def column_words(by: object) -> str:
    """The name of a column as people say it: "age_of_item" is "age of item"."""
    return clean(str(by).replace("_", " "))


def browsing_words(label: object) -> str:
    """A browsing model as people say it: "rbp(0.8)" is "rank-biased precision, .8"."""
    return BROWSING[str(label)][0] if str(label) in BROWSING else clean(str(label))
