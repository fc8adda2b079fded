"""The path model with strengths against its strongest rivals, seed by seed and person by person, and whether two fits
of it give the same reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.measure import say
from benchmarks.record import Bar, above, at_least, at_most
from benchmarks.runs import Run, differences, measure, measured
from core.graph import InteractionGraph
from core.models._path_chains import CO_5
from core.models._path_search import search
from core.models._strength_training import learn
from core.models.base import Holdout, get_model
from core.models.path_strengths import PathStrengths
from core.progress import Progress, portion
from core.ranking import rank_all
from data.splits import Split, split
from data.tables import DataCard
from explain.faithfulness.randomised import spearman
from explain.workspace.refits import validation_cut

OTHER_SEEDS = (1, 2)
STRONG, RIVALS = "path-strengths", ("lightgcn-softmax", "ials", "ease")


def strong_bars(against: Mapping[str, Any], agreement: Mapping[str, float]) -> tuple[Bar, ...]:
    """Of the path model with strengths: seed by seed against each rival, the mean over seeds, and its reasons."""
    result = []
    for name in RIVALS:
        gaps = [against[seed][name]["ndcg@20"] for seed in against]
        least = min(gap["low"] for gap in gaps)
        result.append(
            above(f"MovieLens-100K: {STRONG} above {name}, NDCG@20, least end of the paired intervals", least, 0)
        )
        if name == "lightgcn-softmax":
            mean = float(np.mean([gap["value"] for gap in gaps]))
            result.append(at_least(f"MovieLens-100K: {STRONG} above {name}, mean NDCG@20 over seeds", mean, 0.006))
        recall = float(np.mean([against[seed][name]["recall@20"]["value"] for seed in against]))
        result.append(at_least(f"MovieLens-100K: {STRONG} above {name}, mean Recall@20 over seeds", recall, 0.0))
    result.append(at_least(f"MovieLens-100K: reasons of two fits of {STRONG} agree, ρ", agreement[STRONG], 0.9))
    return tuple(result)


def positive_bars(runs: Mapping[str, Run]) -> tuple[Bar, ...]:
    """Of the strengths without paths against, means over seeds."""

    def mean(values: Iterable[float]) -> float:
        return float(np.mean(list(values)))

    title = f"MovieLens-100K: {STRONG} without paths against"
    return (
        at_least(f"{title}, mean Recall@20", mean(run.value("recall@20") for run in runs.values()), 0.365),
        at_least(f"{title}, mean NDCG@20", mean(run.value("ndcg@20") for run in runs.values()), 0.442),
        at_most(f"{title}, gross/net", mean(run.gross_net for run in runs.values()), 1.0 + 1e-9),
    )


def positive_over_seeds(graph: InteractionGraph, card: DataCard, seed: int) -> dict[str, Run]:
    """The strengths where every walk speaks for its item, by seed."""
    runs = {}
    for s in (seed, *OTHER_SEEDS):
        parts = split(graph, "random", s, card.positives)
        runs[str(s)] = measured(parts, card, f"{STRONG}, all positive", _all_positive, s)
    return runs


def _all_positive(graph: InteractionGraph, *, holdout: Holdout, seed: int, progress: Progress) -> PathStrengths:
    """Searched as the path model is, then without the five hops that take off what people of broad taste have."""
    found = search(holdout, seed=seed, progress=portion(progress, 0.0, 0.3))
    learnt = learn(graph, found.without(CO_5), holdout, seed=seed, progress=portion(progress, 0.3, 1.0))
    return PathStrengths.build_with(graph, learnt.parameters, learnt.strengths, learnt.rounds)


def over_seeds(
    graph: InteractionGraph, card: DataCard, seed: int, first: Mapping[str, Run]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The path model's spread; the strengths against their rivals by seed; the strengths with ids alone by seed."""
    parts = split(graph, "random", seed, card.positives)
    refit = [first["path"], *(measure(parts, card, "path", other) for other in OTHER_SEEDS)]
    resplit, against, bare = [first["path"]], {str(seed): _against(first)}, {}
    for s in (seed, *OTHER_SEEDS):
        own = split(graph, "random", s, card.positives)
        if s != seed:
            runs = {name: measure(own, card, name, s) for name in ("path", STRONG, *RIVALS)}
            resplit.append(runs["path"])
            against[str(s)] = _against(runs)
        ids = split(ids_only(graph), "random", s, card.positives)
        bare[str(s)] = measure(ids, card, STRONG, s).as_json()
    return {"refit": _spread(refit, seed), "resplit": _spread(resplit, seed)}, against, bare


def _against(runs: Mapping[str, Run]) -> dict[str, Any]:
    own = {metric: runs[STRONG].value(metric) for metric in ("recall@20", "ndcg@20")}
    rivals = {name: {m: runs[name].value(m) for m in own} for name in RIVALS}
    gaps: dict[str, Any] = {name: differences(runs[STRONG], runs[name]) for name in RIVALS}
    return gaps | {"values": {STRONG: own, **rivals}, "gross_net": runs[STRONG].gross_net}


def ids_only(graph: InteractionGraph) -> InteractionGraph:
    """Who had what, and nothing else: every event weighs 1, without times, sittings and topics."""
    e, n = graph.events, len(graph.events)
    none = np.zeros(n, dtype=np.int64)
    events = replace(e, weight=np.ones(n), time=none, context=none - 1)
    return replace(graph, groups={}, memberships={}, events=events, published=None, withdrawn=None, moment=None)


def reasons_agree(parts: Split, card: DataCard, seeds: tuple[int, ...], n_people: int = 120) -> dict[str, float]:
    """How far two fits of one training part give the same reasons, by model."""
    agreement = {}
    users = np.sort(np.random.default_rng(0).choice(parts.train.n_users, n_people, replace=False))
    for name in ("path", STRONG):
        fits = [
            get_model(name).fit(parts.train, holdout=validation_cut(parts.train, card, parts.kind, s), seed=s)
            for s in seeds
        ]
        first, _ = rank_all(
            lambda rows, one=fits[0]: one.score(users[rows]), n_people, parts.train.interactions[users], 3
        )
        both = [
            [fit.parts(int(u), int(i)).history for fit in fits]
            for u, items in zip(users, first, strict=True)
            for i in items
        ]
        agreement[name] = float(np.median([spearman(one, other) for one, other in both if len(one) > 2]))
        say(f"  reasons of two fits of {name}: ρ {agreement[name]:.3f}")
    return agreement


def _spread(runs: list[Run], seed: int) -> dict[str, Any]:
    return {
        "seeds": [seed, *OTHER_SEEDS],
        "recall@20": [r.value("recall@20") for r in runs],
        "ndcg@20": [r.value("ndcg@20") for r in runs],
        "gross_net": [r.gross_net for r in runs],
        "fit_wall_s": [round(r.fit.wall_s, 2) for r in runs],
    }
