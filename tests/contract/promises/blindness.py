"""What no answer depends on: the names of nodes, and what was asked before."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.graph import Events, InteractionGraph, Nodes
from explain.counterfactual.changes import History, smallest_addition, smallest_removal
from explain.explanation.edges import edge_parts
from explain.explanation.evidence import evidence
from explain.explanation.explain import ScoredPair, explain
from explain.explanation.features import explain_features
from explain.explanation.picture import bundle_id
from tests.contract.promises.base import Subject, called, near, promise, require


@promise
def no_score_depends_on_what_a_node_is_called(s: Subject) -> None:
    """Nor on where its name puts it. A learnt matrix has rows by position, so a model that has one is not asked."""
    if s.kind.spec.learnt_vectors:
        return
    other, user, item = renamed(s.graph, seed=8)
    scores = called("score", s.restored(other).score, s.everybody)
    require(near(scores[user][:, item], s.scores, rtol=1e-12, atol=1e-14), "score", "names of nodes enter")


def renamed(graph: InteractionGraph, seed: int) -> tuple[InteractionGraph, NDArray[np.int64], NDArray[np.int64]]:
    """The graph under other ids, which puts all nodes in another order; new positions of the old users and items."""
    rng = np.random.default_rng(seed)
    place = {kind.kind: rng.permutation(len(kind)) for kind in (graph.users, graph.items, *graph.groups.values())}

    def moved(old: Nodes) -> Nodes:
        names = np.array([f"x{j:04d}" for j in range(len(old))], dtype=object)
        return Nodes(old.kind, old.title, names, names)

    e = graph.events
    context = np.where(e.context >= 0, place["context"][e.context], -1)
    events = Events(
        place["user"][e.user], place["item"][e.item], e.kind, e.weight, e.time, context, e.kinds, e.kind_weights
    )
    memberships = {}
    for kind, matrix in graph.memberships.items():
        dense = np.zeros(matrix.shape)
        dense[np.ix_(place["item"], place[kind])] = matrix.toarray()
        memberships[kind] = sparse.csr_matrix(dense)
    groups = {kind: moved(old) for kind, old in graph.groups.items()}
    published = None
    if graph.published is not None:
        published = np.empty(graph.n_items)
        published[place["item"]] = graph.published
    people, items = moved(graph.users), moved(graph.items)
    other = InteractionGraph(
        "r", "R", people, items, groups, events, memberships, published=published, moment=graph.moment
    )
    return other, place["user"], place["item"]


@promise
def explaining_changes_nothing(s: Subject) -> None:
    before, scores = digests(s.model), s.scores.copy()
    require(bool(before), "fit", "the model holds no array that could be looked at")
    for method, question in _questions(s):
        called(method, question)
        after = digests(s.model)
        require({name: after[name] for name in before} == before, method, "asking it changed the model")
    require(np.array_equal(s.ask("score", s.everybody), scores), "score", "answering questions changed the scores")


def _questions(s: Subject) -> list[tuple[str, Callable[[], Any]]]:
    """Everything that can be asked of a model, each with the method that mostly answers it."""
    model, user = s.model, s.people[1]
    own = s.history(user)[0]
    lacked = int(np.setdiff1d(np.arange(s.graph.n_items), own)[0])
    pairs = ((0, 1), (3, s.graph.n_items - 1), (s.graph.n_users - 1, 2), (user, int(own[0])))

    def walked() -> None:
        for one, item in pairs:
            case = ScoredPair.of(model, s.names, one, item)
            answer = explain(case, snapshot="s", workspace="w", against=4)
            for key in [n.key for n in answer.nodes] + [
                bundle_id(b.source, b.target, b.relation) for b in answer.bundles
            ]:
                evidence(case, key)

    def changed() -> None:
        history = History(own, np.ones(len(own)))
        for k in (1, s.graph.n_items - len(own) - 1):
            smallest_removal(model, user, history, lacked, k=k, n_rivals=99)
            smallest_addition(model, user, history, lacked, k=k, weight=1.0)

    return [
        ("parts", lambda: [model.parts(*pair) for pair in pairs]),
        ("connected", lambda: [model.connected(*pair) for pair in pairs]),
        ("walks", walked),
        ("terms", lambda: model.terms(s.everybody, np.full(s.scores.shape, 0.5))),
        ("fold_in", lambda: model.fold_in(np.array([2, 3]), np.ones(2), 0)),
        ("masked", lambda: model.masked(user, own[:2])),
        ("edge_score", lambda: edge_parts(model, 0, 1)),
        ("fold_in", changed),
        ("feature_score", lambda: explain_features(model, s.graph, 0, 1)),
    ]


def digests(thing: object, name: str = "model") -> dict[str, str]:
    """Hash of every array that hangs on an object, by where it hangs."""
    if isinstance(thing, np.ndarray):
        return {name: hashlib.sha256(np.ascontiguousarray(thing).tobytes()).hexdigest()}
    if sparse.issparse(thing):
        return {f"{name}.{a}": digests(getattr(thing, a), a)[a] for a in ("data", "indices", "indptr")}
    if isinstance(thing, (tuple, list)):
        children = dict(enumerate(thing))
    elif isinstance(thing, dict):
        children = thing
    elif type(thing).__module__.startswith(("core.", "tests.")):
        children = vars(thing)
    else:
        return {}
    return {k: v for key, child in children.items() for k, v in digests(child, f"{name}.{key}").items()}
