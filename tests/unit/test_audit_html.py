"""The exported page holds every section and number of its record, loads nothing, runs nothing; hostile
texts stay text.
"""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from explain.format.numbers import number, p_value
from explain.records.html import audit_html
from explain.records.html_audits import cell_table
from explain.records.summary import by_chance, hidden, not_stated, signed, signed_before, summary
from explain.records.words import parameter
from explain.results.audit import PeopleAudit
from explain.results.audit_record import AuditContent, AuditRecord
from explain.results.cells import CellTable
from explain.results.record_sections import Export, Signature
from explain.workbench.workbench import Workbench
from tests.unit.audit_record_for_tests import (
    SHA,
    WORKSPACE,
    audit,
    content,
    empty_bench,
    fix,
    full,
    plan,
    row,
    save,
    stored,
)

HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "</style><svg onload=alert(1)>",
    "<!--",
)
# What a report holds, in the order of the page: section → texts of the made-up record that must be read in it.
HELD: dict[str, tuple[str, ...]] = {
    "verdict": (
        "Verdict: fail",
        "Failed: exposure by author_group.",
        "Signed by 1 person.",
        "Signed by Bob",
        "chief editor",
        "I have read it.",
    ),
    "summary": (
        "path",
        "lists of 20",
        "It fails",
        "1 group of items is shown too little",
        "new (author group): exposure ratio 0.5123, 95 % interval 0.4567 to 0.5678, 41 items",
        "North (region): held-out nDCG@20 0.0456",
        "not a pass",
        "fewer than 10 people are behind each",
    ),
    "system": ("Surfaced", "Front page here", "Path model"),
    "plan": (
        "rank-biased precision, .8",
        "catalogue",
        "Every author shall get what the catalogue holds.",
        "before anything was measured",
        "ratio_low",
        "0.8",
        "bounds.AWRF",
        "0.9 to 1",
        "1,000",
        "region × gender",
    ),
    "provenance": (
        "graph-4711",
        "path-0123456789ab",
        "code-42",
        "conf-7",
        "2025-12-01 to 2026-01-31",
        "All 12,345 events.",
    ),
    "attributes": ("region", "user", "300", "15"),
    "parameters": (
        "61.3 %",
        "58.8 % to 63.7 %",
        "same topic: importance in the score",
        "relations.same_topic.weight",
        "0.5432",
        "Weights are measured.",
    ),
    "non-profiling": ("popularity-arm", "ndcg@20", "0.0321", "0.0301 to 0.0341"),
    "reading": ("Adjusted p", "Holm"),
    "items": (
        "n (items)",
        "Exposure ratio",
        "41",
        "0.5123",
        "0.4567 to 0.5678",
        "0.4321",
        "0.0042",
        "fail",
        "Why new.",
        "unknown",
        "not estimable",
    ),
    "people": ("n (people)", "Held-out nDCG@20", "North", "88", "0.0456", "0.0345 to 0.0567", "insufficient evidence"),
    "intersections": ("region × gender", "North · f", "17", "0.0411", "0.3579"),
    "cells": ("region × author group", "0.4877*", "0.4011 to 0.5733", "0.0177", "suppressed", "n <10"),
    "suppressed": (
        "Suppressed cells",
        "1",
        "People in suppressed cells",
        "<10",
        "author group 3",
        "region 15",
        "people with held-out items",
    ),
    "metrics": (
        "2. AWRF",
        "0.9137",
        "0.9021 to 0.9254",
        "1 - JSD(E, t)",
        "[0,1]",
        "Sapiezynski 2019",
        "amortised equity",
        "No held-out relevance at all.",
    ),
    "trends": ("popularity lift", "path-1", "1.234", "2026-02-01", "1.345"),
    "creators": ("12", "0.0234", "0.0345", "0.6783", "0.5111 to 0.8222"),
    "attribution": (
        "co_readers",
        "−0.3999",
        "same_topic",
        "−0.0878",
        "the whole gap",
        "−0.4877",
        "is not in this record",
    ),
    "mitigations": ("minimum exposure: new", "ndcg@20 −0.0017", "ratio 0.2877"),
    "limits": ("Measured on logged events.",),
    "incidents": ("rollback", "Yesterday's model was put back.", "approval", "Carol"),
    "changes": ("not comparable in k (10 then, 20 now)", "The verdict was fail then and is fail now.", "k 10 20"),
    "log": ("plan", "audit", "signature", "Bob", "chief editor"),
    "glossary": ("RBP", "AWRF", "Bands at once", "Holm", "Impact ratio"),
    "proof": ("verify-log --workspace newsroom --head", "verify-report FILE"),
}


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
    bench.records.add_incident(
        WORKSPACE, text or "Yesterday's model was put back.", "Carol", "operator", kind="rollback"
    )
    bench.records.add_incident(WORKSPACE, text or "Approved for a week.", text or "Carol", kind="approval")
    system = {
        "name": "Surfaced",
        "surface": text or "Front page here",
        "purpose": "p",
        "owner": "o",
        "recommender": "Path model",
    }
    audit = stored(bench, text, changes={"system": system})["id"]
    bench.records.sign(WORKSPACE, audit, text or "Bob", text or "chief editor", text or "I have read it.")
    made = bench.records.export(WORKSPACE, audit, actor=text or "Eve")
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
        for group in (r for a in record[key] for r in a["rows"]):
            for name in ("value", "low", "high", "impact_ratio", "p_adjusted"):
                value = group.get(name)
                assert value is None or f"{value:.4g}" in shown


