"""Small graphs for the fairness tests: attributes and memberships as given, events only where a test needs them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import sparse

from core.evaluation import Evaluation
from core.graph import Events, InteractionGraph, Nodes
from explain.fairness import disclosure as disclosures
from explain.fairness import item_audit, user_audit
from explain.groups.cohorts import cohorts
from explain.groups.intersections import grouping


def make_nodes(kind, title, n, attributes=None, labels=None):
    ids = np.array([f"{kind[0]}{j:05d}" for j in range(n)], dtype=object)
    frame = pd.DataFrame() if attributes is None else pd.DataFrame(attributes)
    return Nodes(kind, title, ids, ids if labels is None else np.array(labels, dtype=object), frame)


def make_graph(
    n_users: int,
    n_items: int,
    *,
    items: Mapping[str, Sequence[object]] | None = None,
    users: Mapping[str, Sequence[object]] | None = None,
    genres: Sequence[Sequence[str]] | None = None,
    genre_attributes: Mapping[str, Sequence[object]] | None = None,
    pairs: Sequence[tuple[int, int]] = (),
) -> InteractionGraph:
    """genres: for each item the names of its genres (topics); pairs: (user, item) events of weight 1."""
    names = sorted({g for row in genres or [] for g in row})
    matrix = sparse.lil_matrix((n_items, len(names)))
    for item, row in enumerate(genres or []):
        for name in row:
            matrix[item, names.index(name)] = 1.0
    user = np.array([u for u, _ in pairs], dtype=np.int64)
    item = np.array([i for _, i in pairs], dtype=np.int64)
    n, zero = len(pairs), np.zeros(len(pairs), dtype=np.int64)
    with_genres = genres is not None
    return InteractionGraph(
        "tiny",
        "Tiny",
        make_nodes("user", "person", n_users, users),
        make_nodes("item", "film", n_items, items),
        {"topic": make_nodes("topic", "genre", len(names), genre_attributes, names)} if with_genres else {},
        Events(user, item, zero, np.ones(n), zero, zero - 1, ("view",), (1.0,)),
        {"topic": sparse.csr_matrix(matrix)} if with_genres else {},
    )


def make_evaluation(ndcg, k=2, users=None) -> Evaluation:
    """An evaluation that holds only nDCG, for everybody unless said otherwise."""
    values = np.asarray(ndcg, dtype=np.float64)
    positions = np.arange(len(values)) if users is None else np.asarray(users)
    return Evaluation(len(values), {}, {f"ndcg@{k}": values}, positions.astype(np.int64), 0, 0)


def rows_by_group(audit):
    return {row.group: row for row in audit.rows}


def audit_items(graph, lists, by, k, **options):
    """The audit of an item column, by its name."""
    return item_audit.audit_items(graph, lists, cohorts(graph, by, "item"), k, **options)


def audit_users(graph, evaluation, by, k, **options):
    """The audit of a column of people, or of an intersection, by name."""
    return user_audit.audit_users(graph, evaluation, grouping(graph, by, "user"), k, **options)


def disclosure(graph, asked=(), **options):
    """What is hidden in answers about these columns and intersections, by name."""
    return disclosures.disclosure(graph, [grouping(graph, by, "user") for by in asked], **options)
