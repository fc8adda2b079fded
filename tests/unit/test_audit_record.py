"""Stored audits: the published schema, the hash, plans fixed before, signatures from the log, comparison, checks of
exports, cards.
"""

from __future__ import annotations

import copy
import json
import shutil
import sqlite3
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from core.errors import OptionError, SnapshotError, SurfacedError
from explain.records.cards import Card, CardSection
from explain.records.compare import changes, compare
from explain.records.report import json_text
from explain.records.schema import audit_schema, content_hash, problems
from explain.results.audit_record import AuditRecord
from explain.results.plan import Plan
from explain.workbench.workbench import Workbench
from tests.command_line import surfaced
from tests.unit.audit_record_for_tests import WORKSPACE, content, empty_bench, fix, full, load, plan, row, save, stored

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "explain" / "records" / "audit.schema.json").read_text())
SAVER = """
import json, os, signal, sys, time
from dataclasses import replace
from pathlib import Path
from explain.results.audit_record import AuditContent
from explain.workbench.workbench import Workbench
bench, made = Workbench(Path(sys.argv[1])), AuditContent.from_json(json.loads(sys.stdin.read()))
for turn in range(20):
    from_child, to_parent = os.pipe()
    child = os.fork()
    if not child:
        n = 0
        while True:
            record = bench.records.save("newsroom", replace(made, limits=(f"turn {turn}, {n}",)), "Ada")
            os.write(to_parent, (record.id + "\\n").encode())
            n += 1
    lines = os.fdopen(from_child)
    try:
        confirmed = [lines.readline().strip() for _ in range(1 + turn % 2)]
        time.sleep(0.0007 * turn)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    os.close(to_parent)
    lines.close()
    state, found = bench.records.verify_log("newsroom"), bench.records.listed("newsroom")
    assert state.ok, state.sentence
    assert all(entry.intact for entry in found), [entry.told for entry in found]
    assert len(found) == state.n_rows - 1, (len(found), state.n_rows)
    assert set(confirmed) <= {entry.id for entry in found}
print("whole", flush=True)
"""


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return empty_bench(tmp_path / "home")


def place(bench: Workbench, audit: str) -> Path:
    return bench.session.store.results(WORKSPACE) / "audits" / f"{audit}.json"


