"""A whole audit: every column, intersection, cell and metric of a plan, as one record ready for JSON.

Item side: the served lists of the model, or with the target "relevance" (and the cascade) the lists of a refit on the
training part. User side: held-out quality of that refit. What a record is signed with, and how it is read, is the
business of the record package; nothing here writes a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from core.evaluation import Evaluation
from core.graph import IntArray, InteractionGraph
from core.progress import Progress, no_progress
from explain.fairness import exposure as ex
from explain.fairness.audit import Audit, number
from explain.fairness.cells import joint_cells
from explain.fairness.disclosure import Disclosure, disclosure, measured, shown_audit
from explain.fairness.family import over_family
from explain.fairness.item_audit import audit_items, measure
from explain.fairness.metrics.base import Case, Figure, Spec, all_metrics
from explain.fairness.plan import Plan
from explain.fairness.thresholds import FAIL, INSUFFICIENT, NOT_ESTIMABLE, PASS, Target, Thresholds, fixed_share, within
from explain.fairness.user_audit import audit_users
from explain.format.words import column_words
from explain.groups.cohorts import Cohorts
from explain.groups.intersections import SIGN, By, grouping
from explain.groups.limits import MIN_N

MOST_CELLS, MOST_CREATORS = 400, 200


@dataclass(frozen=True, eq=False)
class Lists:
    """What is audited. served: int64 [m, k] of the served model; heldout, positives, quality, training: of the refit, where there is one."""

    served: IntArray
    heldout: IntArray | None = None
    positives: sparse.csr_matrix | None = None
    quality: Evaluation | None = None
    training: sparse.csr_matrix | None = None


@dataclass(frozen=True, eq=False)
class Found:
    """Everything that was measured."""

    items: tuple[Audit, ...]
    people: tuple[Audit, ...]
    intersections: tuple[Audit, ...]
    cells: tuple[dict[str, Any], ...]
    metrics: tuple[dict[str, Any], ...]
    verdict: dict[str, str]
    suppressed: dict[str, int | None]
    unknown: dict[str, int | None]


def run_plan(
    graph: InteractionGraph, plan: Plan, given: Lists, *, guard: Disclosure | None = None, progress: Progress = no_progress
) -> Found:  # fmt: skip
    """Compute all of a checked plan. progress may raise CancelledError between the steps.

    guard  which groups of people stay hidden; by the plan's own smallest group where it is left out
    """
    guard = guard or guard_of(graph, plan)
    limits, heldout = plan.thresholds, plan.needs_relevance
    lists = given.heldout if heldout and given.heldout is not None else given.served
    positives = given.positives if heldout else None
    common: dict[str, Any] = {"thresholds": limits, "seed": plan.seed, "draws": plan.draws}
    steps = len(plan.item_columns) + len(plan.user_columns) + len(plan.intersections) + 2
    done = 0

    def told(what: str) -> None:
        nonlocal done
        progress(done / steps, what)
        done += 1

    items, people, crossed = [], [], []
    for by in plan.item_columns:
        told(f"exposure by {by}")
        items.append(audit_items(
            graph, lists, by, plan.k, browsing=plan.browsing, target=plan.target_for(by), positives=positives, **common
        ))  # fmt: skip
    if given.quality is not None:
        for by in plan.user_columns:
            told(f"quality by {by}")
            against = plan.reference_for(by)
            people.append(audit_people(graph, given.quality, by, plan.k, guard, reference=against, **common))
        for names in plan.intersections:
            told(f"quality by {' × '.join(names)}")
            against = plan.reference_for(SIGN.join(names))
            crossed.append(audit_people(graph, given.quality, names, plan.k, guard, reference=against, **common))
    told("cells of people and items")
    case = case_of(graph, plan, given, guard)
    cells = _cells(plan, case, limits)
    items = [replace(a, lists=case.lists_of) for a in items]
    people, crossed = ([replace(a, lists="refit") for a in found] for found in (people, crossed))
    items, people, crossed, cells = over_family(items, people, crossed, cells, plan.family, limits)
    told("metrics")
    metrics = measure_all(case, limits)
    progress(1.0, "measured")
    audits = (*items, *people, *crossed)
    return Found(
        tuple(items), tuple(people), tuple(crossed), tuple(cells), tuple(metrics), verdict_of(audits, metrics),
        _suppressed(audits, cells), {a.by: a.overall.get("n_unknown", 0) for a in audits},
    )  # fmt: skip


def guard_of(graph: InteractionGraph, plan: Plan, *, floor: int = MIN_N, before: Sequence[By] = ()) -> Disclosure:
    """What a plan's record may tell of people. before: intersections that earlier records of this data hold."""
    return disclosure(
        graph, (*before, *plan.user_columns, *plan.intersections), limit=plan.thresholds.min_n, floor=floor
    )


