"""How good the lists are: the accuracy bars on MovieLens-100K (split random) and on Newsroom (split last).

Every model that the product has is measured; the path model is held against each LightGCN of the same run, the
strongest included. Each is fitted anew, in one process on one thread, on the training part alone; served snapshots are
never read. EASE stands beside them as an outside mark.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import ease
from benchmarks.measure import Clock, clock, progress_lines, say
from benchmarks.record import Bar, Report, above, at_least, at_most
from benchmarks.worlds import MOVIELENS, NEWSROOM, graph_of
from core.evaluation import Evaluation, evaluate
from core.graph import InteractionGraph
from core.intervals import DRAWS, percentile_interval, resampled_sums
from core.models.base import get_model, model_names
from core.ranking import rank_all
from core.threads import one_thread
from data.splits import Split, split
from data.tables import DataCard
from explain.workspace.refits import readability, validation_cut

K = 20
MOVIELENS_MODELS = ("path", "lightgcn", "lightgcn-softmax", "item-knn", "popularity")
NEWSROOM_MODELS = ("path", "item-knn", "popularity")
OTHER_SEEDS = (1, 2)
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


def run(home: Path | None, seed: int) -> Report:
    """Both tables, and the spread of the path model over seeds."""
    with one_thread():
        movielens, outside, spread = _movielens(home, seed)
        newsroom = _newsroom(home, seed)
    path = movielens["path"]
    figures = {
        "movielens-100k": {
            "split": "random",
            "k": K,
            "models": {name: r.as_json() for name, r in movielens.items()},
            "path_minus": {name: _differences(path, r) for name, r in movielens.items() if name != "path"},
            "ease": outside,
            "path_over_seeds": spread,
        },
        "newsroom": {
            "split": "last",
            "k": K,
            "models": {name: r.as_json() for name, r in newsroom.items()},
            "path_minus": {name: _differences(newsroom["path"], r) for name, r in newsroom.items() if name != "path"},
        },
    }
    notes = (
        "Intervals: 95 %, bootstrap over people. path_minus: paired over the same people.",
        (
            "fit: learning from the training part with its validation cut, one thread; wall_s grows where "
            "others use the machine."
        ),
        (
            "path_over_seeds: refit varies the validation cut and the search on the split of this run; resplit "
            "varies all three."
        ),
    )
    return Report("accuracy", figures, bars(movielens, newsroom), notes)


def bars(movielens: dict[str, Run], newsroom: dict[str, Run]) -> tuple[Bar, ...]:
    path, lightgcn = movielens["path"], movielens["lightgcn"]
    result = [
        at_least("MovieLens-100K: LightGCN Recall@20", lightgcn.value("recall@20"), 0.335),
        at_least("MovieLens-100K: path model Recall@20", path.value("recall@20"), 0.338),
        at_least("MovieLens-100K: path share of the path model", round(path.path_share, 9), 1.0),
        at_most("MovieLens-100K: gross/net of the path model", path.gross_net, 2.5),
        at_most("MovieLens-100K: seconds to fit the path model, one core", path.fit.wall_s, 20.0),
        at_most("MovieLens-100K: seconds to fit LightGCN, one core", lightgcn.fit.wall_s, 120.0),
    ]
    for name in (name for name in movielens if name.startswith("lightgcn")):
        reached, mark = path.value("recall@20"), movielens[name].value("recall@20")
        result.append(at_least(f"MovieLens-100K: path model beside {name} of this run, Recall@20", reached, mark))
    for floor in ("popularity", "item-knn"):
        for metric in ("recall@20", "ndcg@20"):
            name = f"Newsroom: path model above {floor}, {metric}"
            result.append(above(name, newsroom["path"].value(metric), newsroom[floor].value(metric)))
    return tuple(result)


def _movielens(home: Path | None, seed: int) -> tuple[dict[str, Run], dict[str, Any], dict[str, Any]]:
    graph, card = graph_of(home, MOVIELENS)
    parts = split(graph, "random", seed, card.positives)
    runs = {name: measure(parts, card, name, seed) for name in model_names()}
    refit = [measure(parts, card, "path", other) for other in OTHER_SEEDS]
    resplit = [measure(split(graph, "random", s, card.positives), card, "path", s) for s in OTHER_SEEDS]
    spread = {"refit": _spread([runs["path"], *refit], seed), "resplit": _spread([runs["path"], *resplit], seed)}
    return runs, _ease(parts, card, seed), spread


def _newsroom(home: Path | None, seed: int) -> dict[str, Run]:
    graph, card = graph_of(home, NEWSROOM)
    parts = split(graph, "last", seed, card.positives)
    return {name: measure(parts, card, name, seed) for name in NEWSROOM_MODELS}


def measure(parts: Split, card: DataCard, model: str, seed: int) -> Run:
    """Fit on the training part (validation cut of the same kind), list everybody's best K, measure."""
    graph: InteractionGraph = parts.train
    seen = graph.interactions
    with clock() as fit:
        cut = validation_cut(graph, card, parts.kind, seed)
        fitted = get_model(model).fit(graph, holdout=cut, seed=seed, progress=progress_lines(model))
    lists, _ = rank_all(fitted.score, graph.n_users, seen, K)
    evaluation = evaluate(lists, parts.test, training=seen, seed=seed)
    result = Run(evaluation, fit, *readability(fitted, lists), fitted.state().parameters)
    say(
        f"  {graph.name} {model}, seed {seed}: Recall@20 {result.value('recall@20'):.4f}, NDCG@20 "
        f"{result.value('ndcg@20'):.4f}, gross/net {result.gross_net:.2f}, {fit.wall_s:.1f} s "
        f"(processor {fit.cpu_s:.1f} s)"
    )
    return result


def _ease(parts: Split, card: DataCard, seed: int) -> dict[str, Any]:
    seen = parts.train.interactions
    with clock() as fit:
        ridge = ease.best_lambda(validation_cut(parts.train, card, parts.kind, seed), K)
        lists = ease.lists(seen, ridge, K)
    evaluation = evaluate(lists, parts.test, training=seen, seed=seed)
    say(f"  EASE, λ {ridge:g}: Recall@20 {evaluation.metrics['recall@20'].value:.4f}")
    metrics = {name: evaluation.metrics[name].as_json() for name in SHOWN}
    return {"lambda": ridge, "metrics": metrics, "fit": fit.as_json()}


def _differences(one: Run, other: Run) -> dict[str, dict[str, float]]:
    """Mean difference per person with a paired 95 % bootstrap interval."""
    differences = {}
    for metric in ("recall@20", "ndcg@20"):
        gap = one.evaluation.per_user[metric] - other.evaluation.per_user[metric]
        draws = resampled_sums(gap[:, None], DRAWS, np.random.default_rng(one.evaluation.seed)) / len(gap)
        low, high = percentile_interval(draws)
        differences[metric] = {"value": float(gap.mean()), "low": float(low[0]), "high": float(high[0])}
    return differences


def _spread(runs: list[Run], seed: int) -> dict[str, Any]:
    return {
        "seeds": [seed, *OTHER_SEEDS],
        "recall@20": [r.value("recall@20") for r in runs],
        "ndcg@20": [r.value("ndcg@20") for r in runs],
        "gross_net": [r.gross_net for r in runs],
        "fit_wall_s": [round(r.fit.wall_s, 2) for r in runs],
    }
