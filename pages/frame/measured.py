"""Stored measurements: on which split a workspace was measured, and what was found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from explain.format import words
from explain.results.workspace import EvaluationReport, SnapshotInfo
from pages.frame import queries

AT: Final = 20
SPLITS: Final = {name: title for name, (title, _, _) in words.SPLITS.items()}
LEAKS: Final = {name: leak for name, (_, _, leak) in words.SPLITS.items()}


def splits(workspace: str) -> list[str]:
    """Those that these data can be divided by, in the order of the words."""
    possible = queries.workbench().evaluate.splits(workspace)
    return [name for name in SPLITS if name in possible]


def at(workspace: str) -> int:
    """The length of the lists that are measured: 20, or the whole of a small catalogue."""
    n_items = next((w.n_items for w in queries.workspaces() if w.name == workspace), None)
    return min(AT, n_items or AT)


def report(workspace: str, model: str, split: str) -> EvaluationReport | None:
    return queries.workbench().evaluate.stored(workspace, model, split=split, k=at(workspace))


def readable(snapshot: SnapshotInfo | None, evaluation: EvaluationReport | None) -> tuple[float, float] | None:
    """Path share and gross/net of the served model; of the refit that was measured, where the snapshot does not say."""
    metrics = snapshot.metrics if snapshot else {}
    if "path_share" in metrics and "gross_net" in metrics:
        return metrics["path_share"], metrics["gross_net"]
    return None if evaluation is None else (evaluation.path_share, evaluation.gross_net)


def usual_split(workspace: str, models: Iterable[str]) -> str:
    """The split that most of these models are measured on; of equals, the one that the data's card names."""
    names = tuple(models)
    card_first = dict.fromkeys((queries.workbench().data.card(workspace).default_split, *SPLITS))
    return max(card_first, key=lambda split: sum(report(workspace, name, split) is not None for name in names))
