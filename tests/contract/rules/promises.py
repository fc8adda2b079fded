"""What every guardrail promises, as functions that raise ContractError with the method that broke it; driven by the
rule's own words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
from scipy import sparse

from core.errors import ContractError, OptionError
from core.guardrails.base import Groups, Pool, Rule, Setting, options_of, pool_of
from core.ranking import NO_ITEM
from tests.contract.promises.base import called, numbers, require

M, N_ITEMS, POOL, K, G = 24, 60, 20, 6, 4
COLUMN = "groups-of-the-test"


@dataclass(frozen=True, eq=False)
class RuleSubject:
    """A rule class over lists of 24 people, some of them short or empty, and items in four soft groups."""

    kind: type[Rule]

    def rules(self) -> Iterator[Rule]:
        """The rule at each of its strengths."""
        for strength in self.kind.strengths:
            yield self.with_options(**{self.kind.strength: strength})

    def with_options(self, **options: object) -> Rule:
        grouped = {"by": COLUMN} if "by" in options_of(self.kind) else {}
        rule = called("__init__", self.kind, **grouped, **options)
        assert isinstance(rule, Rule)
        return rule

    def applied(self, rule: Rule, pool: Pool, setting: Setting) -> Pool:
        answer = called("apply", rule.apply, pool, setting)
        require(isinstance(answer, Pool), "apply", f"the answer is {type(answer).__name__}, not a pool")
        return answer


def lists(seed: int) -> Pool:
    """Everybody's 20 best, random; the first person has no candidate, the second three."""
    rng = np.random.default_rng(seed)
    items = np.array([rng.choice(N_ITEMS, POOL, replace=False) for _ in range(M)])
    scores = -np.sort(-rng.normal(size=(M, POOL)), axis=1)
    items[0], items[1, 3:] = NO_ITEM, NO_ITEM
    scores[items == NO_ITEM] = -np.inf
    return pool_of(items, scores)


def setting(seed: int, asked: list[str] | None = None, k: int = K) -> Setting:
    """asked: takes the columns that a rule asks for."""
    rng = np.random.default_rng(seed + 100)
    soft = np.eye(G)[rng.integers(G, size=N_ITEMS)]
    soft[::5] = 0.5 * soft[::5] + 0.5 * np.roll(soft[::5], 1, axis=1)
    profile = sparse.csr_matrix((rng.random((M, N_ITEMS)) < 0.15).astype(float))
    groups = Groups(COLUMN, ("a", "b", "c", "d"), sparse.csr_matrix(soft), soft.mean(axis=0))

    def groups_of(by: str) -> Groups:
        if asked is not None:
            asked.append(by)
        return groups

    return Setting(k, 0.8 ** np.arange(k), np.asarray(profile.sum(axis=0)).ravel(), profile, groups_of)


Promise = Callable[[RuleSubject], None]
PROMISES: dict[str, Promise] = {}


def promise(check: Promise) -> Promise:
    """Decorator: makes a promise part of the contract of rules, in this order."""
    PROMISES[check.__name__] = check
    return check


def check(subject: RuleSubject) -> None:
    """Raises the ContractError of the first promise that the rule breaks."""
    for kept in PROMISES.values():
        kept(subject)


@promise
def a_rule_says_what_it_is(s: RuleSubject) -> None:
    for name in ("name", "title", "source", "description"):
        require(bool(str(getattr(s.kind, name, "")).strip()), name, "it is empty")
    require(s.kind.strength in options_of(s.kind), "strength", f"{s.kind.strength} is none of its options")
    different = len(set(s.kind.strengths)) == len(s.kind.strengths) > 1
    require(different, "strengths", "a slider needs at least two different strengths")
    for rule in s.rules():
        require(bool(called("summary", lambda r=rule: r.summary).strip()), "summary", "it is empty")


