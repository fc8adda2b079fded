"""What every part of the workbench stands on: where state lives, which worlds are loaded, which refits are kept."""

from __future__ import annotations

from pathlib import Path

from core.guardrails.base import Pool, Rule
from core.models.base import Recommender, get_model
from core.progress import Progress
from core.ranking import check_k
from core.threads import one_thread
from explain.guarding import Steps
from explain.heldout import HeldOut, refit
from explain.store import Store
from explain.world import World


class Desk:
    """Cheap to make; graphs, models and lists are loaded when first asked for and kept for the life of the object."""

    def __init__(self, home: Path | None = None) -> None:
        self.store = Store(home)
        self._worlds: dict[str, World] = {}
        self._heldout: dict[tuple[str, ...], HeldOut] = {}
        self._retrained: dict[tuple[str, ...], Recommender] = {}
        self._pools: dict[tuple[str, str, int], Pool] = {}
        self._guarded: dict[tuple[str, str, int, tuple[Rule, ...]], Steps] = {}

    def _world(self, workspace: str) -> World:
        prepared = self.store.require(workspace)
        known = self._worlds.get(workspace)
        if known is None or known.prepared != prepared:
            known = self._worlds[workspace] = World(self.store, workspace, prepared)
        return known

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


def length(world: World, k: int | None, usual: int = 20) -> int:
    """The length asked for; the usual one, or the whole of a small catalogue, where none was."""
    n_items = world.prepared.n_items
    return min(usual, n_items) if k is None else check_k(k, n_items)
