"""What stands behind a clicked node or edge of the picture: events with dates and weights, crowds as counts, best
walks.
"""

from __future__ import annotations

from dataclasses import replace
from numbers import Real

import numpy as np

from core.errors import UnknownIdError, shown
from core.graph import FloatArray, IntArray
from data.tables import TIME_COLUMN
from explain.explanation.explain import ScoredPair, constant_paths, restricted, to_path
from explain.explanation.picture import Origin, bundle_id
from explain.explanation.walks import Lane, best_walks, lanes_of, rest_of
from explain.format.dates import day
from explain.format.names import Names
from explain.format.numbers import amount, plural, share, times
from explain.results.explanation import Bundle, Evidence, FlowNode, Path
from explain.results.lists import HistoryEntry

N_WALKS, N_FACTS = 50, 8


def evidence(pair: ScoredPair, key: str) -> Evidence:
    """Raises UnknownIdError for a key that the picture does not have."""
    picture = pair.picture()
    node = next((n for n in picture.nodes if n.key == key), None)
    bundle = next((b for b in picture.bundles if bundle_id(b.source, b.target, b.relation) == key), None)
    if node is None and bundle is None:
        raise UnknownIdError(f"The picture has no node or edge {shown(key)}. Pick one that is drawn.")
    origins = picture.origins.get(key, ())
    constants: list[Path] = []
    if node is not None and node.kind in ("person", "target"):
        lanes, constants = pair.lanes, constant_paths(pair)
    else:
        lanes = _lanes(pair, origins)
        if not origins:
            constants = [p for p in constant_paths(pair) if _goes_through(p, node, bundle)]
    walks = best_walks(lanes, N_WALKS - len(constants))
    rest = rest_of(lanes, walks)
    narrowed = replace(pair, lanes=lanes)
    listed = [*constants, *(to_path(narrowed, w) for w in walks)]
    paths = tuple(sorted(listed, key=lambda p: -abs(p.value)))
    if bundle is not None:
        labels = {n.key: n.label for n in picture.nodes}
        title = f"{labels[bundle.source]} → {labels[bundle.target]}"
        facts = (bundle.label, *_history_facts(pair, origins, lanes), *_trend_facts(pair, constants))
        plus, minus = bundle.value_for, bundle.value_against
    else:
        assert node is not None
        title, facts, plus, minus = (
            node.label,
            (*_node_facts(pair, node, origins, lanes), *_trend_facts(pair, constants if not origins else [])),
            node.value_for,
            node.value_against,
        )
    carried = f"{amount(plus - minus)} of the score ({share(plus - minus, pair.score)})"
    if minus and plus:
        carried += f": {amount(plus)} for, {amount(minus, signed=False)} against"
    return Evidence(
        key, title, (carried, *facts), plus, minus, len(paths) + rest.n_walks, paths, rest.n_walks, rest.net
    )


def _goes_through(path: Path, node: FlowNode | None, bundle: Bundle | None) -> bool:
    """Whether a term that no history item carries is drawn through this node or edge."""
    ends = {(h.source_kind, h.source) for h in path.hops} | {(h.target_kind, h.target) for h in path.hops}
    if node is not None:
        return (node.kind, node.id) in ends
    assert bundle is not None
    near, far = (key.split(":", 2)[2] for key in (bundle.source, bundle.target))
    return path.relation == bundle.relation and any(h.source == near and h.target == far for h in path.hops)


def _trend_facts(pair: ScoredPair, constants: list[Path]) -> tuple[str, ...]:
    """Of a node or edge that a trend is drawn through: how many people, and when."""
    kinds = dict.fromkeys(path.relation for path in constants if path.relation in pair.trends)
    return tuple(line for kind in kinds for line in pair.trends[kind].lines(pair.names))


def _lanes(pair: ScoredPair, origins: tuple[Origin, ...]) -> tuple[Lane, ...]:
    """The walks behind these origins, each once."""
    seen: dict[tuple[int, tuple[int, ...] | None], set[int]] = {}
    for origin in origins:
        via = None if origin.via is None else tuple(int(v) for v in origin.via)
        seen.setdefault((origin.lane, via), set()).update(int(r) for r in origin.rows)
    selected: list[Lane] = []
    for (lane_idx, via), rows in sorted(seen.items(), key=lambda entry: (entry[0][0], entry[0][1] or ())):
        lane = pair.lanes[lane_idx]
        nodes = None if via is None else np.array(via)
        narrowed = lanes_of([restricted(lane.walks, np.array(sorted(rows)), nodes)])
        selected += [other for other in narrowed if other.end_sign == lane.end_sign]
    return tuple(selected)


def _node_facts(
    pair: ScoredPair, node: FlowNode, origins: tuple[Origin, ...], lanes: tuple[Lane, ...]
) -> tuple[str, ...]:
    names, graph = pair.names, pair.names.graph
    if node.kind == "person":
        attributes = person_attributes(names, pair.user)
        text = ", ".join(f"{k.replace('_', ' ')}: {v}" for k, v in attributes.items())
        return (f"{plural(len(pair.parts.items), names.noun)} in the history", *([text] if text else []))
    if node.kind == "target":
        n_people = int(np.diff(graph.interactions.tocsc().indptr)[pair.item])
        return (f"{names.crowd(n_people)} {names.verb} it", *item_groups_line(names, pair.item))
    if node.kind == "history":
        rows = np.unique(np.concatenate([o.rows for o in origins]))
        if node.merged == 1:
            idx = int(pair.parts.items[rows[0]])
            relations = [
                f"{names.relation(k)}: {amount(float(v[rows[0]]))}{_telling(pair, k, idx)}"
                for k, v in pair.parts.relations.items()
                if v[rows[0]]
            ]
            return (*event_lines(names, pair.user, idx), *relations)
        return _amount_lines(pair, rows, lanes)
    return _history_facts(pair, origins, lanes)


