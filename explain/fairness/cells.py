"""Joint cells: what each group of people is shown of each group of items, as a ratio to the target, with everything adjusted.

Cells of cohorts under the smallest allowed number are suppressed before anything is computed; p-values are adjusted over
all cells that are left (Holm).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import sparse

from core.graph import FloatArray, IntArray
from explain.fairness.disclosure import Disclosure, chance, told, withheld
from explain.fairness.item_audit import of_limits
from explain.fairness.ratios import WHOLE, given_of, ratios_of
from explain.fairness.statistics import holm
from explain.fairness.thresholds import INSUFFICIENT, NOT_ESTIMABLE, Target, Thresholds
from explain.groups.cohorts import Cohorts
from explain.results.audit import AuditRow


@dataclass(frozen=True)
class Cell:
    """One group of people × one group of items. value: exposure share in their lists / target share.

    n           people of the group with a list; None where the cell is suppressed
    suppressed  hidden because few people stand behind it, or for the sake of such a group
    """

    user_group: str
    item_group: str
    n: int | None
    value: float | None
    low: float | None
    high: float | None
    p_adjusted: float | None
    verdict: str
    reason: str = ""
    suppressed: bool = False
    p_limit: float | None = None
    p_pass: float | None = None
    p_pass_adjusted: float | None = None


@dataclass(frozen=True)
class Cells:
    """A table of cells, people by items. n_suppressed: how many of them are hidden; how many people those hold is not told."""

    user_by: str
    item_by: str
    target: str
    rows: tuple[Cell, ...]
    n_suppressed: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def joint_cells(
    lists: IntArray, weights: FloatArray, people: Cohorts, items: Cohorts, *, target: Target = "catalogue",
    positives: sparse.csr_matrix | None = None, thresholds: Thresholds | None = None, guard: Disclosure | None = None,
) -> Cells:  # fmt: skip
    """Every cell with its ratio, interval (over the people of its cohort) and p of the limits, adjusted over all cells (Holm).

    guard  which cohorts stay hidden besides the small ones; figures are then told in three decimals

    lists  int64 [m, k], row = position of the person      weights  [k] or [m, k]      positives  CSR [m, n_items]
    The relevance target is each cohort's own: what its people were found to like. Unknown people or items are no group: their
    cells have a ratio and no verdict. So has a table with one known group of items, whose ratios are 1 by construction.
    """
    limits = thresholds or Thresholds()
    given = given_of(lists, weights, items, target, positives)
    code = people.code.copy()
    code[np.asarray(given.exposure.sum(axis=1)).ravel() == 0] = -1
    listed = np.flatnonzero(code >= 0)
    if guard is not None:
        code[listed] = guard.code(people.by, listed)
    shape = len(people.labels), len(items.labels)
    value, due, low, high, p_limit, p_pass = (np.full(shape, np.nan) for _ in range(6))
    sizes = [int((code == u).sum()) for u in range(len(people.labels))]
    hidden = {u for u, size in enumerate(sizes) if 0 < size < limits.min_n}
    hidden |= set() if guard is None else guard.hidden(people.by, listed)
    for u, size in enumerate(sizes):
        if u in hidden or not size:
            continue
        found = ratios_of(given.of(np.flatnonzero(code == u)))
        judged = found.judged(limits)
        value[u], due[u], low[u], high[u] = found.ratio, found.target, judged.low, judged.high
        p_limit[u], p_pass[u] = judged.p_limit, judged.p_pass
    for unknown, where in ((people.unknown, 0), (items.unknown, 1)):
        if unknown is not None:
            for p in (p_limit, p_pass):
                p[(slice(None),) * where + (unknown,)] = np.nan
    fail, within = (holm(p.ravel()).reshape(shape) for p in (p_limit, p_pass))
    rows = []
    for u, user_group in enumerate(people.labels):
        for g, item_group in enumerate(items.labels):
            if u in hidden:
                why = withheld(limits.min_n)
                rows.append(Cell(user_group, item_group, None, None, None, None, None, NOT_ESTIMABLE, why, True))
                continue
            known = u != people.unknown and g != items.unknown
            ends = _number(value[u, g]), _number(low[u, g]), _number(high[u, g])
            figures = AuditRow("", sizes[u], *ends, "", "", _number(fail[u, g]))
            verdict, why = _verdict(figures, due[u, g], within[u, g], known, limits)
            chances = [_number(p[u, g]) for p in (fail, p_limit, p_pass, within)]
            if guard is not None:
                ends, chances = (told(ends[0]), told(ends[1]), told(ends[2])), [chance(p) for p in chances]
            rows.append(Cell(
                user_group, item_group, sizes[u], *ends, chances[0], verdict, why, p_limit=chances[1], p_pass=chances[2],
                p_pass_adjusted=chances[3],
            ))  # fmt: skip
    title = "policy" if not isinstance(target, str) else target
    return Cells(people.by, items.by, title, tuple(rows), len(hidden) * shape[1])


def _verdict(row: AuditRow, due: float, p_pass: float, known: bool, limits: Thresholds) -> tuple[str, str]:
    if not row.n:
        return NOT_ESTIMABLE, "Nobody of this group has a list."
    if row.value is None:
        return NOT_ESTIMABLE, "The target gives this group nothing to compare with."
    if not known:
        return NOT_ESTIMABLE, "Who or what is not known is no group: no verdict."
    if due > WHOLE:
        return NOT_ESTIMABLE, "All items belong to this group, so there is nothing else to compare it with."
    if row.p_adjusted is None or row.low is None or row.high is None:
        return INSUFFICIENT, f"Only {row.n} lists: an interval needs at least {limits.min_n}."
    verdict, why = of_limits(row.value, row.low, row.high, row.p_adjusted, p_pass, limits)
    return verdict, f"Never shown in their lists. {why}" if row.value == 0 else why


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
