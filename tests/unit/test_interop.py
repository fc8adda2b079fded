"""The graph in other forms carries the same nodes, edges, weights and times, and comes back unchanged."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from core.errors import GraphError
from core.graph import InteractionGraph
from core.interop import from_hetero, to_hetero, to_networkx, write_graphml
from data.builder import build_graph
from data.validation import validate
from tests.unit.tables_for_tests import tiny_tables


@pytest.fixture
def graph() -> InteractionGraph:
    return build_graph(validate(tiny_tables())[0])


def graph_without_groups() -> InteractionGraph:
    empty = {name: getattr(tiny_tables(), name).iloc[:0] for name in ("topics", "creators")}
    frame = tiny_tables().events.query("event == 'view'").assign(context=None)
    return build_graph(validate(tiny_tables(events=frame, **empty))[0])


@pytest.mark.parametrize("bare", [False, True], ids=["with groups", "without groups, one event type unused"])
def test_hetero_data_comes_back_as_the_same_graph(graph: InteractionGraph, bare: bool) -> None:
    given = graph_without_groups() if bare else graph
    back = from_hetero(to_hetero(given))
    assert back.fingerprint == given.fingerprint
    assert (back.name, back.title, back.events.kinds, back.events.kind_weights) == (
        given.name,
        given.title,
        given.events.kinds,
        given.events.kind_weights,
    )
    for column in ("user", "item", "kind", "weight", "time", "context"):
        expected = getattr(given.events, column)
        assert getattr(back.events, column).tolist() == expected.tolist()
        assert getattr(back.events, column).dtype == expected.dtype
    assert back.groups.keys() == given.groups.keys()
    assert list(back.items.labels) == list(given.items.labels)
    pd.testing.assert_frame_equal(back.users.attributes, given.users.attributes)


def test_hetero_data_is_what_pyg_calls_valid(graph: InteractionGraph) -> None:
    data = to_hetero(graph)
    assert data.validate(raise_on_error=True)
    assert set(data.node_types) == {"user", "item", "topic", "creator", "context"}
    assert data["item"].num_nodes == 4
    like = data["user", "like", "item"]
    assert like.edge_index.tolist() == [[0], [1]]
    assert like.edge_attr.tolist() == [[6.0, 300.0]]
    assert data["item", "has_topic", "topic"].edge_index.tolist() == [[0, 1, 1], [0, 0, 1]]
    assert data["item", "has_topic", "topic"].edge_attr.tolist() == [[1.0], [2.0], [0.5]]
    assert data["item", "in_context", "context"].edge_index.tolist() == [[1, 0, 1], [0, 0, 1]]


def test_foreign_hetero_data_is_refused_with_what_it_lacks(graph: InteractionGraph) -> None:
    data = to_hetero(graph)
    del data["user", "like", "item"].row
    with pytest.raises(GraphError, match=r"lacks .*row"):
        from_hetero(data)


def test_networkx_has_every_node_and_edge_once(graph: InteractionGraph) -> None:
    drawn = to_networkx(graph)
    assert drawn.number_of_edges() == sum(graph.relation_sizes().values()) == 5 + 3 + 1 + 3
    assert drawn.number_of_nodes() == 3 + 4 + 2 + 1 + 2
    assert drawn.nodes["item:b"] == {"kind": "item", "raw_id": "b", "label": "Beta", "year": 2}
    assert "age" not in drawn.nodes["user:cat"]
    assert drawn.edges["user:ann", "item:b", "like"] == {"relation": "like", "weight": 6.0, "time": 300}
    assert drawn.edges["item:b", "topic:t2", "has_topic"] == {"relation": "has_topic", "weight": 0.5}
    assert set(drawn.successors("item:a")) == {"topic:t1", "context:s1"}


def test_repeated_events_of_a_pair_are_parallel_edges(graph: InteractionGraph) -> None:
    e = graph.events
    twice = graph.with_events(e.take(np.array([1, 1, 1], dtype=np.int64)))
    parallel = to_networkx(twice).get_edge_data("user:ann", "item:b")
    assert set(parallel) == {"like", "like#2", "like#3"}
    assert {values["relation"] for values in parallel.values()} == {"like"}


def test_two_kinds_with_the_same_id_are_two_nodes(graph: InteractionGraph) -> None:
    named = tiny_tables().topics.assign(topic="a")
    drawn = to_networkx(build_graph(validate(tiny_tables(topics=named))[0]))
    assert drawn.nodes["item:a"]["label"] == "Alpha"
    assert drawn.nodes["topic:a"]["kind"] == "topic"


def test_too_many_edges_are_refused_not_cut(graph: InteractionGraph, tmp_path: Path) -> None:
    assert to_networkx(graph, max_edges=12).number_of_edges() == 12
    with pytest.raises(GraphError, match="12 edges, more than 11"):
        to_networkx(graph, max_edges=11)
    with pytest.raises(GraphError):
        write_graphml(graph, tmp_path / "graph.graphml", max_edges=11)
    assert list(tmp_path.iterdir()) == []


def test_graphml_is_read_back_with_hostile_texts_intact(tmp_path: Path) -> None:
    labels = ["<img src=x onerror=alert(1)>", ']]> & "quotes"', "Ünïcode 🎬", "plain"]
    tables = tiny_tables(items=tiny_tables().items.assign(label=labels))
    graph = build_graph(validate(tables)[0])
    path = write_graphml(graph, tmp_path / "new" / "graph.graphml")
    read = nx.read_graphml(path, force_multigraph=True)
    assert [read.nodes[f"item:{raw}"]["label"] for raw in "dcba"] == labels
    assert read.number_of_edges() == 12
    assert read.nodes["item:d"]["year"] == 4
    assert sorted(values["weight"] for _, _, values in read.edges(data=True)) == sorted(
        values["weight"] for _, _, values in to_networkx(graph).edges(data=True)
    )
    assert [file.name for file in path.parent.iterdir()] == ["graph.graphml"]


def test_characters_that_xml_forbids_are_replaced(graph: InteractionGraph, tmp_path: Path) -> None:
    graph.items.labels[0] = "bell\x07 and \ud800"
    read = nx.read_graphml(write_graphml(graph, tmp_path / "graph.graphml"), force_multigraph=True)
    assert read.nodes["item:a"]["label"] == "bell? and ?"