def rendered(tmp_path: Path, **changes: Any) -> tuple[AuditRecord, Page]:
    """The page of a record that says everything that newer ones say, with some sections put in its place."""
    bench = empty_bench(tmp_path / "full")
    record = AuditRecord.from_json(save(bench, full(content(fix(bench))) | changes))
    return record, Page(bench.records.export(WORKSPACE, record.id))


def read(page: Page, section: str) -> str:
    return " ".join(page.sections[section].split())


def test_the_rows_of_a_gap_add_up_as_they_are_printed(tmp_path: Path) -> None:
    _, page = rendered(tmp_path)
    told = read(page, "attribution")
    amounts = {
        name: re.search(rf"{name} (−?[\d.]+)", told)
        for name in ("a random list of what people lack", "people who read both", "same topic", "less target")
    }
    chance, both, topic, whole = (float(found[1].replace("−", "-")) for found in amounts.values() if found)
    assert chance + both + topic == pytest.approx(whole, abs=1e-12)
    assert (chance, whole) == (0.0024, -0.1720)
    for interval in ("−0.2166 to −0.1918", "0.0221 to 0.0398", "−0.1911 to −0.1533"):
        assert interval in told
    assert "Measured on 400 people of 2,400, drawn by lot. Target: catalogue share." in told
    assert "Over everybody its exposure ratio is 0.5123 (0.4567 to 0.5678)" in told
    assert "comes through people who read both." in told
    assert "*" not in told


def test_a_small_gap_is_printed_with_places_enough_to_add_up(tmp_path: Path) -> None:
    gap = {
        "by": "author_group",
        "group": "new",
        "gap": -0.001234,
        "gap_random": -0.00000004,
        "parts": [{"relation": "same topic", "value": -0.001234, "low": -0.0013, "high": -0.0012}],
    }
    _, page = rendered(tmp_path, attribution=[gap])
    told = read(page, "attribution")
    assert "a random list of what people lack 0.000000" in told
    assert "same topic −0.001234 −0.001300 to −0.001200" in told
    assert "rounded to 6 places" in told


def test_what_newer_records_say_is_printed(tmp_path: Path) -> None:
    _, page = rendered(tmp_path)
    assert "cd" * 32 in page.sections["provenance"]
    for section, held in {
        "parameters": ("Through which links", "75.0 %", "From newer or older events"),
        "non-profiling": (
            "how Most popular ranks",
            "measured on what was held out of 285 people",
            "Lists of 20",
            "new 0.5123 0.2211",
        ),
        "items": ("If the unknown were known", "0.4999 to 0.6111", "whichever of the 3 items of unknown author group"),
        "people": ("wider than the level measured",),
        "mitigations": (
            "new 0.5123 0.8123 0.7912 to 0.8345 insufficient evidence",
            "Passed before and no longer do: plain.",
        ),
        "suppressed": ("author group 3 200 items", "region 15 285 people with held-out items"),
    }.items():
        for told in held:
            assert told in read(page, section), f"{told!r} is not in {section}: {read(page, section)}"


