"""The workspaces that are measured, prepared and fitted through the workbench where they are not there yet."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import progress_lines, say
from core.graph import InteractionGraph
from data.builder import build_graph
from data.tables import DataCard
from explain.workbench.workbench import Workbench

MOVIELENS, NEWSROOM = "movielens-100k", "newsroom"


def workbench(home: Path | None, workspace: str) -> Workbench:
    """A workbench in which the workspace is prepared. Raises SourceError where the data cannot be had."""
    bench = Workbench(home)
    if bench.session.store.prepared(workspace) is None:
        say(f"preparing {workspace}")
        bench.data.prepare(workspace, progress=progress_lines(workspace))
    return bench


def graph_of(home: Path | None, workspace: str) -> tuple[InteractionGraph, DataCard]:
    """The workspace's graph and card."""
    store = workbench(home, workspace).session.store
    return build_graph(store.tables(workspace)), store.card(workspace)


def fit_missing(bench: Workbench, workspace: str, models: tuple[str, ...]) -> None:
    """A snapshot of each model."""
    have = {info.model for info in bench.models.fitted(workspace)}
    for model in models:
        if model not in have:
            say(f"fitting {model} on {workspace}")
            bench.models.fit(workspace, model, progress=progress_lines(model))
