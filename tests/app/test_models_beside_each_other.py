"""The Models page holds the most accurate model against each other one, and says which is shown first; what it says of
new items, new people and segments.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.models.embedding_knn import EmbeddingKnn
from core.models.item_knn import ItemKnn
from core.models.path import PathModel
from core.models.path_strengths import PathStrengths
from core.models.popularity import Popularity
from core.models.segments import Segments
from explain.workbench.workbench import Workbench
from tests.app.conftest import is_sound, open_page, texts


def test_the_page_says_what_is_first_and_what_cannot_be_told_apart(
    newsroom_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Path(shutil.copytree(newsroom_home, tmp_path / "home"))  # what is measured here is in no other test's way
    monkeypatch.setenv("SURFACED_HOME", str(home))
    bench = Workbench(home)
    app = open_page("models")
    assert is_sound(app)
    assert any(f"{PathModel.spec.title} is shown first" in c.value for c in app.caption)
    for model in (PathModel, ItemKnn, Popularity, PathStrengths):
        bench.evaluate.measure("newsroom", model.spec.name)
    app = open_page("models")
    assert is_sound(app)
    assert any("beside the others" in s.value for s in app.subheader)
    frame = next(f.value for f in app.dataframe if list(f.value.columns) == ["model", "Recall@20", "nDCG@20"])
    assert Popularity.spec.title in set(frame["model"])
    assert all(text[0] in "+−" for text in frame["nDCG@20"])
    assert any("simpler" in m.value for m in app.markdown)


def test_new_items_people_and_segments_are_told_where_they_were_measured(
    newsroom_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Path(shutil.copytree(newsroom_home, tmp_path / "home"))
    monkeypatch.setenv("SURFACED_HOME", str(home))
    for fitted_before in home.rglob("segments-*"):
        shutil.rmtree(fitted_before)
    bench = Workbench(home)
    assert "Segments of people" not in texts(open_page("models"))
    bench.models.fit("newsroom", Segments.spec.name)
    for model in (Popularity, EmbeddingKnn):
        bench.evaluate.cold("newsroom", model.spec.name)
    app = open_page("models")
    assert is_sound(app)
    assert any("Of items that nobody has yet" in m.value and EmbeddingKnn.spec.title in m.value for m in app.markdown)
    frames = [frame.value for frame in app.dataframe]
    cold = next(f for f in frames if "0 events" in f)
    assert set(cold["model"]) == {Popularity.spec.title, EmbeddingKnn.spec.title}
    assert cold.iloc[0]["reads content"] == "yes"
    segments = next(f for f in frames if "has more of" in f)
    report = bench.models.segments("newsroom")
    assert segments["segment"].tolist() == [row.name for row in report.segments]
    assert f"The largest is {report.segments[0].name}" in texts(app).replace("\\", "")
