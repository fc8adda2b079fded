"""What the path model's relations and numbers are called."""

from __future__ import annotations

from typing import Final

from core.models._path_chains import CO_3, CO_5, GROUP_CHAINS, TREND
from core.words import ConstantWords, ParameterWords, RelationWords, chain_words

BASKET: Final = "same basket or session"  # of data whose word for a context is not known
RELATION_WORDS: Final = {
    CO_3: RelationWords(text=chain_words(("user", "item"))),
    CO_5: RelationWords(text=chain_words(("user", "item", "user", "item"), against=True)),
    **{
        key: RelationWords(text=chain_words((kind, "item")), without_data=BASKET if kind == "context" else "")
        for kind, key in GROUP_CHAINS.items()
    },
}
CONSTANT_WORDS: Final = {
    TREND: ConstantWords(
        text="people who {verb} it of late", label="people who read it now", short="trend", alike=True, observed=True
    )
}
PARAMETER_WORDS: Final = {
    "weight_exponent": ParameterWords(
        label="how much a stronger event counts (exponent; 0: all alike)",
        effect="how much the strength of an event counts: 0 = all events alike, 1 = in proportion",
    ),
    "weight_mean": ParameterWords(
        label="mean strength of an event", effect="mean weight of an event, the unit of strength"
    ),
    "weight": ParameterWords(
        label="importance in the score, in standard deviations",
        effect="how much the relation counts in the score; below 0 it speaks against",
    ),
    "history": ParameterWords(
        label="how much less an item of the history counts the more people have it (exponent)",
        effect="how far a popular item of the history counts less (exponent of its number of people)",
    ),
    "middle": ParameterWords(
        label="how much less the node in between counts the more links it has (exponent)",
        effect="how far people with long histories, or large groups, count less (exponent of their size)",
    ),
    "target": ParameterWords(
        label="how much less a recommended item counts the more people have it (exponent; below 0: how much more)",
        effect="how far the recommended item's own popularity is taken out (exponent of its number of people)",
    ),
    "scale": ParameterWords(
        label="standard deviation of its amounts, a constant",
        effect="typical size of the relation's amounts, divided away so that weights can be compared",
    ),
    "between_life": ParameterWords(
        label="seconds after which another person's having the history item counts half",
        effect="how fast it fades that other people had the item of the history",
    ),
    "reach_life": ParameterWords(
        label="seconds after which another person's having the recommended item counts half",
        effect="how fast it fades that other people had the recommended item",
    ),
    "person": ParameterWords(
        label="how much less each item of a long history counts (exponent of its length)",
        effect="how far long histories are evened out against what is alike for everybody",
    ),
    "history_life": ParameterWords(
        label="seconds after which an item of the own history counts half",
        effect="how fast the own history fades",
    ),
    "fresh_life": ParameterWords(
        label="seconds after which an item is half as fresh", effect="how fast items age, whoever has them"
    ),
}
