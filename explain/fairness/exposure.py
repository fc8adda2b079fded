"""Who gets the attention that lists give out: browsing weights, exposure of items and groups, share against target.

Exposure of an item: ε_i = (1/m) Σ_u v_rank(u,i) over all m lists, 0 where it is not shown. A group's share is
E_g = Σ_i ε_i G_ig / Σ_i ε_i with soft membership G, whose rows sum to 1. Which groups there are is said by cohorts.py,
what a ratio means by audit.py.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.errors import OptionError, shown
from core.graph import FloatArray, IntArray
from core.ranking import NO_ITEM
from explain.format.words import CASCADE as CASCADE
from explain.format.words import DCG as DCG
from explain.format.words import DCG_TREC as DCG_TREC
from explain.format.words import PERSISTENCE, STOP
from explain.format.words import RBP as RBP


def rbp(k: int, gamma: float = PERSISTENCE) -> FloatArray:
    """Rank-biased precision: a reader goes on to the next place with probability γ: γ^(rank-1), float64 [k]."""
    return np.power(gamma, np.arange(k, dtype=np.float64))


def dcg(k: int) -> FloatArray:
    """The discount of nDCG (Singh & Joachims 2018): 1/log2(rank+1), float64 [k]."""
    discount: FloatArray = 1.0 / np.log2(np.arange(2, k + 2, dtype=np.float64))
    return discount


def dcg_trec(k: int) -> FloatArray:
    """The discount of trec_eval's first nDCG (Järvelin & Kekäläinen 2002): 1/log2(max(rank, 2)), float64 [k]."""
    discount: FloatArray = 1.0 / np.log2(np.maximum(np.arange(1, k + 1, dtype=np.float64), 2.0))
    return discount


def cascade(relevant: NDArray[np.bool_], gamma: float = PERSISTENCE, stop: float = STOP) -> FloatArray:
    """Readers stop at what they like: γ^(rank-1) Π_{j<rank} (1 - φ rel_j), bool [m, k] → float64 [m, k] (Craswell et
    al. 2008).
    """
    left = np.cumprod(1.0 - stop * relevant, axis=1)
    before = np.column_stack([np.ones(len(left)), left[:, :-1]])
    return np.asarray(rbp(relevant.shape[1], gamma) * before)


BROWSING: dict[str, Callable[[int], FloatArray]] = {RBP: rbp, DCG: dcg, DCG_TREC: dcg_trec}
BROWSING_LABELS = (*BROWSING, CASCADE)


def browsing_weights(label: str, k: int) -> FloatArray:
    """Attention for ranks 1 to k under a labelled browsing model, float64 [k]. Raises OptionError for an
    unknown label.
    """
    if label not in BROWSING:
        raise OptionError(f"There is no browsing model {shown(label)}: choose one of {', '.join(BROWSING)}.")
    return BROWSING[label](k)


def attention_of(label: str, lists: IntArray, n_items: int, positives: sparse.csr_matrix | None = None) -> FloatArray:
    """Attention of the places of these lists under a labelled model: [k], or [m, k] for the cascade, which reads
    relevance.

    positives  CSR [m, n_items], held-out relevant items. Raises OptionError for an unknown label, or a cascade without
               them.
    """
    k = lists.shape[1]
    if label != CASCADE:
        if label not in BROWSING:
            raise OptionError(f"There is no browsing model {shown(label)}: choose one of {', '.join(BROWSING_LABELS)}.")
        return BROWSING[label](k)
    if positives is None:
        raise OptionError("The cascade needs to know what is relevant: audit against the target relevance.")
    kept = lists != NO_ITEM
    rows = np.repeat(np.arange(len(lists)), kept.sum(axis=1))
    relevant = np.zeros(lists.shape, dtype=np.bool_)
    marks = sparse.csr_matrix((np.ones(positives.nnz), positives.indices, positives.indptr), shape=positives.shape)
    relevant[kept] = np.asarray(marks[rows, lists[kept]]).ravel() > 0
    return cascade(relevant)


def attention(lists: IntArray, weights: FloatArray, n_items: int) -> sparse.csr_matrix:
    """What each list gives to each item: CSR [m, n_items]. weights [k] or [m, k]."""
    kept = lists != NO_ITEM
    place = np.broadcast_to(weights[..., : lists.shape[1]], lists.shape)
    rows = np.repeat(np.arange(len(lists), dtype=np.int64), kept.sum(axis=1))
    return sparse.csr_matrix((place[kept], (rows, lists[kept])), shape=(len(lists), n_items))


