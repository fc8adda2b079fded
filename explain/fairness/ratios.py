"""Exposure ratios of groups of items in some lists, with the standard error that comes from the people whose lists they
are.

The error is linear in people (the delta method, which is the infinitesimal jackknife): what each person's list adds to
a ratio is summed up squared, so nothing is drawn and the same question has the same interval wherever it is asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from core.graph import FloatArray, IntArray
from explain.fairness import exposure as ex
from explain.fairness.statistics import LimitTests, limit_tests
from explain.fairness.thresholds import fixed_share, target_sums
from explain.groups.cohorts import Cohorts
from explain.results.plan import Target, Thresholds

WHOLE = 1 - 1e-12  # a group that is due everything has nothing to be compared with


@dataclass(frozen=True, eq=False)
class GroupExposure:
    """What lists give to groups of items, a row a person.

    exposure  CSR [m, groups], attention       places  CSR [m, groups], places counted once each
    wanted    CSR [m, groups], held-out relevant items where the target comes from people, else None
    due       float64 [groups]: the target where it does not
    """

    exposure: sparse.csr_matrix
    places: sparse.csr_matrix
    wanted: sparse.csr_matrix | None
    due: FloatArray

    def of(self, rows: IntArray) -> GroupExposure:
        """The same of some people."""
        return GroupExposure(
            self.exposure[rows], self.places[rows], None if self.wanted is None else self.wanted[rows], self.due
        )


@dataclass(frozen=True, eq=False)
class Ratios:
    """Of each group, float64 [groups]: share of exposure, share due, their ratio, standard error of its root, places,
    fair places.
    """

    share: FloatArray
    target: FloatArray
    ratio: FloatArray
    error: FloatArray
    places: FloatArray
    fair: FloatArray
    n_lists: int

    def against(self, limits: Thresholds) -> LimitTests:
        """Intervals and p of the limits; undefined for a group that is due all or nothing, and under the smallest
        number of lists.
        """
        enough = self.n_lists >= limits.min_n
        ratio = np.where(enough & (self.target <= WHOLE), self.ratio, np.nan)
        allowed = (limits.ratio_low, limits.ratio_high)
        return limit_tests(ratio, self.error, max(1.0, self.n_lists - 1.0), self.places, self.fair, allowed)


def group_exposure(
    lists: IntArray,
    weights: FloatArray,
    groups: Cohorts,
    target: Target = "catalogue",
    positives: sparse.csr_matrix | None = None,
) -> GroupExposure:
    """lists int64 [m, k]; weights [k] or [m, k]; positives CSR [m, n_items], read by the target "relevance"."""
    return GroupExposure(
        ex.list_exposure(lists, weights, groups.membership),
        ex.list_exposure(lists, np.ones(lists.shape[1]), groups.membership),
        target_sums(groups, target, positives),
        fixed_share(groups, target),
    )


def ratios_of(groups: GroupExposure) -> Ratios:
    """Ratios and their errors over all people of `given`."""
    share = ex.shares(ex.column_sums(groups.exposure)[None, :])[0]
    due = groups.due if groups.wanted is None else ex.shares(ex.column_sums(groups.wanted)[None, :])[0]
    ratio = ex.ratios(share, np.nan_to_num(due))
    n_lists = int((np.diff(groups.exposure.indptr) > 0).sum())
    spread = _relative(groups.exposure, groups.wanted, np.nan_to_num(share), np.nan_to_num(due))
    bessel = n_lists / max(1, n_lists - 1)
    error = np.sqrt(np.nan_to_num(ratio) * np.maximum(spread, 0.0) * bessel) / 2
    places = ex.column_sums(groups.places)
    return Ratios(share, due, ratio, error, places, np.nan_to_num(due) * places.sum(), n_lists)


def _relative(
    exposure: sparse.csr_matrix, wanted: sparse.csr_matrix | None, share: FloatArray, due: FloatArray
) -> FloatArray:
    """Σ_u (l_u/R)² of each group, float64 [groups], l_u what person u adds to the ratio R = share/due.

    l_u/R = (e_ug - share_g e_u)/(share_g Σe), and for a target from people less the same of what they want; expanded,
    so that no matrix but those of the lists is formed.
    """

    def moments(a: sparse.csr_matrix, s: FloatArray, b: sparse.csr_matrix, t: FloatArray) -> FloatArray:
        of_a, of_b = np.asarray(a.sum(axis=1)).ravel(), np.asarray(b.sum(axis=1)).ravel()
        both = np.asarray(a.multiply(b).sum(axis=0)).ravel()
        mixed = both - t * (a.T @ of_b) - s * (b.T @ of_a) + s * t * (of_a @ of_b)
        scale = s * of_a.sum() * t * of_b.sum()
        return np.asarray(np.divide(mixed, scale, out=np.zeros(len(s)), where=scale > 0))

    of_lists = moments(exposure, share, exposure, share)
    if wanted is None:
        return of_lists
    return np.asarray(of_lists + moments(wanted, due, wanted, due) - 2 * moments(exposure, share, wanted, due))
