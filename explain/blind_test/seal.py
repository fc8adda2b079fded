"""Blind test: a bias is planted, its size sealed, the audit run without it, and then the seal is broken.

The size is drawn or given, written apart, and only a SHA-256 commitment to it is shown; the audit sees a workspace
without causes and without words about what is planted. Its estimate with the 95 % interval is stored before anything is
revealed; revealing shows the size, whether the interval held it, and that the commitment matches. How a size is
estimated stands in explain.blind_test.ladder.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from core.errors import OptionError, SurfacedError, shown
from core.evaluation import evaluate
from core.files import read_json
from core.graph import InteractionGraph
from core.progress import Progress, no_progress, portion
from core.ranking import rank_all
from core.snapshots import save
from core.threads import one_thread
from data.builder import build_graph
from data.splits import split
from explain.blind_test.ladder import (
    LADDER_SEED,
    MAX_SIZE,
    MEASURES,
    REFERENCE,
    Estimate,
    K,
    Setup,
    check_kind,
    check_size,
    estimate,
    ladder,
    numbers_of,
    served,
    simulate,
    write_whole,
)
from explain.fairness.item_audit import audit_items
from explain.fairness.user_audit import audit_users
from explain.results.audit import AuditRow
from explain.results.blind_test import BlindAudit, BlindMeasure, BlindResult, BlindTest, Revealed, Sealed
from explain.results.json_form import JsonObject
from explain.storage.store import LAYOUT, Prepared, Store

KEPT = 5
FORMULA = (
    "z0 is the audit's numbers in one; b(x) = b0 + b1 x + b2 x² is fitted to worlds of known sizes x. "
    "The interval is every x with "
    "|z0 − b(x)| ≤ t · s · sqrt(1 + leverage of x): classical calibration, 95 %."
)
_ID = re.compile(r"[0-9a-f]{8}")


def seal(home: Path, size: float | None, kind: str, seed: int | None = None) -> Sealed:
    """Begin a test: a size of one's own, or None for one that is drawn from 0..0.95 and not shown.
    Raises OptionError.
    """
    kind = check_kind(kind)
    if seed is not None and not 0 <= seed < LADDER_SEED:
        raise OptionError(f"The seed of a blind test lies between 0 and {LADDER_SEED - 1:,}; {seed:,} was given.")
    drawn = secrets.randbelow(10_000) * MAX_SIZE / 9_999 if size is None else check_size(size)
    text = json.dumps(
        {
            "kind": kind,
            "size": round(drawn, 4),
            "seed": secrets.randbelow(LADDER_SEED) if seed is None else seed,
            "salt": secrets.token_hex(16),
        },
        sort_keys=True,
    )
    begun = Sealed(
        id=secrets.token_hex(4),
        kind=kind,
        commitment=_digest(text),
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
    )
    folder = _folder(home)
    write_whole(folder / f"{begun.id}.sealed.json", {"text": text})
    write_whole(folder / f"{begun.id}.json", {"sealed": begun.as_json()})
    return begun


def run(home: Path, test: str, *, setup: Setup | None = None, progress: Progress = no_progress) -> BlindResult:
    """Simulate the sealed world into a workspace of its own, fit, audit, estimate. Raises SurfacedError; a stopped test
    can be run again.
    """
    setup, record = setup or Setup(), _record(home, test)
    begun = Sealed.from_json(record["sealed"])
    if "result" in record:
        return BlindResult.from_json(record["result"])
    started = time.perf_counter()
    with one_thread():
        graph, positives = _make(home, begun, setup, portion(progress, 0.0, 0.1))
        audited = _audited(home, graph, positives, begun, setup, portion(progress, 0.1, 0.98))
    result = replace(audited, seconds=time.perf_counter() - started)
    write_whole(_folder(home) / f"{test}.json", record | {"result": result.as_json()})
    _tidy(home, begun.workspace)
    progress(1.0, "audited")
    return result


def reveal(home: Path, test: str) -> Revealed:
    """Break the seal of a test that has been audited. Raises OptionError before that, SurfacedError for a missing or
    altered seal.
    """
    record = _record(home, test)
    if "result" not in record:
        raise OptionError(f"Blind test {test} has no estimate yet: run it first, or it would not be blind.")
    result, begun = BlindResult.from_json(record["result"]), Sealed.from_json(record["sealed"])
    text, sealed = _sealed(home, test)
    truth = float(sealed["size"])
    recomputed = _digest(text)
    held, matches = result.low - 1e-9 <= truth <= result.high + 1e-9, recomputed == begun.commitment
    sentence = (
        f"Planted was {truth:.3f}; the audit said {result.size:.2f} ({result.low:.2f} to "
        f"{result.high:.2f}). The interval "
        f"{'held' if held else 'missed'} it. "
        + ("The commitment matches." if matches else "The commitment does NOT match: the sealed size was changed.")
    )
    if "revealed" not in record:
        write_whole(_folder(home) / f"{test}.json", record | {"revealed": {"held": held, "matches": matches}})
    return Revealed(
        id=test,
        kind=begun.kind,
        true_size=truth,
        size=result.size,
        low=result.low,
        high=result.high,
        held=held,
        commitment=begun.commitment,
        recomputed=recomputed,
        matches=matches,
        committed_text=text,
        sentence=sentence,
    )


def stored_result(home: Path, test: str) -> BlindResult | None:
    """The audit's word on a test, None while there is none. Raises OptionError for an unknown id."""
    record = _record(home, test)
    return BlindResult.from_json(record["result"]) if "result" in record else None


