"""What a guardrail buys and costs: exposure before and after, nDCG on held-out events, every moved item by name of its
rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from scipy import sparse

from core.errors import OptionError
from core.evaluation import accuracy
from core.graph import FloatArray, IntArray, InteractionGraph
from core.guardrails.base import Groups, Pool, Rule, Setting, apply_all, pool_of
from core.intervals import percentile_interval, resampled_sums
from core.progress import Progress, no_progress
from core.ranking import NO_ITEM, rank_all
from explain.fairness import exposure as ex
from explain.fairness.audit import number
from explain.fairness.disclosure import Disclosure
from explain.fairness.item_audit import item_ratios
from explain.fairness.thresholds import fixed_share
from explain.groups.cohorts import UNKNOWN, Cohorts, cohorts
from explain.results.guardrail import Cost, Gain, GroupChange
from explain.results.plan import Target

POOL, MOST_RULES, DRAWS = 100, 6, 400
EVERYBODY = "everybody"
_REST = "everything else"
Due = Mapping[str, Mapping[str, float]]  # item column → group → share of attention that it is due


@dataclass(frozen=True, eq=False)
class Steps:
    """Lists of everybody after each rule, places 1 to k: the first entry without any."""

    pools: tuple[Pool, ...]
    rules: tuple[Rule, ...]
    k: int
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def before(self) -> IntArray:
        return self.pools[0].items[:, : self.k]

    @property
    def after(self) -> IntArray:
        return self.pools[-1].items[:, : self.k]


def candidates(
    score: Callable[[IntArray], FloatArray],
    n_users: int,
    exclude: sparse.csr_matrix,
    k: int,
    n_items: int,
    progress: Progress = no_progress,
    *,
    closed: IntArray,
) -> Pool:
    """Everybody's best max(100, 5k) items with scaled relevance; those that can be recommended to nobody now are
    none.
    """
    length = min(max(POOL, 5 * k), n_items)
    return pool_of(*rank_all(score, n_users, exclude, length, closed=closed, progress=progress))


def setting_of(
    graph: InteractionGraph, profile: sparse.csr_matrix, k: int, due: Due | None = None, browsing: str = ex.RBP
) -> Setting:
    """What rules may know: attention of the places, popularity and histories of `profile`, groups by column with the
    shares that they are due.
    """

    def groups(by: str) -> Groups:
        column = cohorts(graph, by, "item")
        share = fixed_share(column, (due or {}).get(column.by, "catalogue"))
        return Groups(column.by, column.labels, column.membership, share)

    popularity = np.bincount(profile.indices, minlength=graph.n_items).astype(np.float64)
    return Setting(k, ex.browsing_weights(browsing, k), popularity, sparse.csr_matrix(profile), groups)


def run_rules(pool: Pool, rules: Sequence[Rule], setting: Setting) -> Steps:
    """Apply the rules in order. Raises OptionError for none or too many, or a column that there is not."""
    if not 1 <= len(rules) <= MOST_RULES:
        raise OptionError(f"{len(rules)} guardrails: give 1 to {MOST_RULES}.")
    pools = apply_all(pool, rules, setting)
    return Steps(tuple(pools), tuple(rules), setting.k, tuple(setting.notes))


def group_changes(
    steps: Steps, groups: Cohorts, due: Due | None = None, browsing: str = ex.RBP
) -> tuple[GroupChange, ...]:
    """Each group's exposure ratio before and after. due: shares by column in the place of the catalogue's."""
    weights = ex.browsing_weights(browsing, steps.k)
    target: Target = (due or {}).get(groups.by, "catalogue")
    before, after = (item_ratios(lists, weights, groups, target) for lists in (steps.before, steps.after))
    return tuple(
        GroupChange(
            group=label,
            n=int(groups.sizes[g]),
            before=number(before.ratios.ratio[g]),
            before_low=number(before.limits.low[g]),
            before_high=number(before.limits.high[g]),
            after=number(after.ratios.ratio[g]),
            low=number(after.limits.low[g]),
            high=number(after.limits.high[g]),
        )
        for g, label in enumerate(groups.labels)
    )


def followed_group(changes: Sequence[GroupChange], rules: Sequence[Rule], by: str) -> str | None:
    """The group of items whose gain is followed: the one a rule protects by name, else the known one worst off without
    rules.
    """
    known = {g.group: g.before for g in changes if g.before is not None and g.group != UNKNOWN}
    named = next((r.protected for r in rules if r.column == by and r.protected in known), None)
    return named or min(known, key=lambda g: known[g] or 0.0, default=None)


def cohort_gains(
    steps: Steps,
    groups: Cohorts,
    followed: str | None,
    people: Cohorts | None = None,
    due: Due | None = None,
    *,
    min_n: int = 10,
    seed: int = 0,
    guard: Disclosure | None = None,
) -> tuple[Gain, ...]:
    """The followed group's exposure ratio before and after in everybody's lists and in each cohort's; cohorts under
    min_n, and those that `guard` hides, are left out.
    """
    if followed is None:
        return ()
    rows = {EVERYBODY: np.flatnonzero((steps.before != NO_ITEM).any(axis=1))}
    if people is not None:
        code = _shown_code(people, rows[EVERYBODY], guard)
        rows |= {label: rows[EVERYBODY][code == g] for g, label in enumerate(people.labels)}
    gains, pair, due = [], _against_rest(groups, followed), _due_of(groups.by, followed, due)
    for cohort, chosen in rows.items():
        if len(chosen) >= min_n:
            ends = (steps.pools[0], steps.pools[-1])
            part = replace(
                steps, pools=tuple(replace(p, items=p.items[chosen], relevance=p.relevance[chosen]) for p in ends)
            )
            change = group_changes(part, pair, due)[0]
            gains.append(Gain(**(vars(change) | {"n": len(chosen), "cohort": cohort})))
    return tuple(gains)


def _against_rest(groups: Cohorts, followed: str) -> Cohorts:
    """One group and all that is not of it: its shares are the same, and only they are computed."""
    own = groups.membership[:, [groups.labels.index(followed)]]
    rest = sparse.csr_matrix(1.0 - own.toarray())
    return Cohorts(
        groups.by, groups.side, (followed, _REST), sparse.csr_matrix(sparse.hstack([own, rest])), closed=groups.closed
    )


def _due_of(by: str, followed: str, due: Due | None) -> Due | None:
    if not due or by not in due:
        return None
    return {by: {followed: due[by][followed], _REST: 1.0 - due[by][followed]}}


def ndcg(lists: IntArray, positives: sparse.csr_matrix) -> FloatArray:
    """nDCG@k of each list, as evaluations measure it: [m, k], CSR [m, n_items] → float64 [m]; NaN without positives."""
    k, values = lists.shape[1], np.full(len(lists), np.nan)
    rows = np.flatnonzero(np.diff(positives.indptr))
    values[rows] = accuracy(lists[rows], positives[rows], k)[f"ndcg@{k}"]
    return values


def costs(
    steps: Steps,
    positives: sparse.csr_matrix,
    people: Cohorts | None = None,
    *,
    min_n: int = 10,
    seed: int = 0,
    guard: Disclosure | None = None,
) -> tuple[Cost, ...]:
    """Held-out nDCG before and after, over everybody and by cohort; the interval of the change is paired
    over people.
    """
    before, after = ndcg(steps.before, positives), ndcg(steps.after, positives)
    measured = np.flatnonzero(np.isfinite(before))
    paid = [_cost(EVERYBODY, before[measured], after[measured], min_n, seed)]
    if people is not None:
        code = _shown_code(people, measured, guard)
        for g, label in enumerate(people.labels):
            rows = measured[code == g]
            if len(rows) >= min_n:
                paid.append(_cost(label, before[rows], after[rows], min_n, seed))
    return tuple(paid)


def _shown_code(people: Cohorts, rows: IntArray, guard: Disclosure | None) -> IntArray:
    """int64 [rows]: the cohort of each, -1 where it stays hidden."""
    return people.code[rows] if guard is None else guard.code(people.by, rows)


def _cost(cohort: str, before: FloatArray, after: FloatArray, min_n: int, seed: int) -> Cost:
    n, change = len(before), after - before
    if n == 0:
        return Cost(cohort=cohort, n=0, before=0.0, after=0.0, change=0.0, low=None, high=None)
    low = high = None
    if n >= min_n:
        drawn = resampled_sums(change[:, None], DRAWS, np.random.default_rng(seed)) / n
        low, high = (float(b[0]) for b in percentile_interval(drawn))
    return Cost(
        cohort=cohort,
        n=n,
        before=float(before.mean()),
        after=float(after.mean()),
        change=float(change.mean()),
        low=low,
        high=high,
    )


def score_kept(steps: Steps) -> float:
    """Attention-weighted relevance after / before, mean over people: 1 where nothing was given up."""
    first, weights = steps.pools[0], ex.rbp(steps.k)
    relevance = {}
    for name, pool in (("before", first), ("after", steps.pools[-1])):
        order = np.argsort(first.items, axis=1, kind="stable")
        place = _positions(first.items, order, pool.items[:, : steps.k])
        relevance[name] = (np.take_along_axis(first.relevance, place, axis=1) * weights[: place.shape[1]]).sum(axis=1)
    kept = relevance["before"] > 0
    return float((relevance["after"][kept] / relevance["before"][kept]).mean()) if kept.any() else 1.0


def was_at(steps: Steps, step: int) -> IntArray:
    """int64 [m, k]: the place (1 = best) before any rule of what stands at each place after `step` rules."""
    first = steps.pools[0].items
    return _positions(first, np.argsort(first, axis=1, kind="stable"), steps.pools[step].items[:, : steps.k]) + 1


def _positions(items: IntArray, order: IntArray, wanted: IntArray) -> IntArray:
    """Column of each wanted item in its row of items; order sorts each row of items."""
    column = np.empty(wanted.shape, dtype=np.int64)
    ordered = np.take_along_axis(items, order, axis=1)
    for row in range(len(items)):
        column[row] = order[row, np.minimum(np.searchsorted(ordered[row], wanted[row]), items.shape[1] - 1)]
    return column


def counts(steps: Steps) -> tuple[int, int, int]:
    """Lists, places that hold another item than before, items that came from beyond the first k."""
    before, after = steps.before, steps.after
    kept = after != NO_ITEM
    entered = int((was_at(steps, -1)[kept] > steps.k).sum())
    return int(kept.any(axis=1).sum()), int((before != after)[kept].sum()), entered


def mover(steps: Steps, row: int, item: int) -> Rule | None:
    """The rule that moved an item of a person most; None where it stands where it stood."""
    places = [int(np.flatnonzero(pool.items[row] == item)[0]) for pool in steps.pools]
    moves = [abs(b - a) for a, b in pairwise(places)]
    if places[0] == places[-1] or not any(moves):
        return None
    return steps.rules[int(np.argmax(moves))]


def moved_sentence(rank: int, was: int, rule: Rule | None) -> str:
    """ "Placed 4th instead of 9th by *minimum exposure: new*." A place that others made room for says so too."""
    if rule is None or rank == was:
        return ""
    if rank > was:
        return f"Placed {ordinal(rank)} instead of {ordinal(was)}: it made room for others (*{rule.summary}*)."
    return f"Placed {ordinal(rank)} instead of {ordinal(was)} by *{rule.summary}*."


def ordinal(n: int) -> str:
    ending = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"
