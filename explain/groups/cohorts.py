"""Which groups an audit compares: memberships, attribute columns and derived bands of a graph, as soft membership.

Whatever is missing, empty or called "unknown" is a group of its own, never dropped and never guessed. How groups fare
is left to exposure.py and audit.py; cutting numbers into bands to bands.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from scipy import sparse

from core.errors import OptionError, did_you_mean, shown
from core.graph import IntArray, InteractionGraph, Nodes
from core.texts import UNKNOWN as UNKNOWN
from data.tables import TIME_COLUMN
from explain.groups.bands import count_bands, time_bands, too_many_values
from explain.groups.membership import SIDES, from_column, from_membership, one_hot, through_groups
from explain.groups.membership import Cohorts as Cohorts
from explain.groups.membership import Side as Side

AGE_OF_ITEM, POPULARITY = "age_of_item", "popularity"
AGE_SOURCES = (TIME_COLUMN, "year", "release_year", "decade")


Build = Callable[[], Cohorts]


def columns(graph: InteractionGraph) -> dict[Side, list[str]]:
    """What the two sides can be audited by: columns with two known groups or more.

    Text that hardly repeats (names, summaries) is no grouping; where nothing has a topic there is nothing to compare by
    topic.
    """
    return {side: list(_offered(graph, side)) for side in SIDES}


def cohorts(graph: InteractionGraph, by: str, side: Side) -> Cohorts:
    """The groups of `side` by a column, found by its exact name; "topic", "creator" also go by the data's own name for
    them.

    Another spelling is taken where it can mean one column only. A column that is not offered because it has no two
    known groups is answered all the same. Raises OptionError for an unknown column or side, with the valid ones.
    """
    if side not in SIDES:
        raise OptionError(f"There is no side {shown(side)}: choose item or user.")
    match = _named(graph, str(by), side) or _spelt(graph, str(by), side)
    if match is None:
        raise OptionError(_no_such_column(graph, str(by), side))
    name, build = match
    groups = build()
    return replace(groups, by=name, closed=graph.closed if side == "item" else None)


def of_kind(graph: InteractionGraph, kind: str) -> Cohorts | None:
    """Items by their topics or creators as the graph has them, whatever columns of the same name there are; None
    without any.
    """
    if kind not in graph.memberships:
        return None
    nodes = graph.groups[kind]
    return from_membership(_title(nodes), nodes, graph.memberships[kind])


def side_of(graph: InteractionGraph, by: str) -> Side:
    """The side that has this column, by its exact name first, the item side first. Raises OptionError with the columns
    of both.
    """
    for find in (_named, _spelt):
        for side in SIDES:
            if find(graph, str(by), side) is not None:
                return side
    offered = columns(graph)
    both = [*offered["item"], *offered["user"]]
    raise OptionError(
        f"Nothing can be audited by {shown(by)}: items have {', '.join(offered['item']) or 'no column'}; "
        f"users have {', '.join(offered['user']) or 'no column'}.{did_you_mean(by, both)}"
    )


def _named(graph: InteractionGraph, by: str, side: Side) -> tuple[str, Build] | None:
    """The column of exactly this name, or the memberships of this kind."""
    known = _builds(graph, side)
    if by in known:
        return by, known[by]
    if side == "item" and by in graph.memberships:
        return by, partial(from_membership, by, graph.groups[by], graph.memberships[by])
    return None


def _spelt(graph: InteractionGraph, by: str, side: Side) -> tuple[str, Build] | None:
    """The one column that is so called but for capitals. Raises OptionError where there are several."""
    folded = by.casefold()
    meant = [name for name in _builds(graph, side) if name.casefold() == folded]
    if not meant and side == "item":
        meant = [kind for kind in graph.memberships if kind.casefold() == folded]
    if len(meant) > 1:
        raise OptionError(f"{shown(by)} can mean {' or '.join(map(shown, meant))}: write the column's name exactly.")
    return _named(graph, meant[0], side) if meant else None


# What a graph can be grouped by, for as long as the graph lives: an audit asks hundreds of times. Values must not hold
# the graph.
_BUILDS: WeakKeyDictionary[InteractionGraph, dict[Side, dict[str, Build]]] = WeakKeyDictionary()


def _builds(graph: InteractionGraph, side: Side) -> dict[str, Build]:
    builds_of_side = _BUILDS.get(graph)
    if builds_of_side is None:
        sides: dict[Side, dict[str, Build]] = {"item": _item_columns(graph), "user": _user_columns(graph)}
        builds_of_side = _BUILDS[graph] = {
            of: {name: cache(build) for name, build in builds.items()} for of, builds in sides.items()
        }
    return builds_of_side[side]


_OFFERED: WeakKeyDictionary[InteractionGraph, dict[Side, tuple[str, ...]]] = WeakKeyDictionary()


def _offered(graph: InteractionGraph, side: Side) -> tuple[str, ...]:
    """Names of the columns with two known groups or more."""
    offered = _OFFERED.get(graph)
    if offered is None:
        offered = _OFFERED[graph] = {
            of: tuple(name for name, build in _builds(graph, of).items() if _n_known(build()) > 1) for of in SIDES
        }
    return offered[side]


def _n_known(groups: Cohorts) -> int:
    return int(np.count_nonzero(groups.sizes)) - (groups.unknown is not None)


def _item_columns(graph: InteractionGraph) -> dict[str, Build]:
    """Every way to group items. A column of the items keeps its name beside what is derived here (popularity,
    age_of_item); beside topics and creators of a table of their own, which go by that name too, it is called
    `items.topic`.
    """
    items = graph.items.attributes
    own = {column: partial(from_column, column, "item", items[column]) for column in _auditable(items)}
    if TIME_COLUMN in own and _are_times(items[TIME_COLUMN]):
        own.pop(TIME_COLUMN)
    builds: dict[str, Build] = {}
    for kind, matrix in graph.memberships.items():
        nodes = graph.groups[kind]
        title = _title(nodes)
        if title in own and _n_known(groups := from_membership(title, nodes, matrix)):
            twin = own.pop(title)
            if not _same_groups(groups, twin()):
                own[f"items.{title}"] = twin
        if title not in own:
            builds[title] = partial(from_membership, title, nodes, matrix)
        for column in _auditable(nodes.attributes):
            name = f"{title}.{column}"
            builds[name] = partial(through_groups, name, nodes.attributes[column], matrix)
    builds |= own
    source = next((c for c in AGE_SOURCES if c in items.columns and _tells_age(c, items[c])), None)
    if source is not None:
        builds[_derived(AGE_OF_ITEM, own)] = lambda: one_hot(AGE_OF_ITEM, "item", time_bands(items[source], source))
    interactions, n_items = graph.interactions, graph.n_items
    builds[_derived(POPULARITY, own)] = lambda: one_hot(
        POPULARITY, "item", count_bands(_people_per_item(interactions, n_items), 10, "people")
    )
    return builds


def _tells_age(name: str, column: pd.Series) -> bool:
    return _are_times(column) or (name != TIME_COLUMN and not too_many_values(column))


def _are_times(column: pd.Series) -> bool:
    column = column.infer_objects()
    return pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)


def _derived(name: str, own: Mapping[str, Build]) -> str:
    return name if name not in own else f"{name}.derived"


def _same_groups(one: Cohorts, other: Cohorts) -> bool:
    """Whether two groupings are one under two names: the same items share a group, and each item has one."""
    pairs = set(zip(one.code.tolist(), other.code.tolist(), strict=True))
    return (np.diff(one.membership.indptr) == 1).all() and len(pairs) == len(set(one.code)) == len(set(other.code))


def _user_columns(graph: InteractionGraph) -> dict[str, Build]:
    users = graph.users.attributes
    return {c: partial(from_column, c, "user", users[c]) for c in _auditable(users)}


def _auditable(attributes: pd.DataFrame) -> list[str]:
    return [str(c) for c in attributes.columns if not too_many_values(attributes[c])]


def _title(nodes: Nodes) -> str:
    return nodes.title or nodes.kind


def _people_per_item(interactions: sparse.csr_matrix, n_items: int) -> IntArray:
    return np.bincount(interactions.indices, minlength=n_items).astype(np.int64)


def _no_such_column(graph: InteractionGraph, by: str, side: Side) -> str:
    attributes: Mapping[Side, pd.DataFrame] = {"item": graph.items.attributes, "user": graph.users.attributes}
    own, offered = attributes[side], columns(graph)
    valid = offered[side]
    if valid:
        offer = f"choose {', '.join(valid)}"
    elif len(own.columns):
        listed = ", ".join(shown(column, 30) for column in list(own.columns)[:10])
        offer = f"none of the columns of the {side}s ({listed}) has two known groups or more"
    else:
        offer = f"this workspace knows nothing about its {side}s to group them by"
    if by in own.columns:
        n_values = int(own[by].astype(str).nunique())
        return (
            f"Column {shown(by)} has {n_values} different values for {len(own)} {side}s, too many to compare: {offer}."
        )
    other: Side = "user" if side == "item" else "item"
    hint = f" {shown(by)} is a column of the {other} side." if by in offered[other] else did_you_mean(by, valid)
    return f"There is no column {shown(by)} to group {side}s by: {offer}.{hint}"
