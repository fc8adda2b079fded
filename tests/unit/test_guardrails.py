"""Rules that reorder lists, against plain loops; and what every rule keeps: distinct candidates, nothing invented, none
is nothing.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from core.errors import OptionError
from core.guardrails.base import Groups, Pool, Setting, all_guardrails, pool_of, rule_from, rule_from_text
from core.ranking import NO_ITEM
from explain.charts.audits import tradeoff_curve
from explain.fairness import exposure as ex
from explain.fairness.reranking import (
    EVERYBODY,
    Steps,
    cohort_gains,
    counts,
    followed_group,
    group_changes,
    moved_sentence,
    mover,
    ndcg,
    ordinal,
    run_rules,
    score_kept,
    was_at,
)
from explain.groups.cohorts import Cohorts
from explain.results.guardrail import Cost, Gain, Guarded

M, N_ITEMS, POOL, K, G = 30, 60, 20, 6, 4
RULES = {
    "mmr": {"by": "x"},
    "xquad": {"by": "x"},
    "calibrated": {"by": "x"},
    "popularity-penalty": {},
    "creator-cap": {"by": "x"},
    "minimum-exposure": {"by": "x"},
}


def random_pool(seed: int, holes: bool = False) -> tuple[Pool, Setting]:
    rng = np.random.default_rng(seed)
    items = np.array([rng.choice(N_ITEMS, POOL, replace=False) for _ in range(M)])
    scores = -np.sort(-rng.normal(size=(M, POOL)), axis=1)
    if holes:
        items[0], items[1, 3:] = NO_ITEM, NO_ITEM
        scores[items == NO_ITEM] = -np.inf
    soft = np.eye(G)[rng.integers(G, size=N_ITEMS)]
    soft[::5] = 0.5 * soft[::5] + 0.5 * np.roll(soft[::5], 1, axis=1)
    member = sparse.csr_matrix(soft)
    profile = sparse.csr_matrix((rng.random((M, N_ITEMS)) < 0.15).astype(float))
    popularity = np.asarray(profile.sum(axis=0)).ravel()
    groups = Groups("x", ("a", "b", "c", "d"), member, soft.mean(axis=0))
    return pool_of(items, scores), Setting(K, 0.8 ** np.arange(K), popularity, profile, lambda by: groups)


def lists_by_loops(pool: Pool, gain: Any) -> np.ndarray:
    """Greedy by plain loops: gain(row, candidate column, columns chosen so far)."""
    lists = np.full((M, K), NO_ITEM)
    for u in range(M):
        left, chosen = [j for j in range(POOL) if pool.items[u, j] != NO_ITEM], []
        while left and len(chosen) < K:
            best = max(left, key=lambda j: (round(gain(u, j, chosen), 12), -j))
            chosen.append(best)
            left.remove(best)
        lists[u, : len(chosen)] = pool.items[u, chosen]
    return lists


def interest(setting: Setting, u: int) -> np.ndarray:
    member, own = setting.groups("x").membership.toarray(), setting.profile[u].indices
    return member[own].mean(axis=0) if len(own) else np.full(G, 1 / G)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weight", [0.2, 0.6])
def test_mmr_by_loops(seed: int, weight: float) -> None:
    pool, setting = random_pool(seed, holes=seed == 3)
    member = setting.groups("x").membership.toarray()

    def cosine(a: int, b: int) -> float:
        return float(member[a] @ member[b] / np.linalg.norm(member[a]) / np.linalg.norm(member[b]))

    def gain(u: int, j: int, chosen: list[int]) -> float:
        near = max((cosine(pool.items[u, j], pool.items[u, c]) for c in chosen), default=0.0)
        return float((1 - weight) * pool.relevance[u, j] - weight * near)

    reranked = rule_from({"name": "mmr", "by": "x", "weight": weight}).apply(pool, setting)
    assert (reranked.items[:, :K] == lists_by_loops(pool, gain)).all()


@pytest.mark.parametrize("seed", range(4))
def test_xquad_by_loops(seed: int) -> None:
    pool, setting = random_pool(seed)
    member = setting.groups("x").membership.toarray()

    def gain(u: int, j: int, chosen: list[int]) -> float:
        p, own = interest(setting, u), member[pool.items[u, j]]
        left = [math.prod(1 - member[pool.items[u, c], g] for c in chosen) for g in range(G)]
        return 0.6 * float(pool.relevance[u, j]) + 0.4 * sum(p[g] * own[g] * left[g] for g in range(G))

    reranked = rule_from({"name": "xquad", "by": "x", "weight": 0.4}).apply(pool, setting)
    assert (reranked.items[:, :K] == lists_by_loops(pool, gain)).all()


@pytest.mark.parametrize("seed", range(4))
def test_calibration_by_loops(seed: int) -> None:
    pool, setting = random_pool(seed)
    member = setting.groups("x").membership.toarray()

    def gain(u: int, j: int, chosen: list[int]) -> float:
        p, q = interest(setting, u), member[[pool.items[u, c] for c in (*chosen, j)]].mean(axis=0)
        kl = sum(p[g] * math.log(p[g] / (0.99 * q[g] + 0.01 * p[g])) for g in range(G) if p[g] > 0)
        return 0.5 * float(pool.relevance[u, j]) - 0.5 * kl

    reranked = rule_from({"name": "calibrated", "by": "x"}).apply(pool, setting)
    assert (reranked.items[:, :K] == lists_by_loops(pool, gain)).all()


def test_popularity_penalty_by_loops() -> None:
    pool, setting = random_pool(1)
    most = math.log1p(max(setting.popularity))
    reranked = rule_from_text("popularity-penalty:weight=0.5").apply(pool, setting)
    for u in range(M):
        value = {
            int(i): pool.relevance[u, j] - 0.5 * math.log1p(setting.popularity[i]) / most
            for j, i in enumerate(pool.items[u])
        }
        assert reranked.items[u].tolist() == sorted(value, key=lambda i: -value[i])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("most", [1, 2])
def test_a_cap_is_never_exceeded_where_it_can_be_kept(seed: int, most: int) -> None:
    pool, setting = random_pool(seed)
    single = sparse.csr_matrix(np.eye(10)[np.arange(N_ITEMS) % 10])
    setting = Setting(
        K,
        setting.attention,
        setting.popularity,
        setting.profile,
        lambda by: Groups("x", tuple("abcdefghij"), single, np.full(10, 0.1)),
    )
    reranked = rule_from({"name": "creator-cap", "by": "x", "most": most}).apply(pool, setting)
    for u in range(M):
        creators = [i % 10 for i in pool.items[u]]
        if sum(min(most, creators.count(c)) for c in set(creators)) < K:
            continue
        kept: list[int] = []
        for i in pool.items[u].tolist():
            if len(kept) < K and sum(j % 10 == i % 10 for j in kept) < most:
                kept.append(i)
        assert reranked.items[u, :K].tolist() == kept, "the most relevant that the cap allows, in their order"


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("group", ["a", "*"])
def test_minimum_exposure_reaches_its_share(seed: int, group: str) -> None:
    pool, setting = random_pool(seed)
    groups = setting.groups("x")
    steps = run_rules(pool, [rule_from({"name": "minimum-exposure", "by": "x", "group": group, "share": 0.9})], setting)
    share = ex.shares(ex.column_sums(ex.list_exposure(steps.after, setting.attention, groups.membership)))
    wanted = range(G) if group == "*" else [0]
    for g in wanted:
        assert share[g] >= 0.9 * groups.target[g] - 1e-6
    assert not steps.notes


def test_minimum_exposure_gives_up_the_least_of_all_lists() -> None:
    """One place a list, so every choice of lists that reaches the share can be tried."""
    rng = np.random.default_rng(5)
    m = 8
    relevance = np.column_stack([np.ones(m), rng.random(m)])
    items = np.tile([0, 1], (m, 1))
    member = sparse.csr_matrix(np.eye(2))
    setting = Setting(
        1,
        np.ones(1),
        np.ones(2),
        sparse.csr_matrix((m, 2)),
        lambda by: Groups("x", ("big", "small"), member, np.array([0.5, 0.5])),
    )
    reranked = rule_from({"name": "minimum-exposure", "by": "x", "group": "small", "share": 0.75}).apply(
        Pool(items, relevance), setting
    )
    chosen = reranked.items[:, 0] == 1
    assert chosen.sum() == 3, "3 of 8 lists are the first number that reaches .375"
    assert set(np.flatnonzero(chosen)) == set(np.argsort(-relevance[:, 1])[:3].tolist()), "those that lose least"


def test_what_cannot_be_reached_is_said() -> None:
    pool, setting = random_pool(0)
    rare = sparse.csr_matrix(np.eye(2)[(np.arange(N_ITEMS) == N_ITEMS - 1).astype(int)])
    setting = Setting(
        K,
        setting.attention,
        setting.popularity,
        setting.profile,
        lambda by: Groups("x", ("rest", "rare"), rare, np.array([0.5, 0.5])),
    )
    steps = run_rules(pool, [rule_from_text("minimum-exposure:by=x,group=rare,share=1")], setting)
    assert len(steps.notes) == 1
    assert "rare gets" in steps.notes[0]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", RULES)
def test_every_rule_keeps_lists_whole(seed: int, name: str) -> None:
    pool, setting = random_pool(seed, holes=True)
    rule = all_guardrails()[name]
    for strength in rule.strengths:
        reranked = rule_from({"name": name, **RULES[name], rule.strength: strength}).apply(pool, setting)
        assert (np.sort(reranked.items, axis=1) == np.sort(pool.items, axis=1)).all(), "the same candidates, none twice"
        empty = reranked.items[:, :K] == NO_ITEM
        assert (empty[:, :-1] <= empty[:, 1:]).all(), "places are filled from the first"
    none = rule_from({"name": name, **RULES[name], rule.strength: rule.strengths[0]}).apply(pool, setting)
    assert (none.items[:, :K] == pool.items[:, :K]).all(), "the weakest setting changes nothing"


def test_steps_say_who_moved_what() -> None:
    pool, setting = random_pool(2)
    rules = [rule_from_text("popularity-penalty:weight=0.8"), rule_from_text("minimum-exposure:by=x,group=d,share=1")]
    steps = run_rules(pool, rules, setting)
    n_lists, n_moved, n_entered = counts(steps)
    assert n_lists == M
    assert n_moved == int((steps.before != steps.after).sum())
    assert n_entered == sum(
        len(set(a) - set(b)) for a, b in zip(steps.after.tolist(), steps.before.tolist(), strict=True)
    )
    places = was_at(steps, -1)
    for u in range(M):
        for place, item in enumerate(steps.after[u].tolist()):
            assert places[u, place] == pool.items[u].tolist().index(item) + 1
            rule = mover(steps, u, item)
            assert (rule is None) == (places[u, place] == place + 1)
    kept = [
        sum(
            0.8**r * dict(zip(pool.items[u].tolist(), pool.relevance[u].tolist(), strict=True))[i]
            for r, i in enumerate(row)
        )
        for u, row in enumerate(steps.after.tolist())
    ]
    full = [sum(0.8**r * v for r, v in enumerate(pool.relevance[u, :K])) for u in range(M)]
    assert score_kept(steps) == pytest.approx(np.mean([a / b for a, b in zip(kept, full, strict=True)]), abs=1e-9)


def test_sentences() -> None:
    rule = rule_from_text("minimum-exposure:by=author_group,group=new authors,share=0.8")
    assert moved_sentence(4, 9, rule) == "Placed 4th instead of 9th by *minimum exposure: new authors*."
    assert "made room" in moved_sentence(5, 4, rule)
    assert moved_sentence(4, 4, rule) == moved_sentence(4, 9, None) == ""
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)] == [
        "1st",
        "2nd",
        "3rd",
        "4th",
        "11th",
        "12th",
        "13th",
        "21st",
        "102nd",
        "111th",
    ]


def test_ndcg_by_loops() -> None:
    rng = np.random.default_rng(0)
    lists = np.array([rng.choice(N_ITEMS, K, replace=False) for _ in range(M)])
    likes = rng.random((M, N_ITEMS)) < 0.1
    likes[3] = False
    values = ndcg(lists, sparse.csr_matrix(likes.astype(float)))
    for u in range(M):
        gained = sum(1 / math.log2(place + 2) for place, item in enumerate(lists[u].tolist()) if likes[u, item])
        best = sum(1 / math.log2(place + 2) for place in range(min(K, int(likes[u].sum()))))
        assert math.isnan(values[u]) if u == 3 else values[u] == pytest.approx(gained / best, abs=1e-12)


def ratio_by_loops(lists: np.ndarray, member: np.ndarray, group: int) -> float:
    """Exposure share of a group over its catalogue share: RBP(.8) place by place."""
    total = of_group = 0.0
    for row in lists.tolist():
        for place, item in enumerate(row):
            if item != NO_ITEM:
                total += 0.2 * 0.8**place
                of_group += 0.2 * 0.8**place * member[item, group]
    return float(of_group / total / member[:, group].mean())


def test_gains_of_cohorts_are_the_ratios_of_their_own_lists() -> None:
    pool, setting = random_pool(5, holes=True)
    shared = setting.groups("x")
    groups = Cohorts("x", "item", shared.labels, shared.membership)
    code = np.arange(M) % 3
    code[code == 2] = np.where(np.arange(M)[code == 2] < 20, 0, 2)
    people = Cohorts("age", "user", ("young", "old", "few"), sparse.csr_matrix(np.eye(3)[code]))
    steps = run_rules(pool, [rule_from_text("minimum-exposure:by=x,group=c,share=1")], setting)
    gains = {g.cohort: g for g in cohort_gains(steps, groups, "c", people)}
    assert list(gains) == [EVERYBODY, "young", "old"], "a cohort of fewer than ten is left out"
    listed = (steps.before != NO_ITEM).any(axis=1)
    member = shared.membership.toarray()
    for cohort, rows in ((EVERYBODY, listed), ("young", listed & (code == 0)), ("old", listed & (code == 1))):
        assert gains[cohort].n == rows.sum()
        assert gains[cohort].before == pytest.approx(ratio_by_loops(steps.before[rows], member, 2), abs=1e-9)
        assert gains[cohort].after == pytest.approx(ratio_by_loops(steps.after[rows], member, 2), abs=1e-9)
    assert gains[EVERYBODY].after > gains[EVERYBODY].before


def test_the_followed_group_is_the_protected_one_or_the_worst_off() -> None:
    pool, setting = random_pool(6)
    shared = setting.groups("x")
    protects, other = rule_from_text("minimum-exposure:by=x,group=b,share=1"), rule_from_text("mmr:by=x")
    steps = run_rules(pool, [other], setting)
    changes = group_changes(steps, Cohorts("x", "item", shared.labels, shared.membership))
    ratios = [ratio_by_loops(steps.before, shared.membership.toarray(), g) for g in range(G)]
    assert followed_group(changes, [other, protects], "x") == "b"
    assert followed_group(changes, [other], "x") == shared.labels[int(np.argmin(ratios))]
    assert followed_group([], [other], "x") is None


def test_the_curve_has_a_line_a_cohort_with_its_gain_and_its_price() -> None:
    def at(step: int) -> Guarded:
        gains = tuple(
            Gain(
                group="new",
                n=n,
                before=0.4,
                before_low=None,
                before_high=None,
                after=0.4 + step * rise,
                low=None,
                high=None,
                cohort=cohort,
            )
            for cohort, n, rise in ((EVERYBODY, 90, 0.1), ("few", 10, 0.3), ("many", 80, 0.2))
        )
        paid = tuple(
            Cost(cohort=c, n=5, before=0.3, after=0.3 - step * fall, change=-step * fall, low=None, high=None)
            for c, fall in ((EVERYBODY, 0.01), ("many", 0.02), ("few", 0))
        )
        return Guarded(
            workspace="w",
            model="m",
            snapshot="s",
            k=10,
            by="x",
            rules=(),
            groups=(),
            costs=paid,
            gains=gains,
            score_kept=1.0,
            n_lists=90,
            n_moved=0,
            n_entered=0,
        )

    figure = tradeoff_curve([at(0), at(1), at(2)], ["0", "0.5", "1"], 1)
    assert [line.name for line in figure.data] == [EVERYBODY, "few", "many"], "in the order of the cohorts"
    line_of_many = figure.data[2]
    assert list(line_of_many.x) == pytest.approx([0.4, 0.6, 0.8])
    assert list(line_of_many.y) == pytest.approx([0.3, 0.28, 0.26])
    assert list(line_of_many.marker.symbol) == ["circle", "star", "circle"]
    assert len({(line.line.color, line.line.dash) for line in figure.data}) == 3
    assert [line.name for line in tradeoff_curve([at(0)], ["0"], 0, most=1).data] == [EVERYBODY, "many"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", "There is no guardrail"),
        ("mmr:weight=2", "must be a number from 0 to 1"),
        ("mmr:colour=2", "no option 'colour'"),
        ("mmr:weight", "write key=value"),
        ("creator-cap:most=0", "whole number"),
        ("minimum-exposure:share=x", "must be a number"),
        ("", "There is no guardrail"),
    ],
)
def test_what_is_no_rule_is_said(text: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        rule_from_text(text)


def test_unknown_groups_and_too_many_rules() -> None:
    pool, setting = random_pool(0)
    with pytest.raises(OptionError, match="no group of x"):
        run_rules(pool, [rule_from_text("minimum-exposure:by=x,group=z")], setting)
    for rules in ([], [rule_from_text("mmr:by=x")] * 7):
        with pytest.raises(OptionError, match="give 1 to 6"):
            run_rules(pool, rules, setting)
    assert isinstance(run_rules(pool, [rule_from_text("mmr:by=x")], setting), Steps)
