"""What happens if a person's history were another one: three kinds of question, never mixed up, and the smallest
changes.

mask     the message is dropped and degrees stay: subtract the part
delete   the interaction never happened: true re-propagation over the edited graph, parameters frozen
retrain  the model had never seen it: parameters learnt again (the slow one; explain.bench.answers does the fitting)

A flip is searched with predicted scores and reported only after true re-propagation confirmed it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from core.graph import FloatArray, IntArray
from core.models.base import WHOLE, Parts, Recommender
from core.ranking import rank_of

MAX_FLIP, MAX_CHECKS, ADDITION_POOL = 50, 60, 200


@dataclass(frozen=True, eq=False)
class History:
    """What a person has: item positions int64 [h] ascending, edge weights as the table has them float64 [h] > 0.

    closed  int64, positions of the items that nobody can be recommended at this moment: not published yet, withdrawn
    """

    items: IntArray
    weights: FloatArray
    closed: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    @property
    def out(self) -> IntArray:
        """The items that are no candidates, ascending: had, or closed."""
        return np.union1d(self.items, self.closed)

    def without(self, gone: IntArray) -> History:
        keep = ~np.isin(self.items, gone)
        return replace(self, items=self.items[keep], weights=self.weights[keep])

    def plus(self, new: IntArray, weight: float) -> History:
        fresh = np.setdiff1d(new, self.items)
        items = np.concatenate([self.items, fresh])
        weights = np.concatenate([self.weights, np.full(len(fresh), weight)])
        order = np.argsort(items, kind="stable")
        return replace(self, items=items[order], weights=weights[order])


@dataclass(frozen=True)
class Flip:
    """The smallest change found; a smaller one may exist. changed: item positions, in the order of their effect.

    verified  a true re-propagation of exactly this change gave new_rank, the place among all that the person lacked
              before and after it: what was taken out has been seen and is no rival
    n_checked re-propagations that were made
    minimal   leaving out any single item of the change no longer does it       rivals     items that were compared with
    """

    found: bool
    changed: tuple[int, ...]
    verified: bool
    rivals: int
    rank: int
    new_rank: int | None
    minimal: bool = False
    n_checked: int = 0


def delete(model: Recommender, user: int, history: History, gone: IntArray) -> tuple[Recommender, int]:
    """The model in which these interactions never happened, and the person's position in it."""
    left = history.without(gone)
    return model.fold_in(left.items, left.weights, user)


def predicted_scores(model: Recommender, user: int, gone: IntArray) -> FloatArray:
    """All scores after deleting `gone`, predicted without re-propagation: mask, and the person's degree where it
    enters.

    float64 [n_items]. The closed form Δ = C - √(d/(d-1)) (C - c_j) for LightGCN, C the sum of all c_j; the mask alone
    elsewhere.
    """
    history = model.history(user)
    n_gone = len(np.intersect1d(history, gone))
    scales = {model.shrink(key, len(history), n_gone) for key in model.spec.relations}
    if len(scales) > 1:  # a mixture, whose members feel the degree differently
        keep = np.ones((1, len(model.masked(user, gone))))
        keep[0, gone] = 0.0
        terms = model.terms(np.array([user]), keep)
        fixed = model.spec.constants
        shrunk = [
            term[0] * (1.0 if key in fixed else model.shrink(key, len(history), n_gone)) for key, term in terms.items()
        ]
        return np.asarray(np.sum(shrunk, axis=0))
    masked, scale = model.masked(user, gone), next(iter(scales), 1.0)
    if scale == 1.0:
        return masked
    constant = model.masked(user, history)
    return np.asarray(constant + scale * (masked - constant))


def rank_after(model: Recommender, user: int, item: int, also_out: IntArray) -> int:
    """The item's place among the items that are neither in the history nor in `also_out` (1 = best)."""
    out = np.setdiff1d(np.union1d(model.history(user), also_out), [item])
    return rank_of(model.score(np.array([user]))[0], item, out)


