"""Sparse rows and columns replaced in place of a rebuild, against dense tables written out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from core.adjacency import Adjacency, matrix_row, merged_row, row_sums

DENSE = np.array([[2.0, 0, 1, 0], [0, 0, 0, 0], [0, 5, 1, 0]])


@pytest.fixture
def adjacency() -> Adjacency:
    return Adjacency.from_matrix(sparse.csr_matrix(DENSE))


def check(adjacency: Adjacency, dense: np.ndarray) -> None:
    """Both directions hold this table, entry for entry as a fresh build does."""
    fresh = Adjacency.from_matrix(sparse.csr_matrix(dense))
    assert np.array_equal(adjacency.by_user.toarray(), dense)
    assert np.array_equal(adjacency.by_item.toarray(), dense.T)
    for one, other in ((adjacency.by_user, fresh.by_user), (adjacency.by_item, fresh.by_item)):
        assert one.shape == other.shape
        assert np.array_equal(one.indptr, other.indptr)
        assert np.array_equal(one.indices, other.indices)
        assert np.array_equal(one.data, other.data)


def test_degrees_and_rows(adjacency: Adjacency) -> None:
    assert (adjacency.n_users, adjacency.n_items) == (3, 4)
    assert adjacency.user_degree.tolist() == [3, 0, 6]
    assert adjacency.item_degree.tolist() == [2, 5, 2, 0]
    items, weights = adjacency.row(2)
    assert (items.tolist(), weights.tolist()) == ([1, 2], [5, 1])
    assert matrix_row(adjacency.by_item, 3)[0].tolist() == []
    assert row_sums(sparse.csr_matrix((2, 0))).tolist() == [0, 0]


def test_binary_forgets_the_weights(adjacency: Adjacency) -> None:
    check(Adjacency.binary(adjacency.by_user), (DENSE > 0).astype(float))
    assert adjacency.by_user.data.tolist() == [2, 1, 5, 1]


@pytest.mark.parametrize(
    ("user", "items", "weights"),
    [
        (0, [1, 3], [7, 8]),
        (0, [], []),
        (1, [0, 1, 2, 3], [1, 2, 3, 4]),
        (2, [1, 2], [5, 1]),
        (2, [3, 0], [9, 4]),
        (None, [2], [6]),
        (None, [], []),
    ],
)
def test_with_row_replaces_one_history_and_leaves_the_original(
    adjacency: Adjacency, user: int | None, items: list[int], weights: list[float]
) -> None:
    edited, position = adjacency.with_row(user, np.array(items, dtype=np.int64), np.array(weights, dtype=float))
    dense = np.vstack([DENSE, np.zeros(4)]) if user is None else DENSE.copy()
    dense[position] = 0
    dense[position, items] = weights
    assert position == (3 if user is None else user)
    check(edited, dense)
    check(adjacency, DENSE)


def test_random_edits_in_a_row_stay_equal_to_a_fresh_build() -> None:
    rng = np.random.default_rng(0)
    dense = (rng.random((9, 12)) < 0.3) * rng.random((9, 12))
    adjacency = Adjacency.from_matrix(sparse.csr_matrix(dense))
    for _ in range(40):
        user = int(rng.integers(9))
        items = rng.permutation(12)[: rng.integers(0, 12)]
        dense[user] = 0
        dense[user, items] = weights = rng.random(len(items)) + 0.1
        adjacency, _ = adjacency.with_row(user, items, weights)
        check(adjacency, dense)


def test_repeated_items_are_merged() -> None:
    items, weights = merged_row(np.array([4, 1, 4]), np.array([1.0, 2.0, 3.0]))
    assert (items.tolist(), weights.tolist()) == ([1, 4], [2, 4])
    assert [len(a) for a in merged_row(np.array([], dtype=np.int64), np.array([]))] == [0, 0]
