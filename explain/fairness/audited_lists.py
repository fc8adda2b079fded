"""The lists that an audit is about, with all that is known of them: groups of items and people are formed here, once.

A metric reads a grouping and says a figure; that a figure carries what it was measured on is seen to by `figure`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from scipy import sparse

from core.evaluation import Evaluation
from core.graph import FloatArray, IntArray, InteractionGraph
from core.intervals import in_buckets, percentile_interval, resample_weights
from core.ranking import NO_ITEM
from explain.fairness import exposure as ex
from explain.fairness.disclosure import Disclosure
from explain.fairness.figures import NO_INTERVAL, Basis, Figure
from explain.fairness.thresholds import fixed_share
from explain.groups.cohorts import Cohorts
from explain.groups.intersections import SIGN
from explain.results.plan import Target

Statistic = Callable[[FloatArray], FloatArray]
UNBOUNDED = (-np.inf, np.inf)
_T = TypeVar("_T")


@dataclass(frozen=True, eq=False, kw_only=True)
class AuditedLists:
    """The lists that are audited and all that is known of them.

    lists      int64 [m, k], one a person, best first, NO_ITEM where a list ends early; row = position of the person
    weights    attention of the places, float64 [k], or [m, k] where it depends on the list
    profile    CSR [m, n_items]: what each person had when the list was made
    items      groupings of the items by column; people: groupings of the people
    positives  CSR [m, n_items]: held-out relevant items, None where the target needs none
    policies   item column → {group: share}, where a policy is the target
    refit      the same of the refit's lists, with the held-out positives that those can contain; None where there was
               no refit. What compares lists with held-out events reads these lists and no others
    quality    held-out nDCG of each person, None where it was not measured
    guard      which groups of people stay hidden; None where all may be shown
    computed   what `once` keeps; lists of one profile may share it
    """

    graph: InteractionGraph
    lists: IntArray
    weights: FloatArray
    profile: sparse.csr_matrix
    items: Mapping[str, Cohorts]
    people: Mapping[str, Cohorts]
    target: str = "catalogue"
    positives: sparse.csr_matrix | None = None
    quality: Evaluation | None = None
    min_n: int = 10
    draws: int = 1_000
    seed: int = 0
    computed: dict[str, Any] = field(default_factory=dict)
    guard: Disclosure | None = None
    policies: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    refit: AuditedLists | None = None
    lists_of: str = "served"
    browsing: str = ex.RBP

    @property
    def k(self) -> int:
        """Length of a list."""
        return int(self.lists.shape[1])

    @property
    def n_items(self) -> int:
        return self.graph.n_items

    @property
    def n_shown(self) -> int:
        return len(self.shown)

    @cached_property
    def shown(self) -> IntArray:
        """int64: people whose list is not empty. Whatever has a row a person below has one for each of these."""
        return np.flatnonzero((self.lists != NO_ITEM).any(axis=1)).astype(np.int64)

    @property
    def shown_weights(self) -> FloatArray:
        """Attention of the places of these lists, [k] or [shown, k]."""
        return self.weights if self.weights.ndim == 1 else self.weights[self.shown]

    @cached_property
    def attention(self) -> sparse.csr_matrix:
        """CSR [shown, n_items]: attention that each list gives to each item."""
        return ex.attention(self.lists[self.shown], self.shown_weights, self.n_items)

    @cached_property
    def appearances(self) -> sparse.csr_matrix:
        """CSR [shown, n_items] of ones: which items each list shows."""
        return ex.attention(self.lists[self.shown], np.ones(self.k), self.n_items)

    @cached_property
    def history(self) -> sparse.csr_matrix:
        """CSR [shown, n_items] of ones: which items each of these people has."""
        own = sparse.csr_matrix(self.profile[self.shown])
        return sparse.csr_matrix((np.ones(own.nnz), own.indices, own.indptr), shape=own.shape)

    @cached_property
    def popularity(self) -> FloatArray:
        """float64 [n_items]: how many people have the item."""
        return np.bincount(self.profile.indices, minlength=self.n_items).astype(np.float64)

    @cached_property
    def relevance(self) -> sparse.csr_matrix | None:
        """Held-out positives, CSR [shown, n_items]; None where there are none."""
        if self.positives is None or not self.positives.nnz:
            return None
        return sparse.csr_matrix(self.positives[self.shown])

    @property
    def against_heldout(self) -> tuple[AuditedLists, sparse.csr_matrix | None]:
        """The lists that can contain held-out items, and those items: served lists cannot, so without a refit there are
        none.
        """
        of = self.refit or self
        return of, of.relevance if of.lists_of == "refit" else None

    @cached_property
    def item_columns(self) -> tuple[ItemColumn, ...]:
        """The groupings of the items, over these lists."""
        return tuple(ItemColumn(self, by, groups, self.target_of(groups.by)) for by, groups in self.items.items())

    def user_columns(self, people: IntArray) -> tuple[UserColumn, ...]:
        """The groupings of these people (positions), without whom stays hidden where just these were measured."""
        return tuple(self._user_column(by, cohorts, people) for by, cohorts in self.people.items())

    def _user_column(self, by: str, cohorts: Cohorts, people: IntArray) -> UserColumn:
        if self.guard is None:
            return UserColumn(by, cohorts.labels, cohorts.unknown, cohorts.code[people], frozenset())
        code, hidden = self.guard.code(by, people), self.guard.hidden(by, people)
        return UserColumn(by, cohorts.labels, cohorts.unknown, code, hidden)

    def target_of(self, by: str) -> Target:
        """What shares of an item column are compared with."""
        return self.policies.get(by, "relevance" if self.target == "relevance" else "catalogue")

    def once(self, name: str, compute: Callable[[], _T]) -> _T:
        """What follows from the profile and the seed alone and takes long, computed at the first call."""
        if name not in self.computed:
            self.computed[name] = compute()
        value: _T = self.computed[name]
        return value

    def interval(
        self, statistic: Statistic, values: FloatArray | sparse.csr_matrix, between: tuple[float, float] = UNBOUNDED
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """value, low, high of `statistic` of column sums over people.

        statistic  column sums [c, columns] → [c, results], row by row
        values     [n, columns], one row a person, dense or CSR
        between    the metric's range, which a re-centred interval may not leave
        Returns    three arrays [results]; low ≤ value ≤ high, NaN where under `min_n` people or a draw is undefined

        A resample repeats people, which by itself makes lists look less even: draws are re-centred on the value.
        """
        total = np.asarray(values.sum(axis=0), dtype=np.float64).reshape(1, -1)
        value = statistic(total)[0]
        if values.shape[0] < self.min_n:
            return value, np.full_like(value, np.nan), np.full_like(value, np.nan)
        rng = np.random.default_rng(self.seed)
        buckets = in_buckets(values, rng)
        weights = resample_weights(int(buckets.shape[0]), self.draws, rng)
        drawn = np.concatenate([statistic(np.asarray(w @ buckets)) for w in weights])
        known = np.isfinite(drawn).all(axis=0) & np.isfinite(value)
        low, high = np.full_like(value, np.nan), np.full_like(value, np.nan)
        if known.any():
            bias = drawn[:, known].mean(axis=0) - value[known]
            low[known], high[known] = percentile_interval(drawn[:, known] - bias)
        low, high = np.clip(low, *between), np.clip(high, *between)
        # A draw without a value leaves no interval: never one of no width.
        return value, np.minimum(low, value), np.maximum(high, value)

    def basis(self, by: str = "", target: str = "") -> Basis:
        """What a figure by this column is measured on. target: where the metric has one of its own."""
        policy = by.split(SIGN)[-1] in self.policies
        return Basis(self.lists_of, target or ("policy" if policy else self.target), self.browsing)

    def figure(
        self,
        name: str,
        ends: tuple[float, float, float],
        *,
        by: str = "",
        group: str = "",
        n: int = 0,
        reason: str = "",
        target: str = "",
    ) -> Figure:
        """A figure of these lists from value, low and high; NaN becomes None and needs a reason, which is given where
        nobody does.
        """
        value, low, high = (float(end) if np.isfinite(end) else None for end in ends)
        if not reason and value is not None and (low is None or high is None):
            reason = NO_INTERVAL
        return Figure(
            name=name,
            value=value,
            basis=self.basis(by, target),
            by=by,
            group=group,
            low=low,
            high=high,
            n=n,
            reason=reason,
        )

    def missing(self, name: str, reason: str, *, by: str = "", n: int = 0, target: str = "") -> Figure:
        """A figure that has no value, and why."""
        return Figure(name=name, value=None, basis=self.basis(by, target), by=by, n=n, reason=reason)


@dataclass(frozen=True, eq=False)
class ItemColumn:
    """One grouping of the items over audited lists. target: what shares of its groups are compared with."""

    of: AuditedLists
    by: str
    groups: Cohorts
    target: Target

    @property
    def n_groups(self) -> int:
        return len(self.groups.labels)

    @cached_property
    def known(self) -> tuple[int, ...]:
        """Positions of the groups that are not the unknown."""
        return tuple(g for g in range(self.n_groups) if g != self.groups.unknown)

    @cached_property
    def n_items(self) -> FloatArray:
        """float64 [groups]: how many items belong to each group, by their shares."""
        return ex.column_sums(self.groups.membership)

    @cached_property
    def exposure(self) -> sparse.csr_matrix:
        """CSR [shown, groups]: attention that each list gives to each group."""
        return sparse.csr_matrix(self.of.attention @ self.groups.membership)

    @cached_property
    def wanted(self) -> sparse.csr_matrix | None:
        """CSR [shown, groups]: held-out items of each group where the target comes from people; None where
        it is fixed.
        """
        relevance = self.of.relevance if self.target == "relevance" else None
        return None if relevance is None else sparse.csr_matrix(relevance @ self.groups.membership)

    @cached_property
    def amounts(self) -> sparse.csr_matrix:
        """CSR [shown, groups or 2 · groups]: exposure, then what is wanted where the target comes from people."""
        return self.exposure if self.wanted is None else sparse.csr_matrix(sparse.hstack([self.exposure, self.wanted]))

    def shares(self, sums: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Exposure and target share of sums of `amounts`, [c, …] → two [c, groups]; the unknown take part in both."""
        share = ex.shares(sums[:, : self.n_groups])
        if self.wanted is not None:
            return share, ex.shares(sums[:, self.n_groups :])
        return share, np.broadcast_to(fixed_share(self.groups, self.target), share.shape)


@dataclass(frozen=True, eq=False)
class UserColumn:
    """One grouping of some people. code: int64 [people], the group of each, -1 where it stays hidden; hidden: which
    groups do.
    """

    by: str
    labels: tuple[str, ...]
    unknown: int | None
    code: IntArray
    hidden: frozenset[int]

    @property
    def sizes(self) -> IntArray:
        """int64 [groups]: how many of these people are in each group that is shown."""
        return np.bincount(self.code[self.code >= 0], minlength=len(self.labels)).astype(np.int64)
