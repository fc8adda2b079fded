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
from explain.results.measured import Trend, TrendPoint

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
) -> tuple[Trend, ...]:
    """A trend of each metric, its points in the order of `snapshots`.

    snapshots  of one model and the data as it is now, oldest first; read one at a time
    Metrics that read served lists alone take part (`MetricSpec.over_time`). "same lists as before" is the mean Jaccard
    index of a person's lists in two snapshots that follow each other.
    """
    points: dict[str, list[TrendPoint]] = {}
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
        for metric in all_metrics():
            for figure in metric.measure(audited) if metric.spec.over_time else ():
                point = _point(snapshot, figure.value, figure.low, figure.high)
                points.setdefault(figure.name, []).append(point)
        if before is not None:
            overlap = _same(before, audited.lists, audited.n_items)
            points.setdefault(SAME_LISTS, []).append(_point(snapshot, overlap))
        before = snapshot.lists
    target = "policy" if by in due else "catalogue"
    return tuple(
        Trend(name=name, points=tuple(of_metric), by=by, target=target, browsing=browsing)
        for name, of_metric in points.items()
    )


def _point(
    snapshot: SnapshotLists, value: float | None, low: float | None = None, high: float | None = None
) -> TrendPoint:
    created = datetime.fromtimestamp(snapshot.created / 1e9, tz=UTC).isoformat(timespec="seconds")
    return TrendPoint(snapshot=snapshot.snapshot, created=created, value=value, low=low, high=high)


def _same(before: IntArray, now: IntArray, n_items: int) -> float:
    """Mean Jaccard index of each person's two lists."""
    ones, everyone = np.ones(now.shape[1]), np.arange(len(now))
    both = sparse.vstack([ex.attention(now, ones, n_items), ex.attention(before, ones, n_items)]).tocsr()
    return float(np.nanmean(jaccard(both, everyone, everyone + len(now))))
