"""New items and new people: how each model does for them, by how many events they have."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from core.texts import command
from explain.format.numbers import plural, with_interval
from explain.results.cold import ColdReport
from explain.results.workspace import ModelInfo, SnapshotInfo
from explain.workbench.tasks import Task
from pages.frame import jobs, queries, widgets
from pages.frame.text import plain


def section(workspace: str, known: Mapping[str, ModelInfo], fitted: Mapping[str, SnapshotInfo], at: int) -> None:
    st.header("New items and new people")
    st.caption(
        "A tenth of the items is made new and comes back event by event, among new items alone; a tenth of the people "
        "likewise, among all items. Every model is fitted anew for it."
    )
    evaluate = queries.workbench().evaluate
    stored = {name: r for name in known if (r := evaluate.stored_cold(workspace, name, k=at)) is not None}
    if stored:
        sentences = evaluate.what_content_is_worth(list(stored.values()))
        st.markdown("\n".join(f"- {plain(sentence, 400)}" for sentence in sentences))
        side = st.segmented_control("Who is new", ["items", "people"], default="items", key="cold-side") or "items"
        n = max(figure.n for r in stored.values() for figure in (r.items if side == "items" else r.people).values())
        first = next(iter(stored.values()))
        length = first.k_items if side == "items" else first.k
        among = f" among {plural(first.n_items, 'new item')}" if side == "items" else ""
        st.caption(
            f"Recall@{length}{among} with 95 % intervals over n = {n:,} people, by how many events the new ones have."
        )
        widgets.table(
            cold_frame(known, stored, side),
            f"cold-{side}",
            f"Recall for new {side}, by number of events",
            what="models",
        )
    lacking = [name for name in fitted if name not in stored]
    if lacking:
        names = ", ".join(known[name].title for name in lacking)
        jobs.panel(
            f"cold-{workspace}",
            "Measure new items and people",
            f"Making items and people new for {plain(names, 300)}",
            Task("evaluate.cold_of_many", {"workspace": workspace, "models": lacking}),
            command("cold", "--workspace", workspace, "--models", ",".join(lacking)),
        )


def cold_frame(known: Mapping[str, ModelInfo], stored: Mapping[str, ColdReport], side: str) -> pd.DataFrame:
    """One row a model, the best without any event first."""
    rows = []
    for name, report in stored.items():
        figures = report.items if side == "items" else report.people
        row: dict[str, object] = {"model": known[name].title, "reads content": "yes" if report.content else "no"}
        row |= {plural(n, "event"): with_interval(f.value, f.low, f.high) for n, f in figures.items()}
        rows.append((figures[min(figures)].value, row))
    return pd.DataFrame([row for _, row in sorted(rows, key=lambda pair: -pair[0])])
