"""The workbench: plans that are fixed, audits that are stored, signed, compared and exported, and the decision log."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args, overload

from core.errors import NotWritableError, OptionError, SnapshotError, SurfacedError, shown
from core.models.base import get_model
from core.snapshots import manifests
from core.texts import command as typed
from explain.records.cards import Card, data_card, evaluations, model_card
from explain.records.compare import changes, compare
from explain.records.html import audit_html
from explain.records.log import MAX_TEXT, plain
from explain.records.report import check_report, exported, file_hash, json_text
from explain.records.store import Records
from explain.records.verification import verify
from explain.results.audit_record import AuditContent, AuditRecord
from explain.results.comparison import Changes, Comparison
from explain.results.decision_log import HAPPENED, AuditEntry, Kind, LogEntry, ReportCheck, Verification, iso
from explain.results.record_sections import Incident
from explain.workbench.session import Session

UNNAMED = "not stated"


class RecordService:
    """What a governance team keeps."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def save(self, workspace: str, content: AuditContent, actor: str, role: str = "") -> AuditRecord:
        """Stores an audit's content and writes its row; the record as it is read. Raises OptionError for what is no
        record.

        Where the content says nothing of incidents or of changes, they come from the log and the model's last audit.
        """
        records = self._records(workspace)
        if not content.incidents:
            happened = [row for row in self.session.decisions.rows(workspace) if row.kind in HAPPENED]
            content = replace(content, incidents=tuple(map(_incident, happened)))
        if content.changes is None:
            content = replace(content, changes=self._since_last(records, content))
        return records.shown(records.save(content, actor=actor, role=role).id)

    def listed(self, workspace: str) -> tuple[AuditEntry, ...]:
        """Stored audits, newest first; an altered one says so."""
        return self._records(workspace).listed()

    def load(self, workspace: str, audit: str) -> AuditRecord:
        """An audit with its signatures and its extract of the log. Raises OptionError, SnapshotError where it was
        altered.
        """
        return self._records(workspace).shown(audit)

    def compare(self, workspace: str, audit: str, earlier: str) -> Comparison:
        """Group by group: then and now."""
        records = self._records(workspace)
        return compare(records.load(audit), records.load(earlier))

    def sign(self, workspace: str, audit: str, name: str, role: str, comment: str = "") -> LogEntry:
        """A signature under exactly this content. Raises OptionError without a name and a role, SnapshotError for an
        altered audit.
        """
        record = self._records(workspace).load(audit)
        if not name.strip():
            raise OptionError("A name is missing: a signature says who signs.")
        if not role.strip():
            raise OptionError("A role is missing: a signature says in which role somebody signs.")
        content = {"audit": record.id, "sha256": record.sha256, "comment": plain(comment, "A comment", MAX_TEXT)}

        def not_twice(rows: tuple[LogEntry, ...]) -> None:
            if any(
                row.kind == "signature" and (row.actor, row.role, row.content) == (name.strip(), role.strip(), content)
                for row in rows
            ):
                raise OptionError(f"{shown(name)} has signed {record.id} with the same role and comment already.")

        return self.session.decisions.append(
            workspace, "signature", actor=name, role=role, content=content, before=not_twice
        )

    def add_incident(
        self,
        workspace: str,
        text: str,
        name: str,
        role: str = "",
        *,
        kind: Kind = "incident",
        audit: str | None = None,
    ) -> LogEntry:
        """An incident, rollback, approval or note in the log; about one audit where given."""
        self.session.store.check(workspace)
        allowed = (*HAPPENED, "note")
        if kind not in allowed:
            raise OptionError(f"{shown(kind)} cannot be added by hand. Kinds: {', '.join(allowed)}.")
        what = plain(text, "The text", MAX_TEXT)
        if not what:
            raise OptionError("Say what happened, and what was done.")
        about = {} if audit is None else {"audit": self._records(workspace).load(audit).id}
        return self.session.decisions.append(workspace, kind, actor=name, role=role, content={"text": what} | about)

    def log(self, workspace: str) -> tuple[LogEntry, ...]:
        """The decision log of a workspace, newest first."""
        self.session.store.check(workspace)
        return tuple(reversed(self.session.decisions.rows(workspace)))

    def verify_log(self, workspace: str, head: str | None = None) -> Verification:
        """How the log stands; also against the entries that stored audits name. Raises OptionError for a head that is
        no hash.
        """
        records = self._records(workspace)
        known = records.named_hashes()
        rows = self.session.decisions.raw_rows(workspace)
        named = {str(row[8]): "" for row in rows}
        missing = {value: who for value, who in known.items() if value not in named}
        noted = self.session.decisions.noted_heads().get(workspace)
        if noted is not None and noted not in named:
            missing[noted] = "the second file of heads (heads.json)"
        return verify(rows, head, missing, self.session.decisions.sound())

    @overload
    def export(
        self,
        workspace: str,
        audit: str,
        form: Literal["html"] = "html",
        actor: str = UNNAMED,
        tell: Callable[[str], None] | None = None,
    ) -> str: ...
    @overload
    def export(
        self,
        workspace: str,
        audit: str,
        form: Literal["json"],
        actor: str = UNNAMED,
        tell: Callable[[str], None] | None = None,
    ) -> AuditRecord: ...
    def export(
        self,
        workspace: str,
        audit: str,
        form: str = "html",
        actor: str = UNNAMED,
        tell: Callable[[str], None] | None = None,
    ) -> str | AuditRecord:
        """A report that stands on its own: "html" as one file's text, "json" as the record with its export's hash.

        tell  is told where the log could not keep it, because the disk is full or only read: the report is given all
              the same

        Write the record's JSON with indent 1 or as you like: its hash is over the canonical form. Raises SurfacedError
        where the log is not intact: a report from a broken log would carry a head that proves nothing.
        """
        if form not in ("html", "json"):
            raise OptionError(f"An audit is exported as html or json, not as {shown(form)}.")
        state = self.verify_log(workspace)
        if not state.ok:
            raise SurfacedError(
                f"The decision log of {workspace} is not intact, so no report can name its head: {state.sentence}"
            )
        record = exported(self._records(workspace).shown(audit), actor=actor, created=iso(int(time.time())))
        page = audit_html(record) if form == "html" else ""
        try:
            about = _export_row(record, form, page or json_text(record))
            self.session.decisions.append(workspace, "export", actor=actor, content=about)
        except NotWritableError as error:
            if tell is not None:
                tell(
                    "The report is written, but the decision log does not have it, as verify-report will say; "
                    f"export it again then. {error}"
                )
        return page if form == "html" else record

    def verify_report(self, file: Path) -> ReportCheck:
        """Whether an exported file is as it was exported, and whether its head is in the log of this machine."""
        return check_report(file, self._log_of)

    def model_card(self, workspace: str, model: str) -> Card:
        """The model card of the newest snapshot: headings of Mitchell et al. (2019), as sections of
        text and numbers.
        """
        card, prepared = self.session.store.card(workspace), self.session.store.require(workspace)
        spec = get_model(model).spec
        fitted = [m for m in manifests(self.session.store.snapshots(workspace)) if m.model == model]
        current = next((m for m in fitted if m.fingerprint == prepared.identity(model)), None)
        if current is None:
            command = typed("fit", "--workspace", workspace, "--model", model)
            raise SnapshotError(f"Model {model} is not fitted on the data of {workspace} yet. Type `{command}`.")
        names = self.session.store.results(workspace).glob(f"evaluation-{prepared.content[:12]}-{model}-*.json")
        measured = evaluations((self.session.store.read_result(workspace, p.stem) for p in sorted(names)), current)
        audits = [entry for entry in self.listed(workspace) if entry.model == model and entry.intact]
        return model_card(spec, current, card, measured, audits, n_snapshots=len(fitted))

    def data_card(self, workspace: str) -> Card:
        """The data card: headings of Gebru et al. (2018) and Pushkarna et al. (2022)."""
        prepared, tables = self.session.store.require(workspace), self.session.store.tables(workspace)
        return data_card(tables, prepared.fingerprint, prepared.relations, prepared.problems)

    def _records(self, workspace: str) -> Records:
        return Records(self.session.store.results(workspace) / "audits", self.session.decisions, workspace)

    def _log_of(self, workspace: str) -> tuple[list[tuple[Any, ...]], tuple[LogEntry, ...]] | None:
        """Raw and readable rows of a workspace; None where this machine has none to ask."""
        if workspace not in self.session.store.names() or not os.path.exists(self.session.decisions.path):
            return None
        return self.session.decisions.raw_rows(workspace), self.session.decisions.rows(workspace)

    def _since_last(self, records: Records, content: AuditContent) -> Changes | None:
        """What changed since the newest intact audit of the same model."""
        last = next((e for e in records.listed() if e.intact and e.model == content.plan.model), None)
        return None if last is None else changes(content, records.load(last.id))


def _incident(row: LogEntry) -> Incident:
    happened = {"kind": row.kind, "at": row.when, "actor": row.actor, "role": row.role, "log_hash": row.hash}
    return Incident.from_json({**happened, **row.content})


def _export_row(record: AuditRecord, form: str, text: str) -> dict[str, str]:
    """What the log keeps of an export."""
    return {
        "audit": record.id,
        "form": form,
        "head": record.log.head,
        "sha256": "" if record.export is None else record.export.sha256,
        "file_sha256": file_hash(text),
    }


assert set(HAPPENED) <= set(get_args(Kind))
