"""An audit through the pages: set up, read, sign, the log; hostile words stay words."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from explain.results.audit_record import AuditRecord
from explain.workbench.workbench import Workbench
from pages.audit.measurements import as_report, group_frame
from tests.app.conftest import is_sound, open_page, texts
from tests.unit.audit_record_for_tests import SHA, audit, content, plan, row

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def audited(home_for_audits: Path) -> tuple[Path, AuditRecord]:
    bench = Workbench(home_for_audits)
    plan = replace(bench.audits.usual_plan("newsroom", "path", k=5), draws=100, purpose=HOSTILE)
    return home_for_audits, bench.audits.run("newsroom", plan, actor="Ana", role="lead")


@pytest.fixture(scope="module")
def home_for_audits(newsroom_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(newsroom_home, tmp_path_factory.mktemp("audits") / "home"))


@pytest.fixture(autouse=True)
def _there(home_for_audits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURFACED_HOME", str(home_for_audits))


def test_a_new_audit_asks_who_it_is_before_it_runs() -> None:
    app = open_page("audit", view="new")
    assert is_sound(app)
    assert any("Say who you are" in i.value for i in app.info)
    app.text_input(key="plan-name").set_value("Ana").run()
    assert not any("Say who you are" in i.value for i in app.info)
    assert any("Fix the plan and run" in b.label for b in app.button)


def test_limits_that_nothing_could_keep_are_refused_on_the_page() -> None:
    app = open_page("audit", view="new")
    app.button_group(key="plan-items").set_value([]).run()
    app.button_group(key="plan-people").set_value([]).run()
    assert any("compares nothing" in e.value for e in app.error)


def test_a_past_audit_is_read_and_signed(audited: tuple[Path, AuditRecord]) -> None:
    home, record = audited
    app = open_page("audit")
    assert is_sound(app)
    page_text = texts(app)
    assert record.id in page_text or any(record.id in str(box.value) for box in app.selectbox)
    assert record.verdict.verdict in page_text.lower()
    app.text_input(key="sign-name").set_value(HOSTILE)
    app.text_input(key="sign-role").set_value("officer")
    app.text_area(key="sign-comment").set_value("read and agreed")
    next(b for b in app.button if b.label == "Sign this audit").click().run()
    assert is_sound(app)
    signed = Workbench(home).records.load("newsroom", record.id).signatures
    assert [(s.name, s.role, s.comment) for s in signed] == [(HOSTILE, "officer", "read and agreed")]


def test_a_signature_without_a_role_is_a_sentence(audited: tuple[Path, AuditRecord]) -> None:
    app = open_page("audit")
    app.text_input(key="sign-name").set_value("Bo")
    next(b for b in app.button if b.label == "Sign this audit").click().run()
    assert any("role is missing" in e.value for e in app.error)


def sign(app: AppTest, name: str, role: str, comment: str = "") -> AppTest:
    app.text_input(key="sign-name").set_value(name)
    app.text_input(key="sign-role").set_value(role)
    app.text_area(key="sign-comment").set_value(comment)
    return next(b for b in app.button if b.label == "Sign this audit").click().run()


def test_an_empty_signature_complains_of_the_name_first(audited: tuple[Path, AuditRecord]) -> None:
    app = sign(open_page("audit"), " ", "")
    assert any("name is missing" in e.value for e in app.error)
    assert not any("role is missing" in e.value for e in app.error)


def test_a_second_signature_of_one_name_is_said_and_people_are_counted(audited: tuple[Path, AuditRecord]) -> None:
    home, record = audited
    before = {s.name for s in Workbench(home).records.load("newsroom", record.id).signatures}
    app = sign(open_page("audit"), "Cleo", "counsel", "first")
    assert not any("signed this audit already" in i.value for i in app.info)
    app = sign(app, "Cleo", "counsel", "second")
    assert is_sound(app)
    assert any("Cleo signed this audit already, on 20" in i.value.replace("\\", "") for i in app.info)
    signatures = Workbench(home).records.load("newsroom", record.id).signatures
    assert f"{len(before) + 1} pe" in texts(app).replace("\\", "")
    assert f", {len(signatures)} signatures" in texts(app).replace("\\", "")


def test_the_result_comes_first_in_the_colour_of_its_verdict(audited: tuple[Path, AuditRecord]) -> None:
    _, record = audited
    app = open_page("audit")
    tabs = [tab.label for tab in app.tabs]
    assert tabs[0] == "Result"
    assert {"Details", "Comparison", "Sign and export"} <= set(tabs)
    verdict = record.verdict.verdict
    boxes = {"pass": app.success, "fail": app.error}.get(verdict, app.warning)
    assert any(e.value.lower().startswith(verdict) for e in boxes)
    said = texts(app).replace("\\", "")
    assert "Not stated: owner, surface, why this target. A reader will ask." in said
    assert "comes through *" not in said


def test_a_group_too_small_to_be_told_shows_no_count() -> None:
    rows = [
        row("North · d", 3, None, None, None, "not estimable"),
        row("North · f", 17, 0.04, 0.02, 0.06, "pass", p_adjusted=0.0),
    ]
    crossed = audit("user", "region × gender", rows)
    fixed = plan() | {"fixed_at": "2026-01-01T00:00:00Z", "log_hash": SHA}
    record = AuditRecord.from_json(
        content(fixed, intersections=[crossed])
        | {"id": "audit-0", "sha256": SHA, "log": {"head": SHA, "extract": []}, "signatures": []}
    )
    frame = group_frame(record.intersections[0], record)
    assert list(frame["people"]) == ["<10", "17"]
    assert list(frame["verdict"]) == ["suppressed", "pass"]
    assert "3" not in frame["reason"][0]
    assert [r.group for r in as_report(record.intersections[0], record).rows] == ["North · f"]


def test_the_log_says_that_it_is_intact(audited: tuple[Path, AuditRecord]) -> None:
    app = open_page("audit", view="log")
    assert is_sound(app)
    assert any("Intact" in s.value for s in app.success)


def test_a_moved_item_says_so_on_why_this(home_for_audits: Path) -> None:
    bench, rule = Workbench(home_for_audits), "minimum-exposure:by=author_group,group=new,share=1"
    user = next(
        hit.id
        for hit in bench.data.find_users("newsroom", limit=200)
        if any(p.rank < p.was for p in bench.rules.guarded_list("newsroom", "path", [rule], user=hit.id, k=10))
    )
    moved = next(p for p in bench.rules.guarded_list("newsroom", "path", [rule], user=user, k=10) if p.rank < p.was)
    app = open_page("why", workspace="newsroom", model="path", user=user, item=moved.item, k="10", guard=rule)
    assert is_sound(app)
    assert any(moved.sentence.replace("*", "").split(" by ")[0] in w.value.replace("\\", "") for w in app.warning)


def test_a_rule_in_the_address_that_is_none_is_left_out() -> None:
    app = open_page("why", guard=f"{HOSTILE}:x=1")
    assert is_sound(app)


def test_blind_test_page_stands(bare_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURFACED_HOME", str(bare_home))
    assert is_sound(open_page("blind"))


def test_a_policy_is_written_on_the_page() -> None:
    app = open_page("audit", view="new")
    app.selectbox(key="plan-target").set_value("policy").run()
    assert is_sound(app)
    by = app.selectbox(key="plan-policy-by").value
    table = app.dataframe[0].value
    shares = Workbench().exposure.catalogue_shares("newsroom", by)
    assert dict(zip(table["group"], table["share"], strict=True)) == pytest.approx(
        {g: 100 * s for g, s in shares.items()}, abs=0.01
    )
    assert sum(shares.values()) == pytest.approx(1)
    app.text_input(key="plan-name").set_value("Ana").run()
    assert any("Fix the plan and run" in b.label for b in app.button)
    app.button_group(key="plan-items").set_value([]).run()
    assert is_sound(app)
    assert any("policy is empty" in e.value for e in app.error)
