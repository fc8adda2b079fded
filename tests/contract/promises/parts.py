"""Parts and terms: what a score is the sum of, pulled back for one item and pushed forward for all of them."""

from __future__ import annotations

import numpy as np

from core.graph import FloatArray
from tests.contract.promises.base import Subject, near, numbers, promise, require

TOLERANCE = 1e-5  # of the score; where that is next to nothing, ABSOLUTE
ABSOLUTE, SMALL_SCORE = 1e-9, 1e-6


def allowed(score: float) -> float:
    """How far a sum of terms may lie from the score."""
    return max(TOLERANCE * abs(score), ABSOLUTE if abs(score) < SMALL_SCORE else 0.0)


@promise
def chains_are_rows_of_steps_that_meet(s: Subject) -> None:
    """A walk goes on from the kind of node that it reached; weights are positive, as sums and best walks rely on it."""
    sizes = {"user": s.graph.n_users, "item": s.graph.n_items} | {k: len(g) for k, g in s.graph.groups.items()}
    for w in s.ask("walks", s.people[0], 0):
        kinds = ("item", *w.chain.kinds)
        require(w.jump == (w.terminal is not None), "walks", f"{w.chain.key} neither ends on the item nor jumps")
        require(w.jump or kinds[-1] == "item", "walks", f"{w.chain.key} ends on {kinds[-1]}")
        for step, source in zip(w.chain.steps, kinds[:-1], strict=True):
            shape = (sizes.get(step.source_kind), sizes.get(step.target_kind))
            require(step.source_kind == source, "walks", f"{w.chain.key} goes on from {step.source_kind}, not {source}")
            require(step.matrix.shape == shape, "walks", f"{w.chain.key}: {shape} nodes, a matrix {step.matrix.shape}")
            require(bool((step.matrix.data > 0).all()), "walks", f"{w.chain.key} has an edge that is not above 0")
            require(bool((step.left >= 0).all() and (step.right >= 0).all()), "walks", "a normalisation is below 0")
            require((step.transpose != step.matrix.T).nnz == 0, "walks", f"{w.chain.key} goes back over other edges")


@promise
def parts_partition_every_score(s: Subject) -> None:
    for user in s.everybody.tolist():
        own = s.history(user)[0]
        for item in range(s.graph.n_items):
            parts, score = s.ask("parts", user, item), float(s.scores[user, item])
            require(np.array_equal(parts.items, own), "parts", "they stand for other items than the history")
            for key, values in parts.relations.items():
                numbers(values, (len(own),), "parts")
                require(isinstance(key, str), "parts", "a relation has no key")
            require(abs(parts.total - score) <= allowed(score), "parts", f"they sum to {parts.total}, not to {score}")
            require(parts.gross >= abs(parts.total) - ABSOLUTE, "parts", "their gross amount is below their sum")


@promise
def states_say_whether_anything_leads_there(s: Subject) -> None:
    for user in s.everybody.tolist():
        own = s.history(user)[0]
        for item in range(s.graph.n_items):
            parts = s.ask("parts", user, item)
            state = "consumed" if item in own else "ok" if parts.gross else "no_path"
            require(s.ask("state_of", user, item, parts) == state, "state_of", f"item {item} is {state}")


@promise
def constants_are_of_the_kinds_that_the_model_names(s: Subject) -> None:
    """And those that are called the same for everybody are: for each item one amount."""
    users = s.everybody.tolist()
    for item in range(s.graph.n_items):
        rows = [s.ask("constants", user, item) for user in users]
        require(
            {kind for row in rows for kind in row} <= set(s.kind.spec.constants), "spec.constants", "a kind is missing"
        )
        for kind in s.alike:
            require(len({row.get(kind) for row in rows}) == 1, "constants", f"{kind} is not the same for everybody")


@promise
def terms_are_the_parts_of_every_score(s: Subject) -> None:
    terms = s.ask("terms", s.everybody)
    _check_terms(s, terms, np.ones(s.scores.shape))
    total = np.sum(list(terms.values()), axis=0)
    gross = np.sum([np.abs(v) for v in terms.values()], axis=0)
    missed = np.abs(total - s.scores)
    require(bool((missed <= 1e-7 * np.maximum(gross, 1e-12)).all()), "terms", "they do not sum to the score")


@promise
def terms_feel_what_is_kept_of_the_history(s: Subject) -> None:
    """`keep` from 0 to 1 scales each first hop, degrees frozen; amounts that no history item carries stay."""
    keep = np.random.default_rng(0).choice([0.0, 0.25, 1.0], s.scores.shape)
    for kept in (keep, np.zeros(keep.shape), np.ones(keep.shape)):
        _check_terms(s, s.ask("terms", s.everybody, kept), kept)


