"""The workbench: which models there are, fitting them, and their words."""

from __future__ import annotations

import time

from core.feature_score import ExplainsFeatures
from core.models.base import Recommender, constant_words, get_model, model_names
from core.models.edge import Edge
from core.models.segments import Segments
from core.progress import Progress, no_progress
from core.snapshots import Manifest, load, manifests, save
from core.threads import one_thread
from explain.export.device_file import DeviceFile, delta, device_file, with_delta
from explain.results.segments import SegmentReport
from explain.results.workspace import ModelInfo, SnapshotInfo
from explain.workbench.session import Session, list_length
from explain.workspace.preference import newest, why_first
from explain.workspace.refits import served_readability, validation_cut
from explain.workspace.segments import agreement, segment_rows
from explain.workspace.workspace import Workspace


class ModelService:
    """Models that can be fitted, and those that are."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def warm(self, workspace: str, model: str, snapshot: str) -> None:
        """Load what every answer needs, by asking for one list."""
        loaded = self.session.workspace(workspace)
        loaded.ranked(loaded.model(loaded.manifest(model, snapshot)), 0, 1, reasons=True)

    def relation_words(self, workspace: str) -> dict[str, str]:
        """Every relation of the models, key → this data's own words for it."""
        return dict(self.session.workspace(workspace).names.relations)

    def constant_labels(self) -> dict[str, str]:
        """Every kind of amount that no history item carries, as a table of parts says it."""
        return {kind: words.label for kind, words in constant_words().items()}

    def personal_constants(self) -> frozenset[str]:
        """The kinds of those amounts that differ from person to person: what a model keeps of somebody."""
        return frozenset(kind for kind, words in constant_words().items() if not words.alike)

    def kind_words(self, workspace: str) -> dict[str, str]:
        """What this data calls a topic, creator and context, as far as it has them."""
        names = self.session.workspace(workspace).names
        return {kind: names.kind(kind) for kind in names.graph.groups}

    def known(self) -> tuple[ModelInfo, ...]:
        """Every model that can be fitted, the default first."""
        return tuple(_model_info(get_model(name)) for name in model_names())

    def fit(self, workspace: str, model: str, *, seed: int = 0, progress: Progress = no_progress) -> SnapshotInfo:
        """Learn from all interactions; the few parameters are picked on a validation cut. Stores a snapshot."""
        chosen, loaded = get_model(model), self.session.workspace(workspace)
        cut = validation_cut(loaded.graph, loaded.card, loaded.card.default_split, seed, needed=chosen.needs_cut)
        started = time.perf_counter()
        with one_thread():
            fitted = chosen.fit(loaded.graph, holdout=cut, seed=seed, progress=progress)
        seconds = time.perf_counter() - started
        manifest = save(
            self.session.store.snapshots(workspace),
            model=model,
            state=fitted.state(),
            fingerprint=loaded.prepared.identity(model),
            seed=seed,
            seconds=seconds,
            metrics=fitted.validation_metrics(cut) | served_readability(fitted, loaded.graph),
        )
        progress(1.0, "stored")
        return _snapshot_info(workspace, manifest)

    def fitted(self, workspace: str) -> tuple[SnapshotInfo, ...]:
        """The newest snapshot of each model for the data as it stands; first the most accurate of the exact ones."""
        return tuple(_snapshot_info(workspace, manifest) for manifest in self._newest(workspace).values())

    def why_first(self, workspace: str) -> str:
        """A sentence that says why the first of `fitted` comes first; empty where there is nothing to choose from."""
        return why_first(self._newest(workspace))

    def segments(self, workspace: str, *, snapshot: str | None = None) -> SegmentReport:
        """The segments of the fitted `segments` model, by name, the largest first. Raises NotReadyError."""
        loaded = self.session.workspace(workspace)
        manifest = loaded.manifest(Segments.spec.name, snapshot)

        def told() -> SegmentReport:
            model = loaded.model(manifest)
            assert isinstance(model, Segments)
            rows = segment_rows(model, loaded.graph, loaded.names, smallest=self.session.smallest_group)
            return SegmentReport(
                snapshot=manifest.snapshot,
                segments=rows,
                hidden=int((model.members >= 0).sum()) - sum(row.n for row in rows),
                stability=model.stability,
                since=self._agreement(loaded, model, manifest),
            )

        return self.session.cache.get("segments", (loaded.key, manifest.snapshot), told)

    def _agreement(self, loaded: Workspace, model: Segments, manifest: Manifest) -> float | None:
        """With the newest older snapshot that knows the same items."""
        folder = self.session.store.snapshots(loaded.name)
        older = (m for m in manifests(folder) if m.model == manifest.model and m.order < manifest.order)
        for earlier in older:
            state = load(folder, earlier.snapshot)[1]
            if len(state.arrays["places"]) == loaded.graph.n_items:
                return agreement(model, Segments.restore(loaded.graph, state))
        return None

    def device_file(
        self, workspace: str, *, k: int | None = None, snapshot: str | None = None, since: bytes | None = None
    ) -> DeviceFile:
        """The fitted `edge` model as ONNX, and what differs from an older such file. Raises SurfacedError."""
        loaded = self.session.workspace(workspace)
        manifest = loaded.manifest(Edge.spec.name, snapshot)
        model, length = loaded.model(manifest), list_length(loaded, k)
        assert isinstance(model, Edge)
        about = {"workspace": workspace, "snapshot": manifest.snapshot, "overlap": f"{model.kernel.overlap:.4f}"}
        content = device_file(model, loaded.graph.items.ids.tolist(), k=length, about=about)
        return DeviceFile(
            snapshot=manifest.snapshot,
            content=content,
            items=loaded.graph.n_items,
            neighbours=int(model.kernel.neighbours.shape[1]),
            bits=8 * model.kernel.amounts.dtype.itemsize,
            overlap=model.kernel.overlap,
            k=length,
            changes=None if since is None else delta(since, content),
        )

    def updated_device_file(self, old: bytes, changes: bytes) -> bytes:
        """The newer device file, from an older one and its changes. Raises DataError."""
        return with_delta(old, changes)

    def _newest(self, workspace: str) -> dict[str, Manifest]:
        return newest(self.session.store.snapshots(workspace), self.session.store.require(workspace))


def _model_info(model: type[Recommender]) -> ModelInfo:
    spec, effects = model.spec, {name: words.effect for name, words in model.spec.parameters.items() if words.effect}
    return ModelInfo(
        name=spec.name,
        title=spec.title,
        source=spec.source,
        exact=spec.exact,
        summary=spec.summary,
        use=spec.use,
        parts=(*spec.relations, *spec.constants),
        mixes=spec.mixes,
        floor=spec.floor,
        learnt_vectors=spec.learnt_vectors,
        explains_features=issubclass(model, ExplainsFeatures),
        effects=effects,
    )


def _snapshot_info(workspace: str, m: Manifest) -> SnapshotInfo:
    return SnapshotInfo(
        m.snapshot, m.model, workspace, m.seconds, m.parameters, m.metrics, m.seed, m.created // 1_000_000_000
    )
