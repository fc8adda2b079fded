"""An audit against a policy of shares: gaps and repairs are about that policy, and everything said of a group agrees."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from explain.workbench.workbench import Workbench

POLICY = {"author_group": {"new": 0.6, "established": 0.4}}


@pytest.fixture(scope="module")
def found(newsroom_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workbench, dict[str, Any]]:
    bench = Workbench(Path(shutil.copytree(newsroom_home, tmp_path_factory.mktemp("policy") / "home")))
    plan = bench.audits.usual_plan("newsroom", "path", k=5) | {
        "item_columns": ["author_group"], "user_columns": [], "intersections": [], "target": POLICY, "draws": 100,
    }  # fmt: skip
    return bench, bench.audits.run("newsroom", plan, actor="Ana", role="lead")


def test_the_gap_is_to_the_policy_and_the_same_as_in_the_audit(found: tuple[Workbench, dict[str, Any]]) -> None:
    record = found[1]
    (audit,) = record["item_audits"]
    (gap,) = record["attribution"]
    share = audit["overall"]["shares"]["new"]
    assert (gap["group"], gap["target"], audit["target"]) == ("new", "policy share", "policy share")
    assert gap["n_people"] == gap["n_people_all"] == 300
    assert gap["gap"] == pytest.approx(share["exposure"] - 0.6, abs=1e-9)
    assert gap["gap_low"] <= gap["gap"] <= gap["gap_high"]
    assert sum(p["value"] for p in gap["parts"]) + gap["gap_random"] == pytest.approx(gap["gap"], abs=1e-6)
    assert "60.0%" in gap["sentence"]
    assert "*" not in gap["sentence"]


def test_the_repair_is_towards_the_policy(found: tuple[Workbench, dict[str, Any]]) -> None:
    record = found[1]
    (audit,), (repair,) = record["item_audits"], record["mitigations"]
    assert "policy share" in repair["name"]
    before = {row["group"]: row["before"] for row in repair["rows"]}
    assert before == pytest.approx(
        {row["group"]: row["value"] for row in audit["rows"] if row["value"] is not None}, abs=1e-9
    )
    new = next(row for row in repair["rows"] if row["group"] == "new")
    assert new["after"] > new["before"]
    assert new["low"] <= new["after"] <= new["high"]
    assert set(repair["worsened"]) <= {r["group"] for r in audit["rows"] if r["verdict"] == "pass"}


def test_the_record_names_the_data_by_a_hash_of_its_tables(found: tuple[Workbench, dict[str, Any]]) -> None:
    bench, record = found
    folder = bench.session.store.folder("newsroom") / "tables"
    files = [folder / f"{name}.parquet" for name in ("events", "users", "items", "topics", "creators")]
    by_hand = hashlib.sha256(b"".join(hashlib.sha256(f.read_bytes()).digest() for f in files)).hexdigest()
    assert record["provenance"]["data_sha256"] == by_hand


def test_the_non_profiling_arms_show_who_gets_exposure(found: tuple[Workbench, dict[str, Any]]) -> None:
    arms = found[1]["non_profiling"]
    assert [a["profiles"] for a in arms] == [True, False, False]
    for arm in arms:
        assert arm["by"] == "author_group"
        assert arm["k"] == 5
        assert {e["group"] for e in arm["exposure"]} == {"new", "established"}
