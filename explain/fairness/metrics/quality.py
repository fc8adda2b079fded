"""Are lists about as good for every cohort? The spread of held-out nDCG between cohorts (11)."""

from __future__ import annotations

import numpy as np

from explain.fairness.disclosure import told
from explain.fairness.gap import permuted, spread
from explain.fairness.metrics.base import Case, Figure, Spec, metric


@metric(Spec(
    11, "user-cohort gap", "How much quality differs between cohorts",
    "max_g - min_g of the mean held-out nDCG@k, beside what it would be were all alike (permutation of people); "
    "spread τ = √max(0, var(means) - mean(s²/n)), the standard deviation of the cohorts' true means", "Ekstrand et al. 2018; Neophytou et al. 2022",
    "0 to 1", "0", "lower is fairer", needs="quality",
))  # fmt: skip
def measure_gap(case: Case) -> list[Figure]:
    """One figure a user column; group names the worst, reason carries p."""
    found = []
    for by, cohorts in case.people.items():
        if case.quality is None:
            found.append(Figure("user-cohort gap", by, "", None, reason="Held-out quality was not measured."))
            continue
        k = case.lists.shape[1]
        per_user = case.quality.per_user.get(f"ndcg@{k}")
        if per_user is None:
            found.append(Figure("user-cohort gap", by, "", None, reason=f"nDCG was not measured at {k}."))
            continue
        code = case.code(by, case.quality.users)
        groups = [g for g in range(len(cohorts.labels)) if g != cohorts.unknown and (code == g).sum() >= case.min_n]
        if len(groups) < 2:
            found.append(
                Figure(
                    "user-cohort gap",
                    by,
                    "",
                    None,
                    n=len(code),
                    reason=f"Fewer than two cohorts of {case.min_n} people.",
                )
            )
            continue
        values = [per_user[code == g] for g in groups]
        means = np.array([v.mean() for v in values])
        gap, alike = float(np.ptp(means)), permuted(values, case.draws, np.random.default_rng(case.seed))
        p = float((1 + (alike >= gap - 1e-12).sum()) / (1 + case.draws))
        why = f"Expected were all alike: {alike.mean():.3f}. Permutation p = {p:.3g}. No interval: it is above 0 even where all are alike. Judged as quality by {by}."
        worst = cohorts.labels[groups[int(means.argmin())]]
        found.append(Figure("user-cohort gap", by, worst, told(gap), None, None, len(code), why))
        tau = spread(values, np.random.default_rng(case.seed))
        found.append(Figure("user-cohort spread", by, "", told(tau.value), told(tau.low), told(tau.high), len(code)))
    return found
