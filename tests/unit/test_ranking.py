"""Lists: best first, nothing seen, ties by position; checked against a plain Python sort."""

import numpy as np
import pytest
from scipy import sparse

from core.errors import ModelError, OptionError
from core.ranking import NO_ITEM, check_k, rank_all, rank_of, top_k


def sorted_list(scores, seen, k):
    """The definition, item by item."""
    order = sorted((i for i in range(len(scores)) if i not in seen), key=lambda i: (-scores[i], i))
    return order[:k] + [NO_ITEM] * (k - len(order[:k]))


@pytest.fixture
def tied():
    """Scores with many ties, also at the boundary, and a third of the items seen."""
    rng = np.random.default_rng(4)
    scores = rng.integers(-2, 3, size=(40, 23)).astype(np.float64)
    seen = sparse.csr_matrix(rng.random((40, 23)) < 0.35, dtype=np.float64)
    return scores, seen


@pytest.mark.parametrize("k", [1, 5, 22, 23])
def test_lists_equal_a_plain_sort_by_score_and_position(tied, k):
    scores, seen = tied
    items, values = top_k(scores, k, seen)
    for u in range(len(scores)):
        assert items[u].tolist() == sorted_list(scores[u], set(seen[u].indices), k)
        kept = items[u] != NO_ITEM
        assert values[u][kept].tolist() == scores[u][items[u][kept]].tolist()
        assert np.isneginf(values[u][~kept]).all()


def test_ties_at_the_boundary_go_to_the_lowest_position():
    items, _ = top_k(np.array([[1.0, 3.0, 1.0, 1.0, 2.0]]), 3)
    assert items.tolist() == [[1, 4, 0]]


def test_unseen_items_are_listed_whatever_their_score():
    scores = np.array([[0.0, -np.inf, -5.0, np.inf]])
    seen = sparse.csr_matrix([[0.0, 0.0, 1.0, 0.0]])
    items, values = top_k(scores, 4, seen)
    assert items.tolist() == [[3, 0, 1, NO_ITEM]]
    assert values.tolist() == [[np.inf, 0.0, -np.inf, -np.inf]]


def test_a_list_is_never_longer_than_the_catalogue():
    assert top_k(np.zeros((2, 3)), 10)[0].tolist() == [[0, 1, 2], [0, 1, 2]]


def test_scores_are_not_changed(tied):
    scores, seen = tied
    before = scores.copy()
    top_k(scores, 5, seen)
    assert np.array_equal(scores, before)


def test_a_score_that_is_not_a_number_is_refused():
    with pytest.raises(ModelError, match="not a number"):
        top_k(np.array([[1.0, np.nan]]), 1)


def test_rank_is_the_place_in_the_full_list(tied):
    scores, seen = tied
    items, _ = top_k(scores, scores.shape[1], seen)
    for u in range(len(scores)):
        listed = items[u][items[u] != NO_ITEM]
        assert [rank_of(scores[u], int(i), seen[u]) for i in listed] == list(range(1, len(listed) + 1))
        assert rank_of(scores[u], int(listed[-1]), seen[u].indices) == len(listed)


def test_a_seen_item_has_no_rank(tied):
    scores, seen = tied
    with pytest.raises(OptionError, match="already in the history"):
        rank_of(scores[0], int(seen[0].indices[0]), seen[0])


@pytest.mark.parametrize("batch", [1, 7, 40, 1000])
def test_batches_do_not_change_the_lists(tied, batch):
    scores, seen = tied
    done = []
    items, values = rank_all(
        lambda users: scores[users],
        40,
        seen,
        6,
        batch=batch,
        progress=lambda fraction, doing: done.append((fraction, doing)),
    )
    whole = top_k(scores, 6, seen)
    assert np.array_equal(items, whole[0])
    assert np.array_equal(values, whole[1])
    assert done[-1] == (1.0, "ranking: 40 of 40 people")
    assert len(done) == -(-40 // batch)


@pytest.mark.parametrize("k", [0, -1, 10**9, 11, 2.5, 5.0, "5", None, True, float("nan")])
def test_a_k_that_no_list_can_have_is_refused_with_the_range(k):
    with pytest.raises(OptionError, match="choose 1 to 10"):
        check_k(k, 10)


@pytest.mark.parametrize("k", [1, 10, np.int64(3)])
def test_a_k_within_the_catalogue_is_taken(k):
    assert check_k(k, 10) == k
    assert type(check_k(k, 10)) is int
