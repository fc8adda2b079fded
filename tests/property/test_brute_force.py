"""Scores, parts, walks and pictures against an enumeration of every single walk, on graphs small enough for it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.graph import InteractionGraph
from core.models._path_chains import CO_3, GROUP_CHAINS, PathParameters
from core.models.base import ModelState, Recommender
from core.models.item_knn import ItemKnn
from core.models.lightgcn import LightGCN
from core.models.path import PathModel
from core.models.path_strengths import PathStrengths
from core.models.popularity import Popularity
from explain.explanation.evidence import evidence
from explain.explanation.explain import ScoredPair, explain
from explain.explanation.picture import bundle_id
from explain.explanation.walks import best_walks, rest_of
from explain.results.explanation import Evidence, Explanation, Path
from tests.graphs import names_of, random_graph, random_parameters, random_strengths, timed_parameters
from tests.property.brute_force import (
    Known,
    cosines,
    knn_walks,
    light_connected,
    light_walks,
    path_walks,
    strong_walks,
)

TIMED, TIMED_STRONG = "path with time", "path-strengths with time"
STRONG = (PathStrengths.spec.name, TIMED_STRONG)
WRITTEN_OUT = (PathModel, PathStrengths, LightGCN, ItemKnn, Popularity)  # by hand here
MODELS = (*(kind.spec.name for kind in WRITTEN_OUT), TIMED, TIMED_STRONG)
WITH_WALKS = (*(kind.spec.name for kind in WRITTEN_OUT if kind.spec.relations), TIMED, TIMED_STRONG)
NO_WALKS = ("memory", "base")
CONSTANTS = (*NO_WALKS, "trend")
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class Task:
    """A model on a small graph, a person and an item, and every walk between them by brute force."""

    graph: InteractionGraph
    model: Recommender
    user: int
    item: int
    known: Known

    @property
    def case(self) -> ScoredPair:
        return ScoredPair.of(self.model, names_of(self.graph), self.user, self.item)


def small_graph(seed: int) -> InteractionGraph:
    rng = np.random.default_rng(seed)
    sizes = {"n_users": rng.integers(3, 7), "n_items": rng.integers(3, 8), "n_events": rng.integers(4, 18)}
    sizes |= {"n_topics": rng.integers(0, 4), "n_creators": rng.integers(0, 3), "n_contexts": rng.integers(0, 7)}
    return random_graph(seed, **{name: int(n) for name, n in sizes.items()})


def task(name: str, seed: int) -> Task:
    graph = small_graph(seed)
    rng = np.random.default_rng(seed + 1)
    user, item = int(rng.integers(graph.n_users)), int(rng.integers(graph.n_items))
    if name in ("path", TIMED):
        parameters = timed_parameters(seed) if name == TIMED else random_parameters(seed)
        model: Recommender = PathModel.restore(graph, _state(parameters))
        return Task(graph, model, user, item, path_walks(graph, parameters, user, item))
    if name in STRONG:
        parameters = timed_parameters(seed) if name == TIMED_STRONG else random_parameters(seed)
        strengths = random_strengths(graph, seed)
        strong = PathStrengths.restore(graph, ModelState(asdict(parameters) | {"rounds": 1}, strengths.arrays()))
        return Task(graph, strong, user, item, strong_walks(graph, parameters, strengths, user, item))
    if name == "lightgcn":
        e0, layers = rng.normal(size=(graph.n_users + graph.n_items, 3)), int(rng.integers(1, 4))
        model = LightGCN.restore(graph, ModelState({"n_layers": layers, "epochs": 0}, {"e0": e0}))
        return Task(graph, model, user, item, light_walks(graph, e0, layers, user, item))
    if name == "item-knn":
        knn = ItemKnn.restore(graph, ModelState({"n_neighbours": int(rng.integers(1, 5))}))
        return Task(graph, knn, user, item, knn_walks(graph, neighbours(knn), user, item))
    n_people = float(len(set(graph.events.user[graph.events.item == item])))
    return Task(graph, Popularity.restore(graph, ModelState({})), user, item, Known({}, n_people))


def _state(parameters: PathParameters) -> ModelState:
    return ModelState(asdict(parameters))


def neighbours(model: ItemKnn) -> list[set[int]]:
    """Which items the model takes for neighbours; test_nearest_neighbours checks that they are the nearest."""
    rows = model.similarity
    return [set(rows.indices[rows.indptr[i] : rows.indptr[i + 1]].tolist()) for i in range(rows.shape[0])]


def close(value: float, expected: float, scale: float = 1.0) -> bool:
    """Equal up to rounding of terms of the given size."""
    return math.isclose(value, expected, rel_tol=1e-10, abs_tol=1e-12 * max(scale, 1.0))


@pytest.mark.parametrize("name", MODELS)
@few
@given(seed=st.integers(0, 10_000))
def test_score_and_parts_are_the_sums_of_the_enumerated_walks(name: str, seed: int) -> None:
    t = task(name, seed)
    gross = math.fsum(map(abs, t.known.walks.values())) + abs(t.known.memory)
    parts = t.model.parts(t.user, t.item)
    assert close(float(t.model.score(np.array([t.user]))[0, t.item]), t.known.score, gross)
    assert close(parts.total, t.known.score, gross)
    assert close(parts.gross, gross, gross)
    assert sorted(parts.items) == sorted(set(t.graph.events.item[t.graph.events.user == t.user]))
    assert close(sum(parts.constants.values()), t.known.memory)
    for key in {k for k, _ in t.known.walks} | set(parts.relations):
        for row, item in enumerate(parts.items):
            assert close(float(parts.relations[key][row]), t.known.total(key, int(item)), gross)


@few
@given(seed=st.integers(0, 10_000))
def test_nearest_neighbours_are_the_nearest(seed: int) -> None:
    t = task("item-knn", seed)
    assert isinstance(t.model, ItemKnn)
    kept = neighbours(t.model)
    for i, row in enumerate(cosines(t.graph)):
        positive = [j for j, value in enumerate(row) if value > 0]
        assert len(kept[i]) == min(len(positive), t.model.n_neighbours)
        assert kept[i] <= set(positive)
        left_out = [row[j] for j in positive if j not in kept[i]]
        assert not left_out or min(row[j] for j in kept[i]) >= max(left_out) - 1e-12
        for j in kept[i]:
            assert close(t.model.similarity[i, j], row[j])


@pytest.mark.parametrize("name", MODELS)
@few
@given(seed=st.integers(0, 10_000))
def test_the_search_finds_every_walk_once_and_nothing_else(name: str, seed: int) -> None:
    t = task(name, seed)
    case = t.case
    walks = best_walks(case.lanes, 10**6)
    named = {(case.lanes[w.lane].walks.chain.key, w.nodes): w.value for w in walks}
    assert len(named) == len(walks)
    assert set(named) == set(t.known.walks)
    assert all(close(value, t.known.walks[key]) for key, value in named.items())
    assert rest_of(case.lanes, walks).n_walks == 0
    assert rest_of(case.lanes, ()).n_walks == len(t.known.walks)


@pytest.mark.parametrize("name", WITH_WALKS)
@few
@given(seed=st.integers(0, 10_000), k=st.integers(1, 30))
def test_the_best_walks_and_an_independent_rest(name: str, seed: int, k: int) -> None:
    t = task(name, seed)
    case = t.case
    best = best_walks(case.lanes, k)
    sizes = sorted(map(abs, t.known.walks.values()), reverse=True)
    assert np.allclose([abs(w.value) for w in best], sizes[:k], rtol=1e-10)
    keys = {(case.lanes[w.lane].walks.chain.key, w.nodes) for w in best}
    others = [value for key, value in t.known.walks.items() if key not in keys]
    rest = rest_of(case.lanes, best)
    assert rest.n_walks == len(others)
    gross = math.fsum(sizes)
    assert close(rest.gross, math.fsum(map(abs, others)), gross)
    assert close(rest.net, math.fsum(others), gross)


@pytest.mark.parametrize("name", MODELS)
@few
@given(seed=st.integers(0, 10_000), k=st.integers(1, 30))
def test_an_explanation_accounts_for_all_of_the_score(name: str, seed: int, k: int) -> None:
    t = task(name, seed)
    explanation = explain(t.case, snapshot="s", workspace="w", n_paths=k)
    gross = math.fsum(map(abs, t.known.walks.values())) + abs(t.known.memory)
    readers = t.model.readers(t.item)
    assert explanation.n_paths == len(t.known.walks) + (0 if readers is None else len(readers.people))
    assert explanation.coverage + explanation.residual == pytest.approx(1.0, abs=1e-9)
    assert close(sum(part.value for part in explanation.parts), t.known.score, gross)
    if gross:
        assert explanation.coverage == pytest.approx(math.fsum(abs(p.value) for p in explanation.paths) / gross)
    if abs(t.known.score) > 1e-6:
        assert explanation.gross_net == pytest.approx(gross / abs(t.known.score))
    for path in explanation.paths:
        check_path(path, t)
    has = bool(((t.graph.events.user == t.user) & (t.graph.events.item == t.item)).any())
    assert explanation.state == ("consumed" if has else "ok" if gross else "no_path")


def check_path(path: Path, t: Task) -> None:
    """The hops' weights multiply to the value, hang together, and lead from the person to the item."""
    assert close(math.prod(hop.weight for hop in path.hops), path.value)
    for hop, following in zip(path.hops[:-1], path.hops[1:], strict=True):
        assert (hop.target, hop.target_label, hop.target_kind) == (
            following.source,
            following.source_label,
            following.source_kind,
        )
    assert path.hops[0].source == t.graph.users.ids[t.user]
    assert path.hops[-1].target == t.graph.items.ids[t.item]
    dashed = path.relation.startswith("jump") or path.relation in NO_WALKS
    assert [hop.solid for hop in path.hops] == [True] * (len(path.hops) - 1) + [not dashed]


