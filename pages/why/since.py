"""Why now and not then: the same score at an earlier moment, and when the item leaves the list if nothing more
happens."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from explain.format.dates import minute_in_words, span
from explain.format.numbers import amount
from explain.results.explanation import Explanation
from pages.frame import pickers, widgets, wishes
from pages.frame.selection import Selection
from pages.frame.text import plain
from pages.why import queries as why_queries

BACK: Final = {
    "3600": "an hour before",
    "86400": "a day before",
    "604800": "a week before",
    "2592000": "a month before",
}
_USUAL: Final = "86400"


def section(selection: Selection, item: str, explanation: Explanation) -> None:
    if selection.span is None or explanation.state == "no_path":
        return
    st.header("Why now, and not before?")
    back = wishes.one_of("before", list(BACK), _USUAL)
    pickers.segments("Compared with", BACK, "before", back)
    now = selection.span[1] if selection.at is None else selection.at
    then = now - int(back)
    if then <= selection.span[0]:
        st.info(f"The data begin on {minute_in_words(selection.span[0])}, which is later than that.")
        return
    answer = why_queries.since(selection, item, then)
    if answer.since is None:
        return
    st.markdown(plain(answer.since.sentence, 600))
    st.caption(plain(until(explanation, answer.leaves_at, now), 300))
    frame = pd.DataFrame([(p.label, p.value) for p in answer.since.parts if p.value], columns=["part", "change"])
    with st.expander(f"What each part changed by: together {amount(explanation.score - answer.since.score)}"):
        widgets.table(
            frame,
            f"since-{explanation.model}-{explanation.item}-{then}",
            "What each part of the score changed by since that moment",
            what="changes",
        )


def until(explanation: Explanation, leaves_at: int | None, now: int) -> str:
    """When it leaves the list, in words."""
    if not explanation.surfaced:
        return "It is not in the list, so it cannot leave it."
    if leaves_at is None:
        return "If nothing more happens it stays in the list for a year at least."
    return (
        f"If nothing more happens it leaves the list on {minute_in_words(leaves_at)}, in {span(leaves_at - now)}: "
        "in the list a minute before, and no more from then on."
    )
