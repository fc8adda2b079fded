"""The exported page holds every section and number of its record, loads nothing, runs nothing; hostile texts stay text."""

from __future__ import annotations

import copy
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from explain.record.html import audit_html
from explain.record.html_audits import cell_table, number, p_value
from explain.workbench import Workbench
from tests.unit.audit_record_for_tests import WORKSPACE, empty_bench, stored

HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "</style><svg onload=alert(1)>",
    "<!--",
)
# What a report holds, in the order of the page: section → texts of the made-up record that must be read in it.
HELD: dict[str, tuple[str, ...]] = {
    "verdict": ("Verdict: fail", "Failed: exposure by author_group.", "Signed by Bob", "chief editor", "I have read it."),
    "summary": ("path", "lists of 20", "It fails", "new (author_group) fails", "0.4567 to 0.5678", "not a pass"),
    "system": ("Surfaced", "Front page here", "Path model"),
    "plan": ("rbp(0.8)", "catalogue", "Every author shall get what the catalogue holds.", "before anything was measured", "ratio_low", "0.8", "bounds.AWRF", "0.9 to 1", "1,000", "region × gender"),
    "provenance": ("graph-4711", "path-0123456789ab", "code-42", "conf-7", "2025-12-01 to 2026-01-31", "All 12,345 events."),
    "attributes": ("region", "user", "300", "15"),
    "parameters": ("0.6125", "0.5875 to 0.6375", "relations.same_topic.weight", "0.5432", "Weights are measured."),
    "non-profiling": ("popularity-arm", "ndcg@20", "0.0321", "0.0301 to 0.0341"),
    "items": ("exposure ratio", "41", "0.5123", "0.4567 to 0.5678", "0.4321", "0.0042", "fail", "Why new.", "unknown", "not estimable"),
    "people": ("held-out nDCG@20", "North", "88", "0.0456", "0.0345 to 0.0567", "insufficient evidence"),
    "intersections": ("region × gender", "North · f", "17", "0.0411", "0.3579"),
    "cells": ("region × author_group", "0.4877*", "0.4011 to 0.5733", "0.0177", "suppressed"),
    "suppressed": ("Suppressed cells", "1", "People in suppressed cells", "4", "author_group: 3", "region: 15"),
    "metrics": ("2. AWRF", "0.9137", "0.9021 to 0.9254", "1 - JSD(E, t)", "[0,1]", "Sapiezynski 2019", "amortised equity", "No held-out relevance at all."),
    "trends": ("popularity lift", "path-1", "1.234", "2026-02-01", "1.345"),
    "creators": ("12", "0.0234", "0.0345", "0.6783", "0.5111 to 0.8222"),
    "attribution": ("co_readers", "−0.3999", "same_topic", "−0.0878", "the whole gap", "−0.4877"),
    "mitigations": ("minimum exposure: new", "ndcg@20 −0.0017", "ratio 0.2877"),
    "limits": ("Measured on logged events.",),
    "incidents": ("rollback", "Yesterday's model was put back.", "approval", "Carol"),
    "changes": ("The verdict is still fail.", "plan: k", "10"),
    "log": ("plan", "audit", "signature", "Bob", "chief editor"),
    "proof": ("verify-log --workspace newsroom --head", "verify-report FILE"),
}  # fmt: skip


