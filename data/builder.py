"""From checked tables to the graph: ids in ascending order, positions for ids, one weight an event.

The tables must have passed validation. Planted causes (`cause`, `cause_id`) and any further column of `events` stay
behind: nothing that a model reads comes from them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from core.graph import PARTS, Events, FloatArray, IntArray, InteractionGraph, Nodes
from data.tables import TIME_COLUMN, WITHDRAWN_COLUMN, Tables


def build_graph(tables: Tables) -> InteractionGraph:
    """The graph of validated tables; events keep the table's order, everything else is ordered by raw id.

    An event weighs the stated weight of its type × its value; memberships weigh what their rows say.
    """
    card = tables.card
    users, items = _nodes("user", "user", tables.users, "user"), _nodes("item", "item", tables.items, "item")
    groups: dict[str, Nodes] = {}
    memberships: dict[str, sparse.csr_matrix] = {}
    for kind, table in (("topic", tables.topics), ("creator", tables.creators)):
        title = card.kind_titles.get(kind, kind)
        named = table.drop_duplicates(kind)[[kind, "label"]] if len(table) else _empty_nodes(kind)
        groups[kind] = _nodes(kind, title, named, kind)
        memberships[kind] = _membership(table, kind, items, groups[kind])
    contexts = tables.events["context"].dropna().drop_duplicates()
    if len(contexts):
        named = pd.DataFrame({"context": contexts, "label": contexts})
        groups["context"] = _nodes("context", card.kind_titles.get("context", "context"), named, "context")
    events = _events(tables.events, card.event_weights, users, items, groups.get("context"))
    published, withdrawn = (_times(items, column) for column in (TIME_COLUMN, WITHDRAWN_COLUMN))
    return InteractionGraph(
        card.name, card.title, users, items, groups, events, memberships, published=published, withdrawn=withdrawn
    )


def _times(items: Nodes, column: str) -> FloatArray | None:
    """float64 [n_items]: a column of times, seconds UTC, NaN where it is empty; None where there is no such column, or
    where it holds something else.
    """
    if column not in items.attributes:
        return None
    values = items.attributes[column].infer_objects()
    if pd.api.types.is_datetime64_any_dtype(values):
        values = (values - pd.Timestamp(0, tz=getattr(values.dtype, "tz", None))).dt.total_seconds()
    if not pd.api.types.is_numeric_dtype(values):
        return None
    return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))


def _nodes(kind: str, title: str, table: pd.DataFrame, key: str) -> Nodes:
    """Nodes in the order of their id (by code points, as Python compares text), attributes alongside."""
    ids = _objects(table[key])
    order = np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)
    attributes = table.drop(columns=[key, "label"]).iloc[order].reset_index(drop=True)
    return Nodes(kind, title, ids[order], _objects(table["label"])[order], attributes)


def _membership(table: pd.DataFrame, kind: str, items: Nodes, group: Nodes) -> sparse.csr_matrix:
    shape = (len(items), len(group))
    if not len(table):
        return sparse.csr_matrix(shape, dtype=np.float64)
    weight = table["weight"].to_numpy(dtype=np.float64)
    pairs = (_positions(table["item"], items), _positions(table[kind], group))
    matrix = sparse.csr_matrix((weight, pairs), shape=shape, dtype=np.float64)
    matrix.sort_indices()
    return matrix


def _events(
    table: pd.DataFrame, event_weights: Mapping[str, float], users: Nodes, items: Nodes, contexts: Nodes | None
) -> Events:
    kinds = tuple(event_weights)
    kind = np.asarray(pd.Index(kinds).get_indexer(pd.Index(table["event"])), dtype=np.int64)
    stated: FloatArray = np.array([event_weights[name] for name in kinds], dtype=np.float64)
    context: IntArray = np.full(len(table), -1, dtype=np.int64)
    if contexts is not None:
        context = _positions(table["context"], contexts)
    return Events(
        user=_positions(table["user"], users),
        item=_positions(table["item"], items),
        kind=kind,
        weight=stated[kind] * table["value"].to_numpy(dtype=np.float64),
        time=table["time"].to_numpy(dtype=np.int64),
        context=context,
        kinds=kinds,
        kind_weights=tuple(float(w) for w in stated),
        part=pd.Index(PARTS).get_indexer(pd.Index(table["part"])).astype(np.int64) if "part" in table else None,
    )


def _positions(ids: pd.Series, nodes: Nodes) -> IntArray:
    """int64 [n] position of each id among the nodes, -1 where the id is missing."""
    codes, unique_ids = pd.factorize(ids)
    index = pd.Index(nodes.ids, dtype="object").get_indexer(
        pd.Index(np.asarray(unique_ids, dtype=object), dtype="object")
    )
    return np.append(index, -1)[codes].astype(np.int64)


def _objects(texts: pd.Series) -> NDArray[np.object_]:
    return np.array([str(text) for text in texts] or [], dtype=object)


def _empty_nodes(kind: str) -> pd.DataFrame:
    return pd.DataFrame({kind: [], "label": []}, dtype="str")
