"""How faithful explanations were measured to be."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from explain.results.json_form import JsonObject


@dataclass(frozen=True)
class FaithfulnessReport:
    """How faithful the explanations of a model are. methods, planted: rows; randomised: rank correlation with an
    interval.
    """

    workspace: str
    model: str
    snapshot: str
    n_users: int
    n_short: int
    seed: int
    methods: tuple[JsonObject, ...]
    randomised: dict[str, float]
    planted: tuple[JsonObject, ...]

    def as_json(self) -> JsonObject:
        return asdict(self)
