"""Every metric of an audit computed a second way: plain loops over explicit lists, scipy, networkx."""

from __future__ import annotations

import itertools
import math
from typing import Any

import networkx as nx
import numpy as np
import pytest
from scipy import sparse
from scipy.spatial.distance import cosine, jensenshannon
from scipy.stats import chi2, entropy, gamma
from scipy.stats import t as scipy_t

from core.ranking import NO_ITEM
from explain.fairness import exposure as ex
from explain.fairness.audited_lists import AuditedLists
from explain.fairness.metrics import calibration, concentration, echo, expected, joint, merit, popularity, shares
from explain.fairness.metrics.base import all_metrics
from explain.fairness.statistics import at_least, at_most, count_limits, holm, limit_tests
from tests.fairness_world import make_graph

SEEDS = range(6)
M, N, K, GROUPS = 23, 17, 5, 4


def random_lists(rng: np.random.Generator, holes: bool = True) -> np.ndarray:
    lists = np.array([rng.choice(N, K, replace=False) for _ in range(M)])
    if holes:
        lists[0] = NO_ITEM
        lists[1, 3:] = NO_ITEM
    return lists


def random_membership(rng: np.random.Generator) -> sparse.csr_matrix:
    soft = rng.random((N, GROUPS)) * (rng.random((N, GROUPS)) < 0.5)
    soft[np.arange(N), rng.integers(GROUPS, size=N)] += 0.2
    return sparse.csr_matrix(soft / soft.sum(axis=1, keepdims=True))


def epsilon_by_loops(lists: np.ndarray, weight: dict[int, float]) -> list[float]:
    total = [0.0] * N
    for row in lists:
        for rank, item in enumerate(row, 1):
            if item != NO_ITEM:
                total[item] += weight[rank]
    return [t / len(lists) for t in total]


def audited_by_hand(
    lists: np.ndarray, *, profile: sparse.csr_matrix | None = None, seed: int = 0, **more: Any
) -> AuditedLists:
    """Lists without columns, read by rank-biased precision."""
    profile = sparse.csr_matrix((M, N)) if profile is None else profile
    return AuditedLists(
        graph=make_graph(M, N),
        lists=lists,
        weights=ex.rbp(K),
        profile=profile,
        items={},
        people={},
        draws=50,
        seed=seed,
        **more,
    )


