"""Lists on one line, commands that can be typed, text for terminals and spreadsheets, names of files."""

from __future__ import annotations

import csv
import io
import shlex
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import CLI, OptionError
from core.guardrails.base import rule_from_text
from core.texts import command, joined, parted, printable
from explain.workbench.workbench import Workbench
from pages.frame.widgets import csv_text, file_name
from tests.command_line import surfaced

HOSTILE = (
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    " =1",
    "\u00a0=1",
    "\n=1",
    "\t=1",
    "a\r=HYPERLINK(1)",
    "\uff1d1",
    "\u200b=1",
)
ids = (
    st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=12)
    .map(str.strip)
    .filter(bool)
)


@given(st.lists(ids, max_size=6))
def test_a_list_on_one_line_comes_back(values: list[str]) -> None:
    assert parted(joined(values)) == values


def test_lists_of_earlier_addresses_are_read_as_before() -> None:
    assert parted("a,b , c,") == ["a", "b", "c"]
    assert parted("") == []


@given(st.lists(ids, min_size=1, max_size=6))
def test_every_printed_command_is_the_words_it_was_made_of(words: list[str]) -> None:
    assert shlex.split(command(*words)) == [*shlex.split(CLI), *words]


def test_a_terminal_obeys_nothing_that_is_printed() -> None:
    text = "\x1b]0;owned\x07\x1b[2J \u202eabc \u2066x \x9b31m\x00 fine\tand\nlines"
    printed = printable(text)
    assert all(c.isprintable() or c in "\t\n" for c in printed)
    assert printed.endswith("fine\tand\nlines")
    assert "\\x1b]0;owned\\x07" in printed
    assert printable("日本 é ½") == "日本 é ½"


def test_no_cell_and_no_title_of_a_csv_is_a_formula_or_a_new_row() -> None:
    frame = pd.DataFrame({"=title": list(HOSTILE), "n": range(len(HOSTILE))})
    text = csv_text(frame)
    assert text.encode().startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) == len(HOSTILE) + 1
    assert text.count("\n") == len(rows)
    assert "\r" not in text
    for cell in (rows[0][0], *(row[0] for row in rows[1:])):
        assert cell.strip("\u00a0\u200b \t").lstrip()[:1] not in ("=", "+", "-", "@", "\uff1d"), cell


def test_numbers_of_a_csv_stay_numbers() -> None:
    rows = list(csv.reader(io.StringIO(csv_text(pd.DataFrame({"x": [-1.5, 2.0]})).removeprefix("\ufeff"))))
    assert rows == [["x"], ["-1.5"], ["2.0"]]


@pytest.mark.parametrize("name", ["日本", "中国", "é", "con", "...", "a/b", "a\\b", "", "a" * 300])
def test_a_file_name_is_visible_and_one_folder_deep(name: str) -> None:
    safe_name = file_name(name, "csv")
    assert safe_name.endswith(".csv")
    assert not safe_name.startswith(".")
    assert Path(safe_name).name == safe_name
    assert len(safe_name.encode()) <= 200
    assert safe_name.partition(".")[0].casefold() != "con"


def test_different_people_have_different_files() -> None:
    names = ["日本", "中国", "é", "e", "a/b", "a-b", "a b", "a:b"]
    assert len({file_name(f"list-{name}", "csv") for name in names}) == len(names)


def test_a_group_that_looks_like_a_number_is_a_name_in_a_rule() -> None:
    rule = rule_from_text("minimum-exposure:by=floor,group=1,share=0.8")
    assert (rule.by, rule.group, rule.share) == ("floor", "1", 0.8)  # type: ignore[attr-defined]
    other = rule_from_text('minimum-exposure:by=floor,"group=Fish, tea",share=1')
    assert other.group == "Fish, tea"  # type: ignore[attr-defined]
    with pytest.raises(OptionError):
        rule_from_text("minimum-exposure:by=floor,share=much")


@pytest.fixture
def kitchen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Ids that hold commas, quotes and terminal escapes where they may."""
    folder = tmp_path / "in"
    folder.mkdir()
    rows = [(u, f"Fish, {i}") for u in ("ann", "bob", "cat", "a;b") for i in ("tea", "jam", "egg", "fig")][:-1]
    events = pd.DataFrame(rows, columns=["user", "item"]).assign(event="\x1b]0;owned\x07view")
    events.to_csv(folder / "events.csv", index=False)
    monkeypatch.setenv("SURFACED_HOME", str(tmp_path / "home"))
    assert surfaced("prepare", "--workspace", "kitchen", "--from", folder).status == 0
    assert surfaced("fit", "--workspace", "kitchen", "--model", "path").status == 0
    return "kitchen"


def test_ids_with_commas_can_be_a_history_quoted_or_one_an_option(kitchen: str) -> None:
    asked = ("recommend", "--workspace", kitchen, "--model", "path", "--json")
    quoted = surfaced(*asked, "--history", '"Fish, tea","Fish, jam"').json
    repeated = surfaced(*asked, "--history", "Fish, tea", "--history", "Fish, jam").json
    assert quoted["items"] == repeated["items"]
    assert quoted["items"]


def test_no_command_prints_what_a_terminal_obeys(kitchen: str) -> None:
    for words in (
        ("workspaces",),
        ("why", "--workspace", kitchen, "--model", "path", "--user", "a;b", "--item", "Fish, fig"),
        ("recommend", "--workspace", kitchen, "--model", "path", "--user", "ann"),
        ("item", "--workspace", kitchen, "--model", "path", "--item", "Fish, fig"),
        ("edges", "--workspace", kitchen, "--model", "path", "--user", "a;b", "--item", "Fish, fig"),
    ):
        ended = surfaced(*words)
        assert not set("\x1b\x07\x9b") & set(ended.out + ended.err), words


def test_no_attribute_of_a_graphml_node_takes_the_name_of_its_key(home: Path) -> None:
    bench = Workbench()
    example = bench.explain.example("newsroom")
    root = ET.fromstring(bench.explain.graphml(bench.explain.why("newsroom", "path", example.item, user=example.user)))
    names = {key.get("attr.name") for key in root.iter("{http://graphml.graphdrawing.org/xmlns}key")}
    assert "raw_id" in names
    assert "id" not in names