@promise
def lists_keep_their_candidates(s: RuleSubject) -> None:
    """The same items, none twice; relevance goes with the place; places are filled from the first."""
    for seed in range(3):
        pool = lists(seed)
        for rule in s.rules():
            answer = s.applied(rule, pool, setting(seed))
            require(answer.items.shape == pool.items.shape, "apply", "lists have another length")
            same = bool((np.sort(answer.items, axis=1) == np.sort(pool.items, axis=1)).all())
            require(same, "apply", "a list has other candidates, or one twice")
            numbers(answer.relevance, pool.relevance.shape, "apply")
            falling = bool((answer.relevance == -np.sort(-pool.relevance, axis=1)).all())
            require(falling, "apply", "the relevance of the places is not what it was")
            empty = answer.items == NO_ITEM
            require(bool((empty[:, :-1] <= empty[:, 1:]).all()), "apply", "a place is empty before one that is filled")


@promise
def the_same_lists_get_the_same_answer(s: RuleSubject) -> None:
    """And neither what the rule was given nor the order of the people enters."""
    for seed in range(2):
        pool, known = lists(seed), setting(seed)
        before, order = pool.items.copy(), np.random.default_rng(seed).permutation(M)
        for rule in s.rules():
            answer = s.applied(rule, pool, known)
            require(bool((pool.items == before).all()), "apply", "it changed the pool that it was given")
            again = s.applied(rule, pool, setting(seed))
            require(bool((again.items == answer.items).all()), "apply", "a second time it answers otherwise")
            others = Pool(pool.items[order], pool.relevance[order])
            turned = s.applied(rule, others, replace(known, profile=known.profile[order]))
            same = bool((turned.items[:, :K] == answer.items[order, :K]).all())
            require(same, "apply", "the order of the people enters")


@promise
def the_slider_goes_from_nothing_to_something(s: RuleSubject) -> None:
    pool = lists(0)
    weakest, *_, strongest = s.rules()
    unmoved = s.applied(weakest, pool, setting(0)).items[:, :K] == pool.items[:, :K]
    require(bool(unmoved.all()), "strengths", "the weakest setting moves items")
    moved = s.applied(strongest, pool, setting(0)).items[:, :K] != pool.items[:, :K]
    require(bool(moved.any()), "strengths", "the strongest setting moves nothing")


@promise
def a_rule_asks_for_the_groups_that_it_says_it_needs(s: RuleSubject) -> None:
    asked: list[str] = []
    rule = s.with_options(**{s.kind.strength: s.kind.strengths[-1]})
    s.applied(rule, lists(0), setting(0, asked))
    needed = set() if rule.column is None else {rule.column}
    require(set(asked) == needed, "column", f"it asked for {sorted(set(asked))} and says {sorted(needed)}")
    require(rule.protected is None or rule.column is not None, "protected", "a group of no column is protected")


@promise
def what_cannot_be_kept_is_said(s: RuleSubject) -> None:
    """A rule that demands something leaves no list that breaks it more than before, and says where lists still do."""
    for seed in range(3):
        pool = lists(seed)
        for rule in s.rules():
            known = setting(seed)
            answer = s.applied(rule, pool, known)
            left = called("broken", rule.broken, answer, known)
            require(
                left <= called("broken", rule.broken, pool, known), "apply", f"{left} lists break it, more than before"
            )
            require(left == 0 or bool(known.notes), "apply", f"{left} lists break it, and nothing is said of them")


@promise
def lists_of_any_size_are_taken(s: RuleSubject) -> None:
    """Nobody at all, and lists that are longer than what there is to choose from."""
    rule = s.with_options(**{s.kind.strength: s.kind.strengths[-1]})
    pool, known = lists(0), setting(0)
    nobody = s.applied(rule, Pool(pool.items[:0], pool.relevance[:0]), replace(known, profile=known.profile[:0]))
    require(nobody.items.shape == (0, POOL), "apply", "it makes up people")
    short = Pool(pool.items[:, :3], pool.relevance[:, :3])
    require(s.applied(rule, short, setting(0, k=5)).items.shape == (M, 3), "apply", "it makes up places")


@promise
def impossible_options_are_refused(s: RuleSubject) -> None:
    for option in fields(s.kind):
        if option.type in ("float", "int", float, int):
            for value in ("many", float("nan"), None, True):
                refused = False
                try:
                    s.kind(**{option.name: value})
                except OptionError:
                    refused = True
                except Exception as error:
                    raise ContractError(
                        f"__post_init__: {error!r} for {option.name}.", method="__post_init__"
                    ) from error
                require(refused, "__post_init__", f"{option.name} = {value!r} is taken")
