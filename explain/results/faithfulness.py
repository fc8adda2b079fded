"""How faithful explanations were measured to be."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


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