def second_hash(record: dict[str, Any]) -> str:
    kept = {k: v for k, v in record.items() if k not in ("id", "log", "signatures", "export", "sha256")}
    return sha256(json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def test_the_schema_is_a_schema_and_a_record_fits_it(bench: Workbench) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    record = stored(bench)
    Draft202012Validator(SCHEMA).validate(record)
    Draft202012Validator(SCHEMA).validate(bench.records.export(WORKSPACE, record["id"], form="json").as_json())
    assert set(SCHEMA["required"]) == set(record)


def spoilt() -> list[Any]:
    """Ways to spoil a record: a path of keys, and the value that is put there (KeyError: taken out)."""
    ways: list[Any] = [((name,), KeyError) for name in SCHEMA["required"]]
    ways += [((name,), 7) for name in SCHEMA["required"]]
    ways += [
        (("plan", "k"), 0),
        (("plan", "k"), 2.5),
        (("plan", "k"), 20.0),
        (("plan", "k"), True),
        (("plan", "log_hash"), "abc"),
        (("plan", "intersections"), ["region"]),
        (("item_audits", 0, "rows", 0, "value"), "much"),
        (("item_audits", 0, "rows", 0, "n"), -1),
        (("item_audits", 0, "side"), "both"),
        (("item_audits", 0, "rows", 0, "p_adjusted"), KeyError),
        (("metrics", 0, "verdict"), "fine"),
        (("verdict", "verdict"), ""),
        (("metrics", 0, "fair"), None),
        (("non_profiling", 0, "metrics", "ndcg@20"), 0.3),
        (("cells", 0, "rows", 0, "n"), None),
        (("trends", 0, "points", 0, "value"), KeyError),
        (("changes",), None),
        (("limits",), [1]),
        (("log", "extract", 0, "hash"), "z" * 64),
        (("something",), "new"),
        (("id",), "audit-../x"),
        (("id",), "audit-0123456789ab\nx"),
    ]
    return ways


@pytest.mark.parametrize(("where", "value"), spoilt())
def test_our_own_check_says_the_same_as_a_full_validator(bench: Workbench, where: tuple[Any, ...], value: Any) -> None:
    record = copy.deepcopy(stored(bench))
    inner: Any = record
    for key in where[:-1]:
        inner = inner[key]
    if value is KeyError:
        inner.pop(where[-1])
    else:
        inner[where[-1]] = value
    assert bool(list(problems(record, audit_schema()))) == (not Draft202012Validator(SCHEMA).is_valid(record))


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("attribution", 0, "n_people"), -1),
        (("attribution", 0, "gap_low"), "low"),
        (("attribution", 0, "gap_high"), None),
        (("attribution", 0, "target"), 1),
        (("mitigations", 0, "rows", 0, "verdict"), KeyError),
        (("mitigations", 0, "worsened"), "new"),
        (("non_profiling", 0, "profiles"), "yes"),
        (("non_profiling", 0, "exposure", 0, "ratio"), KeyError),
        (("non_profiling", 0, "by"), None),
        (("provenance", "data_sha256"), KeyError),
        (("user_audits", 0, "overall", "limit_note"), 7),
        (("item_audits", 0, "overall", "worst_case", "new"), 0.5),
    ],
)
def test_what_newer_records_say_is_in_the_schema_and_may_be_left_out(
    bench: Workbench, where: tuple[Any, ...], value: Any
) -> None:
    fixed = fix(bench)
    record = save(bench, full(content(fixed)))
    Draft202012Validator(SCHEMA).validate(record)
    inner: Any = record
    for key in where[:-1]:
        inner = inner[key]
    if value is KeyError:
        inner.pop(where[-1])
    else:
        inner[where[-1]] = value
    valid = Draft202012Validator(SCHEMA).is_valid(record)
    assert valid == (value is None or where == ("provenance", "data_sha256"))
    assert bool(list(problems(record, audit_schema()))) == (not valid)


def test_a_record_is_named_by_the_hash_of_what_is_signed(bench: Workbench) -> None:
    record = stored(bench)
    assert record["sha256"] == second_hash(record) == content_hash(record)
    assert record["id"] == f"audit-{record['sha256'][:12]}"
    kept = json.loads(place(bench, record["id"]).read_text())
    assert second_hash(kept) == record["sha256"]
    assert "signatures" not in kept


def test_every_missing_section_is_named(bench: Workbench) -> None:
    fixed = fix(bench)
    made = content(fixed)
    del made["cells"], made["limits"]
    with pytest.raises(OptionError, match=r"lacks cells; record lacks limits"):
        save(bench, made)
    with pytest.raises(OptionError, match="cannot be stored"):
        save(bench, content(fixed, creators=[content(fixed)["creators"][0] | {"ratio": float("nan")}]))
    assert bench.records.listed(WORKSPACE) == ()
    assert [r.kind for r in bench.records.log(WORKSPACE)] == ["plan"]


def test_thresholds_are_fixed_before_the_run_or_the_audit_is_refused(bench: Workbench) -> None:
    fixed = fix(bench)
    (logged,) = bench.records.log(WORKSPACE)
    assert (logged.kind, logged.hash, logged.when) == ("plan", fixed["log_hash"], fixed["fixed_at"])
    assert logged.content == plan()
    for changed, told in (
        ({"thresholds": fixed["thresholds"] | {"ratio_low": 0.5}}, "thresholds"),
        ({"k": 10}, "k"),
        ({"fixed_at": "2020-01-01T00:00:00Z"}, "fixed_at"),
    ):
        with pytest.raises(OptionError, match=f"changed after it was fixed in row 1 of the log: {told}"):
            save(bench, content(fixed | changed))
    with pytest.raises(OptionError, match="not fixed in the decision log"):
        save(bench, content(fixed | {"log_hash": "ab" * 32}))
    with pytest.raises(OptionError, match="no thresholds"):
        fix(bench, thresholds={})
    with pytest.raises(OptionError, match="is about 'newsroom'"):
        bench.audits.fix("movielens-100k", Plan.from_json(plan()), "Ada")
    assert bench.records.listed(WORKSPACE) == ()


