"""Blind test: a bias is planted, its size sealed, the audit run without it, and then the seal is broken.

The size is drawn or given, written apart, and only a SHA-256 commitment to it is shown. The estimate with the 95 %
interval (explain.blind_test.audit) is stored before anything is revealed; revealing shows the size, whether the
interval held it, and that the commitment matches.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from core.errors import OptionError
from explain.blind_test import files
from explain.blind_test.ladder import LADDER_SEED, MAX_SIZE, check_kind, check_size
from explain.results.blind_test import BlindResult, BlindTestEntry, Revealed, Sealed

_ROUNDING: Final = 1e-9


def seal(home: Path, size: float | None, kind: str, seed: int | None = None) -> Sealed:
    """Begin a test: a size of one's own, or None for one that is drawn from 0..0.95 and not shown.
    Raises OptionError.
    """
    kind = check_kind(kind)
    if seed is not None and not 0 <= seed < LADDER_SEED:
        raise OptionError(f"The seed of a blind test lies between 0 and {LADDER_SEED - 1:,}; {seed:,} was given.")
    planted = secrets.randbelow(10_000) * MAX_SIZE / 9_999 if size is None else check_size(size)
    text = json.dumps(
        {
            "kind": kind,
            "size": round(planted, 4),
            "seed": secrets.randbelow(LADDER_SEED) if seed is None else seed,
            "salt": secrets.token_hex(16),
        },
        sort_keys=True,
    )
    created = datetime.now(UTC).isoformat(timespec="milliseconds")
    sealed = Sealed(secrets.token_hex(4), kind, _commitment(text), created)
    files.write_seal(home, sealed.id, text)
    files.write_record(home, files.Record(sealed))
    return sealed


def reveal(home: Path, test: str) -> Revealed:
    """Break the seal of a test that has been audited. Raises OptionError before that, SurfacedError for a missing or
    altered seal.
    """
    record = files.read_record(home, test)
    if record.result is None:
        raise OptionError(f"Blind test {test} has no estimate yet: run it first, or it would not be blind.")
    revealed = _revealed(record.sealed, record.result, files.read_seal(home, test))
    if record.opened is None:
        files.write_record(home, replace(record, opened=files.Opened(revealed.held, revealed.matches)))
    return revealed


def stored_result(home: Path, test: str) -> BlindResult | None:
    """What the audit said of a test, None while there is none. Raises OptionError for an unknown id."""
    return files.read_record(home, test).result


def tests(home: Path) -> tuple[BlindTestEntry, ...]:
    """Every test that can be read, newest first."""
    return tuple(sorted(map(_entry, files.records(home)), key=lambda entry: (entry.created, entry.id), reverse=True))


def _revealed(sealed: Sealed, result: BlindResult, seal: files.Seal) -> Revealed:
    recomputed = _commitment(seal.text)
    held = result.low - _ROUNDING <= seal.size <= result.high + _ROUNDING
    matches = recomputed == sealed.commitment
    return Revealed(
        id=sealed.id,
        kind=sealed.kind,
        true_size=seal.size,
        size=result.size,
        low=result.low,
        high=result.high,
        held=held,
        commitment=sealed.commitment,
        recomputed=recomputed,
        matches=matches,
        committed_text=seal.text,
        sentence=_sentence(seal.size, result, held=held, matches=matches),
    )


def _sentence(truth: float, result: BlindResult, *, held: bool, matches: bool) -> str:
    return (
        f"Planted was {truth:.3f}; the audit said {result.size:.2f} ({result.low:.2f} to {result.high:.2f}). "
        f"The interval {'held' if held else 'missed'} it. "
        + ("The commitment matches." if matches else "The commitment does NOT match: the sealed size was changed.")
    )


def _entry(record: files.Record) -> BlindTestEntry:
    return BlindTestEntry(
        id=record.sealed.id,
        kind=record.sealed.kind,
        created=record.sealed.created,
        commitment=record.sealed.commitment,
        audited=record.result is not None,
        revealed=record.opened is not None,
        held=None if record.opened is None else record.opened.held,
    )


def _commitment(text: str) -> str:
    """SHA-256 of the sealed text, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
