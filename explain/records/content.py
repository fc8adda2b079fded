"""An audit's record: what was found, with everything that a reader outside needs to judge it.

Only put together here: what was measured comes from explain.fairness, how it is kept, signed and shown is the business of
explain.record.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from core.graph import InteractionGraph
from core.snapshots import Manifest
from data.tables import DataCard
from explain.fairness.audit import Audit
from explain.fairness.audited_lists import AuditedLists
from explain.fairness.disclosure import Disclosure, told
from explain.fairness.plan import Plan
from explain.fairness.report import MeasuredPlan, creators_view
from explain.format.hashing import digest
from explain.groups.bands import is_unknown
from explain.groups.cohorts import UNKNOWN, Cohorts, cohorts, of_kind

SCHEMA = "surfaced-audit/1"
RELEASE = "0.2.0"
PRODUCT = ("core", "data", "explain", "pages")
SOURCES = {".py", ".js", ".css", ".html", ".json", ".toml"}
LIMITS = (
    "Accuracy and relevance are measured on logged events, with the biases of what was shown when they were logged.",
    "Attention is a model of reading (stated as the browsing model), not what eyes did.",
    "A verdict is about these lists, this length and these thresholds; another model, k or target is another audit.",
    "Attributes are as the data states them; who is unknown is a row of its own, and the worst-case bounds say what that could hide.",
    "The non-profiling arm ranks the same catalogue; it was not shown to anybody.",
)


@dataclass(frozen=True)
class Extras:
    """What other parts of the product add to a record; each is empty where it was not asked for."""

    weights: Sequence[Mapping[str, Any]] = ()
    non_profiling: Sequence[Mapping[str, Any]] = ()
    attribution: Sequence[Mapping[str, Any]] = ()
    mitigations: Sequence[Mapping[str, Any]] = ()
    trends: Sequence[Mapping[str, Any]] = ()
    incidents: Sequence[Mapping[str, Any]] = ()
    told: str = ""


def record_content(
    graph: InteractionGraph, card: DataCard, manifest: Manifest, model_title: str, plan: Plan, fixed: Mapping[str, Any],
    found: MeasuredPlan, case: AuditedLists, extras: Extras,
) -> dict[str, Any]:  # fmt: skip
    """The record without its hash and signatures. fixed: the plan as it was written to the log."""
    first, last = (int(t) for t in (graph.events.time.min(), graph.events.time.max())) if len(graph.events) else (0, 0)
    return {
        "schema": SCHEMA,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "plan": dict(fixed),
        "system": {
            "name": "Surfaced", "surface": plan.surface or "not stated", "purpose": plan.purpose or "not stated",
            "owner": plan.owner or "not stated", "recommender": model_title,
        },
        "provenance": {
            "graph": manifest.fingerprint, "model": manifest.snapshot, "data": f"{card.title} ({card.name}), {card.licence}",
            "code": code_version(), "configuration": digest(plan.as_json()),
            "time_window": [_day(first), _day(last)] if first else [None, None],
            "inclusion": f"All {len(graph.events):,} events of the prepared data: {graph.n_users:,} {card.person_noun}s, "
            f"{graph.n_items:,} {card.item_noun}s. Lists leave out what a {card.person_noun} already has.",
        },
        "attributes": attributes(graph, plan, card, case.guard),
        "parameters": {
            "weights": [dict(row) for row in extras.weights], "learnt": dict(manifest.parameters),
            "why": "Weights are measured: the share of the absolute amounts behind everybody's listed items. Learnt parameters were "
            "picked on a validation cut of the training part.",
        },
        "non_profiling": [dict(row) for row in extras.non_profiling],
        "metrics": [dict(row) for row in found.metrics],
        "item_audits": [audit_json(a) for a in found.items],
        "user_audits": [audit_json(a) for a in found.people],
        "intersections": [audit_json(a) for a in found.intersections],
        "cells": [dict(table) for table in found.cells],
        "trends": [dict(row) for row in extras.trends],
        "creators": creators_view(case, creators) if (creators := creators_of(graph)) is not None else [],
        "attribution": [dict(row) for row in extras.attribution],
        "suppressed": found.suppressed,
        "unknown": found.unknown,
        "verdict": found.verdict,
        "mitigations": [dict(row) for row in extras.mitigations],
        "limits": list(LIMITS),
        "incidents": [dict(row) for row in extras.incidents],
        "changes": None,
    }  # fmt: skip


def creators_of(graph: InteractionGraph) -> Cohorts | None:
    """The grouping of the items by who made them, None where nobody is named."""
    return of_kind(graph, "creator")


def audit_json(audit: Audit) -> dict[str, Any]:
    """An audit of one column with each row's ratio to the highest known row (impact ratio)."""
    found = asdict(audit)
    values = [r["value"] for r in found["rows"] if r["value"] is not None and r["group"] != UNKNOWN]
    top = max(values, default=0.0)
    for row in found["rows"]:
        ratio = row["value"] / top if row["value"] is not None and top > 0 else None
        row["impact_ratio"] = told(ratio) if audit.side == "user" else ratio
    found["rows"] = list(found["rows"])
    return found


def attributes(
    graph: InteractionGraph, plan: Plan, card: DataCard, guard: Disclosure | None = None
) -> list[dict[str, Any]]:
    """Where each audited column comes from and for how many it is missing; None where those are a group that stays hidden."""
    rows = []
    columns = [("item", by) for by in plan.item_columns] + [("user", by) for by in plan.user_columns]
    for side, by in columns:
        frame = graph.items.attributes if side == "item" else graph.users.attributes
        n = graph.n_items if side == "item" else graph.n_users
        missing: int | None
        if by in frame.columns:
            missing = int(frame[by].map(is_unknown).sum())
            if side == "user" and guard is not None and UNKNOWN in guard.names(by, np.arange(n)):
                missing = None
            source = card.attribute_notes.get(by, f"column {by} of the {side} table")
        else:
            groups = cohorts(graph, by, "item")
            missing = 0 if groups.unknown is None else int(groups.sizes[groups.unknown])
            source = (
                "derived: from the graph's own links"
                if by not in ("popularity", "age_of_item")
                else "derived from events or publication dates"
            )
        rows.append({"column": by, "side": side, "source": source, "n": n, "n_missing": missing})
    return rows


@cache
def code_version() -> str:
    """The release with a hash of the product's sources, and Python, torch, numpy."""
    told = f"Surfaced {RELEASE} (sources {sources_sha256()[:12]})"
    return f"{told}, Python {platform.python_version()}, torch {version('torch')}, numpy {np.__version__}"


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


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).date().isoformat()