def test_signatures_are_those_of_the_log_and_leave_the_record_as_it_is(bench: Workbench) -> None:
    record = stored(bench)
    before = place(bench, record["id"]).read_bytes()
    one = bench.records.sign(WORKSPACE, record["id"], "Bob", "editor", "I agree.")
    two = bench.records.sign(WORKSPACE, record["id"], "Eve", "counsel", "")
    read = load(bench, record["id"])
    assert read["signatures"] == [
        {"name": "Bob", "role": "editor", "comment": "I agree.", "signed_at": one.when, "log_hash": one.hash},
        {"name": "Eve", "role": "counsel", "comment": "", "signed_at": two.when, "log_hash": two.hash},
    ]
    assert place(bench, record["id"]).read_bytes() == before
    assert one.content["sha256"] == record["sha256"]
    assert read["log"]["head"] == two.hash
    assert [r["kind"] for r in read["log"]["extract"]] == ["plan", "audit", "signature", "signature"]
    (entry,) = bench.records.listed(WORKSPACE)
    assert (entry.id, entry.model, entry.verdict, entry.n_signatures, entry.intact) == (
        record["id"],
        "path",
        "fail",
        2,
        True,
    )
    bench.records.sign(WORKSPACE, record["id"], "Bob", "editor", "Once more.")
    (entry,) = bench.records.listed(WORKSPACE)
    assert (entry.n_signatures, entry.n_signers) == (3, 2)


@pytest.mark.parametrize(
    ("name", "role", "comment", "told"),
    [
        ("", "editor", "", "name is missing"),
        ("Bob", " ", "", "role is missing"),
        ("Bob", "editor", "x" * 4001, "4,000 characters"),
        ("Bob", "editor", "twice", "signed .* already"),
    ],
)
def test_a_signature_needs_name_and_role(bench: Workbench, name: str, role: str, comment: str, told: str) -> None:
    audit = stored(bench)["id"]
    bench.records.sign(WORKSPACE, audit, "Bob", "editor", "twice")
    with pytest.raises(OptionError, match=told):
        bench.records.sign(WORKSPACE, audit, name, role, comment)
    assert len(load(bench, audit)["signatures"]) == 1


def test_an_altered_audit_is_refused_everywhere_and_listed_as_altered(bench: Workbench) -> None:
    record = stored(bench)
    file = place(bench, record["id"])
    file.write_text(file.read_text().replace("0.5123", "0.9123"))
    for ask in (
        lambda: load(bench, record["id"]),
        lambda: bench.records.sign(WORKSPACE, record["id"], "Bob", "editor"),
        lambda: bench.records.export(WORKSPACE, record["id"]),
        lambda: bench.records.compare(WORKSPACE, record["id"], record["id"]),
    ):
        with pytest.raises(SnapshotError, match="altered"):
            ask()
    (entry,) = bench.records.listed(WORKSPACE)
    assert (entry.intact, entry.id, entry.verdict) == (False, record["id"], "fail")
    assert "altered" in entry.told


def test_a_rewritten_audit_with_a_hash_of_its_own_does_not_fit_the_log(bench: Workbench) -> None:
    record = stored(bench)
    file = place(bench, record["id"])
    forged = json.loads(file.read_text()) | {"verdict": {"verdict": "pass", "reason": "All fine."}}
    forged["sha256"] = second_hash(forged)
    file.write_text(json.dumps(forged))
    with pytest.raises(SnapshotError, match="altered"):
        load(bench, record["id"])
    forged["id"] = f"audit-{forged['sha256'][:12]}"
    place(bench, forged["id"]).write_text(json.dumps(forged))
    with pytest.raises(SnapshotError, match="no row about it"):
        load(bench, forged["id"])


