"""Every registered guardrail keeps the contract of rules; a stranger's does, and planted mistakes are refused by
name."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import core.guardrails
from core.errors import ContractError
from core.guardrails.base import RULES, Pool, Rule, Setting, all_guardrails, rule_from_text
from core.guardrails.cap import CreatorCap
from core.guardrails.diversity import MaximalMarginalRelevance
from core.guardrails.popularity import PopularityPenalty
from tests.command_line import surfaced
from tests.contract.rules.promises import PROMISES, RuleSubject, check

STRANGER = Path(__file__).parent / "strangers" / "newest_first.py"


@pytest.mark.parametrize("promise", PROMISES)
@pytest.mark.parametrize("name", all_guardrails())
def test_every_rule_keeps_every_promise(name: str, promise: str) -> None:
    PROMISES[promise](RuleSubject(all_guardrails()[name]))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[type[Rule]]:
    """The stranger's file in a folder that Python takes for a part of core/guardrails; gone again afterwards."""
    folder = tmp_path_factory.mktemp("strangers")
    shutil.copy(STRANGER, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core.guardrails, "__path__", [*core.guardrails.__path__, str(folder)])
        patch.setattr(RULES, "_entries", dict(RULES._entries))
        importlib.invalidate_caches()
        yield all_guardrails()["newest-first"]
    sys.modules.pop("core.guardrails.newest_first", None)


@pytest.mark.parametrize("promise", PROMISES)
def test_a_stranger_s_rule_keeps_every_promise(stranger: type[Rule], promise: str) -> None:
    PROMISES[promise](RuleSubject(stranger))


def test_commands_know_a_stranger_s_rule(stranger: type[Rule], home: Path) -> None:
    assert rule_from_text("newest-first:weight=0.5") == stranger(weight=0.5)
    ask = ("guardrail", "--workspace", "newsroom", "--model", "path", "--rule", "newest-first:weight=0.5", "--json")
    assert surfaced(*ask).json["rules"][0]["title"] == "Newest first"


@dataclass(frozen=True)
class Mistake:
    """base: the sound rule; method: the one that the contract must name; changes: what the mistaken class has
    instead."""

    name: str
    base: type[Rule]
    method: str
    changes: dict[str, Any]


def twice(self: Rule, pool: Pool, setting: Setting) -> Pool:
    items = pool.items.copy()
    items[:, 1] = items[:, 0]
    return Pool(items, pool.relevance)


def shorter(self: Rule, pool: Pool, setting: Setting) -> Pool:
    return Pool(pool.items[:, : setting.k], pool.relevance[:, : setting.k])


def by_lot(self: Rule, pool: Pool, setting: Setting) -> Pool:
    answer = PopularityPenalty.apply(self, pool, setting)
    first = answer.items[-1, : setting.k]
    answer.items[-1, : setting.k] = np.random.default_rng().permutation(first)
    return answer


def in_place(self: Rule, pool: Pool, setting: Setting) -> Pool:
    answer = MaximalMarginalRelevance.apply(self, pool, setting)
    pool.items[:] = answer.items
    return answer


def unsorted_relevance(self: Rule, pool: Pool, setting: Setting) -> Pool:
    answer = PopularityPenalty.apply(self, pool, setting)
    return Pool(answer.items, answer.relevance[:, ::-1].copy())


def nothing_moved(self: Rule, pool: Pool, setting: Setting) -> Pool:
    return pool


def first_person_leads(self: Rule, pool: Pool, setting: Setting) -> Pool:
    """Only the first half of the people is reordered."""
    answer = PopularityPenalty.apply(self, pool, setting)
    half = len(pool.items) // 2
    return Pool(np.concatenate([answer.items[:half], pool.items[half:]]), answer.relevance)


def one_more_than_its_cap(self: CreatorCap, pool: Pool, setting: Setting) -> Pool:
    """The cap is kept one too late, and nothing is said."""
    return CreatorCap.apply(replace(self, most=self.most + 1), pool, replace(setting, notes=[]))


def raises(self: Rule, pool: Pool, setting: Setting) -> Pool:
    raise ZeroDivisionError


MISTAKES = (
    Mistake("an item twice", PopularityPenalty, "apply", {"apply": twice}),
    Mistake("no permutation", PopularityPenalty, "apply", {"apply": shorter}),
    Mistake("not deterministic", PopularityPenalty, "apply", {"apply": by_lot}),
    Mistake("changes what it was given", MaximalMarginalRelevance, "apply", {"apply": in_place}),
    Mistake("relevance upside down", PopularityPenalty, "apply", {"apply": unsorted_relevance}),
    Mistake("the order of people enters", PopularityPenalty, "apply", {"apply": first_person_leads}),
    Mistake("more than its cap", CreatorCap, "apply", {"apply": one_more_than_its_cap}),
    Mistake("an exception", PopularityPenalty, "apply", {"apply": raises}),
    Mistake("no effect", PopularityPenalty, "strengths", {"apply": nothing_moved}),
    Mistake("weakest is strong", PopularityPenalty, "strengths", {"strengths": (0.4, 0.8)}),
    Mistake("one strength", PopularityPenalty, "strengths", {"strengths": (0.0,)}),
    Mistake("no such option", PopularityPenalty, "strength", {"strength": "power"}),
    Mistake("groups unsaid", MaximalMarginalRelevance, "column", {"column": property(lambda self: None)}),
    Mistake("groups not needed", PopularityPenalty, "column", {"column": property(lambda self: "topic")}),
    Mistake("any number", PopularityPenalty, "__post_init__", {"__post_init__": lambda self: None}),
    Mistake("no words", PopularityPenalty, "description", {"description": " "}),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=[m.name for m in MISTAKES])
def test_a_mistake_is_refused_with_the_name_of_its_method(mistake: Mistake) -> None:
    mistaken = type("Mistaken", (mistake.base,), {"__module__": __name__, **mistake.changes})
    with pytest.raises(ContractError) as refused:
        check(RuleSubject(mistaken))
    assert refused.value.method == mistake.method, str(refused.value)


@pytest.mark.parametrize("base", dict.fromkeys(m.base for m in MISTAKES))
def test_the_sound_rules_are_not_refused(base: type[Rule]) -> None:
    check(RuleSubject(type("Sound", (base,), {"__module__": __name__})))


def test_two_rules_of_one_name_are_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="Two entries are called mmr"):
        RULES.add(type("Second", (MaximalMarginalRelevance,), {"__module__": "elsewhere"}))
