"""The words of a report that an outsider may not know, one line each, and how its tables are read."""

from __future__ import annotations

from typing import Final

GLOSSARY: Final = (
    (
        "Exposure ratio",
        (
            "A group's share of all attention over the share that the target gives it; 1 is neither too much "
            "nor too little."
        ),
    ),
    ("Impact ratio", "A group's value over the highest value of its column; 1 is the best-placed group."),
    (
        "RBP",
        (
            "Rank-biased precision: a reader goes on to the next place with a fixed chance, so place k counts "
            "γ to the power k − 1."
        ),
    ),
    ("DCG", "Discounted cumulative gain: place k counts 1 / log₂(k + 1), which falls more slowly than RBP."),
    ("Cascade", "A reader goes on as with RBP, and stops where something relevant was found."),
    (
        "nDCG",
        (
            "Held-out items found in a list, counted by place (DCG), over the best that was possible: 0 none, "
            "1 all of them on top."
        ),
    ),
    ("Held-out", "Events that were kept back before the model was fitted, to see whether it finds them."),
    (
        "AWRF",
        (
            "Attention-weighted rank fairness: 1 where attention is shared out exactly as the target says, 0 "
            "at the farthest."
        ),
    ),
    (
        "EE-L, EE-D, EE-R",
        (
            "Expected exposure: squared distance from the target (L), how uneven exposure is (D), how much of "
            "it follows the target (R)."
        ),
    ),
    (
        "GG-F, AG-F",
        (
            "Joint multisided exposure: squared differences from the target over cells of people × items (GG), "
            "or over all people × items (AG); 0 is fair."
        ),
    ),
    (
        "Bands at once",
        (
            "Intervals for all groups of a table that are wide enough to hold every group's difference "
            "together, 95 times in 100."
        ),
    ),
    (
        "τ (tau)",
        "The standard deviation of the groups' true means, without what chance adds: 0 where all groups are alike.",
    ),
    (
        "Permutation test",
        (
            "Group names are shuffled among people many times: p is how often chance alone makes a gap as "
            "large. It tests equality and decides no verdict."
        ),
    ),
    (
        "Holm",
        (
            "A way to raise p-values where many groups are tested at once, so that chance alone seldom looks "
            "like a finding."
        ),
    ),
    ("Shapley value", "What a part adds to a whole, in the mean over all orders in which the parts could come in."),
)
READING: Final = (
    "n counts what the head of its table names: items, or people. A bar shows the value, the line in it "
    "the 95 % interval: how far the value "
    "moves when other people of the same kind are drawn.",
    "Adjusted p tests the limit, not equality: how often a group that is truly just at the limit (in "
    "tables of items and cells the lowest or "
    "highest ratio allowed, in a table of people the largest gap below those it is compared with) would "
    "look at least so far beyond it. It is "
    "adjusted for all groups that are tested together (Holm; of people by bands that hold all at once). "
    "Small: fail. For a pass the same is asked from the inside. A dash: not tested. Records "
    "from before release 0.2.0 gave p of equality (a ratio of 1, or as well served as the best group).",
    "Of people, the interval is of the group's own value; the reason gives the difference to everybody "
    "else, or to whom the plan names, how many "
    "they are, and a band that holds all groups' differences at once.",
    "“Not estimable” and “insufficient evidence” are not a pass.",
)