def tests(home: Path) -> tuple[BlindTest, ...]:
    """Every test that can be read in this home, newest first."""
    records = {p.stem: _read(p) for p in (home / "blind").glob("*.json") if _ID.fullmatch(p.stem)}
    listed = [_listed(test, record) for test, record in records.items() if record is not None]
    return tuple(sorted(listed, key=lambda test: (test.created, test.id), reverse=True))


def _listed(test: str, record: JsonObject) -> BlindTest:
    sealed, revealed = record["sealed"], record.get("revealed")
    return BlindTest(
        id=test,
        kind=sealed["kind"],
        commitment=sealed["commitment"],
        created=sealed["created"],
        audited="result" in record,
        revealed=revealed is not None,
        held=revealed["held"] if revealed else None,
    )


def _make(home: Path, begun: Sealed, setup: Setup, progress: Progress) -> tuple[InteractionGraph, tuple[str, ...]]:
    """The workspace of a test, with the path model fitted. The only step that reads the sealed size."""
    from data.validation import validate  # pandera takes half a second to import

    _, sealed = _sealed(home, begun.id)
    raw = simulate(setup, check_kind(begun.kind), float(sealed["size"]), int(sealed["seed"]), progress)
    tables, notes = validate(raw)
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
    store.save_tables(begun.workspace, tables, prepared)
    model, _ = served(graph)
    save(
        store.snapshots(begun.workspace),
        model=model.spec.name,
        state=model.state(),
        fingerprint=graph.fingerprint,
        seed=0,
        seconds=time.perf_counter() - started,
        metrics={},
    )
    return graph, tables.card.positives


def _audited(
    home: Path, graph: InteractionGraph, positives: tuple[str, ...], begun: Sealed, setup: Setup, progress: Progress
) -> BlindResult:
    """The audit's estimate from the world alone."""
    kind = check_kind(begun.kind)
    known = ladder(home, kind, setup, portion(progress, 0.0, 0.9))
    progress(0.9, "auditing without being told")
    numbers = numbers_of(graph, positives, kind)
    size = estimate(known, numbers)
    return BlindResult(
        id=begun.id,
        workspace=begun.workspace,
        kind=kind,
        commitment=begun.commitment,
        size=size.size,
        low=size.low,
        high=size.high,
        numbers=tuple(
            BlindMeasure(name=name, meaning=meaning, ratio=float(np.exp(value)))
            for (name, meaning), value in zip(MEASURES[kind], numbers, strict=True)
        ),
        audit=_item_side(graph) if kind == "author" else _user_side(graph, positives),
        z=size.z,
        curve=size.curve,
        points=size.points,
        n_ladder=len(known.sizes),
        formula=FORMULA,
        seconds=0.0,
        sentence=_sentence(kind, size),
    )


