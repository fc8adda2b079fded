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
from core.intervals import percentile_interval, resampled_sums
from explain.fairness import exposure as ex
from explain.fairness.cohorts import Cohorts
from explain.fairness.disclosure import Disclosure, chance, told, withheld
from explain.fairness.statistics import exposure_p, holm, never_shown_high
from explain.fairness.thresholds import (
    FAIL,
    INSUFFICIENT,
    NOT_ESTIMABLE,
    PASS,
    Target,
    Thresholds,
    fixed_share,
    target_sums,
)  # fmt: skip


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
    positives: sparse.csr_matrix | None = None, thresholds: Thresholds | None = None, draws: int = 1_000, seed: int = 0,
    guard: Disclosure | None = None,
) -> Cells:  # fmt: skip
    """Every cell with its ratio, interval (people resampled within their cohort) and adjusted p.

    guard  which cohorts stay hidden besides the small ones; figures are then told in three decimals

    lists  int64 [m, k], row = position of the person      weights  [k] or [m, k]      positives  CSR [m, n_items]
    The relevance target is each cohort's own: what its people were found to like.
    """
    limits, rng = thresholds or Thresholds(), np.random.default_rng(seed)
    given = ex.list_exposure(lists, weights, items.membership)
    in_places = ex.list_exposure(lists, np.ones(lists.shape[1]), items.membership)
    wanted = target_sums(items, target, positives)
    code = people.code.copy()
    code[np.asarray(given.sum(axis=1)).ravel() == 0] = -1
    listed = np.flatnonzero(code >= 0)
    if guard is not None:
        code[listed] = guard.code(people.by, listed)
    n_groups, found = len(items.labels), []
    value = np.full((len(people.labels), n_groups), np.nan)
    low, high, p = value.copy(), value.copy(), value.copy()
    sizes = [int((code == u).sum()) for u in range(len(people.labels))]
    hidden = {u for u, size in enumerate(sizes) if 0 < size < limits.min_n}
    hidden |= set() if guard is None else guard.hidden(people.by, listed)
    for u, size in enumerate(sizes):
        if u in hidden or not size:
            continue
        rows = code == u
        both = given[rows] if wanted is None else sparse.csr_matrix(sparse.hstack([given[rows], wanted[rows]]))
        value[u], due, drawn = _ratios(both, n_groups, items, target, draws, rng)
        known = np.isfinite(value[u]) & np.isfinite(drawn).any(axis=0)
        low[u, known], high[u, known] = percentile_interval(drawn[:, known])
        places = ex.column_sums(in_places[rows])
        fair = np.nan_to_num(due) * places.sum()
        p[u, known] = exposure_p(value[u, known], drawn[:, known], places[known], fair[known])
        high[u] = np.where(known & (value[u] == 0), never_shown_high(fair), high[u])
    for g in [items.unknown] if items.unknown is not None else []:
        p[:, g] = np.nan
    adjusted = holm(p.ravel()).reshape(p.shape)
    for u, user_group in enumerate(people.labels):
        for g, item_group in enumerate(items.labels):
            if u in hidden:
                why = withheld(limits.min_n)
                found.append(Cell(user_group, item_group, None, None, None, None, None, NOT_ESTIMABLE, why, True))
                continue
            verdict, why = _verdict(sizes[u], value[u, g], low[u, g], high[u, g], adjusted[u, g], limits)
            ends = _number(min(low[u, g], value[u, g])), _number(max(high[u, g], value[u, g]))
            figures, p_of = (_number(value[u, g]), *ends), _number(adjusted[u, g])
            if guard is not None:
                figures, p_of = (told(figures[0]), told(figures[1]), told(figures[2])), chance(p_of)
            found.append(Cell(user_group, item_group, sizes[u], *figures, p_of, verdict, why))
    title = "policy" if not isinstance(target, str) else target
    return Cells(people.by, items.by, title, tuple(found), len(hidden) * n_groups)


def _ratios(
    both: sparse.csr_matrix, n: int, items: Cohorts, target: Target, draws: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of each group of items: ratio and share due, [n] each, and the ratio in every draw, [draws, n]."""

    def shares(sums: FloatArray) -> tuple[FloatArray, FloatArray]:
        share = ex.shares(sums[:, :n])
        due = ex.shares(sums[:, n:]) if sums.shape[1] > n else np.broadcast_to(fixed_share(items, target), share.shape)
        ratio = np.divide(share, due, out=np.full(share.shape, np.nan), where=np.nan_to_num(due) > 0)
        return np.asarray(ratio), np.asarray(due)

    ratio, due = shares(ex.column_sums(both)[None, :])
    return ratio[0], due[0], shares(resampled_sums(both, draws, rng))[0]


def _verdict(n: int, value: float, low: float, high: float, p: float, limits: Thresholds) -> tuple[str, str]:
    if not n:
        return NOT_ESTIMABLE, "Nobody of this group has a list."
    if not np.isfinite(value):
        return NOT_ESTIMABLE, "The target gives this group nothing to compare with."
    if low >= limits.ratio_low and high <= limits.ratio_high:
        return PASS, ""
    never = "Never shown in their lists. " if value == 0 else ""
    if (high < limits.ratio_low or low > limits.ratio_high) and (not np.isfinite(p) or p < limits.alpha):
        return FAIL, never.strip()
    return INSUFFICIENT, f"{never}With a fair share that could be chance." if never else ""


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
