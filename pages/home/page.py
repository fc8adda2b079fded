"""The first page: what this is, a reason to look at right away, and how good and how fair the lists are."""

from __future__ import annotations

import streamlit as st

from core.texts import command
from explain.format.dates import day_in_words
from explain.format.words import column_words
from explain.results.audit import AuditReport
from explain.results.workspace import EvaluationReport
from pages.frame import measured, pickers, queries, server, spec, widgets
from pages.frame.selection import Selection, newcomers_example, selected
from pages.frame.text import count, lead, percent, plain

WHAT = (
    "Why did this item surface for this person, who gets exposure, and is it fair? Every reason "
    "here is a term of the score itself."
)
NOT_YET = "not yet"


def page() -> None:
    st.title("Surfaced")
    lead(WHAT)
    selection = selected(loaded=False)
    if selection is None:
        widgets.nothing_ready()
        return
    widgets.sidebar(selection)
    widgets.notices()
    _example(selection)
    st.header("At a glance")
    _numbers(selection)
    st.header("Look further")
    _invitations()
    st.header("Data")
    _data(selection)
    server.import_ahead()


def _example(selection: Selection) -> None:
    """One real reason, readable without a click; its picture is one click away."""
    example = newcomers_example(selection.workspace)
    if example is None:
        return
    with st.container(border=True):
        st.header(f"Why did “{plain(example.item_label)}” surface for {plain(example.user_label)}?")
        st.markdown(plain(example.sentence, 600))
        widgets.link(
            "why",
            "Try this example: see the whole reason →",
            user=example.user,
            item=example.item,
            who=None,
            history=None,
        )


def _numbers(selection: Selection) -> None:
    split = measured.usual_split(selection.name, [selection.model])
    evaluation = measured.report(selection.name, selection.model, split)
    title = queries.models()[selection.model].title
    widgets.tiles(
        [
            _accuracy(evaluation, f"of {title}", measured.at(selection.name)),
            _path_share(measured.readable(selection.snapshot, evaluation)),
            _coverage(evaluation, measured.at(selection.name)),
            _exposure(_stored_exposure(selection)),
            (
                "Fitted",
                day_in_words(selection.snapshot.created),
                f"{title} on {count(selection.workspace.n_events)} events",
            ),
        ]
    )
    if evaluation is None:
        st.caption(f"{plain(title)} is not measured yet. Measure it on the page Models, or type:")
        widgets.command(
            command("evaluate", "--workspace", selection.name, "--model", selection.model, "--split", split)
        )


def _accuracy(evaluation: EvaluationReport | None, whose: str, at: int) -> tuple[str, str, str]:
    name = f"Recall@{at} {whose}"
    recall = evaluation.metrics.get(f"recall@{at}") if evaluation else None
    if evaluation is None or recall is None:
        return name, NOT_YET, "share of hidden events that the list finds"
    band = f"{recall['low']:.3f} to {recall['high']:.3f}" if recall.get("low") is not None else "unknown"
    return (
        name,
        f"{recall['value']:.3f}",
        f"95 %: {band}, n = {evaluation.n_users:,} people; split “{evaluation.split}”",
    )


def _path_share(both: tuple[float, float] | None) -> tuple[str, str, str]:
    if both is None:
        return "Path share", NOT_YET, "how much of a score runs over observed links"
    return (
        "Path share",
        percent(both[0]),
        f"of a score runs over observed links; gross / net {both[1]:.2f}; medians over people's first ten",
    )


def _coverage(evaluation: EvaluationReport | None, at: int) -> tuple[str, str, str]:
    coverage = evaluation.metrics.get(f"coverage@{at}") if evaluation else None
    value = percent(coverage["value"]) if coverage else NOT_YET
    return "Catalogue coverage", value, f"of all items are in somebody's top {at}"


def _stored_exposure(selection: Selection) -> AuditReport | None:
    """The newest stored audit of items: by the data's own first grouping."""
    for by in queries.workbench().exposure.columns(selection.name).get("item", []):
        for k in dict.fromkeys((measured.at(selection.name), selection.k)):
            audit = queries.workbench().exposure.stored(selection.name, selection.model, by, side="item", k=k)
            if audit is not None:
                return audit
    return None


def _exposure(report: AuditReport | None) -> tuple[str, str, str]:
    if report is None:
        return "Exposure", NOT_YET, "open Fairness to see who gets attention"
    return f"Exposure by {column_words(report.by)}", report.overall.verdict or "unknown", report.overall.reason


def _invitations() -> None:
    for page in spec.pages():
        if page.invitation:
            widgets.link(page.path, page.invitation)


def _data(selection: Selection) -> None:
    names = {w.name: w for w in queries.workspaces()}
    ready = [name for name, w in names.items() if w.ready]
    pickers.choose("Data to look at", ready, "workspace", selection.name, lambda n: names[n].title, scope="-here")
    card = queries.workbench().data.card(selection.name)
    size = (
        f"{count(selection.workspace.n_users)} people, {count(selection.workspace.n_items)} items, "
        f"{count(selection.workspace.n_events)} events."
    )
    st.markdown(f"{plain(card.summary, 600)} {size}")
    st.caption(
        "People of this workspace are listed: they are public or simulated, or whoever prepared it chose so."
        if selection.workspace.show_people
        else "People of this workspace are not listed: one is shown to who types the exact id."
    )
    st.caption(f"Licence: {plain(card.licence.rstrip('. '), 1500)}. Source: {plain(card.citation, 400)}")
    for name, where in names.items():
        if not where.ready:
            st.caption(f"{plain(where.title)} is not prepared yet. To get it, type:")
            widgets.command(queries.workbench().data.prepare_command(name))


if __name__ == "__main__":  # Streamlit runs a page as a script; tests import it
    page()