@pytest.mark.parametrize(("text", "told"), [("{", "cut short"), ("[]", "altered"), (None, "is missing, though")])
def test_a_damaged_or_missing_file_is_said(bench: Workbench, text: str | None, told: str) -> None:
    audit = stored(bench)["id"]
    place(bench, audit).unlink() if text is None else place(bench, audit).write_text(text)
    with pytest.raises(SnapshotError, match=told):
        load(bench, audit)


@pytest.mark.parametrize("audit", ["../../decisions", "audit-", "audit-0123456789ab/..", "nothing"])
def test_only_ids_are_ids(bench: Workbench, audit: str) -> None:
    with pytest.raises(OptionError, match="no id of an audit"):
        load(bench, audit)
    with pytest.raises(OptionError, match="There is no audit"):
        load(bench, "audit-0123456789ab")


def test_a_log_that_was_cut_below_a_stored_plan_is_found_without_a_head(bench: Workbench) -> None:
    stored(bench)
    db = sqlite3.connect(bench.session.decisions.path)
    db.execute("DROP TRIGGER log_delete")
    db.execute("DELETE FROM log")
    db.commit()
    db.close()
    found = bench.records.verify_log(WORKSPACE)
    told = [p.told for p in found.problems if p.fault == "cut"]
    assert any("the plan of audit-" in line for line in told)
    assert any("heads.json" in line for line in told)


def test_a_process_killed_while_saving_leaves_the_whole_record_or_none(tmp_path: Path) -> None:
    bench = empty_bench(tmp_path)
    made = content(fix(bench))
    command = [sys.executable, "-c", SAVER, str(tmp_path)]
    ended = subprocess.run(
        command, cwd=ROOT, input=json.dumps(made), capture_output=True, text=True, timeout=120, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "whole\n"), ended.stderr


def test_a_record_whose_process_died_before_it_got_its_name_is_there(bench: Workbench) -> None:
    record = stored(bench)
    file = place(bench, record["id"])
    file.rename(file.with_name(f".waiting-{file.name}"))
    assert load(bench, record["id"]) == record
    assert file.exists()


def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_logged(bench: Workbench) -> None:
    fixed = fix(bench)
    folder = bench.session.store.results(WORKSPACE)
    folder.parent.mkdir(parents=True)
    folder.write_text("a file where a folder should be")
    with pytest.raises(SurfacedError, match=r"could not be written to .*Nothing was stored"):
        save(bench, content(fixed))
    assert [r.kind for r in bench.records.log(WORKSPACE)] == ["plan"]


def test_saving_twice_is_one_audit_and_newest_comes_first(bench: Workbench) -> None:
    fixed = fix(bench)
    one = save(bench, content(fixed, changes=None))
    two = stored(bench, changes={"created": "2026-03-03T04:05:06+00:00"})
    assert [e.id for e in bench.records.listed(WORKSPACE)] == [two["id"], one["id"]]
    again = {key: value for key, value in two.items() if key not in ("log", "signatures")}
    assert save(bench, again)["id"] == two["id"]
    assert len(bench.records.listed(WORKSPACE)) == 2


def test_incidents_and_changes_come_from_the_log_and_the_last_audit(bench: Workbench) -> None:
    first = stored(bench)
    assert first["changes"] is None
    bench.records.add_incident(WORKSPACE, "Lists were empty.", "Ada", "operator")
    bench.records.add_incident(WORKSPACE, "Just a remark.", "Ada", kind="note")
    other = stored(bench, model="lightgcn")
    assert other["changes"] is None
    second = stored(bench, changes={"verdict": {"verdict": "pass", "reason": "Better."}})
    assert [i["text"] for i in second["incidents"]] == ["Lists were empty."]
    assert second["changes"]["earlier"] == first["id"]
    assert (second["changes"]["verdict_then"], second["changes"]["verdict_now"]) == ("fail", "pass")


