"""What every registered model promises about edges, masks and changed histories, on a small random typed graph."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from core.graph import IntArray, InteractionGraph
from core.models import _lightgcn_training
from core.models.base import Recommender, get_model, model_names
from core.ranking import rank_of
from explain.counterfactual.changes import History, delete, moved_by, rank_after, smallest_addition, smallest_removal
from explain.explanation.edges import edge_parts
from explain.workspace.refits import validation_cut
from tests.graphs import CARD, random_graph, with_item, without_item

K = 3


@pytest.fixture(scope="module")
def graph() -> InteractionGraph:
    return random_graph(4, n_users=14, n_items=18, n_events=110)


@pytest.fixture(scope="module", params=model_names())
def model(request: pytest.FixtureRequest, graph: InteractionGraph) -> Iterator[Recommender]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_lightgcn_training, "MAX_EPOCHS", 4)
        yield get_model(request.param).fit(graph, holdout=validation_cut(graph, CARD, "last", 3), seed=3)


def history_of(graph: InteractionGraph, user: int) -> History:
    row = graph.interactions[user]
    order = np.argsort(row.indices)
    return History(row.indices[order].astype(np.int64), row.data[order])


def fresh(model: Recommender, graph: InteractionGraph) -> Recommender:
    """The same parameters on another table."""
    return type(model).restore(graph, model.state())


def people(graph: InteractionGraph) -> list[int]:
    return [u for u in range(graph.n_users) if graph.interactions[u].nnz >= 3][:8]


def test_edge_amounts_are_the_score_less_that_of_the_empty_graph(model: Recommender, graph: InteractionGraph) -> None:
    scores = model.score(np.arange(graph.n_users))
    for user in range(graph.n_users):
        for item in range(0, graph.n_items, 3):
            parts = edge_parts(model, user, item)
            score = scores[user, item]
            assert parts.score == pytest.approx(score, rel=1e-6, abs=1e-9)
            total = sum(float(a.sum()) for a in parts.amounts)
            gap = abs(total - (parts.score - parts.empty))
            assert gap <= (1e-9 if abs(score) < 1e-6 else 1e-5 * abs(score))
    assert np.array_equal(model.score(np.arange(graph.n_users)), scores), "explaining changed the model"


def test_a_mask_takes_away_exactly_the_parts(model: Recommender, graph: InteractionGraph) -> None:
    rng = np.random.default_rng(0)
    for user in people(graph):
        own = model.history(user)
        gone = np.sort(rng.choice(own, max(1, len(own) // 2), replace=False))
        masked, scores = model.masked(user, gone), model.score(np.array([user]))[0]
        for item in range(graph.n_items):
            parts = model.parts(user, item)
            lost = parts.history[np.isin(parts.items, gone)].sum()
            assert masked[item] == pytest.approx(scores[item] - lost, rel=1e-9, abs=1e-9)


def test_deleting_is_building_again_from_the_edited_table(model: Recommender, graph: InteractionGraph) -> None:
    rng = np.random.default_rng(1)
    for user in people(graph):
        now = history_of(graph, user)
        gone = rng.choice(now.items, int(rng.integers(1, len(now.items))), replace=False)
        changed, place = delete(model, user, now, gone)
        edited = graph
        for item in gone:
            edited = without_item(edited, user, int(item))
        again = fresh(model, edited)
        np.testing.assert_allclose(
            changed.score(np.array([place]))[0], again.score(np.array([user]))[0], rtol=1e-9, atol=1e-12
        )
        left = now.without(gone).items
        for item in np.setdiff1d(np.arange(graph.n_items), left)[:5]:
            expected = rank_of(again.score(np.array([user]))[0], int(item), again.history(user))
            assert rank_after(changed, place, int(item), left) == expected


def test_adding_and_deleting_is_building_again_from_the_edited_table(
    model: Recommender, graph: InteractionGraph
) -> None:
    """Added items come without a basket; `with_item` gives them none."""
    rng = np.random.default_rng(2)
    for user in people(graph):
        now = history_of(graph, user)
        gone = rng.choice(now.items, int(rng.integers(0, len(now.items) + 1)), replace=False)
        lacked = np.setdiff1d(np.arange(graph.n_items), now.items)
        new = rng.choice(lacked, int(rng.integers(1, 4)), replace=False)
        changed = now.without(gone).plus(new, 2.0)
        assert np.array_equal(changed.items, np.sort(np.concatenate([np.setdiff1d(now.items, gone), new])))
        folded, place = model.fold_in(changed.items, changed.weights, user)
        edited = graph
        for item in gone:
            edited = without_item(edited, user, int(item))
        for item in new:
            edited = with_item(edited, user, int(item), 2.0)
        again = fresh(model, edited)
        everybody = np.arange(graph.n_users)
        np.testing.assert_allclose(folded.score(everybody), again.score(everybody), rtol=1e-9, atol=1e-12)
        scores = again.score(np.array([user]))[0]
        for item in np.setdiff1d(np.arange(graph.n_items), changed.items):
            expected = rank_of(scores, int(item), again.history(user))
            assert rank_after(folded, place, int(item), changed.items) == expected


def test_every_verified_removal_holds_in_a_fresh_build_and_needs_each_of_its_items(
    model: Recommender, graph: InteractionGraph
) -> None:
    n_found = 0
    for user in people(graph):
        now = history_of(graph, user)
        scores = model.score(np.array([user]))[0]
        for item in np.setdiff1d(np.arange(graph.n_items), now.items):
            removal = smallest_removal(model, user, now, int(item), k=K, n_rivals=99)
            rank = rank_of(scores, int(item), now.items)
            assert removal.rank == rank
            if rank > K:
                assert not removal.found
                continue
            assert removal.verified == removal.found
            if not removal.found:
                continue
            n_found += 1

            def rank_without(
                gone: tuple[int, ...], user: int = user, item: int = int(item), had: IntArray = now.items
            ) -> int:
                edited = graph
                for j in gone:
                    edited = without_item(edited, user, j)
                again = fresh(model, edited)
                return rank_of(again.score(np.array([user]))[0], item, had)  # what was taken out is no rival

            assert removal.new_rank == rank_without(removal.changed)
            assert removal.new_rank > K
            assert set(removal.changed) < set(now.items.tolist())
    if model.spec.exact and model.spec.relations:
        assert n_found > 0, "a test of nothing"


def test_every_verified_addition_holds_in_a_fresh_build(model: Recommender, graph: InteractionGraph) -> None:
    n_found = 0
    for user in people(graph)[:4]:
        now = history_of(graph, user)
        for item in np.setdiff1d(np.arange(graph.n_items), now.items):
            addition = smallest_addition(model, user, now, int(item), k=K, weight=2.0)
            if not addition.found:
                assert not addition.verified
                continue
            n_found += 1
            assert int(item) not in addition.changed
            edited = graph
            for j in addition.changed:
                edited = with_item(edited, user, j, 2.0)
            again = fresh(model, edited)
            rank = rank_of(again.score(np.array([user]))[0], int(item), again.history(user))
            assert addition.new_rank == rank
            assert rank <= K
    if model.spec.exact and model.spec.relations:
        assert n_found > 0, "a test of nothing"


def test_what_moved_a_score_is_the_difference_of_its_parts_and_adds_up_but_for_constants(
    model: Recommender, graph: InteractionGraph
) -> None:
    user = people(graph)[0]
    now = history_of(graph, user)
    added = int(np.setdiff1d(np.arange(graph.n_items), now.items)[0])
    edit = now.without(now.items[:1]).plus(np.array([added]), 2.0)
    changed, place = model.fold_in(edit.items, edit.weights, user)
    for item in range(graph.n_items):
        before, after = model.parts(user, item), changed.parts(place, item)
        moves = moved_by(before, after)
        was, now_is = (dict(zip(p.items.tolist(), p.history.tolist(), strict=True)) for p in (before, after))
        by_item = {i: now_is.get(i, 0.0) - was.get(i, 0.0) for i in {*was, *now_is}}
        assert dict(moves) == {i: v for i, v in by_item.items() if v}
        assert len(dict(moves)) == len(moves)
        constants = sum(after.constants.values()) - sum(before.constants.values())
        assert sum(v for _, v in moves) + constants == pytest.approx(after.total - before.total, rel=1e-9, abs=1e-9)
        assert [abs(v) for _, v in moves] == sorted((abs(v) for _, v in moves), reverse=True)
