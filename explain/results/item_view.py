"""One item over all people, and one list as a whole."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from core.files import JsonObject

MIN_AUDIENCE = 10  # people: what is said of a group of those who get an item holds for at least so many


@dataclass(frozen=True)
class ScoreSource:
    """Something that carries score for many people: its share of the summed amounts, and through how many people."""

    id: str
    label: str
    share: float
    n_people: int


@dataclass(frozen=True)
class CohortShare:
    """A cohort among those who get an item: its share there, its share of everybody, and how many they are
    (MIN_AUDIENCE or more).
    """

    column: str
    group: str
    n: int
    share: float
    share_of_all: float


@dataclass(frozen=True)
class ItemView:
    """One item over all people: who has it in their first k, and what carried it there.

    n_listed  people who get it (where the workspace does not list people all numbers of them are to the nearest five);
              None where they are too few for the workspace to say more of them, and then nothing else is told
    n_read    people whose parts were summed
    listed    ids of those who get it, best place first (no more than 200); ranks, scores: the item's place and score
              there; empty where the workspace does not list people
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
    sources: tuple[ScoreSource, ...]
    relations: tuple[ScoreSource, ...]
    cohorts: tuple[CohortShare, ...]
    listed: tuple[str, ...]
    sentence: str
    ranks: tuple[int, ...] = ()
    scores: tuple[float, ...] = ()

    def as_json(self) -> JsonObject:
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

    def as_json(self) -> JsonObject:
        return asdict(self)
