"""The graph in other people's forms: PyG HeteroData (there and back), NetworkX, GraphML.

Torch and PyTorch Geometric are imported when they are needed: they take seconds. Drawing is left to the pages.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pandas as pd
from scipy import sparse

from core.errors import GraphError
from core.graph import GROUP_KINDS, Events, FloatArray, IntArray, InteractionGraph, Nodes

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

MAX_EDGES = 200_000
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_hetero(graph: InteractionGraph) -> HeteroData:
    """The graph as HeteroData.

    Node types   user, item, topic, creator and, where there are any, context; each has num_nodes, raw_ids, labels
                 (lists of str), title and attributes (DataFrame)
    Edge types   (user, <event type>, item) with edge_index int64 [2, n], edge_attr float64 [n, 2] (weight, seconds
                 UTC), context int64 [n] (-1 for none), row int64 [n] (position in the events table); (item, has_topic,
                 topic), (item, has_creator, creator) with edge_attr float64 [n, 1] (weight); (item, in_context,
                 context), an edge an event
    """
    import torch
    from torch_geometric.data import HeteroData

    data = HeteroData()
    data.name, data.title = graph.name, graph.title
    data.event_kinds, data.event_kind_weights = list(graph.events.kinds), list(graph.events.kind_weights)
    for nodes in (graph.users, graph.items, *graph.groups.values()):
        store = data[nodes.kind]
        store.num_nodes = len(nodes)
        store.raw_ids, store.labels = [str(i) for i in nodes.ids], [str(text) for text in nodes.labels]
        store.title, store.attributes = nodes.title, nodes.attributes
    events = graph.events
    for position, kind in enumerate(events.kinds):
        rows = np.flatnonzero(events.kind == position).astype(np.int64)
        store = data["user", kind, "item"]
        store.edge_index = torch.from_numpy(np.stack([events.user[rows], events.item[rows]]))
        store.edge_attr = torch.from_numpy(
            np.stack([events.weight[rows], events.time[rows].astype(np.float64)], axis=1)
        )
        store.context, store.row = torch.from_numpy(events.context[rows]), torch.from_numpy(rows)
    for kind, matrix in graph.memberships.items():
        item, group = _entries(matrix)
        store = data["item", f"has_{kind}", kind]
        store.edge_index = torch.from_numpy(np.stack([item, group]))
        store.edge_attr = torch.from_numpy(matrix.data.astype(np.float64)[:, None])
    if "context" in graph.groups:
        rows = np.flatnonzero(events.context >= 0).astype(np.int64)
        data["item", "in_context", "context"].edge_index = torch.from_numpy(
            np.stack([events.item[rows], events.context[rows]])
        )
    return data


def from_hetero(data: HeteroData) -> InteractionGraph:
    """The graph of a HeteroData in the form that `to_hetero` gives: an equal fingerprint, and rows in the same order.

    Raises GraphError, naming what is missing, for data of another form.
    """
    try:
        nodes = {kind: _nodes_of(data, kind) for kind in data.node_types}
        groups = {kind: nodes[kind] for kind in GROUP_KINDS if kind in nodes}
        events = _events_of(data)
        memberships = {
            kind: _membership_of(data, kind, len(nodes["item"]), len(nodes[kind]))
            for _, relation, kind in data.edge_types
            if relation == f"has_{kind}"
        }
        return InteractionGraph(data.name, data.title, nodes["user"], nodes["item"], groups, events, memberships)
    except (KeyError, AttributeError) as error:
        raise GraphError(
            f"This HeteroData lacks {error}: it must have the node and edge types that to_hetero() describes."
        ) from error


def to_networkx(graph: InteractionGraph, *, max_edges: int = MAX_EDGES) -> nx.MultiDiGraph:
    """The graph as a MultiDiGraph whose nodes are 'kind:raw id'.

    Nodes carry kind, raw_id, label and their known attributes; edges carry relation (also their key, numbered where it
    repeats), weight and, for events, time in seconds UTC.
    Raises GraphError if there are more than `max_edges` edges: nothing is left out silently.
    """
    n_edges = sum(graph.relation_sizes().values())
    if n_edges > max_edges:
        raise GraphError(
            f"'{graph.name}' has {n_edges:,} edges, more than {max_edges:,}: take fewer events with with_events(), "
            "or raise max_edges."
        )
    drawn = nx.MultiDiGraph(name=graph.name, title=graph.title)
    for nodes in (graph.users, graph.items, *graph.groups.values()):
        known = _known_attributes(nodes)
        for raw, label, attributes in zip(nodes.ids, nodes.labels, known, strict=True):
            own = {"kind": nodes.kind, "raw_id": str(raw), "label": str(label)}
            drawn.add_node(f"{nodes.kind}:{raw}", **{**attributes, **own})
    for source, target, relation, values in _edges(graph):
        n_parallel = sum(1 for key in drawn.get_edge_data(source, target, default={}) if key.split("#")[0] == relation)
        drawn.add_edge(
            source, target, f"{relation}#{n_parallel + 1}" if n_parallel else relation, relation=relation, **values
        )
    return drawn


def write_graphml(graph: InteractionGraph, path: Path, *, max_edges: int = MAX_EDGES) -> Path:
    """Writes the graph as GraphML, whole or not at all, and returns the path. Characters that XML forbids become '?'.

    Raises GraphError as `to_networkx` does.
    """
    drawn = to_networkx(graph, max_edges=max_edges)
    clean = nx.MultiDiGraph(name=_xml(graph.name), title=_xml(graph.title))
    for node, values in drawn.nodes(data=True):
        clean.add_node(_xml(node), **{_xml(k): _xml(v) for k, v in values.items()})
    for source, target, key, values in drawn.edges(keys=True, data=True):
        clean.add_edge(_xml(source), _xml(target), _xml(key), **{k: _xml(v) for k, v in values.items()})
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(prefix=".part-", suffix=".graphml", dir=path.parent)
    os.close(handle)
    try:
        nx.write_graphml(clean, part, named_key_ids=False)
        os.replace(part, path)
    finally:
        Path(part).unlink(missing_ok=True)
    return path


def _nodes_of(data: HeteroData, kind: str) -> Nodes:
    store = data[kind]
    ids, labels = (np.array(texts or [], dtype=object) for texts in (store.raw_ids, store.labels))
    return Nodes(kind, store.title, ids, labels, store.attributes)


def _events_of(data: HeteroData) -> Events:
    kinds = tuple(data.event_kinds)
    columns: list[list[Any]] = [[], [], [], [], [], [], []]
    for position, kind in enumerate(kinds):
        store = data["user", kind, "item"]
        index, attr = store.edge_index.numpy(), store.edge_attr.numpy()
        parts = (index[0], index[1], np.full(index.shape[1], position), attr[:, 0], attr[:, 1], store.context.numpy())
        for column, part in zip(columns, (*parts, store.row.numpy()), strict=True):
            column.append(part)
    user, item, kind_idx, weight, time, context, row = (np.concatenate(c) if c else np.zeros(0) for c in columns)
    order = np.argsort(row, kind="stable")
    user, item, kind_idx, time, context = (c[order].astype(np.int64) for c in (user, item, kind_idx, time, context))
    return Events(
        user, item, kind_idx, weight[order].astype(np.float64), time, context, kinds, tuple(data.event_kind_weights)
    )


def _membership_of(data: HeteroData, kind: str, n_items: int, n_groups: int) -> sparse.csr_matrix:
    store = data["item", f"has_{kind}", kind]
    item, group = store.edge_index.numpy()
    weight: FloatArray = store.edge_attr.numpy()[:, 0].astype(np.float64)
    matrix = sparse.csr_matrix((weight, (item, group)), shape=(n_items, n_groups), dtype=np.float64)
    matrix.sort_indices()
    return matrix


def _entries(matrix: sparse.csr_matrix) -> tuple[IntArray, IntArray]:
    """Row and column, int64 [nnz] each, in the order of matrix.data."""
    rows = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
    return rows, matrix.indices.astype(np.int64)


def _known_attributes(nodes: Nodes) -> list[dict[str, str | int | float | bool]]:
    """For each node its attributes that are not missing, as plain values."""
    known: list[dict[str, str | int | float | bool]] = [{} for _ in range(len(nodes))]
    for column in nodes.attributes.columns:
        for place, value in zip(known, nodes.attributes[column], strict=True):
            if not pd.isna(value):
                plain = value.item() if isinstance(value, np.generic) else value
                place[str(column)] = plain if isinstance(plain, bool | int | float | str) else str(plain)
    return known


def _edges(graph: InteractionGraph) -> list[tuple[str, str, str, dict[str, float | int]]]:
    """Every edge as (source, target, relation, values), events in the table's order first."""
    e = graph.events
    users = [f"user:{raw}" for raw in graph.users.ids]
    items = [f"item:{raw}" for raw in graph.items.ids]
    edges: list[tuple[str, str, str, dict[str, float | int]]] = [
        (users[u], items[i], e.kinds[k], {"weight": float(w), "time": int(t)})
        for u, i, k, w, t in zip(e.user, e.item, e.kind, e.weight, e.time, strict=True)
    ]
    for kind, matrix in graph.memberships.items():
        names = [f"{kind}:{raw}" for raw in graph.groups[kind].ids]
        rows = zip(*_entries(matrix), matrix.data, strict=True)
        edges += [(items[i], names[g], f"has_{kind}", {"weight": float(w)}) for i, g, w in rows]
    if "context" in graph.groups:
        names = [f"context:{raw}" for raw in graph.groups["context"].ids]
        rows_in = np.flatnonzero(e.context >= 0)
        edges += [(items[e.item[r]], names[e.context[r]], "in_context", {"weight": 1.0}) for r in rows_in]
    return edges


def _xml(value: Any) -> Any:
    return _NOT_XML.sub("?", value) if isinstance(value, str) else value
