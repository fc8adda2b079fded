"""The audit of one column: a row a group."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

PASS: Final = "pass"
FAIL: Final = "fail"
INSUFFICIENT: Final = "insufficient evidence"
NOT_ESTIMABLE: Final = "not estimable"
VERDICTS: Final = (PASS, FAIL, INSUFFICIENT, NOT_ESTIMABLE)


@dataclass(frozen=True)
class AuditRow:
    """One group. verdict: one of VERDICTS; reason says why.

    p_limit, p_adjusted     p of the limit, by which a group fails: of this group alone, and over all that are tested
                            with it
    p_pass, p_pass_adjusted the same from the inside, by which it passes
    difference  of people: mean less that of those whom the group is compared with (reference, n_reference), with the
                band that holds all groups' differences at once; None for items
    n           people or items of the group; None where it is suppressed
    suppressed  hidden because few people stand behind it, or for the sake of such a group; no figure of it is given
                away
    """

    group: str
    n: int | None
    value: float | None
    low: float | None
    high: float | None
    verdict: str
    reason: str
    p_adjusted: float | None = None
    suppressed: bool = False
    p_limit: float | None = None
    p_pass: float | None = None
    p_pass_adjusted: float | None = None
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    reference: float | None = None
    n_reference: int | None = None


@dataclass(frozen=True)
class AuditReport:
    workspace: str
    model: str
    snapshot: str
    by: str
    side: Literal["item", "user"]
    k: int
    metric: str
    browsing: str
    target: str
    threshold: dict[str, float]
    rows: tuple[AuditRow, ...]
    overall: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