WEIGHTS = {
    "rbp(0.8)": lambda r: 0.8 ** (r - 1),
    "dcg 1/log2(rank+1)": lambda r: 1 / math.log2(r + 1),
    "dcg 1/log2(max(rank,2))": lambda r: 1 / math.log2(max(r, 2)),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("browsing", WEIGHTS)
def test_exposure_shares_and_ratios(seed: int, browsing: str) -> None:
    rng = np.random.default_rng(seed)
    lists, member = random_lists(rng), random_membership(rng)
    weight = {r: WEIGHTS[browsing](r) for r in range(1, K + 1)}
    epsilon = epsilon_by_loops(lists, weight)
    exposure = ex.item_exposure(lists, ex.browsing_weights(browsing, K), N)
    assert exposure == pytest.approx(epsilon, abs=1e-12)
    dense, total = member.toarray(), sum(epsilon)
    share = [sum(epsilon[i] * dense[i, g] for i in range(N)) / total for g in range(GROUPS)]
    target = [sum(dense[:, g]) / N for g in range(GROUPS)]
    got = ex.shares(ex.column_sums(ex.list_exposure(lists, ex.browsing_weights(browsing, K), member)))
    assert got == pytest.approx(share, abs=1e-9)
    ratio = [e / t for e, t in zip(share, target, strict=True)]
    assert ex.ratios(got, ex.catalogue_share(member)) == pytest.approx(ratio, abs=1e-9)
    assert float(shares.impact_ratio(np.array(ratio))) == pytest.approx(min(ratio) / max(ratio), abs=1e-9)
    distance = jensenshannon(share, target, base=2)
    assert float(shares.awrf(np.array(share), np.array(target))) == pytest.approx(1 - distance**2, abs=1e-9)


def test_awrf_reaches_both_ends() -> None:
    assert float(shares.awrf(np.array([0.5, 0.5]), np.array([0.5, 0.5]))) == 1
    assert float(shares.awrf(np.array([1.0, 0.0]), np.array([0.0, 1.0]))) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_cascade_stops_at_what_is_relevant(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lists, likes = random_lists(rng), rng.random((M, N)) < 0.3
    attention = ex.attention_of(ex.CASCADE, lists, N, sparse.csr_matrix(likes.astype(float)))
    for u, row in enumerate(lists):
        left = 1.0
        for rank, item in enumerate(row, 1):
            assert attention[u, rank - 1] == pytest.approx(0.8 ** (rank - 1) * left, abs=1e-12)
            left *= 0.5 if item != NO_ITEM and likes[u, item] else 1.0


@pytest.mark.parametrize("seed", SEEDS)
def test_target_exposure_is_the_mean_over_all_ideal_orders(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, k = 5, 3
    weights, likes = ex.rbp(k), rng.random((4, n)) < 0.4
    expected_by_loops = np.zeros(n)
    for row in likes:
        orders = [o for o in itertools.permutations(range(n)) if list(row[list(o)]) == sorted(row, reverse=True)]
        for order in orders:
            for rank, item in enumerate(order[:k]):
                expected_by_loops[item] += weights[rank] / len(orders) / 4
    target = expected.target_exposure(weights, n, 4, sparse.csr_matrix(likes.astype(float)))
    assert target == pytest.approx(expected_by_loops, abs=1e-9)
    assert expected.target_exposure(weights, n, 4) == pytest.approx([sum(weights) / n] * n, abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_expected_exposure_parts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lists, likes = random_lists(rng, holes=False), sparse.csr_matrix((rng.random((M, N)) < 0.3).astype(float))
    audited = audited_by_hand(lists, target="relevance", positives=likes, seed=seed)
    figures = {figure.name: figure.value for figure in expected.measure_expected(audited)}
    given = np.array(
        [[sum(0.8**place for place, i in enumerate(row) if i == item) for item in range(N)] for row in lists]
    )
    ideal = np.array([expected.target_exposure(ex.rbp(K), N, 1, likes[[u]]) for u in range(M)])
    epsilon, target = given.mean(axis=0), ideal.mean(axis=0)
    noise = sum(np.var(given[:, i] - ideal[:, i], ddof=1) / M for i in range(N))
    loss = sum((e - t) ** 2 for e, t in zip(epsilon, target, strict=True))
    assert figures["EE-L"] == pytest.approx(max(0.0, loss - noise), abs=1e-9)
    own_noise = sum(np.var(given[:, i], ddof=1) / M for i in range(N))
    assert figures["EE-D"] == pytest.approx(max(0.0, sum(e * e for e in epsilon) - own_noise), abs=1e-9)
    assert figures["EE-R"] == pytest.approx(2 * sum(e * t for e, t in zip(epsilon, target, strict=True)), abs=1e-9)
    assert loss == pytest.approx(epsilon @ epsilon - figures["EE-R"] + target @ target, abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_expected_exposure_against_items_all_alike(seed: int) -> None:
    lists = random_lists(np.random.default_rng(seed), holes=False)
    figures = {figure.name: figure.value for figure in expected.measure_expected(audited_by_hand(lists, seed=seed))}
    assert set(figures) == {"EE-L", "EE-D"}, "EE-R is a constant where the target does not come from people"
    given = np.array(
        [[sum(0.8**place for place, i in enumerate(row) if i == item) for item in range(N)] for row in lists]
    )
    noise = sum(np.var(given[:, i], ddof=1) / M for i in range(N))
    even = sum(0.8**place for place in range(K)) / N
    assert figures["EE-L"] == pytest.approx(
        max(0.0, sum((e - even) ** 2 for e in given.mean(axis=0)) - noise), abs=1e-9
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_utility_and_equity(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, r = rng.random(N), rng.random(N) * (rng.random(N) < 0.5)
    by_loops = sum(abs(x / sum(a) - y / sum(r)) for x, y in zip(a, r, strict=True))
    assert float(merit.amortised_inequity(a, r)) == pytest.approx(by_loops, abs=1e-9)
    assert np.isnan(merit.amortised_inequity(a, np.zeros(N)))
    e, u = rng.random(4) + 0.1, rng.random(4) + 0.1
    log_ratios = merit.log_utility_ratios(e[None, :], u[None, :])[0]
    for g in range(4):
        rest_e, rest_u = (sum(x for h, x in enumerate(values) if h != g) for values in (e, u))
        assert log_ratios[g] == pytest.approx(math.log((e[g] / u[g]) / (rest_e / rest_u)), abs=1e-9)
    none, all_of_one = np.array([[0.0, 1.0, 1.0]]), np.array([[1.0, 0.0, 0.0]])
    assert merit.log_utility_ratios(none, np.ones((1, 3)))[0, 0] == -math.inf
    assert np.isnan(merit.log_utility_ratios(np.ones((1, 3)), none)[0, 0]), "no utility is not estimable"
    assert np.isnan(merit.log_utility_ratios(np.ones((1, 3)), all_of_one)[0, 0]), "nor is none of the others"


def test_equity_reaches_two_when_attention_and_merit_do_not_meet() -> None:
    assert float(merit.amortised_inequity(np.array([1.0, 0.0]), np.array([0.0, 3.0]))) == 2


@pytest.mark.parametrize("seed", SEEDS)
def test_joint_exposure(seed: int) -> None:
    rng = np.random.default_rng(seed)
    users, excess = rng.integers(3, size=M), rng.normal(size=(M, N))
    groups = np.repeat(np.arange(GROUPS), [5, 4, 4, 4])
    cells = [
        np.mean([[excess[u, i] for i in range(N) if groups[i] == g] for u in range(M) if users[u] == c]) ** 2
        for c in range(3)
        for g in range(GROUPS)
    ]
    summed = np.array([[excess[np.ix_(users == c, groups == g)].sum() for g in range(GROUPS)] for c in range(3)])
    sizes, n_items = np.bincount(users, minlength=3).astype(float), np.bincount(groups).astype(float)
    got = joint.group_to_group(joint.cell_means(summed, sizes, n_items))
    assert got == pytest.approx(np.mean(cells), abs=1e-9)
    every = [np.mean(excess[:, groups == g]) ** 2 for g in range(GROUPS)]
    assert joint.all_to_group(summed, float(M), n_items) == pytest.approx(np.mean(every), abs=1e-9)


def test_the_gini_of_ten_items_five_people_two_places() -> None:
    """Counts 5, 3, 2 and seven zeros: G = .76 by pairs, Gmin = 0 (10 places, 10 items), (.76 - 0)/(1 -
    .2 - 0) = .95.
    """
    counts = np.array([5, 3, 2] + [0] * 7, dtype=float)
    plain = sum(abs(a - b) for a in counts for b in counts) / (2 * len(counts) * counts.sum())
    assert plain == pytest.approx(0.76)
    assert float(concentration.corrected_gini(counts, 2, 5)) == pytest.approx(0.95, abs=1e-12)
    formula = next(m.spec.formula for m in all_metrics() if m.spec.name == "corrected Gini")
    assert "(G - Gmin)/(1 - k/n - Gmin)" in formula


@pytest.mark.parametrize("seed", SEEDS)
def test_gini_bounds_are_those_of_lists_without_repetition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, k, m = int(rng.integers(4, 12)), 2, int(rng.integers(3, 9))
    even = np.array([(k * m) // n + (i < (k * m) % n) for i in range(n)], dtype=float)
    assert float(concentration.corrected_gini(even, k, m)) == pytest.approx(0, abs=1e-9)
    same = np.array([m] * k + [0] * (n - k), dtype=float)
    assert float(concentration.corrected_gini(same, k, m)) == pytest.approx(1, abs=1e-9)
    counts = rng.integers(0, 5, n).astype(float) + (np.arange(n) == 0)
    by_pairs = sum(abs(a - b) for a in counts for b in counts) / (2 * n * counts.sum())
    assert float(concentration.gini(counts)) == pytest.approx(by_pairs, abs=1e-9)
    assert float(concentration.effective_catalogue(counts)) == pytest.approx(math.exp(entropy(counts)) / n, abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_popularity_lift_and_tail(seed: int) -> None:
    rng = np.random.default_rng(seed)
    profile = sparse.csr_matrix((rng.random((M, N)) < 0.4).astype(float))
    pop = np.asarray(profile.sum(axis=0)).ravel()
    lists = random_lists(rng, holes=False)
    rows = ex.attention(lists, np.ones(K), N)
    rec = [np.mean([pop[i] for i in row]) for row in lists]
    own = [np.mean([pop[i] for i in profile[u].indices]) for u in range(M)]
    assert popularity.mean_popularity(rows, pop) == pytest.approx(rec, abs=1e-9)
    got = popularity.lift(np.array([[sum(rec), sum(own)]]))
    assert got == pytest.approx(np.array([[(np.mean(rec) - np.mean(own)) / np.mean(own)]]), abs=1e-9)
    audited = audited_by_hand(lists, profile=profile, seed=seed)
    figure = popularity.measure_lift(audited)[0]
    assert figure.value == pytest.approx((np.mean(rec) - np.mean(own)) / np.mean(own), abs=1e-9)
    tail, held = popularity.tail_items(pop), 0.0
    for i in sorted(range(N), key=lambda i: (pop[i], i)):
        held += pop[i]
        assert tail[i] == (held <= 0.2 * pop.sum() + 1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_calibration_is_steck_s_divergence(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, q = rng.dirichlet(np.ones(6), 5), rng.dirichlet(np.ones(6), 5)
    q[0, :3] = 0
    q[0] /= q[0].sum()
    by_scipy = [entropy(a, 0.99 * b + 0.01 * a) for a, b in zip(p, q, strict=True)]
    assert calibration.miscalibration(p, q) == pytest.approx(by_scipy, abs=1e-9)
    member, lists = random_membership(rng), random_lists(rng)
    got = calibration.distribution(ex.attention(lists, np.ones(K), N), member)
    assert np.isnan(got[0]).all()
    rows = [[member.toarray()[i] for i in row if i != NO_ITEM] for row in lists[1:]]
    assert got[1:] == pytest.approx(np.array([np.mean(row, axis=0) for row in rows]), abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_diversity_jaccard_concentration(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lists, features = random_lists(rng), rng.random((N, 6))
    got = echo.intra_list_diversity(lists, features)
    for u, row in enumerate(lists):
        kept = [i for i in row if i != NO_ITEM]
        pairs = [cosine(features[a], features[b]) for a, b in itertools.combinations(kept, 2)]
        assert np.isnan(got[u]) if not pairs else got[u] == pytest.approx(np.mean(pairs), abs=1e-9)
    rows = ex.attention(lists, np.ones(K), N)
    a, b = rng.integers(1, M, 30), rng.integers(1, M, 30)
    sets = [{i for i in row if i != NO_ITEM} for row in lists]
    by_sets = [len(sets[x] & sets[y]) / len(sets[x] | sets[y]) for x, y in zip(a, b, strict=True)]
    assert echo.jaccard(rows, a, b) == pytest.approx(by_sets, abs=1e-9)
    code = rng.integers(3, size=N)
    most = [max(sum(code[i] == c for i in s) for c in range(3)) / len(s) for s in sets[1:]]
    assert echo.concentration(rows, code)[1:] == pytest.approx(most, abs=1e-9)


def test_lists_of_one_have_no_diversity() -> None:
    assert np.isnan(echo.intra_list_diversity(np.array([[3], [4]]), np.eye(N))).all()


def test_communities_find_two_worlds_that_share_nobody() -> None:
    profile = np.zeros((40, 12))
    rng = np.random.default_rng(0)
    profile[:20, :6], profile[20:, 6:] = rng.random((20, 6)) < 0.6, rng.random((20, 6)) < 0.6
    code = echo.communities(sparse.csr_matrix(profile))
    whole = nx.Graph([(i, j) for i in range(12) for j in range(i) if (profile[:, i] * profile[:, j]).any()])
    for part in nx.connected_components(whole):
        others = set(range(12)) - part
        assert not {code[i] for i in part} & {code[j] for j in others}


def test_holm_by_hand() -> None:
    """Holm 1979: .01·4, .02·3, .03·2, .5·1, never falling; what was not tested does not count."""
    p = np.array([0.02, np.nan, 0.5, 0.01, 0.03])
    assert holm(p) == pytest.approx([0.06, np.nan, 0.5, 0.04, 0.06], nan_ok=True)


def test_p_is_of_the_limit_by_student_s_t_on_the_root() -> None:
    tests = limit_tests(np.array([0.5]), np.array([0.05]), 99.0, np.array([1e6]), np.array([2e6]), (0.8, 1.25))
    z = (math.sqrt(0.5) - math.sqrt(0.8)) / 0.05
    whole = 0.5 / (4 * 0.05**2)  # 50 places have the same relative error
    counted = 2 * poisson_tail(whole, whole * 0.8 / 0.5)
    assert tests.p_limit[0] == pytest.approx(max(2 * scipy_t.cdf(z, 99), counted))
    assert tests.p_pass[0] == 1.0


def poisson_tail(count: float, mean: float) -> float:
    """P(X ≤ count) as the gamma integral, for broken counts too."""
    return float(gamma.sf(mean, count + 1))


def test_counts_have_the_exact_limits_of_garwood() -> None:
    low, high = count_limits(np.array([0.0, 1.0, 5.0]))
    assert low == pytest.approx([0, chi2.ppf(0.025, 2) / 2, chi2.ppf(0.025, 10) / 2])
    assert high == pytest.approx([chi2.ppf(0.975, df) / 2 for df in (2, 4, 12)])
    assert at_most(np.array([3.0]), np.array([5.0]))[0] == pytest.approx(
        sum(math.exp(-5) * 5**n / math.factorial(n) for n in range(4))
    )
    assert at_least(np.array([3.0]), np.array([5.0]))[0] == pytest.approx(
        1 - sum(math.exp(-5) * 5**n / math.factorial(n) for n in range(3))
    )


def test_never_shown_fails_by_the_poisson_p_of_the_limit_not_of_equality() -> None:
    tests = limit_tests(np.zeros(1), np.zeros(1), 99.0, np.zeros(1), np.array([4.0]), (0.8, 1.25))
    assert tests.p_limit[0] == pytest.approx(2 * math.exp(-3.2))
    assert (tests.low[0], tests.high[0]) == (0.0, pytest.approx(chi2.ppf(0.975, 2) / 2 / 4))
