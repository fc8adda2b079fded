"""What a what-if, a flip and a tried-out reason answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from core.files import JsonObject

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
    """Two lists, and what was changed between them. kind: see explain.counterfactual.changes.

    reads_weights  whether the model's answer depends on the weights of a history: where not, weights and decay change
                   nothing
    may_return     whether what was taken out is a candidate again; else it is in no list and no rank
    """

    snapshot: str
    model: str
    workspace: str
    user: str | None
    kind: Kind
    removed: tuple[str, ...]
    added: tuple[str, ...]
    before: tuple[Before, ...]
    after: tuple[Placed, ...]
    reads_weights: bool
    may_return: bool = False

    def as_json(self) -> JsonObject:
        return asdict(self)


@dataclass(frozen=True)
class FlipReport:
    """The smallest change found that moves an item out of (or into) the first k. Verified: true re-propagation gave
    new_rank.
    """

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

    def as_json(self) -> JsonObject:
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