def test_bounds_are_only_spoken_of_where_some_are_printed(tmp_path: Path) -> None:
    limits = ["Who is unknown is a row of its own, and the worst-case bounds say what that could hide."]
    _, page = rendered(tmp_path / "with", limits=limits)
    assert "worst-case bounds" in read(page, "limits")
    items = content(plan())["item_audits"]
    _, page = rendered(tmp_path / "without", limits=limits, item_audits=items)
    assert read(page, "limits").endswith("Who is unknown is a row of its own.")
    assert "If the unknown were known" not in read(page, "items")


def test_small_groups_are_told_as_small_and_not_counted(tmp_path: Path) -> None:
    small = row("North · d", 3, None, None, None, "not estimable")
    rows = [
        small | {"reason": "Too few: 3 people with held-out items."},
        row("North · f", 17, 0.04, 0.02, 0.06, "pass"),
    ]
    metric = content(plan())["metrics"][1] | {
        "by": "region",
        "group": "Tiny",
        "n": 7,
        "reason": "Suppressed: under 10 people.",
    }
    record, page = rendered(tmp_path, intersections=[audit("user", "region × gender", rows)], metrics=[metric])
    told = read(page, "intersections")
    assert "North · d <10 – – – – suppressed Fewer than 10 people: not shown." in told
    assert "3 people" not in told
    assert "<10 people suppressed" in read(page, "metrics")
    assert "Not shown: 1 cell, because fewer than 10 people are behind each." in hidden(record)
    assert "all that one table leaves out are fewer than 10 people." in hidden(record)
    assert not any("could not be estimated" in point.text for point in summary(record))


def test_the_summary_is_worst_first_and_names_the_worst_of_the_rest() -> None:
    low = [row(f"low {n}", 10 + n, n / 10, n / 10 - 0.01, n / 10 + 0.01, "fail") for n in (7, 3, 1, 5, 2, 6, 4)]
    high = [row("high", 5, 2.0, 1.9, 2.1, "fail"), row("higher", 5, 3.0, 2.9, 3.1, "fail")]
    fixed = plan() | {"fixed_at": "2026-01-01T00:00:00Z", "log_hash": SHA}
    record = content(fixed, item_audits=[audit("item", "topic", [*low, *high])])
    points = {point.text.partition(".")[0]: point.listed for point in summary(AuditContent.from_json(record))}
    few, much = points["7 groups of items are shown too little"], points["2 groups of items are shown too much"]
    assert [told.partition(" (")[0] for told in few[:5]] == ["low 1", "low 2", "low 3", "low 4", "low 5"]
    assert few[5] == (
        "2 more are not listed here; the worst: low 6 (topic): exposure ratio 0.6, 95 % interval 0.59 to 0.61, 16 items"
    )
    assert [told.partition(" (")[0] for told in much] == ["higher", "high"]


def test_an_interval_without_0_beside_a_large_p_is_explained() -> None:
    gap = audit("user", "region", [])
    gap["overall"] |= {"low": 0.002, "high": 0.038, "p": 0.618}
    assert "p = 0.618" in by_chance(PeopleAudit.from_json(gap))
    for changed in ({"low": 0.0}, {"p": 0.01}, {"p": None}):
        assert by_chance(PeopleAudit.from_json(gap | {"overall": gap["overall"] | changed})) == ""


def test_what_nobody_stated_is_listed_at_the_top(tmp_path: Path) -> None:
    record, page = rendered(tmp_path)
    assert not_stated(record) == ""
    record = replace(
        record,
        system=replace(record.system, purpose="not stated", owner=" "),
        plan=replace(record.plan, target_reason=""),
        export=Export(created="2026", actor="not stated", sha256="ab" * 32),
    )
    assert not_stated(record) == "Not stated: purpose, owner, why this target. A reader will ask."
    assert "by not stated" not in read(page, "verdict")
    made = audit_html(record)
    assert "exported 2026</p>" in made
    assert "Not stated: purpose, owner, why this target." in Page(made).sections["verdict"]


