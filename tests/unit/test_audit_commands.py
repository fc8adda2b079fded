"""Whole audits and guardrails from a shell: JSON on stdout, one sentence for what cannot be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from explain.workbench.workbench import Workbench
from tests.command_line import surfaced


@pytest.fixture(scope="module")
def own(newsroom_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(newsroom_home, tmp_path_factory.mktemp("commands") / "home"))


@pytest.fixture(autouse=True)
def _own_home(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURFACED_HOME", str(own))


def test_from_a_plan_to_a_report_that_is_checked(own: Path, tmp_path: Path) -> None:
    plan = surfaced("plan", "--workspace", "newsroom", "--model", "path", "-k", "5", "--json").json
    assert plan["thresholds"]["ratio_low"] == 0.8
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(plan | {"draws": 100}))
    found = surfaced(
        "run-audit", "--workspace", "newsroom", "--model", "path", "--actor", "Ana", "--plan", str(file), "--json"
    ).json
    bench = Workbench(own)
    record = bench.records.load("newsroom", found["id"])
    assert record.sha256 == found["sha256"]
    rows = list(reversed(bench.records.log("newsroom")))
    assert [r.kind for r in rows][:2] == ["plan", "audit"], "thresholds stand in the log before the audit"
    assert record.plan.log_hash == rows[0].hash
    numbers = {words.name: words.number for words in bench.audits.metric_words()}
    assert {m.metric: m.number for m in record.metrics} == numbers
    assert record.parameters.weights
    assert {baseline.title for baseline in record.non_profiling} >= {"Most popular"}
    for gap in record.attribution:
        assert gap.completeness_error <= 1e-6
        assert sum(p.value for p in gap.parts) == pytest.approx(gap.gap - gap.gap_random, abs=1e-6)
    report = tmp_path / "audit.json"
    report.write_text(json.dumps(bench.records.export("newsroom", found["id"], form="json").as_json()))
    assert bench.records.verify_report(report).ok
    altered = json.loads(report.read_text())
    altered["verdict"]["verdict"] = "pass" if altered["verdict"]["verdict"] != "pass" else "fail"
    report.write_text(json.dumps(altered))
    assert not bench.records.verify_report(report).ok
    assert surfaced("verify-log", "--workspace", "newsroom", "--json").json["ok"] is True


def test_a_guardrail_brings_new_authors_to_their_share(own: Path) -> None:
    rule = "minimum-exposure:by=author_group,group=new,share=0.8"
    found = surfaced(
        "guardrail", "--workspace", "newsroom", "--model", "path", "--rule", rule, "-k", "10", "--json"
    ).json
    groups = {g["group"]: g for g in found["groups"]}
    assert groups["new"]["before"] < 0.8 <= groups["new"]["after"] + 1e-9
    assert {"before", "after", "change", "low", "high"} <= set(found["costs"][0])
    bench = Workbench(own)
    user = bench.explain.example("newsroom").user
    listed = surfaced(
        "guardrail",
        "--workspace",
        "newsroom",
        "--model",
        "path",
        "--rule",
        rule,
        "-k",
        "10",
        "--user",
        user,
        "--json",
    ).json
    for row in listed["items"]:
        assert bool(row["sentence"]) == (row["rank"] != row["was"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("guardrail", "--workspace", "newsroom", "--model", "path"), "No guardrail was given"),
        (("guardrail", "--workspace", "newsroom", "--model", "path", "--rule", "magic"), "no guardrail 'magic'"),
        (("guardrail", "--workspace", "newsroom", "--model", "path", "--config", "nowhere.json"), "cannot be read"),
        (
            ("run-audit", "--workspace", "newsroom", "--model", "path", "--actor", "A", "--plan", "nowhere.json"),
            "cannot be read",
        ),
        (("run-audit", "--workspace", "newsroom", "--model", "path", "--actor", " "), "name"),
        (("verify-log", "--workspace", "../../etc"), "no workspace"),
    ],
)
def test_what_cannot_be_is_one_sentence(own: Path, arguments: tuple[str, ...], told: str) -> None:
    assert told in surfaced(*arguments).complaint
