"""What a blind test says: what was sealed, what the audit estimated, what was revealed. Plain data for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Sealed:
    """A test that has begun: its id, what kind of bias, and the commitment (SHA-256) to a size that is not in here."""

    id: str
    kind: str
    commitment: str
    created: str

    @property
    def workspace(self) -> str:
        return f"blind-{self.id}"


@dataclass(frozen=True)
class MeasuredRatio:
    """One number that an estimate rests on; a ratio of 1 is alike."""

    name: str
    meaning: str
    ratio: float


@dataclass(frozen=True, kw_only=True)
class AuditedGroup:
    """The row of an ordinary audit for the group that a bias would harm. by: the column; value, low, high: in the
    metric's unit, None where the group is too small.
    """

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
class BlindResult:
    """What the audit says without knowing what was planted.

    size, low, high   estimated size of the planted bias with its 95 % interval
    numbers           what the estimate rests on
    audit             the ordinary audit of the same newsroom
    curve, points     (size, z, low, high) and (size, z): the calibration with its band, and the newsrooms behind it
    z                 of the audited newsroom
    seconds           that the test took
    """

    id: str
    workspace: str
    kind: str
    commitment: str
    size: float
    low: float
    high: float
    numbers: tuple[MeasuredRatio, ...]
    audit: AuditedGroup
    z: float
    curve: tuple[tuple[float, ...], ...]
    points: tuple[tuple[float, ...], ...]
    n_ladder: int
    formula: str
    seconds: float
    sentence: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(content: Mapping[str, Any]) -> BlindResult:
        """A stored result as it was. Raises KeyError or TypeError where it is none."""
        return BlindResult(
            **{
                **content,
                "numbers": tuple(MeasuredRatio(**row) for row in content["numbers"]),
                "audit": AuditedGroup(**content["audit"]),
                "curve": tuple(tuple(row) for row in content["curve"]),
                "points": tuple(tuple(row) for row in content["points"]),
            }
        )


@dataclass(frozen=True, kw_only=True)
class Revealed:
    """The true size, whether the interval held it, and whether the commitment shown at the start is one to this size.

    committed_text    what was sealed, word for word; recomputed is its SHA-256
    """

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

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class BlindTestEntry:
    """A test in the list of all. held: whether the interval held the size, None before it is revealed."""

    id: str
    kind: str
    created: str
    commitment: str
    audited: bool
    revealed: bool
    held: bool | None
