"""Everybody's lists under the newest snapshots of a model, for what compares them over time."""

from __future__ import annotations

from collections.abc import Iterator

from core.progress import Progress, no_progress, portion
from core.snapshots import manifests
from explain.fairness.trends import SnapshotLists
from explain.workspace.workspace import Workspace


def newest_lists(
    workspace: Workspace, model: str, k: int, most: int, progress: Progress = no_progress
) -> Iterator[SnapshotLists]:
    """Oldest first, at most the newest `most`: snapshots of the data as it is now, each ranked when it is asked for."""
    stored = [m for m in manifests(workspace.store.snapshots(workspace.name)) if m.model == model]
    current = [m for m in stored if m.fingerprint == workspace.prepared.identity(m.model)]
    newest = sorted(current, key=lambda m: (m.order, m.created))[-most:]
    for n, manifest in enumerate(newest):
        step = portion(progress, n / len(newest), (n + 1) / len(newest))
        yield SnapshotLists(manifest.snapshot, manifest.created, workspace.lists(manifest, k, step))
