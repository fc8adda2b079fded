"""Smallest changes on graphs so small that every change of a history can be tried, each in a fresh build from the
edited table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import combinations

import numpy as np
import pytest

from core.errors import OptionError
from core.graph import Events, FloatArray, InteractionGraph
from core.models.base import ModelState, Recommender, get_model
from core.ranking import rank_of
from explain.counterfactual.changes import (
    MAX_CHECKS,
    Flip,
    History,
    delete,
    predicted_scores,
    smallest_addition,
    smallest_removal,
)
from tests.graphs import random_graph, random_parameters, random_strengths, without_item
from tests.models import of_histories

MODELS = of_histories()
SEEDS, N_ITEMS, LONGEST, K, WEIGHT = range(6), 12, 6, 3, 2.0


@dataclass
class SmallModel:
    """A model on a small graph; scores of a person after any change of their history, by a fresh build of the edited
    table.
    """

    graph: InteractionGraph
    model: Recommender

    def __post_init__(self) -> None:
        self._scores: dict[tuple[int, frozenset[int], frozenset[int]], FloatArray] = {}

    def history(self, user: int) -> History:
        row = self.graph.interactions[user]
        return History(row.indices.astype(np.int64), row.data)

    def people(self) -> Iterator[int]:
        sizes = np.diff(self.graph.interactions.indptr)
        return (int(u) for u in np.flatnonzero((sizes >= 2) & (sizes <= LONGEST)))

    def scores(self, user: int, gone: frozenset[int] = frozenset(), new: frozenset[int] = frozenset()) -> FloatArray:
        key = user, gone, new
        if key not in self._scores:
            graph = self.graph
            for item in gone:
                graph = without_item(graph, user, item)
            for item in new:
                graph = with_item(graph, user, item)
            fresh = type(self.model).restore(graph, self.model.state())
            self._scores[key] = fresh.score(np.array([user]))[0]
        return self._scores[key]

    def rank_without(self, user: int, item: int, gone: frozenset[int]) -> int:
        """Rank after a removal, among what the person lacked before: what was taken out has been seen."""
        return rank_of(self.scores(user, gone), item, self.history(user).items)

    def rank_with(self, user: int, item: int, new: frozenset[int]) -> int:
        return rank_of(self.scores(user, new=new), item, np.union1d(self.history(user).items, sorted(new)).astype(int))


def with_item(graph: InteractionGraph, user: int, item: int) -> InteractionGraph:
    e = graph.events
    return graph.with_events(
        Events(
            np.append(e.user, user),
            np.append(e.item, item),
            np.append(e.kind, 0),
            np.append(e.weight, WEIGHT),
            np.append(e.time, e.time.max()),
            np.append(e.context, -1),
            e.kinds,
            e.kind_weights,
        )
    )


def small_model(name: str, seed: int, **sizes: int) -> SmallModel:
    graph = random_graph(seed, **({"n_users": 8, "n_items": N_ITEMS, "n_events": 40} | sizes))
    e0 = np.random.default_rng(seed).normal(size=(graph.n_users + graph.n_items, 5))
    states = {
        "path": ModelState(asdict(random_parameters(seed))),
        "path-strengths": ModelState(
            asdict(random_parameters(seed)) | {"rounds": 1}, random_strengths(graph, seed).arrays()
        ),
        "lightgcn": ModelState({"n_layers": 3, "epochs": 0}, {"e0": e0}),
        "item-knn": ModelState({"n_neighbours": 4}),
    }
    return SmallModel(graph, get_model(name).restore(graph, states[name]))


def proper_subsets(items: list[int]) -> Iterator[frozenset[int]]:
    """Smallest first; something stays."""
    return (frozenset(chosen) for size in range(1, len(items)) for chosen in combinations(items, size))


@pytest.mark.parametrize("name", MODELS)
def test_removals_hold_in_fresh_builds_and_are_mostly_the_smallest_of_all_subsets(name: str) -> None:
    outcomes: Counter[str] = Counter()
    for seed in SEEDS:
        w = small_model(name, seed)
        for user in w.people():
            history = w.history(user)
            lacked = np.setdiff1d(np.arange(N_ITEMS), history.items)
            for item in lacked.tolist():
                removal = smallest_removal(w.model, user, history, item, k=K, n_rivals=99)
                assert removal.rank == w.rank_without(user, item, frozenset())
                if removal.rank > K:
                    continue
                smallest = next(
                    (s for s in proper_subsets(history.items.tolist()) if w.rank_without(user, item, s) > K), None
                )
                check_removal(w, user, item, removal)
                assert removal.rivals == len(lacked) - 1
                if smallest is None:
                    assert not removal.found
                    outcomes["none"] += 1
                elif not removal.found:
                    outcomes["missed"] += 1
                else:
                    outcomes["smallest" if len(removal.changed) == len(smallest) else "larger"] += 1
    # a search by predictions: no promise, but on these graphs it is nearly always right
    assert outcomes["none"] >= 10
    assert outcomes["smallest"] >= 0.9 * (outcomes["missed"] + outcomes["larger"] + outcomes["smallest"])


def check_removal(w: SmallModel, user: int, item: int, removal: Flip) -> None:
    assert removal.verified == removal.found
    assert removal.n_checked <= MAX_CHECKS
    if not removal.found:
        assert (removal.changed, removal.new_rank, removal.minimal) == ((), None, False)
        return
    gone = frozenset(removal.changed)
    assert len(gone) == len(removal.changed)
    assert w.rank_without(user, item, gone) > K
    assert removal.new_rank == w.rank_without(user, item, gone)
    if removal.minimal:
        assert all(w.rank_without(user, item, gone - {j}) <= K for j in gone)
    else:  # thinned out one by one: what could be left out later hung on what was left out before
        assert len(gone) > 1


@pytest.mark.parametrize("name", MODELS)
def test_additions_hold_in_fresh_builds_and_need_each_of_their_items(name: str) -> None:
    n_found, n_minimal, n_several = 0, 0, 0
    for seed in SEEDS:
        w = small_model(name, seed)
        for user in w.people():
            history = w.history(user)
            for item in np.setdiff1d(np.arange(N_ITEMS), history.items).tolist():
                addition = smallest_addition(w.model, user, history, item, k=K, weight=WEIGHT)
                assert addition.rank == w.rank_with(user, item, frozenset())
                assert addition.verified == addition.found
                if not addition.found:
                    assert addition.changed == ()
                    assert addition.new_rank == (addition.rank if addition.rank <= K else None)
                    continue
                new = frozenset(addition.changed)
                assert not new & {item, *history.items.tolist()}
                assert addition.new_rank == w.rank_with(user, item, new) <= K < addition.rank
                if addition.minimal:
                    assert all(w.rank_with(user, item, new - {j}) > K for j in new)
                n_found, n_minimal, n_several = n_found + 1, n_minimal + addition.minimal, n_several + (len(new) > 1)
    assert n_found >= 20
    assert n_minimal >= 0.9 * n_found
    assert n_several > 0, "no change of more than one item was looked at"


@pytest.mark.parametrize("name", MODELS)
def test_fewer_rivals_than_would_be_needed_are_said_and_find_nothing(name: str) -> None:
    w = small_model(name, 1)
    user = next(w.people())
    history = w.history(user)
    order = np.argsort(-w.scores(user), kind="stable")
    third = int(order[~np.isin(order, history.items)][K - 1])
    assert smallest_removal(w.model, user, history, third, k=K, n_rivals=K - 1).rivals == K - 1
    first = smallest_removal(w.model, user, history, third, k=K + 1, n_rivals=K)
    assert (first.found, first.rivals, first.n_checked) == (False, K, 0)  # all above it and none below was looked at


@pytest.mark.parametrize("name", MODELS)
def test_a_list_that_holds_every_candidate_loses_none_and_gains_none(name: str) -> None:
    w = small_model(name, 0)
    user = next(w.people())
    history = w.history(user)
    lacked = np.setdiff1d(np.arange(N_ITEMS), history.items)
    for k in (len(lacked), N_ITEMS, 10 * N_ITEMS):
        for item in lacked.tolist():
            out = smallest_removal(w.model, user, history, item, k=k, n_rivals=99)
            into = smallest_addition(w.model, user, history, item, k=k, weight=WEIGHT)
            assert (out.found, out.rivals, out.n_checked) == (False, len(lacked) - 1, 0)
            assert (into.found, into.rivals, into.n_checked) == (False, 0, 0)
            assert out.rank == into.rank == into.new_rank == w.rank_without(user, item, frozenset())


@pytest.mark.parametrize("name", MODELS)
def test_the_only_item_of_a_history_is_never_removed(name: str) -> None:
    w = small_model(name, 2)
    one, position = w.model.fold_in(np.array([4]), np.ones(1))
    history = History(np.array([4]), np.ones(1))
    for item in (i for i in range(N_ITEMS) if i != 4):
        removal = smallest_removal(one, position, history, item, k=K, n_rivals=99)
        assert (removal.found, removal.changed, removal.n_checked) == (False, (), 0)


@pytest.mark.parametrize("name", MODELS)
def test_an_item_outside_the_list_has_nothing_to_drop_out_of_and_a_consumed_one_no_rank(name: str) -> None:
    w = small_model(name, 3)
    user = next(w.people())
    history = w.history(user)
    ranks = {i: w.rank_without(user, i, frozenset()) for i in range(N_ITEMS) if i not in history.items}
    for item, rank in ranks.items():
        if rank > K:
            out = smallest_removal(w.model, user, history, item, k=K, n_rivals=99)
            assert out == Flip(False, (), False, 0, rank, None)
        else:
            assert smallest_addition(w.model, user, history, item, k=K, weight=WEIGHT) == Flip(
                False, (), False, 0, rank, rank
            )
    had = int(history.items[0])
    with pytest.raises(OptionError, match="already in the history"):
        smallest_removal(w.model, user, history, had, k=K, n_rivals=99)
    with pytest.raises(OptionError, match="already in the history"):
        smallest_addition(w.model, user, history, had, k=K, weight=WEIGHT)


@pytest.mark.parametrize("name", MODELS)
def test_removals_from_a_typed_in_history_hold_when_the_rest_is_typed_in(name: str) -> None:
    w = small_model(name, 4)
    base, position = w.model.fold_in(np.array([1, 3, 6, 7]), np.array([1.0, 2.0, 1.0, 3.0]))
    history = History(np.array([1, 3, 6, 7]), np.array([1.0, 2.0, 1.0, 3.0]))
    n_found = 0
    for item in (i for i in range(N_ITEMS) if i not in history.items):
        removal = smallest_removal(base, position, history, item, k=K, n_rivals=99)
        if removal.found:
            left = history.without(np.array(removal.changed))
            again, place = w.model.fold_in(left.items, left.weights)
            assert place == position
            scores = again.score(np.array([place]))[0]
            assert removal.new_rank == rank_of(scores, item, history.items)
            n_found += 1
    assert n_found > 0


@pytest.mark.parametrize("name", MODELS)
def test_predicted_deletions_follow_the_closed_form(name: str) -> None:
    """α0<e_u, q> + √(d/(d-k)) (C - Σ c_j) where the person's degree enters the first hop, the rest of the parts
    elsewhere.
    """
    w, rng = small_model(name, 5), np.random.default_rng(5)
    for user in w.people():
        history = w.history(user).items
        d = len(history)
        for size in range(d + 1):
            gone = rng.choice(history, size, replace=False)
            predicted = predicted_scores(w.model, user, gone)
            scale = np.sqrt(d / (d - size)) if name == "lightgcn" and size < d else 1.0
            for item in range(N_ITEMS):
                parts = w.model.parts(user, item)
                kept = parts.history[~np.isin(parts.items, gone)].sum()
                expected = sum(parts.constants.values()) + scale * kept
                assert predicted[item] == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_deleting_in_two_steps_is_deleting_at_once_and_deleting_nothing_changes_nothing(name: str) -> None:
    w = small_model(name, 6, n_events=60)
    for user in (int(u) for u in np.flatnonzero(np.diff(w.graph.interactions.indptr) >= 3)):
        history = w.history(user)
        everybody = np.arange(w.graph.n_users)
        one, _ = delete(w.model, user, history, history.items[:1])
        two, _ = delete(one, user, history.without(history.items[:1]), history.items[1:2])
        both, _ = delete(w.model, user, history, history.items[:2])
        assert np.array_equal(two.score(everybody), both.score(everybody))
        same, place = delete(w.model, user, history, np.setdiff1d(np.arange(N_ITEMS), history.items))
        assert place == user
        assert np.array_equal(same.score(everybody), w.model.score(everybody))
        all_gone, _ = delete(w.model, user, history, history.items)
        assert not len(all_gone.history(user))
        assert np.array_equal(all_gone.score(np.array([user]))[0], w.scores(user, frozenset(history.items.tolist())))