def test_two_audits_are_compared_group_by_group(bench: Workbench) -> None:
    then = stored(bench)
    now = copy.deepcopy(then)
    now["plan"]["draws"], now["plan"]["thresholds"]["bounds"]["AWRF"] = 500, [0.8, 1.0]
    now["provenance"]["code"] = "code-43"
    rows = now["item_audits"][0]["rows"]
    rows[0] = row("new", 50, 0.9, 0.85, 0.95, "pass")
    rows[1] = row("plain", 150, 1.3, 1.2345, 1.4, "fail")
    rows[2] = row("brand new group", 5, 1.0, 0.9, 1.1, "pass")
    found = compare(AuditRecord.from_json(now), AuditRecord.from_json(then))
    by_group = {r.group: r for r in found.rows if r.section == "item_audits"}
    assert list(by_group) == ["new", "plain", "brand new group", "unknown"]
    new, plain, fresh, gone = by_group.values()
    assert (new.then, new.now, new.overlap, new.verdict_then, new.verdict_now) == (0.5123, 0.9, False, "fail", "pass")
    assert new.change == pytest.approx(0.3877, abs=1e-12)
    assert plain.overlap is True  # they touch at 1.2345
    assert (fresh.then, fresh.verdict_then, fresh.change, fresh.overlap) == (None, None, None, None)
    assert (gone.now, gone.verdict_now) == (None, None)
    assert not found.same_thresholds
    assert [(d.what, d.then, d.now) for d in found.thresholds] == [("bounds.AWRF", "[0.9, 1.0]", "[0.8, 1.0]")]
    assert [(d.what, d.then, d.now) for d in found.differences] == [
        ("plan: draws", "1000", "500"),
        ("code", "code-42", "code-43"),
    ]
    assert "thresholds are not the same" in found.sentence
    assert "2 have intervals that do not overlap" not in found.sentence
    assert "1 have intervals that do not overlap" in found.sentence
    assert found.not_comparable == ""
    same = compare(AuditRecord.from_json(then), AuditRecord.from_json(then))
    assert (same.same_thresholds, same.differences) == (True, ())
    assert all(r.change in (0, None) and r.overlap in (True, None) for r in same.rows)


@pytest.mark.parametrize(
    ("section", "changed", "told"),
    [
        ("plan", {"k": 10}, "k (20 then, 10 now)"),
        ("plan", {"target": {"author_group": {"new": 0.3}}}, "target (catalogue then, a policy now)"),
        ("plan", {"browsing": "cascade(0.8)"}, "browsing model (rbp(0.8) then, cascade(0.8) now)"),
        ("plan", {"model": "lightgcn"}, "model (path then, lightgcn now)"),
        ("plan", {"item_columns": ["topic", "author_group"]}, "columns of items (topic only now)"),
        ("provenance", {"graph": "graph-4712"}, "data (another version)"),
        ("provenance", {"model": "path-ffff"}, "fit of the model (path-0123456789ab then, path-ffff now)"),
    ],
)
def test_what_cannot_be_compared_is_said_first_and_nothing_is_called_a_change(
    bench: Workbench, section: str, changed: dict[str, Any], told: str
) -> None:
    then = stored(bench)
    now = copy.deepcopy(then)
    now[section] |= changed
    now["item_audits"][0]["rows"][0] = row("new", 50, 0.9, 0.85, 0.95, "pass")
    found = compare(AuditRecord.from_json(now), AuditRecord.from_json(then))
    assert found.not_comparable.startswith(f"The two audits are not comparable in {told}: ")
    assert found.sentence.startswith(found.not_comparable)
    assert "overlap" not in found.sentence
    new = next(r for r in found.rows if r.group == "new" and r.section == "item_audits")
    assert (new.then, new.now) == (0.5123, 0.9)
    another = section == "plan" and "item_columns" not in changed
    assert (new.change, new.overlap) == ((None, None) if another else (pytest.approx(0.3877), False))
    assert [r.group for r in changes(AuditRecord.from_json(now), AuditRecord.from_json(then)).rows] == (
        [] if another else ["new"]
    )


