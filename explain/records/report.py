"""An exported report: the record with a second hash over the whole file's content, and the check of one that came back.

What is checked: the hash of what was signed, the hash of the export, the hashes of the log rows inside, that signatures
and rows agree, and that a page shows what its data say: where this machine has the log, the hash of the page stands in
it, beside the head; elsewhere the page is rendered again and compared.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

from core.errors import OptionError, shown
from core.files import JsonObject, read_bytes
from explain.records.html import audit_html
from explain.records.log import GENESIS, row_hash
from explain.records.schema import check, content_hash, export_hash, is_intact
from explain.records.store import signatures
from explain.records.verification import verify
from explain.results.audit_record import AuditRecord
from explain.results.decision_log import LogEntry, ReportCheck

MAX_BYTES: Final = 200_000_000
ELEMENT: Final = "audit"
LogOf = Callable[[str], tuple[list[tuple[Any, ...]], tuple[LogEntry, ...]] | None]


def exported(record: AuditRecord, *, actor: str, created: str) -> AuditRecord:
    """A record as it is read, with who exported it when, and the hash over all of it."""
    content = record.as_json() | {"export": {"created": created, "actor": actor}}
    content["export"] = content["export"] | {"sha256": export_hash(content)}
    check(content)
    return AuditRecord.from_json(content)


def json_text(record: AuditRecord) -> str:
    """The file of an export as JSON."""
    return json.dumps(record.as_json(), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def file_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def check_report(file: Path, log_of: LogOf) -> ReportCheck:
    """How a file stands. Raises OptionError where it is no report at all."""
    text = _read(file)
    page = "<html" in text[:2_000].lower()
    content = _content(_embedded(text) if page else text, file)
    record = AuditRecord.from_json(content)
    problems = list(_inside(content, record))
    log = log_of(record.plan.workspace)
    if log is None and page and not problems and audit_html(record) != text:
        problems.append("The page does not show what its data say: the text was changed, or another version wrote it.")
    if log is not None:
        problems += _outside(record, *log, file_hash(text) if page else None)
    if problems:
        sentence = f"Not as it was exported: {problems[0]}"
    elif log is None:
        sentence = "The report's hashes hold. This machine has no decision log to compare its head with."
    else:
        sentence = "The report is as it was exported, and its head stands in the decision log."
    return ReportCheck(
        ok=not problems,
        id=record.id,
        sha256=record.sha256,
        head=record.log.head,
        in_log=None if log is None else not _missing(record.log.head, log[0]),
        problems=tuple(problems),
        sentence=sentence,
    )


def _inside(content: JsonObject, record: AuditRecord) -> Iterator[str]:
    """What the file itself gives away. content: as it was read, which is what the hashes are of."""
    if not is_intact(content):
        yield f"The content was altered: its SHA-256 is {content_hash(content)}, not {record.sha256}."
    if export_hash(content) != content["export"]["sha256"]:
        yield (
            "The signatures, the log's extract or the export's own lines were altered: "
            "the hash of the export does not hold."
        )
    for row in record.log.extract:
        if _hash_of(row) != row.hash:
            yield f"Row {row.number} of the log in the report was altered: its content does not have its hash."
    if [s.as_json() for s in signatures(record.sha256, record.log.extract)] != content["signatures"]:
        yield "The signatures are not those of the log's extract."


def _hash_of(row: LogEntry) -> str:
    return row_hash(row.number, row.created, row.workspace, row.kind, row.actor, row.role, row.content, row.previous)


def _outside(
    record: AuditRecord, raw: list[tuple[Any, ...]], rows: tuple[LogEntry, ...], page_sha256: str | None
) -> Iterator[str]:
    """What the log of this machine says."""
    head, sha256 = record.log.head, "" if record.export is None else record.export.sha256
    if _missing(head, raw):
        yield (
            f"Its head {head} is not in the decision log: rows were cut or rewritten, or it comes from another machine."
        )
        return
    state = verify(raw)
    if not state.ok:
        yield f"The decision log itself is not intact: {state.problems[0].told}"
    written = [r.content for r in rows if r.kind == "export" and r.content.get("sha256") == sha256]
    if not written:
        yield "The decision log has no export with this content."
    elif page_sha256 is not None and page_sha256 not in {about.get("file_sha256") for about in written}:
        yield "The decision log has this content, but not this page: the text around the data was changed."


def _missing(head: str, raw: list[tuple[Any, ...]]) -> bool:
    return head != GENESIS and head not in {str(row[8]) for row in raw}


def _content(text: str, file: Path) -> JsonObject:
    try:
        content = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise OptionError(
            f"{shown(file)} holds no audit that can be read: it is cut short, altered or another kind of file."
        ) from None
    if not isinstance(content, dict) or "export" not in content:
        raise OptionError(f"{shown(file)} is no exported audit. `export-audit` writes one.")
    check(content)
    return content


def _once(pairs: list[tuple[str, Any]]) -> JsonObject:
    """An object whose names are all different: with two of a name, readers and the hash could see different ones."""
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a name stands twice")
    return content


def _read(file: Path) -> str:
    try:
        return read_bytes(file, at_most=MAX_BYTES).decode("utf-8")
    except OSError as error:
        raise OptionError(f"{shown(file)} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise OptionError(f"{shown(file)} is no text: a report is HTML or JSON in UTF-8.") from None


class _Data(HTMLParser):
    """The text of the element that holds the record."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self._inside = "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and ("id", ELEMENT) in attrs

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.text += data


def _embedded(text: str) -> str:
    parser = _Data()
    parser.feed(text)
    return parser.text
