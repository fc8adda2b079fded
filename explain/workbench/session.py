"""What every service of the workbench stands on: where state lives, loaded workspaces, refits, and one
bounded cache.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Unpack, get_args

from core.errors import OptionError, SnapshotError, shown
from core.models.base import get_model
from core.progress import Progress
from core.ranking import check_k
from core.threads import one_thread
from data.tables import SplitKind
from explain.records.log import DecisionLog
from explain.storage.privacy import smallest_group
from explain.storage.store import Store
from explain.workbench.question import Question, Whom
from explain.workspace.cache import Cache
from explain.workspace.refits import HeldOut, keep, longer, refit, restored, stored_refit
from explain.workspace.workspace import Workspace

KEPT = {
    "workspace": 16,
    "moment": 6,
    "model": 32,
    "lists": 32,
    "refit": 16,
    "retrained": 4,
    "pool": 12,
    "steps": 24,
    "segments": 8,
}


class Session:
    """Cheap to make; graphs, models and lists are loaded when first asked for, and those used last are kept.

    home  the state folder; SURFACED_HOME or .surfaced where None
    """

    def __init__(self, home: Path | None = None) -> None:
        self.store = Store(home)
        self.cache = Cache(KEPT)

    @property
    def home(self) -> Path:
        """The state folder."""
        return self.store.home

    @property
    def decisions(self) -> DecisionLog:
        """The decision log of this state folder."""
        return DecisionLog(self.home / "decisions.sqlite")

    @property
    def smallest_group(self) -> int:
        """The smallest group of people of whom this installation tells a figure. Raises OptionError where it is no such
        number.
        """
        return smallest_group(self.home)

    def workspace(self, name: str, at: int | None = None) -> Workspace:
        """A prepared workspace as it stands on disk now, with all of its data or as it stood at a moment. Raises
        NotReadyError, OptionError.
        """
        prepared = self.store.require(name)
        known: Workspace | None = self.cache.peek("workspace", name)
        if known is None or known.prepared != prepared:
            known = Workspace(self.store, name, prepared, self.cache)
            self.cache.put("workspace", name, known)
        return known if at is None else known.at(at)

    def open(self, workspace: str, model: str, **whom: Unpack[Whom]) -> Question:
        """A model as it stands for a person at a moment. Raises UnknownIdError, NotReadyError, SnapshotError,
        OptionError.

        A history without a user is folded in; with one it replaces theirs.
        """
        user, history = whom.get("user"), whom.get("history")
        loaded = self.workspace(workspace, whom.get("at"))
        manifest = loaded.manifest(model, whom.get("snapshot"))
        folded, position = loaded.person(loaded.model(manifest), user, history)
        known = None if user is None else loaded.graph.users.index(user)
        return Question(
            workspace=loaded, manifest=manifest, model=folded, position=position, user=user, known=known, given=history
        )

    def refit(
        self,
        workspace: Workspace,
        model: str,
        split: str,
        seed: int,
        k: int,
        progress: Progress,
        *,
        anew: bool = False,
    ) -> HeldOut:
        """A refit on the training part, kept in memory and on disk: measuring, auditing, pricing and exporting share
        it.

        anew  what another process stored is not taken: it is learnt again, and stored
        """
        get_model(model)
        key = (workspace.prepared.content, model, check_split(split), str(seed))
        known: HeldOut | None = self.cache.peek("refit", key)
        width = min(max(20, k), workspace.graph.n_items)
        with one_thread():
            if known is None and not anew:
                known = self._stored_refit(workspace, model, split, seed, width, progress)
            if known is None:
                known = refit(workspace.graph, workspace.card, model, kind=split, seed=seed, k=width, progress=progress)
                folder, identity = self.store.refits(workspace.name, split, seed), workspace.prepared.identity(model)
                with suppress(SnapshotError):  # a full disk: the next process learns it again
                    keep(folder, known, model, identity, seed)
            if known.lists.shape[1] < k:
                known = longer(known, width, progress)
        self.cache.put("refit", key, known)
        return known

    def has_refit(self, workspace: Workspace, model: str) -> bool:
        """Whether the refit on the training part of the data's default split was made already."""
        split = workspace.card.default_split
        if self.cache.peek("refit", (workspace.prepared.content, model, split, "0")) is not None:
            return True
        folder = self.store.refits(workspace.name, split, 0)
        return stored_refit(folder, model, workspace.prepared.identity(model)) is not None

    def forget(self) -> None:
        """Load everything anew when it is next asked for: the state folder was replaced."""
        for kind in KEPT:
            self.cache.clear(kind)

    def _stored_refit(
        self, workspace: Workspace, model: str, split: str, seed: int, k: int, progress: Progress
    ) -> HeldOut | None:
        folder = self.store.refits(workspace.name, split, seed)
        stored = stored_refit(folder, model, workspace.prepared.identity(model))
        if stored is None:
            return None
        try:
            return restored(workspace.graph, workspace.card, folder, stored, kind=split, k=k, progress=progress)
        except SnapshotError:
            return None


def check_split(split: str) -> str:
    """The name of a split. Raises OptionError; no path is ever made of anything else."""
    if split not in get_args(SplitKind):
        raise OptionError(f"Unknown split {shown(split)}. Splits: {', '.join(get_args(SplitKind))}.")
    return split


def list_length(workspace: Workspace, k: int | None, usual: int = 20) -> int:
    """The length asked for; the usual one, or the whole of a small catalogue, where none was."""
    n_items = workspace.prepared.n_items
    return min(usual, n_items) if k is None else check_k(k, n_items)


def evaluation_key(workspace: Workspace, model: str, split: str, k: int, seed: int) -> str:
    """The name under which a measurement is stored. Raises OptionError for an unknown model or split."""
    get_model(model)
    return f"evaluation-{workspace.prepared.content[:12]}-{model}-{check_split(split)}-{int(k)}-{int(seed)}"
