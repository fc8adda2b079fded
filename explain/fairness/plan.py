"""What is going to be audited, and by which limits: written down, checked and hashed before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from core.errors import OptionError, shown
from core.graph import InteractionGraph
from core.ranking import check_k
from explain.fairness import exposure as ex
from explain.fairness.family import FAMILIES
from explain.fairness.metrics.base import limit_names
from explain.fairness.thresholds import Target, Thresholds, policy_share
from explain.fairness.user_audit import REFERENCES
from explain.groups.cohorts import AGE_OF_ITEM, POPULARITY, UNKNOWN, columns
from explain.groups.intersections import SIGN, grouping, parts_of

MOST_COLUMNS, MOST_USUAL_GROUPS = 8, 24
USUAL_ITEM_COLUMNS, USUAL_USER_COLUMNS = 5, 4
MAX_TEXT = 2_000
LARGEST = 1e15  # of a number in a plan
MOST_SEED = 2**32 - 1


@dataclass(frozen=True)
class Plan:
    """An audit to be. target: "catalogue", "relevance" or {column: {group: share}} as a policy; intersections: up to
    three columns each.

    family     which tests p-values are adjusted over: those of a "table", an "obligation" (exposure, quality, cells),
               the "report"
    reference  of cohorts: "rest" (everybody else), "population", or {column: group}
    """

    workspace: str
    model: str
    k: int
    item_columns: tuple[str, ...]
    user_columns: tuple[str, ...]
    intersections: tuple[tuple[str, ...], ...] = ()
    target: str | Mapping[str, Mapping[str, float]] = "catalogue"
    target_reason: str = ""
    browsing: str = ex.RBP
    thresholds: Thresholds = field(default_factory=Thresholds)
    draws: int = 1_000
    seed: int = 0
    purpose: str = ""
    owner: str = ""
    surface: str = ""
    family: str = "table"
    reference: str | Mapping[str, str] = "rest"

    def reference_for(self, column: str) -> str:
        """Whom a group of a column of people is compared with: "rest", "population" or a group."""
        return self.reference if isinstance(self.reference, str) else self.reference.get(column, "rest")

    def as_json(self) -> dict[str, Any]:
        found = asdict(self) | {"thresholds": self.thresholds.as_json(), "min_cell": self.thresholds.min_n}
        return found | {
            "item_columns": list(self.item_columns), "user_columns": list(self.user_columns),
            "intersections": [list(names) for names in self.intersections],
        }  # fmt: skip

    def target_for(self, column: str) -> Target:
        """The target of one item column."""
        if isinstance(self.target, str):
            return "relevance" if self.target == "relevance" else "catalogue"
        return self.target.get(column, "catalogue")

    @property
    def needs_relevance(self) -> bool:
        return self.target == "relevance" or self.browsing == ex.CASCADE


def plan_from_json(content: Mapping[str, Any]) -> Plan:
    """A plan as it was stored. Raises OptionError where something is missing or of the wrong kind."""
    _check_kinds(content)
    try:
        limits = dict(content["thresholds"])
        limits["bounds"] = {name: (float(low), float(high)) for name, (low, high) in limits.get("bounds", {}).items()}
        kept = {name: content[name] for name in Plan.__dataclass_fields__ if name in content}
        return Plan(**kept | {
            "thresholds": Thresholds(**limits), "item_columns": tuple(content["item_columns"]),
            "user_columns": tuple(content["user_columns"]),
            "intersections": tuple(tuple(names) for names in content.get("intersections", ())),
        })  # fmt: skip
    except OptionError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)[:200]
        raise OptionError(f"This is no plan of an audit: {what}. `plan --json` prints one to start from.") from None


_TEXTS = ("family", "workspace", "model", "target_reason", "browsing", "purpose", "owner", "surface")
_LISTS = ("item_columns", "user_columns")
_LIMITS = ("ratio_low", "ratio_high", "max_gap", "alpha", "min_n")


def _check_kinds(content: Mapping[str, Any]) -> None:
    """Raises OptionError that names the entry, what it must be and what it is."""

    def must(name: str, ok: bool, what: str, value: Any) -> None:
        if not ok:
            raise OptionError(f"In the plan, {name} must be {what}; it is {shown(value)}.")

    def number(value: Any) -> bool:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and -LARGEST < value < LARGEST

    for name in ("k", "draws", "seed"):
        whole = number(content.get(name, 0)) and isinstance(content.get(name, 0), int)
        must(name, whole, f"a whole number below {LARGEST:.0e}", content.get(name))
    must(
        "seed", 0 <= content.get("seed", 0) <= MOST_SEED, f"a whole number from 0 to {MOST_SEED:,}", content.get("seed")
    )
    for name in _TEXTS:
        must(name, isinstance(content.get(name, ""), str), "text", content.get(name))
    for name in _LISTS:
        found = content.get(name, ())
        must(
            name,
            isinstance(found, (list, tuple)) and all(isinstance(c, str) for c in found),
            "a list of columns",
            found,
        )
    crossed = content.get("intersections", ())
    fits = isinstance(crossed, (list, tuple)) and all(isinstance(c, (list, tuple)) and all(isinstance(n, str) for n in c) for c in crossed)  # fmt: skip
    must("intersections", fits, "a list of lists of columns", crossed)
    limits = content.get("thresholds", {})
    must("thresholds", isinstance(limits, Mapping), "an object", limits)
    for name in (n for n in _LIMITS if n in limits):
        must(f"thresholds.{name}", number(limits[name]), "a number", limits[name])
    must("thresholds.min_n", isinstance(limits.get("min_n", 0), int), "a whole number", limits.get("min_n"))
    bounds = limits.get("bounds", {})
    must("thresholds.bounds", isinstance(bounds, Mapping), "an object of metric: [lowest, highest]", bounds)
    for name, pair in bounds.items():
        fits = isinstance(pair, (list, tuple)) and len(pair) == 2 and all(map(number, pair))
        must(f"thresholds.bounds of {shown(name)}", fits, "two numbers, [lowest, highest]", pair)
    reference = content.get("reference", "rest")
    fits = isinstance(reference, str) or (
        isinstance(reference, Mapping) and all(isinstance(g, str) for g in reference.values())
    )
    must("reference", fits, "rest, population or {column: group}", reference)
    target = content.get("target", "catalogue")
    for column, policy in target.items() if isinstance(target, Mapping) else ():
        fits = isinstance(policy, Mapping) and all(number(share) for share in policy.values())
        must(f"target.{column}", fits, "an object of group: share", policy)
    must("target", isinstance(target, (str, Mapping)), "catalogue, relevance or {column: {group: share}}", target)


def check_plan(plan: Plan, graph: InteractionGraph) -> Plan:
    """The plan with columns by their full names. Raises OptionError for what could not be run, before anything is."""
    check_k(plan.k, graph.n_items)
    if not plan.item_columns and not plan.user_columns:
        raise OptionError("The plan compares nothing: choose a column of items or of people.")
    for names, what in (
        (plan.item_columns, "items"),
        (plan.user_columns, "people"),
        (plan.intersections, "intersections"),
    ):
        if len(names) > MOST_COLUMNS:
            raise OptionError(
                f"{len(names)} columns of {what} are too many for one report: choose at most {MOST_COLUMNS}."
            )
        if len(set(names)) < len(names):
            raise OptionError(f"A column of {what} stands twice in the plan.")
    if not 100 <= plan.draws <= 20_000:
        raise OptionError(f"{plan.draws} bootstrap draws: choose 100 to 20,000.")
    for text, what in (
        (plan.purpose, "The purpose"),
        (plan.owner, "The owner"),
        (plan.surface, "The surface"),
        (plan.target_reason, "The reason"),
    ):
        if len(text) > MAX_TEXT:
            raise OptionError(f"{what} may have {MAX_TEXT:,} characters; this one has {len(text):,}.")
    offered = columns(graph)
    items = {name: grouping(graph, name, "item") for name in plan.item_columns}
    for name in plan.user_columns:
        if len(parts_of(graph, name)) > 1:
            raise OptionError(f"{shown(name)} is an intersection: give it as one.")
        grouping(graph, name, "user")
    for names in plan.intersections:
        grouping(graph, names, "user")
    if plan.browsing not in ex.BROWSING_LABELS:
        raise OptionError(
            f"There is no browsing model {shown(plan.browsing)}: choose one of {', '.join(ex.BROWSING_LABELS)}."
        )
    if plan.family not in FAMILIES:
        raise OptionError(f"There is no family of tests {shown(plan.family)}: choose {', '.join(FAMILIES)}.")
    if isinstance(plan.reference, str):
        if plan.reference not in REFERENCES:
            raise OptionError(
                f"There is no reference {shown(plan.reference)}: choose rest, population, or {{column: group}}."
            )
    else:
        asked = {name: grouping(graph, name, "user") for name in plan.user_columns}
        asked |= {SIGN.join(names): grouping(graph, names, "user") for names in plan.intersections}
        for column, group in plan.reference.items():
            if column not in asked:
                raise OptionError(f"The reference is about {shown(column)}, which the plan does not audit.")
            if group not in asked[column].labels or group == UNKNOWN:
                raise OptionError(f"The reference {shown(group)} is no group of {column}.")
    if isinstance(plan.target, str):
        if plan.target not in ("catalogue", "relevance"):
            raise OptionError(
                f"There is no target {shown(plan.target)}: choose catalogue, relevance, or a policy table."
            )
    else:
        if not plan.target:
            raise OptionError(
                "The policy is empty: give a column of items its table of shares, or choose another target."
            )
        for column, policy in plan.target.items():
            if column not in items:
                raise OptionError(
                    f"The policy is about {shown(column)}, which the plan does not audit: {', '.join(offered['item'])}."
                )
            policy_share(items[column], policy)
    known = limit_names()
    for name in plan.thresholds.bounds:
        if name not in known:
            raise OptionError(f"There is no metric {shown(name)} to set limits for: {', '.join(sorted(known))}.")
    return plan


def usual_plan(
    graph: InteractionGraph, workspace: str, model: str, k: int, ndcg: float | None = None, min_n: int | None = None
) -> Plan:
    """A plan to start from: the first columns of items with few enough groups, their age and popularity; the first four
    columns of people.

    ndcg  what the model reaches on held-out events, where that was measured: a fifth of it is the limit between cohorts
          (the four-fifths rule), where that is less than the usual .05
    min_n the installation's smallest group of people
    """
    offered = columns(graph)
    sizes = {name: len([g for g in grouping(graph, name, "item").labels if g != UNKNOWN]) for name in offered["item"]}
    derived = [name for name in (AGE_OF_ITEM, POPULARITY) if sizes.get(name, 0) > 1]
    own = [name for name, n in sizes.items() if name not in (AGE_OF_ITEM, POPULARITY) and 1 < n <= MOST_USUAL_GROUPS]
    items = (*own[: USUAL_ITEM_COLUMNS - len(derived)], *derived)
    banded = {name.removesuffix("_band") for name in offered["user"] if name.endswith("_band")}
    people = tuple(name for name in offered["user"] if name not in banded)[:USUAL_USER_COLUMNS]
    cross = (people[:2],) if len(people) > 1 else ()
    usual = Thresholds() if min_n is None else Thresholds(min_n=min_n)
    limits = usual if ndcg is None else replace(usual, max_gap=min(usual.max_gap, max(0.001, round(ndcg / 5, 3))))
    return Plan(workspace, model, k, items or tuple(offered["item"][:2]), people, cross, thresholds=limits)
