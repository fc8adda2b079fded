"""How faithful explanations were measured to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

MEASURES: Final = ("DEL", "INS", "POS@1")
OURS: Final = ("exact", "exact, contrastive")
"""Methods that read the terms of the score; the first is what others are compared with."""


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class MethodRow:
    """figures: measure → mean and 95 % interval; beyond: measure → this method less our default form, paired."""

    method: str
    meaning: str
    figures: dict[str, Interval]
    beyond: dict[str, Interval]
    seconds_p50: float
    seconds_p99: float

    def as_json(self) -> dict[str, Any]:
        """The contract's row: plain means under the measures' names, intervals beside them."""
        row: dict[str, Any] = {"method": self.method, "meaning": self.meaning}
        for name in MEASURES:
            figure = self.figures[name]
            row |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
            row[f"{name}_beyond_ours"] = asdict(self.beyond[name])
        return row | {"seconds_p50": self.seconds_p50, "seconds_p99": self.seconds_p99}

    @staticmethod
    def from_json(row: Mapping[str, Any]) -> MethodRow:
        """Raises KeyError where the row lacks a figure."""
        return MethodRow(
            method=row["method"],
            meaning=row["meaning"],
            figures={name: Interval(row[name], row[f"{name}_low"], row[f"{name}_high"]) for name in MEASURES},
            beyond={name: Interval(**row[f"{name}_beyond_ours"]) for name in MEASURES},
            seconds_p50=row["seconds_p50"],
            seconds_p99=row["seconds_p99"],
        )


@dataclass(frozen=True, kw_only=True)
class PlantedRow:
    """One planted cause against one kind of candidates. hit_1, hit_3: shares of events whose cause came first, or among
    the first three; chance_*: of a random order of the same candidates; all None where reason says why not.
    """

    cause: str
    candidates: str
    n_events: int
    n_candidates: float
    hit_1: float | None
    hit_3: float | None
    chance_1: float | None
    chance_3: float | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class FaithfulnessReport:
    """How faithful the explanations of a model are.

    methods       a row a method, in the order of the report
    randomised    rank correlation of the reasons with those of a meaningless model
    planted       what was recovered of planted causes; empty where the data has none
    """

    workspace: str
    model: str
    snapshot: str
    n_users: int
    n_short: int
    seed: int
    methods: tuple[MethodRow, ...]
    randomised: Interval
    planted: tuple[PlantedRow, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"methods": tuple(row.as_json() for row in self.methods)}

    @staticmethod
    def from_json(content: Mapping[str, Any]) -> FaithfulnessReport:
        """A stored report as it was. Raises KeyError or TypeError where it is none."""
        return FaithfulnessReport(
            **{
                **content,
                "methods": tuple(map(MethodRow.from_json, content["methods"])),
                "randomised": Interval(**content["randomised"]),
                "planted": tuple(PlantedRow(**row) for row in content["planted"]),
            }
        )
