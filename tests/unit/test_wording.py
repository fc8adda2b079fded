"""Sentences say what happened: what is beyond the list did not surface, what speaks against is not added."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.models.base import Parts
from explain.explanation.evidence import history_entries
from explain.explanation.sentences import sentence
from explain.workbench.workbench import Workbench


@pytest.fixture(scope="module")
def bench(newsroom_home: Path) -> Workbench:
    return Workbench(newsroom_home)


def test_only_what_is_in_the_list_surfaced(bench: Workbench) -> None:
    user = bench.data.find_users("newsroom", limit=3)[2].id
    listed = bench.explain.recommend("newsroom", "path", user=user, k=30).items
    for place, k, surfaced in ((1, 10, True), (10, 10, True), (11, 10, False), (2, 1, False), (11, 20, True)):
        explanation = bench.explain.why("newsroom", "path", listed[place - 1].item, user=user, k=k)
        assert explanation.surfaced is surfaced
        assert ("surfaced for" in explanation.sentence) is surfaced
        assert ("did not surface" in explanation.sentence) is not surfaced
        assert f"at rank {place}" in explanation.sentence
        assert surfaced or f"beyond the first {k}" in explanation.sentence


def test_the_other_item_has_its_rank(bench: Workbench) -> None:
    user = bench.data.find_users("newsroom", limit=3)[2].id
    listed = bench.explain.recommend("newsroom", "path", user=user, k=30).items
    explanation = bench.explain.why("newsroom", "path", listed[0].item, user=user, against=listed[24].item)
    assert explanation.against is not None
    assert explanation.against.rank == 25
    assert explanation.against.score == pytest.approx(listed[24].score)


def test_what_speaks_against_is_said_as_less_and_shares_add_up(bench: Workbench) -> None:
    workspace = bench.session.workspace("newsroom")
    import numpy as np

    items = np.array([3, 7])
    parts = Parts(
        items, {"co_consumption_3": np.array([1.0, 0.5]), "co_consumption_5": np.array([-0.4, -0.1])}, {}, 2.0
    )
    text = sentence(workspace.names, parts, 0, 7, 1.0, "ok", 1)
    assert (
        "comes through people who read both (150 %), less what people of broad taste read anyway (50 %)"
        in text.replace("\u202f", " ")
    )
    assert "minus" not in text
    assert "itself" in sentence(workspace.names, parts, 0, 7, 1.0, "consumed", None)


def test_a_rating_of_one_is_said_like_any_other(tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    (folder / "events.csv").write_text(
        "user,item,value\n" + "".join(f"u{n},f{i},{1 + (n + i) % 5}\n" for n in range(12) for i in range(6))
    )
    bench = Workbench(tmp_path / "home")
    bench.data.prepare("films", folder=folder)
    names = bench.session.workspace("films").names
    for user in range(12):
        for entry in history_entries(names, user):
            assert entry.how.endswith(f" {entry.weight:g}")