class Page(HTMLParser):
    """Tags with their attributes, the text of each section, and the embedded data."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.sections: dict[str, str] = {}
        self.data, self._in_data, self._section = "", False, ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_data = tag == "script"
        if tag == "section":
            self._section = str(dict(attrs)["id"])
            self.sections[self._section] = ""

    def handle_endtag(self, tag: str) -> None:
        self._in_data = self._in_data and tag != "script"
        self._section = "" if tag == "section" else self._section

    def handle_data(self, data: str) -> None:
        if self._in_data:
            self.data += data
        elif self._section:
            self.sections[self._section] += " " + data


def report(tmp_path: Path, text: str = "") -> tuple[Workbench, str]:
    """A signed report with an earlier audit and things that happened; `text` wherever an outside text may stand."""
    bench = empty_bench(tmp_path / "home")
    stored(bench, text, k=10)
    bench.add_incident(WORKSPACE, text or "Yesterday's model was put back.", "Carol", "operator", kind="rollback")
    bench.add_incident(WORKSPACE, text or "Approved for a week.", text or "Carol", kind="approval")
    system = {
        "name": "Surfaced",
        "surface": text or "Front page here",
        "purpose": "p",
        "owner": "o",
        "recommender": "Path model",
    }
    audit = stored(bench, text, changes={"system": system})["id"]
    bench.sign(WORKSPACE, audit, text or "Bob", text or "chief editor", text or "I have read it.")
    made = bench.export_audit(WORKSPACE, audit, actor=text or "Eve")
    assert isinstance(made, str)
    return bench, made


def test_every_section_stands_in_its_order_with_its_numbers(tmp_path: Path) -> None:
    _, text = report(tmp_path)
    page = Page(text)
    assert list(page.sections) == list(HELD)
    for section, held in HELD.items():
        read = " ".join(page.sections[section].split())
        for told in held:
            assert told in read, f"{told!r} is not in section {section}: {read[:300]}"


def test_every_number_of_every_row_is_on_the_page(tmp_path: Path) -> None:
    _, text = report(tmp_path)
    page = Page(text)
    record = json.loads(page.data)
    shown = " ".join(page.sections.values())
    for key in ("item_audits", "user_audits", "intersections"):
        for row in (row for audit in record[key] for row in audit["rows"]):
            for name in ("value", "low", "high", "impact_ratio", "p_adjusted"):
                value = row.get(name)
                assert value is None or f"{value:.4g}" in shown


def test_an_audit_without_signature_changes_or_findings_says_so(tmp_path: Path) -> None:
    bench = empty_bench(tmp_path)
    lists = (
        "item_audits",
        "user_audits",
        "intersections",
        "cells",
        "metrics",
        "trends",
        "creators",
        "attribution",
        "mitigations",
        "limits",
        "non_profiling",
        "attributes",
    )
    audit = stored(
        bench, changes={name: [] for name in lists} | {"verdict": {"verdict": "not estimable", "reason": "No lists."}}
    )["id"]
    made = bench.export_audit(WORKSPACE, audit)
    assert isinstance(made, str)
    page = Page(made)
    assert list(page.sections) == list(HELD)
    assert "Nobody has signed this audit." in page.sections["verdict"]
    assert "no earlier audit" in page.sections["changes"]
    assert "Nothing could be judged" in page.sections["summary"]
    for name, told in (
        ("trends", "none in this audit"),
        ("items", "No item column was audited"),
        ("incidents", "none in this audit"),
        ("limits", "None stated"),
    ):
        assert told in page.sections[name]


def test_head_and_hashes_are_printed_with_the_commands_that_check_them(tmp_path: Path) -> None:
    bench, text = report(tmp_path)
    page = Page(text)
    record = json.loads(page.data)
    proof = page.sections["proof"]
    assert record["log"]["head"] in proof
    assert record["sha256"] in proof
    assert record["export"]["sha256"] in proof
    assert f"python cli.py verify-log --workspace newsroom --head {record['log']['head']}" in proof
    assert bench.verify_log(WORKSPACE, record["log"]["head"]).ok


def test_nothing_is_loaded_and_nothing_runs(tmp_path: Path) -> None:
    _, text = report(tmp_path)
    assert re.findall(r"(?:https?:)?//[^\s\"'<]+", text) == []
    assert "url(" not in text
    assert "@import" not in text
    page = Page(text)
    for tag, attributes in page.tags:
        assert tag not in ("link", "iframe", "object", "embed", "base", "form", "img", "a", "video", "audio")
        assert not {a for a in attributes if a.startswith("on")} | (
            {"src", "href", "xlink:href", "action"} & set(attributes)
        )
    (script,) = [attributes for tag, attributes in page.tags if tag == "script"]
    assert script["type"] == "application/json"
    policies = [
        a["content"] for tag, a in page.tags if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_texts_change_no_structure(tmp_path: Path, hostile: str) -> None:
    attacked, harmless = (
        Page(report(tmp_path / name, text)[1]) for name, text in (("bad", hostile), ("good", "x" * len(hostile)))
    )
    # The width of a bar is a number of the record; aria-labels are texts.
    assert [tag for tag, _ in attacked.tags] == [tag for tag, _ in harmless.tags]
    assert [sorted(a) for _, a in attacked.tags] == [sorted(a) for _, a in harmless.tags]
    assert json.loads(attacked.data)["signatures"][0]["comment"] == hostile
    for section in ("verdict", "items", "creators", "log", "attributes", "parameters", "cells", "limits", "incidents"):
        assert " ".join(hostile.split()) in " ".join(attacked.sections[section].split())


def test_bars_show_value_interval_and_limits_on_one_scale(tmp_path: Path) -> None:
    """0 to the widest end, 1.25 (the upper limit) over 160 units: x = value / 1.25 · 160."""
    _, text = report(tmp_path)
    items = text.partition('<section id="items">')[2].partition("</section>")[0]
    bars = re.findall(r"<svg class=\"bar\".*?</svg>", items)
    assert len(bars) == 3
    new, plain, unknown = bars
    assert f'x="0.0" y="4" width="{0.5123 / 1.25 * 160:.1f}"' in new
    assert f'x1="{0.4567 / 1.25 * 160:.1f}" x2="{0.5678 / 1.25 * 160:.1f}" y1="9" y2="9"' in new
    assert f'width="{1.1234 / 1.25 * 160:.1f}"' in plain
    for bar in bars:
        marks = [float(x) for x in re.findall(r'class="mark" x1="([\d.]+)"', bar)]
        assert marks == [pytest.approx(limit / 1.25 * 160, abs=0.05) for limit in (0.8, 1.25, 1.0)]
    assert "<rect" not in unknown
    assert "whisker" not in unknown


def test_the_same_record_gives_the_same_page(tmp_path: Path) -> None:
    _, text = report(tmp_path)
    record: dict[str, Any] = json.loads(Page(text).data)
    assert audit_html(copy.deepcopy(record)) == text


def test_every_table_has_heads_that_repeat_on_paper(tmp_path: Path) -> None:
    _, text = report(tmp_path)
    style = text.partition("<style>")[2].partition("</style>")[0]
    assert re.search(r"@media print \{.*thead \{ display: table-header-group \}", style, re.S)
    assert "@page { size: A4" in style
    assert "@media screen and (prefers-color-scheme: dark)" in style
    tables = re.findall(r"<table(?: class=\"(\w+)\")?>(.*?)</table>", text, re.S)
    assert all(kind == "facts" or "<thead>" in inner for kind, inner in tables)
    assert len([kind for kind, _ in tables if kind != "facts"]) >= 15


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "–"), (0.0, "<0.0001"), (0.00004, "<0.0001"), (0.0001, "0.0001"), (0.05, "0.05"), (1.0, "1")],
)
def test_a_p_value_is_never_shown_as_a_bare_zero(value: float | None, told: str) -> None:
    assert p_value(value) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "–"), (0.0, "0"), (-0.25, "−0.25"), (1234.5, "1,234"), (0.00012, "1.2e−04"), (0.123456, "0.1235")],
)
def test_numbers_are_short_and_signed_with_a_real_minus(value: float | None, told: str) -> None:
    assert number(value) == told


def test_a_wide_table_of_cells_is_cut_into_parts_that_hold_every_cell_once() -> None:
    """20 × 15 groups: the 20 go down; 15 across need three parts of at most 7, as even as can be."""
    rows = [
        {
            "user_group": f"p{u}",
            "item_group": f"i{i}",
            "n": 1,
            "value": u + i / 100,
            "low": None,
            "high": None,
            "p_adjusted": None,
            "verdict": "",
        }
        for u in range(15)
        for i in range(20)
    ]
    found = cell_table({"user_by": "people", "item_by": "items", "rows": rows})
    assert found["corner"] == "items"
    assert [len(part["heads"]) for part in found["parts"]] == [5, 5, 5]
    seen = {
        (row["group"], head): cell["value"]
        for part in found["parts"]
        for row in part["rows"]
        for head, cell in zip(part["heads"], row["cells"], strict=True)
    }
    assert seen == {(r["item_group"], r["user_group"]): number(r["value"]) for r in rows}
