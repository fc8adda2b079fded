"""How good the lists are: the accuracy bars on MovieLens-100K (split random) and on Newsroom (split last).

Every model that the product has is measured (mixtures of them in `mixtures`), parameters of all from the validation
cut; the path model with strengths is held against the strongest rivals of the same run, seed by seed and person by
person. Each is fitted anew, in one process on one thread, on the training part alone; served snapshots are never read.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.record import Bar, Report, above, at_least, at_most
from benchmarks.runs import K, Run, differences, measure
from benchmarks.strengths import (
    OTHER_SEEDS,
    STRONG,
    over_seeds,
    positive_bars,
    positive_over_seeds,
    reasons_agree,
    strong_bars,
)
from benchmarks.worlds import MOVIELENS, NEWSROOM, graph_of
from core.graph import InteractionGraph
from core.models.base import get_model, model_names
from core.threads import one_thread
from data.splits import split
from data.tables import DataCard

NEWSROOM_MODELS = ("path", "item-knn", "popularity")


def run(home: Path | None, seed: int) -> Report:
    """Both tables, and the spread of the path model over seeds."""
    with one_thread():
        graph, card = graph_of(home, MOVIELENS)
        movielens = _movielens(graph, card, seed)
        spread, against, bare = over_seeds(graph, card, seed, movielens)
        positive = positive_over_seeds(graph, card, seed)
        agreement = reasons_agree(split(graph, "random", seed, card.positives), card, (seed, *OTHER_SEEDS[:1]))
        newsroom = _newsroom(home, seed)
    path = movielens["path"]
    figures = {
        "movielens-100k": {
            "split": "random",
            "k": K,
            "models": {name: r.as_json() for name, r in movielens.items()},
            "path_minus": {name: differences(path, r) for name, r in movielens.items() if name != "path"},
            "path_over_seeds": spread,
            f"{STRONG}_minus": against,
            f"{STRONG}_ids_only": bare,
            f"{STRONG}_all_positive": {s: run.as_json() for s, run in positive.items()},
            "reasons_of_two_fits": agreement,
        },
        "newsroom": {
            "split": "last",
            "k": K,
            "models": {name: r.as_json() for name, r in newsroom.items()},
            "path_minus": {name: differences(newsroom["path"], r) for name, r in newsroom.items() if name != "path"},
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
        f"{STRONG}_minus: on the split of each seed. ids_only: the same without ratings, topics, times and sittings. "
        "all_positive: without the five hops that speak against.",
        "reasons_of_two_fits: Spearman's ρ of the history parts of the first items of 120 people between two fits of "
        "one training part (cut and search by other seeds), median over pairs.",
    )
    own = (*strong_bars(against, agreement), *positive_bars(positive))
    return Report("accuracy", figures, (*bars(movielens, newsroom), *own), notes)


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


def _movielens(graph: InteractionGraph, card: DataCard, seed: int) -> dict[str, Run]:
    parts = split(graph, "random", seed, card.positives)
    return {name: measure(parts, card, name, seed) for name in model_names() if not get_model(name).spec.mixes}


def _newsroom(home: Path | None, seed: int) -> dict[str, Run]:
    graph, card = graph_of(home, NEWSROOM)
    parts = split(graph, "last", seed, card.positives)
    return {name: measure(parts, card, name, seed) for name in NEWSROOM_MODELS}
