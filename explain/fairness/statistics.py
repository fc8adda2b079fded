"""What is said of an exposure ratio against its limits, and what many tests at once do to a p-value (Holm).

Every p-value here is of a *limit*, never of equality: it says how often a group whose true ratio is just at the limit
would look at least as far beyond it. A failure needs a small p of the limit; a pass needs a small p of each limit from
the inside (two one-sided tests, Schuirmann 1987). Interval, failure and pass are one test read three ways, so they
cannot contradict.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri, gammainc, gammaincc, stdtr, stdtrit

from core.graph import FloatArray

FEW_PLACES = 10  # under as many places counts are taken as Poisson, exactly
MANY_PLACES = 10_000  # from as many on a Poisson count is normal
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class LimitTests:
    """Of each group, float64 [m]: 95 % interval, p of the nearer limit (failure), p of the farther one (pass).

    Two-sided, not adjusted.
    """

    low: FloatArray
    high: FloatArray
    p_limit: FloatArray
    p_pass: FloatArray


def holm(p: FloatArray) -> FloatArray:
    """Holm's step-down adjustment (Holm 1979): p [m] → adjusted [m]; NaN (not tested) stays NaN and is not counted."""
    adjusted = np.full(len(p), np.nan)
    tested = np.flatnonzero(np.isfinite(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted


def limit_tests(
    ratio: FloatArray,
    error: FloatArray,
    freedom: float,
    places: FloatArray,
    fair: FloatArray,
    limits: tuple[float, float],
) -> LimitTests:
    """Intervals and p-values of exposure ratios, [m] each; what is not finite stays undefined.

    error    standard error of √ratio: on the scale of the root the error of a count hardly depends on its size
    freedom  degrees of freedom of Student's t, people less one
    places, fair  places that a group has in the lists, and that a fair share of them would be
    limits   lowest and highest ratio allowed
    Nothing is surer than a Poisson count can be (exact limits, Garwood 1936): of as many places as would have this
    relative error, which matters far out in the tail; and where the places found, or fair, are under ten, of those
    places.
    """
    root, wide = np.sqrt(ratio), stdtrit(freedom, (1 + LEVEL) / 2) * error
    low, high = np.maximum(root - wide, 0.0) ** 2, (root + wide) ** 2
    lowest, highest = limits
    below, above = tail(root - np.sqrt(lowest), error, freedom), tail(np.sqrt(highest) - root, error, freedom)
    over, under = tail(np.sqrt(lowest) - root, error, freedom), tail(root - np.sqrt(highest), error, freedom)
    whole = np.divide(
        ratio, 4 * error**2, out=np.zeros_like(ratio), where=error > 0
    )  # places of the same relative error
    some = np.isfinite(ratio) & (whole > 0) & (whole < MANY_PLACES)
    each = np.where(some, whole, 1.0) / np.where(some, ratio, 1.0)
    least, most = count_limits(np.where(some, whole, 0.0), whole=False)
    low, high = np.where(some, np.fmin(low, least / each), low), np.where(some, np.fmax(high, most / each), high)
    below = np.where(some, np.fmax(below, gammaincc(whole + 1, each * lowest)), below)
    above = np.where(some, np.fmax(above, gammainc(np.where(some, whole, 1.0), each * highest)), above)
    over = np.where(some, np.fmax(over, gammainc(np.where(some, whole, 1.0), each * lowest)), over)
    under = np.where(some, np.fmax(under, gammaincc(whole + 1, each * highest)), under)
    rare = np.isfinite(ratio) & (np.minimum(places, fair) < FEW_PLACES)
    least, most = count_limits(places)
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(rare, np.fmin(low, least / fair), low)
        high = np.where(rare, np.fmax(high, most / fair), high)
    below = np.where(rare, np.fmax(below, at_most(places, fair * lowest)), below)
    above = np.where(rare, np.fmax(above, at_least(places, fair * highest)), above)
    over = np.where(rare, np.fmax(over, at_least(places, fair * lowest)), over)
    under = np.where(rare, np.fmax(under, at_most(places, fair * highest)), under)
    known = np.isfinite(ratio) & np.isfinite(error)
    p_limit, p_pass = np.minimum(1.0, 2 * np.minimum(below, above)), np.minimum(1.0, 2 * np.maximum(over, under))
    return LimitTests(*(np.where(known, x, np.nan) for x in (low, high, p_limit, p_pass)))


def tail(distance: FloatArray, error: FloatArray, freedom: float | FloatArray) -> FloatArray:
    """P(T ≤ distance/error) of Student's t, [m]; without any error a sign alone: 0 below, 1 above, ½ for no
    distance.
    """
    sure = np.where(distance > 0, np.inf, np.where(distance < 0, -np.inf, 0.0))
    scaled = np.divide(distance, error, out=sure, where=error > 0)
    return np.asarray(stdtr(freedom, scaled))


def at_most(count: FloatArray, mean: FloatArray) -> FloatArray:
    """P(X ≤ count) of a Poisson count, [m]. Membership shares make counts broken: the whole number that is less sure
    stands.
    """
    return np.asarray(gammaincc(_up(count) + 1, mean))


def at_least(count: FloatArray, mean: FloatArray) -> FloatArray:
    """P(X ≥ count) of a Poisson count, [m]."""
    whole = _down(count)
    return np.asarray(np.where(whole >= 1, gammainc(np.maximum(whole, 1), mean), 1.0))


def count_limits(count: FloatArray, *, whole: bool = True) -> tuple[FloatArray, FloatArray]:
    """The exact 95 % limits of a Poisson mean (Garwood 1936), [m] each: 0 to 3.69 where nothing was counted.

    whole  False for a count that is broken by nature
    """
    low_of, high_of, beyond = (_down(count), _up(count), (1 - LEVEL) / 2) if whole else (count, count, (1 - LEVEL) / 2)
    low = np.where(low_of > 0, chdtri(2 * np.where(low_of > 0, low_of, 1.0), 1 - beyond) / 2, 0.0)
    return low, np.asarray(chdtri(2 * (high_of + 1), beyond) / 2)


def _up(count: FloatArray) -> FloatArray:
    return np.asarray(np.ceil(count - 1e-9))


def _down(count: FloatArray) -> FloatArray:
    return np.asarray(np.floor(count + 1e-9))
