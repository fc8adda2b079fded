"""A blind test: a bias whose size is sealed, what an audit says of it without being told, and the broken seal."""

from __future__ import annotations

from dataclasses import dataclass

from explain.results.json_form import JsonForm


@dataclass(frozen=True, kw_only=True)
class Sealed(JsonForm):
    """A test that has begun: its id, what kind of bias, and the commitment to a size that is not in here."""

    id: str
    kind: str
    commitment: str
    created: str

    @property
    def workspace(self) -> str:
        return f"blind-{self.id}"


@dataclass(frozen=True, kw_only=True)
class BlindTest(Sealed):
    """A test in a list. audited, revealed: how far it has come; held: whether the interval held the size, None before."""

    audited: bool
    revealed: bool
    held: bool | None


@dataclass(frozen=True, kw_only=True)
class BlindMeasure(JsonForm):
    """A ratio that the estimate rests on; 1 is alike."""

    name: str
    meaning: str
    ratio: float


@dataclass(frozen=True, kw_only=True)
class BlindAudit(JsonForm):
    """The row of the ordinary audit that is about the group that is looked at."""

    by: str
    metric: str
    group: str
    n: int | None
    value: float | None
    low: float | None
    high: float | None
    verdict: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class BlindResult(JsonForm):
    """What the audit says without being told.

    size, low, high   estimated size of the planted bias with its 95 % interval
    numbers           measured ratios: what the estimate rests on
    audit             the ordinary audit of the same world
    curve, points     (size, z, low, high) and (size, z): the calibration with its band, and the worlds behind it; z of
                      this world
    """

    id: str
    workspace: str
    kind: str
    commitment: str
    size: float
    low: float
    high: float
    numbers: tuple[BlindMeasure, ...]
    audit: BlindAudit
    z: float
    curve: tuple[tuple[float, ...], ...]
    points: tuple[tuple[float, ...], ...]
    n_ladder: int
    formula: str
    seconds: float
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Revealed(JsonForm):
    """The true size, whether the interval held it, and whether the commitment shown at the start is one to this size."""

    id: str
    kind: str
    true_size: float
    size: float
    low: float
    high: float
    held: bool
    commitment: str
    recomputed: str
    matches: bool
    committed_text: str
    sentence: str
