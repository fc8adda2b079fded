"""In 200 worlds whose truth is known: how often is anything called a failure that is none, and do intervals hold what
is true?

Items: half of the groups get exactly the lower limit of their share, the others as much more; whoever fails does so
falsely. People: cohorts that are all alike, or of which half are exactly as far below everybody else as is allowed.
Quality is drawn from a beta law, and from one that is 0 for most people, as a single held-out item makes it. The full
audit of people is marked slow; the suite runs the differences that its verdicts are made of.
"""

from __future__ import annotations

import numpy as np
import pytest

from core.graph import FloatArray, IntArray
from explain.fairness.gap import differences, spread
from tests.fairness_world import audit_items, audit_users, make_evaluation, make_graph

N_DRAWS, K, PER_GROUP, LIMIT = 200, 10, 20, 0.05
MOST_FALSE = 0.05 + 2 * np.sqrt(0.05 * 0.95 / N_DRAWS)  # 5 % and two Monte-Carlo errors
HELD = (0.92, 0.98)
OCCUPATIONS = np.array([180, 90, 90, 72, 63, 54, 45, 45, 36, 36, 27, 27, 27, 27, 18, 18, 18, 18])


def lists_of(truth: FloatArray, n: int, rng: np.random.Generator) -> IntArray:
    """int64 [n, K]: each place goes to a group by the person's own taste, which is drawn around the truth; no item
    comes twice.
    """
    taste = rng.dirichlet(20.0 * truth, n)
    group = (rng.random((n, K, 1)) > np.cumsum(taste, axis=1)[:, None, :-1]).sum(axis=2)
    start = rng.integers(PER_GROUP, size=(n, len(truth)))
    return group * PER_GROUP + (start[np.arange(n)[:, None], group] + np.arange(K)) % PER_GROUP


@pytest.mark.parametrize(("n_groups", "n_people"), [(4, 250), (20, 250), (60, 250)])
def test_groups_of_items_at_the_limit_fail_no_oftener_than_alpha_whatever_their_number(
    n_groups: int, n_people: int
) -> None:
    ratios = np.tile([0.8, 1.2], n_groups // 2)
    brands = [f"g{g:02d}" for g in range(n_groups) for _ in range(PER_GROUP)]
    graph, false, held = make_graph(n_people, len(brands), items={"brand": brands}), 0, []
    for seed in range(N_DRAWS):
        rows = audit_items(
            graph, lists_of(ratios / n_groups, n_people, np.random.default_rng(seed)), "brand", K, browsing="rbp(0.8)"
        ).rows
        false += any(row.verdict == "fail" for row in rows)
        held += [row.low <= true <= row.high for row, true in zip(rows, ratios, strict=True)]  # type: ignore[operator]
        assert all((row.p_adjusted < 0.05) == (row.verdict == "fail") for row in rows)  # type: ignore[operator]
        assert all((row.p_pass_adjusted < 0.05) == (row.verdict == "pass") for row in rows)  # type: ignore[operator]
    print(f"{n_groups} groups: any false failure {false / N_DRAWS:.3f}, coverage {np.mean(held):.3f}")
    assert false / N_DRAWS <= MOST_FALSE
    assert HELD[0] <= np.mean(held) <= HELD[1]


def quality(sizes: IntArray, means: FloatArray, law: str, rng: np.random.Generator) -> list[FloatArray]:
    """One float64 [n_g] a cohort, of these means."""
    values = []
    for n, mean in zip(sizes.tolist(), means.tolist(), strict=True):
        if law == "beta":
            values.append(rng.beta(8 * mean, 8 * (1 - mean), n))
        else:
            gains = 1 / np.log2(np.arange(2, K + 2))
            values.append((rng.random(n) < 2 * mean) * gains[rng.integers(K, size=n)] / gains.mean() / 2)
    return values


def at_limit(n_cohorts: int) -> tuple[IntArray, FloatArray]:
    """Every second cohort is exactly LIMIT below all others together."""
    below = LIMIT * 2 * (n_cohorts - 1) / n_cohorts
    return np.full(n_cohorts, 900 // n_cohorts), np.where(np.arange(n_cohorts) % 2 == 0, 0.3 - below, 0.3)


def truths(sizes: IntArray, means: FloatArray) -> FloatArray:
    return means - (means @ sizes - means * sizes) / (sizes.sum() - sizes)


POPULATIONS = {"18 equal": (OCCUPATIONS, np.full(18, 0.3))} | {f"{n} at the limit": at_limit(n) for n in (6, 10, 30)}


@pytest.mark.parametrize("law", ["beta", "mostly nothing"])
@pytest.mark.parametrize("name", POPULATIONS)
def test_cohorts_at_the_limit_fail_no_oftener_than_alpha_and_bands_hold_all_differences(name: str, law: str) -> None:
    sizes, means = POPULATIONS[name]
    true, false, held = truths(sizes, means), 0, 0
    for seed in range(N_DRAWS):
        gaps = differences(quality(sizes, means, law, np.random.default_rng(1_000 + seed)), np.random.default_rng(seed))
        fails = gaps.over_all(gaps.p_below(LIMIT)) < 0.05
        assert (fails == (gaps.high < -LIMIT)).all(), "bands and p-values say the same"
        false += bool(fails.any())
        held += bool(((gaps.low <= true) & (true <= gaps.high)).all())
    print(f"{name}, {law}: any false failure {false / N_DRAWS:.3f}, all differences held {held / N_DRAWS:.3f}")
    assert false / N_DRAWS <= MOST_FALSE
    assert HELD[0] <= held / N_DRAWS <= 0.99


def test_the_size_of_all_differences_is_0_where_there_is_none_and_found_where_there_is_one() -> None:
    held = {"none": 0, "some": 0}
    for seed in range(60):
        rng = np.random.default_rng(seed)
        none = spread(quality(OCCUPATIONS, np.full(18, 0.3), "beta", rng), np.random.default_rng(seed), draws=500)
        means = 0.3 + 0.05 * rng.standard_normal(18)
        some = spread(quality(np.full(18, 100), means, "beta", rng), np.random.default_rng(seed), draws=500)
        held["none"] += none.low == 0
        held["some"] += some.low <= 0.05 <= some.high
        assert some.low > 0
    assert held["none"] >= 55
    assert held["some"] >= 53


@pytest.mark.slow
@pytest.mark.parametrize("name", POPULATIONS)
def test_a_whole_audit_of_people_fails_no_oftener_than_alpha_and_only_where_a_row_does(name: str) -> None:
    sizes, means = POPULATIONS[name]
    labels = [f"c{g:02d}" for g, n in enumerate(sizes.tolist()) for _ in range(n)]
    graph, false, held = make_graph(len(labels), 2, users={"cohort": labels}), 0, []
    for seed in range(N_DRAWS):
        values = np.concatenate(quality(sizes, means, "beta", np.random.default_rng(1_000 + seed)))
        audit = audit_users(graph, make_evaluation(values), "cohort", 2, seed=seed, draws=200)
        failed = any(row.verdict == "fail" for row in audit.rows)
        assert (audit.overall.verdict == "fail") == failed
        false += failed
        held += [row.low <= mean <= row.high for row, mean in zip(audit.rows, means.tolist(), strict=True)]
    print(f"{name}: any false failure {false / N_DRAWS:.3f}, rows held {np.mean(held):.3f}")
    assert false / N_DRAWS <= MOST_FALSE
    assert HELD[0] <= np.mean(held) <= HELD[1]
