"""What counts as fair, fixed before an audit is run, and the targets that shares of attention are compared with."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from scipy import sparse

from core.errors import OptionError, did_you_mean, shown
from core.graph import FloatArray
from explain.fairness import exposure as ex
from explain.groups.cohorts import Cohorts
from explain.results.audit import FAIL, INSUFFICIENT, PASS
from explain.results.plan import Target


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
    return policy_share(groups, target) if isinstance(target, Mapping) else ex.catalogue_share(groups.catalogue)


def target_title(target: Target) -> str:
    return "policy share" if isinstance(target, Mapping) else f"{target} share"
