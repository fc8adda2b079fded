"""Do the intervals of an audit hold the truth as often as they say? Lists are drawn whose exposure is known exactly.

Each person has a taste drawn around the truth, so people differ more than chance alone; each place of a list belongs to
a group by that taste, so the expected share of attention of a group is the truth for every browsing model.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from explain.results.plan import Thresholds
from tests.fairness_world import audit_items, audit_users, make_evaluation, make_graph

N_SEEDS, N_PEOPLE, K, PER_GROUP, DRAWS = 400, 250, 10, 60, 1_000
SHARES = {"even": (0.25, 0.25, 0.25, 0.25), "uneven": (0.55, 0.25, 0.15, 0.05)}


@cache
def graph_of_brands(n_groups: int):  # type: ignore[no-untyped-def]
    brands = [f"g{g}" for g in range(n_groups) for _ in range(PER_GROUP)]
    return make_graph(N_PEOPLE, len(brands), items={"brand": brands})


def draw_lists(truth: tuple[float, ...], seed: int) -> np.ndarray:
    """int64 [N_PEOPLE, K] without repeats within a list."""
    rng = np.random.default_rng(seed)
    taste = rng.dirichlet(4.0 * np.array(truth), N_PEOPLE)
    group = (rng.random((N_PEOPLE, K, 1)) > np.cumsum(taste, axis=1)[:, None, :-1]).sum(axis=2)
    order = np.argsort(rng.random((N_PEOPLE, len(truth), PER_GROUP)), axis=2)
    return group * PER_GROUP + order[np.arange(N_PEOPLE)[:, None], group, np.arange(K)[None, :]]


def audited(truth: tuple[float, ...], seed: int, **options: object):  # type: ignore[no-untyped-def]
    graph = graph_of_brands(len(truth))
    return audit_items(graph, draw_lists(truth, seed), "brand", K, seed=seed, draws=DRAWS, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SHARES)
def test_exposure_intervals_hold_the_truth(name: str) -> None:
    truth = SHARES[name]
    held, widths = np.zeros((N_SEEDS, len(truth))), np.zeros((N_SEEDS, len(truth)))
    for seed in range(N_SEEDS):
        rows = audited(truth, seed).rows
        for g, row in enumerate(rows):
            true_ratio = truth[g] * len(truth)
            held[seed, g], widths[seed, g] = row.low <= true_ratio <= row.high, row.high - row.low
    for g, coverage in enumerate(held.mean(axis=0)):
        print(
            f"{name} g{g}: truth {truth[g] * len(truth):.2f}, coverage {coverage:.3f}, width {widths[:, g].mean():.3f}"
        )
    assert (held.mean(axis=0) >= 0.92).all()
    assert (held.mean(axis=0) <= 0.975).all()


def test_without_bias_a_family_of_groups_fails_rarely() -> None:
    failed = sum(audited((0.25,) * 4, seed).overall.verdict == "fail" for seed in range(N_SEEDS))
    assert failed <= 0.08 * N_SEEDS


def test_without_bias_and_with_no_room_for_error_holm_keeps_the_family() -> None:
    """The limits are put next to 1, so that only chance can fail a group."""
    strict = Thresholds(ratio_low=0.9999, ratio_high=1.0001)
    failed = sum(audited((1 / 12,) * 12, seed, thresholds=strict).overall.verdict == "fail" for seed in range(N_SEEDS))
    print(f"family-wise {failed / N_SEEDS:.3f}")
    assert failed <= 0.08 * N_SEEDS


def test_planted_bias_is_found_with_its_sign() -> None:
    for seed in range(40):
        report = audited((0.4, 0.25, 0.25, 0.1), seed)
        rows = {row.group: row for row in report.rows}
        assert (rows["g0"].verdict, rows["g3"].verdict) == ("fail", "fail")
        assert rows["g0"].low > 1.25
        assert rows["g3"].high < 0.8
        assert (report.overall.lowest, report.overall.highest) == ("g3", "g0")


def quality(seed: int, behind: float = 0.0) -> tuple[list[str], np.ndarray]:
    """Cohorts and nDCG: beta-distributed with mean .4, the last cohort's lower by `behind`."""
    rng = np.random.default_rng(seed)
    cohort = rng.integers(3, size=N_PEOPLE)
    mean = 0.4 - behind * (cohort == 2)
    return [f"c{c}" for c in cohort], rng.beta(8 * mean, 8 * (1 - mean))


def test_quality_intervals_hold_the_truth() -> None:
    held = []
    for seed in range(N_SEEDS):
        cohort, values = quality(seed)
        graph = make_graph(N_PEOPLE, 2, users={"cohort": cohort})
        audit = audit_users(graph, make_evaluation(values), "cohort", 2, seed=seed, draws=DRAWS)
        held += [row.low <= 0.4 <= row.high for row in audit.rows]
    print(f"quality: coverage {np.mean(held):.3f} of {len(held)}")
    assert 0.92 <= np.mean(held) <= 0.975


@pytest.mark.parametrize(("behind", "most", "least"), [(0.0, 0.08, 0.0), (0.25, 1.0, 0.95)])
def test_a_gap_fails_where_it_is_and_not_where_it_is_not(behind: float, most: float, least: float) -> None:
    failed = 0
    for seed in range(100):
        cohort, values = quality(seed, behind)
        graph = make_graph(N_PEOPLE, 2, users={"cohort": cohort})
        overall = audit_users(graph, make_evaluation(values), "cohort", 2, seed=seed, draws=DRAWS).overall
        failed += overall.verdict == "fail"
        assert behind == 0 or overall.worst == "c2"
    assert least <= failed / 100 <= most
