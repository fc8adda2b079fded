"""Exposure against what a target policy would give, item by item: EE-L, EE-D, EE-R (3), utility (4), amortised equity (5)."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from core.graph import FloatArray
from explain.fairness import exposure as ex
from explain.fairness.metrics.base import NO_RELEVANCE, Case, Figure, Spec, figure, metric, relevance
from explain.fairness.thresholds import fixed_share


def target_exposure(
    weights: FloatArray, n_items: int, n_lists: int, positives: sparse.csr_matrix | None = None
) -> FloatArray:
    """ε*, float64 [n_items]: mean exposure under the ideal policy, ties in relevance shared equally.

    Without `positives` every item is as good as any other: Σ_k v_k / n each. With them (CSR [n_lists, n_items]) a list
    puts its r relevant items first, in random order, then the others (Diaz et al. 2020, section 3.3).
    weights  [k] or [n_lists, k]; attention beyond place k is 0
    """
    per_list = np.broadcast_to(weights, (n_lists, weights.shape[-1])) if n_lists else np.zeros((1, weights.shape[-1]))
    if positives is None:
        return np.full(n_items, per_list.sum(axis=1).mean() / n_items)
    total = np.cumsum(np.column_stack([np.zeros(n_lists), per_list]), axis=1)
    n_relevant = np.diff(positives.indptr)
    first = total[np.arange(n_lists), np.minimum(n_relevant, per_list.shape[1])]
    each = np.divide(first, n_relevant, out=np.zeros(n_lists), where=n_relevant > 0)
    others = n_items - n_relevant
    rest = np.divide(total[:, -1] - first, others, out=np.zeros(n_lists), where=others > 0)
    lead = sparse.csr_matrix((np.ones(positives.nnz), positives.indices, positives.indptr), shape=positives.shape)
    found: FloatArray = (np.asarray(lead.T @ (each - rest)).ravel() + rest.sum()) / max(1, n_lists)
    return found


def expected_exposure(epsilon: FloatArray, target: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """EE-L, EE-D, EE-R of ε against ε*, both [..., n_items]: L = ‖ε-ε*‖², D = ‖ε‖², R = 2 ε·ε*, so L = D - R + ‖ε*‖²."""
    return ((epsilon - target) ** 2).sum(-1), (epsilon**2).sum(-1), 2 * (epsilon * target).sum(-1)


def exposed_utility_ratio(exposure_a: float, utility_a: float, exposure_b: float, utility_b: float) -> float:
    """ln[(E_a/U_a)/(E_b/U_b)]: above 0 where a gets more attention for its utility. NaN where any utility is 0; ∓inf for no exposure."""
    if not (utility_a > 0 and utility_b > 0) or exposure_a == exposure_b == 0:
        return float("nan")
    with np.errstate(divide="ignore"):
        return float(np.log(exposure_a / utility_a) - np.log(exposure_b / utility_b))


def amortised_inequity(attention: FloatArray, merit: FloatArray) -> FloatArray:
    """Σ_i |A_i/ΣA - R_i/ΣR| over many lists, [..., n_items] → [...] in [0, 2]; NaN where either sum is 0 (Biega et al. 2018, eq. 3)."""
    a, r = attention.sum(-1, keepdims=True), merit.sum(-1, keepdims=True)
    enough = (a > 0) & (r > 0)
    share = np.divide(attention, a, out=np.full(np.broadcast(attention, merit).shape, np.nan), where=enough)
    due = np.divide(merit, r, out=np.full(share.shape, np.nan), where=enough)
    found: FloatArray = np.abs(share - due).sum(-1)
    return found


@metric(Spec(
    3, "expected exposure", "Squared distance to the target exposure, and its parts",
    "EE-L = ‖ε-ε*‖², EE-D = ‖ε‖² (disparity), EE-R = 2ε·ε* (relevance; only where ε* comes from people, else it is a constant); each square less "
    "Σ s²/m, the noise of the people",
    "Diaz et al. 2020, eq. 4", "EE-L ≥ 0", "0", "lower is fairer",
))  # fmt: skip
def measure_expected(case: Case) -> list[Figure]:
    """Against every item alike, against each policy of the plan (a group's share, alike over its items), or against ideal lists of
    the held-out relevant items. Squares of noisy means are too large by their variances, which are taken off; so the smallest can be 0.
    """
    m = len(case.shown)
    if not m:
        return [Figure("EE-L", "", "", None, reason="Every list is empty.")]
    given = sparse.csr_matrix(case.attention[case.shown])
    wanted = relevance(case) if case.target == "relevance" else None
    weights = case.weights if case.weights.ndim == 1 else case.weights[case.shown]
    disparity = _without_noise(given, np.zeros(m), np.zeros(case.n_items), case)
    found = [figure("EE-D", "", "", *disparity, m)]
    even = target_exposure(weights, case.n_items, m)
    if wanted is not None:
        loss = _without_noise(*_apart(given, wanted, weights), np.zeros(case.n_items), case)
        both = figure("EE-L", "", "", *loss, m)
        ideal = target_exposure(weights, case.n_items, m, wanted)
        follows = case.interval(lambda s: 2 * (s / m @ ideal)[:, None], given, (0.0, np.inf))
        value, low, high = (float(end[0]) for end in follows)
        return [both, *found, figure("EE-R", "", "", value, low, high, m)]
    targets = {by: _policy(case, by) * even.sum() for by in case.policies if by in case.items} or {"": even}
    for by, target in targets.items():
        found.insert(0, figure("EE-L", by, "", *_without_noise(given, np.zeros(m), target, case), m))
    return found


def _policy(case: Case, by: str) -> FloatArray:
    """The share of each item under a policy, float64 [n_items]: its groups' shares, alike over their items."""
    groups = case.items[by]
    size = ex.column_sums(groups.membership)
    due = fixed_share(groups, case.target_of(by))
    return np.asarray(groups.membership @ np.divide(due, size, out=np.zeros_like(due), where=size > 0))


def _apart(
    given: sparse.csr_matrix, wanted: sparse.csr_matrix, weights: FloatArray
) -> tuple[sparse.csr_matrix, FloatArray]:
    """What each list gives less what an ideal one would, person by person: CSR [m, n_items], and a constant taken off each, [m]."""
    m, n = wanted.shape
    per_list = np.broadcast_to(weights, (m, weights.shape[-1]))
    total = np.cumsum(np.column_stack([np.zeros(m), per_list]), axis=1)
    n_relevant = np.diff(wanted.indptr)
    first = total[np.arange(m), np.minimum(n_relevant, per_list.shape[1])]
    each = np.divide(first, n_relevant, out=np.zeros(m), where=n_relevant > 0)
    rest = np.divide(total[:, -1] - first, n - n_relevant, out=np.zeros(m), where=n > n_relevant)
    lead = sparse.csr_matrix((np.ones(wanted.nnz), wanted.indices, wanted.indptr), shape=wanted.shape)
    return sparse.csr_matrix(given - sparse.diags(each - rest) @ lead), rest


def _without_noise(
    rows: sparse.csr_matrix, constant: FloatArray, target: FloatArray, case: Case
) -> tuple[float, float, float]:
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
    value, low, high = case.interval(statistic, values, (0.0, np.inf))
    return max(0.0, float(value[0])), float(low[0]), max(0.0, float(high[0]))


@metric(Spec(
    4, "exposed utility ratio", "Attention for the same utility, a group against all other items",
    "ln[(E_g/U_g)/(E_rest/U_rest)], U = held-out relevant events", "Singh & Joachims 2018 (disparate treatment), as a log ratio",
    "any number", "0", "nearer to the fair value", needs="relevance",
))  # fmt: skip
def measure_utility(case: Case) -> list[Figure]:
    """One figure a known group of each item column, of the refit's lists: served lists cannot contain what was held out."""
    case = case.relevant or case
    wanted, found = relevance(case) if case.lists_of == "refit" else None, []
    for by, groups in case.items.items():
        known = [g for g in range(len(groups.labels)) if g != groups.unknown]
        if wanted is None:
            found.append(Figure("exposed utility ratio", by, "", None, reason=NO_RELEVANCE))
            continue
        n = len(groups.labels)
        values = sparse.csr_matrix(
            sparse.hstack([case.attention[case.shown] @ groups.membership, wanted @ groups.membership])
        )

        def statistic(sums: FloatArray, n: int = n) -> FloatArray:
            e, u = sums[:, :n], sums[:, n:]
            e_rest, u_rest = e.sum(1, keepdims=True) - e, u.sum(1, keepdims=True) - u
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = np.log(e / u) - np.log(e_rest / u_rest)
            return np.where((u > 0) & (u_rest > 0), ratio, np.nan)

        value, low, high = case.interval(statistic, values)
        for g in known:
            why = "" if np.isfinite(value[g]) else "No utility, or no exposure on one side: a logarithm of 0."
            found.append(
                figure(
                    "exposed utility ratio", by, groups.labels[g], value[g], low[g], high[g], int(groups.sizes[g]), why
                )
            )
    return found


@metric(Spec(
    5, "amortised equity", "Attention out of proportion to relevance, over all lists",
    "Σ_i |A_i/ΣA - R_i/ΣR|, A attention, R held-out relevant events", "Biega et al. 2018, eq. 3", "0 to 2", "0", "lower is fairer",
    needs="relevance",
))  # fmt: skip
def measure_equity(case: Case) -> list[Figure]:
    """Item by item over all lists of the refit: served lists cannot contain what was held out."""
    case = case.relevant or case
    wanted = relevance(case) if case.lists_of == "refit" else None
    if wanted is None:
        return [Figure("amortised equity", "", "", None, reason=NO_RELEVANCE)]
    values = sparse.csr_matrix(sparse.hstack([case.attention[case.shown], wanted]))
    n = case.n_items
    value, low, high = case.interval(lambda s: amortised_inequity(s[:, :n], s[:, n:])[:, None], values, (0.0, 2.0))
    return [figure("amortised equity", "", "", value[0], low[0], high[0], len(case.shown))]
