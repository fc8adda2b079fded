"""The picture of a score: a canvas to click, a drawing to print, a table; and what stands behind a picked piece."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.errors import shown
from explain.charts.bars import flow_svg, path_network
from explain.charts.flow_layout import bundle_key
from explain.format.dates import dated
from explain.format.numbers import amount
from explain.format.text import clean
from explain.results.explanation import Bundle, Evidence, Explanation, Path
from pages.frame import address, pickers, queries, widgets, wishes
from pages.frame.components.path_graph import path_graph
from pages.frame.selection import Selection
from pages.frame.text import option, plain
from pages.why import queries as why_queries

CANVAS = "picture"
VIEWS = {"picture": "Picture", "drawing": "Drawing (SVG)", "table": "Table"}


@st.fragment
def section(selection: Selection, item: str, explanation: Explanation) -> None:
    """Runs alone when a piece is picked, so that its evidence is there at once."""
    address.read_fragment()
    st.header("The paths")
    st.caption(
        "From left to right: the person, what they have had, who or what connects it, the item. "
        "Widths are amounts of the score; "
        "all lines into the item add up to it. Pick a point or a line to see what stands behind it."
        if explanation.n_paths
        else "This model has no paths here: it walks over no links of the graph. A line from the person "
        "to the item stands for what "
        "takes none, such as popularity, and is the whole score."
    )
    how = view()
    pickers.segments("Show as", VIEWS, "show", how)
    names = pieces(explanation)
    at = _picked(names)
    if how == "picture":
        _draw(explanation, at)
    elif how == "drawing":
        st.image(
            flow_svg(explanation, theme=widgets.theme(), kinds=_kinds(explanation)),
            width="stretch",
            alt=clean(explanation.sentence, 300),
        )
    else:
        widgets.rows(bundle_frame(explanation), "Every bundle of walks with its amounts for and against")
    _downloads(explanation)
    pickers.choose(
        "Look behind",
        list(names),
        "at",
        at,
        lambda key: names.get(key, key),
        optional=True,
        placeholder="A point or a line of the picture",
    )
    address.settle("at", at)
    if at is not None:
        _evidence_panel(
            selection,
            why_queries.evidence(selection, item, at),
            explanation.score,
        )
        _item_links(explanation, at)
    st.caption("This address opens what you see in any browser that reaches this server:")
    widgets.command(address.permalink("why"))
    address.publish("why")


def view() -> str:
    """How the picture is shown; the usual way does not stand in the address."""
    how = wishes.one_of("show", list(VIEWS), "picture")
    address.settle("show", how if how != "picture" else None)
    return how


def pieces(explanation: Explanation) -> dict[str, str]:
    """Key → name of every node and bundle, nodes first, the largest first."""
    label = {n.key: clean(n.label, 50) for n in explanation.nodes}
    nodes = sorted(explanation.nodes, key=lambda n: (n.hop, n.value_against - n.value_for, n.key))
    bundles = sorted(explanation.bundles, key=lambda b: (b.hop, b.value_against - b.value_for, bundle_key(b)))
    named = {n.key: option(f"{n.label}: {amount(n.value_for - n.value_against)}") for n in nodes}
    return named | {
        bundle_key(b): option(f"{label[b.source]} → {label[b.target]}: {amount(b.value_for - b.value_against)}", 130)
        for b in bundles
    }


def check(explanation: Explanation) -> None:
    """A piece of the address that this picture lacks becomes a notice. Asked before the page draws its notices."""
    at = address.wish("at")
    if _picked(pieces(explanation)) is None and at:
        address.notice(
            f"The picture has no point or line {shown(at)}: nothing is looked behind. Pick one that is drawn."
        )


def _picked(names: dict[str, str]) -> str | None:
    at = address.wish("at")
    if at is not None and at not in names:
        address.forget("at")
        return None
    return at


def _kinds(explanation: Explanation) -> dict[str, str]:
    return queries.workbench().models.kind_words(explanation.workspace)


def _draw(explanation: Explanation, at: str | None) -> None:
    data = path_network(explanation, theme=widgets.theme(), selected=at, kinds=_kinds(explanation))
    path_graph(data, key=CANVAS, on_pick=_take_pick)


def _take_pick() -> None:
    """A click on the canvas is the wish `at`; whether the picture has such a piece is checked when it is drawn."""
    picked = st.session_state[CANVAS].get("selected")
    address.put("at", picked if isinstance(picked, str) else None)


def bundle_frame(explanation: Explanation) -> pd.DataFrame:
    """The picture as numbers: one row a bundle."""
    label = {n.key: clean(n.label) for n in explanation.nodes}

    def row(b: Bundle) -> tuple[object, ...]:
        kind = "observed" if b.solid else "jump"
        net = b.value_for - b.value_against
        return b.hop, label[b.source], label[b.target], b.label, b.value_for, b.value_against, net, b.n_paths, kind

    columns = ["hop", "from", "to", "link", "for", "against", "net", "walks", "kind"]
    return pd.DataFrame([row(b) for b in explanation.bundles], columns=columns)


def _downloads(explanation: Explanation) -> None:
    name = f"why-{explanation.model}-{explanation.user or 'own-titles'}-{explanation.item}"
    light = "light"
    with st.container(horizontal=True):
        widgets.csv(bundle_frame(explanation), f"{name}-bundles", "the picture")
        st.download_button(
            "SVG",
            lambda: flow_svg(explanation, theme=light, kinds=_kinds(explanation)),
            widgets.file_name(name, "svg"),
            "image/svg+xml",
            on_click="ignore",
            help="Download the drawing",
        )
        st.download_button(
            "GraphML",
            lambda: queries.workbench().explain.graphml(explanation),
            widgets.file_name(name, "graphml"),
            "application/xml",
            on_click="ignore",
            help="Download the picture as a graph for other programs",
        )


def _evidence_panel(selection: Selection, evidence: Evidence, whole: float) -> None:
    """What stands behind one piece: facts, its best walks, the rest as one line."""
    with st.container(border=True):
        st.subheader(plain(evidence.title, 160))
        st.markdown(f"{evidence.n_paths:,} walks run through it.")
        if evidence.facts:
            st.markdown("\n".join(f"- {plain(fact, 300)}" for fact in evidence.facts))
        if evidence.paths:
            widgets.rows(path_frame(evidence.paths, whole), "The best single walks through this piece")
        if evidence.rest_paths:
            st.caption(f"{evidence.rest_paths:,} further walks carry {amount(evidence.rest_value)} together.")


def _item_links(explanation: Explanation, at: str) -> None:
    """From a piece to the items that it names, over all people."""
    bundle = next((b for b in explanation.bundles if bundle_key(b) == at), None)
    ends = {at} if bundle is None else {bundle.source, bundle.target}
    for node in explanation.nodes:
        if node.key in ends and node.kind in ("history", "item", "target") and node.merged == 1:
            widgets.link("item", f"Who gets “{plain(node.label, 60)}”? →", item=node.id)


def path_frame(paths: tuple[Path, ...], whole: float) -> pd.DataFrame:
    """Single walks as rows: amount, share of the score, every step in words, whether all of it was observed."""
    rows = [(p.value, 100 * p.value / whole if whole else None, walk_text(p), kind_text(p)) for p in paths]
    return pd.DataFrame(rows, columns=["amount", "% of the score", "walk", "kind"])


def walk_text(path: Path) -> str:
    """ "person 405 → Pulp Fiction → person 3 of 118 → Fargo" """
    if not path.hops:
        return ""
    return " → ".join(
        [clean(path.hops[0].source_label, 60), *(dated(clean(hop.target_label, 60), hop.when) for hop in path.hops)]
    )


def kind_text(path: Path) -> str:
    return "observed" if all(hop.solid for hop in path.hops) else "with a jump"
