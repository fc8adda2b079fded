"""The one door: everything that pages and the command line may ask. It joins data, core and explain, and keeps what is slow."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from core.errors import NotReadyError, OptionError, shown
from core.evaluation import Evaluation
from core.models.base import get_model, model_names
from core.progress import Progress, no_progress, portion
from core.ranking import check_k
from core.snapshots import Manifest, manifests, save
from core.threads import one_thread
from data.builder import build_graph
from data.sources.folder import tables_from_folder
from data.sources.registry import all_sources, get_source
from data.tables import DataCard, SplitKind
from data.validation import validate
from explain import evidence as evidence_of
from explain.example import find_example
from explain.explanation import explain
from explain.export import check_writable, scores_of, write_lists
from explain.fairness.audit import Audit, audit_items, audit_users, build_report
from explain.fairness.cohorts import columns, side_of
from explain.heldout import HeldOut, refit, validation_cut
from explain.store import LAYOUT, Prepared, Store
from explain.types import (
    AuditReport,
    AuditRow,
    EvaluationReport,
    Evidence,
    Example,
    Explanation,
    Found,
    ItemCard,
    ModelInfo,
    Person,
    PrepareReport,
    Recommendation,
    SnapshotInfo,
    WorkspaceInfo,
)
from explain.world import World

MAX_PATHS = 1_000


class Workbench:
    """Cheap to make; graphs, models and lists are loaded when first asked for and kept for the life of the object."""

    def __init__(self, home: Path | None = None) -> None:
        self.store = Store(home)
        self._worlds: dict[str, World] = {}
        self._heldout: dict[tuple[str, ...], HeldOut] = {}

    # What there is

    def workspaces(self) -> tuple[WorkspaceInfo, ...]:
        """Every known workspace; the numbers are None until it is prepared."""
        sources = {s.name: s for s in all_sources()}
        infos = []
        for name in self.store.names():
            try:
                found, card = self.store.require(name), self.store.card(name)
                sizes = found.n_users, found.n_items, found.n_events
                infos.append(WorkspaceInfo(name, card.title, True, *sizes, card.summary, card.licence))
            except NotReadyError:
                source = sources.get(name)
                told = (source.summary, source.licence) if source else ("", "")
                infos.append(WorkspaceInfo(name, source.title if source else name, False, None, None, None, *told))
        return tuple(infos)

    def models(self) -> tuple[ModelInfo, ...]:
        """Every model that can be fitted, the default first."""
        specs = [get_model(name).spec for name in model_names()]
        return tuple(ModelInfo(s.name, s.title, s.source, s.exact, s.summary) for s in specs)

    def card(self, workspace: str) -> DataCard:
        """What is known about the data. Raises NotReadyError."""
        return self.store.card(workspace)

    def prepare_command(self, workspace: str) -> str:
        """What to type where a workspace is not prepared."""
        self.store.check(workspace)
        return self.store.command(workspace)

    # Making things ready

    def prepare(
        self, workspace: str, *, folder: Path | None = None, show_people: bool = False, progress: Progress = no_progress
    ) -> PrepareReport:
        """Get the tables (of a source, or of `folder`), check them, store them. Raises DataError with all problems.

        show_people  whether explanations may name the people behind a hop
        """
        if folder is not None:
            if workspace in {s.name for s in all_sources()}:
                raise OptionError(f"{shown(workspace)} is a built-in workspace. Give your data a name of its own.")
            raw = tables_from_folder(folder, workspace)
        else:
            raw = get_source(workspace).load(self.store.downloads, portion(progress, 0.0, 0.8))
        progress(0.8, "checking the tables")
        tables, notes = validate(raw)
        progress(0.9, "building the graph")
        graph = build_graph(tables)
        problems = [str(note) for note in notes]
        prepared = Prepared(
            LAYOUT, graph.fingerprint, graph.n_users, graph.n_items, len(graph.events), graph.relation_sizes(),
            problems, show_people,
        )  # fmt: skip
        self.store.save_tables(workspace, tables, prepared)
        self._worlds.pop(workspace, None)
        progress(1.0, "ready")
        return PrepareReport(
            workspace, prepared.fingerprint, prepared.n_users, prepared.n_items, prepared.n_events,
            prepared.relations, tuple(problems),
        )  # fmt: skip

    def fit(self, workspace: str, model: str, *, seed: int = 0, progress: Progress = no_progress) -> SnapshotInfo:
        """Learn from all interactions; the few parameters are picked on a validation cut. Stores a snapshot."""
        chosen, world = get_model(model), self._world(workspace)
        cut = validation_cut(world.graph, world.card, world.card.default_split, seed)
        started = time.perf_counter()
        with one_thread():
            fitted = chosen.fit(world.graph, holdout=cut, seed=seed, progress=progress)
        seconds = time.perf_counter() - started
        manifest = save(
            self.store.snapshots(workspace), model=model, state=fitted.state(), fingerprint=world.graph.fingerprint,
            seed=seed, seconds=seconds, metrics=fitted.validation_metrics(cut),
        )  # fmt: skip
        progress(1.0, "stored")
        return _snapshot_info(workspace, manifest)

    def fitted(self, workspace: str) -> tuple[SnapshotInfo, ...]:
        """The newest snapshot of each model for the data as it stands, the default model first."""
        prepared = self.store.require(workspace)
        newest: dict[str, Manifest] = {}
        for manifest in manifests(self.store.snapshots(workspace)):
            if manifest.fingerprint == prepared.fingerprint:
                newest.setdefault(manifest.model, manifest)
        return tuple(_snapshot_info(workspace, newest[name]) for name in model_names() if name in newest)

    # People and items

    def find_items(self, workspace: str, text: str, limit: int = 20) -> tuple[Found, ...]:
        return self._world(workspace).find_items(text, limit)

    def find_users(self, workspace: str, text: str = "", limit: int = 50) -> tuple[Found, ...]:
        return self._world(workspace).find_users(text, limit)

    def person(self, workspace: str, user: str) -> Person:
        """A person's attributes and history, newest first. Raises UnknownIdError."""
        names = self._world(workspace).names
        idx = names.graph.users.index(user)
        attributes = evidence_of.person_attributes(names, idx)
        return Person(user, names.user(idx), attributes, evidence_of.history_entries(names, idx))

    def item(self, workspace: str, item: str) -> ItemCard:
        """An item's attributes, groups and audience size. Raises UnknownIdError."""
        world = self._world(workspace)
        names, graph = world.names, world.graph
        idx = graph.items.index(item)
        groups = {
            names.kind(kind): tuple(names.group(kind, int(g)) for g in matrix[idx].indices)
            for kind, matrix in graph.memberships.items()
        }
        attributes = evidence_of.attributes_of(graph.items.attributes, idx)
        return ItemCard(item, names.item(idx), attributes, groups, int(world.people_per_item[idx]))

    def example(self, workspace: str) -> Example:
        """A pair worth looking at first; found once per snapshot. Raises NotReadyError before the path model is fitted."""
        world = self._world(workspace)
        manifest = world.manifest("path")
        key = f"example-{manifest.snapshot}"
        stored = self.store.read_result(workspace, key)
        if stored is not None:
            return Example(**stored)
        found = find_example(world, world.model(manifest))
        self.store.write_result(workspace, key, asdict(found))
        return found

    # Answers

    def recommend(
        self, workspace: str, model: str, *, user: str | None = None, history: Sequence[str] | None = None,
        k: int | None = None, snapshot: str | None = None, reasons: bool = False,
    ) -> Recommendation:  # fmt: skip
        """The best k (usually 10) items a person lacks. A history without a user is folded in; with one it replaces theirs."""
        world = self._world(workspace)
        manifest = world.manifest(model, snapshot)
        k = _length(world, k, 10)
        folded, position = world.person(world.model(manifest), user, history)
        items = world.ranked(folded, position, k, reasons=reasons)
        return Recommendation(manifest.snapshot, model, workspace, user, items)

    def recommend_all(
        self, workspace: str, model: str, out: Path, *, k: int | None = None, heldout: bool = False, split: str = "last",
        seed: int = 0, progress: Progress = no_progress,
    ) -> int:  # fmt: skip
        """Everybody's best k as Parquet (user, rank, item, score); returns the number of rows. Written whole or not at all."""
        world, k = self._world(workspace), _length(self._world(workspace), k)
        check_writable(out)
        if heldout:
            run = self._refit(world, model, split, seed, k, progress)
            lists, scores = run.lists[:, :k], run.scores[:, :k]
        else:
            manifest = world.manifest(model)
            lists = world.lists(manifest, k, progress)
            scores = scores_of(world.model(manifest), lists)
        return write_lists(world.graph, lists, scores, out)

    def why(
        self, workspace: str, model: str, item: str, *, user: str | None = None, history: Sequence[str] | None = None,
        paths: int = 20, against: str | None = None, snapshot: str | None = None,
    ) -> Explanation:  # fmt: skip
        """Why this item has this score for this person. Raises UnknownIdError, NotReadyError, OptionError."""
        if not 0 <= paths <= MAX_PATHS:
            raise OptionError(f"paths must lie between 0 and {MAX_PATHS:,}; {paths:,} was asked for.")
        world = self._world(workspace)
        manifest = world.manifest(model, snapshot)
        target = world.graph.items.index(item)
        other = None if against is None else world.graph.items.index(against)
        case = world.case(*world.person(world.model(manifest), user, history), target)
        return explain(
            case, snapshot=manifest.snapshot, workspace=workspace, n_paths=paths, rank=world.rank(case), against=other
        )

    def evidence(
        self, workspace: str, model: str, item: str, key: str, *, user: str | None = None,
        history: Sequence[str] | None = None, snapshot: str | None = None,
    ) -> Evidence:  # fmt: skip
        """What stands behind a node or bundle of the picture. Raises UnknownIdError for a key that is not drawn."""
        world = self._world(workspace)
        model_at = world.model(world.manifest(model, snapshot))
        case = world.case(*world.person(model_at, user, history), world.graph.items.index(item))
        return evidence_of.evidence(case, key)

    def graphml(self, explanation: Explanation) -> str:
        """The picture as GraphML text."""
        import networkx as nx

        from explain.figures import path_digraph

        return "\n".join(nx.generate_graphml(path_digraph(explanation)))

    # Measuring

    def evaluate(
        self, workspace: str, model: str, *, split: str = "last", k: int | None = None, seed: int = 0,
        progress: Progress = no_progress,
    ) -> EvaluationReport:  # fmt: skip
        """Refit on the training part and measure on the rest; stored for `stored_evaluation`."""
        world = self._world(workspace)
        k = _length(world, k)
        run = self._refit(world, model, split, seed, k, progress)
        found = run.evaluation(k)
        metrics = {name: metric.as_json() for name, metric in found.metrics.items()}
        report = EvaluationReport(
            workspace, model, split, k, seed, found.n_users, metrics, run.path_share, run.gross_net, run.seconds,
            len(run.split.cold_users),
        )  # fmt: skip
        self.store.write_result(workspace, _evaluation_key(world, model, split, k, seed), asdict(report))
        progress(1.0, "measured")
        return report

    def stored_evaluation(
        self, workspace: str, model: str, *, split: str = "last", k: int | None = None, seed: int = 0
    ) -> EvaluationReport | None:
        """An earlier measurement on the same data, or None."""
        world = self._world(workspace)
        key = _evaluation_key(world, model, split, _length(world, k), seed)
        stored = self.store.read_result(workspace, key)
        return None if stored is None else EvaluationReport(**stored)

    def audit_columns(self, workspace: str) -> dict[str, list[str]]:
        """Columns that an audit can group by: {"item": [...], "user": [...]}."""
        return {str(side): list(names) for side, names in columns(self._world(workspace).graph).items()}

    def audit(
        self, workspace: str, model: str, by: str, *, side: str | None = None, k: int | None = None,
        progress: Progress = no_progress,
    ) -> AuditReport:  # fmt: skip
        """Exposure by item group under the served model, or held-out quality by cohort under a refit."""
        world = self._world(workspace)
        k = _length(world, k)
        chosen = self._side(world, by, side)
        manifest = world.manifest(model)
        if chosen == "item":
            found: Audit = audit_items(world.graph, world.lists(manifest, k, progress), by, k)
        else:
            run = self._refit(world, model, world.card.default_split, 0, k, progress)
            measured: Evaluation = run.evaluation(k)
            found = audit_users(world.graph, measured, by, k)
            found.overall["split"] = world.card.default_split
        report = build_report(found, workspace=workspace, model=model, snapshot=manifest.snapshot)
        self.store.write_result(workspace, _audit_key(manifest, by, chosen, k), asdict(report))
        return report

    def stored_audit(
        self, workspace: str, model: str, by: str, *, side: str | None = None, k: int | None = None
    ) -> AuditReport | None:
        """The same audit where it was run for the newest snapshot, or None."""
        world = self._world(workspace)
        chosen = self._side(world, by, side)
        stored = self.store.read_result(workspace, _audit_key(world.manifest(model), by, chosen, _length(world, k)))
        if stored is None:
            return None
        rows = tuple(AuditRow(**row) for row in stored.pop("rows"))
        return AuditReport(**stored, rows=rows)

    # Inside

    def _world(self, workspace: str) -> World:
        prepared = self.store.require(workspace)
        known = self._worlds.get(workspace)
        if known is None or known.prepared != prepared:
            known = self._worlds[workspace] = World(self.store, workspace, prepared)
        return known

    def _side(self, world: World, by: str, side: str | None) -> Any:
        if side is None:
            return side_of(world.graph, by)
        if side not in ("item", "user"):
            raise OptionError(f"Unknown side {shown(side)}. Sides: item, user.")
        return side

    def _refit(self, world: World, model: str, split: str, seed: int, k: int, progress: Progress) -> HeldOut:
        """A refit of this process, kept: measuring, auditing and exporting the same split share it."""
        get_model(model)
        key = (world.prepared.fingerprint, model, split, str(seed))
        known = self._heldout.get(key)
        if known is None or known.lists.shape[1] < k:
            width = min(max(20, k), world.graph.n_items)
            with one_thread():
                known = refit(world.graph, world.card, model, kind=split, seed=seed, k=width, progress=progress)
            self._heldout[key] = known
        return known


def _snapshot_info(workspace: str, m: Manifest) -> SnapshotInfo:
    return SnapshotInfo(
        m.snapshot, m.model, workspace, m.seconds, m.parameters, m.metrics, m.seed, m.created // 1_000_000_000
    )


def _length(world: World, k: int | None, usual: int = 20) -> int:
    """The length asked for; the usual one, or the whole of a small catalogue, where none was."""
    return min(usual, world.graph.n_items) if k is None else check_k(k, world.graph.n_items)


def _evaluation_key(world: World, model: str, split: str, k: int, seed: int) -> str:
    get_model(model)
    if split not in get_args(SplitKind):
        raise OptionError(f"Unknown split {shown(split)}. Splits: {', '.join(get_args(SplitKind))}.")
    return f"evaluation-{world.prepared.fingerprint[:12]}-{model}-{split}-{int(k)}-{int(seed)}"


def _audit_key(manifest: Manifest, by: str, side: str, k: int) -> str:
    return f"audit-{manifest.snapshot}-{side}-{hashlib.sha256(by.encode()).hexdigest()[:12]}-{k}"
