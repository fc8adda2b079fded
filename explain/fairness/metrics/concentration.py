"""Is attention spread over the catalogue? Corrected Gini of appearances (7), effective catalogue (8)."""

from __future__ import annotations

import numpy as np

from core.graph import FloatArray
from explain.fairness.metrics.base import Case, Figure, Spec, figure, metric


def gini(counts: FloatArray) -> FloatArray:
    """The plain Gini index of counts [..., n], items that were never shown among them, → [...] in [0, 1 - 1/n]."""
    n = counts.shape[-1]
    ordered = np.sort(counts, axis=-1)
    place = 2 * np.arange(1, n + 1) - n - 1
    total = counts.sum(axis=-1)
    return np.asarray(
        np.divide((ordered * place).sum(axis=-1), n * total, out=np.full(total.shape, np.nan), where=total > 0)
    )


def corrected_gini(counts: FloatArray, k: int, n_lists: int) -> FloatArray:
    """(G - Gmin) / (1 - k/n - Gmin): 0 as even as m lists of k can be, 1 where everybody gets the same k items.

    Gmin = (n - r) r / (n k m) with r = k m mod n: what is left over when k m places do not divide by n items.
    counts [..., n_items] are numbers of appearances (not exposure); NaN where nothing was shown or k = n.
    """
    n = counts.shape[-1]
    left = (k * n_lists) % n
    least = (n - left) * left / (n * k * n_lists) if n_lists else 0.0
    room = 1 - k / n - least
    if room <= 1e-12:
        return np.full(counts.shape[:-1], np.nan)
    return np.asarray((gini(counts) - least) / room)


def effective_catalogue(amounts: FloatArray) -> FloatArray:
    """exp(H)/n with H the entropy of shares, amounts [..., n] → [...] in [1/n, 1]: the part of the catalogue that is in use."""
    n = amounts.shape[-1]
    total = amounts.sum(axis=-1, keepdims=True)
    share = np.divide(amounts, total, out=np.full(amounts.shape, np.nan), where=total > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.where(share > 0, share * np.log(share), np.where(np.isnan(share), np.nan, 0.0)).sum(axis=-1)
    return np.asarray(np.exp(entropy) / n)


@metric(Spec(
    7, "corrected Gini", "How unevenly appearances are spread over items",
    "(G - Gmin)/(1 - k/n - Gmin), G = Σ_i (2i-n-1) c_(i) / (n Σc), Gmin = (n-r) r/(n·km), r = km mod n",
    "Gini 1912; bounds for m lists of k from n items", "0 to 1", "0", "lower is fairer",
))  # fmt: skip
def measure_gini(case: Case) -> list[Figure]:
    """Counts of appearances over all items, the never shown among them."""
    k, m = case.lists.shape[1], len(case.shown)
    shown = case.appearances[case.shown]
    value, low, high = (
        case.interval(lambda s: corrected_gini(s, k, m)[:, None], shown, (0.0, 1.0)) if m else (np.full(1, np.nan),) * 3
    )
    why = "" if np.isfinite(value[0]) else "Every list is empty, or lists hold the whole catalogue."
    return [figure("corrected Gini", "", "", value[0], low[0], high[0], m, why)]


@metric(Spec(
    8, "effective catalogue", "The part of the catalogue that attention is spread over",
    "exp(H)/n, H = -Σ p_i ln p_i, p_i = ε_i/Σε", "Shannon 1948; Hill number of order 1", "1/n to 1", "1", "higher is fairer",
))  # fmt: skip
def measure_effective(case: Case) -> list[Figure]:
    """Shares of exposure over all items."""
    m = len(case.shown)
    if not m:
        return [Figure("effective catalogue", "", "", None, reason="Every list is empty.")]
    value, low, high = case.interval(lambda s: effective_catalogue(s)[:, None], case.attention[case.shown], (0.0, 1.0))
    return [figure("effective catalogue", "", "", value[0], low[0], high[0], m)]
