"""Two audits side by side."""

from __future__ import annotations

from dataclasses import dataclass

from explain.results.json_form import JsonForm


@dataclass(frozen=True, kw_only=True)
class ComparedRow(JsonForm):
    """A group then and now.

    change   now - then      overlap  whether the intervals do
    Both are None where one side has no number, or where the two audits asked different things of the group.
    """

    section: str
    side: str
    by: str
    metric: str
    group: str
    then: float | None
    then_low: float | None
    then_high: float | None
    now: float | None
    now_low: float | None
    now_high: float | None
    change: float | None
    overlap: bool | None
    verdict_then: str | None
    verdict_now: str | None


@dataclass(frozen=True, kw_only=True)
class Difference(JsonForm):
    """Something that is not the same in both: values as text."""

    what: str
    then: str
    now: str


@dataclass(frozen=True, kw_only=True)
class Comparison(JsonForm):
    """Two audits. same_thresholds: whether both were judged alike; differences: of plan and provenance.

    not_comparable  in which respects their values cannot be compared, a sentence; empty where they can in all
    """

    id: str
    earlier: str
    verdict_then: str
    verdict_now: str
    same_thresholds: bool
    thresholds: tuple[Difference, ...]
    differences: tuple[Difference, ...]
    rows: tuple[ComparedRow, ...]
    sentence: str
    not_comparable: str = ""


@dataclass(frozen=True, kw_only=True)
class Changes(JsonForm):
    """A comparison as the record of the later audit keeps it; rows: only groups whose verdict or interval moved apart.

    n_rows  groups that were compared      created_then  of the earlier audit, ISO UTC
    """

    id: str = ""
    earlier: str = ""
    verdict_then: str | None = None
    verdict_now: str | None = None
    same_thresholds: bool | None = None
    thresholds: tuple[Difference, ...] = ()
    differences: tuple[Difference, ...] = ()
    rows: tuple[ComparedRow, ...] = ()
    sentence: str = ""
    not_comparable: str = ""
    n_rows: int | None = None
    created_then: str = ""
