"""Who gets exposure and through what: gaps taken apart, weights of main parameters, lists without a profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from explain.results.json_form import JsonForm
from explain.results.measured import Estimate


@dataclass(frozen=True, kw_only=True)
class GapShare(JsonForm):
    """What one player adds to the gap, in shares of all exposure, with its 95 % interval over people."""

    player: str
    label: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class GapAttribution(JsonForm):
    """A group's gap in exposure by what it comes through, the largest amount first.

    exposure, target      shares of all attention, 0..1       ratio                 exposure / target, None for a target
                          of 0
    gap_all, gap_random   exposure less target, as served and in a random list
    completeness_error    |Σ parts − (gap_all − gap_random)|      n_people  were drawn of n_people_all
    """

    workspace: str
    model: str
    snapshot: str
    by: str
    group: str
    through: str
    k: int
    browsing: str
    target_title: str
    exposure: float
    target: float
    ratio: float | None
    gap_all: float
    gap_all_low: float
    gap_all_high: float
    gap_random: float
    parts: tuple[GapShare, ...]
    completeness_error: float
    n_people: int
    n_people_all: int
    seed: int
    draws: int
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Weight(JsonForm):
    """One main parameter. share: mean over people, 0..1, with its 95 % interval; against: the part of it that speaks
    against items.

    level  "kind": what carries the score; "relation": through which relation; "events", "age": of what enters through
           the history, which part comes from which kind of event, and from its newer or older half. A level's shares
           sum to 1
    """

    level: str
    name: str
    label: str
    share: float
    low: float
    high: float
    against: float


@dataclass(frozen=True, kw_only=True)
class MeasuredWeights(JsonForm):
    """All main parameters, each level from the largest share to the smallest."""

    workspace: str
    model: str
    snapshot: str
    k: int
    n_people: int
    seed: int
    draws: int
    rows: tuple[Weight, ...]
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Baseline(JsonForm):
    """One way of making lists. ndcg, recall, coverage: with 95 % intervals (bootstrap over people; coverage by
    jackknife).

    ndcg_gap  the model's nDCG less this one's, person by person, None for the model itself
    exposure  group → exposure ratio, 1 is an equal share; impact_ratio lowest / highest of the known groups, None
              without any
    gini      corrected Gini of appearances: 0 as even as can be, 1 the same list for everybody
    """

    name: str
    title: str
    profiles: bool
    rule: str
    ndcg: Estimate
    recall: Estimate
    coverage: Estimate
    ndcg_gap: Estimate | None
    gini: float | None
    exposure: Mapping[str, float | None]
    impact_ratio: float | None


@dataclass(frozen=True, kw_only=True)
class NonProfiling(JsonForm):
    """arms: the model, then the baselines without a profile. n_people: with held-out events."""

    workspace: str
    model: str
    split: str
    k: int
    by: str | None
    n_people: int
    seed: int
    arms: tuple[Baseline, ...]
    sentence: str
