"""The workbench: one score by edges and by features, one list as a whole, one item over all people, everybody's explanations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.progress import Progress, no_progress, portion
from explain.explanation.edges import explain_edges
from explain.explanation.features import explain_features
from explain.export.explanations_table import write_explanations
from explain.export.lists_table import check_writable
from explain.results.attribution import EdgeExplanation, FeatureExplanation
from explain.results.item_view import ItemView, ListView
from explain.workbench.session import Desk, length
from explain.workspace.audience import item_view, list_view


class Many(Desk):
    """Views that sum parts, and other units than history items."""

    def edges(
        self, workspace: str, model: str, item: str, *, user: str | None = None, history: Sequence[str] | None = None,
        top: int = 20, snapshot: str | None = None,
    ) -> EdgeExplanation:  # fmt: skip
        """How much each edge of the graph carries of a score, and groups of edges: Integrated Gradients, exact."""
        world = self._world(workspace)
        base, position = world.person(world.model(world.manifest(model, snapshot)), user, history)
        return explain_edges(world.names, base, position, world.graph.items.index(item), top)

    def features(
        self, workspace: str, model: str, item: str, *, user: str | None = None, history: Sequence[str] | None = None,
        snapshot: str | None = None,
    ) -> FeatureExplanation | None:  # fmt: skip
        """The score by words, topics, creator and numbers of the item; None for a model that reads none."""
        world = self._world(workspace)
        base, position = world.person(world.model(world.manifest(model, snapshot)), user, history)
        return explain_features(base, world.graph, position, world.graph.items.index(item))

    def list_view(
        self, workspace: str, model: str, *, user: str | None = None, history: Sequence[str] | None = None,
        k: int | None = None, snapshot: str | None = None,
    ) -> ListView:  # fmt: skip
        """Why a list as a whole: what each history item gives to each of its items."""
        world = self._world(workspace)
        base, position = world.person(world.model(world.manifest(model, snapshot)), user, history)
        listed = world.ranked(base, position, length(world, k, 10), reasons=False)
        items = [world.graph.items.index(entry.item) for entry in listed]
        return list_view(world, base, position, items, [entry.score for entry in listed])

    def item_view(
        self, workspace: str, model: str, item: str, *, k: int | None = None, snapshot: str | None = None,
        progress: Progress = no_progress,
    ) -> ItemView:  # fmt: skip
        """Who gets an item in their first k, through which history items and relations, and of which cohorts they are."""
        world = self._world(workspace)
        k = length(world, k)
        target = world.graph.items.index(item)
        manifest = world.manifest(model, snapshot)
        lists = world.lists(manifest, k, portion(progress, 0.0, 0.9))
        found = item_view(world, world.model(manifest), manifest.snapshot, lists, target)
        progress(1.0, "read")
        return found

    def explain_all(
        self, workspace: str, model: str, out: Path, *, k: int | None = None, snapshot: str | None = None,
        progress: Progress = no_progress,
    ) -> int:  # fmt: skip
        """The parts of everybody's first k as Parquet, one row a part; returns the number of explanations."""
        world = self._world(workspace)
        k = length(world, k)
        check_writable(out)
        manifest = world.manifest(model, snapshot)
        lists = world.lists(manifest, k, portion(progress, 0.0, 0.2))
        return write_explanations(
            world.graph, world.model(manifest), np.asarray(lists), out, portion(progress, 0.2, 1.0)
        )
