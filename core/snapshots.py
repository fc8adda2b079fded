"""Fitted models on disk: a JSON manifest and an npz of plain arrays. Written whole or not at all, checked before use.

A snapshot's id ends in the hash of its manifest, and the manifest holds the hash of the arrays: a file that was cut or
altered is refused with a sentence. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import SnapshotError, shown
from core.files import flush_folder, read_bytes
from core.models.base import ModelState

SCHEMA = 1
_MANIFEST, _ARRAYS = "manifest.json", "arrays.npz"


@dataclass(frozen=True)
class Manifest:
    """What a snapshot says about itself. fingerprint: of the graph it was fitted on; created: ns since 1970, UTC.

    order  grows with each snapshot of a folder, whatever the clock says: the largest is the newest; 0 for those of
           older versions
    """

    snapshot: str
    model: str
    fingerprint: str
    seed: int
    seconds: float
    created: int
    order: int
    parameters: dict[str, Any]
    metrics: dict[str, float]
    arrays_sha256: str


def save(
    folder: Path,
    *,
    model: str,
    state: ModelState,
    fingerprint: str,
    seed: int,
    seconds: float,
    metrics: dict[str, float],
) -> Manifest:
    """Store a model under `folder`; the snapshot appears in one rename, or not at all."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **state.arrays)
    arrays = buffer.getvalue()
    content = {
        "schema": SCHEMA,
        "model": model,
        "fingerprint": fingerprint,
        "seed": seed,
        "seconds": seconds,
        "created": time.time_ns(),
        "order": 1 + max((m.order for m in manifests(folder)), default=0),
        "parameters": state.parameters,
        "metrics": metrics,
        "arrays_sha256": hashlib.sha256(arrays).hexdigest(),
    }
    text = json.dumps(content, sort_keys=True, indent=1).encode()
    snapshot = f"{model}-{hashlib.sha256(text).hexdigest()[:12]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder, ignore_cleanup_errors=True) as scratch:
            fresh = Path(scratch) / snapshot
            fresh.mkdir()
            for name, data in ((_MANIFEST, text), (_ARRAYS, arrays)):
                with (fresh / name).open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            fresh.rename(folder / snapshot)
        flush_folder(folder)
    except OSError as error:
        raise SnapshotError(
            f"The snapshot could not be written to {folder}: {error.strerror}. Nothing was lost."
        ) from None
    return _manifest(snapshot, content)


def manifests(folder: Path) -> tuple[Manifest, ...]:
    """All readable snapshots, newest first. Damaged ones are left out here, and refused by `load` with the reason."""
    readable = []
    for path in folder.glob("*/" + _MANIFEST) if folder.is_dir() else ():
        if not path.parent.name.startswith("."):
            try:
                readable.append(read_manifest(folder, path.parent.name))
            except SnapshotError:
                continue
    return tuple(sorted(readable, key=lambda m: (-m.order, -m.created, m.snapshot)))


def damaged_since(folder: Path, model: str, created: int) -> str | None:
    """A snapshot of a model that cannot be read and was written after `created` (ns since 1970); None where there is
    none.
    """
    readable = {m.snapshot for m in manifests(folder)}
    for path in sorted(folder.glob(f"{model}-*")) if folder.is_dir() else ():
        own = path.name.rpartition("-")[0] == model
        if own and path.name not in readable and path.is_dir() and path.stat().st_mtime_ns > created:
            return path.name
    return None


def read_manifest(folder: Path, snapshot: str) -> Manifest:
    """The manifest, checked against the hash in the snapshot's id. Raises SnapshotError."""
    if snapshot not in {p.name for p in folder.iterdir()} if folder.is_dir() else True:
        raise SnapshotError(
            f"There is no snapshot {shown(snapshot)} in this workspace. Leave it out for the newest, or fit again."
        )
    try:
        text = read_bytes(folder / snapshot / _MANIFEST)
        if hashlib.sha256(text).hexdigest()[:12] != snapshot.rpartition("-")[2]:
            raise ValueError
        content = json.loads(text)
        manifest, schema = _manifest(snapshot, content), content["schema"]
    except (OSError, ValueError, KeyError, TypeError):
        raise _damaged(snapshot, _MANIFEST) from None
    if schema != SCHEMA:
        raise SnapshotError(
            f"Snapshot {shown(snapshot)} was written by another version of Surfaced. Fit the model again."
        )
    return manifest


def load(folder: Path, snapshot: str) -> tuple[Manifest, ModelState]:
    """A stored model's state. Raises SnapshotError where a file is missing, cut or altered."""
    manifest = read_manifest(folder, snapshot)
    try:
        data = read_bytes(folder / snapshot / _ARRAYS, at_most=None)
        if hashlib.sha256(data).hexdigest() != manifest.arrays_sha256:
            raise ValueError
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, ValueError):
        raise _damaged(snapshot, _ARRAYS) from None
    return manifest, ModelState(manifest.parameters, arrays)


def _manifest(snapshot: str, content: dict[str, Any]) -> Manifest:
    names = ("model", "fingerprint", "seed", "seconds", "created", "order", "parameters", "metrics", "arrays_sha256")
    known = {"order": 0} | content
    return Manifest(snapshot, *(known[name] for name in names))


def _damaged(snapshot: str, name: str) -> SnapshotError:
    return SnapshotError(
        f"Snapshot {shown(snapshot)} is damaged: its {name} is missing, cut short or altered. Fit the model again; "
        "other snapshots are not touched."
    )
