"""How accurate a model was for each group of people, of what one measurement found for each person."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from core.intervals import DRAWS, percentile_interval, resampled_sums
from core.paired import PerPerson
from explain.groups.membership import Cohorts
from explain.results.workspace import CohortAccuracy


def cohort_accuracy(
    people: PerPerson, groups: Cohorts, hidden: Collection[str], metric: str, *, seed: int = 0
) -> tuple[CohortAccuracy, ...]:
    """A row a group that is told, in the groups' order, with a 95 % bootstrap interval over its people.

    hidden  names of groups that are not told
    """
    rows = []
    for g, label in enumerate(groups.labels):
        own = groups.code[people.users] == g
        if label in hidden or not own.any():
            continue
        columns = np.column_stack([people.values[metric][own], people.weight[own]])
        sums = resampled_sums(columns, DRAWS, np.random.default_rng(seed))
        low, high = percentile_interval(sums[:, [0]] / sums[:, [1]])
        total = columns.sum(axis=0)
        rows.append(
            CohortAccuracy(
                group=label, n=int(own.sum()), value=float(total[0] / total[1]), low=float(low[0]), high=float(high[0])
            )
        )
    return tuple(rows)
