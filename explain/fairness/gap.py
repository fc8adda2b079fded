"""Is one cohort served worse than another? The largest difference of cohort means, how sure it is, and a permutation test.

Bootstrap draws resample people within their cohort. The largest of several means less the smallest is biased upwards:
it is above 0 even where all cohorts are alike, and its bootstrap draws are biased once more. So the draws are
re-centred on the observed gap, the bias they show is returned beside it, and whether the cohorts differ at all is said by
a permutation test, which has no such bias. Verdicts are left to audit.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.graph import FloatArray
from core.intervals import percentile_interval, resampled_sums

_CELLS_AT_ONCE = 4_000_000
MOST_PERMUTED = 50_000


@dataclass(frozen=True)
class Gap:
    """Best cohort mean less worst.

    value, low, high  the gap and its re-centred 95 % interval, low ≥ 0        bias  mean of the draws less value
    p                 share of label permutations with a gap at least as large
    best, worst       positions of the cohorts, the first of equals
    """

    value: float
    low: float
    high: float
    bias: float
    p: float
    best: int
    worst: int


def cohort_means(values: Sequence[FloatArray], draws: int, rng: np.random.Generator) -> FloatArray:
    """Bootstrap means of each cohort, resampled within it: float64 [draws, cohorts]; no cohort may be empty."""
    return np.column_stack([resampled_sums(v[:, None], draws, rng)[:, 0] / len(v) for v in values])


def gap(values: Sequence[FloatArray], means: FloatArray, draws: int, rng: np.random.Generator) -> Gap:
    """The gap between at least two cohorts.

    values  one float64 [n_g] a cohort: one number a person      means  their `cohort_means`, [draws, cohorts]
    """
    observed = np.array([v.mean() for v in values])
    value = float(np.ptp(observed))
    drawn = np.ptp(means, axis=1)
    bias = float(drawn.mean()) - value
    low, high = percentile_interval((drawn - bias)[:, None])
    return Gap(
        value=value,
        low=min(value, max(0.0, float(low[0]))),
        high=max(value, float(high[0])),
        bias=bias,
        p=permutation_p(values, draws, rng),
        best=int(np.argmax(observed)),
        worst=int(np.argmin(observed)),
    )


def permutation_p(values: Sequence[FloatArray], draws: int, rng: np.random.Generator) -> float:
    """How often people shuffled over the cohorts give a gap at least as large: (1 + times) / (1 + draws).

    Above MOST_PERMUTED people the cohort means of a shuffle are drawn from their normal limit (Hájek 1960), with the
    variance S²(1/n_g - 1/N) and covariance -S²/N of sampling without replacement.
    """
    sizes = np.array([len(v) for v in values])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    pooled = np.concatenate(values)
    observed = np.ptp(np.add.reduceat(pooled, starts) / sizes)
    if len(pooled) > MOST_PERMUTED:
        shift = rng.normal(0.0, pooled.std(ddof=1) / np.sqrt(sizes), (draws, len(sizes)))
        spread = np.ptp(shift - (shift @ sizes / len(pooled))[:, None], axis=1)
        return float((1 + (spread >= observed - 1e-12).sum()) / (1 + draws))
    at_once = max(1, _CELLS_AT_ONCE // len(pooled))
    as_large = 0
    for start in range(0, draws, at_once):
        rows = min(at_once, draws - start)
        shuffled = rng.permuted(np.broadcast_to(pooled, (rows, len(pooled))), axis=1)
        spread = np.ptp(np.add.reduceat(shuffled, starts, axis=1) / sizes, axis=1)
        as_large += int((spread >= observed - 1e-12).sum())
    return (1 + as_large) / (1 + draws)
