"""Metrics against hand-made answers, against ir-measures and against PyG; intervals against a second computation."""

import ir_measures
import numpy as np
import pytest
import torch
from ir_measures import RR, P, R, Success, nDCG
from scipy import sparse
from torch_geometric.metrics import (
    LinkPredCoverage,
    LinkPredHitRatio,
    LinkPredMRR,
    LinkPredNDCG,
    LinkPredPrecision,
    LinkPredRecall,
)

from core.errors import DataError, OptionError
from core.evaluation import coverage, evaluate, novelty
from core.intervals import resample_weights, resampled_sums
from core.ranking import NO_ITEM, top_k

N_USERS, N_ITEMS = 120, 60


@pytest.fixture(scope="module")
def random_lists():
    """Random lists; a few people without test items, some with more relevant items than any cutoff."""
    rng = np.random.default_rng(11)
    training = sparse.csr_matrix(rng.random((N_USERS, N_ITEMS)) < 0.1, dtype=np.float64)
    share = rng.choice([0.0, 0.03, 0.5], p=[0.1, 0.5, 0.4], size=(N_USERS, 1))
    relevant = (rng.random((N_USERS, N_ITEMS)) < share) & ~training.toarray().astype(bool)
    positives = sparse.csr_matrix(relevant, dtype=np.float64)
    lists, _ = top_k(rng.random((N_USERS, N_ITEMS)), 20, training)
    return lists, positives, training


def by_ir_measures(measure, lists, positives, users):
    qrels = [ir_measures.Qrel(str(u), str(i), 1) for u in users for i in positives[u].indices]
    run = [ir_measures.ScoredDoc(str(u), str(i), -float(r)) for u in users for r, i in enumerate(lists[u])]
    values = {m.query_id: m.value for m in ir_measures.iter_calc([measure], qrels, run)}
    return np.array([values[str(u)] for u in users])


@pytest.mark.parametrize("k", [5, 10, 20])
@pytest.mark.parametrize(
    ("name", "measure"), [("recall", R), ("ndcg", nDCG), ("mrr", RR), ("hit", Success), ("precision", P)]
)
def test_each_persons_metrics_agree_with_ir_measures(random_lists, name, measure, k):
    lists, positives, training = random_lists
    ours = evaluate(lists, positives, training=training, draws=10)
    theirs = by_ir_measures(measure @ k, lists, positives, ours.users)
    assert np.abs(ours.per_user[f"{name}@{k}"] - theirs).max() < 1e-6
    assert ours.metrics[f"{name}@{k}"].value == pytest.approx(theirs.mean(), abs=1e-6)


@pytest.mark.parametrize("k", [5, 10, 20])
@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("recall", LinkPredRecall),
        ("ndcg", LinkPredNDCG),
        ("mrr", LinkPredMRR),
        ("hit", LinkPredHitRatio),
        ("precision", LinkPredPrecision),
    ],
)
def test_means_agree_with_torch_geometric(random_lists, name, metric, k):
    lists, positives, training = random_lists
    ours = evaluate(lists, positives, training=training, draws=10)
    theirs = metric(k)
    relevant = positives[ours.users].tocoo()
    theirs.update(torch.as_tensor(lists[ours.users]), torch.as_tensor(np.vstack([relevant.row, relevant.col])).long())
    assert ours.metrics[f"{name}@{k}"].value == pytest.approx(float(theirs.compute()), abs=1e-6)


@pytest.mark.parametrize("k", [5, 20])
def test_coverage_agrees_with_torch_geometric(random_lists, k):
    lists, positives, training = random_lists
    ours = evaluate(lists[:6], positives[:6], training=training[:6], draws=10)
    theirs = LinkPredCoverage(k, num_dst_nodes=N_ITEMS)
    theirs.update(torch.as_tensor(lists[ours.users]), torch.zeros(2, 0, dtype=torch.long))
    assert ours.metrics[f"coverage@{k}"].value == pytest.approx(float(theirs.compute()), abs=1e-6)
    assert ours.metrics[f"coverage@{k}"].value < 1


