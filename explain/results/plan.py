"""What an audit is going to measure, and by which limits: stated before anything is computed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from core.errors import OptionError, shown
from core.files import JsonObject
from explain.results.json_form import JsonForm

FOUR_FIFTHS: Final = 0.8  # 29 CFR 1607.4(D): the lowest ratio that is not taken for a disadvantage
FIVE_FOURTHS: Final = 1.25  # its inverse
Target = Literal["catalogue", "relevance"] | Mapping[str, float]
Policies = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, kw_only=True)
class Thresholds(JsonForm):
    """Limits of the verdicts.

    ratio_low, ratio_high  exposure ratios allowed: surely within passes, surely outside fails
    max_gap                how far below those it is compared with a cohort's nDCG may be: surely farther fails
    alpha                  family-wise level: a failure needs a p of the limit below it, adjusted over all groups tested
                           together
    min_n                  people (or lists) under which a cell is suppressed
    bounds                 metric name → (lowest, highest) allowed value, for the metrics that shall have a verdict
    Raises                 OptionError for limits that nothing could keep
    """

    ratio_low: float = FOUR_FIFTHS
    ratio_high: float = FIVE_FOURTHS
    max_gap: float = 0.05
    alpha: float = 0.05
    min_n: int = 10
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.as_read is not None:  # what a record holds is shown as it is
            return
        if not 0 <= self.ratio_low <= 1 <= self.ratio_high or not math.isfinite(self.ratio_high):
            raise OptionError(
                f"The exposure ratio may lie between {self.ratio_low} and {self.ratio_high}: "
                "the limits must stand on both sides of 1."
            )
        if not 0 < self.max_gap < 1:
            raise OptionError(f"A gap of {self.max_gap} is no limit for nDCG: choose one between 0 and 1.")
        if not 0 < self.alpha < 0.5:
            raise OptionError(f"The level alpha is {self.alpha}: choose one between 0 and .5.")
        if not 2 <= self.min_n <= 10_000:
            raise OptionError(f"Cells under {self.min_n} people would be suppressed: choose 2 to 10,000.")
        for name, (low, high) in self.bounds.items():
            if not low <= high:
                raise OptionError(f"The limits of {shown(name)} are {low} and {high}: the first must not be larger.")


@dataclass(frozen=True, kw_only=True)
class Plan(JsonForm):
    """An audit to be.

    target     "catalogue", "relevance" or {column: {group: share}} as a policy      intersections  up to three columns
               each
    family     which tests p-values are adjusted over: those of a "table", an "obligation" (exposure, quality, cells),
               the "report"
    reference  of cohorts: "rest" (everybody else), "population", or {column: group}
    """

    workspace: str
    model: str
    k: int
    item_columns: tuple[str, ...]
    user_columns: tuple[str, ...]
    intersections: tuple[tuple[str, ...], ...] = ()
    target: str | Policies = "catalogue"
    target_reason: str = ""
    browsing: str
    thresholds: Thresholds = field(default_factory=Thresholds)
    draws: int = 1_000
    seed: int = 0
    purpose: str = ""
    owner: str = ""
    surface: str = ""
    family: str = "table"
    reference: str | Mapping[str, str] = "rest"

    @property
    def min_cell(self) -> int:
        """The smallest group of people of which a figure is shown."""
        written = None if self.as_read is None else self.as_read.unknown.get("min_cell")
        return self.thresholds.min_n if written is None or self.thresholds.has("min_n") else int(written)

    @property
    def policies(self) -> Policies:
        """The shares that are due by item column, where the target is a policy."""
        return {} if isinstance(self.target, str) else self.target

    def as_json(self) -> JsonObject:
        content = super().as_json()
        return content if self.as_read is not None else content | {"min_cell": self.min_cell}

    def reference_for(self, column: str) -> str:
        """Whom a group of a column of people is compared with: "rest", "population" or a group."""
        return self.reference if isinstance(self.reference, str) else self.reference.get(column, "rest")

    def target_for(self, column: str) -> Target:
        """The target of one item column."""
        if isinstance(self.target, str):
            return "relevance" if self.target == "relevance" else "catalogue"
        return self.target.get(column, "catalogue")


@dataclass(frozen=True, kw_only=True)
class FixedPlan(Plan):
    """A plan as it stands in the decision log. fixed_at: ISO UTC; log_hash: SHA-256 of its row there."""

    fixed_at: str
    log_hash: str
