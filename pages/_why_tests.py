"""A reason put to the test: taken out and re-propagated, the smallest change that flips the list, and amounts by other units."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.errors import SurfacedError, shown
from core.texts import command, joined
from explain.flow_labels import amount, clean
from explain.types import Explanation, Part
from pages import _ask, _ask_more, _here, _parts, _pick, _state
from pages._text import many, option, plain, score

UNITS = {"history": "History items", "edges": "Edges of the graph", "features": "Words and features"}
_OFFERED = 60


def check(found: Explanation) -> None:
    """What the address asks of this part of the page and cannot be had becomes a notice. Asked before the notices are drawn."""
    _unit()
    asked = _state.wish("test")
    if asked and found.state != "consumed" and asked not in _reasons(found):
        _state.notice(
            f"{shown(asked)} is no item of the history that carries any of this score, so it cannot be taken out as a reason. "
            "It was left out."
        )


def _unit() -> str:
    """The unit; the usual one does not stand in the address."""
    unit = _here.one_of("unit", list(UNITS), "history")
    _state.settle("unit", unit if unit != "history" else None)
    return unit


def _reasons(found: Explanation) -> dict[str, Part]:
    """History items that carry some of the score by id, the largest first."""
    ranked = sorted(found.parts, key=lambda p: -abs(p.value))
    return {p.id: p for p in ranked if p.kind == "history" and p.value}


def guarded(spot: _here.Here, item: str) -> str | None:
    """Where the visitor came from a list under a guardrail: what that rule did to the item's place. Never hidden.

    Asked before the notices are drawn, since a rule that cannot be read is one of them.
    """
    rule = _state.wish("guard")
    if not rule or spot.user is None:
        return None
    try:
        note = _ask.workbench().guard_note(spot.name, spot.model, [rule], user=spot.user, item=item, k=spot.k)
    except SurfacedError as error:
        _state.notice(f"The guardrail of the address was left out. {error}")
        return None
    _state.settle("guard", rule)
    return note or "The guardrail of this list left the item where its score puts it."


def badge(spot: _here.Here, item: str, found: Explanation) -> None:
    """The strongest reason, tried out: predicted from its parts, then computed."""
    if found.state != "ok":
        return
    tried = _ask_more.verified(spot, item)
    if tried is not None:
        st.markdown(f"**Verified.** {plain(tried.sentence, 500)}")


def section(spot: _here.Here, item: str, found: Explanation) -> None:
    """Take any reason out and re-rank; the smallest change that does it."""
    if found.state == "consumed":
        return
    parts = _reasons(found)
    st.header("Put it to the test")
    if not parts:
        st.caption("No history item carries any of this score, so there is nothing to take out.")
        return
    asked = _state.wish("test")
    test = asked if asked in parts else None  # `check` has told of another one
    _state.settle("test", test)
    offered = list(parts)[:_OFFERED]
    if test is not None and test not in offered:
        offered.append(test)
    _pick.choose(
        "Take a reason out and rank again", offered, "test", test,
        lambda key: option(f"{parts[key].label}: {amount(parts[key].value)}"), optional=True,
        placeholder="A title of the history",
    )  # fmt: skip
    if test is not None:
        tried = _ask_more.verified(spot, item, test)
        if tried is not None:
            st.markdown(plain(tried.sentence, 500))
            st.caption(f"Score with it {score(found.score)}, without it {score(tried.score_without)}.")
            _parts.link("whatif", "See the whole list without it →", remove=joined([test]))
    try:
        flip = _ask_more.flip(spot, item)
    except SurfacedError as error:
        _parts.problem(error)
        return
    listed = found.rank is not None and found.rank <= flip.k
    st.subheader(f"The smallest change that {'drops it out of' if listed else 'brings it into'} the first {flip.k}")
    st.markdown(plain(flip.sentence, 700))
    st.caption(
        "Searched with predicted scores, then computed by passing every message again"
        + (f"; compared with {many(flip.rivals, 'rival')}." if flip.rivals else ".")
    )
    if flip.found:
        _parts.link("whatif", "Try it →", remove=joined(flip.removed) or None, add=joined(flip.added) or None)


def units(spot: _here.Here, item: str, found: Explanation) -> None:
    """The same score by edges of the graph, or by what the item's text and groups say."""
    if found.state == "no_path":
        return
    st.header("The same score in other units")
    unit = _unit()
    _pick.segments("Unit", UNITS, "unit", unit)
    name = f"{found.model}-{found.user or 'own-titles'}-{found.item}"
    if unit == "edges":
        _edges(spot, item, name)
    elif unit == "features":
        _features(spot, item, name)
    else:
        st.caption("Parts by history item are above. Edges and features are other ways to cut the same score.")


def _edges(spot: _here.Here, item: str, name: str) -> None:
    edges = _ask_more.edges(spot, item)
    st.caption(
        f"{edges.method}. {edges.n_edges:,} edges carry something; together {amount(sum(g.value for g in edges.by['relation']))}, "
        f"the score {score(edges.score)} less that of the empty graph {score(edges.empty_score)}; error {edges.completeness_error:.1e}."
    )
    tabs = st.tabs([f"By {plain(by, 40)}" for by in edges.by] + ["Largest edges"])
    whole = edges.score - edges.empty_score
    for tab, (by, groups) in zip(tabs, edges.by.items(), strict=False):
        with tab:
            rows = [(g.label, g.value, 100 * g.value / whole if whole else None, g.n_edges) for g in groups]
            frame = pd.DataFrame(rows, columns=[by, "amount", "% of the score", "edges"])
            _parts.table(frame, f"edges-{by}-{name}", f"Edge amounts by {by}", what=f"edges by {by}")
    with tabs[-1]:
        rows = [(clean(e.source, 60), e.relation, clean(e.target, 60), e.value, e.when) for e in edges.edges]
        frame = pd.DataFrame(rows, columns=["from", "relation", "to", "amount", "when"])
        _parts.table(frame, f"edges-{name}", "The edges that carry most", what="largest edges")


def _features(spot: _here.Here, item: str, name: str) -> None:
    found = _ask_more.features(spot, item)
    if found is None:
        st.info(
            "This model reads no words and no features. A model on content does; fit one, then pick it in the sidebar:"
        )
        for name in [model.name for model in _ask.models().values() if model.explains_features][:1]:
            _parts.command(command("fit", "--workspace", spot.name, "--model", name))
        return
    st.caption(f"{found.method}. Completeness error {found.completeness_error:.1e}.")
    rows = [(p.group, p.name, p.value) for p in found.parts]
    _parts.table(
        pd.DataFrame(rows, columns=["group", "feature", "amount"]),
        f"features-{name}",
        "The score by feature",
        what="features",
    )
