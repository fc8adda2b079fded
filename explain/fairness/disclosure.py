"""What an audit may tell of people: which groups stay hidden, in whatever is measured of them, and how exact figures
are.

One `Disclosure` holds for a workspace: all columns of people are settled together, on everybody and on those who were
measured, so that two audits of different columns agree in what they hide. Intersections come after the columns, in the
order in which they were asked for, and give way to what was told before. A plan that sets a larger smallest group
starts from what the installation's own hides: it only ever hides more. Who is hidden takes no part in a column's
figures, so nothing that follows from them (a gap, an interval, a p-value) holds a hidden group. What everybody together
have is always told: hidden groups are chosen as if it were known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np

from core.evaluation import Evaluation
from core.graph import IntArray, InteractionGraph
from explain.fairness.differencing import Hidden, protect
from explain.groups.cohorts import UNKNOWN, cohorts, columns
from explain.groups.limits import MIN_N
from explain.groups.membership import Cohorts
from explain.results.audit import NOT_ESTIMABLE, AuditRow, PeopleAudit

DIGITS: Final = 3
MOST_COLUMNS: Final = 24  # of people that are settled together; further ones are only where they are asked for


def withheld(limit: int) -> str:
    """Why a group's figures are not told."""
    return f"Not shown: fewer than {limit:,} people, or needed to keep such a group hidden."


def told(value: float | None) -> float | None:
    """A figure of people as it is told: three decimals."""
    return None if value is None else round(float(value), DIGITS) + 0.0  # no minus before a 0


@dataclass(frozen=True, eq=False)
class Disclosure:
    """What is hidden where at least `limit` people must stand behind a figure.

    floor   the installation's smallest group, at most `limit`     n  people of the workspace
    codes   for each publication, the first of all columns, then one an intersection: column → int64 [n], group of each
            person
    labels  names of each column's groups
    """

    limit: int
    floor: int
    n: int
    codes: tuple[Mapping[str, IntArray], ...]
    labels: Mapping[str, tuple[str, ...]]
    kept: dict[bytes, Hidden] = field(default_factory=dict)

    def among(self, people: IntArray) -> Hidden:
        """Hidden groups of each column where just these people were measured (positions)."""
        key = np.asarray(people, dtype=np.int64).tobytes()
        if key not in self.kept:
            self.kept[key] = self._among(np.asarray(people, dtype=np.int64))
        return self.kept[key]

    def _among(self, people: IntArray) -> Hidden:
        hidden: Hidden = {}
        everybody = np.arange(self.n)
        for level in sorted({min(self.floor, self.limit), self.limit}):
            known: dict[str, IntArray] = {}
            for published in self.codes:
                settled = frozenset(known)
                known |= published
                for measured in (everybody, people):
                    if len(measured):
                        hidden = {**hidden, **protect(known, measured, level, hidden, settled)}
        return hidden

    def hidden(self, by: str, people: IntArray) -> frozenset[int]:
        """Positions of the hidden groups of one column. Raises KeyError for one that was not asked for."""
        return self.among(people)[by]

    def names(self, by: str, people: IntArray) -> frozenset[str]:
        """Names of the hidden groups of one column."""
        return frozenset(self.labels[by][g] for g in self.hidden(by, people))

    def code(self, by: str, people: IntArray) -> IntArray:
        """int64 [people]: the group of each, -1 for those whose group is hidden."""
        own = next(codes[by] for codes in self.codes if by in codes)[people]
        return np.where(np.isin(own, list(self.hidden(by, people))), -1, own)


# For as long as a graph lives, as its groupings are. Values must not hold the graph.
_KNOWN: WeakKeyDictionary[InteractionGraph, dict[tuple[Any, ...], Disclosure]] = WeakKeyDictionary()


def disclosure(
    graph: InteractionGraph, asked: Sequence[Cohorts] = (), *, limit: int = MIN_N, floor: int = MIN_N
) -> Disclosure:
    """What is hidden in answers about these groups of people, by columns and intersections, the
    earliest asked first.
    """
    settled = columns(graph)["user"][:MOST_COLUMNS]
    crossed = [groups for groups in asked if groups.crossed]
    single = [groups for groups in asked if not groups.crossed and groups.by not in settled]
    key = (limit, floor, tuple(c.by for c in single), tuple(dict.fromkeys(c.by for c in crossed)))
    known = _KNOWN.setdefault(graph, {})
    if key not in known:
        first = {c.by: c for c in (*(cohorts(graph, by, "user") for by in settled), *single)}
        crossings = {c.by: c for c in crossed}
        known[key] = Disclosure(
            limit,
            floor,
            graph.n_users,
            ({by: c.code for by, c in first.items()}, *({by: c.code} for by, c in crossings.items())),
            {by: c.labels for by, c in (first | crossings).items()},
        )
    return known[key]


def measured(guard: Disclosure, evaluation: Evaluation, by: str) -> Evaluation:
    """An evaluation of those whose group of this column is shown."""
    kept = guard.code(by, evaluation.users) >= 0
    per_user = {name: values[kept] for name, values in evaluation.per_user.items()}
    return replace(evaluation, n_users=int(kept.sum()), users=evaluation.users[kept], per_user=per_user)


def shown_audit(guard: Disclosure, audit: PeopleAudit, evaluation: Evaluation) -> PeopleAudit:
    """An audit of people as it is told: hidden groups as rows without a number, all figures in three decimals."""
    names = guard.names(audit.by, evaluation.users)
    rows = tuple(_hidden_row(row.group, guard.limit) if row.group in names else _rounded_row(row) for row in audit.rows)
    overall = audit.overall
    shown = replace(
        overall,
        gap=told(overall.gap),
        expected_gap=told(overall.expected_gap),
        p=chance(overall.p),
        tau=told(overall.tau),
        tau_low=told(overall.tau_low),
        tau_high=told(overall.tau_high),
        n_users=evaluation.n_users,
        n_unknown=next((row.n for row in rows if row.group == UNKNOWN), 0),
        n_suppressed=None,
        suppressed=tuple(row.group for row in rows if row.suppressed),
    )
    return replace(audit, rows=rows, overall=shown)


def _hidden_row(group: str, limit: int) -> AuditRow:
    return AuditRow(
        group=group,
        n=None,
        value=None,
        low=None,
        high=None,
        verdict=NOT_ESTIMABLE,
        reason=withheld(limit),
        suppressed=True,
    )


def _rounded_row(row: AuditRow) -> AuditRow:
    return replace(
        row,
        value=told(row.value),
        low=told(row.low),
        high=told(row.high),
        difference=told(row.difference),
        difference_low=told(row.difference_low),
        difference_high=told(row.difference_high),
        reference=told(row.reference),
        p_adjusted=chance(row.p_adjusted),
        p_limit=chance(row.p_limit),
        p_pass=chance(row.p_pass),
        p_pass_adjusted=chance(row.p_pass_adjusted),
    )


def chance(p: float | None) -> float | None:
    """A probability in three significant digits."""
    return None if p is None or not np.isfinite(p) else float(f"{p:.{DIGITS}g}")
