"""An audit's record put together: what was measured, with everything that a reader outside needs to judge it.

What was measured comes from explain.fairness; how a record is kept, signed and shown is the business of this room's
others.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from core.graph import InteractionGraph
from core.snapshots import Manifest
from data.tables import DataCard
from explain.fairness.audited_lists import AuditedLists
from explain.fairness.disclosure import Disclosure, told
from explain.fairness.report import MeasuredPlan, creators_view
from explain.format.dates import date_of
from explain.format.words import UNSAID
from explain.groups.bands import is_unknown
from explain.groups.cohorts import AGE_OF_ITEM, POPULARITY, UNKNOWN, Cohorts, cohorts, of_kind
from explain.results.audit import AuditRow
from explain.results.audit_record import SCHEMA, AuditContent
from explain.results.measured import Trend
from explain.results.plan import FixedPlan, Plan
from explain.results.record_sections import (
    AttributeSource,
    AuditedSystem,
    Mitigation,
    Parameters,
    Provenance,
    RecordedBaseline,
    RecordedGap,
    RecordedWeight,
)

WEIGHTS_NOTE = (
    "Weights are measured: the share of the absolute amounts behind everybody's listed items. Learnt parameters were "
    "picked on a validation cut of the training part."
)
RELEASE = "0.2.0"
PRODUCT = ("core", "data", "explain", "pages")
SOURCES = {".py", ".js", ".css", ".html", ".json", ".toml"}
LIMITS = (
    "Accuracy and relevance are measured on logged events, with the biases of what was shown when they were logged.",
    "Attention is a model of reading (stated as the browsing model), not what eyes did.",
    "A verdict is about these lists, this length and these thresholds; another model, k or target is another audit.",
    (
        "Attributes are as the data states them; who is unknown is a row of its own, and the worst-case "
        "bounds say what that could hide."
    ),
    "The non-profiling arm ranks the same catalogue; it was not shown to anybody.",
)


@dataclass(frozen=True, kw_only=True)
class Supplements:
    """What other parts of the product add to what a plan measures; each is empty where it was not asked for."""

    weights: tuple[RecordedWeight, ...] = ()
    non_profiling: tuple[RecordedBaseline, ...] = ()
    attribution: tuple[RecordedGap, ...] = ()
    mitigations: tuple[Mitigation, ...] = ()
    trends: tuple[Trend, ...] = ()
    weights_sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class Source:
    """What was audited: the data, and the fitted model by its manifest and title."""

    graph: InteractionGraph
    card: DataCard
    manifest: Manifest
    model_title: str


def record_content(
    source: Source,
    plan: FixedPlan,
    configuration: str,
    measured: MeasuredPlan,
    lists: AuditedLists,
) -> AuditContent:
    """The record without its hash and signatures. plan: as it was written to the log; configuration: hash of the plan
    as it was run.
    """
    graph = source.graph
    creators = creators_of(graph)
    return AuditContent(
        schema=SCHEMA,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        plan=plan,
        system=AuditedSystem(
            name="Surfaced",
            surface=plan.surface or UNSAID,
            purpose=plan.purpose or UNSAID,
            owner=plan.owner or UNSAID,
            recommender=source.model_title,
        ),
        provenance=_provenance(source, configuration),
        attributes=attributes(graph, plan, source.card, lists.guard),
        parameters=Parameters(weights=(), learnt=source.manifest.parameters, why=WEIGHTS_NOTE),
        non_profiling=(),
        metrics=measured.metrics,
        item_audits=tuple(replace(a, rows=rated(a.rows)) for a in measured.items),
        user_audits=tuple(replace(a, rows=rated(a.rows, of_people=True)) for a in measured.people),
        intersections=tuple(replace(a, rows=rated(a.rows, of_people=True)) for a in measured.intersections),
        cells=measured.cells,
        trends=(),
        creators=() if creators is None else creators_view(lists, creators),
        attribution=(),
        suppressed=measured.suppressed,
        unknown=measured.unknown,
        verdict=measured.verdict,
        mitigations=(),
        limits=LIMITS,
        incidents=(),
        changes=None,
    )


def supplemented(content: AuditContent, supplements: Supplements, data_sha256: str) -> AuditContent:
    """The content with what was measured besides its plan, and with the hash of the data."""
    why = supplements.weights_sentence or content.parameters.why
    return replace(
        content,
        provenance=replace(content.provenance, data_sha256=data_sha256),
        parameters=replace(content.parameters, weights=supplements.weights, why=why),
        non_profiling=supplements.non_profiling,
        attribution=supplements.attribution,
        mitigations=supplements.mitigations,
        trends=supplements.trends,
    )


def _provenance(source: Source, configuration: str) -> Provenance:
    graph, card, manifest = source.graph, source.card, source.manifest
    times = graph.events.time
    window = (
        (date_of(int(times.min())), date_of(int(times.max()))) if len(graph.events) and times.min() else (None, None)
    )
    return Provenance(
        graph=manifest.fingerprint,
        model=manifest.snapshot,
        data=f"{card.title} ({card.name}), {card.licence}",
        code=code_version(),
        configuration=configuration,
        time_window=window,
        inclusion=(
            f"All {len(graph.events):,} events of the prepared data: {graph.n_users:,} {card.person_noun}s, "
            f"{graph.n_items:,} {card.item_noun}s. Lists leave out what a {card.person_noun} already has."
        ),
    )


def creators_of(graph: InteractionGraph) -> Cohorts | None:
    """The grouping of the items by who made them, None where nobody is named."""
    return of_kind(graph, "creator")


def rated(rows: Sequence[AuditRow], *, of_people: bool = False) -> tuple[AuditRow, ...]:
    """Rows with their ratio to the highest known row (impact ratio); of people in the digits in which
    these are told.
    """
    top = max((row.value for row in rows if row.value is not None and row.group != UNKNOWN), default=0.0)
    ratios = [row.value / top if row.value is not None and top > 0 else None for row in rows]
    return tuple(
        replace(row, impact_ratio=told(ratio) if of_people else ratio) for row, ratio in zip(rows, ratios, strict=True)
    )


def attributes(
    graph: InteractionGraph, plan: Plan, card: DataCard, guard: Disclosure | None = None
) -> tuple[AttributeSource, ...]:
    """Where each audited column comes from and for how many it is missing; None where those are a group that stays
    hidden.
    """
    return (
        *(_item_attribute(graph, by, card) for by in plan.item_columns),
        *(_user_attribute(graph, by, card, guard) for by in plan.user_columns),
    )


def _item_attribute(graph: InteractionGraph, by: str, card: DataCard) -> AttributeSource:
    frame = graph.items.attributes
    if by in frame.columns:
        missing = int(frame[by].map(is_unknown).sum())
        source = card.attribute_notes.get(by, f"column {by} of the item table")
    else:
        missing, source = _derived(graph, by)
    return AttributeSource(column=by, side="item", source=source, n=graph.n_items, n_missing=missing)


def _user_attribute(graph: InteractionGraph, by: str, card: DataCard, guard: Disclosure | None) -> AttributeSource:
    frame, n = graph.users.attributes, graph.n_users
    missing: int | None
    if by in frame.columns:
        hidden = guard is not None and UNKNOWN in guard.names(by, np.arange(n))
        missing = None if hidden else int(frame[by].map(is_unknown).sum())
        source = card.attribute_notes.get(by, f"column {by} of the user table")
    else:
        missing, source = _derived(graph, by)
    return AttributeSource(column=by, side="user", source=source, n=n, n_missing=missing)


def _derived(graph: InteractionGraph, by: str) -> tuple[int, str]:
    """Of a column that no table has: how many are unknown, and from what it follows."""
    groups = cohorts(graph, by, "item")
    missing = 0 if groups.unknown is None else int(groups.sizes[groups.unknown])
    if by in (POPULARITY, AGE_OF_ITEM):
        return missing, "derived from events or publication dates"
    return missing, "derived: from the graph's own links"


@cache
def code_version() -> str:
    """The release with a hash of the product's sources, and Python, torch, numpy."""
    product = f"Surfaced {RELEASE} (sources {sources_sha256()[:12]})"
    return f"{product}, Python {platform.python_version()}, torch {version('torch')}, numpy {np.__version__}"


@cache
def sources_sha256() -> str:
    """One SHA-256 over the product's source files by path, whatever a checkout or a package calls itself."""
    root, whole = Path(__file__).resolve().parents[2], hashlib.sha256()
    files = [
        root / "app.py",
        root / "cli.py",
        *(f for top in PRODUCT for f in (root / top).rglob("*") if f.suffix in SOURCES),
    ]
    for file in sorted(f for f in files if f.is_file()):
        whole.update(f"{file.relative_to(root).as_posix()}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()
