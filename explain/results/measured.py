"""What an audit measures besides its columns: metrics, their course over snapshots, and what creators get."""

from __future__ import annotations

from dataclasses import dataclass

from explain.results.json_form import JsonForm


@dataclass(frozen=True, kw_only=True)
class Estimate(JsonForm):
    """A value with its 95 % interval; None where it could not be measured."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class MetricWords(JsonForm):
    """A metric in words. number: under which records list it; fair: the value of a fair system."""

    number: int
    name: str
    title: str
    formula: str
    source: str
    range: str
    fair: str
    direction: str


@dataclass(frozen=True, kw_only=True)
class MetricFigure(JsonForm):
    """One value of a metric with the metric's words.

    metric, name  of the metric and of this figure of it      by, group  what it is about, "" for all
    n         people (or items) behind it      verdict  empty where the plan has no limit for it
    lists, target, browsing, resample  what it was measured on
    """

    number: int
    title: str = ""
    formula: str
    source: str
    range: str | float | tuple[float, ...] | None
    fair: str | float | tuple[float, ...] | None
    direction: str = ""
    metric: str = ""
    name: str
    by: str
    group: str = ""
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    verdict: str
    reason: str
    suppressed: bool = False
    lists: str = ""
    target: str = ""
    browsing: str = ""
    resample: str = "people"


@dataclass(frozen=True, kw_only=True)
class TrendPoint(JsonForm):
    """A metric under one snapshot. created: ISO UTC."""

    snapshot: str
    created: str
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Trend(JsonForm):
    """A metric over the snapshots of a model, oldest first."""

    name: str
    points: tuple[TrendPoint, ...]
    by: str = ""
    lists: str = "served"
    target: str = "catalogue"
    browsing: str = ""
    resample: str = "people"


@dataclass(frozen=True, kw_only=True)
class CreatorExposure(JsonForm):
    """Who made items, what attention these get and what they are due: shares of all, and their ratio
    with its interval.
    """

    creator: str
    n_items: int
    exposure_share: float | None
    catalogue_share: float | None
    target_share: float | None = None
    lists: str = "served"
    target: str = "catalogue"
    browsing: str = ""
    resample: str = "people"
    ratio: float | None
    low: float | None
    high: float | None
