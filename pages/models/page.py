"""The models side by side: accuracy with intervals, readability, cost, what they learnt; fitting and measuring them."""

from __future__ import annotations

import re

import pandas as pd
import streamlit as st

from core.texts import command
from explain.charts.bars import MetricBar, metric_bars
from explain.format.dates import minute_in_words
from explain.format.numbers import plural, seconds, with_interval
from explain.results.workspace import EvaluationReport, ModelInfo, SnapshotInfo
from explain.workbench.tasks import Task
from pages.frame import jobs, measured, pickers, queries, widgets, wishes
from pages.frame.selection import Selection, chosen_workspace, selected
from pages.frame.text import percent, plain, unread
from pages.models import cohorts, cold, paired, parameters, segments


def _measures(at: int) -> dict[str, str]:
    """The measures that are shown, at a length of the list, and what they are called."""
    return {
        f"recall@{at}": f"Recall@{at}",
        f"ndcg@{at}": f"nDCG@{at}",
        f"hit@{at}": f"Hit rate@{at}",
        f"coverage@{at}": f"Catalogue coverage@{at}",
    }


def page() -> None:
    st.title("Models")
    where = chosen_workspace()
    if where is None:
        widgets.nothing_ready()
        return
    selection = selected()
    if selection is not None:
        widgets.sidebar(selection)
    known = queries.models()
    fitted = {s.model: s for s in queries.fitted(where.name)}
    possible = measured.splits(where.name)
    split = wishes.one_of("split", possible, measured.usual_split(where.name, fitted))
    people = cohorts.chosen(where.name)
    widgets.notices()
    reports = {name: r for name in fitted if (r := measured.report(where.name, name, split)) is not None}
    _accuracy(known, fitted, reports, split, possible, measured.at(where.name))
    paired.section(where.name, known, reports, measured.at(where.name))
    cohorts.section(where.name, known, reports, people, measured.at(where.name))
    first = queries.workbench().models.why_first(where.name)
    if first:
        st.caption(plain(first, 400))
    cold.section(where.name, known, fitted, measured.at(where.name))
    segments.section(where.name)
    st.header("Each model")
    for model in (m for m in known.values() if m.name in fitted):
        _model(where.name, model, fitted.get(model.name), reports.get(model.name), split)
    others = [m for m in known.values() if m.name not in fitted]
    if others:
        with st.expander(f"{plural(len(others), 'further model')} that can be fitted"):
            for model in others:
                _model(where.name, model, None, None, split)
    if selection is not None:
        st.header(f"What the {plain(known[selection.model].title)} learnt")
        words = queries.workbench().models.relation_words(selection.name)
        parameters.section(
            selection.snapshot,
            words,
            known[selection.model].effects,
            live=queries.workbench().data.card(where.name).default_split == "live",
            spanned=None if selection.span is None else selection.span[1] - selection.span[0],
        )
        _cards(selection, known[selection.model].title)


def _accuracy(
    known: dict[str, ModelInfo],
    fitted: dict[str, SnapshotInfo],
    reports: dict[str, EvaluationReport],
    split: str,
    possible: list[str],
    at: int,
) -> None:
    st.header("Side by side")
    pickers.choose("Measured how", possible, "split", split, lambda name: measured.SPLITS[name])
    st.caption(measured.LEAKS[split])
    if reports:
        metric = f"recall@{at}"
        bars = [
            MetricBar(known[n].title, m["value"], m.get("low"), m.get("high"))
            for n, r in reports.items()
            if (m := r.metrics.get(metric))
        ]
        n_users = max(r.n_users for r in reports.values())
        st.caption(
            f"Recall@{at} on hidden events (split “{split}”), n = {n_users:,} people, 95 % "
            "intervals over people. More is better."
        )
        st.markdown(plain(_beside_the_floors(known, reports, metric), 400))
        widgets.chart(
            metric_bars(bars, metric=_measures(at)[metric], theme=widgets.theme()),
            "accuracy",
            f"Recall@{at} of {len(bars)} models; the table below holds the same.",
        )
    else:
        st.info(
            "No model is measured in this way yet. “Measure” below hides events, fits again "
            "without them and looks how many the lists find."
        )
    widgets.table(
        models_frame(known, fitted, reports, at),
        "models",
        "Accuracy, readability and cost of each model",
        what="models",
    )


