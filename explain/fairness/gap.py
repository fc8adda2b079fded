"""Are cohorts served alike? Each against everybody else with bands that hold all differences at once, and how much they
differ in all.

The largest of many means less the smallest is above 0 even where all cohorts are alike, and grows with their number; no
interval of it holds what is true (0 of 200 worlds with 18 equal cohorts). So no verdict is on it. Each cohort's mean is
compared with that of the others, and the bands of all of them hold together as often as they say (max-|t|, Westfall &
Young 1993, each difference on the scale of its own p-value). How much cohorts differ in all is τ, the standard
deviation of their true means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from core.graph import FloatArray
from explain.fairness.statistics import LEVEL, tail

_CELLS_AT_ONCE = 4_000_000
MOST_PERMUTED = 50_000
JOINT_DRAWS = 2_000
SMALL = 30  # people under which a reference decides nothing
LENT = 20.0


@dataclass(frozen=True, eq=False)
class Differences:
    """Of each cohort, float64 [m]: its mean less the reference's.

    value, error, freedom  the difference, its standard error, Welch's degrees of freedom; NaN for a cohort that is the
                           reference
    low, high              bands that hold all differences at once
    reference, n_reference mean and number of people compared with
    least                  float64 [draws], ascending: the smallest p of all cohorts where none differs
    """

    value: FloatArray
    error: FloatArray
    freedom: FloatArray
    low: FloatArray
    high: FloatArray
    reference: FloatArray
    n_reference: FloatArray
    least: FloatArray

    def p_below(self, most: float) -> FloatArray:
        """Two-sided p of the limit, [m]: of being no more than `most` below the reference."""
        return np.asarray(np.minimum(1.0, 2 * tail(self.value + most, self.error, self.freedom)))

    def p_within(self, most: float) -> FloatArray:
        """Two-sided p of each limit from the inside, [m]: of being `most` or more away on either side."""
        sides = [tail(distance, self.error, self.freedom) for distance in (-self.value - most, self.value - most)]
        return np.asarray(np.minimum(1.0, 2 * np.maximum(*sides)))

    def over_all(self, p: FloatArray) -> FloatArray:
        """p-values adjusted for all cohorts together (single-step min-p): as small as some cohort's would be by chance,
        [m].
        """
        as_small = np.searchsorted(self.least, p, side="right")
        adjusted = np.maximum(p, (1 + as_small) / (1 + len(self.least)))
        return np.asarray(np.where(np.isfinite(p), adjusted, np.nan))


def differences(
    values: Sequence[FloatArray],
    rng: np.random.Generator,
    *,
    against: int | str = "rest",
    alpha: float = 0.05,
    draws: int = JOINT_DRAWS,
) -> Differences:
    """Each of at least two cohorts against its reference.

    values   one float64 [n_g], n_g ≥ 2, a cohort: one number a person
    against  "rest" (everybody else of these cohorts), "population" (all of them), or the position of a cohort
    """
    sizes, means = np.array([float(len(v)) for v in values]), np.array([v.mean() for v in values])
    contrast, n_reference = contrasts(sizes, against)
    variances = variances_of(values) / sizes
    value = contrast @ means
    error = np.sqrt(contrast**2 @ variances)
    weights = (contrast**2 * variances) ** 2 / (sizes - 1)
    freedom = np.divide(
        error**4, weights.sum(axis=1), out=np.full(len(sizes), sizes.sum() - len(sizes)), where=weights.sum(axis=1) > 0
    )
    drawn = (rng.standard_t(sizes - 1, (draws, len(sizes))) * np.sqrt(variances)) @ contrast.T
    apart = np.divide(np.abs(drawn), error, out=np.zeros_like(drawn), where=error > 0)
    own = n_reference > 0  # a cohort that is the reference is not compared with itself
    least = np.sort((2 * stdtr(freedom[own], -apart[:, own])).min(axis=1))
    # The level at which an adjusted p is just not below alpha, so that bands and p-values say the same.
    level = min(alpha, least[max(0, int(np.ceil(alpha * (draws + 1))) - 2)])
    wide = stdtrit(freedom, 1 - level / 2) * error
    known = np.where(own, 1.0, np.nan)
    return Differences(
        value * known,
        error * known,
        freedom,
        (value - wide) * known,
        (value + wide) * known,
        (means - value) * known,
        n_reference,
        least,
    )


def contrasts(sizes: FloatArray, against: int | str) -> tuple[FloatArray, FloatArray]:
    """C [m, m] with differences = C @ means, and the people in each one's reference, [m]; 0 for a cohort that is the
    reference.
    """
    m, everybody = len(sizes), sizes.sum()
    if isinstance(against, int):
        contrast = np.eye(m)
        contrast[:, against] -= 1.0
        return contrast, np.where(np.arange(m) == against, 0.0, sizes[against])
    if against == "population":
        return np.eye(m) - sizes / everybody, np.full(m, everybody)
    others = everybody - sizes
    contrast = -np.tile(sizes, (m, 1)) / others[:, None]
    np.fill_diagonal(contrast, 1.0)
    return contrast, others


def variances_of(values: Sequence[FloatArray]) -> FloatArray:
    """Variance of one person's number in each cohort, [m], moderated (Smyth 2004): as if LENT more people had scattered
    as people within cohorts do. Ten people without a hit would otherwise be as sure of it as a thousand.
    """
    freedom = np.array([len(v) - 1.0 for v in values])
    own = np.array([v.var(ddof=1) for v in values])
    pooled = float((freedom * own).sum() / freedom.sum())
    return np.asarray((freedom * own + LENT * pooled) / (freedom + LENT))


def mean_intervals(values: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """The 95 % interval of each cohort's own mean, [m] each, by Student's t."""
    sizes, means = np.array([float(len(v)) for v in values]), np.array([v.mean() for v in values])
    wide = stdtrit(sizes - 1, (1 + LEVEL) / 2) * np.sqrt(variances_of(values) / sizes)
    return means - wide, means + wide


@dataclass(frozen=True)
class Spread:
    """τ = √max(0, var(means) - mean(s²/n)): the standard deviation of the cohorts' true means, with a 95 % interval."""

    value: float
    low: float
    high: float


