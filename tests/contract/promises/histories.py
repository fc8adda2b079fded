"""Changed histories: what a folded-in person's scores are, what a deletion does to the first hops, whether weights
matter."""

from __future__ import annotations

import numpy as np

from core.graph import FloatArray, IntArray
from core.models.base import Recommender
from tests.contract.promises.base import Subject, called, near, numbers, promise, require
from tests.graphs import with_item, without_item


def folded(s: Subject, items: IntArray, weights: FloatArray, user: int | None) -> tuple[Recommender, int]:
    model, position = s.ask("fold_in", items, weights, user)
    return model, position


@promise
def ones_own_history_folded_in_is_the_identity(s: Subject) -> None:
    for user in s.people:
        model, position = folded(s, *s.history(user), user)
        require(position == user, "fold_in", f"person {user} stands at {position}")
        scores = called("score", model.score, s.everybody)
        require(near(scores, s.scores, rtol=1e-12, atol=1e-14), "fold_in", "a person's own history changes scores")


@promise
def folding_in_is_building_again_from_the_edited_table(s: Subject) -> None:
    """Parameters stay. Added items come without a basket."""
    rng = np.random.default_rng(2)
    for user in s.people:
        own, weights = s.history(user)
        gone = rng.choice(own, int(rng.integers(1, len(own))), replace=False)
        new = np.setdiff1d(np.arange(s.graph.n_items), own)[:2]
        kept = ~np.isin(own, gone)
        edited = s.graph
        for item in gone:
            edited = without_item(edited, user, int(item))
        for item in new:
            edited = with_item(edited, user, int(item), 2.0)
        items, heavy = np.append(own[kept], new), np.append(weights[kept], np.full(len(new), 2.0))
        model, _ = folded(s, items, heavy, user)
        scores = called("score", model.score, s.everybody)
        expected = called("score", s.restored(edited).score, s.everybody)
        require(near(scores, expected, atol=1e-12), "fold_in", f"the edited table gives person {user} other scores")


@promise
def an_unknown_person_gets_scores_from_a_history(s: Subject) -> None:
    items = np.array([0, 2, 5])
    model, position = folded(s, items, np.ones(3), None)
    require(position == s.graph.n_users, "fold_in", f"a new person stands at {position}, not behind all others")
    scores = called("score", model.score, np.array([position]))
    numbers(scores, (1, s.graph.n_items), "fold_in")
    require(bool(scores.any()), "fold_in", "a new person's history gives nothing")
    require(np.array_equal(called("history", model.history, position), items), "fold_in", "the history is another one")
    require(np.array_equal(s.ask("score", s.everybody), s.scores), "fold_in", "it changed the model that it began with")


@promise
def no_history_leaves_what_is_alike_for_everybody(s: Subject) -> None:
    nothing = np.empty(0, dtype=np.int64)
    model, position = folded(s, nothing, nothing.astype(np.float64), None)
    require(len(called("history", model.history, position)) == 0, "fold_in", "nothing folds in as something")
    scores = called("score", model.score, np.array([position]))[0]
    rows = [called("constants", model.constants, position, item) for item in range(s.graph.n_items)]
    expected = [sum(value for kind, value in row.items() if kind in s.alike) for row in rows]
    require(np.array_equal(scores, expected), "fold_in", "somebody without a history has scores of their own")


@promise
def an_item_named_twice_counts_as_one_with_both_weights(s: Subject) -> None:
    twice, position = folded(s, np.array([4, 1, 4]), np.array([1.0, 2.0, 3.0]), None)
    once, _ = folded(s, np.array([1, 4]), np.array([2.0, 4.0]), None)
    one, other = (called("score", m.score, np.array([position])) for m in (twice, once))
    require(
        np.array_equal(one, other), "fold_in", "an item that is named twice counts otherwise than one with both weights"
    )


@promise
def shrink_is_what_remaining_first_hops_are_multiplied_by(s: Subject) -> None:
    """After a deletion by true re-propagation; first hops that are 0 before or after (no neighbour any more) say
    nothing."""
    for user in s.people:
        own, weights = s.history(user)
        for n_gone in range(1, len(own)):
            model, position = folded(s, own[n_gone:], weights[n_gone:], user)
            for item in range(0, s.graph.n_items, 4):
                before, after = s.ask("walks", user, item), called("walks", model.walks, position, item)
                for old, new in zip(before, after, strict=True):
                    shrink = s.ask("shrink", old.chain.key, len(own), n_gone)
                    left = old.start[np.isin(old.items, own[n_gone:])]
                    live = (left > 0) & (new.start > 0)
                    same = near(new.start[live], shrink * left[live])
                    require(same, "shrink", f"{n_gone} of {len(own)} items gone do not multiply the rest by {shrink}")


@promise
def entries_are_weights_of_first_hops(s: Subject) -> None:
    entry = s.ask("entry", s.people[0], np.arange(s.graph.n_items))
    numbers(entry, (s.graph.n_items,), "entry")
    require(bool((entry >= 0).all()), "entry", "a first hop has a weight below 0")


@promise
def a_model_reads_weights_if_and_only_if_it_says_so(s: Subject) -> None:
    items = np.array([0, 1, 2, 3])
    rows = []
    for weights in (np.ones(4), np.array([0.1, 1.0, 4.0, 9.0])):
        model, position = folded(s, items, weights, None)
        rows.append(called("score", model.score, np.array([position]))[0])
    reads = not near(*rows, atol=1e-12)
    require(
        reads == s.model.reads_weights, "reads_weights", f"weights {'enter' if reads else 'do not enter'} the scores"
    )