def _beside_the_floors(known: dict[str, ModelInfo], reports: dict[str, EvaluationReport], metric: str) -> str:
    """Whether a floor, which knows nothing of the person, wins."""
    values = {name: r.metrics[metric]["value"] for name, r in reports.items() if metric in r.metrics}
    floors = {name: value for name, value in values.items() if known[name].floor}
    others = {name: value for name, value in values.items() if not known[name].floor}
    if not floors:
        return "No floor is measured in this way yet: measure Popularity, Trending now and Newest first too."
    floor = max(floors, key=floors.__getitem__)
    if not others:
        return f"Only floors are measured in this way yet; the best is {known[floor].title}."
    best = max(others, key=others.__getitem__)
    if floors[floor] >= others[best]:
        return f"A floor wins: {known[floor].title} finds {floors[floor]:.3f}, {known[best].title} {others[best]:.3f}."
    ratio = f", {others[best] / floors[floor]:.2f} times that" if floors[floor] else ""
    return (
        f"{known[best].title} finds {others[best]:.3f}{ratio} of the best floor, {known[floor].title} "
        f"({floors[floor]:.3f})."
    )


def models_frame(
    known: dict[str, ModelInfo], fitted: dict[str, SnapshotInfo], reports: dict[str, EvaluationReport], at: int
) -> pd.DataFrame:
    """One row a model; "–" where something was not measured."""
    rows = []
    for name, model in known.items():
        report, snapshot = reports.get(name), fitted.get(name)
        row: dict[str, object] = {"model": model.title}
        for key, title in _measures(at).items():
            figure = report.metrics.get(key) if report else None
            row[title] = with_interval(figure["value"], figure.get("low"), figure.get("high")) if figure else "–"
        if any(r.live for r in reports.values()):
            row["median age listed / read, days"] = _ages(report)
        both = measured.readable(snapshot, report)
        row["path share"] = percent(both[0]) if both else "–"
        row["gross / net"] = f"{both[1]:.2f}" if both else "–"
        row["time to fit"] = seconds(snapshot.seconds) if snapshot else "not fitted"
        row["every term drawn"] = "yes" if model.exact else "no: memory and jumps are left"
        rows.append(row)
    return pd.DataFrame(rows)


def _ages(report: EvaluationReport | None) -> str:
    live = report.live if report else None
    if live is None or live.median_age_listed_days is None or live.median_age_read_days is None:
        return "–"
    return f"{live.median_age_listed_days:.1f} / {live.median_age_read_days:.1f}"


def _model(
    workspace: str, model: ModelInfo, snapshot: SnapshotInfo | None, report: EvaluationReport | None, split: str
) -> None:
    with st.container(border=True):
        st.subheader(plain(model.title))
        use = f" When to use it: {plain(model.use[:1].lower() + model.use[1:], 300)}" if model.use else ""
        st.markdown(f"{plain(model.summary, 400)}{use} Source: {plain(model.source, 300)}.")
        if snapshot is None:
            st.caption("Not fitted to this data yet.")
            jobs.panel(
                f"fit-{workspace}-{model.name}",
                f"Fit {plain(model.title)}",
                f"Fitting {model.title}",
                Task("models.fit", {"workspace": workspace, "model": model.name}),
                command("fit", "--workspace", workspace, "--model", model.name),
            )
            return
        seed = f"seed {snapshot.seed}, snapshot {snapshot.snapshot}"
        st.caption(f"Fitted in {seconds(snapshot.seconds)} on {minute_in_words(snapshot.created)}; {plain(seed)}.")
        if report is not None:
            n = f"n = {report.n_users:,} people" + (
                f", {report.n_cold_users:,} without a past left out" if report.n_cold_users else ""
            )
            st.caption(f"Measured on split “{report.split}”, {n}; the fit for it took {seconds(report.seconds)}.")
            return
        jobs.panel(
            f"measure-{workspace}-{model.name}-{split}",
            f"Measure {plain(model.title)}",
            f"Measuring {model.title}",
            Task(
                "evaluate.measure",
                {"workspace": workspace, "model": model.name, "split": split, "k": measured.at(workspace)},
            ),
            command(
                "evaluate",
                "--workspace",
                workspace,
                "--model",
                model.name,
                "--split",
                split,
                "-k",
                str(measured.at(workspace)),
            ),
        )


def _cards(selection: Selection, title: str) -> None:
    """The model card to read, and both cards as files."""
    bench = queries.workbench()
    text = bench.records.model_card(selection.name, selection.model).markdown()
    st.header("Cards")
    with st.expander(f"Model card of {plain(title)}"):
        st.markdown(unread(re.sub(r"^#+ ", "#### ", text, flags=re.MULTILINE)))
    left, right = st.columns(2)
    left.download_button(
        "Model card (Markdown)",
        text,
        widgets.file_name(f"model-card-{selection.name}-{selection.model}", "md"),
        "text/markdown",
        key="model-card",
        on_click="ignore",
        width="stretch",
    )
    right.download_button(
        "Data card (Markdown)",
        lambda: bench.records.data_card(selection.name).markdown(),
        widgets.file_name(f"data-card-{selection.name}", "md"),
        "text/markdown",
        key="data-card",
        on_click="ignore",
        width="stretch",
    )


if __name__ == "__main__":  # Streamlit runs a page as a script; tests import it
    page()
