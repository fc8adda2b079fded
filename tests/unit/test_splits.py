"""The three splits on events whose division is known, and what must be refused."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import OptionError
from core.graph import InteractionGraph
from data.builder import build_graph
from data.splits import Split, holdout, split
from data.validation import validate
from tests.unit.tables_for_tests import events, tiny_tables

BOTH = ("view", "like")


def graph_of(*rows: tuple[object, ...]) -> InteractionGraph:
    empty = {name: getattr(tiny_tables(), name).iloc[:0] for name in ("users", "items", "topics", "creators")}
    return build_graph(validate(tiny_tables(events=events(*rows), **empty))[0])


def viewed(user: str, item: str, time: int, event: str = "view") -> tuple[object, ...]:
    return (user, item, event, 1.0, time, None)


def pairs(graph: InteractionGraph, matrix: object) -> set[tuple[str, str]]:
    coo = matrix.tocoo()  # type: ignore[attr-defined]
    return {(graph.users.ids[u], graph.items.ids[i]) for u, i in zip(coo.row, coo.col, strict=True)}


def trained(graph: InteractionGraph, cut: Split) -> list[tuple[str, str]]:
    e = cut.train.events
    return [(graph.users.ids[u], graph.items.ids[i]) for u, i in zip(e.user, e.item, strict=True)]


def test_random_is_the_last_fifth_of_one_permutation_of_the_rows() -> None:
    rows = [viewed(f"u{n % 5}", f"i{n:02d}", n + 1) for n in range(50)]
    graph = graph_of(*rows)
    cut = split(graph, "random", 7, BOTH)
    permuted = np.random.default_rng(7).permutation(50)
    assert pairs(graph, cut.test) == {(f"u{n % 5}", f"i{n:02d}") for n in permuted[40:]}
    assert trained(graph, cut) == [(f"u{n % 5}", f"i{n:02d}") for n in sorted(permuted[:40])]


def test_last_takes_the_last_event_of_each_person_and_keeps_single_ones() -> None:
    graph = graph_of(
        viewed("ann", "a", 9),
        viewed("ann", "b", 3),
        viewed("bob", "c", 5),
        viewed("cat", "a", 1),
        viewed("cat", "d", 2),
    )
    cut = split(graph, "last", 0, BOTH)
    assert pairs(graph, cut.test) == {("ann", "a"), ("cat", "d")}
    assert trained(graph, cut) == [("ann", "b"), ("bob", "c"), ("cat", "a")]
    assert len(cut.cold_users) == 0


def test_last_breaks_ties_in_time_by_raw_item_id() -> None:
    graph = graph_of(viewed("ann", "9", 5), viewed("ann", "10", 5), viewed("ann", "1", 5))
    assert pairs(graph, split(graph, "last", 0, BOTH).test) == {("ann", "9")}


def test_time_is_one_date_and_people_without_a_past_are_cold() -> None:
    rows = [viewed("ann", f"i{n}", n + 1) for n in range(8)]
    graph = graph_of(*rows, viewed("bob", "i0", 100), viewed("ann", "i9", 101))
    cut = split(graph, "time", 0, BOTH)
    assert cut.train.events.time.max() == 8
    assert pairs(graph, cut.test) == {("ann", "i9")}
    assert [graph.users.ids[u] for u in cut.cold_users] == ["bob"]
    assert pairs(graph, cut.cold_test) == {("bob", "i0")}


def test_events_at_the_date_itself_stay_together_in_training() -> None:
    graph = graph_of(*(viewed("ann", f"i{n}", 5) for n in range(9)), viewed("ann", "z", 6))
    assert split(graph, "time", 0, BOTH).train.events.time.tolist() == [5] * 9


def test_pair_that_is_known_from_training_is_no_test_positive() -> None:
    graph = graph_of(viewed("ann", "a", 1), viewed("ann", "a", 2, "like"), viewed("bob", "a", 1), viewed("bob", "b", 2))
    assert pairs(graph, split(graph, "last", 0, BOTH).test) == {("bob", "b")}


def test_only_stated_event_types_are_positives_but_all_last_events_are_held_out() -> None:
    graph = graph_of(viewed("ann", "a", 1), viewed("ann", "b", 2, "like"), viewed("bob", "a", 1), viewed("bob", "b", 2))
    cut = split(graph, "last", 0, ("like",))
    assert pairs(graph, cut.test) == {("ann", "b")}
    assert trained(graph, cut) == [("ann", "a"), ("bob", "a")]


def test_training_part_keeps_all_nodes() -> None:
    graph = graph_of(viewed("ann", "a", 1), viewed("ann", "b", 2))
    train = split(graph, "last", 0, BOTH).train
    assert list(train.items.ids) == ["a", "b"]


def test_holdout_of_random_is_a_tenth_and_ignores_the_order_of_rows() -> None:
    rows = [viewed(f"u{n % 5}", f"i{n:02d}", 100 - n) for n in range(50)]
    forward, backward = graph_of(*rows), graph_of(*rows[::-1])
    cuts = [holdout(graph, "random", 3, BOTH) for graph in (forward, backward)]
    assert cuts[0].test.nnz == 5
    assert pairs(forward, cuts[0].test) == pairs(backward, cuts[1].test)
    assert cuts[0].train.fingerprint == cuts[1].train.fingerprint


def test_holdout_of_time_is_the_last_tenth_of_the_time() -> None:
    graph = graph_of(*(viewed("ann", f"i{n}", n + 1) for n in range(10)))
    assert pairs(graph, holdout(graph, "time", 0, BOTH).test) == {("ann", "i9")}


@pytest.mark.parametrize("kind", ["", "randon", "../../etc", "Last"])
def test_unknown_split_lists_the_valid_ones(kind: str) -> None:
    with pytest.raises(OptionError, match="random, last, time"):
        split(graph_of(viewed("ann", "a", 1), viewed("ann", "b", 2)), kind, 0, BOTH)


@pytest.mark.parametrize("positives", [(), ("rating",)])
def test_unknown_positive_lists_the_event_types(positives: tuple[str, ...]) -> None:
    with pytest.raises(OptionError, match="view, like"):
        split(graph_of(viewed("ann", "a", 1), viewed("ann", "b", 2)), "last", 0, positives)


@pytest.mark.parametrize("kind", ["last", "time"])
def test_data_without_times_have_only_the_random_split(kind: str) -> None:
    with pytest.raises(OptionError, match="no times"):
        split(graph_of(viewed("ann", "a", 0), viewed("ann", "b", 0)), kind, 0, BOTH)


@pytest.mark.parametrize("kind", ["last", "time", "random"])
def test_split_that_leaves_no_test_part_is_refused(kind: str) -> None:
    with pytest.raises(OptionError, match="without events"):
        split(graph_of(viewed("ann", "a", 5)), kind, 0, BOTH)
