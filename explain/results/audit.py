"""The audit of one column: a row a group, and what follows over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from core.files import JsonObject
from explain.results.json_form import OMITTED, JsonForm

PASS: Final = "pass"
FAIL: Final = "fail"
INSUFFICIENT: Final = "insufficient evidence"
NOT_ESTIMABLE: Final = "not estimable"
VERDICTS: Final = (PASS, FAIL, INSUFFICIENT, NOT_ESTIMABLE)
Bounds = tuple[float | None, float | None]


@dataclass(frozen=True, kw_only=True)
class AuditRow(JsonForm):
    """One group. verdict: one of VERDICTS; reason says why.

    p_limit, p_adjusted     p of the limit, by which a group fails: of this group alone, and over all that are tested
                            with it
    p_pass, p_pass_adjusted the same from the inside, by which it passes
    difference  of people: mean less that of those whom the group is compared with (reference, n_reference), with the
                band that holds all groups' differences at once; None for items
    n           people or items of the group; None where it is suppressed
    suppressed  hidden because few people stand behind it, or for the sake of such a group; no figure of it is given
                away
    impact_ratio  value over the highest value of a known group; only records have it
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
    impact_ratio: float | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict(JsonForm):
    """What is judged over several groups or questions."""

    verdict: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class GroupShares(JsonForm):
    """What a group of items has and is due, shares of all; None where there is nothing to share."""

    exposure: float | None
    catalogue: float
    target: float | None


@dataclass(frozen=True, kw_only=True)
class ItemOverall(Verdict):
    """Over all groups of items.

    impact_ratio  lowest over highest exposure ratio of the known groups; lowest, highest: the names of those two
    n_unknown     items whose group is not known      worst_case  group → lowest and highest ratio, whatever the unknown
                  are
    draws, seed   as the plan had them
    """

    verdict: str = ""
    reason: str = ""
    impact_ratio: float | None = None
    lowest: str | None = None
    highest: str | None = None
    n_lists: int | None = None
    n_items: int | None = None
    n_unknown: int | None = 0
    shares: Mapping[str, GroupShares] = field(default_factory=dict)
    worst_case: Mapping[str, Bounds] = field(default_factory=dict)
    seed: int | None = None
    draws: int | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class PeopleOverall(Verdict):
    """Over all groups of people.

    limit_note    where the limit could not fail anybody      gap  largest mean less smallest; low, high: no interval,
                  None
    expected_gap  what the gap would be were all alike, and p of the gap by permutation
    tau           spread of the true means, with its 95 % interval      reference  whom groups are compared with
    n_unknown     people whose group is not known; None where those stay hidden      suppressed  names of hidden groups
    n_suppressed  people of hidden groups; never in what is shown
    split         how events were held out, where a single column was measured
    """

    verdict: str = ""
    reason: str = ""
    limit_note: str | None = ""
    gap: float | None = None
    expected_gap: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    best: str | None = None
    worst: str | None = None
    tau: float | None = None
    tau_low: float | None = None
    tau_high: float | None = None
    reference: str = ""
    n_users: int | None = None
    n_unknown: int | None = 0
    n_suppressed: int | None = field(default=None, metadata=OMITTED)
    suppressed: tuple[str, ...] = ()
    seed: int | None = None
    draws: int | None = None
    note: str = ""
    split: str | None = field(default=None, metadata=OMITTED)


@dataclass(frozen=True, kw_only=True)
class ColumnAudit(JsonForm):
    """The answer about one column, without the model that it is about.

    threshold  limits by name       lists  "served", or those of a "refit"       resample  what intervals resample
    """

    by: str
    side: Literal["item", "user"]
    k: int
    metric: str
    browsing: str
    target: str
    threshold: Mapping[str, float]
    rows: tuple[AuditRow, ...]
    overall: ItemOverall | PeopleOverall
    lists: str = ""
    resample: str = "people"


@dataclass(frozen=True, kw_only=True)
class ItemAudit(ColumnAudit):
    """Exposure by a column of items."""

    overall: ItemOverall


@dataclass(frozen=True, kw_only=True)
class PeopleAudit(ColumnAudit):
    """Held-out quality by a column, or an intersection of columns, of people."""

    overall: PeopleOverall


@dataclass(frozen=True, kw_only=True)
class AuditReport(JsonForm):
    """The audit of one column of one model's lists."""

    workspace: str
    model: str
    snapshot: str
    by: str
    side: Literal["item", "user"]
    k: int
    metric: str
    browsing: str
    target: str
    threshold: Mapping[str, float]
    rows: tuple[AuditRow, ...]
    overall: ItemOverall | PeopleOverall

    def as_json(self) -> JsonObject:
        content = super().as_json()
        for row in content["rows"]:
            row.pop("impact_ratio", None)
        return content