def test_another_target_leaves_the_quality_for_people_comparable(bench: Workbench) -> None:
    then = stored(bench)
    now = copy.deepcopy(then)
    now["plan"]["target"] = "relevance"
    north = next(r for r in compare(AuditRecord.from_json(now), AuditRecord.from_json(then)).rows if r.group == "North")
    assert (north.change, north.overlap) == (0, True)


def test_the_order_of_columns_and_a_hash_that_only_one_has_are_no_difference(bench: Workbench) -> None:
    then = stored(bench, item_columns=["topic", "author_group"])
    now = copy.deepcopy(then)
    now["plan"]["item_columns"] = ["author_group", "topic"]
    now["provenance"]["data_sha256"] = "ab" * 32
    assert compare(AuditRecord.from_json(now), AuditRecord.from_json(then)).differences == ()
    then["provenance"]["data_sha256"] = "cd" * 32
    assert "not comparable in data" in compare(AuditRecord.from_json(now), AuditRecord.from_json(then)).sentence


def exported(bench: Workbench, tmp_path: Path, form: str) -> tuple[dict[str, Any], Path]:
    record = stored(bench)
    bench.records.sign(WORKSPACE, record["id"], "Bob", "editor", "I agree.")
    file = tmp_path / f"report.{form}"
    if form == "html":
        file.write_text(bench.records.export(WORKSPACE, record["id"], form="html", actor="Eve"))
    else:
        file.write_text(json_text(bench.records.export(WORKSPACE, record["id"], form="json", actor="Eve")))
    return record, file


@pytest.mark.parametrize("form", ["html", "json"])
def test_a_report_as_it_was_exported_is_accepted_here_and_elsewhere(
    bench: Workbench, tmp_path: Path, form: str
) -> None:
    record, file = exported(bench, tmp_path, form)
    bench.records.add_incident(WORKSPACE, "Later.", "Ada")
    here = bench.records.verify_report(file)
    assert (here.ok, here.in_log, here.sha256, here.problems) == (True, True, record["sha256"], ())
    assert bench.records.verify_log(WORKSPACE, here.head).n_after == 2  # the export's own row, and the incident
    elsewhere = empty_bench(tmp_path / "elsewhere").records.verify_report(file)
    assert (elsewhere.ok, elsewhere.in_log) == (True, None)


@pytest.mark.parametrize("home", ["here", "elsewhere"])
@pytest.mark.parametrize(
    ("form", "old", "new"),
    [
        ("json", "0.5123", "0.9123"),
        ("json", "I agree.", "I object."),
        ("json", '"Bob"', '"Mallory"'),
        ("json", '"actor": "Eve"', '"actor": "Eva"'),
        ("html", "0.5123", "0.9123"),
        ("html", "Verdict: fail", "Verdict: pass"),
        ("html", "“I agree.”", "“I object.”"),
        ("html", "Mallory", "Mallory"),
    ],
)
def test_an_altered_report_is_found(bench: Workbench, tmp_path: Path, home: str, form: str, old: str, new: str) -> None:
    _, file = exported(bench, tmp_path, form)
    text = file.read_text()
    changed = text.replace(old, new) if old != new else text.replace("</main>", "<p>Approved.</p></main>")
    assert changed != text
    file.write_text(changed)
    judge = bench if home == "here" else empty_bench(tmp_path / "elsewhere")
    found = judge.records.verify_report(file)
    assert not found.ok
    assert found.problems


