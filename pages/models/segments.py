"""The segments of people, where they are fitted: what tells each apart."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.errors import NotReadyError
from explain.format.numbers import fixed, percent
from explain.results.segments import SegmentReport
from pages.frame import queries, widgets
from pages.frame.text import plain


def section(workspace: str) -> None:
    """Nothing where they are not fitted."""
    try:
        report = queries.workbench().models.segments(workspace)
    except NotReadyError:
        return
    st.header("Segments of people")
    st.caption(plain(_stability(report), 400))
    widgets.table(segments_frame(report), "segments", "Segments and what tells them apart", what="segments")


def _stability(report: SegmentReport) -> str:
    largest = report.segments[0] if report.segments else None
    first = f"The largest is {largest.name}, {largest.n:,} people. " if largest else ""
    since = "" if report.since is None else f", with the snapshot before {fixed(report.since, 2)}"
    hidden = f" {report.hidden:,} people are in segments too small to be shown." if report.hidden else ""
    return (
        f"{first}Two seeds put the same people together (adjusted Rand index {fixed(report.stability, 2)}{since}; "
        f"1 is the same).{hidden}"
    )


def segments_frame(report: SegmentReport) -> pd.DataFrame:
    """One row a segment."""
    return pd.DataFrame(
        [
            {
                "segment": row.name,
                "people": row.n,
                "has more of": "; ".join(
                    f"{t.label} {percent(t.share, 0)} (everybody {percent(t.overall, 0)})" for t in row.traits
                ),
                "and most of": "; ".join(row.items),
            }
            for row in report.segments
        ]
    )