def audit_people(
    graph: InteractionGraph, quality: Evaluation, by: By, k: int, guard: Disclosure, **common: Any
) -> Audit:
    """An audit of people that is a function of the shown groups alone."""
    column = grouping(graph, by, "user").by
    return shown_audit(guard, audit_users(graph, measured(guard, quality, column), by, k, **common), quality)


def case_of(graph: InteractionGraph, plan: Plan, given: Lists, guard: Disclosure | None = None) -> Case:
    """The lists of a plan with all groupings, ready for every metric; in it those of the refit, for what held-out events are compared with."""
    shown = guard or guard_of(graph, plan)

    def made(lists: IntArray, heldout: bool, relevant: Case | None) -> Case:
        lists, positives = lists[:, : plan.k], given.positives if heldout else None
        training = given.training if heldout and given.training is not None else graph.interactions
        browsing = plan.browsing if plan.browsing != ex.CASCADE or positives is not None else "rbp(0.8)"
        return Case(
            graph, lists, ex.attention_of(browsing, lists, graph.n_items, positives), sparse.csr_matrix(training),
            {by: grouping(graph, by, "item") for by in plan.item_columns}, {by: grouping(graph, by, "user") for by in plan.user_columns},
            target="relevance" if plan.target == "relevance" and heldout else "catalogue", positives=positives, quality=given.quality,
            min_n=plan.thresholds.min_n, draws=plan.draws, seed=plan.seed, guard=shown, relevant=relevant,
            policies=plan.target if isinstance(plan.target, Mapping) else {}, lists_of="refit" if heldout else "served", browsing=browsing,
        )  # fmt: skip

    refit = None if given.heldout is None else made(given.heldout, True, None)
    return refit if plan.needs_relevance and refit is not None else made(given.served, False, refit)


def measure_all(case: Case, limits: Thresholds) -> list[dict[str, Any]]:
    """Every registered metric with its words; a verdict where the plan set limits for it."""
    rows = []
    for metric in all_metrics():
        for figure in metric.measure(case):
            rows.append(_metric_row(asdict(metric.spec), figure, limits) | key_of(case, metric.spec, figure))
    return rows


def key_of(case: Case, spec: Spec, figure: Figure) -> dict[str, str]:
    """What a metric's figure is of: whose lists, compared with what, read in which way, and what was resampled."""
    of = (case.relevant or case) if spec.needs == "relevance" else case
    if spec.needs == "quality":
        return {"lists": "refit", "target": "held-out events", "browsing": "dcg 1/log2(rank+1)", "resample": "people"}
    policy = figure.by.split(SIGN)[-1] in case.policies
    target = "relevance" if spec.needs == "relevance" else "policy" if policy else of.target
    return {"lists": of.lists_of, "target": target, "browsing": of.browsing, "resample": "people"}


def _metric_row(spec: dict[str, Any], figure: Figure, limits: Thresholds) -> dict[str, Any]:
    allowed = limits.bounds.get(figure.name) or limits.bounds.get(spec["name"])
    verdict, why = "", figure.reason
    if figure.value is None:
        verdict = NOT_ESTIMABLE
    elif allowed is not None:
        verdict, told = within(figure.low, figure.high, allowed)
        why = f"{told} {figure.reason}".strip()
    words = {key: spec[key] for key in ("number", "title", "formula", "source", "range", "fair", "direction")}
    return words | {
        "metric": spec["name"], "name": figure.name, "by": figure.by, "group": figure.group, "value": figure.value,
        "low": figure.low, "high": figure.high, "n": figure.n, "verdict": verdict, "reason": why, "suppressed": figure.suppressed,
    }  # fmt: skip


