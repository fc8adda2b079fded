"""What a what-if, a flip, an item view or a list view answers: frozen results that pages draw and the command line prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal["mask", "delete", "retrain"]
CROWD_MINIMUM = 5  # people behind a hop: fewer are not told apart, nor their number told where people are not listed
MIN_AUDIENCE = 10  # people: what is said of a group of those who get an item holds for at least so many
VERDICTS = ("good reason", "wrong reason", "good surprise", "should not surface")


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
    """Two lists, and what was changed between them. kind: see explain.counterfactual.

    reads_weights  whether the model's answer depends on the weights of a history: where not, weights and decay change nothing
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
    """A cohort among those who get an item: its share there, its share of everybody, and how many they are (MIN_AUDIENCE or more)."""

    column: str
    group: str
    n: int
    share: float
    share_of_all: float


@dataclass(frozen=True)
class ItemView:
    """One item over all people: who has it in their first k, and what carried it there.

    n_listed  people who get it (where the workspace does not list people all numbers of them are to the nearest five); None where they are too few for the workspace to say more of them, and then nothing else is told
    n_read    people whose parts were summed
    listed    ids of those who get it, best place first (no more than 200); ranks, scores: the item's place and score there;
              empty where the workspace does not list people
    """

    item: str
    label: str
    model: str
    snapshot: str
    k: int
    n_listed: int | None
    n_people: int
    n_read: int | None
    median_rank: float | None
    sources: tuple[Source, ...]
    relations: tuple[Source, ...]
    cohorts: tuple[CohortShare, ...]
    listed: tuple[str, ...]
    sentence: str
    ranks: tuple[int, ...] = ()
    scores: tuple[float, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class ListView:
    """Why a list as a whole: what each history item gives to each listed item (rows × columns), and sums by relation.

    rest   by listed item, what the n_further history items without a row and what needs none give together
    """

    items: tuple[str, ...]
    item_labels: tuple[str, ...]
    history: tuple[str, ...]
    history_labels: tuple[str, ...]
    amounts: tuple[tuple[float, ...], ...]
    rest: tuple[float, ...]
    scores: tuple[float, ...]
    relations: dict[str, float] = field(default_factory=dict)
    sentence: str = ""
    n_further: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class EdgeAmount:
    """One edge: who or what it joins (people beyond the asked one stay unnamed unless the workspace shows them)."""

    source: str
    target: str
    relation: str
    value: float
    when: str


@dataclass(frozen=True)
class GroupAmount:
    """The summed amount of a group of edges, and how many there are that carry anything."""

    label: str
    value: float
    n_edges: int


@dataclass(frozen=True)
class EdgeExplanation:
    """by: "relation", "topic", "creator", "age" → groups, largest first. Each grouping holds every edge once and sums to the whole."""

    score: float
    empty_score: float
    completeness_error: float
    n_nodes: int
    n_edges: int
    edges: tuple[EdgeAmount, ...]
    by: Mapping[str, tuple[GroupAmount, ...]]
    method: str = "Integrated Gradients (Captum, Gauss-Legendre) from the empty graph, degrees frozen"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class FeaturePart:
    """One line: a feature and its group ("cycling", "word"), or what a group holds besides the lines that are shown singly."""

    group: str
    name: str
    value: float


@dataclass(frozen=True)
class FeatureExplanation:
    """Lines whose sum is the score.

    parts               single features by size, then own vector and graph, then one line a group for the features not shown
    by_group            sum of every group
    completeness_error  |Σ parts - score| / |score|, or |Σ parts - score| for a score of 0
    method              closed form, or Integrated Gradients with its steps and baseline
    """

    parts: tuple[FeaturePart, ...]
    by_group: dict[str, float]
    score: float
    completeness_error: float
    method: str


@dataclass(frozen=True)
class FaithfulnessReport:
    """How faithful the explanations of a model are. methods, planted: rows; randomised: rank correlation with an interval."""

    workspace: str
    model: str
    snapshot: str
    n_users: int
    n_short: int
    seed: int
    methods: tuple[dict[str, Any], ...]
    randomised: dict[str, float]
    planted: tuple[dict[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Annotation:
    """created, withdrawn: seconds UTC; person: a user id, or "titles:" and the ids of a history; verdict: one of VERDICTS or ""."""

    id: int
    created: int
    workspace: str
    snapshot: str
    model: str
    person: str
    item: str
    verdict: str
    note: str
    author: str
    withdrawn: int | None = None
    withdrawn_by: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


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
    """What was paid for whom. ndcg before and after on held-out events, change with its paired 95 % interval; kept: attention-weighted relevance that is left."""

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
    """The answer. moved: places that hold another item than before; entered: items from beyond the first k; notes: what could not be had."""

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
