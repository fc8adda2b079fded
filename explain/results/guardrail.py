"""What lists under rules gain, cost and move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.files import JsonObject
from explain.results.json_form import JsonForm


@dataclass(frozen=True, kw_only=True)
class GroupChange(JsonForm):
    """A group's exposure ratio before and after, with 95 % intervals over people."""

    group: str
    n: int
    before: float | None
    before_low: float | None
    before_high: float | None
    after: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Cost(JsonForm):
    """What was paid for whom. ndcg before and after on held-out events, change with its paired 95 % interval; kept:
    attention-weighted relevance that is left.
    """

    cohort: str
    n: int
    before: float
    after: float
    change: float
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Gain(GroupChange):
    """What was bought for whom: the ratio of the followed group of items in the lists of n people of a cohort."""

    cohort: str


@dataclass(frozen=True, kw_only=True)
class RuleWords(JsonForm):
    """A rule in words. strength: the option that a slider moves, over `strengths`; options: with their defaults; what:
    it does.
    """

    name: str
    title: str
    source: str
    strength: str
    strengths: tuple[float, ...]
    options: Mapping[str, object]
    what: str


@dataclass(frozen=True, kw_only=True)
class AppliedRule:
    """A rule as it was applied. told: its options in words; options: by their names, beside everything else in JSON."""

    name: str
    title: str
    told: str
    source: str
    strength: str
    strengths: tuple[float, ...]
    options: Mapping[str, object]

    def as_json(self) -> JsonObject:
        content = {name: value for name, value in vars(self).items() if name != "options"}
        return content | {"strengths": list(self.strengths), **self.options}


@dataclass(frozen=True, kw_only=True)
class Guarded(JsonForm):
    """The answer. moved: places that hold another item than before; entered: items from beyond the first k; notes: what
    could not be had.
    """

    workspace: str
    model: str
    snapshot: str
    k: int
    by: str
    rules: tuple[AppliedRule, ...]
    groups: tuple[GroupChange, ...]
    costs: tuple[Cost, ...]
    gains: tuple[Gain, ...]
    score_kept: float
    n_lists: int
    n_moved: int
    n_entered: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GuardedPlace:
    """One place of a guarded list. was: its place without guardrails; sentence: empty where nothing moved it."""

    item: str
    label: str
    rank: int
    was: int
    score: float
    sentence: str = ""
