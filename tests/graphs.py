"""Small random typed graphs for the tests of models and explanations: everything a workspace may hold, in miniature."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.graph import Events, FloatArray, InteractionGraph, Nodes
from core.models._path_chains import CO_3, CO_5, GROUP_CHAINS, TREND, PathParameters, Relation
from core.models._strengths import Strengths, levels_of
from data.tables import DataCard
from explain.format.names import Names

KINDS, KIND_WEIGHTS = ("view", "like", "rating"), (1.0, 3.0, 0.5)
CARD = DataCard(
    name="random",
    title="Random",
    summary="A random graph.",
    licence="None.",
    citation="",
    event_weights=dict(zip(KINDS, KIND_WEIGHTS, strict=True)),
    positives=KINDS,
    event_verbs={"view": "read"},
    default_split="last",
)


def nodes(kind: str, n: int, ids: NDArray[np.object_] | None = None) -> Nodes:
    """n nodes "u000", "u001", … or the given ids, labelled by what they are."""
    raw = np.array([f"{kind[0]}{j:03d}" for j in range(n)], dtype=object) if ids is None else ids
    return Nodes(kind, kind, raw, np.array([f"{kind} {r}" for r in raw], dtype=object))


def random_graph(
    seed: int,
    *,
    n_users: int = 12,
    n_items: int = 15,
    n_events: int = 90,
    n_topics: int = 4,
    n_creators: int = 3,
    n_contexts: int = 10,
) -> InteractionGraph:
    """A graph with several event kinds, repeated pairs, topics, creators and baskets, each owned by one person.

    The last item is in nobody's history (but in a topic), the last person has no history; 0 leaves a kind of group out.
    """
    rng = np.random.default_rng(seed)
    user, item = rng.integers(0, n_users - 1, n_events), rng.integers(0, n_items - 1, n_events)
    kind = rng.integers(0, len(KINDS), n_events)
    weight = np.array(KIND_WEIGHTS)[kind] * np.where(kind == 2, rng.integers(1, 6, n_events), 1)
    context = np.full(n_events, -1)
    for row in range(n_events if n_contexts else 0):  # context c belongs to person c mod (n_users - 1)
        own = np.arange(user[row], n_contexts, n_users - 1)
        if len(own) and rng.random() < 0.8:
            context[row] = rng.choice(own)
    groups, memberships = {}, {}
    for name, n in (("topic", n_topics), ("creator", n_creators)):
        if n:
            dense = (rng.random((n_items, n)) < 0.4) * rng.choice([0.5, 1.0, 2.0], (n_items, n))
            dense[-1, 0] = 1.0
            groups[name], memberships[name] = nodes(name, n), sparse.csr_matrix(dense)
    if n_contexts:
        groups["context"] = nodes("context", n_contexts)
    time = 1_000_000 + rng.permutation(n_events) * 3600
    columns = [np.asarray(c, dtype=np.int64) for c in (user, item, kind)]
    events = Events(
        *columns, weight.astype(np.float64), time.astype(np.int64), context.astype(np.int64), KINDS, KIND_WEIGHTS
    )
    published = 1_000_000 - rng.integers(0, 1_000, n_items) * 3600.0
    return InteractionGraph(
        "random",
        "Random",
        nodes("user", n_users),
        nodes("item", n_items),
        groups,
        events,
        memberships,
        published=published,
        moment=int(events.time.max()) + 1 if n_events else None,
    )


def random_parameters(seed: int) -> PathParameters:
    """Path parameters as no search would pick them: every relation acts, each with exponents and a scale of its own."""
    rng = np.random.default_rng(seed)

    def relation(weight: float) -> Relation:
        return Relation(weight, *rng.uniform(-0.3, 1.2, 3), scale=float(rng.uniform(0.5, 2.0)))

    relations = {CO_3: relation(1.0), CO_5: relation(-0.4)}
    relations |= {key: relation(float(rng.uniform(0.1, 0.6))) for key in GROUP_CHAINS.values()}
    return PathParameters(float(rng.choice([0.0, 0.5, 1.0])), float(rng.uniform(1.0, 3.0)), relations)


def timed_parameters(seed: int) -> PathParameters:
    """The same with a half-life on every hop and on the item, and a trend."""
    rng = np.random.default_rng(seed + 1_000)

    def life() -> float:
        return float(rng.uniform(5, 60)) * 3600

    plain = random_parameters(seed)
    relations = {key: replace(r, reach_life=life()) for key, r in plain.relations.items()}
    relations[CO_3] = replace(relations[CO_3], between_life=life())
    relations[TREND] = Relation(0.7, 0.0, 0.0, float(rng.uniform(0, 0.8)), scale=1.7, reach_life=life())
    lives = {"history_life": life(), "fresh_life": life() * 10}
    return replace(plain, relations=relations, person=float(rng.uniform(0.1, 1.0)), **lives)


def random_strengths(graph: InteractionGraph, seed: int) -> Strengths:
    """Strengths, values and gates as no learning would give them; of some edges none were learnt."""
    rng = np.random.default_rng(seed + 2_000)

    def factors(n: int) -> FloatArray:
        return np.exp(rng.normal(scale=0.5, size=n))

    known = graph.interactions.copy()
    known.sort_indices()
    known.data[:] = rng.random(known.nnz) < 0.8
    known.eliminate_zeros()
    levels = levels_of(graph.interactions.data) if len(graph.events) else np.empty(0)
    sizes = {"item": graph.n_items, "user": graph.n_users} | {kind: len(g) for kind, g in graph.groups.items()}
    routes = {CO_3: ("item", "user", "item"), CO_5: ("item", "user", "item", "user", "item")}
    routes |= {key: ("item", kind, "item") for kind, key in GROUP_CHAINS.items() if kind in sizes}
    gates = {f"{key}/{n}": factors(sizes[kind]) for key, kinds in routes.items() for n, kind in enumerate(kinds)}
    values = factors(3 * (len(levels) + 1)).reshape(3, -1)
    return Strengths(known, factors(known.nnz), factors(known.nnz), levels, values, gates)


def shuffled_rows(graph: InteractionGraph, seed: int) -> InteractionGraph:
    """The same graph with its events in another order."""
    return graph.with_events(graph.events.take(np.random.default_rng(seed).permutation(len(graph.events))))


def without_item(graph: InteractionGraph, user: int, item: int) -> InteractionGraph:
    """The graph of a table in which the person never had the item."""
    events = graph.events
    return graph.with_events(events.take(~((events.user == user) & (events.item == item))))


def with_item(graph: InteractionGraph, user: int, item: int, weight: float) -> InteractionGraph:
    """The graph of a table in which the person has one item more, without a basket."""
    e = graph.events
    columns = (e.user, user), (e.item, item), (e.kind, 0), (e.weight, weight), (e.time, e.time.max()), (e.context, -1)
    return graph.with_events(Events(*(np.append(old, new) for old, new in columns), e.kinds, e.kind_weights))


def names_of(graph: InteractionGraph, *, show_people: bool = False) -> Names:
    return Names(graph, CARD, show_people)