def smallest_removal(model: Recommender, user: int, history: History, item: int, *, k: int, n_rivals: int) -> Flip:
    """Few history items whose deletion drops the item out of the person's first k; deleted items are no candidates.

    Something is always left of the history. Prediction: the score of the item and of `n_rivals` items around and below
    the k-th place, as sums of parts. For each rival the history is sorted by how much more it gives to the item than to
    the rival, which is optimal against one rival; the shortest predicted prefixes are then verified by true
    re-propagation and thinned out. Where none of them holds, prefixes that were not predicted to do it are tried too.
    No answer proves that no smaller set, or none, exists.
    """
    scores = model.score(np.array([user]))[0]
    rank = rank_of(scores, item, history.out)
    if rank > k:
        return Flip(False, (), False, 0, rank, None)
    rivals = _rivals(scores, history.out, item, n_rivals)
    own, others = model.parts(user, item), [model.parts(user, int(r)) for r in rivals]
    margins = _margins(own, others)
    constant = sum(own.constants.values()) - np.array([sum(p.constants.values()) for p in others])
    ahead = int((scores > scores[item]).sum()) - int((scores[history.out] > scores[item]).sum())
    better_rivals = int((scores[rivals] > scores[item]).sum())
    needed = k - (ahead - better_rivals)  # so many of the rivals must stand above the item
    check = _Checker(model, user, history, item, k, removal=True)
    for prefix in _prefixes(model, margins, constant, needed, min(MAX_FLIP, len(own.items) - 1)):
        gone = own.items[prefix]
        if check(gone):
            thin = _thinned(check, gone)
            return Flip(
                True, tuple(map(int, thin)), True, len(rivals), rank, check.new_rank(thin), check.complete, check.n
            )
        if check.n >= MAX_CHECKS:
            break
    return Flip(False, (), False, len(rivals), rank, None, n_checked=check.n)


def smallest_addition(
    model: Recommender, user: int, history: History, item: int, *, k: int, weight: float, at_most: int = 10
) -> Flip:
    """Few items whose addition to the history brings the wished item into the first k; verified as removals are.

    Candidates are the items whose first-hop message gives more to the item than to the mean of the first k, those of
    the largest difference first; single ones are tried before pairs and more of the best together. `weight` is the edge
    weight that an added item gets.
    """
    scores = model.score(np.array([user]))[0]
    rank = rank_of(scores, item, history.out)
    if rank <= k:
        return Flip(False, (), False, 0, rank, rank)
    rivals = _rivals(scores, history.out, item, k)[:k]
    gain = _messages(model, user, item)
    against = np.mean([_messages(model, user, int(r)) for r in rivals], axis=0) if len(rivals) else np.zeros(len(gain))
    margin = (gain - against) * model.entry(user, np.arange(len(gain)))
    margin[history.out] = -np.inf
    margin[item] = -np.inf
    pool = np.argsort(-margin, kind="stable")[:ADDITION_POOL]
    pool = pool[margin[pool] > 0]
    check = _Checker(model, user, history, item, k, removal=False, weight=weight)
    for size in range(1, min(at_most, len(pool)) + 1):
        tries = [pool[:size]] if size > 1 else [pool[n : n + 1] for n in range(min(10, len(pool)))]
        for new in tries:
            if check(new):
                thin = _thinned(check, new)
                return Flip(
                    True, tuple(map(int, thin)), True, len(rivals), rank, check.new_rank(thin), check.complete, check.n
                )
    return Flip(False, (), False, len(rivals), rank, None, n_checked=check.n)


def moved_by(before: Parts, after: Parts) -> list[tuple[int, float]]:
    """Per history item the change of its amount between two states, largest first: what moved the
    score. Item → change.
    """
    amounts: dict[int, float] = {}
    for sign, parts in ((-1.0, before), (1.0, after)):
        for item, value in zip(parts.items.tolist(), parts.history.tolist(), strict=True):
            amounts[item] = amounts.get(item, 0.0) + sign * value
    return sorted(((i, v) for i, v in amounts.items() if v), key=lambda pair: (-abs(pair[1]), pair[0]))


class _Checker:
    """True re-propagation of a change, remembered: does it move the item across the k-th place?"""

    def __init__(
        self, model: Recommender, user: int, history: History, item: int, k: int, *, removal: bool, weight: float = 1.0
    ) -> None:
        self.model, self.user, self.history, self.item, self.k = model, user, history, item, k
        self.removal, self.weight = removal, weight
        self.n, self.complete = 0, False
        self._ranks: dict[tuple[int, ...], int] = {}

    def new_rank(self, changed: IntArray) -> int:
        """Rank among what the person lacked before and after the change."""
        key = tuple(sorted(map(int, changed)))
        if key not in self._ranks:
            self.n += 1
            edited = self.history.without(changed) if self.removal else self.history.plus(changed, self.weight)
            folded, position = self.model.fold_in(edited.items, edited.weights, self.user)
            self._ranks[key] = rank_after(folded, position, self.item, np.union1d(self.history.out, edited.items))
        return self._ranks[key]

    def __call__(self, changed: IntArray) -> bool:
        rank = self.new_rank(changed)
        return rank > self.k if self.removal else rank <= self.k


