"""Workspaces, models, snapshots, and what preparing and measuring them gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from core.files import JsonObject


@dataclass(frozen=True)
class WorkspaceInfo:
    """A known workspace; numbers are None until it is prepared.

    show_people  whether its people may be browsed
    opens_first  whether pages open with it before any other that is ready
    """

    name: str
    title: str
    ready: bool
    n_users: int | None
    n_items: int | None
    n_events: int | None
    summary: str = ""
    licence: str = ""
    show_people: bool = False
    opens_first: bool = False


@dataclass(frozen=True)
class ModelInfo:
    """What a model says of itself.

    floor   it is there to be compared with          learnt_vectors  its state holds learnt arrays
    effects name of a parameter → what it does to a score
    use     when to use it, a sentence               parts  kinds of amounts that its scores are sums of
    mixes   names of the models that it is a mixture of
    """

    name: str
    title: str
    source: str
    exact: bool
    summary: str
    use: str = ""
    parts: tuple[str, ...] = ()
    mixes: tuple[str, ...] = ()
    floor: bool = False
    learnt_vectors: bool = False
    explains_features: bool = False
    effects: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SnapshotInfo:
    """A stored model: seconds it took to fit, its few parameters, its validation metrics; created in seconds UTC."""

    snapshot: str
    model: str
    workspace: str
    seconds: float
    parameters: JsonObject
    metrics: dict[str, float]
    seed: int
    created: int


@dataclass(frozen=True)
class PrepareReport:
    workspace: str
    fingerprint: str
    n_users: int
    n_items: int
    n_events: int
    relations: dict[str, int]
    problems: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DayAccuracy:
    """Means over the events of one day, UTC."""

    day: str
    n_events: int
    recall: float
    ndcg: float


@dataclass(frozen=True, kw_only=True)
class LiveReport:
    """What is told of a `live` split beside its metrics, which are per event ("recall@20") and per person ("recall@20
    per person").

    refresh                 seconds from one moment to the next      n_moments, n_events  that were measured
    start                   seconds UTC at which the window begins
    median_age_listed_days  of what was listed
    median_age_read_days    of what was read, at the event
    share_new_to_everybody  of listed items, those that nobody had yet
    coverage                share of the catalogue that was listed to anybody
    new_people, new_items   metrics of events of people, or items, that had no event before
    days                    Recall and NDCG at k of each day's events; none in reports of before they were told
    """

    refresh: int
    start: int
    n_moments: int
    n_events: int
    median_age_listed_days: float | None
    median_age_read_days: float | None
    share_new_to_everybody: float
    coverage: float
    new_people: dict[str, dict[str, float]]
    new_items: dict[str, dict[str, float]]
    n_new_people_events: int
    n_new_items_events: int
    days: tuple[DayAccuracy, ...] = ()

    @classmethod
    def from_json(cls, content: JsonObject) -> LiveReport:
        """What `asdict` gave. Raises TypeError where a field is missing or unknown."""
        return cls(**content | {"days": tuple(DayAccuracy(**day) for day in content.get("days", ()))})


@dataclass(frozen=True, kw_only=True)
class CohortAccuracy:
    """A mean over n people of one group, with its 95 % interval over them."""

    group: str
    n: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One model less another on the same people, with a 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class EvaluationReport:
    """Accuracy on held-out events. metrics: "recall@20" → {"value", "low", "high"} (95 %, bootstrap over people)."""

    workspace: str
    model: str
    split: str
    k: int
    seed: int
    n_users: int
    metrics: dict[str, dict[str, float]]
    path_share: float
    gross_net: float
    seconds: float
    n_cold_users: int = 0
    live: LiveReport | None = None

    @classmethod
    def from_json(cls, content: JsonObject) -> EvaluationReport:
        """What `as_json` wrote. Raises TypeError where a field is missing or unknown."""
        live = content.get("live")
        return cls(**content | {"live": None if live is None else LiveReport.from_json(live)})

    def as_json(self) -> JsonObject:
        return asdict(self)