@pytest.mark.parametrize("name", MODELS)
@few
@given(seed=st.integers(0, 10_000))
def test_path_share_is_what_walks_over_observed_edges_carry(name: str, seed: int) -> None:
    t = task(name, seed)
    explanation = explain(t.case, snapshot="s", workspace="w")
    if isinstance(t.model, LightGCN):
        connected = light_connected(t.graph, t.model.e0, t.model.n_layers, t.user, t.item)
    else:
        connected = t.known.total() + (0.0 if t.model.readers(t.item) is None else t.known.memory)
    assert close(t.model.connected(t.user, t.item), connected)
    apart = abs(t.known.score - connected)
    if abs(connected) + apart > 1e-9:
        assert explanation.path_share == pytest.approx(abs(connected) / (abs(connected) + apart), abs=1e-9)
    if t.model.spec.exact and t.model.spec.relations:
        assert explanation.path_share == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("name", MODELS)
@few
@given(seed=st.integers(0, 10_000))
def test_flow_is_conserved_and_the_bundles_are_the_score(name: str, seed: int) -> None:
    t = task(name, seed)
    explanation = explain(t.case, snapshot="s", workspace="w")
    check_flow(explanation, t.known)


def check_flow(explanation: Explanation, known: Known) -> None:
    into, out = ({n.key: np.zeros(3) for n in explanation.nodes} for _ in range(2))
    for b in explanation.bundles:
        assert b.value_for >= 0
        assert b.value_against >= 0
        amounts = np.array([b.value_for, b.value_against, b.n_paths])
        into[b.target] += amounts
        out[b.source] += amounts
    gross = math.fsum(map(abs, known.walks.values())) + abs(known.memory)
    for node in explanation.nodes:
        flows = [f for f in (into[node.key], out[node.key]) if f.any()]
        assert (node.hop in (0, 3)) == (len(flows) < 2)
        for f in flows:
            assert close(f[0], node.value_for, gross)
            assert close(f[1], node.value_against, gross)
        if len(flows) == 2:
            assert flows[0][2] == flows[1][2]
    plus = math.fsum(v for v in (*known.walks.values(), known.memory) if v > 0)
    minus = -math.fsum(v for v in (*known.walks.values(), known.memory) if v < 0)
    number = len(known.walks) + (known.n_memory if known.memory else 0)
    for end in (next(n for n in explanation.nodes if n.hop == hop) for hop in (0, 3)):
        assert close(end.value_for, plus, gross)
        assert close(end.value_against, minus, gross)
        assert max(into[end.key][2], out[end.key][2]) == number


