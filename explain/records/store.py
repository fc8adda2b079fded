"""Stored audits: one JSON file each, named by its hash, in one piece with its row in the decision log.

The file is laid down first under a waiting name, then the row is committed, then the file gets its name. A process
killed before the commit leaves a waiting file that nobody reads; one killed after it leaves a row whose file is named
when it is next asked for. So there is the whole record or none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from core.errors import OptionError, SnapshotError, SurfacedError, shown
from core.files import JsonObject, read_json, write_whole
from explain.records.log import DecisionLog
from explain.records.schema import OUTSIDE, audit_id, check, content_hash, is_intact
from explain.results.audit_record import SCHEMA, AuditContent, AuditRecord, StoredAudit
from explain.results.decision_log import HAPPENED, AuditEntry, LogEntry, iso
from explain.results.record_sections import LogExtract, Signature

_ID: Final = re.compile(r"audit-[0-9a-f]{12}")


class Records:
    """The audits of one workspace. folder: where its files are; log: the decision log of the state folder."""

    def __init__(self, folder: Path, log: DecisionLog, workspace: str) -> None:
        self.folder, self.log, self.workspace = folder, log, workspace

    def save(self, content: AuditContent, *, actor: str, role: str = "") -> StoredAudit:
        """Store a record and write its row; gives it back with id and hash. Saving the same content again changes
        nothing.

        Raises OptionError where it does not have the published form, or where the plan is not the one that was fixed in
        the log before; SurfacedError where it cannot be written.
        """
        kept = _storable(content)
        sha256 = content_hash(kept)
        audit = audit_id(sha256)
        place, rows = self._place(audit), self.log.rows(self.workspace)
        self._check_plan(kept["plan"], rows)
        record = kept | {"id": audit, "sha256": sha256}
        if self._row(audit, rows) is None:
            waiting = self._waiting(place)
            _write_whole(waiting, json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False))
            about = {
                "audit": audit,
                "sha256": sha256,
                "model": content.plan.model,
                "verdict": content.verdict.verdict,
            }
            self.log.append(self.workspace, "audit", actor=actor, role=role, content=about)
        self._named(place)
        return StoredAudit.from_json(record)

    def load(self, audit: str, rows: tuple[LogEntry, ...] | None = None) -> StoredAudit:
        """A stored record, checked against its own hash and its row. Raises OptionError, or SnapshotError naming what
        is wrong.
        """
        if not _ID.fullmatch(audit):
            raise OptionError(f"{shown(audit)} is no id of an audit: such an id is audit- and 12 hexadecimal digits.")
        rows = self.log.rows(self.workspace) if rows is None else rows
        row, place = self._row(audit, rows), self._place(audit)
        if row is not None:
            self._named(place)
        record = self._read(audit, place, row)
        if row is None:
            raise SnapshotError(
                f"Audit {audit} is stored, but the decision log has no row about it: rows were cut from its end. "
                "Run verify-log."
            )
        if row.content.get("sha256") != record["sha256"]:
            raise SnapshotError(f"The file of audit {audit} is not the one that row {row.number} of the log is about.")
        return StoredAudit.from_json(record)

    def _read(self, audit: str, place: Path, row: LogEntry | None) -> JsonObject:
        """The JSON of a stored record with the hash that it names."""
        try:
            record = read_json(place)
        except FileNotFoundError:
            if row is not None:
                raise SnapshotError(
                    f"The file of audit {audit} is missing, though the decision log has it as row {row.number}. "
                    "Restore it from an export or a backup."
                ) from None
            raise OptionError(
                f"There is no audit {audit} in workspace {self.workspace}. `audits` lists them."
            ) from None
        except (OSError, ValueError):
            raise SnapshotError(f"The file of audit {audit} cannot be read: {place} is cut short or damaged.") from None
        if not isinstance(record, dict) or not is_intact(record):
            raise SnapshotError(
                f"The file of audit {audit} was altered: its content does not have the hash that it names. "
                "Restore it from an export."
            )
        return record

    def shown(self, audit: str) -> AuditRecord:
        """A record as it is read: with signatures and its extract of the log as the log has them now."""
        rows = self.log.rows(self.workspace)
        stored = self.load(audit, rows)
        extract = [row.as_json() for row in rows if _concerns(row, stored)]
        log = LogExtract.from_json({"head": rows[-1].hash, "rows": len(rows), "extract": extract})
        signed = [signature.as_json() for signature in signatures(stored.sha256, rows)]
        return AuditRecord.from_json(stored.as_json() | {"log": log.as_json(), "signatures": signed})

    def listed(self) -> tuple[AuditEntry, ...]:
        """All audits, newest first; altered ones too, with what is wrong."""
        rows = self.log.rows(self.workspace)
        logged = [str(row.content.get("audit")) for row in rows if row.kind == "audit"]
        stray = sorted(set(self.files()) - set(logged))
        return tuple(self._entry(audit, rows) for audit in [*stray, *dict.fromkeys(reversed(logged))])

    def files(self) -> tuple[str, ...]:
        """Ids of the files that have their name."""
        return tuple(sorted(p.stem for p in self.folder.glob("audit-*.json") if _ID.fullmatch(p.stem)))

    def named_hashes(self) -> dict[str, str]:
        """Hashes of the log that stored audits name: {hash: who names it}."""
        named = {}
        for audit in self.files():
            try:
                record = read_json(self._place(audit))
                named[str(record["plan"]["log_hash"])] = f"the plan of {audit}"
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return named

    def _entry(self, audit: str, rows: tuple[LogEntry, ...]) -> AuditEntry:
        row = self._row(audit, rows)
        about = {} if row is None else row.content
        model, verdict, sha256 = (str(about.get(name, "")) for name in ("model", "verdict", "sha256"))
        when = "" if row is None else iso(row.created)
        try:
            record = self.load(audit, rows)
        except (SnapshotError, OptionError) as error:
            return AuditEntry(
                id=audit,
                created=when,
                model=model,
                verdict=verdict,
                n_signatures=0,
                sha256=sha256,
                intact=False,
                told=str(error),
            )
        given = signatures(record.sha256, rows)
        return AuditEntry(
            id=audit,
            created=record.created,
            model=record.plan.model,
            verdict=record.verdict.verdict,
            n_signatures=len(given),
            sha256=record.sha256,
            n_signers=len({signature.name for signature in given}),
        )

    def _check_plan(self, plan: Mapping[str, Any], rows: tuple[LogEntry, ...]) -> None:
        """The thresholds of a report are those that were fixed before the run."""
        if plan["workspace"] != self.workspace:
            raise OptionError(f"The plan is about {shown(plan['workspace'])}, not {shown(self.workspace)}.")
        row = next((row for row in rows if row.hash == plan["log_hash"] and row.kind == "plan"), None)
        if row is None:
            raise OptionError(
                "The plan of this audit was not fixed in the decision log before the run: fix the plan, then run it."
            )
        now = {key: value for key, value in plan.items() if key not in ("fixed_at", "log_hash")}
        changed = sorted(key for key in now.keys() | row.content.keys() if now.get(key) != row.content.get(key))
        if changed or plan["fixed_at"] != row.when:
            what = ", ".join(changed) or "fixed_at"
            raise OptionError(
                f"The plan was changed after it was fixed in row {row.number} of the log: {what}. Fix a plan anew."
            )

    def _row(self, audit: str, rows: tuple[LogEntry, ...]) -> LogEntry | None:
        return next((row for row in rows if row.kind == "audit" and row.content.get("audit") == audit), None)

    def _place(self, audit: str) -> Path:
        return self.folder / f"{audit}.json"

    def _waiting(self, place: Path) -> Path:
        return place.with_name(f".waiting-{place.name}")

    def _named(self, place: Path) -> None:
        """Gives a waiting file its name, where one waits."""
        waiting = self._waiting(place)
        try:
            if not place.exists() and waiting.exists():
                waiting.replace(place)
        except FileNotFoundError:
            return  # another process was quicker
        except OSError as error:
            raise SurfacedError(
                f"{place} could not be written: {error.strerror}. The record waits in {waiting.name}."
            ) from None


def signatures(sha256: str, rows: tuple[LogEntry, ...]) -> tuple[Signature, ...]:
    """Who signed exactly this content, oldest first."""
    return tuple(
        Signature(
            name=row.actor,
            role=row.role,
            comment=str(row.content.get("comment", "")),
            signed_at=row.when,
            log_hash=row.hash,
        )
        for row in rows
        if row.kind == "signature" and row.content.get("sha256") == sha256
    )


def _concerns(row: LogEntry, record: StoredAudit) -> bool:
    """Whether a report's extract holds a row: its plan, itself, its signatures and exports, and all that happened."""
    return row.kind in HAPPENED or row.content.get("audit") == record.id or row.hash == record.plan.log_hash


def _storable(content: AuditContent) -> JsonObject:
    """The content as JSON, in the published form. Raises OptionError."""
    try:
        kept = json.loads(json.dumps(content.as_json() | {"schema": SCHEMA}, allow_nan=False))
    except (ValueError, TypeError) as error:
        raise OptionError(f"This record cannot be stored: {error}. Missing numbers are null, with a reason.") from None
    content_only: JsonObject = {key: value for key, value in kept.items() if key not in OUTSIDE}
    check(content_only, without=OUTSIDE)
    return content_only


def _write_whole(place: Path, text: str) -> None:
    try:
        write_whole(place, text)
    except OSError as error:
        raise SurfacedError(
            f"The audit could not be written to {place.parent}: {error.strerror or error}. "
            "Nothing was stored; make room, then save again."
        ) from None
