"""Two models measured on the same people: the difference of their means, with an interval over the people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.evaluation import Evaluation, Metric
from core.files import JsonObject
from core.graph import FloatArray, IntArray
from core.intervals import DRAWS, percentile_interval, resampled_sums
from core.live import LiveRun, hits_at


@dataclass(frozen=True, eq=False, kw_only=True)
class PerPerson:
    """What one measurement found for each person. A mean is Σ values / Σ weight.

    users   int64 [n], ascending positions       weight  float64 [n]: 1, or the number of events where each counts
    values  float64 [n] by "recall@20", "ndcg@20": summed over what is weighed
    """

    users: IntArray
    weight: FloatArray
    values: Mapping[str, FloatArray]

    @classmethod
    def of(cls, evaluation: Evaluation, k: int) -> PerPerson:
        """Of a split with one list a person."""
        values = {name: evaluation.per_user[name] for name in _names(k)}
        return cls(users=evaluation.users, weight=np.ones(len(evaluation.users)), values=values)

    @classmethod
    def of_live(cls, run: LiveRun, k: int) -> PerPerson:
        """Of a window in which every event counts."""
        users, person = np.unique(run.user, return_inverse=True)
        found = hits_at(run.rank, k)
        values = {name: np.asarray(np.bincount(person, found[name]), dtype=np.float64) for name in _names(k)}
        return cls(users=users, weight=np.bincount(person, minlength=len(users)).astype(np.float64), values=values)

    @classmethod
    def from_json(cls, content: JsonObject) -> PerPerson:
        """What `as_json` wrote. Raises KeyError or TypeError."""
        values = {name: np.array(column, dtype=np.float64) for name, column in content["values"].items()}
        users, weight = np.array(content["users"], dtype=np.int64), np.array(content["weight"], dtype=np.float64)
        return cls(users=users, weight=weight, values=values)

    def as_json(self) -> JsonObject:
        return {
            "users": self.users.tolist(),
            "weight": self.weight.tolist(),
            "values": {name: column.tolist() for name, column in self.values.items()},
        }


def paired_differences(one: PerPerson, other: PerPerson, *, seed: int = 0, draws: int = DRAWS) -> dict[str, Metric]:
    """one - other by metric, with 95 % bootstrap intervals in which both are measured on the same drawn people.

    {} where the two were not measured on the same people and events.
    """
    same = np.array_equal(one.users, other.users) and np.array_equal(one.weight, other.weight)
    names = [name for name in one.values if name in other.values]
    if not same or not names or not len(one.users):
        return {}
    gaps = np.column_stack([one.values[name] - other.values[name] for name in names])
    sums = resampled_sums(np.column_stack([gaps, one.weight]), draws, np.random.default_rng(seed))
    low, high = percentile_interval(sums[:, :-1] / sums[:, [-1]])
    value = gaps.sum(axis=0) / one.weight.sum()
    return {name: Metric(float(value[j]), float(low[j]), float(high[j])) for j, name in enumerate(names)}


def _names(k: int) -> tuple[str, str]:
    return f"recall@{k}", f"ndcg@{k}"
