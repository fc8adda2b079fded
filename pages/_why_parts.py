"""The parts of a score and what they are compared with: another item, another model, single walks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.errors import SurfacedError
from core.texts import command
from explain.figures import path_network, waterfall
from explain.flow_labels import amount, column_words
from explain.types import Explanation, Part
from pages import _ask, _here, _parts, _pick, _state
from pages._text import percent, plain, score
from pages._why_picture import path_frame
from pages.components.path_graph import path_graph

KIND_WORDS = {
    "history": "from the history",
    "jump": "latent jump",
}


def waterfall_section(spot: _here.Here, found: Explanation) -> None:
    st.header("What the score is made of")
    silent = sum(part.kind == "history" and not part.value for part in found.parts)
    st.caption(
        f"Every part is a term of the score; together they are {score(found.score)}."
        + (f" History items that give nothing to it ({silent:,}) are left out." if silent else "")
    )
    bars, rows = st.columns(2, gap="medium")
    with bars:
        _parts.chart(_bars(found, 12), "waterfall", _waterfall_alt(found))
    with rows:
        _parts.table(
            parts_frame(found.parts, found.score, _ask.workbench().relation_words(spot.name)), f"parts-{found.model}-{found.user or 'own-titles'}-{found.item}",
            "The parts of the score with their amounts", what="parts",
        )  # fmt: skip


def _bars(found: Explanation, top: int) -> go.Figure:
    figure = waterfall(found, top, theme=_parts.theme())
    return figure.update_xaxes(title_text="Amount of the score")  # the unit stands beside the score, above


def _waterfall_alt(found: Explanation) -> str:
    return f"Waterfall of {len(found.parts)} parts that add up to the score {score(found.score)}; the table beside it holds the same."


def parts_frame(parts: Sequence[Part], whole: float, words: Mapping[str, str]) -> pd.DataFrame:
    """Parts that give something, from the largest to the smallest; relations as columns of their own."""
    relations = sorted({name for part in parts for name, value in part.relations.items() if value})
    titles = {name: words.get(name, column_words(name)) for name in relations}
    ranked = sorted((p for p in parts if p.value), key=lambda p: (-abs(p.value), p.kind, p.id))
    kinds = KIND_WORDS | _ask.workbench().constant_labels()
    rows = [
        {
            "part": p.label,
            "amount": p.value,
            "% of the score": 100 * p.value / whole if whole else None,
            "kind": kinds.get(p.kind, p.kind),
        }
        | {title: p.relations.get(name, 0.0) for name, title in titles.items()}
        for p in ranked
    ]
    return pd.DataFrame(rows, columns=["part", "amount", "% of the score", "kind", *titles.values()])


def against_section(spot: _here.Here, item: str, other: str | None, found: Explanation) -> None:
    st.header("Why not …?")
    _pick.item("Compare with another item", "against", spot.workspace, other, optional=True, placeholder="Type a title")
    rival = found.against
    if rival is None:
        return
    st.markdown(
        plain(rival.sentence, 600)
        or f"{plain(found.label)} scores {score(found.score)}, {plain(rival.label)} {score(rival.score)}."
    )
    place = f"rank {rival.rank:,} of all candidates" if rival.rank else "in the history already"
    st.caption(plain(f"{rival.label}: score {score(rival.score)}, {place}.", 300))
    _parts.table(
        two_sided(found, rival.parts, rival.label), f"against-{found.model}-{found.item}-{rival.item}",
        "What each part gives to the one item and to the other", what="both items",
    )  # fmt: skip
    _parts.link(
        "why", f"Why “{plain(rival.label, 60)}” stands where it does, and what would move it →", item=rival.item
    )


def two_sided(found: Explanation, parts: Sequence[Part], rival: str) -> pd.DataFrame:
    """The same part for both items side by side, the largest difference first."""
    mine = {(p.kind, p.id): p for p in found.parts}
    theirs = {(p.kind, p.id): p for p in parts}
    rows = []
    for key in mine.keys() | theirs.keys():
        here, there = mine.get(key), theirs.get(key)
        ours, other = (here.value if here else 0.0), (there.value if there else 0.0)
        rows.append(((here or there).label, ours, other, ours - other))  # type: ignore[union-attr]
    rows.sort(key=lambda row: (-abs(row[3]), row[0]))
    return pd.DataFrame(rows, columns=["part", f"{found.label[:40]} (this)", f"{rival[:40]} (other)", "difference"])


def other_model(spot: _here.Here) -> str | None:
    """The model to show beside, if one was asked for that is fitted."""
    others = [s.model for s in spot.fitted if s.model != spot.model]
    return _here.one_of("other", others, "") or None if _state.wish("other") else None


def model_section(spot: _here.Here, item: str) -> None:
    """The same item under another model, if one is fitted; else how to get one."""
    st.header("The same item under another model")
    known = _ask.models()
    others = [s for s in spot.fitted if s.model != spot.model]
    wished = other_model(spot)
    if others:
        _pick.choose("Other model", [s.model for s in others], "other", wished, lambda m: known[m].title,
                     optional=True, placeholder="Pick a model to look at side by side")  # fmt: skip
    missing = [m for m in known.values() if wished is None and m.name not in {s.model for s in spot.fitted}]
    for model in missing:
        st.caption(f"{plain(model.title)} is not fitted to this data yet. Fit it on the page Models, or type:")
        _parts.command(command("fit", "--workspace", spot.name, "--model", model.name))
    if missing:
        _parts.link("models", "Go to Models")
    if not wished:
        return
    other = next(s for s in others if s.model == wished)
    try:
        second = _ask.why(spot.name, other.model, other.snapshot, item, user=spot.user, history=spot.history)
    except SurfacedError as error:
        _parts.problem(error)
        return
    first = _ask.why(*spot.base, item, user=spot.user, history=spot.history)
    for side, found in zip(st.columns(2, gap="large"), (first, second), strict=True):
        with side:
            _side(found, known[found.model].title)
    st.subheader(f"Paths under {plain(known[second.model].title)}")
    st.caption(
        "Long dashes are a jump through what the model learnt: nobody's behaviour links its ends, so it is drawn as what it is."
    )
    path_graph(
        path_network(second, theme=_parts.theme(), kinds=_ask.workbench().kind_words(spot.name)), key="picture-other"
    )


def _side(found: Explanation, title: str) -> None:
    st.subheader(plain(title))
    st.markdown(plain(found.sentence, 600))
    rank = f"rank {found.rank}" if found.rank else "not in the list"
    st.caption(
        f"Score {score(found.score)}, {rank}; {percent(found.path_share)} of it over observed links; memory {amount(_memory(found))}"
    )
    _parts.chart(_bars(found, 8), f"waterfall-{found.model}", _waterfall_alt(found))


def _memory(found: Explanation) -> float:
    personal = _ask.workbench().personal_constants()
    return sum(part.value for part in found.parts if part.kind in personal)


def listed(found: Explanation) -> str:
    """How many walks are listed singly, and whether something stands beside them that takes none."""
    n_walks = sum(len(path.hops) > 1 for path in found.paths)
    beside = " and what takes no path" if n_walks < len(found.paths) else ""
    return f"{n_walks} best of {found.n_paths:,} single paths{beside}"


def paths_section(spot: _here.Here, found: Explanation) -> None:
    st.header("Best single paths")
    st.caption(
        f"{listed(found)}. They carry {percent(found.coverage, 1)} of all amounts, "
        f"the rest {percent(found.residual, 1)}; the picture above bundles all of them."
    )
    _parts.table(
        path_frame(found.paths, found.score), f"paths-{found.model}-{found.user or 'own-titles'}-{found.item}",
        "The best single walks from the person to the item", what="single paths",
    )  # fmt: skip
