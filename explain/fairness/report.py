"""A whole audit: every column, intersection, cell and metric of a plan.

Item side: the served lists of the model, or with the target "relevance" (and the cascade) the lists of a refit on the
training part. User side: held-out quality of that refit. What a record is signed with, and how it is read, is the
business of the record package; nothing here writes a file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from core.evaluation import Evaluation
from core.graph import IntArray, InteractionGraph
from core.intervals import DRAWS
from core.progress import Progress, no_progress
from explain.fairness import exposure as ex
from explain.fairness.audit import number
from explain.fairness.audited_lists import AuditedLists
from explain.fairness.cells import joint_cells
from explain.fairness.disclosure import Disclosure, disclosure, measured, shown_audit
from explain.fairness.family import over_family
from explain.fairness.figures import Figure
from explain.fairness.item_audit import audit_items, item_ratios
from explain.fairness.metrics.base import Metric, all_metrics
from explain.fairness.plan_check import needs_relevance
from explain.fairness.thresholds import fixed_share, within
from explain.fairness.user_audit import audit_users
from explain.format.words import column_words
from explain.groups.cohorts import Cohorts, cohorts
from explain.groups.intersections import SIGN, By, grouping
from explain.groups.limits import MIN_N
from explain.results.audit import FAIL, INSUFFICIENT, NOT_ESTIMABLE, PASS, ColumnAudit, ItemAudit, PeopleAudit, Verdict
from explain.results.cells import CellTable
from explain.results.measured import CreatorExposure, MetricFigure
from explain.results.plan import Plan, Target, Thresholds
from explain.results.record_sections import SuppressedCount

MOST_CELLS, MOST_CREATORS = 400, 200


@dataclass(frozen=True, eq=False)
class Lists:
    """What is audited. served: int64 [m, k] of the served model; heldout, positives, quality, training: of the refit,
    where there is one.
    """

    served: IntArray
    heldout: IntArray | None = None
    positives: sparse.csr_matrix | None = None
    quality: Evaluation | None = None
    training: sparse.csr_matrix | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class MeasuredPlan:
    """Everything that was measured."""

    items: tuple[ItemAudit, ...]
    people: tuple[PeopleAudit, ...]
    intersections: tuple[PeopleAudit, ...]
    cells: tuple[CellTable, ...]
    metrics: tuple[MetricFigure, ...]
    verdict: Verdict
    suppressed: SuppressedCount
    unknown: Mapping[str, int | None]


def run_plan(
    graph: InteractionGraph,
    plan: Plan,
    given: Lists,
    *,
    guard: Disclosure | None = None,
    progress: Progress = no_progress,
) -> MeasuredPlan:
    """Compute all of a checked plan. progress may raise CancelledError between the steps.

    guard  which groups of people stay hidden; by the plan's own smallest group where it is left out
    """
    guard, limits = guard or guard_of(graph, plan), plan.thresholds
    steps = len(plan.item_columns) + len(plan.user_columns) + len(plan.intersections) + 2
    done = 0

    def step(what: str) -> None:
        nonlocal done
        progress(done / steps, what)
        done += 1

    items = _item_audits(graph, plan, given, step)
    people, crossed = _people_audits(graph, plan, given, guard, step)
    step("cells of people and items")
    lists = audited_lists(graph, plan, given, guard)
    cells = _cells(plan, lists, limits)
    items = [replace(a, lists=lists.lists_of) for a in items]
    people, crossed = ([replace(a, lists="refit") for a in audits] for audits in (people, crossed))
    items, people, crossed, cells = over_family(items, people, crossed, cells, plan.family, limits)
    step("metrics")
    metrics = measure_all(lists, limits)
    progress(1.0, "measured")
    return MeasuredPlan(
        items=tuple(items),
        people=tuple(people),
        intersections=tuple(crossed),
        cells=tuple(cells),
        metrics=tuple(metrics),
        verdict=verdict_of((*items, *people, *crossed), metrics),
        suppressed=_suppressed((*people, *crossed), cells),
        unknown={a.by: a.overall.n_unknown for a in (*items, *people, *crossed)},
    )


def _item_audits(graph: InteractionGraph, plan: Plan, given: Lists, step: Callable[[str], None]) -> list[ItemAudit]:
    heldout = needs_relevance(plan)
    lists = given.heldout if heldout and given.heldout is not None else given.served
    audits = []
    for by in plan.item_columns:
        step(f"exposure by {by}")
        audits.append(
            audit_items(
                graph,
                lists,
                cohorts(graph, by, "item"),
                plan.k,
                browsing=plan.browsing,
                target=plan.target_for(by),
                positives=given.positives if heldout else None,
                thresholds=plan.thresholds,
                seed=plan.seed,
                draws=plan.draws,
            )
        )
    return audits


def _people_audits(
    graph: InteractionGraph, plan: Plan, given: Lists, guard: Disclosure, step: Callable[[str], None]
) -> tuple[list[PeopleAudit], list[PeopleAudit]]:
    """By each column of people, and by each intersection; none where held-out quality was not measured."""
    quality = given.quality
    if quality is None:
        return [], []

    def audit(by: By, name: str) -> PeopleAudit:
        step(f"quality by {name}")
        return audit_people(
            graph,
            quality,
            grouping(graph, by, "user"),
            plan.k,
            guard,
            reference=plan.reference_for(name),
            thresholds=plan.thresholds,
            seed=plan.seed,
            draws=plan.draws,
        )

    people = [audit(by, by) for by in plan.user_columns]
    return people, [audit(names, SIGN.join(names)) for names in plan.intersections]


def guard_of(graph: InteractionGraph, plan: Plan, *, floor: int = MIN_N, before: Sequence[By] = ()) -> Disclosure:
    """What a plan's record may tell of people. before: intersections that earlier records of this data hold."""
    asked = [grouping(graph, by, "user") for by in (*before, *plan.user_columns, *plan.intersections)]
    return disclosure(graph, asked, limit=plan.thresholds.min_n, floor=floor)


