"""Segments of people: what tells each apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Trait:
    """A topic or creator of which a segment has more. share, overall: of what the segment, and everybody, had."""

    kind: str
    label: str
    share: float
    overall: float


@dataclass(frozen=True, kw_only=True)
class SegmentRow:
    """A segment of people. name: what tells it apart; n: its people; items: of which it has most beyond everybody."""

    number: int
    name: str
    n: int
    traits: tuple[Trait, ...]
    items: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SegmentReport:
    """hidden: people of segments too small to be told of      stability: between two seeds, adjusted Rand index
    since: agreement with the snapshot before, the same index; None without one
    """

    snapshot: str
    segments: tuple[SegmentRow, ...]
    hidden: int
    stability: float
    since: float | None
