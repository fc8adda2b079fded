"""Differences on the same people: against means by hand, through the command, and on the page."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.models.item_knn import ItemKnn
from core.models.path import PathModel
from core.models.popularity import Popularity
from core.paired import PerPerson, paired_differences
from core.progress import no_progress
from explain.format.numbers import difference
from explain.workbench.workbench import Workbench
from tests.command_line import surfaced

PATH, KNN, FLOOR = (kind.spec.name for kind in (PathModel, ItemKnn, Popularity))


@pytest.fixture
def own_home(newsroom_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy: what is measured here is in no other test's way."""
    home = Path(shutil.copytree(newsroom_home, tmp_path / "home"))
    monkeypatch.setenv("SURFACED_HOME", str(home))
    return home


def found(seed: int, shift: float = 0.0, n: int = 200) -> PerPerson:
    rng = np.random.default_rng(seed)
    weight = rng.integers(1, 5, n).astype(float)
    values = {name: weight * (rng.random(n) + shift) for name in ("recall@20", "ndcg@20")}
    return PerPerson(users=np.arange(n), weight=weight, values=values)


def test_a_difference_is_that_of_the_weighted_means_and_its_interval_that_of_the_gaps() -> None:
    one, other = found(0, 0.1), found(1)
    gaps = paired_differences(one, other)
    for name, gap in gaps.items():
        means = [p.values[name].sum() / p.weight.sum() for p in (one, other)]
        assert gap.value == pytest.approx(means[0] - means[1], abs=1e-12)
        assert gap.low < gap.value < gap.high
        each = (one.values[name] - other.values[name]) - gap.value * one.weight
        normal = 1.96 * np.sqrt(np.square(each).sum()) / one.weight.sum()
        assert gap.high - gap.low == pytest.approx(2 * normal, rel=0.1)


def test_groups_of_people_have_the_means_of_their_own_and_small_ones_are_told_nowhere(own_home: Path) -> None:
    bench = Workbench(own_home)
    loaded = bench.session.workspace("newsroom")
    split = loaded.card.default_split
    bench.evaluate.measure("newsroom", FLOOR)
    run = bench.session.refit(loaded, FLOOR, split, 0, 20, no_progress)
    measured = run.evaluation(20)
    by = bench.evaluate.by_cohort("newsroom", [FLOOR, KNN], "region")
    assert set(by) == {FLOOR}, "nobody measured the other one"
    region = loaded.graph.users.attributes["region"].fillna("unknown").to_numpy()[measured.users]
    assert {row.group for row in by[FLOOR]} <= set(region)
    assert len(by[FLOOR]) >= 4
    for row in by[FLOOR]:
        own = measured.per_user["ndcg@20"][region == row.group]
        assert row.n == len(own) >= 10
        assert row.value == pytest.approx(own.mean())
        assert row.low <= row.value <= row.high
    bench.session.home.joinpath("privacy.json").write_text('{"min_n": 60}', encoding="utf-8")
    fewer = Workbench(own_home).evaluate.by_cohort("newsroom", [FLOOR], "region")[FLOOR]
    assert all(row.n >= 60 for row in fewer)
    assert {row.group for row in fewer} < {row.group for row in by[FLOOR]}


def test_what_both_have_falls_out_of_the_interval() -> None:
    """People differ far more from each other than the two models do: only the pairing sees the difference."""
    one = found(0)
    better = replace(one, values={name: column + 0.01 * one.weight for name, column in one.values.items()})
    for gap in paired_differences(better, one).values():
        assert gap.value == pytest.approx(0.01)
        assert gap.high - gap.low < 1e-9


def test_other_people_are_not_compared_and_what_is_stored_comes_back() -> None:
    one = found(0)
    assert paired_differences(one, replace(one, users=one.users + 1)) == {}
    assert paired_differences(one, replace(one, weight=one.weight + 1)) == {}
    again = PerPerson.from_json(json.loads(json.dumps(one.as_json())))
    assert paired_differences(again, one)["ndcg@20"].value == 0.0


@pytest.mark.parametrize("split", ["last", "live"])
def test_the_command_measures_several_and_holds_the_best_against_each(own_home: Path, split: str) -> None:
    names = [PATH, KNN, FLOOR]
    answer = surfaced("evaluate", "-w", "newsroom", "--models", ",".join(names), "--split", split, "--json").json
    assert list(answer["models"]) == names
    value = {name: answer["models"][name]["metrics"]["ndcg@20"]["value"] for name in names}
    assert value[answer["best"]] == max(value.values())
    assert set(answer["best_minus"]) == set(names) - {answer["best"]}
    for name, gaps in answer["best_minus"].items():
        assert gaps["ndcg@20"]["value"] == pytest.approx(value[answer["best"]] - value[name], abs=1e-9)
    single = surfaced("evaluate", "-w", "newsroom", "--model", KNN, "--split", split, "--json").json
    assert {k: v for k, v in single.items() if k != "seconds"} == {
        k: v for k, v in answer["models"][KNN].items() if k != "seconds"
    }
    assert Workbench(own_home).evaluate.paired("newsroom", PATH, "ease", split=split) == {}


@pytest.mark.parametrize("asked", [(), ("--model", PATH, "--models", "all")])
def test_one_model_or_several_are_named(home: Path, asked: tuple[str, ...]) -> None:
    assert "--models all" in surfaced("evaluate", "-w", "newsroom", *asked).complaint


def test_a_difference_is_signed_with_a_true_minus() -> None:
    assert difference(0.0189, -0.0021, 0.0379) == "+0.019 (−0.002 to +0.038)"
