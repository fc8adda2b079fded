"""One explanation: parts, walks, picture, evidence. Frozen results that pages draw and commands print; `as_json` is the
contract's form.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Literal

from core.files import JsonObject

State = Literal["ok", "consumed", "no_path"]


NodeKind = Literal["person", "history", "moment", "people", "item", "topic", "creator", "context", "memory", "target"]


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
    """One step of a walk; a walk's value is the product of its hops' weights. Solid: an observed edge; dashed: a latent
    jump. when: seconds UTC of the person's own event, None where there is none or it is somebody else's.
    """

    source: str
    source_label: str
    source_kind: str
    relation: str
    weight: float
    target: str
    target_label: str
    target_kind: str
    solid: bool
    when: int | None = None


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
    """One edge of the picture: all walks through it. value_for - value_against is its net amount of the score (both >=
    0).
    """

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


@dataclass(frozen=True, kw_only=True)
class Since:
    """The same score at an earlier moment, `at` (seconds UTC).

    score, rank  at that moment            parts  what each term changed by; they sum to the change of the score
    """

    at: int
    score: float
    rank: int | None
    parts: tuple[Part, ...]
    sentence: str


@dataclass(frozen=True)
class Explanation:
    """Why an item has the score it has for a person. Every amount is a term of that score.

    at         the moment that was asked for, seconds UTC; None: the end of the data
    since      the same score at an earlier moment, where one was asked for
    leaves_at  when a listed item falls out of the list if nothing more happens, where that was asked for; None also
               where it stays for a year
    """

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
    at: int | None = None
    since: Since | None = None
    leaves_at: int | None = None

    @property
    def surfaced(self) -> bool:
        """Whether it stands in the first k of the person's list."""
        return self.state == "ok" and self.rank is not None and self.rank <= self.k

    def as_json(self) -> JsonObject:
        content = asdict(self)
        if self.at is None and self.since is None:
            for key in ("at", "since", "leaves_at"):
                del content[key]
        return content


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
