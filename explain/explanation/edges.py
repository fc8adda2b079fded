"""How much each single edge of the graph carries of a score, by Integrated Gradients from the empty graph with the same
degrees.

The score is a polynomial in the scales of its edges (core.edge_score), so Gauss–Legendre quadrature with ⌈degree/2⌉
nodes is exact up to rounding (Sundararajan et al. 2017, with the quadrature's error bound 0). The gradients are
Captum's. The amounts add up to score - score of the empty graph; who reads them grouped is told what they are grouped
by.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from core.edge_score import EdgeScore, EdgeSet
from core.graph import FloatArray, IntArray
from core.models.base import Recommender
from core.threads import one_thread
from explain.format.dates import day
from explain.format.names import Names
from explain.results.attribution import EdgeAmount, EdgeExplanation, GroupAmount

AGES = ((7, "the last week"), (30, "the last 30 days"), (90, "the last 90 days"), (365, "the last year"))
OLDER, NO_TIME = "before", "without a time"
DAY_S = 86_400
LARGEST_GROUPS = 20


@dataclass(frozen=True, eq=False)
class EdgeParts:
    """amounts: float64 [n] per edge set; they sum to score - empty. n_nodes: quadrature nodes that were needed."""

    sets: tuple[EdgeSet, ...]
    amounts: tuple[FloatArray, ...]
    score: float
    empty: float
    n_nodes: int

    @property
    def completeness_error(self) -> float:
        """|Σ amounts - (score - empty)|, relative to that difference where there is one."""
        whole = self.score - self.empty
        gap = abs(sum(float(a.sum()) for a in self.amounts) - whole)
        return gap / abs(whole) if abs(whole) > 1e-12 else gap


def edge_parts(model: Recommender, user: int, item: int) -> EdgeParts:
    """The exact amount of every edge in score(user)[item]."""
    import torch

    score_of = model.edge_score(user, item)
    sizes = [len(s) for s in score_of.sets]
    n = sum(sizes)
    ones = torch.ones((1, n), dtype=torch.float64)
    with one_thread(), torch.no_grad():
        whole, empty = float(score_of(ones)), float(score_of(torch.zeros_like(ones)))
    if not n or not score_of.degree:
        return EdgeParts(score_of.sets, tuple(np.zeros(size) for size in sizes), whole, empty, 0)
    nodes = -(-score_of.degree // 2)
    with one_thread():
        flat = _integrated(score_of, ones, nodes)
    return EdgeParts(score_of.sets, tuple(np.split(flat, np.cumsum(sizes)[:-1])), whole, empty, nodes)


def _integrated(score_of: EdgeScore, ones: Any, nodes: int) -> FloatArray:
    """∫ ∂score/∂scales along the line from no edge to all edges: float64 [n].

    Gradients are Captum's, one a node. They are summed here: Captum's IntegratedGradients rounds the quadrature's
    weights to single precision, and where walks for and against cancel that is more than the contract allows of the
    score.
    """
    places, weights = np.polynomial.legendre.leggauss(nodes)
    total = np.zeros(ones.shape[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from captum.attr import Saliency

        slope = Saliency(score_of)
        for place, weight in zip((places + 1) / 2, weights / 2, strict=True):
            total += weight * slope.attribute(place * ones, abs=False).numpy().ravel()
    return total


def explain_edges(names: Names, model: Recommender, user: int, item: int, top: int = 20) -> EdgeExplanation:
    """Edge amounts singly (the `top` largest) and summed by relation, topic, creator and age of the edge."""
    parts = edge_parts(model, user, item)
    by = {"relation": _by_relation(names, parts, user)}
    for kind in ("topic", "creator"):
        if kind in names.graph.memberships and names.graph.memberships[kind].nnz:
            by[kind] = _by_group(names, parts, kind)
    by["age"] = _by_age(names, parts)
    live = sum(int(np.count_nonzero(a)) for a in parts.amounts)
    return EdgeExplanation(
        parts.score, parts.empty, parts.completeness_error, parts.n_nodes, live, _largest(names, parts, user, top), by
    )


def _by_relation(names: Names, parts: EdgeParts, user: int) -> tuple[GroupAmount, ...]:
    groups = []
    for edges, amounts in zip(parts.sets, parts.amounts, strict=True):
        if edges.source_kind != "user":
            groups.append(_group(f"{names.noun} – {names.kind(edges.target_kind)}", amounts))
            continue
        own = edges.source == user
        groups.append(_group(f"what {names.user(user)} {names.verb}", amounts[own]))
        groups.append(_group(f"what other people {names.verb}", amounts[~own]))
    return _sorted(groups)


def _by_group(names: Names, parts: EdgeParts, kind: str) -> tuple[GroupAmount, ...]:
    """Edges by the topic or creator of their item, shared equally where it has several; a grouping, not a reason."""
    matrix = names.graph.memberships[kind]
    width = np.diff(matrix.indptr)
    share = sparse.csr_matrix(
        (1.0 / np.repeat(np.maximum(width, 1), width), matrix.indices, matrix.indptr), shape=matrix.shape
    )
    totals, counts, without = np.zeros(matrix.shape[1]), np.zeros(matrix.shape[1], dtype=np.int64), []
    for edges, amounts in zip(parts.sets, parts.amounts, strict=True):
        if edges.target_kind == kind:
            totals += np.bincount(edges.target, weights=amounts, minlength=len(totals))
            counts += np.bincount(edges.target[amounts != 0], minlength=len(totals))
            continue
        items = edges.target if edges.target_kind == "item" else edges.source
        per_item = np.bincount(items, weights=amounts, minlength=matrix.shape[0])
        n_item = np.bincount(items[amounts != 0], minlength=matrix.shape[0])
        totals += share.T @ per_item
        counts += np.asarray(share.astype(bool).astype(np.int64).T @ n_item)
        bare = width[items] == 0
        without.append(amounts[bare])
    groups = [GroupAmount(names.group(kind, int(g)), float(totals[g]), int(counts[g])) for g in np.flatnonzero(counts)]
    ranked = sorted(groups, key=lambda g: (-abs(g.value), g.label))
    largest, rest = ranked[:LARGEST_GROUPS], ranked[LARGEST_GROUPS:]
    if rest:
        largest.append(GroupAmount(f"{len(rest)} further", sum(g.value for g in rest), sum(g.n_edges for g in rest)))
    bare_amounts = np.concatenate(without) if without else np.zeros(0)
    if np.count_nonzero(bare_amounts):
        largest.append(_group(f"without a {names.kind(kind)}", bare_amounts))
    return tuple(largest)


def _by_age(names: Names, parts: EdgeParts) -> tuple[GroupAmount, ...]:
    """Person–item edges by the time of their last event before the newest event of the data; the others have no age."""
    last = _last_times(names)
    newest = int(names.graph.events.time.max()) if len(names.graph.events) else 0
    labels = [label for _, label in AGES] + [OLDER, NO_TIME]
    totals, counts = np.zeros(len(labels)), np.zeros(len(labels), dtype=np.int64)
    for edges, amounts in zip(parts.sets, parts.amounts, strict=True):
        band = np.full(len(edges), len(labels) - 1)
        if edges.source_kind == "user":
            known = edges.source < last.shape[0]
            when = np.zeros(len(edges), dtype=np.int64)
            when[known] = np.asarray(last[edges.source[known], edges.target[known]]).ravel()
            days = (newest - when) / DAY_S
            band = np.where(when > 0, np.searchsorted([d for d, _ in AGES], days), len(labels) - 1)
        totals += np.bincount(band, weights=amounts, minlength=len(labels))
        counts += np.bincount(band[amounts != 0], minlength=len(labels))
    return tuple(GroupAmount(label, float(totals[n]), int(counts[n])) for n, label in enumerate(labels) if counts[n])


def _last_times(names: Names) -> sparse.csr_matrix:
    """CSR int64 [n_users, n_items]: time of the last event of each pair, seconds UTC."""
    events, graph = names.graph.events, names.graph
    order = np.lexsort((events.time, events.item, events.user))
    user, item, time = events.user[order], events.item[order], events.time[order]
    last = np.ones(len(order), dtype=bool)
    last[:-1] = (np.diff(user) != 0) | (np.diff(item) != 0)
    return sparse.csr_matrix((time[last], (user[last], item[last])), shape=(graph.n_users, graph.n_items))


def _largest(names: Names, parts: EdgeParts, user: int, top: int) -> tuple[EdgeAmount, ...]:
    candidates: list[tuple[float, EdgeAmount]] = []
    for edges, amounts in zip(parts.sets, parts.amounts, strict=True):
        for row in np.argsort(-np.abs(amounts), kind="stable")[:top]:
            if amounts[row]:
                candidates.append((abs(float(amounts[row])), _edge(names, edges, int(row), float(amounts[row]), user)))
    candidates.sort(key=lambda pair: (-pair[0], pair[1].source, pair[1].target))
    return tuple(edge for _, edge in candidates[:top])


def _edge(names: Names, edges: EdgeSet, row: int, value: float, user: int) -> EdgeAmount:
    source, target = int(edges.source[row]), int(edges.target[row])
    if edges.source_kind != "user":
        hidden = edges.target_kind == "context" and not names.show_people  # somebody's basket or sitting
        return EdgeAmount(
            names.item(source),
            f"a {names.kind('context')}" if hidden else names.group(edges.target_kind, target),
            f"has {names.kind(edges.target_kind)}",
            value,
            "",
        )
    known = names.show_people and source < names.graph.n_users
    who = names.user(source) if source == user or known else "another person"
    return EdgeAmount(
        who, names.item(target), names.verb, value, _time_of_event(names, source, target) if source == user else ""
    )


def _time_of_event(names: Names, user: int, item: int) -> str:
    events = names.graph.events
    times: IntArray = events.time[(events.user == user) & (events.item == item)]
    return day(int(times.max())) if len(times) else ""


def _group(label: str, amounts: FloatArray) -> GroupAmount:
    return GroupAmount(label, float(amounts.sum()), int(np.count_nonzero(amounts)))


def _sorted(groups: list[GroupAmount]) -> tuple[GroupAmount, ...]:
    return tuple(sorted((g for g in groups if g.n_edges), key=lambda g: (-abs(g.value), g.label)))
