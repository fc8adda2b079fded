"""The first page: what this is, a reason to look at right away, and how good and how fair the lists are."""

from __future__ import annotations

import streamlit as st

from explain.types import AuditReport, EvaluationReport
from pages import _ask, _frame, _here, _parts, _pick
from pages._text import count, day, interval, lead, percent, plain

WHAT = "Why did this item surface for this person, who gets exposure, and is it fair? Every reason here is a term of the score itself."
EVALUATED_AT = 20


def page() -> None:
    st.title("Surfaced")
    lead(WHAT)
    spot = _here.here()
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


def _example(spot: _here.Here) -> None:
    """One real reason, readable without a click; its picture is one click away."""
    example = _here.example(spot.workspace)
    if example is None:
        return
    with st.container(border=True):
        st.subheader(f"Why did “{plain(example.item_label)}” surface for {plain(example.user_label)}?")
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
    bench = _ask.workbench()
    evaluation = bench.stored_evaluation(spot.name, spot.model, k=EVALUATED_AT)
    title = _ask.models()[spot.model].title
    _parts.tiles(
        [
            _accuracy(evaluation),
            _shares(evaluation)[0],
            _shares(evaluation)[1],
            _coverage(evaluation),
            _exposure(_stored_exposure(spot)),
            ("Fitted", day(spot.snapshot.created), f"{title} on {count(spot.workspace.n_events)} events"),
        ]
    )
    if evaluation is None:
        st.caption(f"{plain(title)} is not measured yet. Measure it on the page Models, or type:")
        st.code(f"python cli.py evaluate --workspace {spot.name} --model {spot.model}", language=None)


def _accuracy(evaluation: EvaluationReport | None) -> tuple[str, str, str]:
    name = f"recall@{EVALUATED_AT}"
    if evaluation is None or name not in evaluation.metrics:
        return f"Recall@{EVALUATED_AT}", "not measured", "share of held-out items that the list holds"
    found = evaluation.metrics[name]
    return (
        f"Recall@{EVALUATED_AT}",
        f"{found['value']:.3f}",
        f"95 %: {interval(found['value'], found.get('low'), found.get('high')).split('(')[-1].rstrip(')')}, n = {evaluation.n_users:,} people",
    )


def _shares(evaluation: EvaluationReport | None) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    path, gross = "how much of a score observed links carry", "1 = nothing in the picture cancels out"
    if evaluation is None:
        return ("Path share", "not measured", path), ("Gross / net", "not measured", gross)
    return ("Path share", percent(evaluation.path_share), path), ("Gross / net", f"{evaluation.gross_net:.2f}", gross)


def _coverage(evaluation: EvaluationReport | None) -> tuple[str, str, str]:
    found = evaluation.metrics.get(f"coverage@{EVALUATED_AT}") if evaluation else None
    value = percent(found["value"]) if found else "not measured"
    return "Catalogue coverage", value, f"of all items are in somebody's top {EVALUATED_AT}"


def _stored_exposure(spot: _here.Here) -> AuditReport | None:
    """The newest stored audit of items: by the data's own first grouping."""
    for by in _ask.workbench().audit_columns(spot.name).get("item", []):
        for k in dict.fromkeys((EVALUATED_AT, spot.k)):
            found = _ask.workbench().stored_audit(spot.name, spot.model, by, side="item", k=k)
            if found is not None:
                return found
    return None


def _exposure(report: AuditReport | None) -> tuple[str, str, str]:
    if report is None:
        return "Exposure", "not audited", "open Fairness to see who gets attention"
    verdict, reason = str(report.overall.get("verdict", "unknown")), str(report.overall.get("reason", ""))
    return f"Exposure by {report.by}", verdict, reason


def _doors(spot: _here.Here) -> None:
    _parts.link("recommendations", "Recommendations: pick a person, or five titles of your own")
    _parts.link("fairness", "Fairness: who gets exposure, for whom lists are good")
    _parts.link("models", "Models: accuracy, cost, and fitting another one")
    _parts.link("guide", "Guide: what the words mean, in three steps")


def _data(spot: _here.Here) -> None:
    names = {w.name: w for w in _ask.workspaces()}
    ready = [name for name, w in names.items() if w.ready]
    _pick.choose("Data to look at", ready, "workspace", spot.name, lambda n: names[n].title, scope="-here")
    card = _ask.workbench().card(spot.name)
    size = f"{count(spot.workspace.n_users)} people, {count(spot.workspace.n_items)} items, {count(spot.workspace.n_events)} events."
    st.markdown(f"{plain(card.summary, 600)} {size}")
    st.caption(f"Licence: {plain(card.licence, 1500)}. Source: {plain(card.citation, 400)}")
    for name, where in names.items():
        if not where.ready:
            st.caption(f"{plain(where.title)} is not prepared yet. To get it, type:")
            st.code(_ask.workbench().prepare_command(name), language=None)


if __name__ == "__main__":  # Streamlit runs a page as a script; tests import it
    _frame.run(page)
