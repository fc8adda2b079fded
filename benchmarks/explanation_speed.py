"""How long an answer to "why?" takes on MovieLens-100K, beside PyG's GNNExplainer on the same LightGCN.

The models are served snapshots on the full data, loaded once before the clock starts. Walks are those of listed pairs:
people are drawn at random, and of each person's best ten one item at random.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.growth import PARAMETERS
from benchmarks.measure import clock, each_ms, percentiles, say
from benchmarks.record import Bar, Report, at_least, at_most
from benchmarks.synthetic import power_law_graph
from benchmarks.worlds import MOVIELENS, fit_missing, workbench
from core.models.base import Recommender
from core.models.lightgcn import LightGCN
from core.models.path import PathModel
from core.ranking import NO_ITEM, top_k
from core.threads import one_thread
from explain.explanation.walks import best_walks, lanes_of, rest_of
from explain.export.explanations_table import write_explanations
from explain.workbench.workbench import Workbench
from explain.workspace.workspace import Workspace

MODELS = ("path", "path-strengths", "lightgcn")
N_PAIRS, N_WHOLE, N_WALKS, TOP = 400, 100, 20, 10
N_GNN_EXPLAINER_PAIRS = 3
NEWCOMER_TITLES, N_EVERYBODY = 5, 1_000

Pair = tuple[int, int]


def run(home: Path | None, seed: int) -> Report:
    bench = workbench(home, MOVIELENS)
    fit_missing(bench, MOVIELENS, MODELS)
    workspace = bench.session.workspace(MOVIELENS)
    figures: dict[str, Any] = {}
    with one_thread():
        for name in MODELS:
            figures[name] = _answers(bench, workspace, name, np.random.default_rng(seed))
        figures["everybody"] = _everybody(seed)
        figures["beside_gnn_explainer"] = _beside_gnn_explainer(workspace, seed)
    notes = (
        "parts: every term of one score by history item. walks: the 20 best single walks, search and set-up; "
        "with_rest: the same and the independent sum and count of all others. why: the whole answer of the workbench.",
        (
            "gnn_explainer: default settings (100 epochs), the same embeddings and edges, one call a pair; "
            "times are side by side."
        ),
    )
    return Report("explanation_speed", figures, bars(figures), notes)


def bars(figures: dict[str, Any]) -> tuple[Bar, ...]:
    own = [
        bar
        for name in ("path", "path-strengths")
        for bar in (
            at_most(f"MovieLens-100K, {name}: parts of one score, p50 in ms", figures[name]["parts"]["p50_ms"], 1.0),
            at_most(f"MovieLens-100K, {name}: 20 best walks, p95 in ms", figures[name]["walks"]["p95_ms"], 30.0),
        )
    ]
    return (
        *own,
        at_least(
            "explain-all at the size of MovieLens-1M, explanations a minute", figures["everybody"]["per_minute"], 20_000
        ),
    )


def _answers(bench: Workbench, workspace: Workspace, name: str, rng: np.random.Generator) -> dict[str, Any]:
    model = workspace.model(workspace.manifest(name))
    pairs = listed_pairs(model, workspace.graph.n_users, N_PAIRS, rng)
    warm, few = pairs[:10], pairs[:N_WHOLE]
    users, items = workspace.graph.users.ids, workspace.graph.items.ids

    def parts(pair: Pair) -> None:
        model.parts(*pair)

    def walks(pair: Pair) -> None:
        best_walks(lanes_of(model.walks(*pair)), N_WALKS)

    def walks_and_rest(pair: Pair) -> None:
        lanes = lanes_of(model.walks(*pair))
        rest_of(lanes, best_walks(lanes, N_WALKS))

    def why(pair: Pair) -> None:
        bench.explain.why(MOVIELENS, name, str(items[pair[1]]), user=str(users[pair[0]]), paths=N_WALKS)

    def recommend(pair: Pair) -> None:
        bench.explain.recommend(MOVIELENS, name, user=str(users[pair[0]]), k=TOP)

    def newcomer(titles: list[str]) -> None:
        bench.explain.recommend(MOVIELENS, name, history=titles, k=TOP)

    works = {
        "parts": (parts, pairs),
        "walks": (walks, pairs),
        "walks_with_rest": (walks_and_rest, pairs),
        "why": (why, few),
        "recommend": (recommend, few),
    }
    times: dict[str, Any] = {}
    for key, (work, chosen) in works.items():
        each_ms(work, warm)
        times[key] = percentiles(each_ms(work, chosen))
    picks = [[str(raw) for raw in rng.choice(items, NEWCOMER_TITLES, replace=False)] for _ in range(N_WHOLE)]
    each_ms(newcomer, picks[:3])
    times["recommend_to_newcomer"] = percentiles(each_ms(newcomer, picks))
    say(f"  {name}: " + ", ".join(f"{key} {t['p50_ms']:.2f}/{t['p95_ms']:.2f} ms" for key, t in times.items()))
    return times


def _everybody(seed: int) -> dict[str, Any]:
    """Parts of listed items to Parquet on a synthetic graph of MovieLens-1M's size (6,040 people, 3,706 items, 1M
    edges).
    """
    rng = np.random.default_rng(seed)
    graph = power_law_graph(1_000_000, rng, n_users=6_040, n_items=3_706)
    model = PathModel.build(graph, PARAMETERS)
    users = rng.choice(graph.n_users, N_EVERYBODY, replace=False)
    lists = np.full((graph.n_users, TOP), NO_ITEM, dtype=np.int64)
    for user in users.tolist():
        scores = model.score(np.array([user]))
        scores[0, model.history(user)] = -np.inf
        lists[user] = top_k(scores, TOP)[0][0]
    with tempfile.TemporaryDirectory() as folder, clock() as taken:
        n = write_explanations(graph, model, lists, Path(folder) / "all.parquet")
    say(f"  everybody: {n:,} explanations in {taken.wall_s:.1f} s")
    return {
        "n_edges": len(graph.events),
        "n_explanations": n,
        "seconds": taken.wall_s,
        "per_minute": 60 * n / taken.wall_s,
    }


def listed_pairs(model: Recommender, n_users: int, n: int, rng: np.random.Generator) -> list[Pair]:
    """A person and one of the best ten items that they lack, for n people drawn at random (with replacement)."""
    pairs: list[Pair] = []
    for user in rng.integers(n_users, size=n).tolist():
        scores = model.score(np.array([user]))
        scores[0, model.history(user)] = -np.inf
        items, values = top_k(scores, TOP)
        place = int(rng.integers(np.count_nonzero(np.isfinite(values[0]))))
        pairs.append((user, int(items[0, place])))
    return pairs


def _beside_gnn_explainer(workspace: Workspace, seed: int) -> dict[str, Any]:
    """The same pairs of the same model by both, one after the other."""
    from benchmarks.gnn_explainer import LightGCNExplainer

    model = workspace.model(workspace.manifest("lightgcn"))
    assert isinstance(model, LightGCN)
    pairs = listed_pairs(model, workspace.graph.n_users, N_GNN_EXPLAINER_PAIRS, np.random.default_rng(seed))
    explainer = LightGCNExplainer(model, seed)
    rows = []
    for user, item in pairs:
        ours = percentiles(each_ms(lambda pair: model.parts(*pair), [(user, item)] * 20))["p50_ms"]
        theirs = explainer.explain(user, item)
        score = float(model.score(np.array([user]))[0, item])
        rows.append(
            {
                "user": str(workspace.graph.users.ids[user]),
                "item": str(workspace.graph.items.ids[item]),
                "parts_ms": ours,
                "gnn_explainer_ms": 1e3 * theirs.seconds,
                "times_as_long": 1e3 * theirs.seconds / ours,
                "same_score_error": abs(theirs.score - score) / abs(score),
                "rank_correlation_with_exact_parts": theirs.rank_correlation,
            }
        )
        say(f"  GNNExplainer: {theirs.seconds:.1f} s, our parts: {ours:.3f} ms")
    return {
        "pairs": rows,
        "parts_p50_ms": _median(rows, "parts_ms"),
        "gnn_explainer_p50_ms": _median(rows, "gnn_explainer_ms"),
        "times_as_long_p50": _median(rows, "times_as_long"),
    }


def _median(rows: Sequence[dict[str, Any]], key: str) -> float:
    return float(np.median([row[key] for row in rows]))