def test_a_person_whose_answer_is_known():
    lists = np.array([[4, 0, 2], [1, 0, 2]])
    positives = sparse.csr_matrix([[1.0, 1.0, 1.0, 1.0, 0.0], [0.0] * 5])
    evaluation = evaluate(lists, positives, training=sparse.csr_matrix((2, 5)), cutoffs=(3,), draws=10)
    assert evaluation.users.tolist() == [0]
    assert evaluation.n_users == 1
    value = {name: m.value for name, m in evaluation.metrics.items()}
    assert value["recall@3"] == pytest.approx(2 / 4)
    assert value["precision@3"] == pytest.approx(2 / 3)
    assert value["mrr@3"] == pytest.approx(1 / 2)
    assert value["hit@3"] == 1
    assert value["ndcg@3"] == pytest.approx((1 / np.log2(3) + 1 / 2) / (1 + 1 / np.log2(3) + 1 / 2))
    assert value["coverage@3"] == pytest.approx(3 / 5)


def test_novelty_is_the_surprise_of_the_list_in_bits():
    training = sparse.csr_matrix(np.array([[1, 1, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0]], dtype=float))
    values = novelty(np.array([[0, NO_ITEM], [0, 1], [2, NO_ITEM], [NO_ITEM, NO_ITEM]]), training)
    # everyone with a history has item 0: 0 bits; one in four has item 1: 2 bits; nobody has item 2: as rare as one
    # person
    assert values[:3].tolist() == [0.0, 1.0, 2.0]
    assert np.isnan(values[3])


def test_a_list_that_ends_early_is_measured_for_what_it_holds():
    lists = np.array([[1, NO_ITEM], [NO_ITEM, NO_ITEM]])
    evaluation = evaluate(
        lists, sparse.csr_matrix(np.eye(2)[[1, 1]]), training=sparse.csr_matrix(np.eye(2)), cutoffs=(2,), draws=50
    )
    assert evaluation.per_user["recall@2"].tolist() == [1.0, 0.0]
    assert evaluation.metrics["novelty@2"].value == 1.0


def test_bootstrap_interval_contains_the_mean_and_agrees_with_the_normal_approximation(random_lists):
    lists, positives, training = random_lists
    evaluation = evaluate(lists, positives, training=training, draws=4000)
    for name, values in evaluation.per_user.items():
        metric = evaluation.metrics[name]
        half = 1.96 * values.std() / np.sqrt(len(values))
        assert metric.low <= metric.value <= metric.high
        assert metric.high - metric.low == pytest.approx(2 * half, rel=0.12)


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others(random_lists):
    lists, positives, training = random_lists
    first, again, other = (evaluate(lists, positives, training=training, seed=s, draws=200) for s in (0, 0, 1))
    assert first.metrics == again.metrics
    assert first.metrics["recall@20"].value == other.metrics["recall@20"].value
    assert first.metrics["recall@20"].low != other.metrics["recall@20"].low


def test_coverage_interval_is_the_jackknife_of_deleting_each_person(random_lists):
    lists = random_lists[0][:7, :5]
    interval = coverage(lists, N_ITEMS)
    without = np.array([len(np.unique(np.delete(lists, u, axis=0))) / N_ITEMS for u in range(7)])
    error = np.sqrt(6 / 7 * ((without - without.mean()) ** 2).sum())
    assert interval.value == len(np.unique(lists)) / N_ITEMS
    assert (interval.low, interval.high) == pytest.approx(
        (interval.value - 1.959964 * error, interval.value + 1.959964 * error)
    )


def test_resamples_weigh_n_people_and_come_in_chunks():
    drawn = np.concatenate(list(resample_weights(3_000_000, 3, np.random.default_rng(0))))
    assert drawn.sum(axis=1).tolist() == [3_000_000] * 3
    values = np.random.default_rng(1).random((9, 2))
    dense = resampled_sums(values, 20, np.random.default_rng(5))
    assert dense == pytest.approx(resampled_sums(sparse.csr_matrix(values), 20, np.random.default_rng(5)))
    assert resampled_sums(np.ones((9, 1)), 20, np.random.default_rng(5)).ravel().tolist() == [9.0] * 20


def test_a_test_part_without_items_is_refused(random_lists):
    with pytest.raises(DataError, match="choose another split"):
        evaluate(random_lists[0], sparse.csr_matrix((N_USERS, N_ITEMS)), training=random_lists[2])


def test_lists_shorter_than_the_cutoff_are_refused_but_a_small_catalogue_is_not(random_lists):
    lists, positives, training = random_lists
    with pytest.raises(OptionError, match="cannot be measured at 20"):
        evaluate(lists[:, :10], positives, training=training)
    tiny = evaluate(
        np.array([[0, 1]]), sparse.csr_matrix([[0.0, 1.0]]), training=sparse.csr_matrix([[1.0, 0.0]]), draws=10
    )
    assert tiny.metrics["recall@20"].value == 1.0
