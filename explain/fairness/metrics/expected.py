"""Exposure against what a target policy would give, item by item: EE-L, EE-D, EE-R."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import sparse

from core.graph import FloatArray
from explain.fairness.audited_lists import AuditedLists, ItemColumn
from explain.fairness.exposure import ideal_attention
from explain.fairness.figures import Figure
from explain.fairness.metrics.base import MetricSpec, Range, metric
from explain.fairness.thresholds import fixed_share

LOSS, DISPARITY, RELEVANCE = "EE-L", "EE-D", "EE-R"
RANGE = Range(0.0, words="EE-L ≥ 0")
Ends = tuple[float, float, float]


def target_exposure(
    weights: FloatArray, n_items: int, n_lists: int, positives: sparse.csr_matrix | None = None
) -> FloatArray:
    """ε*, float64 [n_items]: mean exposure under the ideal policy, ties in relevance shared equally.

    Without `positives` every item is as good as any other: Σ_k v_k / n each. With them (CSR [n_lists, n_items]) a list
    puts its r relevant items first, in random order, then the others (Diaz et al. 2020, section 3.3).
    weights  [k] or [n_lists, k]; attention beyond place k is 0
    """
    if positives is None:
        per_list = (
            np.broadcast_to(weights, (n_lists, weights.shape[-1])) if n_lists else np.zeros((1, weights.shape[-1]))
        )
        return np.full(n_items, per_list.sum(axis=1).mean() / n_items)
    each, rest = ideal_attention(weights, np.diff(positives.indptr), n_items)
    exposure: FloatArray = (np.asarray(_marks(positives).T @ (each - rest)).ravel() + rest.sum()) / max(1, n_lists)
    return exposure


@metric(
    MetricSpec(
        order=3,
        name="expected exposure",
        title="Squared distance to the target exposure, and its parts",
        formula=(
            "EE-L = ‖ε-ε*‖², EE-D = ‖ε‖² (disparity), EE-R = 2ε·ε* (relevance; only where ε* comes from people, else "
            "it is a "
            "constant); each square less Σ s²/m, the noise of the people"
        ),
        source="Diaz et al. 2020, eq. 4",
        range=RANGE,
        fair="0",
        direction="lower is fairer",
        figures=(LOSS, DISPARITY, RELEVANCE),
        over_time=False,
    )
)
def measure_expected(lists: AuditedLists) -> list[Figure]:
    """Against every item alike, against each policy of the plan (a group's share, alike over its items), or against
    ideal lists of the held-out relevant items. Squares of noisy means are too large by their variances, which are taken
    off; so the smallest can be 0.
    """
    m, n = lists.n_shown, lists.n_items
    if not m:
        return [lists.missing(LOSS, "Every list is empty.")]
    wanted = lists.relevance if lists.target == "relevance" else None
    nothing, no_target = np.zeros(m), np.zeros(n)
    disparity = lists.figure(DISPARITY, _without_noise(lists, lists.attention, nothing, no_target), n=m)
    if wanted is not None:
        loss = _without_noise(lists, *_less_ideal(lists.attention, wanted, lists.shown_weights), no_target)
        ideal = target_exposure(lists.shown_weights, n, m, wanted)
        follows = lists.interval(lambda s: 2 * (s / m @ ideal)[:, None], lists.attention, RANGE.ends)
        ends = (float(follows[0][0]), float(follows[1][0]), float(follows[2][0]))
        return [lists.figure(LOSS, loss, n=m), disparity, lists.figure(RELEVANCE, ends, n=m)]
    figures = [disparity]
    for by, target in _targets(lists).items():
        figures.insert(0, lists.figure(LOSS, _without_noise(lists, lists.attention, nothing, target), by=by, n=m))
    return figures


def _targets(lists: AuditedLists) -> dict[str, FloatArray]:
    """ε* by column that has a policy, or for "" where all items are alike."""
    even = target_exposure(lists.shown_weights, lists.n_items, lists.n_shown)
    columns = {column.by: column for column in lists.item_columns}
    policies = {by: _policy(columns[by], policy) * even.sum() for by, policy in lists.policies.items() if by in columns}
    return policies or {"": even}


def _policy(column: ItemColumn, policy: Mapping[str, float]) -> FloatArray:
    """The share of each item under a policy, float64 [n_items]: its groups' shares, alike over their items."""
    size, due = column.n_items, fixed_share(column.groups, policy)
    return np.asarray(column.groups.membership @ np.divide(due, size, out=np.zeros_like(due), where=size > 0))


def _less_ideal(
    exposure: sparse.csr_matrix, wanted: sparse.csr_matrix, weights: FloatArray
) -> tuple[sparse.csr_matrix, FloatArray]:
    """What each list gives less what an ideal one would, person by person: CSR [m, n_items], and a constant taken off
    each, [m].
    """
    each, rest = ideal_attention(weights, np.diff(wanted.indptr), int(wanted.shape[1]))
    return sparse.csr_matrix(exposure - sparse.diags(each - rest) @ _marks(wanted)), rest


def _marks(positives: sparse.csr_matrix) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.ones(positives.nnz), positives.indices, positives.indptr), shape=positives.shape)


def _without_noise(lists: AuditedLists, rows: sparse.csr_matrix, constant: FloatArray, target: FloatArray) -> Ends:
    """‖mean_u(rows_u - constant_u) - target‖² without the part that is noise of the people, and its interval.

    rows CSR [m, n_items], constant [m], target [n_items]. The noise is Σ_i s_i²/m.
    """
    m, n = int(rows.shape[0]), int(rows.shape[1])
    mean = np.asarray(rows.sum(axis=0)).ravel() / m - constant.mean()
    squares = float(rows.multiply(rows).sum()) - 2 * float(constant @ np.asarray(rows.sum(axis=1)).ravel())
    squares += n * float(constant @ constant)
    noise = max(0.0, squares - m * float(mean @ mean)) / max(1, m - 1) / m

    def statistic(sums: FloatArray) -> FloatArray:
        centre = sums[:, :n] / m - sums[:, n:] / m - target
        return np.asarray((np.square(centre).sum(axis=1) - noise)[:, None])

    values = sparse.csr_matrix(sparse.hstack([rows, sparse.csr_matrix(constant[:, None])]))
    value, low, high = lists.interval(statistic, values, RANGE.ends)
    return max(0.0, float(value[0])), float(low[0]), max(0.0, float(high[0]))