@pytest.mark.parametrize("name", MODELS)
@few
@given(seed=st.integers(0, 10_000))
def test_evidence_of_each_bundle_and_node_is_the_sum_of_its_walks(name: str, seed: int) -> None:
    t = task(name, seed)
    case = t.case
    explanation = explain(case, snapshot="s", workspace="w")
    for b in explanation.bundles:
        key = bundle_id(b.source, b.target, b.relation)
        check_evidence(case, t, key, bundle_walks(t, b.source, b.target, b.relation), b.value_for, b.value_against)
    for node in explanation.nodes:
        check_evidence(case, t, node.key, node_walks(t, explanation, node.key), node.value_for, node.value_against)


def bundle_walks(t: Task, source: str, target: str, relation: str) -> dict[object, float]:
    """The enumerated walks (and constants) that a bundle stands for. Small graphs have no merged history."""
    items, hop = t.graph.items, int(source[0])
    if relation in CONSTANTS:
        return {relation: t.known.memory}
    if relation == "history":
        return dict(t.known.chosen(first=items.index(target.split(":")[2])))
    if hop == 1:
        second = None
        kind = next((k for k, key in GROUP_CHAINS.items() if key == relation and k != "context"), None)
        if kind is not None:
            second = t.graph.groups[kind].index(target.split(":")[2])
        return dict(t.known.chosen(relation, items.index(source.split(":")[2]), second))
    sources = [b for b in explain(t.case, snapshot="s", workspace="w").bundles if b.target == source]
    return {k: v for b in sources for k, v in bundle_walks(t, b.source, b.target, b.relation).items()}