def _cells(plan: Plan, case: Case, limits: Thresholds) -> list[dict[str, Any]]:
    """A table for each pair of a user and an item column that stays readable."""
    tables = []
    for people in case.people.values():
        for item_by, items in case.items.items():
            if len(people.labels) * len(items.labels) <= MOST_CELLS:
                tables.append(joint_cells(
                    case.lists, case.weights, people, items, target=plan.target_for(item_by),
                    positives=case.positives if plan.needs_relevance else None, thresholds=limits, guard=case.guard,
                ).as_json() | {"lists": case.lists_of, "browsing": case.browsing, "resample": "people"})  # fmt: skip
    return tables


def verdict_of(audits: tuple[Audit, ...], metrics: list[dict[str, Any]]) -> dict[str, str]:
    """One verdict over a plan: fail if anything failed, pass if all that could be judged passed and something could."""
    verdicts = [str(a.overall["verdict"]) for a in audits] + [
        m["verdict"] for m in metrics if m["verdict"] and m["verdict"] != NOT_ESTIMABLE
    ]
    counts = {v: verdicts.count(v) for v in (PASS, FAIL, INSUFFICIENT, NOT_ESTIMABLE)}
    judged = counts[PASS] + counts[FAIL] + counts[INSUFFICIENT]
    verdict = (
        NOT_ESTIMABLE
        if not judged
        else FAIL
        if counts[FAIL]
        else INSUFFICIENT
        if counts[INSUFFICIENT] or counts[NOT_ESTIMABLE]
        else PASS
    )
    failed = [
        f"{'exposure' if a.side == 'item' else 'quality'} by {column_words(a.by)}"
        for a in audits
        if a.overall["verdict"] == FAIL
    ]
    failed += [f"{m['name']} {m['by']}".strip() for m in metrics if m["verdict"] == FAIL]
    told = ", ".join(f"{n} {v}" for v, n in counts.items() if n)
    why = f"Of {len(verdicts)} questions: {told}."
    return {"verdict": verdict, "reason": f"{why} Failed: {', '.join(failed[:12])}." if failed else why}


def _suppressed(audits: tuple[Audit, ...], cells: list[dict[str, Any]]) -> dict[str, int | None]:
    """How many rows and cells are hidden; how many people stand behind them is told where it is nobody."""
    n_cells = sum(len(a.overall.get("suppressed", ())) for a in audits) + sum(c["n_suppressed"] for c in cells)
    return {"n_cells": n_cells, "n_people": None if n_cells else 0}


def creators_view(case: Case, groups: Cohorts, most: int = MOST_CREATORS) -> list[dict[str, Any]]:
    """The provider's side: each creator's exposure against what its items stand for, with a 95 % interval over people.

    The `most` of largest catalogue share, largest first; all the others are one row at the end, so that the rows hold all exposure.
    """
    share = ex.catalogue_share(groups.membership)
    order = np.argsort(-share, kind="stable")
    first, rest = order[:most], order[most:]
    columns, labels = [groups.membership[:, first]], [groups.labels[g] for g in first.tolist()]
    if len(rest):
        columns.append(sparse.csr_matrix(groups.membership[:, rest].sum(axis=1)))
        labels.append(f"{len(rest):,} others")
    merged = Cohorts(groups.by, groups.side, tuple(labels), sparse.csr_matrix(sparse.hstack(columns)))
    target: Target = "relevance" if case.target == "relevance" else "catalogue"
    if groups.by in case.policies:
        due = dict(zip(groups.labels, fixed_share(groups, case.policies[groups.by]).tolist(), strict=True))
        target = {label: due[label] for label in labels if label in due}
        target |= {label: sum(due.values()) - sum(target.values()) for label in labels if label not in due}
    found = measure(case.lists, case.weights, merged, target, case.positives, Thresholds(min_n=case.min_n))
    share = ex.catalogue_share(merged.membership)
    return [
        {
            "creator": label, "n_items": int(merged.sizes[g]), "exposure_share": number(found.of.share[g]),
            "catalogue_share": float(share[g]), "target_share": number(found.of.target[g]), "lists": case.lists_of,
            "target": "policy" if groups.by in case.policies else case.target, "browsing": case.browsing, "resample": "people", "ratio": number(found.of.ratio[g]), "low": number(found.judged.low[g]),
            "high": number(found.judged.high[g]),
        }
        for g, label in enumerate(labels)
    ]  # fmt: skip
