"""The proof: how faithful the explanations are beside what others use, and how many planted causes they find."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from core.texts import command
from explain.charts.proof import method_bars
from explain.results.faithfulness import FaithfulnessReport, MethodRow
from explain.workbench.tasks import Task
from pages.faithfulness import lie_detector
from pages.frame import jobs, queries, widgets
from pages.frame.selection import Selection
from pages.frame.text import count, lead, percent, plain

USERS: Final = 120
MEASURES: Final = {
    "DEL": "What remains of the score when the first 1 to 5 reasons are deleted. Lower is better.",
    "INS": "What the first 1 to 5 reasons give alone. Higher is better.",
    "POS@1": "How often the item is still first without them. Lower is better.",
}
CAUSES: Final = {
    "topic_affinity": "a topic that the reader likes",
    "author_loyalty": "an author that the reader follows",
    "co_readers": "an article whose readers read on",
    "trending": "what is hot",
    "editorial_push": "a push by the editors",
}


def page() -> None:
    st.title("Faithfulness")
    selection = widgets.shared_selection()
    widgets.notices()
    lead("A picture of reasons is worth what happens when the reasons are taken away.")
    report = queries.workbench().faithfulness.stored(selection.name, selection.model, users=USERS)
    if report is None:
        _not_yet(selection)
    else:
        _methods(selection, report)
        _randomised(report)
        if report.planted:
            _planted(selection, report)
    lie_detector.section(selection)


def _not_yet(selection: Selection) -> None:
    title = queries.models()[selection.model].title
    st.info(
        f"{plain(title)} was not put to the test on this data yet. It takes a minute or a few: "
        "everything is computed anew for each deletion."
    )
    work = Task("faithfulness.measure", {"workspace": selection.name, "model": selection.model, "users": USERS})
    jobs.panel(
        f"faithfulness-{'-'.join(selection.base)}",
        "Put it to the test",
        f"Testing {title}",
        work,
        command("faithfulness", "--workspace", selection.name, "--model", selection.model),
    )


def _methods(selection: Selection, report: FaithfulnessReport) -> None:
    st.header("Ours beside the usual methods")
    st.caption(
        f"{count(report.n_users)} people drawn at random ({count(report.n_short)} were skipped: "
        "histories under six items); the first item of each list. "
        "Every deletion passes all messages again. Lines are 95 % intervals over people."
    )
    columns = st.columns(len(MEASURES), gap="medium")
    for column, (measure, meaning) in zip(columns, MEASURES.items(), strict=True):
        with column:
            st.subheader(measure)
            st.caption(meaning)
            widgets.chart(
                method_bars(report, measure, theme=widgets.theme()),
                f"methods-{measure}",
                f"{measure} of every method with intervals",
            )
    widgets.table(
        method_frame(report.methods),
        f"faithfulness-{selection.name}-{selection.model}",
        "Every method with its measures and times",
        what="methods",
    )
    st.caption(
        "Leave-one-out is the ceiling: it tries every deletion. Our contrastive form says the same without trying."
    )


def method_frame(rows: tuple[MethodRow, ...]) -> pd.DataFrame:
    """Means, intervals, the paired difference to our default form, and time."""
    records = []
    for row in rows:
        cells: dict[str, object] = {"method": row.method}
        for measure in MEASURES:
            figure, gap = row.figures[measure], row.beyond[measure]
            cells[measure] = figure.value
            cells[f"{measure} interval"] = f"{figure.low:.3f} to {figure.high:.3f}"
            cells[f"{measure} beyond ours"] = f"{gap.value:+.3f} ({gap.low:+.3f} to {gap.high:+.3f})"
        records.append(
            cells
            | {
                "ms, median": 1e3 * row.seconds_p50,
                "ms, p99": 1e3 * row.seconds_p99,
                "what it is": row.meaning,
            }
        )
    return pd.DataFrame(records)


def _randomised(report: FaithfulnessReport) -> None:
    st.header("Does it notice a meaningless model?")
    rho = report.randomised
    how = (
        "The same graph with its links rewired (everyone keeps as many): what is left is how common each item is."
        if not queries.models()[report.model].learnt_vectors
        else "The same network with random vectors in the place of the learnt ones."
    )
    st.markdown(
        f"{how} Rank correlation of the reasons with those of the real model: **{rho.value:.2f}** "
        f"({rho.low:.2f} to {rho.high:.2f}); 1 would mean that the explanation does not look at the model."
    )


def _planted(selection: Selection, report: FaithfulnessReport) -> None:
    st.header("Planted causes")
    st.caption(
        "Every event of this simulated newsroom knows why it happened. The event is taken out, "
        "explained, and the planted cause looked "
        "for among the candidates. No model ever sees the causes."
    )
    rows = []
    for row in report.planted:
        rows.append(
            {
                "cause": CAUSES.get(row.cause, row.cause),
                "among": row.candidates if row.hit_1 is not None else "cannot be recovered",
                "events": row.n_events,
                "first": _share(row.hit_1),
                "by chance": _share(row.chance_1),
                "in the first 3": _share(row.hit_3),
                "by chance (3)": _share(row.chance_3),
                "why not": row.reason,
            }
        )
    widgets.table(
        pd.DataFrame(rows), f"planted-{selection.model}", "How often the planted cause was found", what="planted causes"
    )
    st.caption(
        "Among everything that a person had, the one article that led to another is nearly drawn "
        "by lot in this simulation: the "
        "low figure is a limit of what can be known, and it is shown."
    )


def _share(part: float | None) -> str:
    return "" if part is None else percent(part, 1)


if __name__ == "__main__":  # Streamlit runs a page as a script; tests import it
    page()
