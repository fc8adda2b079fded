"""Records as types: the published schema says the same as they do, and JSON of this version and of others survives."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, replace
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pytest
from jsonschema import Draft202012Validator

from core.errors import OptionError
from core.files import JsonObject
from explain.records.schema import audit_schema, content_hash
from explain.results.audit import AuditReport, AuditRow, ItemAudit, ItemOverall, PeopleOverall
from explain.results.audit_record import AuditContent, AuditRecord, StoredAudit
from explain.results.json_form import JsonForm, form_of
from explain.results.plan import FixedPlan, Plan, Thresholds
from explain.workbench.workbench import Workbench
from tests.unit.audit_record_for_tests import SHA, WORKSPACE, content, empty_bench, full, plan, stored

FOLLOWS = {FixedPlan: {"min_cell"}}  # keys that follow from other fields
ALWAYS_WRITTEN = {FixedPlan}  # whose fields have defaults for a plan that somebody writes
FIXED = {"fixed_at": "2026-01-01T00:00:00Z", "log_hash": SHA}


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return audit_schema()["$defs"][schema["$ref"].removeprefix("#/$defs/")] if "$ref" in schema else schema


def nodes(form: type[JsonForm], schema: Mapping[str, Any]) -> Iterator[tuple[type[JsonForm], Mapping[str, Any]]]:
    """Every type below a type, with the part of the schema that is about it."""
    schema = resolved(schema)
    yield form, schema
    for f in form_of(form):
        if f.key in schema.get("properties", {}):
            yield from _nodes_of(f.hint, schema["properties"][f.key])


def _nodes_of(hint: Any, schema: Mapping[str, Any]) -> Iterator[tuple[type[JsonForm], Mapping[str, Any]]]:
    origin, inner = get_origin(hint), get_args(hint)
    if isinstance(hint, type) and issubclass(hint, JsonForm):
        yield from nodes(hint, schema)
    elif origin in (Union, UnionType):
        for member in inner:
            yield from _nodes_of(member, schema)
    elif origin is tuple:
        yield from _nodes_of(inner[0], resolved(schema).get("items", {}))
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        yield from _nodes_of(inner[1], resolved(schema).get("additionalProperties", {}))


PAIRS = [pytest.param(form, schema, id=form.__name__) for form, schema in nodes(AuditRecord, audit_schema())]


def test_every_type_of_a_record_is_looked_at() -> None:
    named = {pair.id for pair in PAIRS}
    assert {"AuditRow", "MetricFigure", "FixedPlan", "Thresholds", "RecordedGap", "Mitigation", "Signature"} <= named
    assert {"ItemOverall", "PeopleOverall", "GroupShares", "ComparedRow", "Incident", "LogEntry", "Export"} <= named


@pytest.mark.parametrize(("form", "schema"), PAIRS)
def test_every_field_is_in_the_published_schema_and_the_other_way_round(
    form: type[JsonForm], schema: Mapping[str, Any]
) -> None:
    keys = {f.key for f in form_of(form)}
    assert keys | FOLLOWS.get(form, set()) == set(schema["properties"])
    required = {f.key for f in form_of(form) if f.required}
    if form in ALWAYS_WRITTEN:
        assert required < set(schema["required"])
    else:
        assert required == set(schema.get("required", ()))


@pytest.mark.parametrize(("form", "schema"), PAIRS)
def test_types_of_records_are_frozen_and_built_by_keyword(form: type[JsonForm], schema: Mapping[str, Any]) -> None:
    parameters = form.__dataclass_params__  # type: ignore[attr-defined]
    assert parameters.frozen
    assert all(f.kw_only for f in fields(form))


def record(made: JsonObject) -> JsonObject:
    """A whole record as JSON, as it would be read."""
    return made | {"id": "audit-0123456789ab", "sha256": SHA, "log": {"head": SHA, "extract": []}, "signatures": []}


OLD = content(plan() | FIXED)
OTHER = copy.deepcopy(full(OLD)) | {"of the future": {"a": [1]}}
OTHER["item_audits"][0]["rows"][0] |= {"z": 1, "p_equal": None}
OTHER["plan"]["thresholds"]["someday"] = 3
OTHER["incidents"] = [{"when": "long ago", "told": "before there was a log"}]
OTHER["changes"] = {"sentence": "It moved.", "rows": []}


@pytest.mark.parametrize("made", [OLD, full(OLD), OTHER], ids=["old", "full", "with what no type knows"])
def test_json_of_other_versions_survives_with_its_order_and_its_absent_keys(made: JsonObject) -> None:
    before = json.dumps(record(made))
    read = AuditRecord.from_json(json.loads(before))
    assert json.dumps(read.as_json()) == before
    assert content_hash(read.as_json()) == content_hash(record(made))
    assert json.dumps(AuditContent.from_json(made).as_json()) == json.dumps(made)


@pytest.fixture(scope="module")
def audited(newsroom_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workbench, AuditRecord]:
    """A whole audit of a Newsroom of its own."""
    bench = Workbench(Path(shutil.copytree(newsroom_home, tmp_path_factory.mktemp("types") / "home")))
    usual = bench.audits.usual_plan("newsroom", "path", k=5)
    return bench, bench.audits.run("newsroom", replace(usual, draws=100), actor="Ada", role="auditor")


def test_a_fresh_record_survives_and_has_the_published_form(audited: tuple[Workbench, AuditRecord]) -> None:
    bench, fresh = audited
    exported = bench.records.export("newsroom", fresh.id, form="json", actor="Eve")
    for made in (fresh, exported):
        as_json = made.as_json()
        assert json.dumps(AuditRecord.from_json(as_json).as_json()) == json.dumps(as_json)
        Draft202012Validator(audit_schema()).validate(as_json)
    built = replace(fresh, as_read=None)
    assert set(built.as_json()) == set(fresh.as_json()), "made here or read: the same sections"
    known = {f.key for f in form_of(ItemOverall)} | {f.key for f in form_of(PeopleOverall)}
    for audit in fresh.column_audits:
        assert audit.overall.as_read is not None
        assert set(audit.overall.as_read.keys) <= known
        assert not audit.overall.as_read.unknown


def test_no_part_of_a_fresh_record_has_a_key_that_its_type_does_not_know(
    audited: tuple[Workbench, AuditRecord],
) -> None:
    _, fresh = audited

    def unknown(value: object) -> Iterator[tuple[str, str]]:
        if isinstance(value, JsonForm):
            assert value.as_read is not None
            yield from ((type(value).__name__, key) for key in value.as_read.unknown)
            for f in form_of(type(value)):
                yield from unknown(getattr(value, f.name))
        elif isinstance(value, tuple):
            for inner in value:
                yield from unknown(inner)
        elif isinstance(value, Mapping):
            for inner in value.values():
                yield from unknown(inner)

    assert set(unknown(fresh)) == {("FixedPlan", "min_cell")}


def test_a_stored_record_of_before_opens_verifies_compares_and_is_exported(tmp_path: Path) -> None:
    bench = empty_bench(tmp_path)
    one, two = stored(bench)["id"], stored(bench, changes={"created": "2026-03-03T04:05:06+00:00"})["id"]
    bench.records.sign(WORKSPACE, one, "Bob", "editor")
    assert bench.records.load(WORKSPACE, one).signatures[0].name == "Bob"
    assert bench.records.compare(WORKSPACE, two, one).same_thresholds
    (tmp_path / "report.html").write_text(bench.records.export(WORKSPACE, one))
    assert bench.records.verify_report(tmp_path / "report.html").ok
    assert bench.records.verify_log(WORKSPACE).ok


def test_a_changed_field_is_written_in_its_place_and_an_added_one_at_the_end() -> None:
    row = AuditRow.from_json(
        {"n": 3, "group": "a", "value": None, "low": None, "high": None, "x": 1, "verdict": "", "reason": ""}
    )
    assert not row.has("suppressed")
    changed = replace(row, n=4, suppressed=True).as_json()
    assert list(changed) == ["n", "group", "value", "low", "high", "x", "verdict", "reason", "suppressed"]
    assert (changed["n"], changed["x"], changed["suppressed"]) == (4, 1, True)


@pytest.mark.parametrize(
    ("form", "made", "told"),
    [
        (AuditRow, {"group": "a"}, "AuditRow lacks n, value"),
        (AuditContent, OLD | {"cells": 3}, r"AuditContent.cells must be a list"),
        (AuditContent, OLD | {"verdict": []}, r"AuditContent.verdict must be an object"),
        (AuditContent, OLD | {"metrics": [1]}, r"AuditContent.metrics\[0\] must be an object"),
        (Thresholds, {"bounds": {"AWRF": [1]}}, r"Thresholds.bounds.AWRF must have 2 values, not 1"),
        (ItemAudit, OLD["item_audits"][0] | {"overall": {"shares": []}}, r"overall.shares must be an object"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(form: type[JsonForm], made: JsonObject, told: str) -> None:
    with pytest.raises(OptionError, match=told):
        form.from_json(made)


def test_a_report_of_one_column_is_read_as_items_or_people() -> None:
    texts = dict.fromkeys(("workspace", "model", "snapshot", "metric", "browsing", "target"), "")
    shared: JsonObject = {**texts, "k": 5, "threshold": {}, "rows": []}
    items = AuditReport.from_json(shared | {"by": "genre", "side": "item", "overall": {"verdict": "", "shares": {}}})
    people = AuditReport.from_json(shared | {"by": "sex", "side": "user", "overall": {"verdict": "", "gap": 0.5}})
    assert isinstance(items.overall, ItemOverall)
    assert isinstance(people.overall, PeopleOverall)
    assert people.overall.gap == 0.5


def test_the_smallest_cell_of_a_plan_is_its_threshold_or_what_an_old_plan_says() -> None:
    assert FixedPlan.from_json(plan() | FIXED).min_cell == 10
    assert FixedPlan.from_json(plan(min_cell=7) | FIXED).min_cell == 7
    newer = plan(min_cell=7)
    newer["thresholds"]["min_n"] = 20
    assert FixedPlan.from_json(newer | FIXED).min_cell == 20
    built = Plan(
        workspace="w", model="m", k=5, item_columns=(), user_columns=(), browsing="b", thresholds=Thresholds(min_n=12)
    )
    assert list(built.as_json())[-1] == "min_cell"
    assert built.as_json()["min_cell"] == built.min_cell == 12
    assert Plan.from_json(built.as_json()).as_json() == built.as_json()


def test_limits_are_checked_where_somebody_sets_them_and_shown_as_they_are_where_a_record_has_them() -> None:
    with pytest.raises(OptionError, match="both sides of 1"):
        Thresholds(ratio_low=1.1)
    assert Thresholds.from_json({"ratio_low": 1.1}).ratio_low == 1.1


def test_fields_without_a_default_are_those_that_every_record_has() -> None:
    without = {f.name for f in fields(StoredAudit) if f.default is MISSING and f.default_factory is MISSING}
    assert without == {f.key for f in form_of(StoredAudit) if f.required}
    assert without | {"log", "signatures"} == set(audit_schema()["required"])
