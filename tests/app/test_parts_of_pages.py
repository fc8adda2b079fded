"""The pieces that pages are made of: harmless text, safe files, tables that add up, work that can be stopped."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from explain.results.audit import AuditReport, AuditRow, GroupShares, ItemOverall
from explain.workbench.workbench import Workbench
from pages.exposure import cells, page
from pages.frame import widgets
from pages.frame.text import plain
from pages.why import parts as why_parts
from pages.why.page import picture
from tests.app.conftest import is_sound, open_page, texts
from tests.models import of_histories


@pytest.mark.parametrize(
    "title",
    [
        "# heading",
        "*bold*",
        "[click](javascript:alert(1))",
        "![x](http://h/x.png)",
        "`code`",
        "<b>x</b>",
        "$x^2$",
        "a | b",
        "~~s~~",
        "1. one",
        "&lt;",
        ":red[x]",
    ],
)
def test_markup_in_a_title_is_escaped(title: str) -> None:
    escaped = plain(title)
    for special in "*_[]()`<>#|~$!&":
        assert escaped.count(special) == escaped.count(f"\\{special}")


@pytest.mark.parametrize(
    ("title", "what"),
    [
        (":material/home:", ":m"),
        (":smile:", ":s"),
        (":red[x]", ":r"),
        ("www.host.com", "www."),
        ("http://h.com", "//"),
        ("me@host.com", "@h"),
    ],
)
def test_what_is_read_even_where_escaped_is_broken_up(title: str, what: str) -> None:
    readable = plain(title).replace("\\", "")
    assert "\u2060" in readable
    assert what not in readable or what == "//"
    assert readable.replace("\u2060", "") == title


def test_long_titles_are_cut_and_ordinary_ones_stay_readable() -> None:
    assert len(plain("x" * 10_000, 90)) == 90
    assert plain("Terminator 2: Judgment Day (1991)").replace("\\", "") == "Terminator 2: Judgment Day (1991)"


def test_no_cell_of_a_csv_is_a_formula() -> None:
    text = widgets.csv_text(
        pd.DataFrame({"title": ["=1+1", "@x", "+2", "-3", "fine"], "amount": [-1.5, 2.0, 3.0, 4.0, 5.0]})
    )
    rows = text.splitlines()[1:]
    assert [row[0] for row in rows] == ["'", "'", "'", "'", "f"]
    assert rows[0].endswith("-1.5")


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b\\c", "x" * 500, "ü:*?"])
def test_file_names_hold_no_path(name: str) -> None:
    file_name = widgets.file_name(name, "csv")
    assert file_name.endswith(".csv")
    assert "/" not in file_name
    assert "\\" not in file_name
    assert ".." not in file_name.removesuffix(".csv").strip("-")
    assert len(file_name) <= 104


@pytest.mark.parametrize("model", of_histories())
def test_tables_of_a_reason_add_up_to_its_score(home: Path, model: str) -> None:
    bench = Workbench(home)
    example = bench.explain.example("newsroom")
    explanation = bench.explain.why("newsroom", model, example.item, user=example.user)
    parts = why_parts.parts_frame(explanation.parts, explanation.score, bench.models.relation_words("newsroom"))
    assert parts["amount"].sum() == pytest.approx(explanation.score, rel=1e-6)
    bundles = picture.bundle_frame(explanation)
    last = bundles[bundles["hop"] == bundles["hop"].max()]
    assert set(last["to"]) == {explanation.nodes[-1].label} or len(last) >= 1
    entering = [b for b in explanation.bundles if b.target in {n.key for n in explanation.nodes if n.kind == "target"}]
    assert sum(b.value_for - b.value_against for b in entering) == pytest.approx(explanation.score, rel=1e-6)


def test_every_piece_of_the_picture_can_be_looked_behind(home: Path) -> None:
    bench = Workbench(home)
    example = bench.explain.example("newsroom")
    explanation = bench.explain.why("newsroom", "path", example.item, user=example.user)
    names = picture.pieces(explanation)
    assert len(names) == len(explanation.nodes) + len(explanation.bundles)
    for key in list(names)[:: max(1, len(names) // 12)]:
        assert bench.explain.evidence("newsroom", "path", example.item, key, user=example.user).key == key


def audit(n: int) -> AuditReport:
    rows = tuple(
        AuditRow(group=f"g{i}", n=i, value=1.0, low=0.9, high=1.1, verdict="pass", reason="") for i in range(n)
    )
    shares = {f"g{i}": GroupShares(exposure=0.1, catalogue=i / n, target=None) for i in range(n)}
    return AuditReport(
        workspace="w",
        model="path",
        snapshot="s",
        by="genre",
        side="item",
        k=10,
        metric="exposure ratio",
        browsing="rbp",
        target="catalogue share",
        threshold={},
        rows=rows,
        overall=ItemOverall(shares=shares, verdict="pass", reason="All pass."),
    )


def test_only_the_largest_groups_are_drawn_in_their_own_order() -> None:
    assert [row.group for row in page.charted(audit(100)).rows] == [f"g{i}" for i in range(75, 100)]
    assert len(page.report_frame(audit(100))) == 100


def test_verdict_is_said_in_words() -> None:
    assert page.verdict_sentence(audit(3)) == "Exposure by genre: pass. All pass."


def test_models_page_offers_the_cards(newsroom_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURFACED_HOME", str(newsroom_home))
    app = open_page("models", workspace="newsroom", model="item-knn")
    assert is_sound(app)
    card = next(m.value for m in app.markdown if "Mitchell et al" in m.value)
    assert card.startswith("#### Model card: Item neighbours on Newsroom")
    assert "\n## " not in card, "one title a page: the card's headings stand below it"
    assert {"Model card (Markdown)", "Data card (Markdown)"} <= {b.label for b in app.get("download_button")}


def test_a_model_without_paths_says_so_and_draws_only_what_is_there(home: Path) -> None:
    app = open_page("why", workspace="newsroom", model="popularity")
    assert is_sound(app)
    said = texts(app)
    assert "This model has no paths here" in said
    assert "of 0 single paths" not in said
    assert "Best single paths" not in said
    parts = next(d.value for d in app.dataframe if "part" in d.value.columns)
    assert len(parts) == 1, "popularity is the only part; history items that give nothing are no rows"


def test_walks_alone_are_counted_as_paths(home: Path) -> None:
    explanation = Workbench(home).explain.why(
        "newsroom",
        "lightgcn",
        Workbench(home).explain.example("newsroom").item,
        user=Workbench(home).explain.example("newsroom").user,
    )
    beside = [path for path in explanation.paths if len(path.hops) == 1]
    assert len(beside) == 1, "the model's memory of the person is listed, and is no walk"
    assert why_parts.listed(explanation) == f"20 best of {explanation.n_paths:,} single paths and what takes no path"


def test_a_click_on_the_map_names_its_cell() -> None:
    def event(*points: object) -> dict[str, object]:
        return {"selection": {"points": list(points), "point_indices": [0], "box": [], "lasso": []}}

    assert cells.clicked_cell(event({"x": 1, "y": 2, "customdata": ["North", 7, 0.5]})) == ("North", "7")
    assert cells.clicked_cell(event({"x": 1, "y": 2})) is None
    assert cells.clicked_cell(event()) is None
    assert cells.clicked_cell(None) is None
