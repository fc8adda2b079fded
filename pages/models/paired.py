"""The most accurate model against each other one, person by person; and whether a simpler one is as good."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from explain.format.numbers import difference
from explain.results.workspace import Difference, EvaluationReport, ModelInfo
from pages.frame import queries, widgets
from pages.frame.text import plain


def section(workspace: str, known: dict[str, ModelInfo], reports: dict[str, EvaluationReport], at: int) -> None:
    """Nothing where fewer than two were measured on the same people."""
    metric = f"ndcg@{at}"
    measured = [name for name, report in reports.items() if metric in report.metrics]
    if len(measured) < 2:
        return
    best = max(measured, key=lambda name: reports[name].metrics[metric]["value"])
    split = reports[best].split
    paired = queries.workbench().evaluate.paired
    gaps = {name: paired(workspace, best, name, split=split, k=at) for name in measured if name != best}
    gaps = {name: gap for name, gap in gaps.items() if gap}
    if not gaps:
        return
    st.subheader(f"{plain(known[best].title)} beside the others")
    st.caption(
        "What it finds more than each of them on the same people, with 95 % intervals of the difference: where one "
        "holds 0, the two cannot be told apart here."
    )
    st.markdown(plain(_as_good(best, known, {name: gap[metric] for name, gap in gaps.items()}), 400))
    rows = [
        {"model": known[name].title}
        | {title: _text(gap[key]) for key, title in ((f"recall@{at}", f"Recall@{at}"), (metric, f"nDCG@{at}"))}
        for name, gap in gaps.items()
    ]
    widgets.table(pd.DataFrame(rows), "paired", "Differences on the same people", what="differences")


def _text(gap: Difference) -> str:
    return difference(gap.value, gap.low, gap.high)


def _as_good(best: str, known: dict[str, ModelInfo], gaps: dict[str, Difference]) -> str:
    """Whether one that learns less cannot be told from the best."""
    level = [name for name, gap in gaps.items() if gap.low <= 0 and _learns_less(known[name], known[best])]
    if not level:
        return f"No simpler model is as good as {known[best].title} here."
    simplest = min(level, key=lambda name: _learns(known[name]))
    return f"{known[simplest].title} is simpler and cannot be told from {known[best].title} here."


def _learns_less(one: ModelInfo, other: ModelInfo) -> bool:
    """Whether it mixes fewer models, or has no learnt numbers where the other has, or nothing but a count."""
    return _learns(one) < _learns(other)


def _learns(model: ModelInfo) -> tuple[int, bool, bool]:
    return len(model.mixes), model.learnt_vectors, not model.floor
