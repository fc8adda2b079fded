"""What every part of the workbench stands on: where state lives, which worlds are loaded, which refits are kept."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import get_args

from core.errors import OptionError, SnapshotError, shown
from core.guardrails.base import Pool, Rule
from core.models.base import Recommender, get_model
from core.progress import Progress
from core.ranking import check_k
from core.threads import one_thread
from data.tables import SplitKind
from explain.fairness.reranking import Steps
from explain.storage.store import Store
from explain.workspace.refits import HeldOut, keep, kept, longer, refit, restored
from explain.workspace.workspace import Workspace


class Desk:
    """Cheap to make; graphs, models and lists are loaded when first asked for and kept for the life of the object."""

    def __init__(self, home: Path | None = None) -> None:
        self.store = Store(home)
        self._worlds: dict[str, Workspace] = {}
        self._heldout: dict[tuple[str, ...], HeldOut] = {}
        self._retrained: dict[tuple[str, ...], Recommender] = {}
        self._pools: dict[tuple[str, str, int], Pool] = {}
        self._guarded: dict[tuple[str, str, int, tuple[Rule, ...]], Steps] = {}

    def _world(self, workspace: str) -> Workspace:
        prepared = self.store.require(workspace)
        known = self._worlds.get(workspace)
        if known is None or known.prepared != prepared:
            known = self._worlds[workspace] = Workspace(self.store, workspace, prepared)
        return known

    def _refit(
        self, world: Workspace, model: str, split: str, seed: int, k: int, progress: Progress, *, anew: bool = False
    ) -> HeldOut:  # fmt: skip
        """A refit on the training part, kept in memory and on disk: measuring, auditing, pricing and exporting share it.

        anew  what another process stored is not taken: it is learnt again, and stored
        """
        get_model(model)
        key = (world.prepared.content, model, check_split(split), str(seed))
        known, width = self._heldout.get(key), min(max(20, k), world.graph.n_items)
        with one_thread():
            if known is None and not anew:
                known = self._stored_refit(world, model, split, seed, width, progress)
            if known is None:
                known = refit(world.graph, world.card, model, kind=split, seed=seed, k=width, progress=progress)
                with suppress(SnapshotError):  # a full disk: the next process learns it again
                    keep(
                        self.store.refits(world.workspace, split, seed),
                        known,
                        model,
                        world.prepared.identity(model),
                        seed,
                    )
            if known.lists.shape[1] < k:
                known = longer(known, width, progress)
        self._heldout[key] = known
        return known

    def _stored_refit(
        self, world: Workspace, model: str, split: str, seed: int, k: int, progress: Progress
    ) -> HeldOut | None:
        folder = self.store.refits(world.workspace, split, seed)
        found = kept(folder, model, world.prepared.identity(model))
        if found is None:
            return None
        try:
            return restored(world.graph, world.card, folder, found, kind=split, k=k, progress=progress)
        except SnapshotError:
            return None


def check_split(split: str) -> str:
    """The name of a split. Raises OptionError; no path is ever made of anything else."""
    if split not in get_args(SplitKind):
        raise OptionError(f"Unknown split {shown(split)}. Splits: {', '.join(get_args(SplitKind))}.")
    return split


def length(world: Workspace, k: int | None, usual: int = 20) -> int:
    """The length asked for; the usual one, or the whole of a small catalogue, where none was."""
    n_items = world.prepared.n_items
    return min(usual, n_items) if k is None else check_k(k, n_items)


def evaluation_key(world: Workspace, model: str, split: str, k: int, seed: int) -> str:
    """The name under which a measurement is stored. Raises OptionError for an unknown model or split."""
    get_model(model)
    return f"evaluation-{world.prepared.content[:12]}-{model}-{check_split(split)}-{int(k)}-{int(seed)}"