def spread(values: Sequence[FloatArray], rng: np.random.Generator, draws: int = JOINT_DRAWS) -> Spread:
    """τ of at least two cohorts. The interval holds every τ under which the one that was found is not unusual
    (parametric bootstrap).
    """
    sizes, means = np.array([len(v) for v in values]), np.array([v.mean() for v in values])
    noise = np.sqrt(np.array([v.var(ddof=1) for v in values]) / sizes)
    excess = float(means.var(ddof=1) - (noise**2).mean())
    wide = float(means.std(ddof=1) + noise.max())
    if wide <= 0:
        return Spread(0.0, 0.0, 0.0)
    true, error = rng.standard_normal((draws, len(sizes))), rng.standard_normal((draws, len(sizes))) * noise
    own = (noise**2 * rng.chisquare(sizes - 1, (draws, len(sizes))) / (sizes - 1)).mean(axis=1)

    def as_high(tau: float) -> float:
        """How often so large an excess, or a larger one, is found where τ is this."""
        return float((((tau * true + error).var(axis=1, ddof=1) - own) >= excess - 1e-15).mean())

    def least(level: float) -> float:
        """The smallest τ at which that is as often as `level`."""
        low, high = 0.0, wide
        while as_high(high) < level and high < 1e3 * wide:
            high *= 2
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (low, middle) if as_high(middle) >= level else (middle, high)
        return high if high > 1e-9 * wide else 0.0

    value = float(np.sqrt(max(0.0, excess)))
    return Spread(value, min(value, least(0.025)), max(value, least(0.975)))


def permutation_p(gap: float, alike: FloatArray) -> float:
    """How often people shuffled over the cohorts (`permuted`) give as large a gap: (1 + times) / (1 + draws)."""
    return float((1 + (alike >= gap - 1e-12).sum()) / (1 + len(alike)))


def permuted(values: Sequence[FloatArray], draws: int, rng: np.random.Generator) -> FloatArray:
    """max - min of the cohorts' means where people are shuffled over them: float64 [draws]. Its mean is what equality
    looks like.

    Above MOST_PERMUTED people the cohort means of a shuffle are drawn from their normal limit (Hájek 1960), with the
    variance S²(1/n_g - 1/N) and covariance -S²/N of sampling without replacement.
    """
    sizes = np.array([len(v) for v in values])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    pooled = np.concatenate(values)
    if len(pooled) > MOST_PERMUTED:
        shift = rng.normal(0.0, pooled.std(ddof=1) / np.sqrt(sizes), (draws, len(sizes)))
        return np.asarray(np.ptp(shift - (shift @ sizes / len(pooled))[:, None], axis=1))
    at_once = max(1, _CELLS_AT_ONCE // len(pooled))
    ranges = []
    for start in range(0, draws, at_once):
        rows = min(at_once, draws - start)
        shuffled = rng.permuted(np.broadcast_to(pooled, (rows, len(pooled))), axis=1)
        ranges.append(np.ptp(np.add.reduceat(shuffled, starts, axis=1) / sizes, axis=1))
    return np.concatenate(ranges)
