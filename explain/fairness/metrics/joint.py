"""Joint multisided exposure (6): are groups of items shown alike to every group of people?"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from core.graph import FloatArray, IntArray
from core.intervals import resampled_sums
from explain.fairness import exposure as ex
from explain.fairness.metrics.base import NO_RELEVANCE, Case, Figure, Spec, figure, metric, relevance
from explain.fairness.thresholds import fixed_share
from explain.groups.cohorts import Cohorts


def cell_means(excess: FloatArray, people: FloatArray, n_items: FloatArray) -> FloatArray:
    """mean(E-E*) of each cell: excess [user groups, item groups] summed over people and items, sizes → the same shape."""
    size = people[:, None] * n_items[None, :]
    found: FloatArray = np.divide(excess, size, out=np.full(excess.shape, np.nan), where=size > 0)
    return found


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


@metric(Spec(
    6, "joint multisided exposure", "Are groups of items shown alike to every group of people?",
    "GG-F = mean over cells of (mean(E-E*))² less s²/n, the noise of the people; AG-F the same over all people; E, E* exposure of a person-item pair",
    "Wang et al. 2022, eq. 8 and 10", "≥ 0", "0", "lower is fairer",
))  # fmt: skip
def measure_joint(case: Case) -> list[Figure]:
    """For each user column × item column; intervals resample people within their group."""
    m, found = len(case.shown), []
    if case.target == "relevance" and relevance(case) is None:
        return [Figure("GG-F", "", "", None, reason=NO_RELEVANCE)]
    for item_by, groups in case.items.items():
        n_items = ex.column_sums(groups.membership)
        excess = excess_by_group(case, groups)
        first = True
        for user_by, cohorts in case.people.items():
            code = case.code(user_by, case.shown)
            known = code >= 0  # cells of hidden groups are left out of the mean, or it would give them away
            sizes = np.bincount(code[known], minlength=len(cohorts.labels)).astype(np.float64)
            sums = np.zeros((len(cohorts.labels), excess.shape[1]))
            np.add.at(sums, code[known], excess[known])
            noise = noise_of(excess[known], code[known], sizes, n_items) if known.any() else 0.0
            value = max(0.0, group_to_group(cell_means(sums, sizes, n_items)) - noise) if known.any() else float("nan")
            draws = _within(case, excess, code, sizes, n_items) if m >= case.min_n else np.full((1, 2), np.nan)
            total = (
                max(0.0, all_to_group(excess, float(m), n_items) - all_noise(excess, n_items)) if m else float("nan")
            )
            draws = np.maximum(0.0, draws - draws.mean(axis=0) + np.array([value, total]))  # re-centred
            low, high = np.percentile(draws, [2.5, 97.5], axis=0) if m >= case.min_n else (draws[0], draws[0])
            by = f"{user_by} × {item_by}"
            found.append(
                figure(
                    "GG-F",
                    by,
                    "",
                    value,
                    np.minimum(low[0], value),
                    np.maximum(high[0], value),
                    m,
                    "" if known.any() else f"Every group of {user_by} is hidden." if m else "Every list is empty.",
                )
            )
            if first and m:
                ends = np.minimum(low[1], total), np.maximum(high[1], total)
                found.append(figure("AG-F", item_by, "", total, *ends, m))
                first = False
    return found or [Figure("GG-F", "", "", None, reason="This needs a column of people and one of items.")]


def excess_by_group(case: Case, groups: Cohorts) -> FloatArray:
    """float64 [shown, groups]: each list's exposure of a group less what the target gives it."""
    exposure = np.asarray((case.attention[case.shown] @ groups.membership).todense())
    m = len(case.shown)
    weights = case.weights if case.weights.ndim == 1 else case.weights[case.shown]
    target = case.target_of(groups.by)
    wanted = relevance(case) if target == "relevance" else None
    if wanted is None:
        whole = np.broadcast_to(weights, (m, weights.shape[-1])).sum(axis=1)
        return np.asarray(exposure - whole[:, None] * fixed_share(groups, target)[None, :])
    due = np.empty_like(exposure)
    member_sums = ex.column_sums(groups.membership)
    marks = sparse.csr_matrix((np.ones(wanted.nnz), wanted.indices, wanted.indptr), shape=wanted.shape)
    lead = np.asarray((marks @ groups.membership).todense())
    n_rel = np.diff(wanted.indptr)
    total = np.cumsum(np.column_stack([np.zeros(m), np.broadcast_to(weights, (m, weights.shape[-1]))]), axis=1)
    first = total[np.arange(m), np.minimum(n_rel, weights.shape[-1])]
    each = np.divide(first, n_rel, out=np.zeros(m), where=n_rel > 0)
    rest = (total[:, -1] - first) / np.maximum(1, case.n_items - n_rel)
    due[:] = lead * each[:, None] + (member_sums[None, :] - lead) * rest[:, None]
    return np.asarray(exposure - due)


def _within(case: Case, excess: FloatArray, code: IntArray, sizes: FloatArray, n_items: FloatArray) -> FloatArray:
    """Draws [draws, 2] of GG-F and AG-F with people resampled within their group."""
    rng = np.random.default_rng(case.seed)
    groups = [np.flatnonzero(code == g) for g in range(len(sizes))]
    drawn = np.zeros((case.draws, len(sizes), excess.shape[1]))
    for g, rows in enumerate(groups):
        if len(rows):
            drawn[:, g] = resampled_sums(excess[rows], case.draws, rng)
    size, everybody, rest = sizes[:, None] * n_items[None, :], drawn.sum(axis=1), np.flatnonzero(code < 0)
    if len(rest):  # people of hidden groups count among everybody
        everybody = everybody + resampled_sums(excess[rest], case.draws, rng)
    with np.errstate(invalid="ignore", divide="ignore"):
        cells = np.where(size > 0, drawn / size, np.nan)
        every = np.where(n_items > 0, everybody / (len(code) * n_items), np.nan)
    between = np.nanmean(cells**2, axis=(1, 2)) if sizes.any() else np.zeros(case.draws)  # of no cell: not read
    return np.column_stack([between, np.nanmean(every**2, axis=1)])
