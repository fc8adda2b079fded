"""The score as a polynomial in its edges: what every single edge carries sums to the score less that of the empty
graph."""

from __future__ import annotations

from explain.explanation.edges import edge_parts
from tests.contract.promises.base import Subject, called, near, promise, require
from tests.contract.promises.parts import allowed


@promise
def edge_amounts_are_the_score_less_that_of_the_empty_graph(s: Subject) -> None:
    for user in s.everybody.tolist():
        for item in range(0, s.graph.n_items, 3):
            edges, score = called("edge_score", edge_parts, s.model, user, item), float(s.scores[user, item])
            whole = near(edges.score, score, rtol=1e-6)
            require(whole, "edge_score", f"with all edges it is {edges.score}, not {score}")
            total = sum(float(a.sum()) for a in edges.amounts)
            gap = abs(total - (edges.score - edges.empty))
            require(gap <= allowed(score), "edge_score", f"its degree is too low: edges miss {gap} of the score")


@promise
def without_edges_only_constants_are_left(s: Subject) -> None:
    """Where all of them are alike for everybody; what a model keeps of a person is itself passed on along edges."""
    if set(s.kind.spec.constants) != s.alike:
        return
    for user in s.everybody.tolist()[::2]:
        for item in range(0, s.graph.n_items, 3):
            left = called("edge_score", edge_parts, s.model, user, item).empty
            constants = s.ask("constants", user, item).items()
            expected = sum(value for kind, value in constants if kind not in s.observed)
            require(near(left, expected), "edge_score", f"without any edge it is {left}, not {expected}")
