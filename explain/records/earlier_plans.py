"""What audits of a workspace have told already: the intersections of the plans in its decision log. Later answers hide
in accord with them.
"""

from __future__ import annotations

from pathlib import Path

from core.errors import SurfacedError
from core.graph import InteractionGraph
from explain.fairness.disclosure import Disclosure, disclosure
from explain.groups.cohorts import columns
from explain.groups.intersections import grouping
from explain.groups.membership import Cohorts
from explain.records.log import DecisionLog
from explain.storage.privacy import smallest_group

MOST = 12  # intersections that are kept in accord, the first ones: each costs a second or so


def told_before(home: Path, workspace: str, graph: InteractionGraph) -> tuple[tuple[str, ...], ...]:
    """Intersections of the plans in the log that these data have, the oldest first; none where the log
    cannot be read.
    """
    try:
        rows = DecisionLog(home / "decisions.sqlite").rows(workspace)
    except SurfacedError:
        return ()
    known = set(columns(graph)["user"])
    listed = [row.content.get("intersections") for row in rows if row.kind == "plan"]
    crossed = [names for lists in listed if isinstance(lists, list) for names in lists if isinstance(names, list)]
    own = [tuple(map(str, names)) for names in crossed if len(names) > 1 and all(name in known for name in names)]
    return tuple(dict.fromkeys(own))[:MOST]


def guard_of_answer(home: Path, workspace: str, graph: InteractionGraph, groups: Cohorts) -> Disclosure:
    """What one answer about groups of people, by a column or an intersection, may tell."""
    limit = smallest_group(home)
    before = told_before(home, workspace, graph) if groups.crossed else ()
    earlier = [grouping(graph, by, "user") for by in before]
    return disclosure(graph, [*earlier, groups], limit=limit, floor=limit)
