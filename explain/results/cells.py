"""Who and what stands behind one cell of people by items."""

from __future__ import annotations

from dataclasses import dataclass

from explain.results.lists import SearchHit


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
