"""Why does a group of items get less (or more) attention than its share? The gap, attributed to relations or history
sources.

Shapley values (Shapley 1953) over at most six players, exactly, over all subsets. A player is a part of the score: a
relation of the model, or what enters through one source of the history. v(S) is the group's share of exposure (in the
plan's browsing model) in the lists that are ranked by the parts in S alone, less its target, the catalogue share.
v(nobody) is the exact expectation over random lists of what a person lacks; where parts leave scores equal, v takes the
mean over all orders of the equal ones; v(all) is the lists as they are served. So the values sum to gap(all) −
gap(random list). The difference of shares is taken and not the ratio − 1, because it is a part of all attention that
has an owner, and it exists where a target is 0; divided by the target it is the ratio − 1. People who were drawn give
the intervals: what each adds to each subset is kept and resampled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.errors import DataError, OptionError, shown
from core.graph import FloatArray, IntArray, InteractionGraph
from core.intervals import DRAWS, percentile_interval, resampled_sums
from core.models.base import Recommender
from core.progress import Progress, no_progress
from core.ranking import NO_ITEM
from explain.fairness.exposure import rbp
from explain.fairness.score_terms import score_terms, source_terms, sources_by_age, sources_by_kind
from explain.results.exposure import GapShare

MAX_PLAYERS, MAX_PEOPLE, BATCH = 6, 2_500, 128
OTHER, NO_HISTORY = "other", "no history"
THROUGH = ("relations", "events", "age")
Players = Mapping[str, Sequence[str]]


@dataclass(frozen=True, eq=False)
class Game:
    """What each person's lists give the group, by subset of the players.

    values  float64 [n_people, 2**n_players]; bit p of a column's number says whether player p plays
    whole   float64 [n_people]: attention that a person's list gives out in all
    """

    players: tuple[str, ...]
    values: FloatArray
    whole: FloatArray


def shapley_weights(n: int) -> FloatArray:
    """φ = v @ W: W float64 [2**n, n]. φ_p = Σ_{S without p} |S|! (n−|S|−1)! / n! · (v(S + p) − v(S)).

    Raises  OptionError above six.
    """
    if n > MAX_PLAYERS:
        raise OptionError(f"{n} players have {2**n:,} subsets to rank by: join them into at most {MAX_PLAYERS} groups.")
    weights = np.zeros((2**n, n))
    for player in range(n):
        others = [p for p in range(n) if p != player]
        for size in range(n):
            part = factorial(size) * factorial(n - size - 1) / factorial(n)
            for chosen in combinations(others, size):
                subset = sum(1 << p for p in chosen)
                weights[subset | 1 << player, player] += part
                weights[subset, player] -= part
    return weights


def expected_exposure(
    scores: FloatArray, candidate: NDArray[np.bool_], belongs: FloatArray, weights: FloatArray
) -> FloatArray:
    """Attention that a list of the best k gives to a group, in the mean over all orders of equal scores: float64 [B].

    scores [B, n_items]; candidate bool [B, n_items]; belongs [n_items] in 0..1; weights [k], of the places
    """
    length = min(len(weights), scores.shape[1])
    cost = np.where(candidate, -scores, np.inf)
    head = np.argpartition(cost, length - 1, axis=1)[:, :length]
    order = np.argsort(np.take_along_axis(cost, head, axis=1), axis=1)
    head = np.take_along_axis(head, order, axis=1)
    costs = np.take_along_axis(cost, head, axis=1)
    last = costs[:, -1:]
    block = np.cumsum(np.column_stack([np.zeros(len(costs)), costs[:, 1:] != costs[:, :-1]]), axis=1).astype(np.int64)
    block += np.arange(len(block))[:, None] * length
    sizes = np.bincount(block.ravel(), minlength=block.size)
    place = np.bincount(block.ravel(), weights=np.tile(weights[:length], len(block)), minlength=block.size)
    mean = (place / np.maximum(sizes, 1))[block]
    inside = np.where(costs < last, mean * belongs[head], 0.0).sum(axis=1)
    boundary = (cost == last) & candidate
    at_end = np.where(costs == last, weights[:length], 0.0).sum(axis=1)
    share = (boundary @ belongs) / np.maximum(boundary.sum(axis=1), 1)
    return np.asarray(inside + at_end * share)


def play(
    graph: InteractionGraph,
    model: Recommender,
    users: IntArray,
    lists: IntArray,
    belongs: FloatArray,
    *,
    weights: FloatArray | None = None,
    players: Players,
    sources: Mapping[str, sparse.csr_matrix] | None = None,
    progress: Progress = no_progress,
) -> Game:
    """Rank these people by every subset of the players. A batch's parts are computed once; subsets are sums of them.

    lists    int64 [len(users), k], as served, NO_ITEM where one ends early
    weights  float64 [≥ k], attention of the places; rank-biased precision if left out
    sources  of the history, where the players are such; else they are relations
    """
    names, k = tuple(players), lists.shape[1]
    weights, n_subsets = rbp(k) if weights is None else weights[:k], 2 ** len(players)
    if len(names) > MAX_PLAYERS:
        shapley_weights(len(names))
    values, whole = np.zeros((len(users), n_subsets)), np.zeros(len(users))
    for start in range(0, len(users), BATCH):
        rows = slice(start, start + BATCH)
        batch = users[rows]
        terms = score_terms(model, batch) if sources is None else source_terms(model, batch, sources)
        parts = [np.sum([terms[key] for key in players[name] if key in terms], axis=0) for name in names]
        candidate = _candidates(graph, batch)
        served = lists[rows]
        place = np.where(served != NO_ITEM, weights, 0.0)
        whole[rows] = place.sum(axis=1)
        share = (candidate @ belongs) / np.maximum(candidate.sum(axis=1), 1)
        values[rows, 0] = whole[rows] * share
        values[rows, -1] = (place * belongs[served]).sum(axis=1)
        for subset in range(1, n_subsets - 1):
            scores = np.sum([parts[p] for p in range(len(names)) if subset >> p & 1], axis=0)
            values[rows, subset] = expected_exposure(scores, candidate, belongs, weights)
        done = min(start + BATCH, len(users))
        progress(done / len(users), f"ranking {done:,} of {len(users):,} people by {n_subsets} subsets")
    return Game(names, values, whole)


@dataclass(frozen=True, eq=False)
class Solved:
    """values, low, high [n_players] and exposure share of all, its interval, and of a random list."""

    values: FloatArray
    low: FloatArray
    high: FloatArray
    exposure: float
    exposure_low: float
    exposure_high: float
    random: float


def solve(game: Game, *, draws: int = DRAWS, seed: int = 0) -> Solved:
    """Shapley values of the share of exposure, with 95 % bootstrap intervals over people. Raises DataError without a
    list.
    """
    if not game.whole.sum():
        raise DataError("Nobody of these people has a list, so there is no exposure to attribute.")
    own = game.values @ shapley_weights(len(game.players))
    columns = np.column_stack([own, game.values[:, -1], game.values[:, 0], game.whole])
    sums = columns.sum(axis=0)
    drawn = resampled_sums(columns, draws, np.random.default_rng(seed))
    low, high = percentile_interval(drawn[:, :-1] / np.maximum(drawn[:, -1:], 1e-300))
    share = sums[:-1] / sums[-1]
    return Solved(share[:-2], low[:-2], high[:-2], float(share[-2]), float(low[-2]), float(high[-2]), float(share[-1]))


def people(graph: InteractionGraph, most: int, seed: int) -> IntArray:
    """Everybody, or a seeded draw of `most` of them, ascending."""
    n = graph.n_users
    if n <= most:
        return np.arange(n, dtype=np.int64)
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False)).astype(np.int64)


def sources_of(graph: InteractionGraph, through: str) -> dict[str, sparse.csr_matrix] | None:
    """History sources; None where the players are relations. Raises OptionError for an unknown word, or a single kind
    of event.
    """
    if through not in THROUGH:
        raise OptionError(f"A gap cannot be attributed to {shown(through)}: choose one of {', '.join(THROUGH)}.")
    if through == "relations":
        return None
    sources = sources_by_kind(graph) if through == "events" else sources_by_age(graph)
    if len(sources) < 2:
        raise OptionError(
            f"All events here are of one kind ({', '.join(graph.events.kinds)}), so there is nothing to tell apart: "
            "choose relations or age."
        )
    return sources


def find_players(
    graph: InteractionGraph, model: Recommender, users: IntArray, sources: Mapping[str, sparse.csr_matrix] | None
) -> dict[str, tuple[str, ...]]:
    """Each part of the score a player; what needs no history is one with history sources; beyond six the smallest are
    joined as "other".
    """
    batch = users[:BATCH]
    terms = score_terms(model, batch) if sources is None else source_terms(model, batch, sources)
    mass = {key: float(np.abs(value).sum()) for key, value in terms.items()}
    constants = model.spec.constants
    players: dict[str, tuple[str, ...]] = {key: (key,) for key in terms if sources is None or key not in constants}
    constant = tuple(key for key in terms if key not in players)
    if constant:
        players[NO_HISTORY] = constant
    if len(players) > MAX_PLAYERS:
        ranked = sorted(players, key=lambda name: -sum(mass[key] for key in players[name]))
        joined = tuple(key for name in ranked[MAX_PLAYERS - 1 :] for key in players[name])
        players = {name: players[name] for name in players if name in ranked[: MAX_PLAYERS - 1]} | {OTHER: joined}
    return players


def gap_sentence(group: str, solved: Solved, target: float, parts: Sequence[GapShare], whose: str = "") -> str:
    """The finding in one or two plain sentences. whose: " in the lists of …", where not everybody's were looked at."""
    gap, total = solved.exposure - target, solved.exposure - solved.random
    if target <= 0:
        return f"“{group}” is due no share of attention, so it has no gap that could be attributed."
    ratio = _number(solved.exposure / target)
    text = (
        f"“{group}” gets {ratio} of its share of attention: {solved.exposure:.1%} against {target:.1%}, a gap of "
        f"{gap:+.3f}{whose}."
    )
    ahead = [p for p in parts if p.value * total > 0]
    if not ahead or abs(total) < 5e-4:
        return f"{text} No part of the score moves it beyond what a random list gives."
    first, back = ahead[0], sum(p.value for p in parts if p.value * total < 0)
    certain = "" if first.low * first.high > 0 else " (its interval holds 0)"
    amounts = f"{_number(abs(first.value))} against {_number(abs(total))} in all beyond a random list"
    share = "Most of it" if abs(first.value) >= abs(total) / 2 else "The largest part of it"
    text += f" {share}, {amounts}, comes through *{first.label}*{certain}."
    return text + (f" Others give {_number(abs(back))} back." if abs(back) >= 5e-4 else "")


def _candidates(graph: InteractionGraph, users: IntArray) -> NDArray[np.bool_]:
    rows = graph.interactions[users]
    candidate = np.ones(rows.shape, dtype=np.bool_)
    candidate[:, graph.closed] = False
    candidate[np.repeat(np.arange(len(users)), np.diff(rows.indptr)), rows.indices] = False
    return candidate


def _number(value: float) -> str:
    """.69, 1.2, .158."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return text.removeprefix("0") if 0.0005 <= value < 1 else f"{value:.3g}" if value >= 1 else "0"
