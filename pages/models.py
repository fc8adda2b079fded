"""The models side by side: accuracy with intervals, how readable they are, cost, what they learnt; fitting and measuring here."""

from __future__ import annotations

import re

import pandas as pd
import streamlit as st

from core.texts import command
from explain.figures import MetricBar, metric_bars
from explain.tasks import Task
from explain.types import EvaluationReport, ModelInfo, SnapshotInfo
from pages import _ask, _frame, _here, _jobs, _measured, _parameters, _parts, _pick
from pages._text import interval, minute, percent, plain, seconds, unread


def _shown(at: int) -> dict[str, str]:
    """The measures that are shown, at a length of the list, and what they are called."""
    return {
        f"recall@{at}": f"Recall@{at}",
        f"ndcg@{at}": f"nDCG@{at}",
        f"hit@{at}": f"Hit rate@{at}",
        f"coverage@{at}": f"Catalogue coverage@{at}",
    }


def page() -> None:
    st.title("Models")
    where = _here.workspace()
    if where is None:
        _parts.nothing_ready()
        return
    spot = _here.here()
    if spot is not None:
        _parts.sidebar(spot)
    known = _ask.models()
    fitted = {s.model: s for s in _ask.fitted(where.name)}
    split = _here.one_of("split", list(_measured.SPLITS), _measured.usual_split(where.name, fitted))
    _parts.notices()
    reports = {name: r for name in fitted if (r := _measured.report(where.name, name, split)) is not None}
    _accuracy(known, fitted, reports, split, _measured.at(where.name))
    st.header("Each model")
    for model in known.values():
        _model(where.name, model, fitted.get(model.name), reports.get(model.name), split)
    if spot is not None:
        st.header(f"What the {plain(known[spot.model].title)} learnt")
        _parameters.section(spot.snapshot, _ask.workbench().relation_words(spot.name), known[spot.model].effects)
        _cards(spot, known[spot.model].title)


def _accuracy(
    known: dict[str, ModelInfo],
    fitted: dict[str, SnapshotInfo],
    reports: dict[str, EvaluationReport],
    split: str,
    at: int,
) -> None:
    st.header("Side by side")
    _pick.choose("Measured how", list(_measured.SPLITS), "split", split, lambda name: _measured.SPLITS[name])
    if reports:
        metric = f"recall@{at}"
        bars = [
            MetricBar(known[n].title, m["value"], m.get("low"), m.get("high"))
            for n, r in reports.items()
            if (m := r.metrics.get(metric))
        ]
        n_users = max(r.n_users for r in reports.values())
        st.caption(
            f"Recall@{at} on hidden events (split “{split}”), n = {n_users:,} people, 95 % intervals over people. More is better."
        )
        _parts.chart(
            metric_bars(bars, metric=_shown(at)[metric], theme=_parts.theme()),
            "accuracy",
            f"Recall@{at} of {len(bars)} models; the table below holds the same.",
        )
    else:
        st.info(
            "No model is measured in this way yet. “Measure” below hides events, fits again without them and looks how many the lists find."
        )
    _parts.table(
        models_frame(known, fitted, reports, at),
        "models",
        "Accuracy, readability and cost of each model",
        what="models",
    )


def models_frame(
    known: dict[str, ModelInfo], fitted: dict[str, SnapshotInfo], reports: dict[str, EvaluationReport], at: int
) -> pd.DataFrame:
    """One row a model; "–" where something was not measured."""
    rows = []
    for name, model in known.items():
        report, snapshot = reports.get(name), fitted.get(name)
        row: dict[str, object] = {"model": model.title}
        for key, title in _shown(at).items():
            found = report.metrics.get(key) if report else None
            row[title] = interval(found["value"], found.get("low"), found.get("high")) if found else "–"
        both = _measured.readable(snapshot, report)
        row["path share"] = percent(both[0]) if both else "–"
        row["gross / net"] = f"{both[1]:.2f}" if both else "–"
        row["time to fit"] = seconds(snapshot.seconds) if snapshot else "not fitted"
        row["every term drawn"] = "yes" if model.exact else "no: memory and jumps are left"
        rows.append(row)
    return pd.DataFrame(rows)


def _model(
    workspace: str, model: ModelInfo, snapshot: SnapshotInfo | None, report: EvaluationReport | None, split: str
) -> None:
    with st.container(border=True):
        st.subheader(plain(model.title))
        st.markdown(f"{plain(model.summary, 400)} Source: {plain(model.source, 300)}.")
        if snapshot is None:
            st.caption("Not fitted to this data yet.")
            _jobs.panel(
                f"fit-{workspace}-{model.name}", f"Fit {plain(model.title)}", f"Fitting {model.title}",
                Task("fit", {"workspace": workspace, "model": model.name}),
                command("fit", "--workspace", workspace, "--model", model.name),
            )  # fmt: skip
            return
        seed = f"seed {snapshot.seed}, snapshot {snapshot.snapshot}"
        st.caption(f"Fitted in {seconds(snapshot.seconds)} on {minute(snapshot.created)}; {plain(seed)}.")
        if report is not None:
            n = f"n = {report.n_users:,} people" + (
                f", {report.n_cold_users:,} without a past left out" if report.n_cold_users else ""
            )
            st.caption(f"Measured on split “{report.split}”, {n}; the fit for it took {seconds(report.seconds)}.")
            return
        _jobs.panel(
            f"measure-{workspace}-{model.name}-{split}", f"Measure {plain(model.title)}", f"Measuring {model.title}",
            Task("evaluate", {"workspace": workspace, "model": model.name, "split": split, "k": _measured.at(workspace)}),
            command("evaluate", "--workspace", workspace, "--model", model.name, "--split", split, "-k", str(_measured.at(workspace))),
        )  # fmt: skip


def _cards(spot: _here.Here, title: str) -> None:
    """The model card to read, and both cards as files."""
    bench = _ask.workbench()
    text = bench.model_card_text(spot.name, spot.model)
    st.header("Cards")
    with st.expander(f"Model card of {plain(title)}"):
        st.markdown(unread(re.sub(r"^#+ ", "#### ", text, flags=re.MULTILINE)))
    left, right = st.columns(2)
    left.download_button(
        "Model card (Markdown)", text, _parts.file_name(f"model-card-{spot.name}-{spot.model}", "md"), "text/markdown",
        key="model-card", on_click="ignore", width="stretch",
    )  # fmt: skip
    right.download_button(
        "Data card (Markdown)", lambda: bench.data_card_text(spot.name), _parts.file_name(f"data-card-{spot.name}", "md"), "text/markdown",
        key="data-card", on_click="ignore", width="stretch",
    )  # fmt: skip


if __name__ == "__main__":  # Streamlit runs a page as a script; tests import it
    _frame.run(page)