def audit_people(
    graph: InteractionGraph,
    quality: Evaluation,
    groups: Cohorts,
    k: int,
    guard: Disclosure,
    *,
    thresholds: Thresholds,
    reference: str = "rest",
    seed: int = 0,
    draws: int = DRAWS,
) -> PeopleAudit:
    """An audit of people that is a function of the shown groups alone."""
    shown_people = measured(guard, quality, groups.by)
    audit = audit_users(
        graph, shown_people, groups, k, thresholds=thresholds, reference=reference, seed=seed, draws=draws
    )
    return shown_audit(guard, audit, quality)


def audited_lists(graph: InteractionGraph, plan: Plan, given: Lists, guard: Disclosure | None = None) -> AuditedLists:
    """The lists of a plan with all groupings, ready for every metric; in it those of the refit, for what held-out
    events are compared with.
    """
    refit = None if given.heldout is None else _grouped(graph, plan, given, given.heldout, guard, heldout=True)
    if needs_relevance(plan) and refit is not None:
        return refit
    return replace(_grouped(graph, plan, given, given.served, guard, heldout=False), refit=refit)


def _grouped(
    graph: InteractionGraph, plan: Plan, given: Lists, lists: IntArray, guard: Disclosure | None, *, heldout: bool
) -> AuditedLists:
    lists, positives = lists[:, : plan.k], given.positives if heldout else None
    training = given.training if heldout and given.training is not None else graph.interactions
    browsing = plan.browsing if plan.browsing != ex.CASCADE or positives is not None else ex.RBP
    return AuditedLists(
        graph=graph,
        lists=lists,
        weights=ex.attention_of(browsing, lists, graph.n_items, positives),
        profile=sparse.csr_matrix(training),
        items={by: grouping(graph, by, "item") for by in plan.item_columns},
        people={by: grouping(graph, by, "user") for by in plan.user_columns},
        target="relevance" if plan.target == "relevance" and heldout else "catalogue",
        positives=positives,
        quality=given.quality,
        min_n=plan.thresholds.min_n,
        draws=plan.draws,
        seed=plan.seed,
        guard=guard or guard_of(graph, plan),
        policies=plan.policies,
        lists_of="refit" if heldout else "served",
        browsing=browsing,
    )


def measure_all(lists: AuditedLists, limits: Thresholds) -> list[MetricFigure]:
    """Every registered metric with its words; a verdict where the plan set limits for it."""
    return [_metric_figure(metric, figure, limits) for metric in all_metrics() for figure in metric.measure(lists)]


def _metric_figure(metric: Metric, figure: Figure, limits: Thresholds) -> MetricFigure:
    allowed = limits.bounds.get(figure.name) or limits.bounds.get(metric.spec.name)
    verdict, why = "", figure.reason
    if figure.value is None:
        verdict = NOT_ESTIMABLE
    elif allowed is not None:
        verdict, judged = within(figure.low, figure.high, allowed)
        why = f"{judged} {figure.reason}".strip()
    words, basis = metric.words(), figure.basis
    return MetricFigure(
        number=words.number,
        title=words.title,
        formula=words.formula,
        source=words.source,
        range=words.range,
        fair=words.fair,
        direction=words.direction,
        metric=words.name,
        name=figure.name,
        by=figure.by,
        group=figure.group,
        value=figure.value,
        low=figure.low,
        high=figure.high,
        n=figure.n,
        verdict=verdict,
        reason=why,
        suppressed=figure.suppressed,
        lists=basis.lists,
        target=basis.target,
        browsing=basis.browsing,
        resample=basis.resample,
    )


