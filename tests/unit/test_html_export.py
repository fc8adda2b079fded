"""The exported file holds the numbers of the explanation, loads nothing, runs nothing, and its hash can be checked."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from explain.export.explanation_file import explanation_html, is_intact, record
from explain.format.numbers import amount
from explain.results.annotation import Annotation
from explain.results.explanation import Explanation
from explain.workbench.workbench import Workbench

HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "</style><svg onload=alert(1)>",
    "<!--",
)
PROVENANCE = {"Data": "Newsroom", "Model": "path"}


class Structure(HTMLParser):
    """Tags with the names of their attributes, and the text of the embedded data."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.data = ""
        self._in_data = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self._in_data = tag == "script"

    def handle_endtag(self, tag: str) -> None:
        self._in_data = self._in_data and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._in_data:
            self.data += data


@pytest.fixture
def explanation(home: Path) -> Explanation:
    bench = Workbench()
    example = bench.explain.example("newsroom")
    return bench.explain.why("newsroom", "path", example.item, user=example.user)


def note(text: str) -> Annotation:
    return Annotation(1, 1_700_000_000, "newsroom", "s", "path", "7", "a1", "wrong reason", text, text)


def html_of(explanation: Explanation, text: str = "fine") -> str:
    return explanation_html(
        explanation, generated=1_700_000_000, provenance=PROVENANCE | {"Person": text}, notes=[note(text)]
    )


def parsed(text: str) -> Structure:
    structure = Structure()
    structure.feed(text)
    return structure


def test_the_data_inside_is_the_explanation_and_its_hash_holds(explanation: Explanation) -> None:
    content = json.loads(parsed(html_of(explanation)).data)
    assert content["explanation"] == json.loads(json.dumps(explanation.as_json()))
    assert is_intact(content)
    assert content["sha256"] in html_of(explanation)
    content["explanation"]["score"] += 1e-9
    assert not is_intact(content)


def test_the_numbers_on_the_page_are_those_of_the_explanation(explanation: Explanation) -> None:
    text = html_of(explanation)
    assert amount(explanation.score, signed=False) in text
    for part in sorted(explanation.parts, key=lambda p: -abs(p.value))[:10]:
        assert amount(part.value) in text
    assert f"{100 * explanation.path_share:.1f} %" in text
    assert f"{100 * explanation.coverage:.1f} %" in text


def test_nothing_is_loaded_and_nothing_runs(explanation: Explanation) -> None:
    text = html_of(explanation)
    outside = re.findall(r"(?:https?:)?//[^\s\"'<]+", re.sub(r'xmlns(:\w+)?="[^"]*"', "", text))
    assert outside == []
    assert "url(" not in text
    structure = parsed(text)
    for tag, attributes in structure.tags:
        assert tag not in ("link", "iframe", "object", "embed", "base", "form")
        assert not {a for a in attributes if a.startswith("on")} | ({"src", "href", "xlink:href"} & set(attributes))
    assert [tag for tag, _ in structure.tags].count("script") == 1
    assert "default-src 'none'" in text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_titles_and_notes_change_no_structure(explanation: Explanation, text: str) -> None:
    def titled(title: str) -> Explanation:
        parts = tuple(replace(p, label=title) for p in explanation.parts)
        nodes = tuple(replace(n, label=title) for n in explanation.nodes)
        paths = tuple(
            replace(p, hops=tuple(replace(h, source_label=title, target_label=title) for h in p.hops))
            for p in explanation.paths
        )
        return replace(explanation, label=title, sentence=title, parts=parts, nodes=nodes, paths=paths)

    harmless = parsed(html_of(titled("x" * len(text)), "fine"))
    attacked = parsed(html_of(titled(text), text))
    without_lines = [t for t in attacked.tags if t[0] != "tspan"]
    assert without_lines == [t for t in harmless.tags if t[0] != "tspan"]
    assert json.loads(attacked.data)["explanation"]["label"] == text
    assert "49" not in re.findall(r"<h1>(.*?)</h1>", html_of(titled("{{ 7 * 7 }}")))[0]


def test_workbench_and_shell_export_the_same(home: Path, tmp_path: Path) -> None:
    from tests.command_line import surfaced

    bench = Workbench()
    example = bench.explain.example("newsroom")
    content = bench.explain.export("newsroom", "path", example.item, user=example.user, form="json")
    assert isinstance(content, dict)
    assert is_intact(content)
    out = tmp_path / "why.json"
    ended = surfaced(
        "export",
        "--workspace",
        "newsroom",
        "--model",
        "path",
        "--user",
        example.user,
        "--item",
        example.item,
        "--out",
        out,
    )
    assert ended.status == 0
    assert json.loads(out.read_text()) == json.loads(json.dumps(content))
    assert (
        record(bench.explain.why("newsroom", "path", example.item, user=example.user), {})["explanation"]
        == content["explanation"]
    )
