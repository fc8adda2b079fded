"""A plan of an audit from JSON, once and with all that is wrong with it said, and a plan to start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.errors import OptionError, shown
from core.graph import InteractionGraph
from explain.fairness import exposure as ex
from explain.groups.cohorts import AGE_OF_ITEM, POPULARITY, UNKNOWN, columns
from explain.groups.intersections import grouping
from explain.results.json_form import form_of
from explain.results.plan import Plan, Thresholds

MOST_USUAL_GROUPS = 24
USUAL_ITEM_COLUMNS, USUAL_USER_COLUMNS = 5, 4
LARGEST = 1e15  # of a number in a plan
MOST_SEED = 2**32 - 1


def plan_from_json(content: Mapping[str, Any]) -> Plan:
    """A plan as it was stored, without what is no part of one. Raises OptionError where something is missing or of the
    wrong kind.
    """
    _check_kinds(content)
    known = {"browsing": ex.RBP} | {f.key: content[f.key] for f in form_of(Plan) if f.key in content}
    wanted = (*(f.key for f in form_of(Plan) if f.required), "thresholds")
    if missing := [key for key in wanted if key not in known]:
        raise _no_plan(f"{missing[0]!r} is missing")
    names = {f.key for f in form_of(Thresholds)}
    if surplus := [key for key in known["thresholds"] if key not in names]:
        raise _no_plan(f"{shown(surplus[0])} is no threshold, but {', '.join(sorted(names))} are")
    plan = Plan.from_json(known)
    bounds = {name: (float(low), float(high)) for name, (low, high) in plan.thresholds.bounds.items()}
    return replace(plan, as_read=None, thresholds=replace(plan.thresholds, as_read=None, bounds=bounds))


def _no_plan(what: str) -> OptionError:
    return OptionError(f"This is no plan of an audit: {what}. `plan --json` prints one to start from.")


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
        names = content.get(name, ())
        fits = isinstance(names, (list, tuple)) and all(isinstance(c, str) for c in names)
        must(name, fits, "a list of columns", names)
    crossed = content.get("intersections", ())
    fits = isinstance(crossed, (list, tuple)) and all(
        isinstance(c, (list, tuple)) and all(isinstance(n, str) for n in c) for c in crossed
    )
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


def usual_plan(
    graph: InteractionGraph, workspace: str, model: str, k: int, ndcg: float | None = None, min_n: int | None = None
) -> Plan:
    """A plan to start from: the first columns of items with few enough groups, their age and popularity, and the first
    four columns of people.

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
    return Plan(
        workspace=workspace,
        model=model,
        k=k,
        item_columns=items or tuple(offered["item"][:2]),
        user_columns=people,
        intersections=cross,
        browsing=ex.RBP,
        thresholds=limits,
    )
