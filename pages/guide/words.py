"""The words of the guide: what terms mean, where the limits are, what is protected and what is not."""

from typing import Final

GLOSSARY: Final = {
    "Score": (
        "The number by which a list is ordered. It has a unit of its own for each model; scores of "
        "two models cannot be compared."
    ),
    "Part": "One term of the score. All parts add up to it; nothing is left over but rounding.",
    "Path": (
        "A walk over links of the graph: from the person over something they have had, over other "
        "people, a topic or a creator, to the item."
    ),
    "Bundle": "All paths that take the same turn, drawn as one line. Its width is the sum of their amounts.",
    "For and against": (
        "Paths can speak against an item too. Both are drawn, each with its own width; for minus against is the score."
    ),
    "Path share": (
        "How much of the score runs over links that were observed. The path model has 100 %: it has nothing else."
    ),
    "Gross / net": (
        "All amounts without their signs, divided by the score. 1 means that nothing cancels; at 5 "
        "the picture is a small rest of large opposites."
    ),
    "Coverage and residual": (
        "How much the listed single paths carry, and how much all others do. The picture with its "
        "bundles always carries everything."
    ),
    "Completeness error": (
        "The distance between the score and the sum of its parts. It is rounding, and it is shown "
        "so that you need not believe it."
    ),
    "Memory": "What a model with learnt vectors has stored for a person. No link explains it.",
    "Jump": "A step of such a model between two things that nobody's behaviour links.",
    "Verified": (
        "The reason was taken out of the history, everything was computed again, and the new place is what is written."
    ),
    "Mask, delete, learn again": (
        "Three ways to ask what if: drop a message and leave the rest; edit the history as if it "
        "had never happened; fit the model anew without it."
    ),
    "Smallest change": (
        "The fewest history items whose removal drops an item out of the list (or whose addition "
        "brings it in), found by prediction and then computed."
    ),
    "DEL, INS, POS@1": (
        "What remains of a score without the first reasons, what they give alone, and how often "
        "the item still stands first without them."
    ),
    "Recall, nDCG": (
        "Events are hidden, the model is fitted without them: how many of them the list finds, and "
        "how far up they stand."
    ),
    "Exposure": "The share of attention that lists give. The first place counts most, each further place a fifth less.",
    "Exposure ratio": "Share of exposure divided by share of the catalogue. 1 is an equal share; 0.8 to 1.25 passes.",
    "Adjusted p": (
        "How often a group that is truly just at the limit would look so far beyond it, made "
        "stricter by the number of groups tested together. It does not test whether groups are "
        "equal."
    ),
    "Guardrail": "A rule that reorders lists after scoring. A moved item says so, with its place before and after.",
    "Head hash": (
        "The fingerprint of the newest row of the decision log. Kept outside, it shows later "
        "whether the log was cut or changed."
    ),
    "Interval": (
        "Where the number would fall in 95 of 100 draws of other people like these. It is of one "
        "group; a verdict also allows for how many groups are tested."
    ),
    "Insufficient evidence": "The data cannot tell. It is not a pass.",
}

LIMITS: Final = (
    (
        "An explanation says why the model scored an item as it did. It does not say why the "
        "person likes it, and not what they would have done otherwise."
    ),
    "Exact means: these are the terms of this score. A model can be explained exactly and still be wrong.",
    "People behind a link appear as “person 3 of 118”; crowds under five are merged into the next "
    "bundle, so small groups are coarser. "
    "The number is drawn by lot for each question: it is neither an order nor a name.",
    (
        "LightGCN is shown as it is: its memory and its jumps are real parts of its score, and no "
        "drawing makes reasons of them."
    ),
    "Exposure is counted over lists as if everybody read them in the same way. Real attention is not measured here.",
    "Quality for groups is measured on hidden events, which come from what people were shown before.",
    (
        "Intervals are for one group at a time; verdicts use p-values of the limit, adjusted for "
        "the groups tested together."
    ),
    "Newsroom is simulated. What holds there shows that the tool finds what was planted, not how readers behave.",
)


PROTECTED: Final = (
    "**Small groups.** No figure and no number of people is told of a group of fewer than ten "
    "people (or more, as who runs this installation has set it), "
    "on no page, in no report, file or command. Other groups are hidden with it where they would "
    "give it away: all columns of people, the "
    "intersections, cells and metrics of an audit are looked at together, and so are earlier "
    "audits of the same data, so that no sum or difference of what "
    "is shown comes down to fewer people. Figures of groups of people have three decimals.",
    "**Who people are.** In a workspace that does not list its people, nobody is named, found by "
    "browsing, or suggested: a person is shown to who "
    "types the exact id, with history and list. Of an item that fewer than ten people get, nothing "
    "is told but that; of others numbers of people are to the nearest five, and shares in whole "
    "percents. The built-in workspaces are public or "
    "simulated data; they list their people and say so on the Overview.",
    (
        "**People behind a reason.** They are numbered by lot, anew for each person and item that "
        "is asked about; fewer than five are not told apart."
    ),
)
NOT_PROTECTED: Final = (
    (
        "**Whoever has an id sees that person.** There are no accounts: an id is the key. Put a "
        "sign-in in front of a server that others reach."
    ),
    (
        "**Whoever runs commands or holds the state folder has the data.** Lists and explanations "
        "of everybody can be written to files there."
    ),
    (
        "**What everybody together do is always told**, and so is how many of a shown group have "
        "something held out, or a list."
    ),
    "**Knowledge from elsewhere.** Who knows the figures of three people of a group of twelve "
    "knows the mean of the other nine. "
    "Two states of the data that differ by one person can be subtracted, and so can two "
    "intersections asked for singly, outside an audit.",
    "**Scores follow from what people did.** Who asks freely, with histories of their own making, "
    "about titles that hardly anybody has, can learn what those "
    "few had beside them. What if shows the same scores: it adds nothing to this, and takes nothing away.",
    (
        "**Records from before this version** keep what they told, and so do their exports: a "
        "signed record is not rewritten. Pages hide their small groups."
    ),
)
