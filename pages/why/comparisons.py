"""What an explanation is compared with: another item, another model."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.errors import SurfacedError
from explain.charts.bars import path_network
from explain.format.numbers import amount
from explain.results.explanation import Explanation, Part
from pages.frame import address, pickers, queries, widgets, wishes
from pages.frame.components.path_graph import path_graph
from pages.frame.selection import Selection
from pages.frame.text import percent, plain, score
from pages.why import parts as why_parts


def other_item(selection: Selection) -> str | None:
    """The item of "why not …?", if it exists."""
    other = wishes.existing_item(selection.workspace, "against")
    if other is not None and other == selection.item:
        address.notice("An item cannot be compared with itself: pick another one.")
        other = None
    address.settle("against", other)
    return other


def against_section(selection: Selection, item: str, other: str | None, explanation: Explanation) -> None:
    st.header("Why not …?")
    pickers.item(
        "Compare with another item", "against", selection.workspace, other, optional=True, placeholder="Type a title"
    )
    rival = explanation.against
    if rival is None:
        return
    st.markdown(
        plain(rival.sentence, 600)
        or f"{plain(explanation.label)} scores {score(explanation.score)}, {plain(rival.label)} {score(rival.score)}."
    )
    place = f"rank {rival.rank:,} of all candidates" if rival.rank else "in the history already"
    st.caption(plain(f"{rival.label}: score {score(rival.score)}, {place}.", 300))
    widgets.table(
        two_sided(explanation, rival.parts, rival.label),
        f"against-{explanation.model}-{explanation.item}-{rival.item}",
        "What each part gives to the one item and to the other",
        what="both items",
    )
    widgets.link(
        "why", f"Why “{plain(rival.label, 60)}” stands where it does, and what would move it →", item=rival.item
    )


def two_sided(explanation: Explanation, parts: Sequence[Part], rival: str) -> pd.DataFrame:
    """The same part for both items side by side, the largest difference first."""
    mine = {(p.kind, p.id): p for p in explanation.parts}
    theirs = {(p.kind, p.id): p for p in parts}
    rows = []
    for key in mine.keys() | theirs.keys():
        sides = [part for part in (mine.get(key), theirs.get(key)) if part is not None]
        ours = mine[key].value if key in mine else 0.0
        other = theirs[key].value if key in theirs else 0.0
        rows.append((sides[0].label, ours, other, ours - other))
    rows.sort(key=lambda row: (-abs(row[3]), row[0]))
    return pd.DataFrame(
        rows, columns=["part", f"{explanation.label[:40]} (this)", f"{rival[:40]} (other)", "difference"]
    )


def other_model(selection: Selection) -> str | None:
    """The model to show beside, if one was asked for that is fitted."""
    others = [s.model for s in selection.fitted if s.model != selection.model]
    return wishes.one_of("other", others, "") or None if address.wish("other") else None


def model_section(selection: Selection, item: str) -> None:
    """The same item under another model, if one is fitted; else how to get one."""
    st.header("The same item under another model")
    known = queries.models()
    others = [s for s in selection.fitted if s.model != selection.model]
    wished = other_model(selection)
    if others:
        pickers.choose(
            "Other model",
            [s.model for s in others],
            "other",
            wished,
            lambda m: known[m].title,
            optional=True,
            placeholder="Pick a model to look at side by side",
        )
    missing = [m.title for m in known.values() if wished is None and m.name not in {s.model for s in selection.fitted}]
    if missing:
        st.caption(f"Not fitted to this data yet: {plain(', '.join(missing), 600)}. The page Models fits them.")
        widgets.link("models", "Go to Models")
    if not wished:
        return
    other = next(s for s in others if s.model == wished)
    try:
        second = queries.why(
            selection.name,
            other.model,
            other.snapshot,
            item,
            user=selection.user,
            history=selection.history,
            at=selection.at,
        )
    except SurfacedError as error:
        widgets.problem(error)
        return
    first = queries.why(*selection.base, item, user=selection.user, history=selection.history, at=selection.at)
    for side, explanation in zip(st.columns(2, gap="large"), (first, second), strict=True):
        with side:
            _side(explanation, known[explanation.model].title)
    st.subheader(f"Paths under {plain(known[second.model].title)}")
    st.caption(
        "Long dashes are a jump through what the model learnt: nobody's behaviour links its "
        "ends, so it is drawn as what it is."
    )
    path_graph(
        path_network(second, theme=widgets.theme(), kinds=queries.workbench().models.kind_words(selection.name)),
        key="picture-other",
    )


def _side(explanation: Explanation, title: str) -> None:
    st.subheader(plain(title))
    st.markdown(plain(explanation.sentence, 600))
    rank = f"rank {explanation.rank}" if explanation.rank else "not in the list"
    st.caption(
        f"Score {score(explanation.score)}, {rank}; {percent(explanation.path_share)} of it "
        f"over observed links; memory {amount(_memory(explanation))}"
    )
    widgets.chart(
        why_parts.bars(explanation, 8), f"waterfall-{explanation.model}", why_parts.waterfall_alt(explanation)
    )


def _memory(explanation: Explanation) -> float:
    personal = queries.workbench().models.personal_constants()
    return sum(part.value for part in explanation.parts if part.kind in personal)
