"""Joint multisided exposure: are groups of items shown alike to every group of people?"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from core.graph import FloatArray, IntArray
from core.intervals import resampled_sums
from explain.fairness.audited_lists import AuditedLists, ItemColumn, UserColumn
from explain.fairness.exposure import ideal_attention
from explain.fairness.figures import NO_RELEVANCE, Figure
from explain.fairness.metrics.base import MetricSpec, Range, metric
from explain.fairness.thresholds import fixed_share
from explain.groups.intersections import SIGN

GROUP_TO_GROUP, ALL_TO_GROUP = "GG-F", "AG-F"
Ends = tuple[float, float, float]


def cell_means(excess: FloatArray, people: FloatArray, n_items: FloatArray) -> FloatArray:
    """mean(E-E*) of each cell: excess [user groups, item groups] summed over people and items, sizes → the
    same shape.
    """
    size = people[:, None] * n_items[None, :]
    means: FloatArray = np.divide(excess, size, out=np.full(excess.shape, np.nan), where=size > 0)
    return means


def group_to_group(cells: FloatArray) -> float:
    """GG-F: mean over user-group × item-group cells of (mean(E-E*))²; cells that nobody is in are left out."""
    return float(np.nanmean(cells**2))


def all_to_group(excess: FloatArray, n_people: float, n_items: FloatArray) -> float:
    """AG-F: the same with all people as one group."""
    return group_to_group(cell_means(excess.sum(axis=0, keepdims=True), np.array([n_people]), n_items))


def noise_of(excess: FloatArray, code: IntArray, sizes: FloatArray, n_items: FloatArray) -> float:
    """What GG-F has too much because means are noisy: the mean over its cells of s²/n, excess [people, item groups]."""
    n = len(sizes)
    lead = sparse.csr_matrix((np.ones(len(code)), (code, np.arange(len(code)))), shape=(n, len(code)))
    sums, squares = np.asarray(lead @ excess), np.asarray(lead @ np.square(excess))
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.maximum(0.0, squares - sums**2 / sizes[:, None]) / np.maximum(sizes - 1, 1)[:, None]
        cells = variance / sizes[:, None] / n_items[None, :] ** 2
    return float(np.nanmean(np.where(np.isfinite(cells), cells, np.nan)))


def all_noise(excess: FloatArray, n_items: FloatArray) -> float:
    """The same of AG-F."""
    return noise_of(excess, np.zeros(len(excess), dtype=np.int64), np.array([float(len(excess))]), n_items)


@metric(
    MetricSpec(
        order=6,
        name="joint multisided exposure",
        title="Are groups of items shown alike to every group of people?",
        formula=(
            "GG-F = mean over cells of (mean(E-E*))² less s²/n, the noise of the people; AG-F the same over all "
            "people; "
            "E, E* exposure of a person-item pair"
        ),
        source="Wang et al. 2022, eq. 8 and 10",
        range=Range(0.0),
        fair="0",
        direction="lower is fairer",
        figures=(GROUP_TO_GROUP, ALL_TO_GROUP),
        over_time=False,
    )
)
def measure_joint(lists: AuditedLists) -> list[Figure]:
    """For each user column × item column; intervals resample people within their group."""
    if lists.target == "relevance" and lists.relevance is None:
        return [lists.missing(GROUP_TO_GROUP, NO_RELEVANCE)]
    figures: list[Figure] = []
    for column in lists.item_columns:
        excess = excess_by_group(lists, column)
        for place, people in enumerate(lists.user_columns(lists.shown)):
            between, of_all = _measure(lists, column, people, excess)
            figures.append(between)
            if not place and lists.n_shown:
                figures.append(of_all)
    return figures or [lists.missing(GROUP_TO_GROUP, "This needs a column of people and one of items.")]


def _measure(lists: AuditedLists, column: ItemColumn, people: UserColumn, excess: FloatArray) -> tuple[Figure, Figure]:
    """GG-F of one pair of columns, and AG-F of the item column from the same draws."""
    m, by = lists.n_shown, f"{people.by}{SIGN}{column.by}"
    sizes = people.sizes.astype(np.float64)
    value, total = _between(column, people, excess), float("nan")
    if m:
        total = max(0.0, all_to_group(excess, float(m), column.n_items) - all_noise(excess, column.n_items))
    low, high = np.full(2, np.nan), np.full(2, np.nan)
    if m >= lists.min_n:
        draws = _resampled(lists, excess, people.code, sizes, column.n_items)
        draws = np.maximum(0.0, draws - draws.mean(axis=0) + np.array([value, total]))  # re-centred
        low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    reason = "" if sizes.any() else f"Every group of {people.by} is hidden." if m else "Every list is empty."
    ends = (value, np.minimum(low[0], value), np.maximum(high[0], value))
    of_all = (total, np.minimum(low[1], total), np.maximum(high[1], total))
    return (
        lists.figure(GROUP_TO_GROUP, ends, by=by, n=m, reason=reason),
        lists.figure(ALL_TO_GROUP, of_all, by=column.by, n=m),
    )


def _between(column: ItemColumn, people: UserColumn, excess: FloatArray) -> float:
    """GG-F less its noise. Cells of hidden groups are left out of the mean, or it would give them away; NaN without
    any.
    """
    shown = people.code >= 0
    if not shown.any():
        return float("nan")
    code, excess, sizes = people.code[shown], excess[shown], people.sizes.astype(np.float64)
    sums = np.zeros((len(sizes), excess.shape[1]))
    np.add.at(sums, code, excess)
    noise = noise_of(excess, code, sizes, column.n_items)
    return max(0.0, group_to_group(cell_means(sums, sizes, column.n_items)) - noise)


def excess_by_group(lists: AuditedLists, column: ItemColumn) -> FloatArray:
    """float64 [shown, groups]: each list's exposure of a group less what the target gives it."""
    exposure = np.asarray(column.exposure.todense())
    m, weights = lists.n_shown, lists.shown_weights
    wanted = lists.relevance if column.target == "relevance" else None
    if wanted is None:
        whole = np.broadcast_to(weights, (m, weights.shape[-1])).sum(axis=1)
        return np.asarray(exposure - whole[:, None] * fixed_share(column.groups, column.target)[None, :])
    marks = sparse.csr_matrix((np.ones(wanted.nnz), wanted.indices, wanted.indptr), shape=wanted.shape)
    relevant = np.asarray((marks @ column.groups.membership).todense())
    each, rest = ideal_attention(weights, np.diff(wanted.indptr), lists.n_items)
    due = relevant * each[:, None] + (column.n_items[None, :] - relevant) * rest[:, None]
    return np.asarray(exposure - due)


def _resampled(
    lists: AuditedLists, excess: FloatArray, code: IntArray, sizes: FloatArray, n_items: FloatArray
) -> FloatArray:
    """Draws [draws, 2] of GG-F and AG-F with people resampled within their group."""
    rng = np.random.default_rng(lists.seed)
    drawn = np.zeros((lists.draws, len(sizes), excess.shape[1]))
    for g in range(len(sizes)):
        rows = np.flatnonzero(code == g)
        if len(rows):
            drawn[:, g] = resampled_sums(excess[rows], lists.draws, rng)
    size, everybody, rest = sizes[:, None] * n_items[None, :], drawn.sum(axis=1), np.flatnonzero(code < 0)
    if len(rest):  # people of hidden groups count among everybody
        everybody = everybody + resampled_sums(excess[rest], lists.draws, rng)
    with np.errstate(invalid="ignore", divide="ignore"):
        cells = np.where(size > 0, drawn / size, np.nan)
        every = np.where(n_items > 0, everybody / (len(code) * n_items), np.nan)
    between = np.nanmean(cells**2, axis=(1, 2)) if sizes.any() else np.zeros(lists.draws)  # of no cell: not read
    return np.column_stack([between, np.nanmean(every**2, axis=1)])