def node_walks(t: Task, explanation: Explanation, key: str) -> dict[object, float]:
    used = [b for b in explanation.bundles if b.target == key] or [b for b in explanation.bundles if b.source == key]
    return {k: v for b in used for k, v in bundle_walks(t, b.source, b.target, b.relation).items()}


def check_evidence(
    case: ScoredPair, t: Task, key: str, expected: dict[object, float], value_for: float, value_against: float
) -> None:
    behind = evidence(case, key)
    values = list(expected.values())
    gross = math.fsum(map(abs, values))
    assert close(behind.value_for, value_for, gross)
    assert close(behind.value_against, value_against, gross)
    assert close(value_for, math.fsum(v for v in values if v > 0), gross)
    assert close(value_against, -math.fsum(v for v in values if v < 0), gross)
    assert behind.n_paths == len([v for v in values if v]) == len(behind.paths) + behind.rest_paths
    assert len(behind.paths) <= 50
    assert close(sum(p.value for p in behind.paths) + behind.rest_value, value_for - value_against, gross)
    listed = sorted((abs(p.value) for p in behind.paths if p.relation not in CONSTANTS), reverse=True)
    walks = sorted((abs(v) for k, v in expected.items() if k not in CONSTANTS), reverse=True)
    assert np.allclose(listed, walks[: len(listed)], rtol=1e-9)
    for path in behind.paths:
        check_path(path, t)
    check_facts(behind)


