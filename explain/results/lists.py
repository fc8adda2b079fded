"""People, items, lists and search hits."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from core.files import JsonObject


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

    def as_json(self) -> JsonObject:
        return asdict(self)


@dataclass(frozen=True)
class SearchHit:
    """A search hit: a person or an item, with a short line that tells it from others."""

    id: str
    label: str
    detail: str = ""


@dataclass(frozen=True)
class HistoryEntry:
    """One consumed item: when (seconds UTC, newest event), how ("rated 5", "read, liked"), and the
    summed edge weight.
    """

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
class Example:
    """A pair worth looking at: the first thing that a newcomer is shown."""

    user: str
    user_label: str
    item: str
    item_label: str
    sentence: str
