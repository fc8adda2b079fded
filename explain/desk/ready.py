"""The workbench: which workspaces and models there are, and making them ready."""

from __future__ import annotations

import time
from pathlib import Path

from core.errors import NotReadyError, OptionError, shown
from core.models.base import get_model, model_names
from core.progress import Progress, no_progress, portion
from core.snapshots import Manifest, manifests, save
from core.threads import one_thread
from data.builder import build_graph
from data.datasets.base import all_datasets, dataset_names, get_dataset
from data.formats.base import tables_from
from data.formats.reading.limits import Limits
from data.tables import DataCard
from explain.backup import Backup, backup, restore
from explain.desk.base import Desk
from explain.heldout import served_readability, validation_cut
from explain.privacy import lists_people, smallest_group
from explain.store import LAYOUT, Prepared
from explain.types import ModelInfo, PrepareReport, SnapshotInfo, WorkspaceInfo


class Ready(Desk):
    """What there is, and what can be made of it."""

    def workspaces(self) -> tuple[WorkspaceInfo, ...]:
        """Every known workspace; the numbers are None until it is prepared."""
        datasets = {s.name: s for s in all_datasets()}
        infos = []
        for name in self.store.names():
            try:
                found, card = self.store.require(name), self.store.card(name)
                sizes = found.n_users, found.n_items, found.n_events
                people = lists_people(name, found.show_people)
                first = name in datasets and datasets[name].opens_first
                infos.append(WorkspaceInfo(name, card.title, True, *sizes, card.summary, card.licence, people, first))
            except NotReadyError:
                known = datasets.get(name)
                told = (known.summary, known.licence) if known else ("", "")
                infos.append(WorkspaceInfo(name, known.title if known else name, False, None, None, None, *told))
        return tuple(infos)

    def models(self) -> tuple[ModelInfo, ...]:
        """Every model that can be fitted, the default first."""
        specs = [get_model(name).spec for name in model_names()]
        return tuple(ModelInfo(s.name, s.title, s.source, s.exact, s.summary) for s in specs)

    def smallest_group(self) -> int:
        """The smallest group of people of whom this installation tells a figure. Raises OptionError where it is set to no such number."""
        return smallest_group(self.store.home)

    def card(self, workspace: str) -> DataCard:
        """What is known about the data. Raises NotReadyError."""
        return self.store.card(workspace)

    def backup(self, out: Path) -> Backup:
        """The whole state of this instant as one file."""
        return backup(self.store.home, out)

    def restore(self, file: Path) -> tuple[Backup, Path | None]:
        """Put a backup in force; the state before stands aside, at the path returned."""
        self._worlds.clear()
        return restore(self.store.home, file)

    def data_versions(self) -> dict[str, str]:
        """What identifies the data of each prepared workspace, with labels, attributes and card."""
        found = {name: self.store.prepared(name) for name in self.store.names()}
        return {
            f"{self.store.home}/{name}": prepared.content for name, prepared in found.items() if prepared is not None
        }

    def prepare_command(self, workspace: str) -> str:
        """What to type where a workspace is not prepared."""
        self.store.check(workspace)
        return self.store.command(workspace)

    def prepare(
        self,
        workspace: str,
        *,
        folder: Path | None = None,
        show_people: bool = False,
        limits: Limits | None = None,
        progress: Progress = no_progress,
    ) -> PrepareReport:
        """Get the tables (of a data set, or of `folder`), check them, store them. Raises DataError with all problems.

        folder       data of one's own, in any registered format
        limits       the most that is read of a table of `folder`
        show_people  whether people may be browsed, and explanations may name those behind a hop
        """
        if folder is None:
            get_dataset(workspace)
        with self.store.preparing(workspace):
            return self._prepare(workspace, folder, show_people, limits, progress)

    def _prepare(
        self, workspace: str, folder: Path | None, show_people: bool, limits: Limits | None, progress: Progress
    ) -> PrepareReport:
        if folder is not None:
            if workspace in dataset_names():
                raise OptionError(f"{shown(workspace)} is a built-in workspace. Give your data a name of its own.")
            raw = tables_from(folder, workspace, limits)
        else:
            raw = get_dataset(workspace).load(self.store.downloads, portion(progress, 0.0, 0.8))
        from data.validation import validate  # pandera takes half a second to import

        progress(0.8, "checking the tables")
        tables, notes = validate(raw)
        progress(0.9, "building the graph")
        graph = build_graph(tables)
        problems = [str(note) for note in notes]
        prepared = Prepared(
            LAYOUT, graph.fingerprint, graph.n_users, graph.n_items, len(graph.events), graph.relation_sizes(),
            problems, show_people,
        )  # fmt: skip
        prepared = self.store.save_tables(workspace, tables, prepared)
        self._worlds.pop(workspace, None)
        progress(1.0, "ready")
        return PrepareReport(
            workspace, prepared.fingerprint, prepared.n_users, prepared.n_items, prepared.n_events,
            prepared.relations, tuple(problems),
        )  # fmt: skip

    def fit(self, workspace: str, model: str, *, seed: int = 0, progress: Progress = no_progress) -> SnapshotInfo:
        """Learn from all interactions; the few parameters are picked on a validation cut. Stores a snapshot."""
        chosen, world = get_model(model), self._world(workspace)
        cut = validation_cut(world.graph, world.card, world.card.default_split, seed, needed=chosen.needs_cut)
        started = time.perf_counter()
        with one_thread():
            fitted = chosen.fit(world.graph, holdout=cut, seed=seed, progress=progress)
        seconds = time.perf_counter() - started
        manifest = save(
            self.store.snapshots(workspace), model=model, state=fitted.state(), fingerprint=world.prepared.identity(model),
            seed=seed, seconds=seconds, metrics=fitted.validation_metrics(cut) | served_readability(fitted, world.graph),
        )  # fmt: skip
        progress(1.0, "stored")
        return _snapshot_info(workspace, manifest)

    def fitted(self, workspace: str) -> tuple[SnapshotInfo, ...]:
        """The newest snapshot of each model for the data as it stands, the default model first."""
        prepared = self.store.require(workspace)
        known, newest = set(model_names()), dict[str, Manifest]()
        for manifest in manifests(self.store.snapshots(workspace)):
            if manifest.model in known and manifest.fingerprint == prepared.identity(manifest.model):
                newest.setdefault(manifest.model, manifest)
        return tuple(_snapshot_info(workspace, newest[name]) for name in model_names() if name in newest)


def _snapshot_info(workspace: str, m: Manifest) -> SnapshotInfo:
    return SnapshotInfo(
        m.snapshot, m.model, workspace, m.seconds, m.parameters, m.metrics, m.seed, m.created // 1_000_000_000
    )
