"""Every figure of a record by what it is of. Two figures of one key must have one value, wherever in the record they
stand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from explain.fairness.metrics.quality import GAP, SPREAD
from explain.fairness.metrics.shares import IMPACT
from explain.results.audit import ItemAudit, PeopleAudit
from explain.results.audit_record import AuditContent
from explain.results.cells import CellTable
from explain.results.measured import CreatorExposure, MetricFigure
from explain.results.record_sections import Mitigation, RecordedBaseline

NEAR: Final = 1e-9
RATIO: Final = "exposure ratio"


@dataclass(frozen=True, kw_only=True)
class FigureKey:
    """What a figure is of. lists: "served" or "refit"; baseline: whose lists, empty for the audited model."""

    metric: str
    people_by: str = ""
    people_group: str = ""
    item_by: str = ""
    item_group: str = ""
    lists: str = ""
    target: str = ""
    browsing: str = ""
    resample: str = "people"
    baseline: str = ""


@dataclass(frozen=True)
class PlacedFigure:
    """A figure, and the section of the record where it stands."""

    key: FigureKey
    value: float | None
    where: str


def figures(content: AuditContent) -> Iterator[PlacedFigure]:
    """All figures of a record that has the fields of release 0.2.0."""
    for audit in content.item_audits:
        yield from _of_items(audit)
    for section, audits in (("user_audits", content.user_audits), ("intersections", content.intersections)):
        for of_people in audits:
            yield from _of_people(of_people, section)
    for table in content.cells:
        yield from _of_cells(table)
    for creator in content.creators:
        yield _of_creator(creator)
    only_items = {a.by for a in content.item_audits} - {a.by for a in content.user_audits}
    for metric in content.metrics:
        yield PlacedFigure(_metric_key(metric, only_items), metric.value, "metrics")
    for baseline in content.non_profiling:
        yield from _of_baseline(baseline)
    for repair in content.mitigations:
        yield from _of_repair(repair)


def contradictions(content: AuditContent) -> list[str]:
    """A sentence for each key that has two values; empty where every figure has one."""
    seen: dict[FigureKey, PlacedFigure] = {}
    sentences = []
    for figure in figures(content):
        before, key = seen.setdefault(figure.key, figure), figure.key
        if not _equal(before.value, figure.value):
            values = f"{before.value} in {before.where} and {figure.value} in {figure.where}"
            sentences.append(f"{key.metric} of {key} is {values}.")
    return sentences


def _of_items(audit: ItemAudit) -> Iterator[PlacedFigure]:
    yield PlacedFigure(_ratio_key(audit, metric=IMPACT, item_by=audit.by), audit.overall.impact_ratio, "item_audits")
    for row in audit.rows:
        yield PlacedFigure(_ratio_key(audit, item_by=audit.by, item_group=row.group), row.value, "item_audits")


def _of_people(audit: PeopleAudit, section: str) -> Iterator[PlacedFigure]:
    for metric, value in ((GAP, audit.overall.gap), (SPREAD, audit.overall.tau)):
        yield PlacedFigure(FigureKey(metric=metric, people_by=audit.by, lists=audit.lists), value, section)
    for row in audit.rows:
        key = FigureKey(metric=audit.metric, people_by=audit.by, people_group=row.group, lists=audit.lists)
        yield PlacedFigure(key, row.value, section)


def _of_cells(table: CellTable) -> Iterator[PlacedFigure]:
    for row in table.rows:
        key = _ratio_key(
            table,
            people_by=table.user_by,
            people_group=row.user_group,
            item_by=table.item_by,
            item_group=row.item_group,
        )
        yield PlacedFigure(key, row.value, "cells")


def _of_creator(row: CreatorExposure) -> PlacedFigure:
    return PlacedFigure(_ratio_key(row, item_by="creator", item_group=row.creator), row.ratio, "creators")


def _of_baseline(baseline: RecordedBaseline) -> Iterator[PlacedFigure]:
    whose = "" if baseline.profiles else baseline.title
    for row in baseline.exposure:
        key = _ratio_key(baseline, item_by=baseline.by or "", item_group=row.group, baseline=whose)
        yield PlacedFigure(key, row.ratio, "non_profiling")


def _of_repair(repair: Mitigation) -> Iterator[PlacedFigure]:
    for row in repair.rows:
        yield PlacedFigure(_ratio_key(repair, item_by=repair.by, item_group=row.group), row.before, "mitigations")


def _metric_key(m: MetricFigure, only_items: Collection[str]) -> FigureKey:
    """only_items: columns that no people are grouped by."""
    if m.name in (GAP, SPREAD):
        return FigureKey(metric=m.name, people_by=m.by, lists=m.lists)
    if m.name == IMPACT or m.by in only_items:
        return _ratio_key(m, metric=m.name, item_by=m.by, item_group=m.group)
    return _ratio_key(m, metric=m.name, people_by=m.by, people_group=m.group)


def _ratio_key(
    part: ItemAudit | CellTable | CreatorExposure | MetricFigure | RecordedBaseline | Mitigation,
    *,
    metric: str = RATIO,
    people_by: str = "",
    people_group: str = "",
    item_by: str = "",
    item_group: str = "",
    baseline: str = "",
) -> FigureKey:
    """A key with what a part of a record was measured on."""
    return FigureKey(
        metric=metric,
        people_by=people_by,
        people_group=people_group,
        item_by=item_by,
        item_group=item_group,
        lists=part.lists,
        target=(part.target or "catalogue").removesuffix(" share"),
        browsing=part.browsing,
        resample="people" if isinstance(part, RecordedBaseline) else part.resample,
        baseline=baseline,
    )


def _equal(one: float | None, other: float | None) -> bool:
    return one is other or (one is not None and other is not None and abs(one - other) <= NEAR * max(1.0, abs(one)))