def test_a_report_altered_with_all_its_hashes_is_not_in_the_log(bench: Workbench, tmp_path: Path) -> None:
    from explain.records.schema import audit_id, export_hash

    _, file = exported(bench, tmp_path, "json")
    forged = json.loads(file.read_text())
    forged["verdict"] = {"verdict": "pass", "reason": "All fine."}
    forged["signatures"], forged["log"]["extract"] = [], []
    forged["sha256"] = second_hash(forged)
    forged["id"] = audit_id(forged["sha256"])
    forged["export"]["sha256"] = export_hash(forged)
    file.write_text(json.dumps(forged))
    found = bench.records.verify_report(file)
    assert found.problems == ("The decision log has no export with this content.",)
    forged["log"]["head"] = "ab" * 32
    forged["export"]["sha256"] = export_hash(forged)
    file.write_text(json.dumps(forged))
    found = bench.records.verify_report(file)
    assert (found.ok, found.in_log) == (False, False)
    assert "is not in the decision log" in found.problems[0]


def test_a_cut_log_is_found_by_a_report(bench: Workbench, tmp_path: Path) -> None:
    _, file = exported(bench, tmp_path, "html")
    db = sqlite3.connect(bench.session.decisions.path)
    db.execute("DROP TRIGGER log_delete")
    db.execute("DELETE FROM log WHERE number > 2")
    db.commit()
    db.close()
    assert "heads.json" in " ".join(p.told for p in bench.records.verify_log(WORKSPACE).problems), (
        "found without a head"
    )
    found = bench.records.verify_report(file)
    assert (found.ok, found.in_log) == (False, False)
    assert not bench.records.verify_log(WORKSPACE, found.head).ok