def test_signatures_are_counted_by_people() -> None:
    one, other = (
        Signature(name=name, role="", comment="", signed_at=f"2026-01-02T03:{minute}:05Z", log_hash=SHA)
        for name, minute in (("Ada", "04"), ("Bo", "05"))
    )
    assert signed([]) == "Nobody has signed this audit."
    assert signed([one]) == "Signed by 1 person."
    assert signed([one, one, other]) == "Signed by 2 people, 3 signatures."
    assert signed_before([one, other], " Ada ") == "Ada signed this audit already, on 2026-01-02 03:04 UTC."
    assert signed_before([other], "Ada") == ""


def test_metrics_without_a_limit_are_told_once_and_their_cells_are_empty(tmp_path: Path) -> None:
    free = content(plan())["metrics"][0] | {"verdict": "", "reason": ""}
    utility = free | {"name": "exposed utility ratio", "number": 4, "group": "new", "by": "author_group", "n": 41}
    _, page = rendered(tmp_path, metrics=[free, utility])
    told = read(page, "metrics")
    assert told.count("No limit was set") == 1
    assert "no limit set" not in told
    assert "300 people" in told
    assert "41 items" in told


def test_shared_items_are_said_where_groups_hold_more_than_the_catalogue(tmp_path: Path) -> None:
    items = content(plan())["item_audits"]
    items[0]["overall"]["n_items"] = 150
    _, page = rendered(tmp_path, item_audits=items)
    assert "n add up to 203, more than the 150 items of the catalogue" in read(page, "items")


def test_a_learnt_number_is_called_by_what_it_does() -> None:
    assert parameter("relations.co_consumption_3.weight", "path").startswith(
        "people who had both: importance in the score"
    )
    assert parameter("something_else", "path") == "something else"
    assert parameter("n_neighbours", "no-such-model") == "n neighbours"


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
    made = bench.records.export(WORKSPACE, audit)
    assert isinstance(made, str)
    page = Page(made)
    assert list(page.sections) == list(HELD)
    assert "Nobody has signed this audit." in page.sections["verdict"]
    assert "no earlier audit" in page.sections["changes"]
    assert "Nothing could be judged" in page.sections["summary"]
    for name, told in (
        ("trends", "none in this audit"),
        ("items", "No item column was audited"),
        ("attribution", "none in this audit"),
        ("mitigations", "none in this audit"),
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
    assert bench.records.verify_log(WORKSPACE, record["log"]["head"]).ok


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
    assert audit_html(AuditRecord.from_json(copy.deepcopy(record))) == text


def test_every_table_has_heads_that_repeat_on_paper(tmp_path: Path) -> None:
    _, text = report(tmp_path)
    style = text.partition("<style>")[2].partition("</style>")[0]
    assert re.search(
        r"@media print \{.*thead \{ display: table-header-group; break-inside: avoid; break-after: avoid \}",
        style,
        re.S,
    )
    assert "@page { size: A4" in style
    sha256 = json.loads(Page(text).data)["sha256"]
    assert f"SHA-256 {sha256[:16]}" in style.partition("@page")[2]
    assert '"Page " counter(page) " of " counter(pages)' in style
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
    """20 × 15 groups: the 20 go down; 15 across need three parts of at most 6, as even as can be."""
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
    view = cell_table(CellTable.from_json({"user_by": "people", "item_by": "items", "rows": rows}), least=0)
    assert view.corner == "items"
    assert [len(part.heads) for part in view.parts] == [5, 5, 5]
    seen = {
        (row.group, head): cell.value
        for part in view.parts
        for row in part.rows
        for head, cell in zip(part.heads, row.cells, strict=True)
    }
    assert seen == {(r["item_group"], r["user_group"]): number(r["value"]) for r in rows}
