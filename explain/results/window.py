"""Exposure over a window of time: lists of many moments, a figure a group, a day, and the first hours of new items."""

from __future__ import annotations

from dataclasses import dataclass

from explain.results.audit import AuditReport
from explain.results.json_form import JsonForm


@dataclass(frozen=True, kw_only=True)
class DayRatio(JsonForm):
    """A group on one day (UTC): its share of attention, the share that was due, their ratio; None where nothing was."""

    day: str
    group: str
    share: float | None
    due: float | None
    ratio: float | None
    n_lists: int


@dataclass(frozen=True, kw_only=True)
class EarlyExposure(JsonForm):
    """Items of a group that came in the window, in their first hours: attention over all lists of that time, a mean an
    item; n_items, those whose first hours lie wholly in the window.
    """

    group: str
    hours: int
    n_items: int
    attention: float | None
    never_shown: float | None


@dataclass(frozen=True, kw_only=True)
class ExposureWindow(JsonForm):
    """The lists of a grid of moments, start and end in seconds UTC, `every` so many seconds, each of the people who
    were active in the last `active` seconds before it; target: the catalogue of each moment.
    """

    start: int
    end: int
    every: int
    active: int
    n_moments: int
    n_lists: int
    n_people: int
    days: tuple[DayRatio, ...]
    early: tuple[EarlyExposure, ...]


@dataclass(frozen=True, kw_only=True)
class WindowReport(AuditReport):
    """The audit of one column over a window; rows as those of one moment."""

    window: ExposureWindow
