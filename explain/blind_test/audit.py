"""The audit of a sealed newsroom: simulated into a workspace of its own, fitted, audited, and the size estimated.

The audit sees a workspace without causes and without words about what is planted. How a size is estimated stands in
explain.blind_test.ladder.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from core.errors import SurfacedError
from core.evaluation import evaluate
from core.graph import InteractionGraph
from core.progress import Progress, no_progress, portion
from core.ranking import rank_all
from core.snapshots import save
from core.threads import one_thread
from data.builder import build_graph
from data.splits import split
from explain.blind_test import files
from explain.blind_test.ladder import (
    MEASURES,
    REFERENCE,
    Estimate,
    K,
    Kind,
    Setup,
    check_kind,
    estimate,
    ladder,
    numbers_of,
    served,
    simulate,
)
from explain.fairness.item_audit import audit_items
from explain.fairness.user_audit import audit_users
from explain.groups.cohorts import cohorts
from explain.results.audit import ColumnAudit
from explain.results.blind_test import AuditedGroup, BlindResult, MeasuredRatio, Sealed
from explain.storage.store import LAYOUT, Prepared, Store

FORMULA: Final = (
    "z0 is the audit's numbers in one; b(x) = b0 + b1 x + b2 x² is fitted to worlds of known sizes x. "
    "The interval is every x with "
    "|z0 − b(x)| ≤ t · s · sqrt(1 + leverage of x): classical calibration, 95 %."
)


def run(home: Path, test: str, *, setup: Setup | None = None, progress: Progress = no_progress) -> BlindResult:
    """Simulate the sealed newsroom, fit, audit, estimate. Raises SurfacedError; a stopped test can be run again."""
    setup, record = setup or Setup(), files.read_record(home, test)
    if record.result is not None:
        return record.result
    started = time.perf_counter()
    with one_thread():
        graph, positives = _simulate_workspace(home, record.sealed, setup, portion(progress, 0.0, 0.1))
        estimated = _audit(home, graph, positives, record.sealed, setup, portion(progress, 0.1, 0.98))
    result = replace(estimated, seconds=time.perf_counter() - started)
    files.write_record(home, replace(record, result=result))
    files.remove_old_workspaces(home, record.sealed.workspace)
    progress(1.0, "audited")
    return result


def _simulate_workspace(
    home: Path, sealed: Sealed, setup: Setup, progress: Progress
) -> tuple[InteractionGraph, tuple[str, ...]]:
    """The workspace of a test, with the path model fitted. The only step that reads the sealed size."""
    from data.validation import validate  # pandera takes half a second to import

    seal = files.read_seal(home, sealed.id)
    tables, notes = validate(simulate(setup, check_kind(sealed.kind), seal.size, seal.seed, progress))
    graph = build_graph(tables)
    prepared = Prepared(
        LAYOUT,
        graph.fingerprint,
        graph.n_users,
        graph.n_items,
        len(graph.events),
        graph.relation_sizes(),
        [str(note) for note in notes],
    )
    store, started = Store(home), time.perf_counter()
    store.save_tables(sealed.workspace, tables, prepared)
    model, _ = served(graph)
    save(
        store.snapshots(sealed.workspace),
        model=model.spec.name,
        state=model.state(),
        fingerprint=graph.fingerprint,
        seed=0,
        seconds=time.perf_counter() - started,
        metrics={},
    )
    return graph, tables.card.positives


def _audit(
    home: Path, graph: InteractionGraph, positives: tuple[str, ...], sealed: Sealed, setup: Setup, progress: Progress
) -> BlindResult:
    """The audit's estimate from the workspace alone; seconds are left at 0."""
    kind = check_kind(sealed.kind)
    calibration = ladder(home, kind, setup, portion(progress, 0.0, 0.9))
    progress(0.9, "auditing without being told")
    numbers = numbers_of(graph, positives, kind)
    estimated = estimate(calibration, numbers)
    return BlindResult(
        id=sealed.id,
        workspace=sealed.workspace,
        kind=kind,
        commitment=sealed.commitment,
        size=estimated.size,
        low=estimated.low,
        high=estimated.high,
        numbers=tuple(
            MeasuredRatio(name, meaning, float(np.exp(value)))
            for (name, meaning), value in zip(MEASURES[kind], numbers, strict=True)
        ),
        audit=_audit_items(graph) if kind == "author" else _audit_users(graph, positives),
        z=estimated.z,
        curve=estimated.curve,
        points=estimated.points,
        n_ladder=len(calibration.sizes),
        formula=FORMULA,
        seconds=0.0,
        sentence=_sentence(kind, estimated),
    )


def _audit_items(graph: InteractionGraph) -> AuditedGroup:
    _, lists = served(graph)
    return _audited_group(
        audit_items(graph, lists, cohorts(graph, "author_group", "item"), lists.shape[1]), "author_group", "new"
    )


def _audit_users(graph: InteractionGraph, positives: tuple[str, ...]) -> AuditedGroup:
    """nDCG on a fifth of all events, hidden from a model of the same parameters."""
    from core.models.path import PathModel

    parts = split(graph, "random", 0, positives)
    model = PathModel.build(parts.train, REFERENCE)
    k = min(K, graph.n_items)
    lists, _ = rank_all(model.score, graph.n_users, parts.train.interactions, k)
    measured = evaluate(lists, parts.test, training=parts.train.interactions, cutoffs=(k,))
    return _audited_group(audit_users(graph, measured, cohorts(graph, "region", "user"), k), "region", "North")


def _audited_group(audit: ColumnAudit, by: str, group: str) -> AuditedGroup:
    row = next((row for row in audit.rows if row.group == group), None)
    if row is None:
        raise SurfacedError(f"This world has no {by} {group}, so nothing can be audited: start another test.")
    return AuditedGroup(
        by=by,
        metric=audit.metric,
        group=row.group,
        n=row.n,
        value=row.value,
        low=row.low,
        high=row.high,
        verdict=row.verdict,
        reason=row.reason,
    )


def _sentence(kind: Kind, estimated: Estimate) -> str:
    what = (
        "an article by a new author is that much less likely to be shown in a draw among co-readers or as trending"
        if kind == "author"
        else "readers in the North lose that part of their personal reading to the push list"
    )
    none = " No bias at all is within the interval." if estimated.low <= 0 else ""
    return (
        f"The audit estimates {estimated.size:.2f} (95 % interval {estimated.low:.2f} to {estimated.high:.2f}): "
        f"{what}.{none}"
    )
