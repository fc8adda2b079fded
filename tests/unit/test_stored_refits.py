"""A refit on the training part outlives its process: the same lists and quality, checked before use, never taken for a
served model.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from core.errors import OptionError, SnapshotError
from core.models.lightgcn import LightGCN
from core.progress import no_progress
from core.snapshots import manifests, save
from explain.workbench.workbench import Workbench
from explain.workspace import refits
from explain.workspace.refits import HeldOut
from tests.models import one_of_each_kind


@pytest.fixture
def home(newsroom_home: Path, tmp_path: Path) -> Path:
    copied = Path(shutil.copytree(newsroom_home, tmp_path / "home"))
    shutil.rmtree(copied / "workspaces" / "newsroom" / "refits", ignore_errors=True)
    return copied


def refit_of(bench: Workbench, model: str, k: int = 20) -> HeldOut:
    return bench.session.refit(bench.session.workspace("newsroom"), model, "last", 0, k, no_progress)


def nothing_is_learnt(*_: object, **__: object) -> None:
    raise AssertionError("the stored refit was not used")


@pytest.mark.parametrize("model", [name for name in one_of_each_kind() if name != LightGCN.spec.name])
def test_another_process_takes_the_stored_refit(home: Path, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Workbench(home)
    assert not first.evaluate.has_refit("newsroom", model)
    learnt = refit_of(first, model)
    monkeypatch.setattr("explain.workbench.session.refit", nothing_is_learnt)
    second = Workbench(home)
    assert second.evaluate.has_refit("newsroom", model)
    stored = refit_of(second, model)
    assert (stored.lists == learnt.lists).all()
    assert (stored.scores == learnt.scores).all()
    assert (stored.path_share, stored.gross_net, stored.seconds) == (
        learnt.path_share,
        learnt.gross_net,
        learnt.seconds,
    )
    assert stored.evaluation(20).metrics == learnt.evaluation(20).metrics
    assert (stored.split.train.interactions != learnt.split.train.interactions).nnz == 0


def test_longer_lists_begin_with_the_shorter_ones(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Workbench(home)
    short = refit_of(bench, "path")
    monkeypatch.setattr("explain.workbench.session.refit", nothing_is_learnt)
    long = refit_of(bench, "path", k=35)
    assert long.lists.shape[1] == 35
    assert (long.lists[:, :20] == short.lists).all()


def test_evaluate_learns_again_and_leaves_one_refit(home: Path) -> None:
    bench = Workbench(home)
    honest = bench.evaluate.measure("newsroom", "path")
    folder = bench.session.store.refits("newsroom", "last", 0)
    (stored,) = manifests(folder)
    other = json.loads(json.dumps(stored.parameters))
    for relation in other["relations"].values():
        relation["weight"] = -relation["weight"]
    fitted = refit_of(bench, "path").model
    state = type(fitted.state())(other, {})
    save(folder, model="path", state=state, fingerprint=stored.fingerprint, seed=0, seconds=1.0, metrics=stored.metrics)
    assert not np.array_equal(refit_of(Workbench(home), "path").lists, refit_of(bench, "path").lists)
    again = asdict(Workbench(home).evaluate.measure("newsroom", "path"))
    assert again | {"seconds": 0} == asdict(honest) | {"seconds": 0}
    (left,) = manifests(folder)
    assert left.parameters == stored.parameters


def test_a_damaged_refit_is_learnt_again(home: Path) -> None:
    learnt = refit_of(Workbench(home), "ease")
    (arrays,) = Workbench(home).session.store.refits("newsroom", "last", 0).glob("ease*/arrays.npz")
    arrays.write_bytes(arrays.read_bytes()[:-50])
    assert (refit_of(Workbench(home), "ease").lists == learnt.lists).all()


def test_a_full_disk_loses_the_stored_copy_only(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise SnapshotError("No space left on device.")

    monkeypatch.setattr(refits, "save", full)
    bench = Workbench(home)
    assert refit_of(bench, "popularity").lists.shape[1] == 20
    assert not Workbench(home).evaluate.has_refit("newsroom", "popularity")


def test_a_split_is_never_a_path(home: Path) -> None:
    bench = Workbench(home)
    with pytest.raises(OptionError, match="Unknown split"):
        bench.session.refit(bench.session.workspace("newsroom"), "path", "../../etc", 0, 20, no_progress)


def test_no_refit_is_served(home: Path) -> None:
    bench = Workbench(home)
    refit_of(bench, "path")
    served = bench.session.workspace("newsroom").manifest("path").snapshot
    (stored,) = manifests(bench.session.store.refits("newsroom", "last", 0))
    assert served != stored.snapshot
    assert stored.snapshot not in {s.snapshot for s in bench.models.fitted("newsroom")}


def test_a_fit_says_how_readable_the_served_model_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As single explanations say it, and not as another fit of the same model would."""
    monkeypatch.setattr(refits, "FEW_USERS", 30)
    bench = Workbench(home)
    metrics = bench.models.fit("newsroom", "path").metrics
    ratios, shares = [], []
    people = bench.data.find_users("newsroom", limit=300)
    for n in np.linspace(0, 299, 30).astype(int):
        user = bench.session.workspace("newsroom").graph.users.ids[n]
        for listed in bench.explain.recommend("newsroom", "path", user=str(user), k=10).items:
            explanation = bench.explain.why("newsroom", "path", listed.item, user=str(user), paths=0)
            ratios.append(explanation.gross_net)
            shares.append(explanation.path_share)
    assert len(people) == 300
    assert metrics["gross_net"] == pytest.approx(np.median(ratios), rel=1e-9)
    assert metrics["path_share"] == pytest.approx(np.median(shares), rel=1e-9)
