"""A reason put to the test: taken out and re-propagated, the smallest change that flips the list, other units."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.errors import SurfacedError, shown
from core.texts import command, joined
from explain.format.numbers import amount, plural
from explain.format.text import clean
from explain.results.explanation import Explanation, Part
from pages.frame import address, pickers, queries, widgets, wishes
from pages.frame.selection import Selection
from pages.frame.text import option, plain, score
from pages.why import queries as why_queries

UNITS = {"history": "History items", "edges": "Edges of the graph", "features": "Words and features"}
_OFFERED = 60


def check(explanation: Explanation) -> None:
    """What the address asks of this part of the page and cannot be had becomes a notice.

    Asked before the notices are drawn.
    """
    _unit()
    wish = address.wish("test")
    if wish and explanation.state != "consumed" and wish not in _reasons(explanation):
        address.notice(
            f"{shown(wish)} is no item of the history that carries any of this score, so it "
            "cannot be taken out as a reason. "
            "It was left out."
        )


def _unit() -> str:
    """The unit; the usual one does not stand in the address."""
    unit = wishes.one_of("unit", list(UNITS), "history")
    address.settle("unit", unit if unit != "history" else None)
    return unit


def _reasons(explanation: Explanation) -> dict[str, Part]:
    """History items that carry some of the score by id, the largest first."""
    ranked = sorted(explanation.parts, key=lambda p: -abs(p.value))
    return {p.id: p for p in ranked if p.kind == "history" and p.value}


def guarded(selection: Selection, item: str) -> str | None:
    """Where the visitor came from a list under a guardrail: what that rule did to the item's place. Never hidden.

    Asked before the notices are drawn, since a rule that cannot be read is one of them.
    """
    rule = address.wish("guard")
    if not rule or selection.user is None:
        return None
    try:
        note = queries.workbench().rules.note(
            selection.name, selection.model, [rule], user=selection.user, item=item, k=selection.k, at=selection.at
        )
    except SurfacedError as error:
        address.notice(f"The guardrail of the address was left out. {error}")
        return None
    address.settle("guard", rule)
    return note or "The guardrail of this list left the item where its score puts it."


def badge(selection: Selection, item: str, explanation: Explanation) -> None:
    """The strongest reason, tried out: predicted from its parts, then computed."""
    if explanation.state != "ok":
        return
    tried = why_queries.verified(selection, item)
    if tried is not None:
        st.markdown(f"**Verified.** {plain(tried.sentence, 500)}")


def section(selection: Selection, item: str, explanation: Explanation) -> None:
    """Take any reason out and re-rank; the smallest change that does it."""
    if explanation.state == "consumed" or explanation.rank is None:
        return
    parts = _reasons(explanation)
    st.header("Put it to the test")
    if not parts:
        st.caption("No history item carries any of this score, so there is nothing to take out.")
        return
    wish = address.wish("test")
    test = wish if wish in parts else None  # `check` has said so of another one
    address.settle("test", test)
    offered = list(parts)[:_OFFERED]
    if test is not None and test not in offered:
        offered.append(test)
    pickers.choose(
        "Take a reason out and rank again",
        offered,
        "test",
        test,
        lambda key: option(f"{parts[key].label}: {amount(parts[key].value)}"),
        optional=True,
        placeholder="A title of the history",
    )
    if test is not None:
        tried = why_queries.verified(selection, item, test)
        if tried is not None:
            st.markdown(plain(tried.sentence, 500))
            st.caption(f"Score with it {score(explanation.score)}, without it {score(tried.score_without)}.")
            widgets.link("whatif", "See the whole list without it →", remove=joined([test]))
    try:
        flip = why_queries.flip(selection, item)
    except SurfacedError as error:
        widgets.problem(error)
        return
    listed = explanation.rank is not None and explanation.rank <= flip.k
    st.subheader(f"The smallest change that {'drops it out of' if listed else 'brings it into'} the first {flip.k}")
    st.markdown(plain(flip.sentence, 700))
    st.caption(
        "Searched with predicted scores, then computed by passing every message again"
        + (f"; compared with {plural(flip.rivals, 'rival')}." if flip.rivals else ".")
    )
    if flip.found:
        widgets.link("whatif", "Try it →", remove=joined(flip.removed) or None, add=joined(flip.added) or None)


def units(selection: Selection, item: str, explanation: Explanation) -> None:
    """The same score by edges of the graph, or by what the item's text and groups say."""
    if explanation.state == "no_path":
        return
    st.header("The same score in other units")
    unit = _unit()
    pickers.segments("Unit", UNITS, "unit", unit)
    name = f"{explanation.model}-{explanation.user or 'own-titles'}-{explanation.item}"
    if unit == "edges":
        _edges(selection, item, name)
    elif unit == "features":
        _features(selection, item, name)
    else:
        st.caption("Parts by history item are above. Edges and features are other ways to cut the same score.")


def _edges(selection: Selection, item: str, name: str) -> None:
    edges = why_queries.edges(selection, item)
    st.caption(
        f"{edges.method}. {edges.n_edges:,} edges carry something; together "
        f"{amount(sum(g.value for g in edges.by['relation']))}, "
        f"the score {score(edges.score)} less that of the empty graph {score(edges.empty_score)}; "
        f"error {edges.completeness_error:.1e}."
    )
    tabs = st.tabs([f"By {plain(by, 40)}" for by in edges.by] + ["Largest edges"])
    whole = edges.score - edges.empty_score
    for tab, (by, groups) in zip(tabs, edges.by.items(), strict=False):
        with tab:
            rows = [(g.label, g.value, 100 * g.value / whole if whole else None, g.n_edges) for g in groups]
            frame = pd.DataFrame(rows, columns=[by, "amount", "% of the score", "edges"])
            widgets.table(frame, f"edges-{by}-{name}", f"Edge amounts by {by}", what=f"edges by {by}")
    with tabs[-1]:
        largest = [(clean(e.source, 60), e.relation, clean(e.target, 60), e.value, e.when) for e in edges.edges]
        frame = pd.DataFrame(largest, columns=["from", "relation", "to", "amount", "when"])
        widgets.table(frame, f"edges-{name}", "The edges that carry most", what="largest edges")


def _features(selection: Selection, item: str, name: str) -> None:
    features = why_queries.features(selection, item)
    if features is None:
        st.info(
            "This model reads no words and no features. A model on content does; fit one, then pick it in the sidebar:"
        )
        for name in [model.name for model in queries.models().values() if model.explains_features][:1]:
            widgets.command(command("fit", "--workspace", selection.name, "--model", name))
        return
    st.caption(f"{features.method}. Completeness error {features.completeness_error:.1e}.")
    rows = [(p.group, p.name, p.value) for p in features.parts]
    widgets.table(
        pd.DataFrame(rows, columns=["group", "feature", "amount"]),
        f"features-{name}",
        "The score by feature",
        what="features",
    )
