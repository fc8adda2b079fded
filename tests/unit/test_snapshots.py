"""Stored models: whole or not at all, and nothing damaged is ever read as a model."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import snapshots
from core.errors import SnapshotError
from core.models.base import ModelState
from core.snapshots import Manifest, load, manifests, read_manifest, save

STATE = ModelState({"alpha": 0.25, "name": "ü"}, {"e0": np.arange(12.0).reshape(4, 3), "n": np.array([1, 2])})


def store(folder: Path, model: str = "path", state: ModelState = STATE) -> Manifest:
    return save(folder, model=model, state=state, fingerprint="f" * 64, seed=7, seconds=1.5, metrics={"recall@20": 0.3})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "snapshots"


@pytest.fixture
def stored(folder: Path) -> Manifest:
    return store(folder)


def test_what_was_stored_comes_back(folder: Path, stored: Manifest) -> None:
    manifest, state = load(folder, stored.snapshot)
    assert manifest == stored == read_manifest(folder, stored.snapshot)
    assert (manifest.model, manifest.seed, manifest.seconds) == ("path", 7, 1.5)
    assert manifest.metrics == {"recall@20": 0.3}
    assert state.parameters == STATE.parameters
    assert set(state.arrays) == {"e0", "n"}
    for name, array in STATE.arrays.items():
        assert state.arrays[name].dtype == array.dtype
        assert np.array_equal(state.arrays[name], array)


def test_newest_first_and_only_whole_ones(folder: Path) -> None:
    written = [store(folder, model) for model in ("path", "popularity", "path")]
    assert len({m.snapshot for m in written}) == 3
    assert manifests(folder) == tuple(sorted(written, key=lambda m: -m.created))
    (folder / written[1].snapshot / "manifest.json").write_text("{}")
    assert [m.snapshot for m in manifests(folder)] == [written[2].snapshot, written[0].snapshot]
    assert manifests(folder / "nowhere") == ()


@pytest.mark.parametrize("name", ["manifest.json", "arrays.npz"])
@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.9, "all but one byte"])
def test_a_truncated_file_is_refused(folder: Path, stored: Manifest, name: str, kept: float | str) -> None:
    path = folder / stored.snapshot / name
    data = path.read_bytes()
    path.write_bytes(data[:-1] if isinstance(kept, str) else data[: int(kept * len(data))])
    refused(folder, stored.snapshot, name)


@pytest.mark.parametrize("name", ["manifest.json", "arrays.npz"])
def test_an_altered_byte_anywhere_is_refused(folder: Path, stored: Manifest, name: str) -> None:
    path = folder / stored.snapshot / name
    data = path.read_bytes()
    for place in np.unique(np.linspace(0, len(data) - 1, 40).astype(int)):
        altered = bytearray(data)
        altered[place] ^= 1
        path.write_bytes(bytes(altered))
        refused(folder, stored.snapshot, name)
    path.write_bytes(data + b"\n")
    refused(folder, stored.snapshot, name)
    path.write_bytes(data)
    assert load(folder, stored.snapshot)[0] == stored


@pytest.mark.parametrize("name", ["manifest.json", "arrays.npz"])
def test_a_missing_file_is_refused(folder: Path, stored: Manifest, name: str) -> None:
    (folder / stored.snapshot / name).unlink()
    refused(folder, stored.snapshot, name)


def refused(folder: Path, snapshot: str, name: str) -> None:
    with pytest.raises(SnapshotError, match=f"'{snapshot}' is damaged: its {name} is missing, cut short or altered"):
        load(folder, snapshot)


def test_arrays_of_another_snapshot_are_refused(folder: Path, stored: Manifest) -> None:
    other = store(folder, state=ModelState({}, {"e0": np.ones(3)}))
    shutil.copy(folder / other.snapshot / "arrays.npz", folder / stored.snapshot / "arrays.npz")
    refused(folder, stored.snapshot, "arrays.npz")


def test_a_manifest_that_was_edited_to_fit_other_arrays_is_refused(folder: Path, stored: Manifest) -> None:
    """The id holds the manifest's hash, so a consistent forgery needs another id."""
    path = folder / stored.snapshot / "manifest.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"seed": 8}, sort_keys=True, indent=1))
    refused(folder, stored.snapshot, "manifest.json")


def test_a_folder_under_another_name_is_refused(folder: Path, stored: Manifest) -> None:
    (folder / stored.snapshot).rename(folder / "path-0123456789ab")
    refused(folder, "path-0123456789ab", "manifest.json")
    assert manifests(folder) == ()


@pytest.mark.parametrize(
    "snapshot",
    ["path-0123456789ab", "", ".", "..", "../../etc", "../snapshots", "/etc", "path\x00", "a" * 5000, "ü\ud800", "*"],
)
def test_a_foreign_id_reads_no_file_and_gets_a_sentence(folder: Path, stored: Manifest, snapshot: str) -> None:
    for ask in (load, read_manifest):
        with pytest.raises(SnapshotError, match=r"There is no snapshot '.*' in this workspace. Leave it out") as caught:
            ask(folder, snapshot)
        assert len(str(caught.value)) < 250
        assert str(caught.value).isprintable()


def test_an_id_of_another_workspace_is_foreign(folder: Path, stored: Manifest, tmp_path: Path) -> None:
    store(tmp_path / "other")
    with pytest.raises(SnapshotError, match="There is no snapshot"):
        load(tmp_path / "other", f"../snapshots/{stored.snapshot}")
    with pytest.raises(SnapshotError, match="There is no snapshot"):
        load(tmp_path / "other", stored.snapshot)
    with pytest.raises(SnapshotError, match="There is no snapshot"):
        load(tmp_path / "never made", stored.snapshot)


def test_a_half_written_folder_is_not_seen(folder: Path, stored: Manifest) -> None:
    half = folder / ".writing-abc"
    shutil.copytree(folder / stored.snapshot, half)
    (half / "arrays.npz").write_bytes(b"PK")
    assert manifests(folder) == (stored,)
    (half / "manifest.json").unlink()
    assert manifests(folder) == (stored,)
    with pytest.raises(SnapshotError, match="damaged"):
        load(folder, ".writing-abc")


def full(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_gives_a_sentence_and_no_partial_snapshot(
    folder: Path, stored: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for owner, name in ((snapshots.os, "fsync"), (Path, "open"), (Path, "rename"), (snapshots.tempfile, "mkdtemp")):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, full)
            with pytest.raises(SnapshotError, match=r"could not be written to .*No space left on device.*Nothing was"):
                store(folder)
        assert [p.name for p in folder.iterdir()] == [stored.snapshot]
    assert load(folder, stored.snapshot)[0] == stored


def test_a_folder_that_cannot_be_made_gives_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SnapshotError, match="could not be written to"):
        store(tmp_path / "file" / "snapshots")


def test_a_stop_while_writing_leaves_nothing(folder: Path, stored: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(snapshots.os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        store(folder)
    assert [p.name for p in folder.iterdir()] == [stored.snapshot]


def test_objects_are_never_pickled(folder: Path) -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        store(folder, state=ModelState({}, {"bad": np.array([object()])}))
    assert not folder.exists() or not list(folder.iterdir())
