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

    floor   it is there to be compared with          learnt_vectors  its state holds learnt matrices
    effects name of a parameter → what it does to a score
    """

    name: str
    title: str
    source: str
    exact: bool
    summary: str
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

    def as_json(self) -> JsonObject:
        return asdict(self)
