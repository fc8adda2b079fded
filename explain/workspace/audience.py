"""One item over all people, one list as a whole, and every explanation of everybody's list: parts summed over many
scores.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.graph import FloatArray, IntArray
from core.models.base import Parts, Recommender
from explain.fairness.disclosure import disclosure
from explain.format.names import CROWD_MINIMUM, Names
from explain.format.numbers import plural
from explain.format.numbers import share as percent
from explain.groups.cohorts import cohorts, columns
from explain.results.item_view import MIN_AUDIENCE, CohortShare, ItemView, ListView, ScoreSource
from explain.storage.privacy import smallest_group
from explain.workspace.workspace import Workspace

MAX_READ, TOP_SOURCES, MAX_COHORT_GROUPS, MAX_LISTED = 1_000, 20, 12, 200


@dataclass(frozen=True, eq=False)
class Summed:
    """Amounts over many people: by history item, float64 [n_items]; how many people each enters for; by relation."""

    by_item: FloatArray
    people: IntArray
    relations: dict[str, float]
    n: int


def parts_of_item(model: Recommender, users: Sequence[int], item: int) -> Iterator[tuple[int, Parts]]:
    """Parts of one item for many people. What leads to the item is summed once for all: the pulls do not depend on the
    person.
    """
    pulled: list[FloatArray] | None = None
    for user in users:
        walks = model.walks(user, item)
        if pulled is None:
            pulled = [
                w.chain.coefficient * w.pulls(w.terminal)[0]
                if len(w.chain.steps) or w.terminal is not None
                else np.zeros(0)
                for w in walks
            ]
        relations: dict[str, FloatArray] = {}
        for w, reach in zip(walks, pulled, strict=True):
            amounts = w.start * reach[w.items]
            relations[w.chain.key] = relations[w.chain.key] + amounts if w.chain.key in relations else amounts
        constants = model.constants(user, item)
        gross = sum(float(np.abs(v).sum()) for v in relations.values()) + sum(map(abs, constants.values()))
        yield user, Parts(walks[0].items if walks else model.history(user), relations, constants, gross)


def summed(model: Recommender, users: Sequence[int], item: int, n_items: int) -> Summed:
    """The amounts of one item over these people."""
    by_item, people, relations = np.zeros(n_items), np.zeros(n_items, dtype=np.int64), dict[str, float]()
    for _, parts in parts_of_item(model, users, item):
        amounts = parts.history
        by_item[parts.items] += amounts
        people[parts.items[amounts > 0]] += 1
        for key, values in parts.relations.items():
            relations[key] = relations.get(key, 0.0) + float(values.sum())
        for key, value in parts.constants.items():
            relations[key] = relations.get(key, 0.0) + value
    return Summed(by_item, people, relations, len(users))


def item_view(workspace: Workspace, model: Recommender, snapshot: str, lists: IntArray, item: int) -> ItemView:
    """Who gets the item in their first k, and through what."""
    names, graph, k = workspace.names, workspace.graph, lists.shape[1]
    rows, places = np.nonzero(lists == item)
    if 0 < len(rows) < MIN_AUDIENCE and not names.listed:
        return _withheld(workspace, model, snapshot, item, k)
    read = rows if len(rows) <= MAX_READ else rows[np.linspace(0, len(rows) - 1, MAX_READ).astype(np.int64)]
    totals = summed(model, read.tolist(), item, graph.n_items)
    whole = sum(totals.relations.values())
    sources = [
        ScoreSource(
            str(graph.items.ids[i]), names.item(int(i)), float(totals.by_item[i] / whole), int(totals.people[i])
        )
        for i in np.argsort(-np.abs(totals.by_item), kind="stable")[:TOP_SOURCES]
        if totals.by_item[i] and whole and (names.listed or totals.people[i] >= CROWD_MINIMUM)
    ]
    if not names.listed:  # to whole percents, and people to the nearest five: one person more or less is not to be seen
        sources = [replace(s, share=round(s.share, 2), n_people=names.about(s.n_people)) for s in sources]
    relations = [
        ScoreSource(
            key, names.relation(key), value / whole if names.listed else round(value / whole, 2), names.about(len(read))
        )
        for key, value in sorted(totals.relations.items(), key=lambda pair: -abs(pair[1]))
        if whole
    ]
    first = np.argsort(places, kind="stable")[: MAX_LISTED if names.listed else 0]
    scores = model.score(rows[first])[:, item] if len(first) else np.zeros(0)
    return ItemView(
        str(graph.items.ids[item]),
        names.item(item),
        model.spec.name,
        snapshot,
        k,
        names.about(len(rows)),
        graph.n_users,
        names.about(len(read)),
        float(np.median(places + 1)) if len(rows) else None,
        tuple(sources),
        tuple(relations),
        tuple(_cohorts(workspace, rows)),
        tuple(str(graph.users.ids[u]) for u in rows[first]),
        _item_sentence(names, item, len(rows), k, sources, relations),
        tuple((places[first] + 1).tolist()),
        tuple(scores.tolist()),
    )


def _withheld(workspace: Workspace, model: Recommender, snapshot: str, item: int, k: int) -> ItemView:
    """The view of an item whose audience is too small to be told of: what carried it there is what these few people
    had.
    """
    names, graph = workspace.names, workspace.graph
    text = (
        f"{names.quoted(item)} surfaced for fewer than {MIN_AUDIENCE} people in their first {k}: too few to "
        "say more of them."
    )
    return ItemView(
        str(graph.items.ids[item]),
        names.item(item),
        model.spec.name,
        snapshot,
        k,
        None,
        graph.n_users,
        None,
        None,
        (),
        (),
        (),
        (),
        text,
    )


def _item_sentence(
    names: Names, item: int, n: int, k: int, sources: Sequence[ScoreSource], relations: Sequence[ScoreSource]
) -> str:
    title = names.quoted(item)
    if not n:
        return f"{title} is in nobody's first {k}."
    people = plural(n, "person") if names.listed else f"about {plural(names.about(n), 'person')}"
    text = f"{title} surfaced for {people} in their first {k}"
    ahead = [s for s in sources if s.share > 0][:2]
    if ahead:
        phrases = [(f"“{s.label}”", percent(s.share, 1.0), plural(s.n_people, "person")) for s in ahead]
        title, part, people = phrases[0]
        text += f", most of all through {title} ({part} of the summed scores, {people})"
        text += "".join(f" and {title} ({part}, {people})" for title, part, people in phrases[1:])
    if relations:
        whole = "them" if ahead else "the summed scores"
        text += f"; the largest relation is {relations[0].label} ({percent(relations[0].share, 1.0)} of {whole})"
    return text + "."


def _cohorts(workspace: Workspace, rows: IntArray) -> Iterator[CohortShare]:
    """The audience by each column of the people. No row stands for fewer than MIN_AUDIENCE of those who get the item,
    and what an audit hides, or what could be subtracted here, stands in a row with others.
    """
    graph, least = workspace.graph, smallest_group(workspace.store.home)
    offered = columns(graph)["user"]
    every = [cohorts(graph, column, "user") for column in offered]
    guard = disclosure(graph, every, limit=least, floor=least)
    for column, groups in zip(offered, every, strict=True):
        if len(groups.labels) > MAX_COHORT_GROUPS:
            continue
        counts = np.asarray(groups.membership[rows].sum(axis=0)).ravel()
        everybody = np.asarray(groups.membership.sum(axis=0)).ravel()
        own = [
            CohortShare(
                column,
                groups.labels[g],
                round(float(counts[g])),
                float(counts[g] / max(1, len(rows))),
                float(everybody[g] / graph.n_users),
            )
            for g in np.flatnonzero(everybody)
        ]
        published = merged(own, guard.names(groups.by, rows))
        if not workspace.names.listed:
            published = [replace(c, n=workspace.names.about(c.n), share=round(c.share, 2)) for c in published]
        if len(published) > 1 or len(own) == 1:
            yield from published


def merged(own: Sequence[CohortShare], hidden: frozenset[str] = frozenset()) -> list[CohortShare]:
    """Groups of fewer than MIN_AUDIENCE, and hidden ones, as one row, last; where they are too few even together, the
    next smallest joins them, or their number could be told from the rest. Nothing at all where everybody together is
    too few.
    """
    small = [c.n < MIN_AUDIENCE or c.group in hidden for c in own]
    order = sorted(range(len(own)), key=lambda n: (not small[n], own[n].n))
    taken = sum(small)
    while 0 < taken < len(own) and sum(own[n].n for n in order[:taken]) < MIN_AUDIENCE:
        taken += 1
    few = [own[n] for n in sorted(order[:taken])]
    if not few:
        return list(own)
    n = sum(c.n for c in few)
    if n < MIN_AUDIENCE:
        return []
    label = f"{len(few)} groups together: {', '.join(c.group for c in few)}"
    joined = CohortShare(few[0].column, label, n, sum(c.share for c in few), sum(c.share_of_all for c in few))
    return [*(c for c in own if c not in few), joined]


def list_view(
    workspace: Workspace, model: Recommender, user: int, items: Sequence[int], scores: Sequence[float]
) -> ListView:
    """What each history item gives to each item of a list; the largest twenty history items as rows,
    the others summed.
    """
    names, graph = workspace.names, workspace.graph
    parts = [model.parts(user, int(item)) for item in items]
    history = parts[0].items if parts else np.zeros(0, dtype=np.int64)
    table = np.column_stack([p.history for p in parts]) if parts else np.zeros((0, 0))
    constants = np.array([sum(p.constants.values()) for p in parts])
    order = np.argsort(-np.abs(table.sum(axis=1)), kind="stable") if table.size else np.zeros(0, dtype=np.int64)
    largest, hidden = order[:TOP_SOURCES], order[TOP_SOURCES:]
    rest = table[hidden].sum(axis=0) + constants if table.size else constants
    relations: dict[str, float] = {}
    for p in parts:
        for key, values in [*p.relations.items(), *((k, np.array([v])) for k, v in p.constants.items())]:
            relations[names.relation(key)] = relations.get(names.relation(key), 0.0) + float(values.sum())
    whole, text = float(sum(scores)), "Nothing leads to this list."
    if len(largest) and whole:
        ahead = [(names.quoted(int(history[r])), float(table[r].sum())) for r in largest[:3] if table[r].sum() > 0]
        listed = ", ".join(f"{title} ({percent(value, whole)})" for title, value in ahead)
        text = f"Over the {len(items)} items together the scores come most of all through {listed}." if ahead else text
    return ListView(
        tuple(str(graph.items.ids[i]) for i in items),
        tuple(names.item(int(i)) for i in items),
        tuple(str(graph.items.ids[history[r]]) for r in largest),
        tuple(names.item(int(history[r])) for r in largest),
        tuple(tuple(map(float, table[r])) for r in largest),
        tuple(map(float, rest)),
        tuple(map(float, scores)),
        relations,
        text,
        len(hidden),
    )
