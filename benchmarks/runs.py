"""One model learnt from a training part and measured on the rest, and two of them held against each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.measure import Clock, clock, progress_lines, say
from core.evaluation import Evaluation, evaluate
from core.graph import InteractionGraph
from core.models.base import Recommender, get_model
from core.paired import PerPerson, paired_differences
from core.ranking import rank_all
from data.splits import Split
from data.tables import DataCard
from explain.workspace.refits import readability, validation_cut

K = 20
SHOWN = ("recall@20", "ndcg@20", "recall@10", "ndcg@10", "mrr@20", "hit@20", "coverage@20", "novelty@20")


@dataclass(frozen=True)
class Run:
    """One model, learnt from a training part and measured on the rest."""

    evaluation: Evaluation
    fit: Clock
    path_share: float
    gross_net: float
    parameters: dict[str, Any]

    def value(self, metric: str) -> float:
        return self.evaluation.metrics[metric].value

    def as_json(self) -> dict[str, Any]:
        return {
            "metrics": {name: self.evaluation.metrics[name].as_json() for name in SHOWN},
            "n_people": self.evaluation.n_users,
            "path_share": self.path_share,
            "gross_net": self.gross_net,
            "fit": self.fit.as_json(),
            "parameters": self.parameters,
        }


def measure(parts: Split, card: DataCard, model: str, seed: int) -> Run:
    """Fit on the training part (validation cut of the same kind), list everybody's best K, measure."""
    return measured(parts, card, model, get_model(model).fit, seed)


def measured(parts: Split, card: DataCard, model: str, fits: Callable[..., Recommender], seed: int) -> Run:
    """The same of a way of fitting: called as `Recommender.fit` is."""
    graph: InteractionGraph = parts.train
    seen = graph.interactions
    with clock() as fit:
        cut = validation_cut(graph, card, parts.kind, seed)
        fitted = fits(graph, holdout=cut, seed=seed, progress=progress_lines(model))
    lists, _ = rank_all(fitted.score, graph.n_users, seen, K)
    evaluation = evaluate(lists, parts.test, training=seen, seed=seed)
    result = Run(evaluation, fit, *readability(fitted, lists), fitted.state().parameters)
    say(
        f"  {graph.name} {model}, seed {seed}: Recall@20 {result.value('recall@20'):.4f}, NDCG@20 "
        f"{result.value('ndcg@20'):.4f}, gross/net {result.gross_net:.2f}, {fit.wall_s:.1f} s "
        f"(processor {fit.cpu_s:.1f} s)"
    )
    return result


def differences(one: Run, other: Run) -> dict[str, dict[str, float]]:
    """Mean difference per person with a paired 95 % bootstrap interval."""
    people = (PerPerson.of(run.evaluation, K) for run in (one, other))
    return {name: gap.as_json() for name, gap in paired_differences(*people, seed=one.evaluation.seed).items()}
