"""How faithful explanations are: ours beside the usual methods, on LightGCN and the path model, with their speed.

People are drawn at random; the item is the first of their list. Every deletion and insertion is re-propagated.
GNNExplainer takes most of a minute an item, so it gets a few people of its own, on which ours is judged beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import clock, progress_lines, say
from benchmarks.record import Bar, Report, at_least, at_most
from benchmarks.worlds import MOVIELENS, NEWSROOM, fit_missing, workbench
from core.models.base import Recommender, get_model
from core.models.lightgcn import LightGCN
from core.threads import one_thread
from explain.explanation.edges import edge_parts
from explain.faithfulness.measures import judge, order_of
from explain.faithfulness.methods import CEILING, contrastive, exact
from explain.faithfulness.planted import recover
from explain.faithfulness.randomised import rank_correlation_with_random, spearman
from explain.faithfulness.run import LOW_IS_GOOD, Faithfulness, compare, questions
from explain.results.faithfulness import MEASURES, OURS
from explain.workspace.refits import validation_cut
from explain.workspace.workspace import Workspace

MODELS = ("lightgcn", "path", "path-strengths")
N_USERS, N_EVENTS, N_GNN_EXPLAINER = 120, 300, 3
TIMES = 20
NAMED = ("random", "popularity", "cosine", "Jaccard", "gradient × input")  # the methods that the bar is stated for


def run(home: Path | None, seed: int) -> Report:
    bench = workbench(home, MOVIELENS)
    fit_missing(bench, MOVIELENS, MODELS)
    loaded = bench.session.workspace(MOVIELENS)
    figures: dict[str, Any] = {}
    for name in MODELS:
        model = loaded.model(loaded.manifest(name))
        progress = progress_lines(f"judging {name}")
        result = compare(loaded.graph, model, n_users=N_USERS, seed=seed, progress=progress)
        rho = rank_correlation_with_random(loaded.graph, model, n_users=N_USERS, seed=seed)
        figures[name] = result.as_json() | {
            "randomised_rank_correlation": {"value": rho.value, "low": rho.low, "high": rho.high},
            "between_seeds_rank_correlation": _between_seeds(loaded, model, name, seed),
            "worse_than": worse_than(result),
        }
        say(markdown(result))
    figures["beside_gnn_explainer"] = _beside_gnn_explainer(loaded, seed)
    figures["planted"] = _planted(home, seed)
    notes = (
        "DEL, INS, POS@1: means over people of means over K = 1..5 items, all scores by true re-propagation.",
        (
            "beyond_ours: the method less our default form on the same people; worse_than: methods that beat "
            "it beyond the 95 % interval."
        ),
        (
            "gradient × edge is no usual method: it needs the score as a polynomial in its edges, as our own "
            "edge amounts do; it is listed all the same."
        ),
        "randomised: Spearman correlation with random vectors (LightGCN) or rewired links (path model).",
        (
            "planted co_readers: among twenty articles of the catalogue; the row below it, among all that the "
            "reader had, is far harder."
        ),
    )
    return Report("faithfulness", figures, bars(figures), notes)


def bars(figures: dict[str, Any]) -> tuple[Bar, ...]:
    result = [
        at_most(f"{name}: usual methods that beat our default form", _n_usual(figures[name]["worse_than"]), 0)
        for name in MODELS
    ]
    for name in MODELS:
        rows = {row["method"]: row for row in figures[name]["methods"]}
        for measure in MEASURES:
            gap = abs(rows[OURS[1]][measure] - rows[CEILING][measure])
            width = (rows[CEILING][f"{measure}_high"] - rows[CEILING][f"{measure}_low"]) / 2
            result.append(at_most(f"{name}: contrastive form and leave-one-out, distance of {measure}", gap, width))
    rho = figures["lightgcn"]["randomised_rank_correlation"]["value"]
    beside = figures["beside_gnn_explainer"]
    result += [
        at_most("LightGCN with random vectors: |rank correlation|", abs(rho), 0.1),
        at_least("history parts, times as fast as GNNExplainer", beside["parts_times_as_fast"], 10_000),
        at_least("exact edge attributions, times as fast as GNNExplainer", beside["edges_times_as_fast"], 20),
    ]
    best: dict[str, dict[str, Any]] = {}
    for row in figures["planted"]:
        if row["hit_1"] is not None:
            best.setdefault(row["cause"], row)
    for cause, row in best.items():
        result.append(at_least(f"planted {cause}: hit@3", row["hit_3"], 0.8))
        result.append(at_least(f"planted {cause}: hit@1 over chance", row["hit_1"] / row["chance_1"], 2))
    return tuple(result)


def _n_usual(beaten: list[str]) -> int:
    return sum(text.startswith(NAMED) for text in beaten)


def worse_than(result: Faithfulness) -> list[str]:
    """Methods other than ours and the ceiling that are better beyond the paired interval, with the measure."""
    beaten = []
    for row in result.methods:
        if row.method in (*OURS, CEILING):
            continue
        for measure in MEASURES:
            gap = row.beyond[measure]
            if (gap.high if LOW_IS_GOOD[measure] else -gap.low) < 0:
                beaten.append(f"{row.method}: {measure}")
    return beaten


def markdown(result: Faithfulness) -> str:
    """The table of the README."""
    head = f"| {result.model}, {result.n_users} people | DEL ↓ | INS ↑ | POS@1 ↓ | time |"
    lines = [head, "|---|---|---|---|---|"]
    for row in result.methods:
        cells = [f"{row.figures[m].value:.3f}" for m in MEASURES]
        took = f"{1e3 * row.seconds_p50:.2f} ms" if row.seconds_p50 < 1 else f"{row.seconds_p50:.1f} s"
        lines.append(f"| {row.method} | {' | '.join(cells)} | {took} |")
    return "\n".join(lines)


def _between_seeds(loaded: Workspace, model: Recommender, name: str, seed: int) -> float:
    """Mean rank correlation of the parts of the same first items when the model is learnt with another seed."""
    cut = validation_cut(loaded.graph, loaded.card, loaded.card.default_split, seed + 1)
    with one_thread():
        progress = progress_lines(f"{name}, other seed")
        other = get_model(name).fit(loaded.graph, holdout=cut, seed=seed + 1, progress=progress)
    sample, _ = questions(loaded.graph, model, N_USERS, seed)
    return float(np.mean([spearman(exact(q), other.parts(q.user, q.item).history) for q in sample]))


def _beside_gnn_explainer(loaded: Workspace, seed: int) -> dict[str, Any]:
    """The same items of the same LightGCN by our parts, our edges and GNNExplainer, one after the other."""
    from benchmarks.gnn_explainer import LightGCNExplainer

    model = loaded.model(loaded.manifest("lightgcn"))
    assert isinstance(model, LightGCN)
    sample, _ = questions(loaded.graph, model, N_GNN_EXPLAINER, seed)
    explainer = LightGCNExplainer(model, seed)
    rows = []
    with one_thread():
        exact(sample[0])
        for q in sample:
            times: dict[str, list[float]] = {"parts": [], "edges": []}
            for _ in range(TIMES):
                with clock() as took:
                    exact(q)
                times["parts"].append(took.wall_s)
            for _ in range(3):
                with clock() as took:
                    edges = edge_parts(model, q.user, q.item)
                times["edges"].append(took.wall_s)
            theirs = explainer.explain(q.user, q.item)
            judged = {
                "ours": judge(q, order_of(exact(q))),
                "contrastive": judge(q, order_of(contrastive(q))),
                "gnn_explainer": judge(q, order_of(theirs.history)),
            }
            rows.append(
                {
                    "user": str(loaded.graph.users.ids[q.user]),
                    "item": str(loaded.graph.items.ids[q.item]),
                    "parts_seconds": float(np.median(times["parts"])),
                    "edges_seconds": float(np.median(times["edges"])),
                    "gnn_explainer_seconds": theirs.seconds,
                    "edges_completeness_error": edges.completeness_error,
                    "POS@1": {k: v.kept_first for k, v in judged.items()},
                    "DEL": {k: v.deletion for k, v in judged.items()},
                    "INS": {k: v.insertion for k, v in judged.items()},
                }
            )
            say(
                f"  GNNExplainer {theirs.seconds:.1f} s, edges {rows[-1]['edges_seconds']:.3f} s, parts "
                f"{rows[-1]['parts_seconds']:.6f} s"
            )
    return {
        "pairs": rows,
        "parts_times_as_fast": float(np.median([r["gnn_explainer_seconds"] / r["parts_seconds"] for r in rows])),
        "edges_times_as_fast": float(np.median([r["gnn_explainer_seconds"] / r["edges_seconds"] for r in rows])),
    }


def _planted(home: Path | None, seed: int) -> list[dict[str, Any]]:
    bench = workbench(home, NEWSROOM)
    fit_missing(bench, NEWSROOM, ("path",))
    loaded = bench.session.workspace(NEWSROOM)
    model = loaded.model(loaded.manifest("path"))
    planted = recover(loaded.graph, model, bench.session.store.tables(NEWSROOM).events, n_events=N_EVENTS, seed=seed)
    return list(planted.as_json()["rows"])
