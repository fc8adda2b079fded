"""Where a workspace lives on disk: checked tables, snapshots, stored results. Every file appears whole
or not at all.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import pandas as pd
from pyarrow import ArrowException

from core.errors import NotReadyError, OptionError, SurfacedError, did_you_mean, shown
from core.files import JsonObject, read_bytes, read_json, write_whole
from core.models.base import get_model
from core.texts import command as typed
from data.datasets.base import dataset_names, get_dataset
from data.tables import DataCard, Tables
from explain.format.hashing import digest
from explain.storage import table_files

_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
# Raised when stored tables would no longer be read the same way: a workspace of an older layout is prepared again.
LAYOUT = 1


@dataclass(frozen=True)
class Prepared:
    """What `prepare` found, kept beside the tables. files: SHA-256 of each stored file; empty in workspaces of older
    versions.
    """

    layout: int
    fingerprint: str
    n_users: int
    n_items: int
    n_events: int
    relations: dict[str, int]
    problems: list[str]
    show_people: bool = False
    files: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> str:
        """What identifies the data with labels, attributes and card: SHA-256; the graph's fingerprint in older
        workspaces.
        """
        if not self.files:
            return self.fingerprint
        return hashlib.sha256(json.dumps(self.files, sort_keys=True).encode()).hexdigest()

    def identity(self, model: str) -> str:
        """What a fitted model must be of: of the graph alone, or of the words and attributes too where
        it reads them.
        """
        return self.content if get_model(model).reads_attributes else self.fingerprint


class Store:
    """The state folder (git-ignored `.surfaced/`, or SURFACED_HOME)."""

    def __init__(self, home: Path | None = None) -> None:
        self.home = home if home is not None else Path(os.environ.get("SURFACED_HOME", ".surfaced"))

    @property
    def downloads(self) -> Path:
        return self.home / "downloads"

    def names(self) -> tuple[str, ...]:
        """Known workspaces: the registered data sets, then the user's own."""
        known: dict[str, None] = dict.fromkeys(dataset_names())
        folder = self.home / "workspaces"
        if folder.is_dir():
            stored = (p.name for p in sorted(folder.iterdir()) if table_files.tables_folder(p) is not None)
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
        prepared = self.prepared(workspace)
        if prepared is None:
            command = self.command(workspace)
            raise NotReadyError(f"Workspace {shown(workspace)} is not prepared yet. Type `{command}`.", command)
        return prepared

    def command(self, workspace: str) -> str:
        """What to type to get a workspace."""
        if workspace in dataset_names():
            return get_dataset(workspace).command
        return typed("prepare", "--workspace", workspace, "--from", "FOLDER")

    @contextmanager
    def preparing(self, workspace: str) -> Iterator[None]:
        """Hold a workspace while it is prepared. Raises OptionError for a name that cannot be, SurfacedError while
        another holds it.
        """
        if not _NAME.fullmatch(workspace) or workspace in _RESERVED:
            raise OptionError(
                f"{shown(workspace)} cannot be a workspace's name. Use small letters, digits and hyphens."
            )
        with table_files.held(self.home / "workspaces" / workspace, workspace):
            yield

    def save_tables(self, workspace: str, tables: Tables, prepared: Prepared) -> Prepared:
        """Replace a workspace's tables all at once. Snapshots and results stay; they name the data they belong to.

        Returns  what was prepared, with the hashes of the stored files
        """
        folder = self.home / "workspaces" / workspace
        card = json.dumps(asdict(tables.card)).encode()

        def write(fresh: Path) -> str:
            nonlocal prepared
            for name in table_files.TABLES:
                getattr(tables, name).to_parquet(fresh / f"{name}.parquet", index=False)
            (fresh / table_files.CARD).write_bytes(card)
            prepared = replace(prepared, files=table_files.hashes(fresh))
            (fresh / table_files.META).write_text(json.dumps(sealed(asdict(prepared))))
            return prepared.content[:12]

        try:
            table_files.replace_all(folder, write)
        except OSError as error:
            raise SurfacedError(
                f"Workspace {shown(workspace)} could not be written to {folder}: {error.strerror or error}. "
                "Nothing that stood there is lost; make room and prepare again."
            ) from None
        return prepared

    def _tables(self, workspace: str) -> Path:
        place = table_files.tables_folder(self.folder(workspace))
        if place is None:
            raise self.damaged(workspace, "tables")
        return place

    def _whole(self, workspace: str, name: str) -> bytes:
        """A stored file as it was written. Raises NotReadyError where it was altered or cannot be read."""
        expected = self.require(workspace).files.get(name)
        try:
            data = read_bytes(self._tables(workspace) / name, at_most=None)
        except OSError:
            raise self.damaged(workspace, name) from None
        if expected is not None and hashlib.sha256(data).hexdigest() != expected:
            raise self.damaged(workspace, name)
        return data

    def tables(self, workspace: str) -> Tables:
        """The checked tables as `prepare` left them. Raises NotReadyError where there are none, or damaged ones."""
        card = self.card(workspace)
        try:
            frames = {
                name: pd.read_parquet(io.BytesIO(self._whole(workspace, f"{name}.parquet")))
                for name in table_files.TABLES
            }
        except (OSError, ValueError, TypeError, NotImplementedError, KeyError, RecursionError, ArrowException):
            raise self.damaged(workspace, "tables") from None
        return Tables(card, frames["events"], frames["users"], frames["items"], frames["topics"], frames["creators"])

    def tables_sha256(self, workspace: str) -> str:
        """One SHA-256 over the stored tables, in a fixed order: what an auditor can compare the data by."""
        whole, folder = hashlib.sha256(), self._tables(workspace)
        for name in table_files.TABLES:
            whole.update(hashlib.sha256(read_bytes(folder / f"{name}.parquet", at_most=None)).digest())
        return whole.hexdigest()

    def card(self, workspace: str) -> DataCard:
        """The data card. Raises NotReadyError before `prepare`, or where the stored card is damaged."""
        self.require(workspace)
        try:
            content = json.loads(self._whole(workspace, table_files.CARD))
            return DataCard(**content | {"positives": tuple(content["positives"])})
        except (ValueError, TypeError, KeyError, RecursionError):
            raise self.damaged(workspace, "data card") from None

    def read_result(self, workspace: str, key: str) -> JsonObject | None:
        """A stored result, or None where there is none or it was altered: results can always be computed again.

        Results without a seal are those of an older version; they count only for data that it prepared.
        """
        try:
            content = read_json(self.results(workspace) / f"{key}.json")
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(content, dict):
            return None
        if set(content) == {"result", "sha256"} and isinstance(content["result"], dict):
            return content["result"] if digest(content["result"]) == content["sha256"] else None
        return content if "sha256" not in content and not self.require(workspace).files else None

    def write_result(self, workspace: str, key: str, content: JsonObject) -> None:
        """Store a result whole. A full disk loses the stored copy only; the caller has the result."""
        result = json.loads(json.dumps(content))
        with suppress(OSError):
            write_whole(
                self.results(workspace) / f"{key}.json", json.dumps({"result": result, "sha256": digest(result)})
            )

    def damaged(self, workspace: str, what: str) -> NotReadyError:
        built_in = workspace in dataset_names()
        command = typed("prepare", "--workspace", workspace, *(() if built_in else ("--from", "FOLDER")))
        return NotReadyError(
            f"The stored {what} of workspace {shown(workspace)} cannot be read. Type `{command}` to prepare it again; "
            "fitted models are kept.",
            command,
        )

    def _meta(self, folder: Path) -> Prepared | None:
        place = table_files.tables_folder(folder)
        if place is None:
            return None
        try:
            content = read_json(place / table_files.META)
            prepared = Prepared(**unsealed(content))
        except (OSError, ValueError, TypeError, AttributeError, RecursionError):
            return None
        return prepared if prepared.layout == LAYOUT else None


def sealed(content: JsonObject) -> JsonObject:
    """JSON with its own SHA-256 as one entry more."""
    return content | {"sha256": digest(content)}


def unsealed(content: JsonObject) -> JsonObject:
    """What was sealed, or what an older version left without a seal. Raises ValueError where the seal does not hold."""
    seal = content.pop("sha256", None)
    if (seal is not None or content.get("files")) and digest(content) != seal:
        raise ValueError("altered")
    return content
