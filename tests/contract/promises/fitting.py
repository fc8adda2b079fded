"""Fits and what is stored of them: reproducible, blind to the order of rows, bit for bit the same when loaded."""

from __future__ import annotations

import json

import numpy as np

from core import snapshots
from core.models.base import ModelState
from explain.workspace.refits import validation_cut
from tests.contract.promises.base import Subject, called, promise, require
from tests.graphs import CARD, shuffled_rows


def same_state(one: ModelState, other: ModelState) -> bool:
    return (
        one.parameters == other.parameters
        and set(one.arrays) == set(other.arrays)
        and all(np.array_equal(value, other.arrays[name]) for name, value in one.arrays.items())
    )


@promise
def a_fit_is_reproducible_from_its_seed_and_blind_to_the_order_of_rows(s: Subject) -> None:
    for graph, what in ((s.graph, "a second fit with the same seed"), (shuffled_rows(s.graph, 4), "the order of rows")):
        again = s.fit(graph)
        require(same_state(again.state(), s.ask("state")), "fit", f"{what} gives another model")
        scores = called("score", again.score, s.everybody)
        require(np.array_equal(scores, s.scores), "fit", f"{what} gives other scores")


@promise
def a_state_is_what_it_says(s: Subject) -> None:
    """Parameters are plain JSON, so that an auditor can read them; learnt numbers that are many stand in the arrays."""
    state = s.ask("state")
    plain = called("state", lambda: json.loads(json.dumps(state.parameters, allow_nan=False)))
    require(plain == state.parameters, "state", "its parameters are not plain JSON")
    learnt = any(array.dtype.kind == "f" for array in state.arrays.values())
    require(learnt == s.kind.spec.learnt_vectors, "spec.learnt_vectors", f"learnt arrays: {learnt}")


@promise
def a_stored_model_scores_bit_for_bit_as_before(s: Subject) -> None:
    state = s.ask("state")
    stored = snapshots.save(
        s.folder,
        model=s.kind.spec.name,
        state=state,
        fingerprint=s.graph.fingerprint,
        seed=s.seed,
        seconds=0.1,
        metrics={},
    )
    manifest, loaded = snapshots.load(s.folder, stored.snapshot)
    require(manifest == stored and same_state(loaded, state), "state", "it is not what was stored")
    restored = called("restore", s.kind.restore, s.graph, loaded)
    require(np.array_equal(called("score", restored.score, s.everybody), s.scores), "restore", "scores are other ones")


@promise
def metrics_of_the_validation_cut_are_shares(s: Subject) -> None:
    metrics = s.ask("validation_metrics", validation_cut(s.graph, CARD, "last", s.seed))
    require(set(metrics) <= {"validation_recall@20", "validation_ndcg@20"}, "validation_metrics", f"{sorted(metrics)}")
    require(all(0.0 <= value <= 1.0 for value in metrics.values()), "validation_metrics", "a metric is no share")