def _item_side(graph: InteractionGraph) -> BlindAudit:
    _, lists = served(graph)
    audit = audit_items(graph, lists, "author_group", lists.shape[1])
    return _row(audit.rows, "author_group", "new", audit.metric)


def _user_side(graph: InteractionGraph, positives: tuple[str, ...]) -> BlindAudit:
    """nDCG on a fifth of all events, hidden from a model of the same parameters."""
    from core.models.path import PathModel

    parts = split(graph, "random", 0, positives)
    model = PathModel.build(parts.train, REFERENCE)
    k = min(K, graph.n_items)
    lists, _ = rank_all(model.score, graph.n_users, parts.train.interactions, k)
    measured = evaluate(lists, parts.test, training=parts.train.interactions, cutoffs=(k,))
    audit = audit_users(graph, measured, "region", k)
    return _row(audit.rows, "region", "North", audit.metric)


def _row(rows: Iterable[AuditRow], by: str, group: str, metric: str) -> BlindAudit:
    row = next((r for r in rows if r.group == group), None)
    if row is None:
        raise SurfacedError(f"This world has no {by} {group}, so nothing can be audited: start another test.")
    return BlindAudit(
        by=by,
        metric=metric,
        group=row.group,
        n=row.n,
        value=row.value,
        low=row.low,
        high=row.high,
        verdict=row.verdict,
        reason=row.reason,
    )


def _sentence(kind: str, found: Estimate) -> str:
    what = (
        "an article by a new author is that much less likely to be shown in a draw among co-readers or as trending"
        if kind == "author"
        else "readers in the North lose that part of their personal reading to the push list"
    )
    none = " No bias at all is within the interval." if found.low <= 0 else ""
    return f"The audit estimates {found.size:.2f} (95 % interval {found.low:.2f} to {found.high:.2f}): {what}.{none}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _folder(home: Path) -> Path:
    return home / "blind"


def _record(home: Path, test: str) -> JsonObject:
    record = _read(_folder(home) / f"{test}.json") if _ID.fullmatch(str(test)) else None
    if record is None:
        raise OptionError(f"There is no blind test {shown(test)} here: start one first.")
    return record


def _read(place: Path) -> JsonObject | None:
    """A record, None where there is none or it is damaged."""
    try:
        record = read_json(place)
        Sealed(**record["sealed"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return dict(record)


def _sealed(home: Path, test: str) -> tuple[str, JsonObject]:
    """What was committed to, as text and read."""
    try:
        text = str(read_json(_folder(home) / f"{test}.sealed.json")["text"])
        content = json.loads(text)
        return text, {"size": float(content["size"]), "seed": int(content["seed"])}
    except (OSError, ValueError, KeyError, TypeError):
        raise SurfacedError(f"What was sealed for blind test {test} cannot be read: start another test.") from None


def _tidy(home: Path, newest: str) -> None:
    """Workspaces of earlier tests are scratch: the last few stay to be looked into, records stay for good."""
    folder = home / "workspaces"
    old = [p for p in folder.glob("blind-*") if _ID.fullmatch(p.name.removeprefix("blind-")) and p.name != newest]
    old.sort(key=lambda p: p.stat().st_mtime, reverse=True)
    for place in old[KEPT - 1 :]:
        shutil.rmtree(place, ignore_errors=True)
