"""Lists of now: the path model with time beside the floors of a moment, each event predicted as of its hour; and what a
step from one moment to the next costs as events grow.

Newsroom is read from the state folder. `--deskdrop FOLDER` names a folder with Deskdrop's `users_interactions.csv.zip`
(a real news log, never copied here). All parameters come from before the window; half-lives of the floor too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.measure import clock, each_ms, percentiles, say
from benchmarks.planted_now import N_SEEDS, planted_bias
from benchmarks.record import Bar, Report, at_least, at_most
from benchmarks.synthetic import power_law_graph
from core.errors import NotReadyError
from core.graph import InteractionGraph
from core.live import DAY_S, LiveRun, live_metrics, replay
from core.models._path_chains import CO_3, GROUP_CHAINS, TREND, PathParameters, Relation
from core.models.base import Holdout, Recommender, get_model
from core.models.path import PathModel
from core.ranking import rank_all
from core.threads import one_thread
from data.builder import build_graph
from data.splits import holdout, split
from data.tables import DataCard, Tables
from data.validation import validate
from explain.workbench.workbench import Workbench
from explain.workspace.refits import readability

SLOWER = ("movielens-100k", "complete-journey")
FLOORS = ("trending", "newest", "popularity", "item-knn")
K, SIZES = 20, (100_000, 160_000, 1_000_000)
HOUR_S = 3_600
DESKDROP_WEIGHTS = {"VIEW": 1.0, "LIKE": 2.0, "BOOKMARK": 2.0, "FOLLOW": 3.0, "COMMENT CREATED": 3.0}
TIMED = PathParameters(
    0.0,
    1.0,
    {
        CO_3: Relation(1.0, 0.85, 0.8, 0.25, reach_life=12.0 * HOUR_S),
        TREND: Relation(0.5, 0.0, 0.0, 0.0, reach_life=6.0 * HOUR_S),
        GROUP_CHAINS["topic"]: Relation(1.0, 0.3, 1.0, -0.5, reach_life=6.0 * HOUR_S),
    },
    person=0.5,
)


def run(home: Path | None, seed: int, deskdrop: Path | None = None, sizes: Sequence[int] = SIZES) -> Report:
    """Raises NotReadyError before Newsroom is prepared."""
    graph, kinds = _newsroom(home)
    figures: dict[str, Any] = {"newsroom": _log(graph, kinds, seed)}
    bars = [*_bars("Newsroom", figures["newsroom"], 1.10, 1.15), _age_bar(figures["newsroom"])]
    if deskdrop is not None:
        graph, kinds = _deskdrop(deskdrop)
        figures["deskdrop"] = _log(graph, kinds, seed)
        bars += _bars("Deskdrop", figures["deskdrop"], 1.03, 1.08)
    figures["steps"] = [_steps(size, seed) for size in sizes]
    usual = next((row for row in figures["steps"] if row["n_events"] > 140_000), figures["steps"][-1])
    for name in SLOWER:
        if (graph_of := _prepared(home, name)) is not None:
            figures[name] = _log(*graph_of, seed, DAY_S)
    figures["planted"] = planted_bias(seed)
    lower = figures["planted"]["n_intervals_apart"]
    bars.append(at_least(f"Planted author bias found with its sign, of {N_SEEDS} seeds", lower, N_SEEDS))
    bars.append(at_most("One list at a moment, ms at 160,000 events", usual["list"]["p50_ms"], 5.0))
    bars.append(at_most("A step of an hour, ms at 160,000 events", usual["step"]["p50_ms"], 50.0))
    notes = (
        "recall@20 and ndcg@20: per event, an event's item in the person's list of the hour before it; intervals over "
        "people.",
        "path, without time: the same search on the same cut with one list for all of it.",
        "movielens-100k and complete-journey: lists move on once a day, in all others once an hour.",
        "step: a graph, its decayed edges and the model at a moment an hour later, from nothing but the events.",
    )
    return Report("living", figures, tuple(bars), notes)


def _prepared(home: Path | None, name: str) -> tuple[InteractionGraph, tuple[str, ...]] | None:
    """A workspace of the state folder, where it is prepared."""
    try:
        loaded = Workbench(home).session.workspace(name)
    except NotReadyError:
        say(f"  {name} is not prepared in this state folder, so it is not measured")
        return None
    return loaded.graph, loaded.card.positives


def _newsroom(home: Path | None) -> tuple[InteractionGraph, tuple[str, ...]]:
    loaded = Workbench(home).session.workspace("newsroom")
    if not loaded.graph.timed:
        raise NotReadyError("Newsroom has no times in this state folder: prepare it again.", "prepare")
    return loaded.graph, loaded.card.positives


def _deskdrop(folder: Path) -> tuple[InteractionGraph, tuple[str, ...]]:
    """Items begin with their first event; nothing else is known of them."""
    columns = {"timestamp": "time", "contentId": "item", "personId": "user", "eventType": "event"}
    texts = {"contentId": "str", "personId": "str"}
    events = pd.read_csv(folder / "users_interactions.csv.zip", usecols=list(columns), dtype=texts)
    events = events.rename(columns=columns).assign(value=1.0, context=None)
    card = DataCard("deskdrop", "Deskdrop", "", "", "", DESKDROP_WEIGHTS, tuple(DESKDROP_WEIGHTS))
    users = pd.DataFrame({"user": [], "label": []}, dtype="str")
    items = pd.DataFrame({"item": [], "label": []}, dtype="str")
    groups = {
        kind: pd.DataFrame({"item": [], kind: [], "label": [], "weight": []}).astype({"weight": float})
        for kind in ("topic", "creator")
    }
    tables = Tables(card, events, users, items, groups["topic"], groups["creator"])
    return build_graph(validate(tables)[0]), card.positives


def _log(graph: InteractionGraph, kinds: tuple[str, ...], seed: int, refresh: int = HOUR_S) -> dict[str, Any]:
    """Every model on the last tenth of a log, learnt from what lies before; lists move on every `refresh` seconds."""
    cut = split(graph, "live", seed, kinds)
    inner = holdout(cut.train, "live", seed, kinds)
    assert cut.window is not None
    assert inner.window is not None
    window = replace(cut.window, refresh=refresh)
    with_time = Holdout(inner.train, inner.test, replace(inner.window, refresh=refresh))
    rows: dict[str, Any] = {}
    for name, model, given in (
        ("path", PathModel, with_time),
        ("path, without time", PathModel, Holdout(inner.train, inner.test)),
        *((floor, get_model(floor), with_time) for floor in FLOORS),
    ):
        with one_thread(), clock() as fit:
            fitted: Recommender = model.fit(cut.train, holdout=given, seed=seed)
        with one_thread(), clock() as played:
            run = replay(window, fitted.at, K)
        rows[name] = _row(run) | {"fit": fit.as_json(), "replay": played.as_json(), "state": fitted.state().parameters}
        if name == "path":
            train = cut.train
            lists, _ = rank_all(fitted.score, train.n_users, train.interactions, K, closed=train.closed)
            share, ratio = readability(fitted, lists)
            rows[name] |= {"path_share": share, "gross_net": ratio}
        say(f"  {graph.name}, {name}: {rows[name]['recall@20']['value']:.4f} {rows[name]['ndcg@20']['value']:.4f}")
    return {"n_events": len(graph.events), "n_test_events": len(run.user), "n_moments": run.n_moments, "models": rows}


def _row(run: LiveRun) -> dict[str, Any]:
    metrics = {name: metric.as_json() for name, metric in live_metrics(run, (K,)).items()}
    return metrics | {
        "median_age_listed_days": float(np.nanmedian(run.listed_age)) / DAY_S,
        "median_age_read_days": float(np.median(run.read_age)) / DAY_S,
        "share_new_to_everybody": float(run.listed_new.mean()),
    }


def _bars(title: str, figures: dict[str, Any], recall: float, ndcg: float) -> tuple[Bar, ...]:
    """Against the floor that is best in each of the two."""
    rows = figures["models"]

    def over(metric: str) -> float:
        best = max(rows[floor][metric]["value"] for floor in FLOORS)
        return float(rows["path"][metric]["value"] / best)

    return (
        at_least(f"{title}, Recall@20 of the path model over the best floor", over("recall@20"), recall),
        at_least(f"{title}, NDCG@20 of the path model over the best floor", over("ndcg@20"), ndcg),
    )


def _age_bar(figures: dict[str, Any]) -> Bar:
    row = figures["models"]["path"]
    ratio = row["median_age_listed_days"] / row["median_age_read_days"]
    return at_least("Newsroom, median age of what is listed over that of what is read", ratio, 0.5)


def _steps(n_events: int, seed: int) -> dict[str, Any]:
    """Hours of a synthetic log, one after another."""
    rng = np.random.default_rng(seed)
    graph = power_law_graph(n_events, rng)
    model = PathModel.build(graph, TIMED)
    end, people = graph.now, rng.integers(0, graph.n_users, 8)
    graph.at(end // 2)
    steps, lists = [], []
    with one_thread():
        for n in range(12):
            moment = end // 2 + n * max(1, len(graph.events) // 1_500)
            steps += each_ms(lambda at: model.at(graph.at(at)), [moment])
            standing = model.at(graph.at(moment))
            standing.score(people[:1])
            lists += each_ms(lambda user, now=standing: now.score(np.array([user])), people.tolist())
    return {"n_events": len(graph.events), "step": percentiles(steps), "list": percentiles(lists)}
