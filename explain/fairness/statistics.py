"""What many cells at once do to a p-value, and what a bootstrap says about one: Holm's adjustment, normal p-values."""

from __future__ import annotations

import numpy as np
from scipy.special import gammainc, gammaincc, ndtr

from core.graph import FloatArray

FEW_PLACES = 10  # under as many places a bootstrap of a group is too sure of itself
NONE_HIGH = 3.688879454113936  # -ln(.025)


def holm(p: FloatArray) -> FloatArray:
    """Holm's step-down adjustment (Holm 1979): p [m] → adjusted [m]; NaN (not tested) stays NaN and is not counted."""
    found = np.full(len(p), np.nan)
    tested = np.flatnonzero(np.isfinite(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    found[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return found


def bootstrap_p(value: FloatArray, draws: FloatArray, fair: float | FloatArray) -> FloatArray:
    """Two-sided p of value = fair with the standard error of the draws: [m], [draws, m] → [m]; NaN where undefined.

    A normal p-value does not stop at 1/draws, so it can be adjusted for hundreds of groups.
    """
    error = np.nanstd(draws, axis=0, ddof=1)
    distance = np.abs(value - fair)
    z = np.divide(distance, error, out=np.where(distance > 0, np.inf, 0.0), where=error > 0)
    return np.where(np.isfinite(value), 2 * ndtr(-z), np.nan)


def share_p(ratio: FloatArray, draws: FloatArray) -> FloatArray:
    """Two-sided p of ratio = 1 for shares of attention, [m], [draws, m] → [m]; NaN where undefined.

    On the scale of the square root, where the error of a count hardly depends on its size: on the plain scale a group that
    was shown little by chance looks surer than it is.
    """
    return bootstrap_p(np.sqrt(ratio), np.sqrt(draws), 1.0)


def exposure_p(ratio: FloatArray, draws: FloatArray, places: FloatArray, fair: FloatArray) -> FloatArray:
    """Two-sided p of an exposure ratio of 1, [m], [draws, m] → [m]: no surer than the count of its places can be.

    places, fair  float64 [m]: places that a group has in the lists, and that a fair share of them would be
    """
    rare = np.where(np.minimum(places, fair) < FEW_PLACES, count_p(places, fair), 0.0)
    return np.asarray(np.fmax(share_p(ratio, draws), rare))


def never_shown_high(fair: FloatArray) -> FloatArray:
    """Upper 95 % limit of the ratio of a group in none of the places, [m]: -ln(.025) / fair (exact Poisson limit, Garwood 1936)."""
    return np.asarray(np.divide(NONE_HIGH, fair, out=np.full(len(fair), np.inf), where=fair > 0))


def count_p(found: FloatArray, fair: FloatArray) -> FloatArray:
    """Two-sided p of a Poisson count: places found, places that a fair share would give, [m] → [m].

    With a handful of places a bootstrap of them is too sure of itself; nothing may be surer than a count of so few can be.
    """
    at_most = gammaincc(np.floor(found) + 1, np.maximum(fair, 1e-12))
    at_least = np.where(found >= 1, gammainc(np.maximum(np.floor(found), 1), np.maximum(fair, 1e-12)), 1.0)
    return np.asarray(np.minimum(1.0, 2 * np.minimum(at_most, at_least)))
