"""The record of an audit: what was found, with everything that a reader outside needs to judge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from explain.results.audit import ColumnAudit, ItemAudit, PeopleAudit, Verdict
from explain.results.cells import CellTable
from explain.results.comparison import Changes
from explain.results.json_form import OMITTED, JsonForm
from explain.results.measured import CreatorExposure, MetricFigure, Trend
from explain.results.plan import FixedPlan
from explain.results.record_sections import (
    AttributeSource,
    AuditedSystem,
    Export,
    Incident,
    LogExtract,
    Mitigation,
    Parameters,
    Provenance,
    RecordedBaseline,
    RecordedGap,
    Signature,
    SuppressedCount,
)

SCHEMA = "surfaced-audit/1"


@dataclass(frozen=True, kw_only=True)
class AuditContent(JsonForm):
    """What is signed. created: ISO UTC; unknown: of each column how many are unknown, None where those stay hidden."""

    schema: str
    created: str
    plan: FixedPlan
    system: AuditedSystem
    provenance: Provenance
    attributes: tuple[AttributeSource, ...]
    parameters: Parameters
    non_profiling: tuple[RecordedBaseline, ...]
    metrics: tuple[MetricFigure, ...]
    item_audits: tuple[ItemAudit, ...]
    user_audits: tuple[PeopleAudit, ...]
    intersections: tuple[PeopleAudit, ...]
    cells: tuple[CellTable, ...]
    trends: tuple[Trend, ...]
    creators: tuple[CreatorExposure, ...]
    attribution: tuple[RecordedGap, ...]
    suppressed: SuppressedCount
    unknown: Mapping[str, int | None]
    verdict: Verdict
    mitigations: tuple[Mitigation, ...]
    limits: tuple[str, ...]
    incidents: tuple[Incident, ...]
    changes: Changes | None

    @property
    def people_audits(self) -> tuple[PeopleAudit, ...]:
        """Of columns of people and of their intersections."""
        return (*self.user_audits, *self.intersections)

    @property
    def column_audits(self) -> tuple[ColumnAudit, ...]:
        """All of them: of items first."""
        return (*self.item_audits, *self.people_audits)


@dataclass(frozen=True, kw_only=True)
class StoredAudit(AuditContent):
    """Content with its name. sha256: over the content; id: `audit-` and the hash's first twelve digits."""

    id: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class AuditRecord(StoredAudit):
    """A stored audit as it is read: with the log's rows about it and its signatures. export: of an exported one."""

    log: LogExtract
    signatures: tuple[Signature, ...]
    export: Export | None = field(default=None, metadata=OMITTED)