def _cells(plan: Plan, lists: AuditedLists, limits: Thresholds) -> list[CellTable]:
    """A table for each pair of a user and an item column that stays readable."""
    tables = []
    positives = lists.positives if needs_relevance(plan) else None
    for people in lists.people.values():
        for item_by, items in lists.items.items():
            if len(people.labels) * len(items.labels) <= MOST_CELLS:
                target = plan.target_for(item_by)
                table = joint_cells(
                    lists.lists,
                    lists.weights,
                    people,
                    items,
                    target=target,
                    positives=positives,
                    thresholds=limits,
                    guard=lists.guard,
                )
                tables.append(replace(table, lists=lists.lists_of, browsing=lists.browsing))
    return tables


def verdict_of(audits: Sequence[ColumnAudit], metrics: Sequence[MetricFigure]) -> Verdict:
    """One verdict over a plan: fail if anything failed, pass if all that could be judged passed and something could."""
    verdicts = [a.overall.verdict for a in audits]
    verdicts += [m.verdict for m in metrics if m.verdict and m.verdict != NOT_ESTIMABLE]
    counts = {v: verdicts.count(v) for v in (PASS, FAIL, INSUFFICIENT, NOT_ESTIMABLE)}
    if not counts[PASS] + counts[FAIL] + counts[INSUFFICIENT]:
        verdict = NOT_ESTIMABLE
    elif counts[FAIL]:
        verdict = FAIL
    else:
        verdict = INSUFFICIENT if counts[INSUFFICIENT] or counts[NOT_ESTIMABLE] else PASS
    failed = [
        f"{'exposure' if a.side == 'item' else 'quality'} by {column_words(a.by)}"
        for a in audits
        if a.overall.verdict == FAIL
    ]
    failed += [f"{m.name} {m.by}".strip() for m in metrics if m.verdict == FAIL]
    why = f"Of {len(verdicts)} questions: {', '.join(f'{n} {v}' for v, n in counts.items() if n)}."
    return Verdict(verdict=verdict, reason=f"{why} Failed: {', '.join(failed[:12])}." if failed else why)


def _suppressed(audits: Sequence[PeopleAudit], cells: Sequence[CellTable]) -> SuppressedCount:
    """How many rows and cells are hidden; how many people stand behind them is told where it is nobody."""
    n_cells = sum(len(a.overall.suppressed) for a in audits) + sum(table.n_suppressed for table in cells)
    return SuppressedCount(n_cells=n_cells, n_people=None if n_cells else 0)


def creators_view(lists: AuditedLists, groups: Cohorts, most: int = MOST_CREATORS) -> tuple[CreatorExposure, ...]:
    """The provider's side: each creator's exposure against what its items stand for, with a 95 % interval over people.

    The `most` of largest catalogue share, largest first; all the others are one row at the end, so that the rows hold
    all exposure.
    """
    share = ex.catalogue_share(groups.catalogue)
    order = np.argsort(-share, kind="stable")
    first, rest = order[:most], order[most:]
    columns, labels = [groups.membership[:, first]], [groups.labels[g] for g in first.tolist()]
    if len(rest):
        columns.append(sparse.csr_matrix(groups.membership[:, rest].sum(axis=1)))
        labels.append(f"{len(rest):,} others")
    merged = Cohorts(
        groups.by, groups.side, tuple(labels), sparse.csr_matrix(sparse.hstack(columns)), closed=groups.closed
    )
    policy = lists.policies.get(groups.by)
    target: Target = "relevance" if lists.target == "relevance" else "catalogue"
    if policy is not None:
        due = dict(zip(groups.labels, fixed_share(groups, policy).tolist(), strict=True))
        target = {label: due[label] for label in labels if label in due}
        target |= {label: sum(due.values()) - sum(target.values()) for label in labels if label not in due}
    limits = Thresholds(min_n=lists.min_n)
    shares = item_ratios(lists.lists, lists.weights, merged, target, lists.positives, limits)
    share = ex.catalogue_share(merged.catalogue)
    return tuple(
        CreatorExposure(
            creator=label,
            n_items=int(merged.sizes[g]),
            exposure_share=number(shares.ratios.share[g]),
            catalogue_share=float(share[g]),
            target_share=number(shares.ratios.target[g]),
            lists=lists.lists_of,
            target=lists.target if policy is None else "policy",
            browsing=lists.browsing,
            ratio=number(shares.ratios.ratio[g]),
            low=number(shares.limits.low[g]),
            high=number(shares.limits.high[g]),
        )
        for g, label in enumerate(labels)
    )
