"""Do lists close in on a person, and people on each other? Intra-list diversity, homogenisation, communities."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from core.graph import FloatArray, IntArray
from core.ranking import NO_ITEM
from explain.fairness.audited_lists import AuditedLists
from explain.fairness.figures import Figure
from explain.fairness.metrics.base import MetricSpec, Range, mean_by_cohort, metric

DIVERSITY, HOMOGENISATION, CONCENTRATION = "intra-list diversity", "homogenisation", "community concentration"
FAMILY = "echo"
PAIRS_EACH = 10
NEIGHBOURS = 10


def intra_list_diversity(lists: IntArray, features: FloatArray | sparse.csr_matrix) -> FloatArray:
    """1 - mean cosine over the pairs of each list: lists [m, k], features [n_items, d] → float64 [m]; NaN under two
    items.

    An item without features has cosine 0 with every other. Uses ‖Σ x‖² - Σ ‖x‖² = 2 Σ_pairs, so no pair is formed.
    """
    rows = sparse.csr_matrix(features, dtype=np.float64)
    norm = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    unit = sparse.csr_matrix(sparse.diags(np.divide(1.0, norm, out=np.zeros_like(norm), where=norm > 0)) @ rows)
    kept = lists != NO_ITEM
    size = kept.sum(axis=1).astype(np.float64)
    owner = np.repeat(np.arange(len(lists)), kept.sum(axis=1))
    picks = sparse.csr_matrix((np.ones(int(kept.sum())), (owner, lists[kept])), shape=(len(lists), rows.shape[0]))
    total = sparse.csr_matrix(picks @ unit)
    square = np.asarray(total.multiply(total).sum(axis=1)).ravel()
    pairs = size * (size - 1)
    cosine = np.divide(
        square - picks @ (norm > 0).astype(np.float64), pairs, out=np.full(len(lists), np.nan), where=pairs > 0
    )
    return np.asarray(1.0 - cosine)


def jaccard(rows: sparse.csr_matrix, a: IntArray, b: IntArray) -> FloatArray:
    """|A ∩ B| / |A ∪ B| of pairs of rows of a 0/1 CSR [m, n]: positions [p], [p] → float64 [p]; NaN where both are
    empty.
    """
    both = np.asarray(rows[a].multiply(rows[b]).sum(axis=1)).ravel()
    size = np.diff(rows.indptr)
    union = size[a] + size[b] - both
    return np.asarray(np.divide(both, union, out=np.full(len(a), np.nan), where=union > 0))


def communities(profile: sparse.csr_matrix, *, neighbours: int = NEIGHBOURS, seed: int = 0) -> IntArray:
    """int64 [n_items]: community of each item, largest first, by Louvain (Blondel et al. 2008; NetworkX).

    The graph joins each item with the `neighbours` others of highest cosine over people; profile is CSR [m, n_items].
    """
    import networkx as nx

    ones = sparse.csc_matrix((np.ones(profile.nnz), profile.indices, profile.indptr), shape=profile.shape[::-1])
    people = sparse.csr_matrix(ones)  # [n_items, m]
    norm = np.sqrt(np.diff(people.indptr))
    unit = sparse.csr_matrix(sparse.diags(np.divide(1.0, norm, out=np.zeros_like(norm), where=norm > 0)) @ people)
    graph = nx.Graph()
    graph.add_nodes_from(range(unit.shape[0]))
    for start in range(0, unit.shape[0], 512):
        block = np.asarray((unit[start : start + 512] @ unit.T).todense())
        block[np.arange(len(block)), np.arange(start, start + len(block))] = 0.0
        best = np.argpartition(-block, min(neighbours, block.shape[1] - 1), axis=1)[:, :neighbours]
        for row, near in enumerate(best):
            graph.add_weighted_edges_from(
                (start + row, int(j), float(block[row, j])) for j in near if block[row, j] > 0
            )
    parts = sorted(nx.community.louvain_communities(graph, weight="weight", seed=seed), key=lambda c: (-len(c), min(c)))
    code = np.zeros(unit.shape[0], dtype=np.int64)
    for c, members in enumerate(parts):
        code[list(members)] = c
    return code


def concentration(rows: sparse.csr_matrix, code: IntArray) -> FloatArray:
    """Share of each row's items in the row's own largest community: 0/1 CSR [m, n] → float64 [m]; NaN for
    an empty row.
    """
    lead = sparse.csr_matrix((np.ones(len(code)), (np.arange(len(code)), code)))
    sums = sparse.csr_matrix(rows @ lead)
    most = np.asarray(sums.max(axis=1).todense()).ravel()
    size = np.diff(rows.indptr)
    return np.asarray(np.divide(most, size, out=np.full(len(size), np.nan), where=size > 0))


@metric(
    MetricSpec(
        order=12,
        family=FAMILY,
        name=DIVERSITY,
        title="How different the items of one list are",
        formula="ILD = 1 - mean cosine of the item pairs in a list",
        source="Ziegler et al. 2005; Vargas & Castells 2011",
        range=Range(0.0, 1.0),
        fair="high",
        direction="higher is fairer",
    )
)
def measure_diversity(lists: AuditedLists) -> list[Figure]:
    """On topics, else on the first item column; all and by cohort."""
    features = lists.graph.memberships.get("topic")
    if features is None and not lists.item_columns:
        return [lists.missing(DIVERSITY, "Items have neither topics nor a column.")]
    if features is None:
        features = lists.item_columns[0].groups.membership
    value = intra_list_diversity(lists.lists[lists.shown], features)
    if not np.isfinite(value).any():
        return [lists.missing(DIVERSITY, "Lists of one item have no pairs.")]
    return mean_by_cohort(lists, DIVERSITY, value)


@metric(
    MetricSpec(
        order=12,
        family=FAMILY,
        name=HOMOGENISATION,
        title="How alike the lists of different people are",
        formula="mean Jaccard index of the lists of two people drawn at random",
        source="Chaney et al. 2018",
        range=Range(0.0, 1.0),
        fair="not rising between versions",
        direction="lower is fairer",
    )
)
def measure_homogenisation(lists: AuditedLists) -> list[Figure]:
    """Ten partners a person, drawn with the seed of the audit."""
    m = lists.n_shown
    if m < 2:
        return [lists.missing(HOMOGENISATION, "Two people are needed.", n=m)]
    rng = np.random.default_rng(lists.seed)
    a = np.repeat(np.arange(m), PAIRS_EACH)
    b = (a + rng.integers(1, m, len(a))) % m
    return mean_by_cohort(lists, HOMOGENISATION, jaccard(lists.appearances, a, b).reshape(m, PAIRS_EACH).mean(axis=1))


@metric(
    MetricSpec(
        order=12,
        family=FAMILY,
        name=CONCENTRATION,
        title="Share of a list in its largest community of items, less the same of the history",
        formula=(
            "mean over people of max_c |L ∩ c|/|L| - max_c |H ∩ c|/|H|; communities by Louvain on items that share "
            "people"
        ),
        source="Blondel et al. 2008",
        range=Range(-1.0, 1.0),
        fair="0",
        direction="nearer to the fair value",
    )
)
def measure_communities(lists: AuditedLists) -> list[Figure]:
    """Above 0 a list is more of one kind than what the person had; all and by cohort."""
    code = lists.once(CONCENTRATION, lambda: communities(lists.profile, seed=lists.seed))
    value = concentration(lists.appearances, code) - concentration(lists.history, code)
    if not np.isfinite(value).any():
        return [lists.missing(CONCENTRATION, "Nobody with a list and a history.")]
    return mean_by_cohort(lists, CONCENTRATION, value)
