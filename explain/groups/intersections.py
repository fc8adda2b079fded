"""Groups of people by up to three columns at once: "woman × 25-34 × North"."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from core.errors import OptionError, shown
from core.graph import InteractionGraph
from explain.groups.cohorts import UNKNOWN, Cohorts, Side, cohorts, columns, side_of
from explain.groups.membership import SIDES

MOST_COLUMNS = 3
SIGN = " × "


By = str | Sequence[str]  # a column, or the names of those that are crossed: never one text with commas in it


def parts_of(graph: InteractionGraph, by: By) -> list[str]:
    """The columns that `by` names. A text is a column where there is one of that name; else, as it was typed, what
    stands between commas, × or *.
    """
    if not isinstance(by, str):
        return list(by)
    offered = columns(graph)
    if by in (*offered["item"], *offered["user"], *graph.items.attributes.columns, *graph.users.attributes.columns):
        return [by]
    for sign in ("×", "*"):
        by = by.replace(sign, ",")
    return [part.strip() for part in by.split(",") if part.strip()] or [by]


def grouping(graph: InteractionGraph, by: By, side: Side) -> Cohorts:
    """The groups by one column, or of people by two or three. Raises OptionError for more, for a column twice, or of
    items.

    Groups that nobody is in are left out. Who is unknown in one of the columns is unknown.
    """
    names = parts_of(graph, by)
    if len(names) == 1:
        return cohorts(graph, names[0], side)
    if len(names) > MOST_COLUMNS:
        raise OptionError(
            f"{len(names)} columns intersect in {SIGN.join(names)[:120]}: choose at most {MOST_COLUMNS}, or hardly "
            "anybody is left in a cell."
        )
    if side != "user":
        raise OptionError(f"Only columns of people can be intersected; {SIGN.join(names)[:120]} is asked of items.")
    columns = [cohorts(graph, name, side) for name in names]
    if len({groups.by for groups in columns}) < len(columns):
        raise OptionError(f"A column stands twice in {SIGN.join(names)[:120]}.")
    return intersect(columns)


def side_by(graph: InteractionGraph, by: By, side: str | None = None) -> Side:
    """The side of a column, or of the first of several; `side` where it is given. Raises OptionError."""
    if side is None:
        return side_of(graph, parts_of(graph, by)[0])
    if side not in SIDES:
        raise OptionError(f"Unknown side {shown(side)}. Sides: {', '.join(SIDES)}.")
    return "item" if side == "item" else "user"


def groups_by(graph: InteractionGraph, by: str, side: str | None = None) -> Cohorts:
    """The groups by a column of either side, or of people by an intersection. Raises OptionError."""
    chosen = side_by(graph, by, side)
    return cohorts(graph, by, chosen) if chosen == "item" else grouping(graph, by, chosen)


def intersect(columns: list[Cohorts]) -> Cohorts:
    """The cells of one-group-each groupings, in the order of their columns' groups."""
    n = int(columns[0].membership.shape[0])
    codes = [c.code for c in columns]
    unknown = np.zeros(n, dtype=np.bool_)
    for cohort, code in zip(columns, codes, strict=True):
        if cohort.unknown is not None:
            unknown |= code == cohort.unknown
    cell = np.zeros(n, dtype=np.int64)
    for cohort, code in zip(columns, codes, strict=True):
        cell = cell * len(cohort.labels) + code
    present = np.unique(cell[~unknown])
    labels = []
    for number in present.tolist():
        words = []
        for cohort in reversed(columns):
            number, place = divmod(number, len(cohort.labels))
            words.append(cohort.labels[place])
        labels.append(SIGN.join(reversed(words)))
    place = np.searchsorted(present, cell)
    place[unknown] = len(labels)
    if unknown.any():
        labels.append(UNKNOWN)
    lead = sparse.csr_matrix((np.ones(n), (np.arange(n), place)), shape=(n, max(1, len(labels))))
    return Cohorts(SIGN.join(c.by for c in columns), columns[0].side, tuple(labels) or (UNKNOWN,), lead, crossed=True)
