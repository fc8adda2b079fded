"""The decision log as it is read, and how it, stored audits and exported files stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from core.files import JsonObject
from explain.results.json_form import JsonForm

Kind = Literal["plan", "audit", "signature", "incident", "rollback", "approval", "export", "note"]
Fault = Literal["changed", "removed", "reordered", "rewritten", "cut"]
HAPPENED: Final = ("incident", "rollback", "approval")


@dataclass(frozen=True, kw_only=True)
class LogEntry(JsonForm):
    """One row. number: from 1 within its workspace; created: seconds UTC; previous, hash: SHA-256 in hexadecimal."""

    number: int
    created: int
    workspace: str
    kind: str
    actor: str
    role: str
    content: Mapping[str, Any]
    previous: str
    hash: str

    @property
    def when(self) -> str:
        return iso(self.created)


@dataclass(frozen=True)
class LogProblem:
    """One fault. row: its number; None where only a head shows it (cut). told: a sentence."""

    row: int | None
    fault: Fault
    told: str

    def as_json(self) -> JsonObject:
        return {"row": self.row, "fault": self.fault, "told": self.told}


@dataclass(frozen=True, kw_only=True)
class Verification:
    """How a workspace's log stands.

    head        hash of the newest row (64 zeros for an empty log)
    head_found  whether the head that was asked for is the hash of a row; None where none was asked for
    n_after     how many rows came after that one; None where it was not found or not asked for
    notes       what is odd and proves nothing: times that run backwards
    """

    ok: bool
    n_rows: int
    head: str
    problems: tuple[LogProblem, ...]
    head_found: bool | None = None
    n_after: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """How it stands, in one line."""
        rows = f"{self.n_rows:,} row{'s' if self.n_rows != 1 else ''}"
        if not self.ok:
            return f"Not intact ({rows}): {self.problems[0].told}"
        after = "" if self.n_after is None else f" The given head is in it; {self.n_after:,} came after."
        return f"Intact: {rows}, head {self.head}.{after}"

    def as_json(self) -> JsonObject:
        problems = [problem.as_json() for problem in self.problems]
        content: JsonObject = {"ok": self.ok, "rows": self.n_rows, "head": self.head, "problems": problems}
        content |= {"notes": list(self.notes)} if self.notes else {}
        asked = self.head_found is not None
        return content | ({"head_found": self.head_found, "rows_after": self.n_after} if asked else {})


@dataclass(frozen=True, kw_only=True)
class AuditEntry(JsonForm):
    """A stored audit in a list. created: ISO UTC; intact: whether the file still has its hash, which the log holds too.

    n_signatures, n_signers  rows of the log, and how many different names they have      told  what is wrong with it
    """

    id: str
    created: str
    model: str
    verdict: str
    n_signatures: int
    sha256: str
    intact: bool = True
    told: str = ""
    n_signers: int = 0


@dataclass(frozen=True, kw_only=True)
class ReportCheck(JsonForm):
    """How an exported file stands. in_log: None where this machine has no log to ask."""

    ok: bool
    id: str
    sha256: str
    head: str
    in_log: bool | None
    problems: tuple[str, ...]
    sentence: str


def iso(seconds: int) -> str:
    """Seconds UTC as 2026-01-31T12:00:00Z."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
