"""The first page: what this is, a reason to look at right away, and how good and how fair the lists are."""

from __future__ import annotations

import streamlit as st

from core.texts import command
from explain.flow_labels import column_words
from explain.types import AuditReport, EvaluationReport
from pages import _ask, _frame, _here, _measured, _parts, _pick
from pages._text import count, day, lead, percent, plain

WHAT = "Why did this item surface for this person, who gets exposure, and is it fair? Every reason here is a term of the score itself."
NOT_YET = "not yet"


def page() -> None:
    st.title("Surfaced")
    lead(WHAT)
    spot = _here.here(loaded=False)
    if spot is None:
        _parts.nothing_ready()
        return
    _parts.sidebar(spot)
    _parts.notices()
    _example(spot)
    st.header("At a glance")
    _numbers(spot)
    st.header("Look further")
    _doors(spot)
    st.header("Data")
    _data(spot)
    _ask.import_ahead()


def _example(spot: _here.Here) -> None:
    """One real reason, readable without a click; its picture is one click away."""
    example = _here.example(spot.workspace)
    if example is None:
        return
    with st.container(border=True):
        st.header(f"Why did “{plain(example.item_label)}” surface for {plain(example.user_label)}?")
        st.markdown(plain(example.sentence, 600))
        _parts.link(
            "why",
            "Try this example: see the whole reason →",
            user=example.user,
            item=example.item,
            who=None,
            history=None,
        )


def _numbers(spot: _here.Here) -> None:
    split = _measured.usual_split(spot.name, [spot.model])
    evaluation = _measured.report(spot.name, spot.model, split)
    title = _ask.models()[spot.model].title
    _parts.tiles(
        [
            _accuracy(evaluation, f"of {title}", _measured.at(spot.name)),
            _path_share(_measured.readable(spot.snapshot, evaluation)),
            _coverage(evaluation, _measured.at(spot.name)),
            _exposure(_stored_exposure(spot)),
            ("Fitted", day(spot.snapshot.created), f"{title} on {count(spot.workspace.n_events)} events"),
        ]
    )
    if evaluation is None:
        st.caption(f"{plain(title)} is not measured yet. Measure it on the page Models, or type:")
        _parts.command(command("evaluate", "--workspace", spot.name, "--model", spot.model, "--split", split))


def _accuracy(evaluation: EvaluationReport | None, whose: str, at: int) -> tuple[str, str, str]:
    name = f"Recall@{at} {whose}"
    found = evaluation.metrics.get(f"recall@{at}") if evaluation else None
    if evaluation is None or found is None:
        return name, NOT_YET, "share of hidden events that the list finds"
    band = f"{found['low']:.3f} to {found['high']:.3f}" if found.get("low") is not None else "unknown"
    return name, f"{found['value']:.3f}", f"95 %: {band}, n = {evaluation.n_users:,} people; split “{evaluation.split}”"


def _path_share(both: tuple[float, float] | None) -> tuple[str, str, str]:
    if both is None:
        return "Path share", NOT_YET, "how much of a score runs over observed links"
    return (
        "Path share",
        percent(both[0]),
        f"of a score runs over observed links; gross / net {both[1]:.2f}; medians over people's first ten",
    )


def _coverage(evaluation: EvaluationReport | None, at: int) -> tuple[str, str, str]:
    found = evaluation.metrics.get(f"coverage@{at}") if evaluation else None
    value = percent(found["value"]) if found else NOT_YET
    return "Catalogue coverage", value, f"of all items are in somebody's top {at}"


def _stored_exposure(spot: _here.Here) -> AuditReport | None:
    """The newest stored audit of items: by the data's own first grouping."""
    for by in _ask.workbench().audit_columns(spot.name).get("item", []):
        for k in dict.fromkeys((_measured.at(spot.name), spot.k)):
            found = _ask.workbench().stored_audit(spot.name, spot.model, by, side="item", k=k)
            if found is not None:
                return found
    return None


def _exposure(report: AuditReport | None) -> tuple[str, str, str]:
    if report is None:
        return "Exposure", NOT_YET, "open Fairness to see who gets attention"
    verdict, reason = str(report.overall.get("verdict", "unknown")), str(report.overall.get("reason", ""))
    return f"Exposure by {column_words(report.by)}", verdict, reason


def _doors(spot: _here.Here) -> None:
    _parts.link("recommendations", "Recommendations: pick a person, or five titles of your own")
    _parts.link("whatif", "What if: take something out of a history, and watch the list")
    _parts.link("item", "Item: who gets it, and through what")
    _parts.link("faithfulness", "Faithfulness: what happens when reasons are taken away")
    _parts.link("fairness", "Fairness: who gets exposure, for whom lists are good")
    _parts.link("audit", "Audit: fix what counts as fair, measure, sign, export")
    _parts.link("blind", "Blind test: would an audit find a bias that nobody told it of?")
    _parts.link("models", "Models: accuracy, cost, and fitting another one")
    _parts.link("guide", "Guide: what the words mean, and where to begin")


def _data(spot: _here.Here) -> None:
    names = {w.name: w for w in _ask.workspaces()}
    ready = [name for name, w in names.items() if w.ready]
    _pick.choose("Data to look at", ready, "workspace", spot.name, lambda n: names[n].title, scope="-here")
    card = _ask.workbench().card(spot.name)
    size = f"{count(spot.workspace.n_users)} people, {count(spot.workspace.n_items)} items, {count(spot.workspace.n_events)} events."
    st.markdown(f"{plain(card.summary, 600)} {size}")
    st.caption(
        "People of this workspace are listed: they are public or simulated, or whoever prepared it chose so."
        if spot.workspace.show_people
        else "People of this workspace are not listed: one is shown to who types the exact id."
    )
    st.caption(f"Licence: {plain(card.licence.rstrip('. '), 1500)}. Source: {plain(card.citation, 400)}")
    for name, where in names.items():
        if not where.ready:
            st.caption(f"{plain(where.title)} is not prepared yet. To get it, type:")
            _parts.command(_ask.workbench().prepare_command(name))


if __name__ == "__main__":  # Streamlit runs a page as a script; tests import it
    _frame.run(page)
