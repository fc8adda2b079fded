"""How popularity bias, diversity and the rest went from snapshot to snapshot of one model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
from scipy import sparse

from core.graph import IntArray, InteractionGraph
from explain.fairness import exposure as ex
from explain.fairness.audited_lists import AuditedLists
from explain.fairness.metrics.base import all_metrics
from explain.fairness.metrics.echo import jaccard
from explain.groups.cohorts import cohorts

MOST_SNAPSHOTS: Final = 6
SAME_LISTS: Final = "same lists as before"
DRAWS: Final = 300


@dataclass(frozen=True, eq=False)
class SnapshotLists:
    """Everybody's lists under one snapshot. created: nanoseconds UTC; lists: int64 [n_users, k]."""

    snapshot: str
    created: int
    lists: IntArray


def trends(
    graph: InteractionGraph,
    snapshots: Iterable[SnapshotLists],
    by: str,
    k: int,
    *,
    browsing: str = ex.RBP,
    policies: Mapping[str, Mapping[str, float]] | None = None,
) -> list[dict[str, Any]]:
    """One row a metric: {"name", "points": [{"snapshot", "created", "value", "low", "high"}]}, in the order of
    `snapshots`.

    snapshots  of one model and the data as it is now, oldest first; read one at a time
    Metrics that read served lists alone take part (`MetricSpec.over_time`). "same lists as before" is the mean Jaccard
    index of a person's lists in two snapshots that follow each other.
    """
    rows: dict[str, list[dict[str, Any]]] = {}
    before: IntArray | None = None
    computed: dict[str, Any] = {}
    groups, due = cohorts(graph, by, "item"), policies or {}
    for snapshot in snapshots:
        audited = AuditedLists(
            graph=graph,
            lists=snapshot.lists,
            weights=ex.browsing_weights(browsing, k),
            profile=sparse.csr_matrix(graph.interactions),
            items={groups.by: groups},
            people={},
            draws=DRAWS,
            computed=computed,
            browsing=browsing,
            policies=due,
        )
        for name, figures in _points(audited, before).items():
            rows.setdefault(name, []).extend(_time_of_snapshot(snapshot) | figure for figure in figures)
        before = snapshot.lists
    target = "policy" if by in due else "catalogue"
    basis = {"by": by, "lists": "served", "target": target, "browsing": browsing, "resample": "people"}
    return [{"name": name, "points": points} | basis for name, points in rows.items()]


def _points(audited: AuditedLists, before: IntArray | None) -> dict[str, list[dict[str, float | None]]]:
    """Every figure of these lists by its name."""
    points: dict[str, list[dict[str, float | None]]] = {}
    for metric in all_metrics():
        for figure in metric.measure(audited) if metric.spec.over_time else ():
            ends = {"value": figure.value, "low": figure.low, "high": figure.high}
            points.setdefault(figure.name, []).append(ends)
    if before is not None:
        points[SAME_LISTS] = [{"value": _overlap(before, audited.lists, audited.n_items), "low": None, "high": None}]
    return points


def _overlap(before: IntArray, now: IntArray, n_items: int) -> float:
    """Mean Jaccard index of each person's two lists."""
    ones, everyone = np.ones(now.shape[1]), np.arange(len(now))
    both = sparse.vstack([ex.attention(now, ones, n_items), ex.attention(before, ones, n_items)]).tocsr()
    return float(np.nanmean(jaccard(both, everyone, everyone + len(now))))


def _time_of_snapshot(snapshot: SnapshotLists) -> dict[str, str]:
    created = datetime.fromtimestamp(snapshot.created / 1e9, tz=UTC)
    return {"snapshot": snapshot.snapshot, "created": created.isoformat(timespec="seconds")}
