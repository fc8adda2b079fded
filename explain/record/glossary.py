"""The words of a report that an outsider may not know, one line each, and how its tables are read."""

from __future__ import annotations

from typing import Final

GLOSSARY: Final = (
    ("Exposure ratio", "A group's share of all attention over the share that the target gives it; 1 is neither too much nor too little."),
    ("Impact ratio", "A group's value over the highest value of its column; 1 is the best-placed group."),
    ("RBP", "Rank-biased precision: a reader goes on to the next place with a fixed chance, so place k counts γ to the power k − 1."),
    ("DCG", "Discounted cumulative gain: place k counts 1 / log₂(k + 1), which falls more slowly than RBP."),
    ("Cascade", "A reader goes on as with RBP, and stops where something relevant was found."),
    ("nDCG", "Held-out items found in a list, counted by place (DCG), over the best that was possible: 0 none, 1 all of them on top."),
    ("Held-out", "Events that were kept back before the model was fitted, to see whether it finds them."),
    ("AWRF", "Attention-weighted rank fairness: 1 where attention is shared out exactly as the target says, 0 at the farthest."),
    ("EE-L, EE-D, EE-R", "Expected exposure: squared distance from the target (L), how uneven exposure is (D), how much of it follows the target (R)."),
    ("GG-F, AG-F", "Joint multisided exposure: squared differences from the target over cells of people × items (GG), or over all people × items (AG); 0 is fair."),
    ("BCa", "Bias-corrected and accelerated bootstrap: an interval from resampled people that allows for bias and skewness."),
    ("Permutation test", "Group names are shuffled among people many times: p is how often chance alone makes a gap as large."),
    ("Holm", "A way to raise p-values where many groups are tested at once, so that chance alone seldom looks like a finding."),
    ("Shapley value", "What a part adds to a whole, in the mean over all orders in which the parts could come in."),
)  # fmt: skip
READING: Final = (
    "n counts what the head of its table names: items, or people. A bar shows the value, the line in it the 95 % interval: how far the value "
    "moves when other people of the same kind are drawn.",
    "Adjusted p is how often chance alone would show a difference at least as large, were there none: in a table of items, were the group's "
    "exposure ratio 1; in a table of people, were the group served as well as the best one; in a table of people by items, were the ratio of the "
    "cell 1. It is adjusted for the number of groups or cells in the table (Holm). A dash: not tested.",
    "“Not estimable” and “insufficient evidence” are not a pass.",
)
