"""Every page over every kind of home says something usable and raises nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.models.base import default_model
from core.models.content import ContentModel
from explain.workbench.workbench import Workbench
from tests.app.conftest import PAGES, address, go, html_of, is_sound, open_page, texts
from tests.models import from_events_alone


@pytest.mark.parametrize("workspace", ["newsroom", "gazette"])
@pytest.mark.parametrize("page", PAGES)
def test_page_is_sound_in_each_workspace(two_homes: Path, page: str, workspace: str) -> None:
    app = open_page(page, workspace=workspace)
    assert is_sound(app)
    assert [w.value for w in app.warning] == []
    assert [e.value for e in app.error] == []
    assert address(app)["workspace"] == workspace


@pytest.mark.parametrize("model", from_events_alone())
@pytest.mark.parametrize("page", PAGES)
def test_page_is_sound_under_each_model(home: Path, page: str, model: str) -> None:
    app = open_page(page, model=model)
    assert is_sound(app)
    assert address(app)["model"] == model


@pytest.mark.parametrize("page", PAGES)
def test_fresh_home_says_what_to_type(bare_home: Path, page: str) -> None:
    app = open_page(page)
    assert is_sound(app)
    if page != "guide":
        assert any("make demo" in code.value for code in app.code)


@pytest.mark.parametrize("page", PAGES)
def test_workspace_without_a_model_offers_to_fit_one(
    home: Path, page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    bare = Path(shutil.copytree(home, tmp_path / "unfitted"))
    shutil.rmtree(bare / "workspaces" / "newsroom" / "snapshots")
    monkeypatch.setenv("SURFACED_HOME", str(bare))
    app = open_page(page)
    assert is_sound(app)
    if page != "guide":
        assert any("cli.py fit --workspace newsroom" in code.value for code in app.code)


def test_first_page_tells_a_reason_without_a_click(home: Path) -> None:
    example = Workbench(home).explain.example("newsroom")
    app = open_page("overview")
    assert any(example.item_label.split()[0] in h.value for h in app.header)
    page_text = texts(app).replace("\\", "")
    assert example.sentence.split(",")[0].replace("\\", "") in page_text


def test_first_page_shows_the_stored_accuracy_with_interval_and_n(home: Path) -> None:
    report = Workbench(home).evaluate.stored("newsroom", "path")
    assert report is not None
    recall = report.metrics["recall@20"]
    page_text = "\n".join(html_of(open_page("overview")))
    assert f"{recall['value']:.3f}" in page_text
    assert f"{recall['low']:.3f} to {recall['high']:.3f}" in page_text
    assert f"n = {report.n_users:,} people" in page_text


def test_why_page_leads_with_the_sentence_of_the_workbench(home: Path) -> None:
    bench = Workbench(home)
    example = bench.explain.example("newsroom")
    app = open_page("why", user=example.user, item=example.item)
    assert example.sentence.split("”")[0].lstrip("“") in html_of(app)[0]


def test_why_page_for_something_had_already_says_so(home: Path) -> None:
    bench = Workbench(home)
    person = bench.data.person("newsroom", bench.explain.example("newsroom").user)
    app = open_page("why", user=person.user, item=person.history[0].item)
    assert is_sound(app)
    assert any("has had it already" in i.value for i in app.info)


def test_every_view_of_the_picture_is_sound(home: Path) -> None:
    for view in ("picture", "drawing", "table"):
        app = open_page("why", show=view)
        assert is_sound(app)
        assert app.segmented_control(key="show-segments").value == view


def test_why_not_compares_two_items_part_by_part(home: Path) -> None:
    bench = Workbench(home)
    example = bench.explain.example("newsroom")
    listed = bench.explain.recommend("newsroom", "path", user=example.user, k=2).items
    other = next(entry for entry in listed if entry.item != example.item)
    app = open_page("why", user=example.user, item=example.item, against=other.item)
    assert is_sound(app)
    table = next(d.value for d in app.dataframe if "difference" in d.value.columns)
    mine, theirs = table.iloc[:, 1], table.iloc[:, 2]
    assert (mine - theirs - table["difference"]).abs().max() < 1e-12
    assert theirs.sum() == pytest.approx(other.score, rel=1e-6)


def test_other_model_stands_beside_with_its_memory(home: Path) -> None:
    app = open_page("why", other="lightgcn")
    assert is_sound(app)
    assert any("LightGCN" in s.value for s in app.subheader)
    assert any("memory" in c.value for c in app.caption)


@pytest.mark.parametrize("side", ["item", "user"])
def test_fairness_is_sound_for_every_column(home: Path, side: str) -> None:
    app = open_page("fairness", side=side)
    for by in Workbench(home).exposure.columns("newsroom")[side]:
        app = go(app, "fairness", {"side": side, "by": by})
        assert is_sound(app), by
        if side == "item":
            assert f"Exposure by {by.replace('_', ' ')}" in html_of(app)[0]
        else:
            assert any(f"--by {by} --side user" in code.value for code in app.code)


@pytest.mark.parametrize("unit", ["history", "edges", "features"])
@pytest.mark.parametrize("model", [default_model(), ContentModel.spec.name])
def test_why_page_cuts_the_score_in_each_unit(home: Path, model: str, unit: str) -> None:
    app = open_page("why", model=model, unit=unit)
    assert is_sound(app)
    assert address(app).get("unit", "history") == unit
    frames = [frame.value for frame in app.dataframe]
    assert any("feature" in frame.columns for frame in frames) == (
        unit == "features" and model == ContentModel.spec.name
    )
    assert any("edges" in frame.columns for frame in frames) == (unit == "edges")


def test_what_if_shows_what_the_workbench_says_and_resets(home: Path) -> None:
    bench = Workbench(home)
    example = bench.explain.example("newsroom")
    gone = bench.data.person("newsroom", example.user).history[0].item
    app = open_page("whatif", user=example.user, remove=gone)
    assert is_sound(app)
    expected = bench.whatif.compare("newsroom", "path", user=example.user, remove=[gone])
    table = next(f.value for f in app.dataframe if "moved by" in f.value.columns)
    assert table["score"].tolist() == [a.score for a in expected.after]
    assert address(app)["remove"] == gone
    next(b for b in app.button if b.label == "Reset").click().run()
    assert "remove" not in address(app)


def test_what_if_leaves_out_what_cannot_be_changed(home: Path) -> None:
    app = open_page("whatif", remove="no-such-item", add="<script>", weights="sneeze=9", half="never", kind="magic")
    assert is_sound(app)
    assert len(app.warning) >= 4


def test_a_note_is_kept_and_shown(home: Path) -> None:
    app = open_page("why")
    app.text_area[0].set_value("[x](javascript:alert(1)) **loud**")
    next(t for t in app.text_input if t.label == "Your name").set_value("Ada")
    next(b for b in app.button if b.label == "Keep it").click().run()
    assert is_sound(app)
    (kept,) = [n for n in Workbench(home).notes.listed("newsroom") if n.author == "Ada"]
    assert kept.note == "[x](javascript:alert(1)) **loud**"
    assert "\\*\\*loud" in "\n".join(str(m.value) for m in app.markdown)
