"""What lists under rules gain, cost and move."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class GroupChange:
    """A group's exposure ratio before and after, with 95 % intervals over people."""

    group: str
    n: int
    before: float | None
    before_low: float | None
    before_high: float | None
    after: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Cost:
    """What was paid for whom. ndcg before and after on held-out events, change with its paired 95 % interval;
    kept: attention-weighted relevance that is left.
    """

    cohort: str
    n: int
    before: float
    after: float
    change: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Gain(GroupChange):
    """What was bought for whom: the ratio of the followed group of items in the lists of n people of a cohort."""

    cohort: str


@dataclass(frozen=True)
class Guarded:
    """The answer. moved: places that hold another item than before; entered: items from beyond the first k;
    notes: what could not be had.
    """

    workspace: str
    model: str
    snapshot: str
    k: int
    by: str
    rules: tuple[dict[str, Any], ...]
    groups: tuple[GroupChange, ...]
    costs: tuple[Cost, ...]
    gains: tuple[Gain, ...]
    score_kept: float
    n_lists: int
    n_moved: int
    n_entered: int
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class GuardedPlace:
    """One place of a guarded list. was: its place without guardrails; sentence: empty where nothing moved it."""

    item: str
    label: str
    rank: int
    was: int
    score: float
    sentence: str = ""
