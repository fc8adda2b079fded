"""Who of a group of people sees most of a group of items, and which of these items are shown most to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.errors import OptionError, shown
from core.graph import FloatArray, IntArray
from core.ranking import NO_ITEM
from explain.fairness.exposure import rbp
from explain.format.names import CROWD_MINIMUM
from explain.groups.cohorts import Cohorts
from explain.results.cells import BehindCell
from explain.results.lists import SearchHit
from explain.workspace.workspace import Workspace

MOST = 25


def behind_cell(workspace: Workspace, lists: IntArray, who: IntArray, what: IntArray, least: int) -> BehindCell:
    """At most MOST of each; which people they are is told only where the workspace lists people.

    lists  int64 [n_users, k]      who, what  positions of people, of items      least  people: fewer are not told
    """
    graph, listed = workspace.graph, workspace.lists_people
    theirs = lists[who]
    hit = np.isin(theirs, what) & (theirs != NO_ITEM)
    weight = rbp(lists.shape[1])
    by_person = hit @ weight
    order = np.argsort(-by_person, kind="stable")[:MOST]
    n_reached = int((by_person > 0).sum())
    few = 0 < n_reached < least or 0 < len(who) - n_reached < least
    users = graph.users.ids
    people = (
        SearchHit(str(users[who[r]]), workspace.names.user(int(who[r])), f"{int(hit[r].sum())} in the list")
        for r in order
        if by_person[r] > 0
    )
    return BehindCell(
        n_people=len(who),
        n_items=len(what),
        n_reached=None if few and not listed else workspace.names.about(n_reached),
        people=tuple(people) if listed else (),
        items=_items(workspace, theirs, hit, weight),
        pairs=_pairs(workspace, theirs, hit, who, order, by_person) if listed else (),
    )


def members(groups: Cohorts, label: str) -> IntArray:
    """Positions of those who belong to a group. Raises OptionError where there is no such group."""
    if label not in groups.labels:
        raise OptionError(f"{shown(label)} is no group of {groups.by}: {', '.join(groups.labels[:10])}.")
    column = groups.membership[:, [groups.labels.index(label)]]
    return np.flatnonzero(np.asarray(column.todense()).ravel() > 0)


def _items(workspace: Workspace, lists: IntArray, hit: NDArray[np.bool_], weight: FloatArray) -> tuple[SearchHit, ...]:
    n_items = workspace.graph.n_items
    items, places = lists[hit], np.broadcast_to(weight, hit.shape)[hit]
    by_item = np.bincount(items, weights=places, minlength=n_items)
    times = np.bincount(items, minlength=n_items)
    best = [i for i in np.argsort(-by_item, kind="stable")[:MOST].tolist() if times[i]]
    ids, names, listed = workspace.graph.items.ids, workspace.names, workspace.lists_people
    return tuple(SearchHit(str(ids[i]), names.item(i), _in_lists(int(times[i]), listed)) for i in best)


def _pairs(
    workspace: Workspace,
    lists: IntArray,
    hit: NDArray[np.bool_],
    who: IntArray,
    order: IntArray,
    by_person: FloatArray,
) -> tuple[tuple[str, str, int], ...]:
    """(user, item, rank): the first of the items in each person's list."""
    users, items = workspace.graph.users.ids, workspace.graph.items.ids
    first = hit[order].argmax(axis=1)
    return tuple(
        (str(users[who[r]]), str(items[lists[r, c]]), int(c) + 1)
        for r, c in zip(order.tolist(), first.tolist(), strict=True)
        if by_person[r] > 0
    )


def _in_lists(n: int, listed: bool) -> str:
    return f"in fewer than {CROWD_MINIMUM} lists" if n < CROWD_MINIMUM and not listed else f"in {n:,} lists"
