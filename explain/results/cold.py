"""How a model does for new items and new people, by how many events they have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from core.files import JsonObject


@dataclass(frozen=True, kw_only=True)
class ColdFigure:
    """Recall at k, with a 95 % interval over n people."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, kw_only=True)
class ColdReport:
    """items, people: number of events → figure. content: whether words or attributes of items enter the model.

    For new items the candidates are the n_items new ones alone, in lists of k_items, a quarter of them at most; for new
    people all items that they lack, in lists of k.
    """

    model: str
    content: bool
    seed: int
    k: int
    k_items: int
    n_items: int
    items: Mapping[int, ColdFigure]
    people: Mapping[int, ColdFigure]

    @classmethod
    def from_json(cls, content: JsonObject) -> ColdReport:
        """What `as_json` wrote. Raises KeyError or TypeError."""
        figures = {
            side: {int(n): ColdFigure(**figure) for n, figure in content[side].items()} for side in ("items", "people")
        }
        return cls(**content | figures)

    def as_json(self) -> JsonObject:
        return asdict(self)
