"""What the record answers: how a log stands, which audits there are, what changed between two, how a report file stands."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["plan", "audit", "signature", "incident", "rollback", "approval", "export", "note"]
Fault = Literal["changed", "removed", "reordered", "rewritten", "cut"]


@dataclass(frozen=True)
class LogProblem:
    """One fault. row: its number; None where only a head shows it (cut). told: a sentence."""

    row: int | None
    fault: Fault
    told: str


@dataclass(frozen=True)
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

    def as_json(self) -> dict[str, Any]:
        problems = [asdict(problem) for problem in self.problems]
        found = {"ok": self.ok, "rows": self.n_rows, "head": self.head, "problems": problems}
        found |= {"notes": list(self.notes)} if self.notes else {}
        return found if self.head_found is None else found | {"head_found": self.head_found, "rows_after": self.n_after}


@dataclass(frozen=True)
class AuditEntry:
    """A stored audit in a list. created: ISO UTC; intact: whether the file still has its hash, which the log holds too.

    n_signatures, n_signers  rows of the log, and how many different names they have
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


@dataclass(frozen=True)
class ComparedRow:
    """A group then and now. change: now - then; overlap: whether the intervals do; None where one side has no number, or where
    the two audits asked different things of it."""

    section: str
    side: str
    by: str
    metric: str
    group: str
    then: float | None
    then_low: float | None
    then_high: float | None
    now: float | None
    now_low: float | None
    now_high: float | None
    change: float | None
    overlap: bool | None
    verdict_then: str | None
    verdict_now: str | None


@dataclass(frozen=True)
class Difference:
    """Something that is not the same in both: values as text."""

    what: str
    then: str
    now: str


@dataclass(frozen=True)
class Comparison:
    """Two audits. same_thresholds: whether both were judged alike; differences: of plan and provenance.

    not_comparable  in which respects their values cannot be compared, a sentence; empty where they can in all
    """

    id: str
    earlier: str
    verdict_then: str
    verdict_now: str
    same_thresholds: bool
    thresholds: tuple[Difference, ...]
    differences: tuple[Difference, ...]
    rows: tuple[ComparedRow, ...]
    sentence: str
    not_comparable: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class ReportCheck:
    """How an exported file stands. in_log: None where this machine has no log to ask."""

    ok: bool
    id: str
    sha256: str
    head: str
    in_log: bool | None
    problems: tuple[str, ...]
    sentence: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
