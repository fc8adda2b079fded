"""Is attention spread over the catalogue? Corrected Gini of appearances, effective catalogue."""

from __future__ import annotations

import numpy as np

from core.graph import FloatArray
from explain.fairness.audited_lists import AuditedLists
from explain.fairness.figures import Figure
from explain.fairness.metrics.base import MetricSpec, Range, metric

GINI, EFFECTIVE = "corrected Gini", "effective catalogue"
GINI_RANGE = Range(0.0, 1.0)
EFFECTIVE_RANGE = Range(0.0, 1.0, "1/n to 1")


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
    """exp(H)/n with H the entropy of shares, amounts [..., n] → [...] in [1/n, 1]: the part of the catalogue in use."""
    n = amounts.shape[-1]
    total = amounts.sum(axis=-1, keepdims=True)
    share = np.divide(amounts, total, out=np.full(amounts.shape, np.nan), where=total > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.where(share > 0, share * np.log(share), np.where(np.isnan(share), np.nan, 0.0)).sum(axis=-1)
    return np.asarray(np.exp(entropy) / n)


@metric(
    MetricSpec(
        order=7,
        name=GINI,
        title="How unevenly appearances are spread over items",
        formula="(G - Gmin)/(1 - k/n - Gmin), G = Σ_i (2i-n-1) c_(i) / (n Σc), Gmin = (n-r) r/(n·km), r = km mod n",
        source="Gini 1912; bounds for m lists of k from n items",
        range=GINI_RANGE,
        fair="0",
        direction="lower is fairer",
    )
)
def measure_gini(lists: AuditedLists) -> list[Figure]:
    """Counts of appearances over all items, the never shown among them."""
    k, m = lists.k, lists.n_shown
    ends = (np.nan, np.nan, np.nan)
    if m:
        counts = lists.interval(lambda s: corrected_gini(s, k, m)[:, None], lists.appearances, GINI_RANGE.ends)
        ends = (counts[0][0], counts[1][0], counts[2][0])
    reason = "" if np.isfinite(ends[0]) else "Every list is empty, or lists hold the whole catalogue."
    return [lists.figure(GINI, ends, n=m, reason=reason)]


@metric(
    MetricSpec(
        order=8,
        name=EFFECTIVE,
        title="The part of the catalogue that attention is spread over",
        formula="exp(H)/n, H = -Σ p_i ln p_i, p_i = ε_i/Σε",
        source="Shannon 1948; Hill number of order 1",
        range=EFFECTIVE_RANGE,
        fair="1",
        direction="higher is fairer",
    )
)
def measure_effective(lists: AuditedLists) -> list[Figure]:
    """Shares of exposure over all items."""
    if not lists.n_shown:
        return [lists.missing(EFFECTIVE, "Every list is empty.")]
    ends = lists.interval(lambda s: effective_catalogue(s)[:, None], lists.attention, EFFECTIVE_RANGE.ends)
    return [lists.figure(EFFECTIVE, (ends[0][0], ends[1][0], ends[2][0]), n=lists.n_shown)]