def check_facts(behind: Evidence) -> None:
    """The amounts that are listed by history item are those of this node or bundle: they add up to what it carries."""
    listed = [fact.removesuffix(" of it").rpartition(": ")[2] for fact in behind.facts if fact.endswith(" of it")]
    if listed:
        amounts = [float(text.replace("−", "-").replace(",", "")) for text in listed]
        slack = 0.01 * (behind.value_for + behind.value_against)
        assert sum(amounts) == pytest.approx(behind.value_for - behind.value_against, abs=slack)


def test_long_histories_and_many_topics_are_merged_without_losing_anything() -> None:
    graph = random_graph(5, n_users=14, n_items=24, n_events=260, n_topics=20, n_creators=4, n_contexts=26)
    model = PathModel.restore(graph, _state(random_parameters(5)))
    user = int(np.bincount(graph.events.user).argmax())
    many_topics = int(np.diff(graph.memberships["topic"].indptr).argmax())
    itemised = 0
    for item in (graph.n_items - 1, many_topics):
        one = Task(graph, model, user, item, path_walks(graph, random_parameters(5), user, item))
        explanation = explain(one.case, snapshot="s", workspace="w")
        history = [n for n in explanation.nodes if n.hop == 1]
        live = {walked[0] for _, walked in one.known.walks}
        assert sum(n.merged for n in history) == len(live)
        assert len(history) == (13 if len(live) > 13 else len(live))
        check_flow(explanation, one.known)
        for key in [n.key for n in explanation.nodes] + [
            bundle_id(b.source, b.target, b.relation) for b in explanation.bundles
        ]:
            behind = evidence(one.case, key)
            listed = sum(p.value for p in behind.paths) + behind.rest_value
            assert listed == pytest.approx(behind.value_for - behind.value_against, rel=1e-9, abs=1e-12)
            assert behind.n_paths == len(behind.paths) + behind.rest_paths
            check_facts(behind)
            itemised += any(fact.endswith(" of it") for fact in behind.facts)
    assert itemised > 5
    assert any(n.merged > 1 and n.id == "rest" for n in explanation.nodes if n.hop == 1)
    assert any(n.merged > 1 and n.id == "rest" for n in explanation.nodes if n.kind == "topic")


def test_crowds_are_counted_by_head_and_small_ones_not_told_apart() -> None:
    graph = random_graph(11, n_users=12, n_items=8, n_events=60, n_topics=0, n_creators=0, n_contexts=0)
    model = PathModel.restore(graph, _state(random_parameters(11)))
    enough = 0
    for user in range(graph.n_users - 1):
        for item in range(graph.n_items - 1):
            t = Task(graph, model, user, item, path_walks(graph, random_parameters(11), user, item))
            explanation = explain(t.case, snapshot="s", workspace="w", n_paths=1)
            for node in (n for n in explanation.nodes if n.kind == "people" and n.id != "broad-taste"):
                sources = [b.source.split(":")[2] for b in explanation.bundles if b.target == node.key]
                crowd = set()
                for raw in sources:
                    crowd |= {w[1] for _, w in t.known.chosen(CO_3, graph.items.index(raw))}
                if len(crowd) < 5:  # neither the words nor the size of the node tell how many they are
                    assert node.merged == 1
                    assert node.label.startswith("fewer than 5 people")
                else:
                    assert node.merged == len(crowd)
                    assert node.label.startswith(f"{len(crowd)} people")
                    enough += 1
                if len(sources) > 1:
                    alone = [{w[1] for _, w in t.known.chosen(CO_3, graph.items.index(raw))} for raw in sources]
                    assert any(len(c) < 5 for c in alone)
    assert enough > 0


def test_the_enumerated_graphs_hold_every_relation() -> None:
    """The comparison is worth something only where every relation occurs."""
    seen = set()
    for seed in range(40):
        t = task("path", seed)
        seen |= {key for key, _ in t.known.walks}
    assert seen == {"co_consumption_3", "co_consumption_5", "same_topic", "same_creator", "same_context"}
