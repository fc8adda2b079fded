"""Exposure recomputed with explicit loops, and by hand where the answer is known."""

from itertools import chain, combinations

import numpy as np
import pytest
from scipy import sparse

from core.errors import OptionError
from core.ranking import NO_ITEM
from explain.fairness.exposure import (
    browsing_weights,
    catalogue_share,
    column_sums,
    dcg,
    item_exposure,
    list_exposure,
    ratios,
    rbp,
    shares,
    worst_case_ratios,
)


@pytest.fixture
def case():
    """12 items in 4 overlapping groups, 9 lists of up to 5 items."""
    rng = np.random.default_rng(3)
    lists = np.array([rng.permutation(12)[:5] for _ in range(9)])
    lists[2, 3:] = NO_ITEM
    lists[5, :] = NO_ITEM
    raw = rng.integers(0, 2, size=(12, 4)) + np.eye(4)[rng.integers(0, 4, 12)]
    return lists, raw / raw.sum(axis=1, keepdims=True)


def test_browsing_weights_are_those_of_the_papers():
    assert rbp(4).tolist() == pytest.approx([1, 0.8, 0.64, 0.512])
    assert dcg(3).tolist() == pytest.approx([1, 1 / np.log2(3), 0.5])
    assert browsing_weights("rbp(0.8)", 3).tolist() == rbp(3).tolist()


def test_an_unknown_browsing_model_is_refused_with_the_known_ones():
    with pytest.raises(OptionError, match=r"rbp\(0.8\), dcg"):
        browsing_weights("cascade", 5)


def test_item_exposure_is_the_mean_attention_over_all_lists_and_0_where_never_shown(case):
    lists, _ = case
    expected = [0.0] * 12
    for row in lists:
        for place, item in enumerate(row):
            if item != NO_ITEM:
                expected[item] += 0.8**place / len(lists)
    assert item_exposure(lists, rbp(5), 12).tolist() == pytest.approx(expected)


def test_group_shares_equal_a_loop_over_lists_places_and_groups(case):
    lists, membership = case
    amount, total = [0.0] * 4, 0.0
    for row in lists:
        for place, item in enumerate(row):
            if item != NO_ITEM:
                total += 0.8**place
                for g in range(4):
                    amount[g] += 0.8**place * membership[item, g]
    given = list_exposure(lists, rbp(5), sparse.csr_matrix(membership))
    assert shares(column_sums(given)).tolist() == pytest.approx([a / total for a in amount])
    assert given.toarray()[5].tolist() == [0, 0, 0, 0]


def test_lists_without_items_have_no_shares():
    given = list_exposure(np.full((3, 2), NO_ITEM), rbp(2), sparse.csr_matrix(np.eye(2)))
    assert np.isnan(shares(column_sums(given))).all()


def test_catalogue_share_counts_every_item_the_same_and_ratio_is_undefined_without_one(case):
    membership = sparse.csr_matrix([[1.0, 0, 0], [0.5, 0.5, 0], [0, 1, 0], [1, 0, 0]])
    target = catalogue_share(membership)
    assert target.tolist() == [2.5 / 4, 1.5 / 4, 0]
    values = ratios(np.array([0.5, 0.5, 0.0]), target)
    assert values[:2].tolist() == pytest.approx([0.8, 4 / 3])
    assert np.isnan(values[2])


def test_worst_case_tries_every_set_of_unknown_items():
    rng = np.random.default_rng(8)
    epsilon = rng.random(9)
    code = np.array([0, 0, 1, 1, 1, 2, 2, 2, 2])
    low, high = worst_case_ratios(epsilon, sparse.csr_matrix(np.eye(3)[code]), 2)
    unknown = np.flatnonzero(code == 2)
    subsets = list(chain.from_iterable(combinations(unknown, r) for r in range(5)))
    for g in (0, 1):
        own = np.flatnonzero(code == g)
        every = [epsilon[[*own, *extra]].sum() / epsilon.sum() / ((len(own) + len(extra)) / 9) for extra in subsets]
        assert (low[g], high[g]) == pytest.approx((min(every), max(every)))
