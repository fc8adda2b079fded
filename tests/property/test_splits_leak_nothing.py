"""Whatever the data: no test positive is in training, and what the test part says cannot reach the training part."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import OptionError
from core.graph import Events, InteractionGraph, Nodes
from data.splits import Split, holdout, split

KINDS = ("random", "last", "time")
ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 6), st.sampled_from(["view", "like"]), st.integers(1, 30)),
    min_size=12,
    max_size=50,
    unique=True,
)


def graph_of(rows: list[tuple[int, int, str, int]]) -> InteractionGraph:
    """Six users, seven items, built by hand: the builder has tests of its own."""
    user, item, time = (np.array([row[place] for row in rows], dtype=np.int64) for place in (0, 1, 3))
    kind = np.array([row[2] == "like" for row in rows], dtype=np.int64)
    none = np.full(len(rows), -1, dtype=np.int64)
    events = Events(user, item, kind, 1.0 + 2.0 * kind, time, none, ("view", "like"), (1.0, 3.0))
    users, items = (
        Nodes(
            name, name, np.array([f"{name[0]}{n}" for n in range(size)], dtype=object), np.full(size, "", dtype=object)
        )
        for name, size in (("user", 6), ("item", 7))
    )
    return InteractionGraph("tiny", "Tiny", users, items, {}, events, {})


def cut_or_none(graph: InteractionGraph, kind: str, seed: int, *, cut: object = split) -> Split | None:
    try:
        return cut(graph, kind, seed, ("view", "like"))  # type: ignore[operator, no-any-return]
    except OptionError:  # a draw that leaves one part empty
        return None


def held_rows(graph: InteractionGraph, kind: str, seed: int) -> np.ndarray | None:
    """Rows of the test part, found a second way: those whose (user, item, kind, time) training lacks."""
    part = cut_or_none(graph, kind, seed)
    if part is None:
        return None
    key = lambda e: list(zip(e.user, e.item, e.kind, e.time, strict=True))  # noqa: E731
    known = set(key(part.train.events))
    return np.array([row not in known for row in key(graph.events)])


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(rows=ROWS, seed=st.integers(0, 9))
def test_no_test_positive_is_in_training_and_no_event_is_lost(kind: str, rows: list, seed: int) -> None:
    graph = graph_of(rows)
    part = cut_or_none(graph, kind, seed)
    if part is None:
        return
    train = part.train.interactions.toarray() > 0
    every = graph.interactions.toarray() > 0
    test, cold = part.test.toarray() > 0, part.cold_test.toarray() > 0
    assert not (train & (test | cold)).any()
    assert not (test & cold).any()
    assert (train | test | cold).tolist() == every.tolist()
    assert set(np.flatnonzero(cold.any(axis=1))) == set(part.cold_users)
    assert not train[part.cold_users].any()
    assert train[test.any(axis=1)].any(axis=1).all()


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(rows=ROWS, seed=st.integers(0, 9), shuffle=st.randoms(use_true_random=False))
def test_shuffled_test_labels_leave_training_and_its_holdout_as_they_were(
    kind: str, rows: list, seed: int, shuffle: object
) -> None:
    if kind == "last":  # events at the same second are ordered by item: there a label decides which event is last
        rows = [(*row[:3], 100 * row[3] + place) for place, row in enumerate(rows)]
    graph = graph_of(rows)
    held = held_rows(graph, kind, seed)
    if held is None:
        return
    items = graph.events.item.copy()
    places = np.flatnonzero(held)
    items[places] = items[np.array(shuffle.sample(list(places), len(places)))]  # type: ignore[attr-defined]
    e = graph.events
    mixed = graph.with_events(Events(e.user, items, e.kind, e.weight, e.time, e.context, e.kinds, e.kind_weights))
    before, after = (cut_or_none(g, kind, seed) for g in (graph, mixed))
    assert before is not None
    assert after is not None
    assert before.train.fingerprint == after.train.fingerprint
    inner = [cut_or_none(part.train, kind, seed, cut=holdout) for part in (before, after)]
    assert (inner[0] is None) == (inner[1] is None)
    if inner[0] is not None and inner[1] is not None:
        assert inner[0].train.fingerprint == inner[1].train.fingerprint


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, deadline=None)
@given(rows=ROWS, seed=st.integers(0, 9), shuffle=st.randoms(use_true_random=False))
def test_holdout_does_not_depend_on_the_order_of_rows(kind: str, rows: list, seed: int, shuffle: object) -> None:
    mixed = list(rows)
    shuffle.shuffle(mixed)  # type: ignore[attr-defined]
    cuts = [cut_or_none(graph_of(r), kind, seed, cut=holdout) for r in (rows, mixed)]
    assert (cuts[0] is None) == (cuts[1] is None)
    if cuts[0] is not None and cuts[1] is not None:
        assert cuts[0].train.fingerprint == cuts[1].train.fingerprint
