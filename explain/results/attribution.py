"""A score by other units than history items: edges of the graph, features of the item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from core.files import JsonObject


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
    """by: "relation", "topic", "creator", "age" → groups, largest first. Each grouping holds every edge once and sums
    to the whole.
    """

    score: float
    empty_score: float
    completeness_error: float
    n_nodes: int
    n_edges: int
    edges: tuple[EdgeAmount, ...]
    by: Mapping[str, tuple[GroupAmount, ...]]
    method: str = "Integrated Gradients (Captum, Gauss-Legendre) from the empty graph, degrees frozen"

    def as_json(self) -> JsonObject:
        return asdict(self)


@dataclass(frozen=True)
class FeaturePart:
    """One line: a feature and its group ("cycling", "word"), or what a group holds besides the lines that are shown
    singly.
    """

    group: str
    name: str
    value: float


@dataclass(frozen=True)
class FeatureExplanation:
    """Lines whose sum is the score.

    parts               single features by size, then own vector and graph, then one line a group for the features not
                        shown
    by_group            sum of every group
    completeness_error  |Σ parts - score| / |score|, or |Σ parts - score| for a score of 0
    method              closed form, or Integrated Gradients with its steps and baseline
    """

    parts: tuple[FeaturePart, ...]
    by_group: dict[str, float]
    score: float
    completeness_error: float
    method: str
