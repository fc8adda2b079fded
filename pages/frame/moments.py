"""The time slider: any moment of the data, replayed. What is shown with it is what was known before that moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import streamlit as st

from explain.format.dates import minute_in_words, span
from pages.frame import address, queries
from pages.frame.selection import Selection

HOURLY_UP_TO_S: Final = 200 * 86_400  # longer data go day by day
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def slider(selection: Selection) -> None:
    """The moment of all that the page shows, with steps back and forth; nothing for data without times."""
    if selection.span is None:
        return
    start, end = (_clock(second) for second in selection.span)
    step = HOUR if selection.span[1] - selection.span[0] <= HOURLY_UP_TO_S else DAY
    if end - start < 2 * step:
        return
    now = end if selection.at is None else _clock(selection.at)
    st.session_state["moment-slider"] = now
    st.slider(
        "Moment",
        min_value=start,
        max_value=end,
        step=step,
        format="ddd D MMM YYYY, HH:mm",
        key="moment-slider",
        on_change=_taken,
        args=(selection.span[1],),
        help="Only what was known before this moment (UTC) enters: events, what was published, what people had.",
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for label, shift in (("− 1 day", -DAY), ("− 1 hour", -HOUR), ("+ 1 hour", HOUR), ("+ 1 day", DAY)):
            if abs(shift) >= step:
                other = min(max(now + shift, start), end)
                args = (None if other == end else str(_seconds(other)),)
                st.button(label, key=f"moment{label}", on_click=_put, args=args, disabled=other == now)
        if selection.at is None:
            st.caption("The end of the data.")
        else:
            st.button("To the end of the data", key="moment-end", on_click=_put, args=(None,), type="tertiary")
            before = span(selection.span[1] - selection.at)
            st.caption(f"As it was on {minute_in_words(selection.at)}, {before} before the end of the data.")
    if selection.at is not None and queries.models()[selection.model].learnt_vectors:
        st.caption(
            "Graph, candidates and lists are of that moment; this model's vectors were learnt from what came later too."
        )


def _taken(end: int) -> None:
    chosen = _seconds(st.session_state["moment-slider"])
    _put(None if chosen >= end else str(chosen))


def _put(moment: str | None) -> None:
    address.put("moment", moment)


def _clock(seconds: int) -> datetime:
    """As the slider takes it: without a zone, which Streamlit would otherwise turn into the visitor's."""
    return datetime.fromtimestamp(seconds, tz=UTC).replace(tzinfo=None)


def _seconds(clock: datetime) -> int:
    return int(clock.replace(tzinfo=UTC).timestamp())
