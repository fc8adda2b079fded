"""An audit against a policy of shares: gaps and repairs are about that policy, and what is said of a group agrees."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from explain.results.audit_record import AuditRecord
from explain.workbench.workbench import Workbench

POLICY = {"author_group": {"new": 0.6, "established": 0.4}}


@pytest.fixture(scope="module")
def audited(newsroom_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workbench, AuditRecord]:
    bench = Workbench(Path(shutil.copytree(newsroom_home, tmp_path_factory.mktemp("policy") / "home")))
    plan = replace(
        bench.audits.usual_plan("newsroom", "path", k=5),
        item_columns=("author_group",),
        user_columns=(),
        intersections=(),
        target=POLICY,
        draws=100,
    )
    return bench, bench.audits.run("newsroom", plan, actor="Ana", role="lead")


def test_the_gap_is_to_the_policy_and_the_same_as_in_the_audit(audited: tuple[Workbench, AuditRecord]) -> None:
    record = audited[1]
    (audit,), (gap,) = record.item_audits, record.attribution
    exposure = audit.overall.shares["new"].exposure
    assert exposure is not None
    assert (gap.group, gap.target, audit.target) == ("new", "policy share", "policy share")
    assert gap.n_people == gap.n_people_all == 300
    assert gap.gap == pytest.approx(exposure - 0.6, abs=1e-9)
    assert gap.gap_low <= gap.gap <= gap.gap_high
    assert sum(p.value for p in gap.parts) + gap.gap_random == pytest.approx(gap.gap, abs=1e-6)
    assert "60.0%" in gap.sentence
    assert "*" not in gap.sentence


def test_the_repair_is_towards_the_policy(audited: tuple[Workbench, AuditRecord]) -> None:
    record = audited[1]
    (audit,), (repair,) = record.item_audits, record.mitigations
    assert "policy share" in repair.name
    before = {row.group: row.before for row in repair.rows}
    assert before == pytest.approx({row.group: row.value for row in audit.rows if row.value is not None}, abs=1e-9)
    new = next(row for row in repair.rows if row.group == "new")
    assert new.after > new.before
    assert new.low <= new.after <= new.high
    assert repair.worsened is not None
    assert set(repair.worsened) <= {r.group for r in audit.rows if r.verdict == "pass"}


def test_the_record_names_the_data_by_a_hash_of_its_tables(audited: tuple[Workbench, AuditRecord]) -> None:
    bench, record = audited
    folder = bench.session.store.folder("newsroom") / "tables"
    files = [folder / f"{name}.parquet" for name in ("events", "users", "items", "topics", "creators")]
    by_hand = hashlib.sha256(b"".join(hashlib.sha256(f.read_bytes()).digest() for f in files)).hexdigest()
    assert record.provenance.data_sha256 == by_hand


def test_the_lists_without_a_profile_show_who_gets_exposure(audited: tuple[Workbench, AuditRecord]) -> None:
    baselines = audited[1].non_profiling
    assert [b.profiles for b in baselines] == [True, False, False]
    for baseline in baselines:
        assert baseline.by == "author_group"
        assert baseline.k == 5
        assert {e.group for e in baseline.exposure} == {"new", "established"}
