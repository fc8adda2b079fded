"""What the segments of people are called and hold: what their people have more of than everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.graph import FloatArray, InteractionGraph
from core.models.segments import Segments, adjusted_rand
from explain.format.names import Names
from explain.results.segments import SegmentRow, Trait

N_TRAITS, N_NAMED, N_ITEMS = 4, 2, 5
KINDS = ("topic", "creator")
LEAST_SHARE = 0.02  # of a segment's history, that a trait must make up to be one


def segment_rows(model: Segments, graph: InteractionGraph, names: Names, *, smallest: int) -> tuple[SegmentRow, ...]:
    """Every segment, the largest first. What a segment of fewer than `smallest` people has stays hidden, and nothing
    but how many people they are together is told of them.
    """
    held = _held(model, graph)
    everybody = np.asarray(graph.interactions.getnnz(axis=0), dtype=np.float64)
    rows = []
    for number in range(len(model.centres)):
        n = int((model.members == number).sum())
        if n < smallest:
            continue
        traits = _traits(held[number], everybody, graph, names)
        gap = model.shares[number] - everybody / max(graph.n_users, 1)
        items = [int(i) for i in np.argsort(-gap, kind="stable")[:N_ITEMS] if gap[i] > 0]
        titles = tuple(names.item(i) for i in items)
        rows.append(SegmentRow(number=number, name="", n=n, traits=traits, items=titles))
    return _named(sorted(rows, key=lambda row: (-row.n, row.number)))


def _named(rows: Sequence[SegmentRow]) -> tuple[SegmentRow, ...]:
    """Each called by its first traits, or items where it has none: by as many as no larger one is called by."""
    named: dict[str, SegmentRow] = {}
    for row in rows:
        words = [trait.label for trait in row.traits] or list(row.items)
        names = [_joined(words[:n]) for n in range(min(N_NAMED, len(words)), len(words) + 1) if words]
        names += [f"{name}, segment {row.number + 1}" for name in names[:1]] + [f"segment {row.number + 1}"]
        name = next(name for name in names if name not in named)
        named[name] = replace(row, name=name)
    return tuple(named.values())


def _joined(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def agreement(one: Segments, other: Segments) -> float | None:
    """How far two versions put the same people together (adjusted Rand index); None where nobody is in both."""
    n = min(len(one.members), len(other.members))
    both = (one.members[:n] >= 0) & (other.members[:n] >= 0)
    return adjusted_rand(one.members[:n][both], other.members[:n][both]) if both.any() else None


def _held(model: Segments, graph: InteractionGraph) -> FloatArray:
    """float64 [n_segments, n_items]: how many people of a segment have an item."""
    sizes = np.array([(model.members == number).sum() for number in range(len(model.centres))])
    return np.asarray(model.shares[:-1] * sizes[:, None])


def _traits(held: FloatArray, everybody: FloatArray, graph: InteractionGraph, names: Names) -> tuple[Trait, ...]:
    """The topics and creators of which a segment has most beyond its part: the gap between the two shares, over the
    root of what it is for everybody (a share's standard deviation, but for a factor)."""
    found = []
    for kind in KINDS:
        if kind not in graph.memberships:
            continue
        matrix = graph.memberships[kind]
        own, all_people = (np.asarray(counts @ matrix) / max(counts.sum(), 1.0) for counts in (held, everybody))
        beyond = (own - all_people) / np.sqrt(np.maximum(all_people, 1e-12))
        for group in np.argsort(-beyond, kind="stable")[:N_TRAITS].tolist():
            if own[group] >= LEAST_SHARE and own[group] > all_people[group]:
                label = names.group(kind, group)
                found.append(
                    Trait(kind=names.kind(kind), label=label, share=float(own[group]), overall=float(all_people[group]))
                )
    return tuple(sorted(found, key=lambda t: ((t.overall - t.share) / t.overall**0.5, t.label))[:N_TRAITS])
