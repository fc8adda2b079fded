"""How sure a mean over people is: bootstrap draws that resample people, never rows, and their 95 % percentiles.

What is resampled (a metric, an exposure share, a gap) is the caller's; everything here is seeded by the caller's `rng`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse

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