def item_exposure(lists: IntArray, weights: FloatArray, n_items: int) -> FloatArray:
    """ε, float64 [n_items]: mean attention of an item over all lists, int64 [m, k], NO_ITEM where a list ends early."""
    place = np.broadcast_to(weights[..., : lists.shape[1]], lists.shape)
    kept = lists != NO_ITEM
    return np.bincount(lists[kept], weights=place[kept], minlength=n_items) / max(1, len(lists))


def list_exposure(lists: IntArray, weights: FloatArray, membership: sparse.csr_matrix) -> sparse.csr_matrix:
    """What each list gives to each group: CSR [m, groups]; the column sums over Σ of all are the groups' shares E_g."""
    return sparse.csr_matrix(attention(lists, weights, int(membership.shape[0])) @ membership)


def shares(amounts: FloatArray) -> FloatArray:
    """Each column's share of its row's sum, NaN where the row is all 0: [..., groups] → the same shape."""
    total = amounts.sum(axis=-1, keepdims=True)
    part: FloatArray = np.divide(amounts, total, out=np.full_like(amounts, np.nan), where=total > 0)
    return part


def catalogue_share(membership: sparse.csr_matrix) -> FloatArray:
    """The target t: each group's share of the catalogue (`Cohorts.catalogue`), float64 [groups]; every item counts the
    same.
    """
    return column_sums(membership) / max(1, int(membership.shape[0]))


def ratios(exposure_share: FloatArray, target: FloatArray) -> FloatArray:
    """E_g / t_g: 1 is fair, 0 is never shown, NaN where a group has no target. exposure_share [..., groups]."""
    ratio: FloatArray = np.divide(
        exposure_share,
        target,
        out=np.full_like(exposure_share, np.nan),
        where=np.broadcast_to(target > 0, exposure_share.shape),
    )
    return ratio


def worst_case_ratios(
    exposure: FloatArray, membership: sparse.csr_matrix, unknown: int
) -> tuple[FloatArray, FloatArray]:
    """How far each group's ratio could be off if items of unknown membership were its own: low, high float64 [groups].

    Any subset of the unknown items may belong to the group. Each adds the same to the target, so the highest ratio
    takes the most exposed ones first, the lowest the least exposed; every length of that queue is tried.
    exposure is ε [n_items]; unknown is the column of G that holds what is not known.
    """
    total = exposure.sum()
    unknown_part = np.asarray(membership[:, [unknown]].todense(), dtype=np.float64).ravel()
    items = np.flatnonzero(unknown_part)
    items = items[np.argsort(exposure[items], kind="stable")]
    gain = exposure[items] * unknown_part[items] / total
    grow = unknown_part[items] / len(exposure)
    own, target = (membership.T @ exposure) / total, catalogue_share(membership)
    bounds = []
    for order, best in ((slice(None), np.min), (slice(None, None, -1), np.max)):
        more = np.concatenate([[0.0], np.cumsum(gain[order])])
        size = np.concatenate([[0.0], np.cumsum(grow[order])])
        bound = np.full(len(own), np.nan)
        for g in range(len(own)):
            tried = size + target[g] > 0
            if tried.any():
                bound[g] = best((own[g] + more[tried]) / (target[g] + size[tried]))
        bounds.append(bound)
    return bounds[0], bounds[1]


def ideal_attention(weights: FloatArray, n_relevant: IntArray, n_items: int) -> tuple[FloatArray, FloatArray]:
    """Attention under an ideal list, of each relevant item and of each other one: float64 [m] each, 0 where there is
    none.

    It puts its relevant items first, in random order, then the others (Diaz et al. 2020, section 3.3).
    weights     [k] or [m, k], attention of the places; 0 beyond place k
    n_relevant  int64 [m]: how many items are relevant to each person
    """
    m = len(n_relevant)
    per_list = np.broadcast_to(weights, (m, weights.shape[-1]))
    total = np.cumsum(np.column_stack([np.zeros(m), per_list]), axis=1)
    first = total[np.arange(m), np.minimum(n_relevant, per_list.shape[1])]
    others = n_items - n_relevant
    each = np.divide(first, n_relevant, out=np.zeros(m), where=n_relevant > 0)
    rest = np.divide(total[:, -1] - first, others, out=np.zeros(m), where=others > 0)
    return each, rest


def column_sums(matrix: sparse.csr_matrix) -> FloatArray:
    """Σ over rows, float64 [columns]."""
    return np.asarray(matrix.sum(axis=0), dtype=np.float64).ravel()
