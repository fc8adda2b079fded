"""Scores and the history they are read from: finite float64, one row a person, blind to batches."""

from __future__ import annotations

import numpy as np

from tests.contract.promises.base import Subject, near, numbers, promise, require


@promise
def scores_are_finite_float64(s: Subject) -> None:
    numbers(s.scores, (s.graph.n_users, s.graph.n_items), "score")


@promise
def a_batch_scores_as_one_by_one(s: Subject) -> None:
    single = np.concatenate([s.ask("score", np.array([user])) for user in s.everybody])
    require(near(single, s.scores, rtol=1e-12, atol=1e-14), "score", "a batch scores otherwise than its people singly")
    backwards = s.ask("score", s.everybody[::-1])[::-1]
    require(near(backwards, s.scores, rtol=1e-12, atol=1e-14), "score", "the order of the people enters")


@promise
def history_is_what_the_person_has(s: Subject) -> None:
    for user in s.everybody:
        own = np.unique(s.graph.events.item[s.graph.events.user == user])
        require(np.array_equal(s.ask("history", int(user)), own), "history", f"person {user} has other items")
