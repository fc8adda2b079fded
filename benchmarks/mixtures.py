"""Mixtures beside their members, new items and people, the table for a device, and whether segments are found again.

MovieLens-100K, split `random`, everything learnt from the training part with its validation cut, one process, one
thread. A mixture is held against the best of its members person by person.
"""

from __future__ import annotations

import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import progress_lines, say
from benchmarks.record import Bar, Report, at_least, at_most
from benchmarks.runs import K, Run, differences, measure
from benchmarks.worlds import MOVIELENS, NEWSROOM, graph_of
from core.graph import InteractionGraph
from core.models.base import get_model, specs
from core.models.edge import Edge
from core.models.path import PathModel
from core.models.segments import Segments
from core.ranking import top_k
from core.threads import one_thread
from data.splits import split
from data.tables import DataCard
from explain.export.device_file import device_file
from explain.workspace.cold import cold_report, what_content_is_worth
from explain.workspace.refits import validation_cut
from explain.workspace.segments import agreement

BESIDE = ("sansa", "edge", "segments")
COLD = ("path", "gnn+content", "embedding-knn", "ials", "item-knn", "popularity")
SEEDS = (0, 1, 2)
N_ASKED = 300


def run(home: Path | None, seed: int) -> Report:
    """All four parts."""
    with one_thread():
        graph, card = graph_of(home, MOVIELENS)
        runs = _runs(graph, card, seed)
        mixed = {spec.name: spec.mixes for spec in specs() if spec.mixes}
        against = {name: _best_member(runs, name, members) for name, members in mixed.items()}
        reports = [cold_report(graph, card, name, seed=seed, k=K, progress=progress_lines(name)) for name in COLD]
        device = _device(graph, card, seed)
        stable = {name: _agreement(*graph_of(home, name)) for name in (MOVIELENS, NEWSROOM)}
    figures = {
        "models": {name: found.as_json() for name, found in runs.items()},
        "mixture_minus_best_member": against,
        "cold": {report.model: report.as_json() for report in reports},
        "what_content_is_worth": what_content_is_worth(reports),
        "device": device,
        "segments_found_again": stable,
    }
    notes = (
        "mixture_minus_best_member: paired over the same people; a mixture's weights are from the validation cut.",
        "cold: new items compete with new items alone; new people with all items; every model fitted anew for each.",
        "device: lists of everybody; latency of one request in onnxruntime, one thread.",
        "segments_found_again: least adjusted Rand index between any two of three seeds.",
    )
    return Report("mixtures", figures, _bars(reports, device, stable), notes)


def _bars(reports: list[Any], device: dict[str, Any], stable: dict[str, float]) -> tuple[Bar, ...]:
    best = [max(r.items[0].value for r in reports if r.content is content) for content in (True, False)]
    return (
        at_least(
            "MovieLens-100K: new items that nobody has, best with content over best without", best[0] / best[1], 1.3
        ),
        at_least("MovieLens-100K: overlap of the first 20 on a device", device["overlap"], 0.98),
        at_most("MovieLens-100K: milliseconds of one request on a device, p50", device["ms_p50"], 5.0),
        *(at_least(f"{name}: segments found again, adjusted Rand index", value, 0.8) for name, value in stable.items()),
    )


def _runs(graph: InteractionGraph, card: DataCard, seed: int) -> dict[str, Run]:
    parts = split(graph, "random", seed, card.positives)
    mixtures = [spec for spec in specs() if spec.mixes]
    names = dict.fromkeys([name for spec in mixtures for name in (*spec.mixes, spec.name)] + list(BESIDE))
    return {name: measure(parts, card, name, seed) for name in names}


def _best_member(runs: dict[str, Run], mixture: str, members: tuple[str, ...]) -> dict[str, Any]:
    best = max(members, key=lambda name: runs[name].value("ndcg@20"))
    learnt = runs[mixture].parameters
    return {
        "best_member": best,
        **differences(runs[mixture], runs[best]),
        "weights": learnt["weights"],
        "as_good_alone_on_validation": learnt["alone"],
    }


def _device(graph: InteractionGraph, card: DataCard, seed: int) -> dict[str, Any]:
    import onnxruntime

    path = PathModel.fit(graph, holdout=validation_cut(graph, card, "random", seed), seed=seed)
    model = Edge.of(path)
    users = np.arange(graph.n_users)
    lists = [top_k(m.score(users), K, graph.interactions)[0] for m in (path, model)]
    kept = [len(np.intersect1d(a, b)) / K for a, b in zip(*lists, strict=True)]
    content = device_file(model, graph.items.ids.tolist(), k=K, about={})
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    taken = []
    for user in users[:N_ASKED].tolist():
        items, weights = model.adjacency.row(user)
        started = time.perf_counter()
        session.run(None, {"items": items, "weights": weights.astype(np.float32)})
        taken.append(1e3 * (time.perf_counter() - started))
    say(f"  device: {len(content):,} bytes, overlap {np.mean(kept):.4f}, {np.median(taken):.2f} ms")
    return {
        "bytes": len(content),
        "neighbours": int(model.kernel.neighbours.shape[1]),
        "bits": 8 * model.kernel.amounts.dtype.itemsize,
        "overlap": float(np.mean(kept)),
        "ms_p50": float(np.median(taken)),
        "ms_p99": float(np.quantile(taken, 0.99)),
    }


def _agreement(graph: InteractionGraph, card: DataCard) -> float:
    kind = get_model(Segments.spec.name)
    cut = validation_cut(graph, card, card.default_split, 0, needed=False)
    models = [kind.fit(graph, holdout=cut, seed=seed) for seed in SEEDS]
    pairs = [agreement(a, b) for a, b in combinations(models, 2) if isinstance(a, Segments) and isinstance(b, Segments)]
    return float(min(value for value in pairs if value is not None))