def _thinned(check: _Checker, changed: IntArray) -> IntArray:
    """The change without the items that it does not need; sets check.complete when no single one can be left out."""
    left = list(changed)
    for item in list(changed)[::-1]:
        rest = [i for i in left if i != item]
        if rest and check.n < MAX_CHECKS and check(np.array(rest)):
            left = rest
    check.complete = len(left) == 1 or all(
        check.n < MAX_CHECKS and not check(np.array([i for i in left if i != item])) for item in left
    )
    return np.array(left, dtype=np.int64)


def _rivals(scores: FloatArray, out: IntArray, item: int, n: int) -> IntArray:
    """The n best candidates other than the item."""
    masked = scores.copy()
    masked[out] = -np.inf
    masked[item] = -np.inf
    order = np.argsort(-masked, kind="stable")[:n]
    return np.asarray(order[masked[order] > -np.inf], dtype=np.int64)


def _margins(own: Parts, others: Sequence[Parts]) -> dict[str, FloatArray]:
    """By relation how much more each history item gives to the item than to each rival: float64 [h, rivals]."""
    nothing = np.zeros(len(own.items))
    keys = dict.fromkeys(key for parts in (own, *others) for key in parts.relations) or {WHOLE: None}
    return {
        key: np.reshape(
            [own.relations.get(key, nothing) - p.relations.get(key, nothing) for p in others], (-1, len(own.items))
        ).T
        for key in keys
    }


def _prefixes(
    model: Recommender, by_relation: Mapping[str, FloatArray], constant: FloatArray, needed: int, most: int
) -> list[IntArray]:
    """Candidate sets (rows of the history): those predicted to do it, shortest first, then the others of the nearest
    rivals.

    One order of the history for each rival and for the mean of the nearest. A prediction leaves out what
    re-normalisation does, so that prefixes which it finds too short may still do.
    """
    n_rivals = len(constant)
    if not 0 < needed <= n_rivals or most < 1:
        return []
    margins = np.sum(list(by_relation.values()), axis=0)
    lead = margins.sum(axis=0) + constant
    near = np.argsort(lead, kind="stable")
    directions = [margins[:, r] for r in range(n_rivals)] + [
        margins[:, near[:m]].mean(axis=1) for m in (needed, 2 * needed)
    ]
    sizes: dict[tuple[int, ...], int] = {}
    for direction in directions:
        order = np.argsort(-direction, kind="stable")[:most]
        left = np.tile(constant.astype(np.float64), (len(order), 1))
        for key, margin in by_relation.items():
            scale = np.array([model.shrink(key, len(margins), m) for m in range(1, len(order) + 1)])[:, None]
            left += scale * (margin.sum(axis=0) - np.cumsum(margin[order], axis=0))
        enough = np.flatnonzero((left < 0).sum(axis=1) >= needed)
        for size in enough[:3] + 1:
            sizes.setdefault(tuple(sorted(map(int, order[:size]))), int(size))
    ranked = sorted(sizes, key=lambda rows: (sizes[rows], rows))
    order = np.argsort(-margins[:, near[:needed]].mean(axis=1), kind="stable")[:most]
    unpredicted = (tuple(sorted(map(int, order[:size]))) for size in range(1, len(order) + 1))
    ranked += [rows for rows in unpredicted if rows not in sizes]
    return [np.array(rows, dtype=np.int64) for rows in ranked]


def _messages(model: Recommender, user: int, item: int) -> FloatArray:
    """What every item of the catalogue would pass on to `item` if the person had it, without first-hop weight: float64
    [n_items].
    """
    total: FloatArray | None = None
    for w in model.walks(user, item):
        pulled = w.chain.coefficient * w.pulls(w.terminal)[0]
        total = pulled if total is None else total + pulled
    return np.zeros(len(model.score(np.array([user]))[0])) if total is None else np.asarray(total)
