"""Joint cells: what each group of people is shown of each group of items, as a ratio to the target, with everything
adjusted.

Cells of cohorts under the smallest allowed number are suppressed before anything is computed; p-values are adjusted
over all cells that are left (Holm).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from core.graph import FloatArray, IntArray
from explain.fairness.audit import number
from explain.fairness.disclosure import Disclosure, chance, told, withheld
from explain.fairness.item_audit import of_limits
from explain.fairness.ratios import WHOLE, GroupExposure, group_exposure, ratios_of
from explain.fairness.statistics import holm
from explain.groups.cohorts import Cohorts
from explain.results.audit import INSUFFICIENT, NOT_ESTIMABLE
from explain.results.cells import Cell, CellTable
from explain.results.plan import Target, Thresholds


def joint_cells(
    lists: IntArray,
    weights: FloatArray,
    people: Cohorts,
    items: Cohorts,
    *,
    target: Target = "catalogue",
    positives: sparse.csr_matrix | None = None,
    thresholds: Thresholds | None = None,
    guard: Disclosure | None = None,
) -> CellTable:
    """Every cell with its ratio, interval (over the people of its cohort) and p of the limits, adjusted over all cells
    (Holm).

    guard  which cohorts stay hidden besides the small ones; figures are then told in three decimals

    lists  int64 [m, k], row = position of the person      weights  [k] or [m, k]      positives  CSR [m, n_items]
    The relevance target is each cohort's own: what its people were found to like. Unknown people or items are no group:
    their cells have a ratio and no verdict. So has a table with one known group of items, whose ratios are 1 by
    construction.
    """
    limits = thresholds or Thresholds()
    given = group_exposure(lists, weights, items, target, positives)
    code = people.code.copy()
    code[np.asarray(given.exposure.sum(axis=1)).ravel() == 0] = -1
    listed = np.flatnonzero(code >= 0)
    if guard is not None:
        code[listed] = guard.code(people.by, listed)
    sizes = [int((code == u).sum()) for u in range(len(people.labels))]
    hidden = {u for u, size in enumerate(sizes) if 0 < size < limits.min_n}
    hidden |= set() if guard is None else guard.hidden(people.by, listed)
    table = _table(
        given, code, (people, items), [u for u, size in enumerate(sizes) if size and u not in hidden], limits
    )
    rows = []
    for u, user_group in enumerate(people.labels):
        for g, item_group in enumerate(items.labels):
            if u in hidden:
                rows.append(_hidden(user_group, item_group, limits))
                continue
            known = u != people.unknown and g != items.unknown
            rows.append(
                _cell(user_group, item_group, sizes[u], table.at(u, g), known, limits, rounded=guard is not None)
            )
    title = "policy" if not isinstance(target, str) else target
    return CellTable(
        user_by=people.by,
        item_by=items.by,
        rows=tuple(rows),
        target=title,
        n_suppressed=len(hidden) * len(items.labels),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Table:
    """Of each cell, float64 [user groups, item groups], NaN where it is not measured."""

    value: FloatArray
    due: FloatArray
    low: FloatArray
    high: FloatArray
    p_limit: FloatArray
    p_pass: FloatArray
    p_limit_adjusted: FloatArray
    p_pass_adjusted: FloatArray

    def at(self, u: int, g: int) -> dict[str, float]:
        """The figures of one cell."""
        return {name: float(values[u, g]) for name, values in vars(self).items()}


def _table(
    given: GroupExposure, code: IntArray, columns: tuple[Cohorts, Cohorts], measured: list[int], limits: Thresholds
) -> _Table:
    people, items = columns
    shape = len(people.labels), len(items.labels)
    value, due, low, high, p_limit, p_pass = (np.full(shape, np.nan) for _ in range(6))
    for u in measured:
        ratios = ratios_of(given.of(np.flatnonzero(code == u)))
        tests = ratios.against(limits)
        value[u], due[u], low[u], high[u] = ratios.ratio, ratios.target, tests.low, tests.high
        p_limit[u], p_pass[u] = tests.p_limit, tests.p_pass
    for p in (p_limit, p_pass):  # the unknown are no group
        if people.unknown is not None:
            p[people.unknown] = np.nan
        if items.unknown is not None:
            p[:, items.unknown] = np.nan
    fail, within = (holm(p.ravel()).reshape(shape) for p in (p_limit, p_pass))
    return _Table(
        value=value,
        due=due,
        low=low,
        high=high,
        p_limit=p_limit,
        p_pass=p_pass,
        p_limit_adjusted=fail,
        p_pass_adjusted=within,
    )


def _hidden(user_group: str, item_group: str, limits: Thresholds) -> Cell:
    return Cell(
        user_group=user_group,
        item_group=item_group,
        n=None,
        value=None,
        low=None,
        high=None,
        p_adjusted=None,
        verdict=NOT_ESTIMABLE,
        reason=withheld(limits.min_n),
        suppressed=True,
    )


def _cell(
    user_group: str,
    item_group: str,
    n: int,
    figures: dict[str, float],
    known: bool,
    limits: Thresholds,
    *,
    rounded: bool,
) -> Cell:
    verdict, why = _verdict(n, figures, known, limits)
    ends = {name: number(figures[name]) for name in ("value", "low", "high")}
    chances = {
        "p_adjusted": number(figures["p_limit_adjusted"]),
        **{name: number(figures[name]) for name in ("p_limit", "p_pass", "p_pass_adjusted")},
    }
    if rounded:
        ends = {name: told(value) for name, value in ends.items()}
        chances = {name: chance(p) for name, p in chances.items()}
    return Cell(
        user_group=user_group,
        item_group=item_group,
        n=n,
        value=ends["value"],
        low=ends["low"],
        high=ends["high"],
        p_adjusted=chances["p_adjusted"],
        verdict=verdict,
        reason=why,
        p_limit=chances["p_limit"],
        p_pass=chances["p_pass"],
        p_pass_adjusted=chances["p_pass_adjusted"],
    )


def _verdict(n: int, figures: dict[str, float], known: bool, limits: Thresholds) -> tuple[str, str]:
    ratio, low, high, p_fail = (figures[name] for name in ("value", "low", "high", "p_limit_adjusted"))
    if not n:
        return NOT_ESTIMABLE, "Nobody of this group has a list."
    if not np.isfinite(ratio):
        return NOT_ESTIMABLE, "The target gives this group nothing to compare with."
    if not known:
        return NOT_ESTIMABLE, "Who or what is not known is no group: no verdict."
    if figures["due"] > WHOLE:
        return NOT_ESTIMABLE, "All items belong to this group, so there is nothing else to compare it with."
    if not np.isfinite([p_fail, low, high]).all():
        return INSUFFICIENT, f"Only {n} lists: an interval needs at least {limits.min_n}."
    verdict, why = of_limits(ratio, low, high, p_fail, figures["p_pass_adjusted"], limits)
    return verdict, f"Never shown in their lists. {why}" if ratio == 0 else why
