"""Whether a plan of an audit can be run on some data: everything that cannot be is said before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import OptionError, shown
from core.graph import InteractionGraph
from core.ranking import check_k
from explain.fairness import exposure as ex
from explain.fairness.family import FAMILIES
from explain.fairness.metrics.base import limit_names
from explain.fairness.thresholds import policy_share
from explain.fairness.user_audit import REFERENCES
from explain.groups.cohorts import UNKNOWN, columns
from explain.groups.intersections import SIGN, grouping, parts_of
from explain.results.plan import Plan

MOST_COLUMNS = 8
MAX_TEXT = 2_000


def check_plan(plan: Plan, graph: InteractionGraph) -> Plan:
    """The plan itself. Raises OptionError for what could not be run."""
    check_k(plan.k, graph.n_items)
    _check_columns(plan)
    _check_numbers_and_texts(plan)
    _check_groupings(plan, graph)
    if plan.browsing not in ex.BROWSING_LABELS:
        known = ", ".join(ex.BROWSING_LABELS)
        raise OptionError(f"There is no browsing model {shown(plan.browsing)}: choose one of {known}.")
    if plan.family not in FAMILIES:
        raise OptionError(f"There is no family of tests {shown(plan.family)}: choose {', '.join(FAMILIES)}.")
    _check_reference(plan, graph)
    _check_target(plan, graph)
    limited = limit_names()
    for name in plan.thresholds.bounds:
        if name not in limited:
            raise OptionError(f"There is no metric {shown(name)} to set limits for: {', '.join(sorted(limited))}.")
    return plan


def needs_relevance(plan: Plan) -> bool:
    """Whether a plan reads held-out events on the side of the items."""
    return plan.target == "relevance" or plan.browsing == ex.CASCADE


def _check_columns(plan: Plan) -> None:
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


def _check_numbers_and_texts(plan: Plan) -> None:
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


def _check_groupings(plan: Plan, graph: InteractionGraph) -> None:
    for name in plan.item_columns:
        grouping(graph, name, "item")
    for name in plan.user_columns:
        if len(parts_of(graph, name)) > 1:
            raise OptionError(f"{shown(name)} is an intersection: give it as one.")
        grouping(graph, name, "user")
    for names in plan.intersections:
        grouping(graph, names, "user")


def _check_reference(plan: Plan, graph: InteractionGraph) -> None:
    if isinstance(plan.reference, Mapping):
        asked = {name: grouping(graph, name, "user") for name in plan.user_columns}
        asked |= {SIGN.join(names): grouping(graph, names, "user") for names in plan.intersections}
        for column, group in plan.reference.items():
            if column not in asked:
                raise OptionError(f"The reference is about {shown(column)}, which the plan does not audit.")
            if group not in asked[column].labels or group == UNKNOWN:
                raise OptionError(f"The reference {shown(group)} is no group of {column}.")
    elif plan.reference not in REFERENCES:
        raise OptionError(
            f"There is no reference {shown(plan.reference)}: choose rest, population, or {{column: group}}."
        )


def _check_target(plan: Plan, graph: InteractionGraph) -> None:
    if isinstance(plan.target, str):
        if plan.target not in ("catalogue", "relevance"):
            raise OptionError(
                f"There is no target {shown(plan.target)}: choose catalogue, relevance, or a policy table."
            )
        return
    if not plan.target:
        raise OptionError("The policy is empty: give a column of items its table of shares, or choose another target.")
    for column, policy in plan.target.items():
        if column not in plan.item_columns:
            offered = ", ".join(columns(graph)["item"])
            raise OptionError(f"The policy is about {shown(column)}, which the plan does not audit: {offered}.")
        policy_share(grouping(graph, column, "item"), policy)
