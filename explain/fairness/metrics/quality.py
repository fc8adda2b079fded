"""Are lists about as good for every cohort? The largest difference of held-out nDCG (11), with a permutation test."""

from __future__ import annotations

import numpy as np

from explain.fairness.disclosure import told
from explain.fairness.gap import cohort_means, gap
from explain.fairness.metrics.base import Case, Figure, Spec, metric


@metric(Spec(
    11, "user-cohort gap", "The best served cohort against the worst",
    "max_g - min_g of the mean held-out nDCG@k; intervals re-centred, p by permutation of people", "Ekstrand et al. 2018; Neophytou et al. 2022",
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
        values, rng = [per_user[code == g] for g in groups], np.random.default_rng(case.seed)
        g = gap(values, cohort_means(values, case.draws, rng), case.draws, np.random.default_rng(case.seed))
        worst = cohorts.labels[groups[g.worst]]
        found.append(
            Figure(
                "user-cohort gap",
                by,
                worst,
                told(g.value),
                told(g.low),
                told(g.high),
                len(code),
                f"Permutation p = {g.p:.3g}. Judged as quality by {by}.",
            )
        )
    return found
