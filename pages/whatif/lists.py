"""Two lists side by side, before and after a change; moved items are marked with what moved them."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from explain.charts.changes import two_lists
from explain.format.numbers import amount, plural
from explain.results.whatif import WhatIf
from pages.frame import widgets
from pages.frame.selection import Selection
from pages.frame.text import count, plain

_COLUMNS: Final = {  # pixels; what moved an item is read on three lines
    "rank": st.column_config.NumberColumn(width=50),
    "before": st.column_config.TextColumn(width=90),
    "title": st.column_config.TextColumn(width=190),
    "moved by": st.column_config.TextColumn(width=340),
}


def section(selection: Selection, result: WhatIf) -> None:
    moved = [a for a in result.after if a.was_rank != a.rank]
    fresh = [a for a in result.after if a.was_rank is None or a.was_rank > len(result.before)]
    st.header("Before and after")
    if not moved:
        st.markdown(f"The first {count(len(result.after))} stay as they are.")
    else:
        st.markdown(
            f"**{len(moved)} of {plural(len(result.after), 'place')}** {'changes' if len(moved) == 1 else 'change'}; "
            f"{len(fresh)} {'is' if len(fresh) == 1 else 'are'} new to the list."
        )
    widgets.chart(
        two_lists(result, theme=widgets.theme()),
        "two-lists",
        "The list before and after, with a line for each item in both",
    )
    if result.removed and not result.may_return:
        st.caption("What was taken out stays out: the person has seen it. A switch above lets it come back.")
    frame = after_frame(result)
    widgets.table(
        frame,
        f"whatif-{selection.model}-{selection.user or 'own-titles'}",
        "The list after the change: place, place before, what moved it",
        _COLUMNS,
        what="the list after",
        row_height=60 if moved else None,
    )
    gone = [b for b in result.before if b.now_rank is None or b.now_rank > len(result.after)]
    if gone:
        rows = [(b.rank, b.label, "in the history now" if b.now_rank is None else str(b.now_rank)) for b in gone]
        st.subheader("No longer in the list")
        widgets.rows(pd.DataFrame(rows, columns=["was", "title", "now"]), "What fell out of the list")
    if moved:
        with st.expander("Open an item of the new list"):
            for entry in result.after:
                widgets.link("item", f"{entry.rank}. {plain(entry.label, 90)}", item=entry.item)


def after_frame(result: WhatIf) -> pd.DataFrame:
    """One row a listed item: place, place before, title, score, and the history items whose amounts changed most."""

    def was(rank: int | None, now: int) -> str:
        if rank is None:
            return "back: you took it out"
        return "same" if rank == now else f"{'▲' if rank > now else '▼'} from {rank}"

    rows = [
        (
            a.rank,
            was(a.was_rank, a.rank),
            a.label,
            a.score,
            "; ".join(f"{m.label} {amount(m.change)}" for m in a.moved_by),
        )
        for a in result.after
    ]
    return pd.DataFrame(rows, columns=["rank", "before", "title", "score", "moved by"])
