"""How sure a mean over people is: bootstrap draws that resample people, never rows, and their 95 % percentiles.

What is resampled (a metric, an exposure share, a gap) is the caller's; everything here is seeded by the caller's `rng`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse
from scipy.special import ndtr, ndtri

from core.graph import FloatArray

DRAWS = 1_000
LEVEL = 0.95
MOST_ALONE, BUCKETS = 10_000, 2_000
_CELLS_AT_ONCE = 4_000_000


def resample_weights(n: int, draws: int, rng: np.random.Generator) -> Iterator[FloatArray]:
    """How often each of n people is in each resample of n: multinomial, in chunks [c, n] that add up
    to `draws` rows.
    """
    at_once = max(1, _CELLS_AT_ONCE // n)
    for start in range(0, draws, at_once):
        rows = min(at_once, draws - start)
        picked = rng.integers(n, size=(rows, n)) + np.arange(rows)[:, None] * n
        yield np.bincount(picked.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)


def resampled_sums(values: FloatArray | sparse.csr_matrix, draws: int, rng: np.random.Generator) -> FloatArray:
    """Column sums over resampled people: values [n, m], dense or CSR, n ≥ 1 → float64 [draws, m].

    Above MOST_ALONE people they are `in_buckets` first, so that a draw does not cost more where there are more people.
    """
    values = in_buckets(values, rng)
    n = int(values.shape[0])
    return np.concatenate([np.asarray(weights @ values) for weights in resample_weights(n, draws, rng)])


def in_buckets(values: FloatArray | sparse.csr_matrix, rng: np.random.Generator) -> FloatArray | sparse.csr_matrix:
    """Sums of BUCKETS random groups of people of equal size (± 1), [n, m] → [BUCKETS, m]; as it is for up to
    MOST_ALONE.

    Sums of random groups are as independent as people are, and resampling them gives a total of the same variance.
    """
    n = int(values.shape[0])
    if n <= MOST_ALONE:
        return values
    bucket = rng.permutation(n) % BUCKETS
    lead = sparse.csr_matrix((np.ones(n), (bucket, np.arange(n))), shape=(BUCKETS, n))
    summed = lead @ values
    return np.asarray(summed.todense() if sparse.issparse(summed) else summed)


def percentile_interval(draws: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The 95 % percentile interval of each column: draws [draws, m] → low [m], high [m]. Undefined (NaN) draws are left
    out.
    """
    tail = 50.0 * (1.0 - LEVEL)
    low, high = np.nanpercentile(draws, [tail, 100.0 - tail], axis=0)
    return low, high


def bca_interval(draws: FloatArray, value: FloatArray, acceleration: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The bias-corrected and accelerated 95 % interval of each column (Efron 1987): the percentiles moved for bias and
    skewness.

    draws [draws, m], defined; value [m] of the data; acceleration [m] as `acceleration` gives it → low [m], high [m].
    Where all draws lie on one side of the value, or the correction has no solution, the plain percentiles stand.
    """
    tail = (1.0 - LEVEL) / 2
    below = ((draws < value).sum(axis=0) + 0.5 * (draws == value).sum(axis=0)) / len(draws)
    centre = ndtri(np.clip(below, 1e-9, 1 - 1e-9))
    bounds = []
    for level in (tail, 1.0 - tail):
        shifted = centre + ndtri(level)
        room = 1.0 - acceleration * shifted
        place = ndtr(centre + shifted / np.where(room > 0.1, room, np.nan))
        place = np.where(np.isfinite(place) & (below > 0) & (below < 1), place, level)
        ordered = np.sort(draws, axis=0)
        at = place * (len(draws) - 1)
        low, part = np.floor(at).astype(np.int64), at - np.floor(at)
        columns = np.arange(draws.shape[1])
        high = np.minimum(low + 1, len(draws) - 1)
        bounds.append(ordered[low, columns] * (1 - part) + ordered[high, columns] * part)
    return bounds[0], bounds[1]


def acceleration(influence: FloatArray) -> float:
    """Σ l³ / (6 (Σ l²)^1.5) of the people's influences on a statistic, float64 [n]; 0 where none has any."""
    square = float((influence**2).sum())
    return float((influence**3).sum() / (6 * square**1.5)) if square > 0 else 0.0
