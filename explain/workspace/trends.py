"""How popularity bias, diversity and the rest went from snapshot to snapshot of one model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
from scipy import sparse

from core.graph import IntArray
from core.progress import Progress, no_progress, portion
from core.snapshots import manifests
from explain.fairness import exposure as ex
from explain.fairness.metrics.base import Case, all_metrics
from explain.fairness.metrics.echo import jaccard
from explain.groups.cohorts import cohorts
from explain.workspace.workspace import Workspace

MOST_SNAPSHOTS = 6
FOLLOWED = (
    "impact ratio", "AWRF", "corrected Gini", "effective catalogue", "popularity lift", "long-tail share", "calibration",
    "intra-list diversity", "homogenisation", "community concentration",
)  # fmt: skip


def trends(
    world: Workspace, model: str, by: str, k: int, progress: Progress = no_progress, *, browsing: str = "rbp(0.8)",
    policies: Mapping[str, Mapping[str, float]] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """One row a metric: {"name", "points": [{"snapshot", "created", "value", "low", "high"}]}, oldest snapshot first.

    Snapshots of the data as it is now; at most the newest six. "same lists as before" is the mean Jaccard index of a
    person's lists in two snapshots that follow each other.
    """
    stored = [m for m in manifests(world.store.snapshots(world.name)) if m.model == model]
    found = sorted(
        (m for m in stored if m.fingerprint == world.prepared.identity(m.model)), key=lambda m: (m.order, m.created)
    )[-MOST_SNAPSHOTS:]
    groups = cohorts(world.graph, by, "item")
    rows: dict[str, list[dict[str, Any]]] = {}
    before: IntArray | None = None
    kept: dict[str, Any] = {}
    for n, manifest in enumerate(found):
        lists = world.lists(manifest, k, portion(progress, n / len(found), (n + 1) / len(found)))
        case = Case(
            world.graph, lists, ex.browsing_weights(browsing, k), sparse.csr_matrix(world.graph.interactions), {groups.by: groups}, {}, draws=300, kept=kept, browsing=browsing, policies=policies or {}
        )  # fmt: skip
        when = {
            "snapshot": manifest.snapshot,
            "created": datetime.fromtimestamp(manifest.created / 1e9, tz=UTC).isoformat(timespec="seconds"),
        }
        for metric in all_metrics():
            if metric.spec.name not in FOLLOWED:
                continue
            for figure in metric.measure(case):
                rows.setdefault(figure.name, []).append(
                    when | {"value": figure.value, "low": figure.low, "high": figure.high}
                )
        if before is not None:
            everyone = np.arange(len(lists))
            both = sparse.vstack([case.appearances, ex.attention(before, np.ones(k), case.n_items)]).tocsr()
            same = float(np.nanmean(jaccard(both, everyone, everyone + len(lists))))
            rows.setdefault("same lists as before", []).append(when | {"value": same, "low": None, "high": None})
        before = lists
    key = {
        "by": by,
        "lists": "served",
        "target": "policy" if by in (policies or {}) else "catalogue",
        "browsing": browsing,
        "resample": "people",
    }
    return [{"name": name, "points": points} | key for name, points in rows.items()]
