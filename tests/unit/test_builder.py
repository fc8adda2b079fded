"""The graph of known tables: ids in order, weights stated × value, causes left behind."""

from __future__ import annotations

import numpy as np

from core.graph import InteractionGraph
from data.builder import build_graph
from data.validation import validate
from tests.unit.tables_for_tests import events, tiny_tables


def built(**changes: object) -> InteractionGraph:
    return build_graph(validate(tiny_tables(**changes))[0])


def test_ids_ascend_and_labels_and_attributes_follow_them() -> None:
    graph = built()
    assert list(graph.users.ids) == ["ann", "bob", "cat"]
    assert list(graph.items.ids) == ["a", "b", "c", "d"]
    assert list(graph.items.labels) == ["Alpha", "Beta", "Gamma", "Delta"]
    assert list(graph.items.attributes["year"]) == [1, 2, 3, 4]
    assert list(graph.users.attributes.columns) == ["age"]
    assert np.isnan(graph.users.attributes["age"][2])


def test_ids_are_ordered_as_text_by_code_points() -> None:
    graph = built(
        events=events(*(("ann", raw, "view", 1.0, 1, None) for raw in ("é", "10", "9", "Z", "a"))),
        items=tiny_tables().items.iloc[:0],
        topics=tiny_tables().topics.iloc[:0],
        creators=tiny_tables().creators.iloc[:0],
    )
    assert list(graph.items.ids) == ["10", "9", "Z", "a", "é"]


def test_events_keep_the_order_of_the_table_and_weigh_type_times_value() -> None:
    e = built().events
    assert list(e.user) == [2, 0, 0, 1, 0]
    assert list(e.item) == [3, 1, 0, 1, 1]
    assert list(e.weight) == [1.0, 6.0, 1.0, 1.0, 1.0]
    assert list(e.time) == [400, 300, 100, 200, 250]
    assert e.kinds == ("view", "like")
    assert e.kind_weights == (1.0, 3.0)
    assert list(e.kind) == [0, 1, 0, 0, 0]


def test_pair_weights_are_summed_over_event_types() -> None:
    assert built().interactions.toarray().tolist() == [[1, 7, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]


def test_contexts_are_nodes_and_missing_ones_are_minus_one() -> None:
    graph = built()
    assert list(graph.groups["context"].ids) == ["s1", "s2"]
    assert list(graph.events.context) == [-1, 0, -0, 1, -1]
    assert graph.context_items is not None
    assert graph.context_items.toarray().tolist() == [[1, 1, 0, 0], [0, 1, 0, 0]]


def test_data_without_contexts_has_no_context_nodes() -> None:
    assert "context" not in built(events=tiny_tables().events.assign(context=None)).groups


def test_memberships_carry_the_weights_of_their_rows() -> None:
    graph = built()
    assert list(graph.groups["topic"].ids) == ["t1", "t2"]
    assert list(graph.groups["topic"].labels) == ["One", "Two"]
    assert graph.memberships["topic"].toarray().tolist() == [[1, 0], [2, 0.5], [0, 0], [0, 0]]
    assert graph.memberships["creator"].toarray().tolist() == [[0], [0], [1], [0]]


def test_kinds_without_any_node_have_empty_memberships() -> None:
    graph = built(creators=tiny_tables().creators.iloc[:0])
    assert len(graph.groups["creator"]) == 0
    assert graph.memberships["creator"].shape == (4, 0)


def test_planted_causes_do_not_reach_the_graph() -> None:
    frame = tiny_tables().events
    planted = frame.assign(cause="trending", cause_id=["t1", "t2", "w", "x", "y"])
    assert built(events=planted).fingerprint == built().fingerprint
    assert not hasattr(built(events=planted).events, "cause")


def test_order_of_rows_does_not_change_the_fingerprint() -> None:
    given = tiny_tables()
    shuffled = {name: getattr(given, name).iloc[::-1] for name in ("events", "users", "items", "topics", "creators")}
    assert built(**shuffled).fingerprint == built().fingerprint
