"""The sections of an audit's record that say what was audited, what it goes by, and what happened to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from explain.results.decision_log import LogEntry
from explain.results.json_form import OMITTED, JsonForm, named
from explain.results.measured import Estimate


@dataclass(frozen=True, kw_only=True)
class AuditedSystem(JsonForm):
    """What was audited, in the words of who asked for it; "not stated" where nobody said it."""

    name: str
    surface: str
    purpose: str
    owner: str
    recommender: str


@dataclass(frozen=True, kw_only=True)
class Provenance(JsonForm):
    """From what the numbers come: versions, hashes, first and last day, what was let in."""

    graph: str | None
    model: str | None
    data: str | None
    code: str | None
    configuration: str | None
    time_window: tuple[str | None, ...]
    inclusion: str | None
    data_sha256: str | None = field(default=None, metadata=OMITTED)


@dataclass(frozen=True, kw_only=True)
class AttributeSource(JsonForm):
    """Where an audited column comes from. n_missing: of n; None where those are a group that stays hidden."""

    column: str
    side: str
    source: str
    n: int | None
    n_missing: int | None


@dataclass(frozen=True, kw_only=True)
class RecordedWeight(JsonForm):
    """A measured weight of a main parameter. level: what the weights divide up; share: 0..1 with its interval."""

    level: str = ""
    name: str
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Parameters(JsonForm):
    """What the recommender goes by. learnt: numbers as the model's manifest has them."""

    weights: tuple[RecordedWeight, ...]
    learnt: Mapping[str, Any]
    why: str


@dataclass(frozen=True, kw_only=True)
class RecordedExposure(JsonForm):
    """A group's exposure ratio in the lists of a baseline."""

    group: str
    ratio: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class RecordedBaseline(JsonForm):
    """The model, or a way to rank without a profile. profiles: whether it knows the person; None where an old record is
    silent.
    """

    title: str = field(metadata=named("arm"))
    rule: str | None = None
    profiles: bool | None = None
    metrics: Mapping[str, Estimate]
    n_people: int | None = None
    k: int | None = None
    by: str | None = None
    exposure: tuple[RecordedExposure, ...] = ()
    lists: str = "refit"
    target: str = ""
    browsing: str = ""


@dataclass(frozen=True, kw_only=True)
class RecordedGapPart(JsonForm):
    """What comes through one relation, in shares of all attention."""

    relation: str
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class RecordedGap(JsonForm):
    """A group's gap in exposure and what it comes through; gap_random: of a random list. n_people: drawn of
    n_people_all.
    """

    lists: str = "served"
    browsing: str = ""
    resample: str = "people"
    by: str = ""
    group: str
    gap: float | None
    gap_low: float | None = None
    gap_high: float | None = None
    gap_random: float | None = None
    target: str = ""
    n_people: int | None = None
    n_people_all: int | None = None
    sentence: str = ""
    completeness_error: float | None = None
    parts: tuple[RecordedGapPart, ...]


@dataclass(frozen=True, kw_only=True)
class RepairedGroup(JsonForm):
    """A group's exposure ratio before and after a repair, with the interval and the verdict after."""

    group: str
    before: float | None
    after: float | None
    low: float | None
    high: float | None
    verdict: str | None


@dataclass(frozen=True, kw_only=True)
class Mitigation(JsonForm):
    """What a repair would cost and bring. worsened: groups that passed and would no longer; None where
    nobody looked.
    """

    lists: str = "served"
    browsing: str = ""
    resample: str = "people"
    by: str = ""
    target: str = ""
    name: str
    cost: Any
    gain: Any
    rows: tuple[RepairedGroup, ...] = ()
    worsened: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class SuppressedCount(JsonForm):
    """How many rows and cells are hidden, and how many people stand behind them, where that may be said."""

    n_cells: int | None
    n_people: int | None


@dataclass(frozen=True, kw_only=True)
class Incident(JsonForm):
    """Something that happened before the audit, as the decision log has it. at: ISO UTC; audit: the one it is about."""

    kind: str = "incident"
    at: str | None = None
    actor: str | None = None
    role: str | None = None
    log_hash: str | None = None
    text: str | None = None
    audit: str | None = None
    created: str | None = None


@dataclass(frozen=True, kw_only=True)
class LogExtract(JsonForm):
    """The rows of the decision log that an audit is about. head: hash of the newest of all rows, of which there are
    `rows`.
    """

    head: str
    rows: int | None = None
    extract: tuple[LogEntry, ...]


@dataclass(frozen=True, kw_only=True)
class Signature(JsonForm):
    """Who signed exactly this content, in which role. signed_at: ISO UTC; log_hash: of its row."""

    name: str
    role: str
    comment: str
    signed_at: str
    log_hash: str


@dataclass(frozen=True, kw_only=True)
class Export(JsonForm):
    """Who exported a record when. sha256: over the whole export but itself."""

    created: str
    actor: str
    sha256: str