def _check_terms(s: Subject, terms: dict[str, FloatArray], keep: FloatArray) -> None:
    for values in terms.values():
        numbers(values, s.scores.shape, "terms")
    for user in s.everybody.tolist():
        own = keep[user, s.history(user)[0]]
        for item in range(0, s.graph.n_items, 2):
            parts = s.ask("parts", user, item)
            expected = {key: float(values @ own) for key, values in parts.relations.items()} | dict(parts.constants)
            require(
                set(expected) <= set(terms), "terms", f"{sorted(set(expected) - set(terms))} are parts and no terms"
            )
            for key, values in terms.items():
                same = near(values[user, item], expected.get(key, 0.0))
                require(same, "terms", f"{key} of item {item} is {values[user, item]}, not {expected.get(key, 0.0)}")


@promise
def a_mask_takes_away_exactly_the_parts(s: Subject) -> None:
    rng = np.random.default_rng(0)
    for user in s.people:
        own = s.history(user)[0]
        gone = np.sort(rng.choice(own, max(1, len(own) // 2), replace=False))
        masked = s.ask("masked", user, gone)
        numbers(masked, (s.graph.n_items,), "masked")
        for item in range(s.graph.n_items):
            parts = s.ask("parts", user, item)
            expected = s.scores[user, item] - parts.history[np.isin(parts.items, gone)].sum()
            require(near(masked[item], expected), "masked", f"item {item} has {masked[item]}, not {expected}")


@promise
def connected_is_the_sum_of_walks_over_observed_edges(s: Subject) -> None:
    """Where every walk ends on its item, it is their sum. Where walks jump, only what holds for all models: none,
    nothing."""
    for user in s.everybody.tolist():
        own = s.history(user)[0]
        for item in range(0, s.graph.n_items, 2):
            connected = s.ask("connected", user, item)
            require(bool(np.isfinite(connected)), "connected", "it is not finite")
            if not any(w.jump for w in s.ask("walks", user, item)):
                readers = s.ask("readers", item)
                expected = float(s.ask("parts", user, item).history.sum())
                expected += 0.0 if readers is None else float(readers.amounts.sum())
                require(near(connected, expected), "connected", f"it is {connected}; the walks sum to {expected}")
            elif not len(own):
                require(
                    connected == 0, "connected", f"nothing links person {user} with anything, yet it is {connected}"
                )


@promise
def readers_sum_to_the_amount_that_they_carry(s: Subject) -> None:
    """What is called observed is a sum over people who have the item, each with the time of their event."""
    matrix = s.graph.interactions.tocsc()
    for item in range(s.graph.n_items):
        readers = s.ask("readers", item)
        constants = s.ask("constants", 0, item)
        amount = sum(value for kind, value in constants.items() if kind in s.observed)
        if readers is None:
            require(amount == 0, "readers", f"nobody is told of, yet people who read it now carry {amount}")
            continue
        require(near(float(readers.amounts.sum()), amount), "readers", f"they sum to {readers.amounts.sum()}")
        require(bool((readers.amounts > 0).all()), "readers", "an amount is not above 0")
        has = np.isin(readers.people, matrix[:, [item]].indices)
        require(bool(has.all()), "readers", f"some have no event with item {item}")
        in_time = len(readers.times) == len(readers.people) and bool((readers.times < s.graph.now).all())
        require(in_time, "readers", "their times are missing or to come")


@promise
def a_model_is_exact_if_and_only_if_it_says_so(s: Subject) -> None:
    """Exact: the score is connected walks, and nothing else that is anybody's own: |score - connected - alike| is 0
    everywhere.

    An amount that is the same for everybody (popularity's count, a bias of the item) is drawn as what it is and says
    nothing of this person, so it hides no reason: it may stand beside the walks of an exact model. What a model keeps
    of one person (a memory) or bridges by a latent jump is a reason that no edge shows, and makes the model inexact.
    """
    apart = np.zeros(s.scores.shape)
    for user in s.everybody.tolist():
        for item in range(s.graph.n_items):
            constants = s.ask("constants", user, item)
            alike = sum(value for kind, value in constants.items() if kind in s.alike - s.observed)
            apart[user, item] = abs(s.scores[user, item] - s.ask("connected", user, item) - alike)
    limit = np.array([[allowed(score) for score in row] for row in s.scores])
    exact = bool((apart <= limit).all())
    statement = "the score is" if exact else "the score is not"
    require(exact == s.kind.spec.exact, "spec.exact", f"{statement} connected walks and what is alike for everybody")
