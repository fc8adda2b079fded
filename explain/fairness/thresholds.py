"""What counts as fair, fixed before an audit is run, and the targets that shares of attention are compared with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

import numpy as np
from scipy import sparse

from core.errors import OptionError, did_you_mean, shown
from core.graph import FloatArray
from explain.fairness import exposure as ex
from explain.groups.cohorts import Cohorts
from explain.results.audit import FAIL, INSUFFICIENT, PASS

FOUR_FIFTHS: Final = 0.8  # 29 CFR 1607.4(D): the lowest ratio that is not taken for a disadvantage
FIVE_FOURTHS: Final = 1.25  # its inverse
Target = Literal["catalogue", "relevance"] | Mapping[str, float]


@dataclass(frozen=True)
class Thresholds:
    """Limits of the verdicts.

    ratio_low, ratio_high  exposure ratios allowed: surely within passes, surely outside fails
    max_gap                how far below those it is compared with a cohort's nDCG may be: surely farther fails
    alpha                  family-wise level: a failure needs a p of the limit below it, adjusted over all groups tested
                           together
    min_n                  people (or lists) under which a cell is suppressed
    bounds                 metric name → (lowest, highest) allowed value, for the metrics that shall have a verdict
    Raises                 OptionError for limits that nothing could keep
    """

    ratio_low: float = FOUR_FIFTHS
    ratio_high: float = FIVE_FOURTHS
    max_gap: float = 0.05
    alpha: float = 0.05
    min_n: int = 10
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.ratio_low <= 1 <= self.ratio_high or not math.isfinite(self.ratio_high):
            raise OptionError(
                f"The exposure ratio may lie between {self.ratio_low} and {self.ratio_high}: the limits must stand on "
                "both sides of 1."
            )
        if not 0 < self.max_gap < 1:
            raise OptionError(f"A gap of {self.max_gap} is no limit for nDCG: choose one between 0 and 1.")
        if not 0 < self.alpha < 0.5:
            raise OptionError(f"The level alpha is {self.alpha}: choose one between 0 and .5.")
        if not 2 <= self.min_n <= 10_000:
            raise OptionError(f"Cells under {self.min_n} people would be suppressed: choose 2 to 10,000.")
        for name, (low, high) in self.bounds.items():
            if not low <= high:
                raise OptionError(f"The limits of {shown(name)} are {low} and {high}: the first must not be larger.")

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"bounds": {name: list(limits) for name, limits in self.bounds.items()}}


def within(low: float | None, high: float | None, allowed: tuple[float, float]) -> tuple[str, str]:
    """Verdict and reason for an interval against limits; without an interval there is no evidence."""
    band = f"{allowed[0]:g} to {allowed[1]:g}"
    if low is None or high is None:
        return INSUFFICIENT, "There is no interval: too few people."
    if low >= allowed[0] and high <= allowed[1]:
        return PASS, f"The whole interval lies within {band}."
    if high < allowed[0] or low > allowed[1]:
        return FAIL, f"The whole interval lies outside {band}."
    return INSUFFICIENT, f"The interval crosses the border of {band}."


def policy_share(groups: Cohorts, policy: Mapping[str, float]) -> FloatArray:
    """A policy table as shares, float64 [groups]: every known group named, numbers ≥ 0, their sum 1; the unknown get
    none.

    Raises  OptionError with the missing, surplus or wrong entries.
    """
    known = [label for g, label in enumerate(groups.labels) if g != groups.unknown]
    missing, surplus = [x for x in known if x not in policy], [x for x in policy if x not in groups.labels]
    if surplus:
        raise OptionError(
            f"The policy names {shown(surplus[0])}, which is no group of {groups.by}.{did_you_mean(surplus[0], known)}"
        )
    if missing:
        raise OptionError(
            f"The policy says nothing about {', '.join(missing[:5])}: give every group of {groups.by} a share."
        )
    bad = [label for label, share in policy.items() if not (math.isfinite(share) and share >= 0)]
    if bad:
        raise OptionError(f"The policy gives {shown(bad[0])} a share of {policy[bad[0]]}: shares are 0 or more.")
    total = sum(policy.values())
    if abs(total - 1) > 1e-6:
        raise OptionError(f"The shares of the policy add up to {total:.6g}; they must add up to 1.")
    return np.array([policy.get(label, 0.0) for label in groups.labels])


def target_sums(groups: Cohorts, target: Target, positives: sparse.csr_matrix | None) -> sparse.csr_matrix | None:
    """Each person's part of the target, CSR [m, groups], where the target comes from people; None where it is fixed."""
    if target != "relevance":
        return None
    if positives is None or not positives.nnz:
        raise OptionError("There is no held-out relevance to compare with: nobody has test items.")
    return sparse.csr_matrix(positives @ groups.membership)


def fixed_share(groups: Cohorts, target: Target) -> FloatArray:
    """The target where it does not come from people: catalogue shares, or a policy's."""
    return policy_share(groups, target) if isinstance(target, Mapping) else ex.catalogue_share(groups.membership)


def target_title(target: Target) -> str:
    return "policy share" if isinstance(target, Mapping) else f"{target} share"
