"""What the words mean, where to begin, and where the limits are."""

from __future__ import annotations

import streamlit as st

from pages.frame import widgets
from pages.frame.selection import TITLES, selected
from pages.guide.words import GLOSSARY, LIMITS, NOT_PROTECTED, PROTECTED


def page() -> None:
    st.title("Guide")
    selection = selected()
    if selection is not None:
        widgets.sidebar(selection)
        widgets.notices()
    _tour()
    st.header("How a score is built")
    st.markdown(
        "The path model starts at the person and walks: to what they have had, from there to other "
        "people who had it too (or to its topic, "
        "its creator, its basket), and on to the items that those lead to. Each step divides what "
        "it carries, so that a crowd or a bestseller does not "
        "shout down the rest. How strongly, and how much each kind of way counts, are a few "
        "numbers that are learnt and shown on the page "
        "Models. The score of an item is the sum of all walks that end at it: often thousands, "
        "sometimes many millions. The picture bundles all of them, "
        "so nothing is left out; behind each piece of it the strongest walks are listed one by one "
        "and the others as one sum."
    )
    st.header("What the lines mean")
    st.markdown(
        "As the legend below a picture says, an **unbroken** line is an observed amount that "
        "speaks for the item, and a **dotted** one, in the "
        "other hue, an observed amount that speaks against it. Long **dashes** are a latent jump: "
        "the model connects two things by vectors that "
        "it learnt, and nobody's behaviour links them; with dots between the dashes it speaks "
        "against the item. The path model has no jumps. LightGCN "
        "has many: look at the same item under both on the page Why this. In the drawing (SVG), "
        "what speaks against is hatched."
    )
    st.header("Words")
    st.markdown("\n".join(f"- **{word}.** {meaning}" for word, meaning in GLOSSARY.items()))
    st.header("Privacy")
    st.subheader("What is protected")
    st.markdown("\n".join(f"- {promise}" for promise in PROTECTED))
    st.subheader("What is not")
    st.markdown("\n".join(f"- {limit}" for limit in NOT_PROTECTED))
    st.header("Limits")
    st.markdown("\n".join(f"- {limit}" for limit in LIMITS))


def _tour() -> None:
    st.header("Six steps")
    steps = (
        (
            "why",
            "See why one item surfaced",
            "The sentence on top is the answer. Pick a line of the picture to see what stands behind it.",
        ),
        (
            "recommendations",
            "Pick five titles of your own",
            "The list comes at once, each row with its main reason. A title opens the whole one.",
        ),
        (
            "whatif",
            "Change something",
            "Take a title out of a history, or put one in: two lists side by side show what moved, and why.",
        ),
        (
            "faithfulness",
            "Do not believe it",
            "The page that takes reasons away and looks what happens, beside the methods that everyone else uses.",
        ),
        (
            "fairness",
            "See who gets exposure",
            (
                "Each group's share of attention against its share of the catalogue, with a "
                "verdict that needs evidence; a slider shows what a rule would change, and its "
                "price."
            ),
        ),
        (
            "audit",
            "Sign a report on it",
            (
                "Thresholds first, then the measurement: every metric with its formula, a record "
                "with a hash, signatures in a log that cannot be rewritten unseen."
            ),
        ),
    )
    for number, (page_name, what, how) in enumerate(steps, start=1):
        label = f"**{number}. {what}**"
        if page_name == "recommendations":
            widgets.link(page_name, label, who=TITLES, user=None)
        else:
            widgets.link(page_name, label)
        st.caption(how)


if __name__ == "__main__":  # Streamlit runs a page as a script; tests import it
    page()
