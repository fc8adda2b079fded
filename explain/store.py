"""Where a workspace lives on disk: checked tables, snapshots, stored results. Every file appears whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from core.errors import NotReadyError, OptionError, SurfacedError, did_you_mean, shown
from core.texts import command as typed
from data.sources.registry import all_sources, get_source
from data.tables import DataCard, Tables

_TABLES = ("events", "users", "items", "topics", "creators")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
# Raised when stored tables would no longer be read the same way: a workspace of an older layout is prepared again.
LAYOUT = 1


@dataclass(frozen=True)
class Prepared:
    """What `prepare` found, kept beside the tables."""

    layout: int
    fingerprint: str
    n_users: int
    n_items: int
    n_events: int
    relations: dict[str, int]
    problems: list[str]
    show_people: bool = False


class Store:
    """The state folder (git-ignored `.surfaced/`, or SURFACED_HOME)."""

    def __init__(self, home: Path | None = None) -> None:
        self.home = home if home is not None else Path(os.environ.get("SURFACED_HOME", ".surfaced"))

    @property
    def downloads(self) -> Path:
        return self.home / "downloads"

    def names(self) -> tuple[str, ...]:
        """Known workspaces: those of the registered sources, then the user's own."""
        known = {source.name: None for source in sorted(all_sources(), key=lambda s: s.name != "newsroom")}
        folder = self.home / "workspaces"
        if folder.is_dir():
            stored = (p.name for p in sorted(folder.iterdir()) if (p / "tables").is_dir())
            known |= {name: None for name in stored if _NAME.fullmatch(name)}
        return tuple(known)

    def check(self, workspace: str) -> str:
        """The name of a known workspace. Raises OptionError; no path is ever made of anything else."""
        known = self.names()
        if workspace not in known:
            raise OptionError(
                f"There is no workspace {shown(workspace)}. Pick one of: {', '.join(known)}."
                f"{did_you_mean(workspace, known)}"
            )
        return workspace

    def folder(self, workspace: str) -> Path:
        return self.home / "workspaces" / self.check(workspace)

    def snapshots(self, workspace: str) -> Path:
        return self.folder(workspace) / "snapshots"

    def refits(self, workspace: str, split: str, seed: int) -> Path:
        """Models learnt from the training part of one split: nothing that is served reads them."""
        return self.folder(workspace) / "refits" / f"{split}-{seed}"

    def retrained(self, workspace: str) -> Path:
        """Models learnt from an edited history (What if, kind retrain): the last few."""
        return self.folder(workspace) / "retrained"

    def results(self, workspace: str) -> Path:
        return self.folder(workspace) / "results"

    def prepared(self, workspace: str) -> Prepared | None:
        """None where it was never prepared, or by an older version."""
        return self._meta(self.folder(workspace))

    def require(self, workspace: str) -> Prepared:
        """Raises NotReadyError with what to type."""
        found = self.prepared(workspace)
        if found is None:
            command = self.command(workspace)
            raise NotReadyError(f"Workspace {shown(workspace)} is not prepared yet. Type `{command}`.", command)
        return found

    def command(self, workspace: str) -> str:
        """What to type to get a workspace."""
        if workspace in {s.name for s in all_sources()}:
            return get_source(workspace).command
        return typed("prepare", "--workspace", workspace, "--from", "FOLDER")

    def save_tables(self, workspace: str, tables: Tables, prepared: Prepared) -> None:
        """Replace a workspace's tables all at once. Snapshots and results stay; they name the data they belong to."""
        if not _NAME.fullmatch(workspace):
            raise OptionError(
                f"{shown(workspace)} cannot be a workspace's name. Use small letters, digits and hyphens."
            )
        folder = self.home / "workspaces" / workspace
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for left in (*folder.glob(".old-*"), *folder.glob(".tables-*")):
                shutil.rmtree(left, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix=".tables-", dir=folder, ignore_cleanup_errors=True) as scratch:
                fresh = Path(scratch) / "tables"
                fresh.mkdir()
                for name in _TABLES:
                    getattr(tables, name).to_parquet(fresh / f"{name}.parquet", index=False)
                (fresh / "card.json").write_text(json.dumps(asdict(tables.card)))
                (fresh / "workspace.json").write_text(json.dumps(asdict(prepared)))
                _swap(fresh, folder / "tables", Path(scratch) / "old")
        except OSError as error:
            raise SurfacedError(
                f"Workspace {shown(workspace)} could not be written to {folder}: {error.strerror}. "
                "Nothing that stood there is lost; make room and prepare again."
            ) from None

    def tables(self, workspace: str) -> Tables:
        """The checked tables as `prepare` left them. Raises NotReadyError where there are none, or damaged ones."""
        card = self.card(workspace)
        folder = self.folder(workspace) / "tables"
        try:
            frames = {name: pd.read_parquet(folder / f"{name}.parquet") for name in _TABLES}
        except (OSError, ValueError, TypeError, NotImplementedError):
            raise self._damaged(workspace, "tables") from None
        return Tables(card, frames["events"], frames["users"], frames["items"], frames["topics"], frames["creators"])

    def tables_sha256(self, workspace: str) -> str:
        """One SHA-256 over the stored tables, in a fixed order: what an auditor can compare the data by."""
        whole, folder = hashlib.sha256(), self.folder(workspace) / "tables"
        for name in _TABLES:
            whole.update(hashlib.sha256((folder / f"{name}.parquet").read_bytes()).digest())
        return whole.hexdigest()

    def card(self, workspace: str) -> DataCard:
        """The data card. Raises NotReadyError before `prepare`, or where the stored card is damaged."""
        self.require(workspace)
        try:
            content = json.loads((self.folder(workspace) / "tables" / "card.json").read_text())
            return DataCard(**content | {"positives": tuple(content["positives"])})
        except (OSError, ValueError, TypeError, KeyError):
            raise self._damaged(workspace, "data card") from None

    def read_result(self, workspace: str, key: str) -> dict[str, Any] | None:
        """A stored result, or None where there is none or it is damaged: results can always be computed again."""
        try:
            content = json.loads((self.results(workspace) / f"{key}.json").read_text())
        except (OSError, ValueError):
            return None
        return content if isinstance(content, dict) else None

    def write_result(self, workspace: str, key: str, content: dict[str, Any]) -> None:
        """Store a result whole. A full disk loses the stored copy only; the caller has the result."""
        folder = self.results(workspace)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=folder, prefix=".writing-", delete=False) as file:
                json.dump(content, file)
            os.replace(file.name, folder / f"{key}.json")
        except OSError:
            return

    def _damaged(self, workspace: str, what: str) -> NotReadyError:
        built_in = workspace in {s.name for s in all_sources()}
        command = typed("prepare", "--workspace", workspace, *(() if built_in else ("--from", "FOLDER")))
        return NotReadyError(
            f"The stored {what} of workspace {shown(workspace)} cannot be read. Type `{command}` to prepare it again; "
            "fitted models are kept.",
            command,
        )

    def _meta(self, folder: Path) -> Prepared | None:
        try:
            found = Prepared(**json.loads((folder / "tables" / "workspace.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return found if found.layout == LAYOUT else None


def _swap(fresh: Path, place: Path, old: Path) -> None:
    """Put `fresh` where `place` is and what was there to `old`; back again where that fails."""
    if place.exists():
        place.rename(old)
    try:
        fresh.rename(place)
    except OSError:
        if old.exists():
            old.rename(place)
        raise
