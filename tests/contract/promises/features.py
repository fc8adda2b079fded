"""A model that explains by features: its lines sum to the score."""

from __future__ import annotations

from core.feature_score import ExplainsFeatures
from explain.explanation.features import explain_features
from tests.contract.promises.base import Subject, called, promise, require
from tests.contract.promises.parts import allowed


@promise
def lines_of_features_sum_to_the_score(s: Subject) -> None:
    if not isinstance(s.model, ExplainsFeatures):
        return
    for user in s.people[:3]:
        for item in range(0, s.graph.n_items, 3):
            explanation = called("feature_score", explain_features, s.model, s.graph, user, item)
            require(explanation is not None, "feature_score", "nothing is explained by features")
            score = float(s.scores[user, item])
            gap = abs(sum(part.value for part in explanation.parts) - score)
            require(gap <= allowed(score), "feature_score", f"the lines of item {item} miss {gap} of its score")
