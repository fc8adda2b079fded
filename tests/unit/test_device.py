"""The table for a device: what onnxruntime lists with it is what the model lists, and changes make the newer file."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from core.errors import DataError, OptionError
from core.models import _device_kernel
from core.models._device_kernel import ENOUGH, smallest_kernel
from core.models._path_chains import CO_3, CO_5, PathParameters, Relation
from core.models.edge import Edge
from core.models.path import PathModel
from core.ranking import top_k
from explain.export.device_file import delta, device_file, with_delta
from tests.command_line import surfaced
from tests.graphs import random_graph, timed_parameters

PLAIN = PathParameters(0.0, 1.0, {CO_3: Relation(1.0, 0.8, 0.8, 0.5), CO_5: Relation(-0.3, 0.8, 0.8, 0.5)})


def table(seed: int) -> Edge:
    graph = random_graph(seed, n_users=60, n_items=40, n_events=900)
    return Edge.of(PathModel.build(graph, timed_parameters(seed)))


def ids(model: Edge) -> list[str]:
    return [f"naïve {n}" for n in range(model.adjacency.n_items)]


def asked(file: bytes, items: np.ndarray, weights: np.ndarray) -> list[Any]:
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return list(session.run(None, {"items": items.astype(np.int64), "weights": weights.astype(np.float32)}))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_onnxruntime_lists_what_the_model_lists(seed: int) -> None:
    model = table(seed)
    file = device_file(model, ids(model), k=10, about={})
    for user in range(0, 50, 3):
        items, weights = model.adjacency.row(user)
        scores, places, names = asked(file, items, weights)
        expected = model.score(np.array([user]))[0]
        expected[items] = -np.inf
        assert np.allclose(scores, expected[places], rtol=1e-4, atol=1e-5)
        best = np.sort(expected)[::-1][:10]
        assert np.allclose(
            np.where(np.isfinite(scores), scores, -1), np.where(np.isfinite(best), best, -1), rtol=1e-4, atol=1e-5
        )
        assert list(names) == [ids(model)[place] for place in places]


def test_a_table_keeps_the_lists_of_its_paths_as_far_as_it_says() -> None:
    """Recounted over everybody from the two models' lists; the amounts of a row are the largest of its walks' sums."""
    graph = random_graph(5, n_users=150, n_items=120, n_events=3_000)
    path = PathModel.build(graph, PLAIN)
    model = Edge.of(path)
    users = np.arange(graph.n_users)
    lists = [top_k(m.score(users), 20, graph.interactions)[0] for m in (path, model)]
    kept = np.mean([len(np.intersect1d(a, b)) / 20 for a, b in zip(*lists, strict=True)])
    assert model.kernel.overlap >= ENOUGH
    assert kept >= 0.97
    stored, bits = model.kernel.matrix.toarray(), model.kernel.amounts.dtype
    for user in range(3):
        items, start = path.first_hops(user)
        for item in range(graph.n_items):
            walked = path.parts(user, item).history / start
            scale = model.kernel.scale[items].astype(np.float64)
            near = np.abs(stored[items, item] - walked) <= (0.501 if bits == np.int8 else 1e-3) * scale
            assert (near | (stored[items, item] == 0)).all()


def test_the_smallest_table_that_keeps_enough_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_device_kernel, "SIZES", (2, 60))
    path = PathModel.build(random_graph(5, n_users=150, n_items=120, n_events=3_000), PLAIN)
    wide = smallest_kernel(path)
    monkeypatch.setattr(_device_kernel, "ENOUGH", 0.1)
    narrow = smallest_kernel(path)
    assert narrow.neighbours.shape[1] == 2
    assert wide.neighbours.shape[1] > 2
    assert 0.1 <= narrow.overlap < ENOUGH <= wide.overlap


@pytest.mark.parametrize("seed", [1, 2])
def test_changes_make_the_newer_file_byte_for_byte(seed: int) -> None:
    old, new = table(seed), table(seed)
    k = new.kernel
    k.amounts[3] = k.amounts[3][::-1]
    k.scale[7] *= 2
    k.everybody[5] += 1
    files = [device_file(model, ids(model), k=10, about={"snapshot": name}) for model, name in ((old, "a"), (new, "b"))]
    change = delta(*files)
    assert change.rows == 2
    assert with_delta(files[0], change.content) == files[1]
    assert delta(files[1], files[1]).rows == 0
    assert len(change.content) < len(files[1])


def test_other_tables_and_damaged_changes_are_refused() -> None:
    model, wider = table(1), Edge.of(PathModel.build(random_graph(2), timed_parameters(2)))
    file, other = (device_file(m, ids(m), k=10, about={}) for m in (model, wider))
    with pytest.raises(OptionError, match="whole file"):
        delta(file, other)
    with pytest.raises(OptionError, match="whole file"):
        delta(file, device_file(model, [*ids(model)[:-1], "another"], k=10, about={}))
    change = delta(file, file).content
    for broken in (b"", b"PK", change[:-40], b"\x80\x04K\x01."):
        with pytest.raises(DataError, match="does not fit"):
            with_delta(file, broken)
    far = io.BytesIO()
    with np.load(io.BytesIO(change)) as stored:
        np.savez(far, **(dict(stored) | {"rows": np.array([10_000]), "scale": np.ones(1, dtype=np.float32)}))
    with pytest.raises(DataError, match="does not fit"):
        with_delta(file, far.getvalue())
    for nonsense in (b"", b"not onnx", change):
        with pytest.raises(DataError, match="export-device"):
            with_delta(nonsense, change)


def test_the_commands_write_a_file_that_runs_and_bring_an_older_one_up_to_date(
    newsroom_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SURFACED_HOME", str(shutil.copytree(newsroom_home, tmp_path / "home")))
    surfaced("fit", "--workspace", "newsroom", "--model", "edge", "--json")
    out, same, changes, newer = (str(tmp_path / name) for name in ("a.onnx", "b.onnx", "changes.npz", "c.onnx"))
    written = surfaced("export-device", "--workspace", "newsroom", "--out", out, "--json").json
    assert written["bytes"] == Path(out).stat().st_size
    assert written["changed_items"] is None
    assert len(asked(Path(out).read_bytes(), np.array([0, 1]), np.ones(2))[1]) == 20
    again = surfaced(
        "export-device", "--workspace", "newsroom", "--out", same, "--since", out, "--changes", changes, "--json"
    ).json
    assert (again["changed_items"], again["changed_bytes"]) == (0, Path(changes).stat().st_size)
    surfaced("update-device", "--from", out, "--changes", changes, "--out", newer)
    assert Path(newer).read_bytes() == Path(same).read_bytes()
    for wrong, sentence in (
        (
            ("export-device", "--workspace", "newsroom", "--out", out, "--since", out),
            "--since and --changes go together",
        ),
        (("export-device", "--workspace", "newsroom", "--out", str(tmp_path)), "could not be written"),
        (("update-device", "--from", changes, "--changes", changes, "--out", newer), "no ONNX file"),
    ):
        assert sentence in surfaced(*wrong).complaint
