"""What an answer is: frozen results that pages draw and the command line prints. `as_json` is the contract's form."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

State = Literal["ok", "consumed", "no_path"]
NodeKind = Literal["person", "history", "people", "item", "topic", "creator", "context", "memory", "target"]


@dataclass(frozen=True)
class Part:
    """One term of a score. The parts of an explanation add up to the score.

    kind       history, memory, content, jump, base, guardrail, …
    id, label  the history item for `history`, the mechanism otherwise
    value      signed amount, in the score's unit
    relations  the same amount by relation; sums to value
    """

    kind: str
    id: str
    label: str
    value: float
    relations: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Hop:
    """One step of a walk; a walk's value is the product of its hops' weights. Solid: an observed edge; dashed: a latent jump."""

    source: str
    source_label: str
    source_kind: str
    relation: str
    weight: float
    target: str
    target_label: str
    target_kind: str
    solid: bool


@dataclass(frozen=True)
class Path:
    """One walk from the person to the item with its signed amount of the score."""

    value: float
    relation: str
    hops: tuple[Hop, ...]


@dataclass(frozen=True)
class FlowNode:
    """A node of the picture, keyed by (hop, id): what flows in flows out, for and against apart.

    key     "1|history|50": hop, kind, id           hop     column of the picture, 0 = the person
    kind    see NodeKind                            label   what to show (hostile until escaped)
    merged  how many things stand behind a merged node (1 for a single one)
    """

    key: str
    hop: int
    kind: str
    id: str
    label: str
    value_for: float
    value_against: float
    merged: int = 1


@dataclass(frozen=True)
class Bundle:
    """One edge of the picture: all walks through it. value_for - value_against is its net amount of the score (both >= 0)."""

    source: str
    target: str
    relation: str
    hop: int
    value_for: float
    value_against: float
    n_paths: int
    label: str
    solid: bool = True


@dataclass(frozen=True)
class Against:
    """The other item of a "why not …?": its score and its parts, and per part the difference to the asked item's."""

    item: str
    label: str
    score: float
    parts: tuple[Part, ...]
    sentence: str = ""
    rank: int | None = None


@dataclass(frozen=True)
class Explanation:
    """Why an item has the score it has for a person. Every amount is a term of that score."""

    snapshot: str
    model: str
    workspace: str
    user: str
    item: str
    label: str
    state: State
    score: float
    unit: str
    parts: tuple[Part, ...]
    completeness_error: float
    path_share: float
    gross_net: float
    paths: tuple[Path, ...]
    n_paths: int
    coverage: float
    residual: float
    nodes: tuple[FlowNode, ...]
    bundles: tuple[Bundle, ...]
    sentence: str
    rank: int | None = None
    k: int = 10
    against: Against | None = None

    @property
    def surfaced(self) -> bool:
        """Whether it stands in the first k of the person's list."""
        return self.state == "ok" and self.rank is not None and self.rank <= self.k

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Evidence:
    """What stands behind a clicked node or edge of the picture.

    facts   short lines of text: dates, event types, weights, counts
    paths   the best single walks through it (at most 50)
    rest    what is not listed singly: number of walks and their net amount
    """

    key: str
    title: str
    facts: tuple[str, ...]
    value_for: float
    value_against: float
    n_paths: int
    paths: tuple[Path, ...]
    rest_paths: int
    rest_value: float


@dataclass(frozen=True)
class ListedItem:
    item: str
    label: str
    rank: int
    score: float
    reason: str = ""


@dataclass(frozen=True)
class Recommendation:
    """A person's list. `user` is None where it was made from a history alone."""

    snapshot: str
    model: str
    workspace: str
    user: str | None
    items: tuple[ListedItem, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


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
    name: str
    title: str
    source: str
    exact: bool
    summary: str


@dataclass(frozen=True)
class AuditRow:
    """One group. verdict: pass, fail, insufficient evidence, not estimable; reason says why.

    p_limit, p_adjusted     p of the limit, by which a group fails: of this group alone, and over all that are tested with it
    p_pass, p_pass_adjusted the same from the inside, by which it passes
    difference  of people: mean less that of those whom the group is compared with (reference, n_reference), with the band that
                holds all groups' differences at once; None for items
    n           people or items of the group; None where it is suppressed
    suppressed  hidden because few people stand behind it, or for the sake of such a group; no figure of it is given away
    """

    group: str
    n: int | None
    value: float | None
    low: float | None
    high: float | None
    verdict: str
    reason: str
    p_adjusted: float | None = None
    suppressed: bool = False
    p_limit: float | None = None
    p_pass: float | None = None
    p_pass_adjusted: float | None = None
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    reference: float | None = None
    n_reference: int | None = None


@dataclass(frozen=True)
class AuditReport:
    workspace: str
    model: str
    snapshot: str
    by: str
    side: Literal["item", "user"]
    k: int
    metric: str
    browsing: str
    target: str
    threshold: dict[str, float]
    rows: tuple[AuditRow, ...]
    overall: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Found:
    """A search hit: a person or an item, with a short line that tells it from others."""

    id: str
    label: str
    detail: str = ""


@dataclass(frozen=True)
class HistoryEntry:
    """One consumed item: when (seconds UTC, newest event), how ("rated 5", "read, liked"), and the summed edge weight."""

    item: str
    label: str
    time: int
    how: str
    weight: float


@dataclass(frozen=True)
class Person:
    """A person's page: attributes as text (unknown ones left out) and the history, newest first."""

    user: str
    label: str
    attributes: dict[str, str]
    history: tuple[HistoryEntry, ...]


@dataclass(frozen=True)
class ItemCard:
    """An item's page: attributes as text, its groups by kind title ("genre": [...]), and how many people have it."""

    item: str
    label: str
    attributes: dict[str, str]
    groups: dict[str, tuple[str, ...]]
    n_people: int


@dataclass(frozen=True)
class SnapshotInfo:
    """A stored model: seconds it took to fit, its few parameters, its validation metrics; created in seconds UTC."""

    snapshot: str
    model: str
    workspace: str
    seconds: float
    parameters: dict[str, Any]
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

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Example:
    """A pair worth looking at: the first thing that a newcomer is shown."""

    user: str
    user_label: str
    item: str
    item_label: str
    sentence: str
