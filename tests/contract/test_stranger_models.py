"""Two models that a stranger writes, each one new file in core/models and nothing else: they keep the whole
contract."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import core.models
from core.models.base import MODELS, get_model, model_names
from explain.explanation.explain import ScoredPair, explain
from explain.format.names import Names
from tests.command_line import surfaced
from tests.contract.promises.contract import CONTRACT, Subject
from tests.graphs import CARD, random_graph

STRANGERS = Path(__file__).parent / "strangers"
NAMES = {"linear_items.py": "linear-items", "shared_company.py": "shared-company"}


@pytest.fixture(scope="module")
def dropped_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that Python takes for a part of core/models, with the strangers' files; gone again afterwards."""
    folder = tmp_path_factory.mktemp("strangers")
    known = dict(MODELS._entries)
    with pytest.MonkeyPatch.context() as patch:
        for name in NAMES:
            (folder / name).write_text((STRANGERS / f"{name}").read_text(encoding="utf-8"), encoding="utf-8")
        patch.setattr(core.models, "__path__", [*core.models.__path__, str(folder)])
        patch.setattr(MODELS, "_entries", known)
        importlib.invalidate_caches()
        model_names()
        yield folder
    for name in NAMES:
        sys.modules.pop(f"core.models.{name.removesuffix('.py')}", None)


@pytest.fixture(scope="module")
def subjects(dropped_in: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Subject]:
    return {name: Subject.of(get_model(name), tmp_path_factory.mktemp("stored")) for name in NAMES.values()}


@pytest.mark.parametrize("promise", CONTRACT)
@pytest.mark.parametrize("name", NAMES.values())
def test_a_stranger_s_model_keeps_every_promise(name: str, promise: str, subjects: dict[str, Subject]) -> None:
    CONTRACT[promise](subjects[name])


def test_strangers_stand_behind_ours(dropped_in: Path) -> None:
    assert model_names()[-2:] == ("linear-items", "shared-company")


def test_people_in_the_middle_are_drawn_and_said_whatever_their_chain_is_called(subjects: dict[str, Subject]) -> None:
    s = subjects["shared-company"]
    item = int(np.argmax(s.scores[s.people[0]]))
    answer = explain(ScoredPair.of(s.model, s.names, s.people[0], item), snapshot="s", workspace="w")
    assert {node.kind for node in answer.nodes if node.hop == 2} == {"people"}
    assert all("people" in node.label for node in answer.nodes if node.hop == 2)
    assert "people in whose company the item is" in answer.sentence
    assert {b.label for b in answer.bundles if b.hop == 2} == {"people in whose company the item is"}
    assert answer.path_share == pytest.approx(1.0)


def test_words_are_known_before_the_model_is_loaded(dropped_in: Path) -> None:
    names = Names(random_graph(1), CARD)
    assert names.relation("linear_weight") == f"a learnt weight between the two {names.noun}s"
    assert names.relation("shared_company") == f"people in whose company the {names.noun} is"


@pytest.mark.parametrize("name", NAMES.values())
def test_commands_know_a_stranger_s_model(
    name: str, dropped_in: Path, newsroom_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Path(
        shutil.copytree(newsroom_home, tmp_path / "home")
    )  # what a stranger leaves behind is in no other test's way
    monkeypatch.setenv("SURFACED_HOME", str(home))
    history = ",".join(pd.read_parquet(home / "workspaces/newsroom/tables/items.parquet")["item"].astype(str)[:4])
    ask = ("--workspace", "newsroom", "--model", name)
    assert name in {row["name"] for row in surfaced("models", "--json").json["models"]}
    fitted = surfaced("fit", *ask, "--json").json
    first = surfaced("recommend", *ask, "--history", history, "-k", 3, "--json").json["items"][0]
    answer = surfaced("why", *ask, "--history", history, "--item", first["item"], "--json").json
    assert answer["snapshot"] == fitted["snapshot"]
    words = {
        "linear-items": "a learnt weight between the two articles",
        "shared-company": "people in whose company the article is",
    }
    assert words[name] in answer["sentence"]
