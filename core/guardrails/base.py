"""Rules that reorder lists after scoring: what a rule is given and gives back, and how several are applied in order.

A rule sees each person's candidates with a relevance from 0 to 1: the score, scaled over that person's candidates,
because scores of different models have different units. It answers with the places 1 to k. After a rule the k-th
largest relevance belongs to whatever stands at place k, so the next rule starts from the order so far. A new rule is
one new file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, TypeVar

import numpy as np
from scipy import sparse

from core.errors import OptionError, did_you_mean, shown
from core.graph import FloatArray, IntArray
from core.ranking import NO_ITEM
from core.registry import Registry
from core.texts import parted


@dataclass(frozen=True, eq=False)
class Pool:
    """Candidates of everybody, best first.

    items      int64 [m, n], NO_ITEM where a person has fewer
    relevance  float64 [m, n] in [0, 1], 0 where there is none
    """

    items: IntArray
    relevance: FloatArray


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups of the items that a rule is about: labels, soft membership CSR [n_items, groups], target share
    [groups]."""

    by: str
    labels: tuple[str, ...]
    membership: sparse.csr_matrix
    target: FloatArray


@dataclass(frozen=True, eq=False)
class Setting:
    """What is known when a rule runs. attention float64 [k]; popularity float64 [n_items]; profile CSR [m, n_items] of
    histories."""

    k: int
    attention: FloatArray
    popularity: FloatArray
    profile: sparse.csr_matrix
    groups: Callable[[str], Groups]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Rule(ABC):
    """A configured guardrail, with its words. Subclasses add their options as fields, check them in __post_init__ and
    reorder in `apply`.

    name, title, source  as a command, a page and a reader of papers call it
    description          what it does, one sentence
    strength             the option that a slider moves
    strengths            its values, from none to strong
    """

    name: ClassVar[str]
    title: ClassVar[str]
    source: ClassVar[str]
    description: ClassVar[str]
    strength: ClassVar[str]
    strengths: ClassVar[tuple[float, ...]]

    @abstractmethod
    def apply(self, pool: Pool, setting: Setting) -> Pool:
        """The pool with the first k places as the rule wants them, the others after in their old order.

        What cannot be kept is said in `setting.notes`.
        """

    @property
    def summary(self) -> str:
        """The rule in a few words, for the sentence of a moved item."""
        return self.title.lower()

    @property
    def column(self) -> str | None:
        """The item column whose groups the rule needs; None where it needs none."""
        return None

    @property
    def protected(self) -> str | None:
        """The one group of `column` that the rule lifts, where there is one."""
        return None

    def broken(self, pool: Pool, setting: Setting) -> int:
        """How many lists of a pool break what the rule demands; 0 of a rule that weighs and demands nothing."""
        return 0


@dataclass(frozen=True)
class GroupedRule(Rule):
    """A rule about groups of items. by: the item column that they come from."""

    by: str = "topic"

    @property
    def column(self) -> str | None:
        return self.by


RULES: Registry[type[Rule]] = Registry(
    "core.guardrails", name_of=lambda rule: rule.name, order_of=lambda rule: rule.name
)
AnyRule = TypeVar("AnyRule", bound=Rule)


def guardrail(rule: type[AnyRule]) -> type[AnyRule]:
    """Class decorator: makes a rule known under its name."""
    RULES.add(rule)
    return rule


def all_guardrails() -> dict[str, type[Rule]]:
    """Every rule by its name."""
    return RULES.entries()


def options_of(rule: type[Rule]) -> tuple[str, ...]:
    """Names of what can be set of a rule."""
    return tuple(field.name for field in fields(rule))


def rule_from(content: dict[str, Any]) -> Rule:
    """{"name": …, options…} as a rule. Raises OptionError for unknown names, options and impossible values."""
    known, options = all_guardrails(), dict(content)
    name = options.pop("name", None)
    if name not in known:
        raise OptionError(
            f"There is no guardrail {shown(name)}: choose {', '.join(known)}.{did_you_mean(str(name), tuple(known))}"
        )
    rule = known[str(name)]
    known_options = options_of(rule)
    for option in options:
        if option not in known_options:
            raise OptionError(f"Guardrail {name} has no option {shown(option)}: it has {', '.join(known_options)}.")
    try:
        return rule(**options)
    except TypeError as error:
        raise OptionError(f"Guardrail {name}: {str(error).partition('__init__() ')[2] or error}.") from None


def rule_from_text(text: str) -> Rule:
    """ "minimum-exposure:by=author_group,group=new,share=0.8" as a rule.

    The options are a row of CSV: a column or group that holds a comma stands in quotes, `"group=Fish, tea"`.
    """
    name, _, rest = text.partition(":")
    options: dict[str, Any] = {"name": name.strip()}
    known = all_guardrails().get(name.strip())
    numbers = (
        {field.name for field in fields(known) if field.type in ("float", "int", float, int)}
        if known is not None
        else set()
    )
    for part in parted(rest):
        key, sign, value = part.partition("=")
        if not sign:
            raise OptionError(
                f"{shown(part)} is no option: write key=value, for example minimum-exposure:by=genre,share=0.8."
            )
        options[key.strip()] = _number(value.strip()) if key.strip() in numbers else value.strip()
    return rule_from(options)


def _number(text: str) -> int | float | str:
    """The number that a text is; other text stays, for the rule to refuse."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def number(name: str, value: object, low: float, high: float) -> float:
    """An option as a number within its limits. Raises OptionError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise OptionError(f"{name} is {shown(value)}; it must be a number from {low:g} to {high:g}.")
    return float(value)


def pool_of(items: IntArray, scores: FloatArray) -> Pool:
    """Candidates as `rank_all` gives them, with relevance scaled to [0, 1] over each person's candidates."""
    listed = items != NO_ITEM
    low = np.where(listed, scores, np.inf).min(axis=1, keepdims=True)
    high = np.where(listed, scores, -np.inf).max(axis=1, keepdims=True)
    span = np.where(np.isfinite(high - low) & (high > low), high - low, 1.0)
    with np.errstate(invalid="ignore"):
        relevance = np.where(listed, (scores - low) / span, 0.0)
    return Pool(items, np.nan_to_num(relevance))


def placed(pool: Pool, chosen: IntArray) -> Pool:
    """The pool with `chosen` (positions in the pool, int64 [m, k], distinct in a row) first, the rest in its old
    order."""
    m, n = pool.items.shape
    rank = np.broadcast_to(np.arange(n) + n, (m, n)).copy()
    np.put_along_axis(rank, chosen, np.broadcast_to(np.arange(chosen.shape[1]), chosen.shape), axis=1)
    order = np.argsort(rank, axis=1, kind="stable")
    return Pool(np.take_along_axis(pool.items, order, axis=1), -np.sort(-pool.relevance, axis=1))


def sorted_by(pool: Pool, value: FloatArray) -> Pool:
    """The pool in descending order of value [m, n], equal ones as they stood, empty places last."""
    order = np.argsort(np.where(pool.items == NO_ITEM, np.inf, -value), axis=1, kind="stable")
    return Pool(np.take_along_axis(pool.items, order, axis=1), -np.sort(-pool.relevance, axis=1))


def apply_all(pool: Pool, rules: Sequence[Rule], setting: Setting) -> list[Pool]:
    """The pool before and after each rule, in order."""
    pools = [pool]
    for rule in rules:
        pools.append(rule.apply(pools[-1], setting))
    return pools
