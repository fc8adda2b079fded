"""What a what-if, a flip, an item view or a list view answers: frozen results that pages draw and the command line prints."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal["mask", "delete", "retrain"]


@dataclass(frozen=True)
class Mover:
    """A history item and how much more (or less) it gives to a moved item than before."""

    item: str
    label: str
    change: float


@dataclass(frozen=True)
class Placed:
    """An item of the list after a change. was_rank: its place before; None where the person had it."""

    item: str
    label: str
    rank: int
    score: float
    was_rank: int | None
    moved_by: tuple[Mover, ...] = ()


@dataclass(frozen=True)
class Before:
    """An item of the list before a change. now_rank: its place after; None where the person has it then."""

    item: str
    label: str
    rank: int
    score: float
    now_rank: int | None


@dataclass(frozen=True)
class WhatIf:
    """Two lists, and what was changed between them. kind: see explain.counterfactual. reads_weights: whether weights matter here."""

    snapshot: str
    model: str
    workspace: str
    user: str | None
    kind: Kind
    removed: tuple[str, ...]
    added: tuple[str, ...]
    before: tuple[Before, ...]
    after: tuple[Placed, ...]
    reads_weights: bool = True

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class FlipReport:
    """The smallest change found that moves an item out of (or into) the first k. Verified: true re-propagation gave new_rank."""

    found: bool
    removed: tuple[str, ...]
    added: tuple[str, ...]
    labels: tuple[str, ...]
    verified: bool
    rivals: int
    rank: int
    new_rank: int | None
    minimal: bool
    k: int
    sentence: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Verified:
    """The top reason tried out: the item's rank with everything, predicted without the reason, and truly without it."""

    item: str
    label: str
    share: float
    rank: int
    predicted_rank: int
    rank_without: int
    score_without: float
    sentence: str


@dataclass(frozen=True)
class Source:
    """Something that carries score for many people: its share of the summed amounts, and through how many people."""

    id: str
    label: str
    share: float
    n_people: int


@dataclass(frozen=True)
class CohortShare:
    """A cohort among those who get an item: its share there, its share of everybody, and how many they are."""

    column: str
    group: str
    n: int
    share: float
    share_of_all: float


@dataclass(frozen=True)
class ItemView:
    """One item over all people: who has it in their first k, and what carried it there. n_read: people whose parts were summed."""

    item: str
    label: str
    model: str
    snapshot: str
    k: int
    n_listed: int
    n_people: int
    n_read: int
    median_rank: float | None
    sources: tuple[Source, ...]
    relations: tuple[Source, ...]
    cohorts: tuple[CohortShare, ...]
    listed: tuple[str, ...]
    sentence: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class ListView:
    """Why a list as a whole: what each history item gives to each listed item (rows × columns), and sums by relation."""

    items: tuple[str, ...]
    item_labels: tuple[str, ...]
    history: tuple[str, ...]
    history_labels: tuple[str, ...]
    amounts: tuple[tuple[float, ...], ...]
    rest: tuple[float, ...]
    scores: tuple[float, ...]
    relations: dict[str, float] = field(default_factory=dict)
    sentence: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