def test_no_report_is_made_from_a_broken_log(bench: Workbench) -> None:
    audit = stored(bench)["id"]
    db = sqlite3.connect(bench.session.decisions.path)
    db.execute("DROP TRIGGER log_update")
    db.execute("UPDATE log SET actor = 'Eve' WHERE number = 1")
    db.commit()
    db.close()
    with pytest.raises(SurfacedError, match=r"not intact.*Row 1 was changed"):
        bench.records.export(WORKSPACE, audit)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no audit that can be read"),
        ("{}", "no exported audit"),
        ('{"export": 1}', "no record of an audit"),
        ("<html></html>", "no audit that can"),
        ('{"a": 1, "a": 2}', "no audit that can"),
    ],
)
def test_a_file_that_is_no_report_is_said(bench: Workbench, tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(OptionError, match=told):
        bench.records.verify_report(tmp_path / "x.json")
    (tmp_path / "x.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OptionError, match="no text"):
        bench.records.verify_report(tmp_path / "x.json")
    with pytest.raises(OptionError, match="cannot be read"):
        bench.records.verify_report(tmp_path / "missing.json")


def test_the_shell_signs_lists_compares_exports_and_checks(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SURFACED_HOME", str(bench.session.store.home))
    one, two = stored(bench)["id"], stored(bench, k=10)["id"]
    where = ("--workspace", WORKSPACE, "--id", two)
    signed = surfaced("sign", *where, "--name", "Bob", "--role", "editor", "--comment", "Fine.", "--json").json
    assert (signed["actor"], signed["content"]["audit"]) == ("Bob", two)
    listed = surfaced("audits", "--workspace", WORKSPACE, "--json").json["audits"]
    assert [(a["id"], a["n_signatures"]) for a in listed] == [(two, 1), (one, 0)]
    found = surfaced("compare-audits", *where, "--earlier", one, "--json").json
    assert [d["what"] for d in found["differences"]] == ["plan: k"]
    assert found["not_comparable"].startswith("The two audits are not comparable in k (20 then, 10 now)")
    assert surfaced("compare-audits", *where, "--earlier", one).out.startswith(found["not_comparable"])
    assert "A name is missing" in surfaced("sign", *where, "--name", " ", "--role", "").complaint
    printed = surfaced("log", "--workspace", WORKSPACE).out
    assert bench.records.log(WORKSPACE)[0].when in printed
    assert str(bench.records.log(WORKSPACE)[0].created) not in printed
    for form in ("html", "json"):
        out = tmp_path / f"r.{form}"
        told = surfaced("export-audit", *where, "--out", out, "--json").json
        assert surfaced("verify-report", out, "--json").json["ok"]
        assert surfaced("verify-log", "--workspace", WORKSPACE, "--head", told["head"], "--json").json["ok"]
    assert (
        surfaced(
            "incident", "--workspace", WORKSPACE, "--name", "Ada", "--text", "It broke.", "--kind", "rollback", "--json"
        ).json["kind"]
        == "rollback"
    )
    assert "html or .json" in surfaced("export-audit", *where, "--out", tmp_path / "r.pdf").complaint
    assert "folder that exists" in surfaced("export-audit", *where, "--out", tmp_path / "no" / "r.html").complaint
    assert (
        "no audit"
        in surfaced(
            "sign", "--workspace", WORKSPACE, "--id", "audit-0123456789ab", "--name", "B", "--role", "r"
        ).complaint
    )
    out.write_text(out.read_text().replace("0.5123", "0.6123"))
    with pytest.raises(SystemExit) as ended:
        surfaced("verify-report", out)
    assert ended.value.code == 1


def test_cards_hold_what_manifests_measurements_and_tables_say(home: Path, tmp_path: Path) -> None:
    bench = Workbench()
    manifest = next(info for info in bench.models.fitted("newsroom") if info.model == "path")
    measured = bench.evaluate.stored("newsroom", "path")
    assert measured is not None
    ended = surfaced("cards", "--workspace", "newsroom", "--model", "path", "--out", tmp_path / "cards", "--json").json
    assert ended["files"] == ["data-card.json", "data-card.md", "model-card.json", "model-card.md"]
    card = json.loads((tmp_path / "cards" / "model-card.json").read_text())
    headings = [s["heading"] for s in card["sections"]]
    assert headings[:9] == [
        "Model details",
        "Intended use",
        "Factors",
        "Metrics",
        "Evaluation data",
        "Training data",
        "Quantitative analyses",
        "Ethical considerations",
        "Caveats and recommendations",
    ]
    details = dict(card["sections"][0]["rows"])
    assert (details["Snapshot"], details["Seed"]) == (manifest.snapshot, "0")
    results = {r[0]: r for r in card["sections"][6]["rows"]}
    assert float(results["ndcg@20 (split last, seed 0)"][1]) == pytest.approx(
        measured.metrics["ndcg@20"]["value"], rel=1e-3
    )
    text = (tmp_path / "cards" / "data-card.md").read_text()
    info = next(i for i in bench.data.workspaces() if i.name == "newsroom")
    assert f"| readers | {info.n_users:,} |" in text
    assert f"| events | {info.n_events:,} |" in text
    for heading in (
        "Motivation",
        "Composition",
        "Collection process",
        "Preprocessing",
        "Uses",
        "Distribution",
        "Maintenance",
    ):
        assert f"\n## {heading}\n" in text
    assert bench.records.data_card("newsroom").markdown() == text

    shutil.rmtree(tmp_path / "cards")
    (tmp_path / "cards").write_text("x")
    assert (
        "could not be made"
        in surfaced("cards", "--workspace", "newsroom", "--model", "path", "--out", tmp_path / "cards").complaint
    )


def test_hostile_texts_in_a_card_stay_text() -> None:
    hostile = "<script>alert(1)</script> [x](javascript:1) | # a\n# b"
    section = CardSection(heading="H", text=(hostile,), heads=("A", "B"), rows=((hostile, "1"),))
    text = Card(kind="model card", title=hostile, headings_of="x", sections=(section,)).markdown()
    lines = text.splitlines()
    assert "<script>" not in text
    assert "](" not in text.replace("\\](", "").replace("\\]", "")
    assert [line for line in lines if line.startswith("# ")] == lines[:1]
    assert sum(line.replace("\\|", "").count("|") == 3 for line in lines) == 3