def _history_facts(pair: ScoredPair, origins: tuple[Origin, ...], lanes: tuple[Lane, ...]) -> tuple[str, ...]:
    if not origins:
        return ()
    rows = np.unique(np.concatenate([o.rows for o in origins]))
    if len(rows) == 1:
        idx = int(pair.parts.items[rows[0]])
        return (f"starts at {pair.names.quoted(idx)}", *event_lines(pair.names, pair.user, idx))
    return _amount_lines(pair, rows, lanes)


def amounts_through(pair: ScoredPair, lanes: tuple[Lane, ...]) -> FloatArray:
    """What each history item sends through these walks alone, signed: float64 [h], summing to what they carry."""
    sent = np.sum(
        [lane.end_sign * lane.walks.by_history(lane.terminal) for lane in lanes] or [np.zeros(len(pair.parts.items))],
        axis=0,
    )
    return np.asarray(sent)


def _telling(pair: ScoredPair, relation: str, item: int) -> str:
    """How much a history item tells along a relation beside most items: its factor of the first step, which its
    popularity and what was learnt make, over the median item's.
    """
    steps = next((lane.walks.chain.steps for lane in pair.lanes if lane.walks.chain.key == relation), ())
    if not steps:
        return ""
    factors = steps[0].left
    usual = float(np.median(factors[factors > 0])) if (factors > 0).any() else 0.0
    if not usual or not factors[item]:
        return ""
    return f" (it tells {times(factors[item] / usual)} as most {pair.names.noun}s)"


def _amount_lines(pair: ScoredPair, rows: IntArray, lanes: tuple[Lane, ...]) -> tuple[str, ...]:
    """The history items behind a bundle with what each gives to it, the largest first; the rest as one line."""
    sent = amounts_through(pair, lanes)
    order = rows[np.argsort(-np.abs(sent[rows]), kind="stable")]
    lines = [f"{pair.names.quoted(int(pair.parts.items[r]))}: {amount(float(sent[r]))} of it" for r in order[:N_FACTS]]
    if len(order) > N_FACTS:
        lines.append(f"and {len(order) - N_FACTS:,} more: {amount(float(sent[order[N_FACTS:]].sum()))} of it")
    return tuple(lines)


def event_lines(names: Names, user: int, item: int) -> tuple[str, ...]:
    """The events behind person → item: "rated 5 on 1997-09-20"."""
    events = names.graph.events
    rows = np.flatnonzero((events.user == user) & (events.item == item))
    rows = rows[np.argsort(events.time[rows], kind="stable")]
    lines = []
    for row in rows[:N_FACTS]:
        when = f" on {day(int(events.time[row]))}" if events.time[row] else ""
        lines.append(f"{names.happened(int(events.kind[row]), float(events.weight[row]))}{when}")
    if len(rows) > N_FACTS:
        lines.append(f"and {len(rows) - N_FACTS:,} more events")
    return tuple(lines)


def history_entries(names: Names, user: int) -> tuple[HistoryEntry, ...]:
    """A person's items, newest first."""
    events = names.graph.events
    rows = np.flatnonzero(events.user == user)
    rows = rows[np.argsort(-events.time[rows], kind="stable")]
    by_item: dict[int, list[int]] = {}
    for row in rows:
        by_item.setdefault(int(events.item[row]), []).append(int(row))
    entries = []
    for item, own in by_item.items():
        kinds = sorted({int(events.kind[r]) for r in own})
        how = ", ".join(names.done(events.kinds[k]) for k in kinds)
        weight = float(events.weight[own].sum())
        if len(own) == 1:
            how = names.happened(kinds[0], weight)
        raw = str(names.graph.items.ids[item])
        entries.append(HistoryEntry(raw, names.item(item), int(events.time[own[0]]), how, weight))
    return tuple(entries)


def person_attributes(names: Names, user: int) -> dict[str, str]:
    """Known attributes as text."""
    return attributes_of(names.graph.users.attributes, user) if user < names.graph.n_users else {}


def attributes_of(frame: object, row: int) -> dict[str, str]:
    """One row of an attribute table as text, unknown values left out; a time in seconds is told as a date."""
    import pandas as pd

    from explain.format.text import clean

    assert isinstance(frame, pd.DataFrame)
    texts = {}
    for column in frame.columns:
        value = frame[column].iloc[row]
        if pd.isna(value):
            continue
        if column == TIME_COLUMN and isinstance(value, Real):
            texts[str(column)] = day(int(float(value)))
        else:
            texts[str(column)] = f"{value:g}" if isinstance(value, float) else clean(value)
    return texts


def item_groups_line(names: Names, item: int) -> tuple[str, ...]:
    """ "genre: crime, drama" for each kind of group that the item belongs to."""
    lines = []
    for kind, matrix in names.graph.memberships.items():
        members = matrix[item].indices
        if len(members):
            lines.append(f"{names.kind(kind)}: {', '.join(names.group(kind, int(g)) for g in members)}")
    return tuple(lines)
