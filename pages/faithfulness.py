"""The proof: how faithful the explanations are, beside what everyone else uses, and what was found of planted causes."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import streamlit as st

from core.errors import SurfacedError
from core.texts import command
from explain.answers import FaithfulnessReport
from explain.figures import flow_svg
from explain.figures_proof import method_bars
from explain.flow_labels import clean
from explain.tasks import Task
from explain.types import Explanation
from pages import _ask, _ask_more, _frame, _here, _jobs, _parts, _pick
from pages._text import count, lead, percent, plain, score

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
    spot = _parts.place()
    _parts.notices()
    lead("A picture of reasons is worth what happens when the reasons are taken away.")
    report = _ask.workbench().stored_faithfulness(spot.name, spot.model, users=USERS)
    if report is None:
        _not_yet(spot)
    else:
        _methods(spot, report)
        _randomised(report)
        if report.planted:
            _planted(spot, report)
    _lie_detector(spot)


def _not_yet(spot: _here.Here) -> None:
    title = _ask.models()[spot.model].title
    st.info(
        f"{plain(title)} was not put to the test on this data yet. It takes a minute or a few: everything is computed anew for each deletion."
    )
    work = Task("faithfulness", {"workspace": spot.name, "model": spot.model, "users": USERS})
    _jobs.panel(
        f"faithfulness-{'-'.join(spot.base)}", "Put it to the test", f"Testing {title}", work,
        command("faithfulness", "--workspace", spot.name, "--model", spot.model),
    )  # fmt: skip


def _methods(spot: _here.Here, report: FaithfulnessReport) -> None:
    st.header("Ours beside the usual methods")
    st.caption(
        f"{count(report.n_users)} people drawn at random ({count(report.n_short)} were skipped: histories under six items); the first item of each list. "
        "Every deletion passes all messages again. Lines are 95 % intervals over people."
    )
    columns = st.columns(len(MEASURES), gap="medium")
    for column, (measure, meaning) in zip(columns, MEASURES.items(), strict=True):
        with column:
            st.subheader(measure)
            st.caption(meaning)
            _parts.chart(
                method_bars(report, measure, theme=_parts.theme()),
                f"methods-{measure}",
                f"{measure} of every method with intervals",
            )
    _parts.table(
        method_frame(report.methods),
        f"faithfulness-{spot.name}-{spot.model}",
        "Every method with its measures and times",
        what="methods",
    )
    st.caption(
        "Leave-one-out is the ceiling: it tries every deletion. Our contrastive form says the same without trying."
    )


def method_frame(rows: tuple[dict[str, Any], ...]) -> pd.DataFrame:
    """Means, intervals, the paired difference to our default form, and time."""
    made = []
    for row in rows:
        cells: dict[str, Any] = {"method": row["method"]}
        for measure in MEASURES:
            gap = row[f"{measure}_beyond_ours"]
            cells[measure] = row[measure]
            cells[f"{measure} interval"] = f"{row[f'{measure}_low']:.3f} to {row[f'{measure}_high']:.3f}"
            cells[f"{measure} beyond ours"] = f"{gap['value']:+.3f} ({gap['low']:+.3f} to {gap['high']:+.3f})"
        made.append(
            cells
            | {
                "ms, median": 1e3 * row["seconds_p50"],
                "ms, p99": 1e3 * row["seconds_p99"],
                "what it is": row["meaning"],
            }
        )
    return pd.DataFrame(made)


def _randomised(report: FaithfulnessReport) -> None:
    st.header("Does it notice a meaningless model?")
    rho = report.randomised
    how = (
        "The same graph with its links rewired (everyone keeps as many): what is left is how common each item is."
        if not _ask.models()[report.model].learnt_vectors
        else "The same network with random vectors in the place of the learnt ones."
    )
    st.markdown(
        f"{how} Rank correlation of the reasons with those of the real model: **{rho['value']:.2f}** "
        f"({rho['low']:.2f} to {rho['high']:.2f}); 1 would mean that the explanation does not look at the model."
    )


def _planted(spot: _here.Here, report: FaithfulnessReport) -> None:
    st.header("Planted causes")
    st.caption(
        "Every event of this simulated newsroom knows why it happened. The event is taken out, explained, and the planted cause looked "
        "for among the candidates. No model ever sees the causes."
    )
    rows = []
    for row in report.planted:
        known = row["hit_1"] is not None
        rows.append(
            {
                "cause": CAUSES.get(row["cause"], row["cause"]),
                "among": row["candidates"] if known else "cannot be recovered",
                "events": row["n_events"],
                "first": percent(row["hit_1"], 1) if known else "",
                "by chance": percent(row["chance_1"], 1) if known else "",
                "in the first 3": percent(row["hit_3"], 1) if known else "",
                "by chance (3)": percent(row["chance_3"], 1) if known else "",
                "why not": row["reason"],
            }
        )
    _parts.table(
        pd.DataFrame(rows), f"planted-{spot.model}", "How often the planted cause was found", what="planted causes"
    )
    st.caption(
        "Among everything that a person had, the one article that led to another is nearly drawn by lot in this simulation: the "
        "low figure is a limit of what can be known, and it is shown."
    )


def _lie_detector(spot: _here.Here) -> None:
    st.header("Lie detector")
    known = _ask.models()
    exact, usual_one = known[_ask.default_model()], next(model for model in known.values() if not model.exact)
    st.caption(
        "The same person and item twice. Left: the usual path picture, strong paths of the graph drawn beside "
        f"{plain(usual_one.title)}. Right: our picture of our model, whose lines are the terms of its score."
    )
    fitted = {s.model: s for s in spot.fitted}
    if not {usual_one.name, exact.name} <= set(fitted):
        missing = usual_one.name if usual_one.name not in fitted else exact.name
        st.info("Both models have to be fitted for this. Fit the other one on the page Models, or type:")
        _parts.command(command("fit", "--workspace", spot.name, "--model", missing))
        return
    item = spot.item or _first(spot)
    if item is None:
        st.info("Pick a person with a list first.")
        return
    with st.sidebar:
        if not spot.own_titles:
            _pick.person("Person", spot.workspace, spot.user)
        _pick.item("Item", "item", spot.workspace, item)
    try:
        usual = _ask_more.usual_picture(spot, usual_one.name, item)
        snapshot = fitted[exact.name].snapshot
        ours = _ask.why(spot.name, exact.name, snapshot, item, user=spot.user, history=spot.history)
    except SurfacedError as error:
        _parts.problem(error)
        return
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(f"The usual picture, over {plain(usual_one.title)}")
        st.markdown(
            f"All paths of the graph together carry **{percent(usual.path_share, 2)}** of this score {score(usual.score)}."
        )
        _picture(usual, f"Usual path picture; such paths carry {percent(usual.path_share, 2)} of the score")
        st.caption(
            "It looks convincing. The rest of the score is the model's memory and jumps between vectors, which no path shows."
        )
    with right:
        st.subheader(f"Ours, over the {plain(exact.title[:1].lower() + exact.title[1:])}")
        st.markdown(
            f"The lines carry **{percent(ours.path_share, 1)}** of this score {score(ours.score)}; error {ours.completeness_error:.0e}."
        )
        _picture(ours, clean(ours.sentence, 300))
        st.caption("What is not drawn singly is drawn as a bundle; the lines into the item add up to the score.")
    _parts.link("why", "Look behind the lines →", item=item, model=exact.name)


def _picture(found: Explanation, alt: str) -> None:
    if found.bundles:
        kinds = _ask.workbench().kind_words(found.workspace)
        st.image(flow_svg(found, theme=_parts.theme(), kinds=kinds), width="stretch", alt=alt)
    else:
        st.caption("No path of the graph leads to it.")


def _first(spot: _here.Here) -> str | None:
    if spot.own_titles and not spot.history:
        return None
    listed = _ask.recommend(*spot.base, user=spot.user, history=spot.history, k=1)
    return listed.items[0].item if listed.items else None


if __name__ == "__main__":  # Streamlit runs a page as a script; tests import it
    _frame.run(page)
