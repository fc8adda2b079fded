"""A test part that stands in a folder of its own: what people had after, or beside, all that a workspace holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.errors import DataError, shown
from core.graph import IntArray, InteractionGraph, Nodes
from data.formats.base import tables_from
from data.splits import Split, measured_split


def split_by_folder(graph: InteractionGraph, folder: Path, positives: tuple[str, ...]) -> tuple[Split, tuple[str, ...]]:
    """All of the graph to learn from, measured on the events of a folder; and what of these was left out, in sentences.

    Where the folder states none of the graph's kinds of event, all of its events count.
    Raises DataError where nothing in the folder can be measured.
    """
    from data.validation import validate  # pandera takes half a second to import

    events = validate(tables_from(folder, graph.name))[0].events
    user, item = _positions(graph.users, events["user"]), _positions(graph.items, events["item"])
    known, counts = (user >= 0) & (item >= 0), events["event"].isin(positives).to_numpy(dtype=bool)
    if not events["event"].isin(graph.events.kinds).any():
        counts = np.ones(len(events), dtype=bool)
    rows = known & counts
    if not rows.any():
        raise DataError(
            f"Nothing in {shown(folder)} can be measured: of {len(events):,} events {int((~known).sum()):,} are of "
            f"people or items that '{graph.name}' does not know, and {int((~counts).sum()):,} are of no kind that "
            f"counts ({', '.join(positives)})."
        )
    parts = measured_split("given", 0, graph, user[rows], item[rows])
    had = int(len(np.unique(user[rows] * graph.n_items + item[rows])) - parts.test.nnz - parts.cold_test.nnz)
    left_out = (
        (int((~known).sum()), "of people or items that the workspace does not know"),
        (int((known & ~counts).sum()), f"of no kind that counts ({', '.join(positives)})"),
        (had, "of what the person has in the workspace already"),
    )
    return parts, tuple(f"{n:,} of {len(events):,} events are {what}: left out." for n, what in left_out if n)


def _positions(nodes: Nodes, ids: object) -> IntArray:
    """int64, where each id stands; -1 for one that is not known."""
    wanted = np.asarray(ids, dtype=object).astype(str)
    known = np.asarray(nodes.ids, dtype=object).astype(str)
    order = np.argsort(known)
    place = np.minimum(np.searchsorted(known[order], wanted), len(known) - 1)
    return np.where(known[order][place] == wanted, order[place], -1).astype(np.int64)
