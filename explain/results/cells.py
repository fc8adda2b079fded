"""Cells of people by items: what each group of people is shown of each group of items, and who stands behind a cell."""

from __future__ import annotations

from dataclasses import dataclass

from explain.results.json_form import JsonForm
from explain.results.lists import SearchHit


@dataclass(frozen=True, kw_only=True)
class Cell(JsonForm):
    """One group of people × one group of items. value: exposure share in their lists / target share.

    n           people of the group with a list; None where the cell is suppressed
    suppressed  hidden because few people stand behind it, or for the sake of such a group
    """

    user_group: str
    item_group: str
    n: int | None
    value: float | None
    low: float | None
    high: float | None
    p_adjusted: float | None
    verdict: str
    reason: str = ""
    suppressed: bool = False
    p_limit: float | None = None
    p_pass: float | None = None
    p_pass_adjusted: float | None = None


@dataclass(frozen=True, kw_only=True)
class CellTable(JsonForm):
    """People by items. n_suppressed: how many cells are hidden; how many people those hold is not told.

    lists  whose lists: "served" or "refit"      browsing  how they were read      resample  what intervals resample
    """

    user_by: str
    item_by: str
    target: str = "catalogue"
    rows: tuple[Cell, ...]
    n_suppressed: int = 0
    lists: str = ""
    browsing: str = ""
    resample: str = "people"


@dataclass(frozen=True, kw_only=True)
class BehindCell:
    """Of a group of people those who see most of a group of items, and the items that are shown most to them.

    n_people, n_items  in the groups
    n_reached  people with any of the items; None where it would tell of few who are, or are not
    people, pairs  (user, item, rank); empty where the workspace does not list people
    """

    n_people: int
    n_items: int
    n_reached: int | None
    people: tuple[SearchHit, ...]
    items: tuple[SearchHit, ...]
    pairs: tuple[tuple[str, str, int], ...]
