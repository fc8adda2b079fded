"""Whether what is shown is what the score is made of: every prepared workspace, every fitted model.

500 pairs each, half of them listed: parts, walks, the picture's flow and the edges must complete. 200 people lose a few
things of their history, and 40 listed items get their smallest change: each is compared with a model that is built
afresh from the edited table with the same parameters. Bars are counts of failures, so each must be 0.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import progress_lines, say
from benchmarks.record import Bar, Report, at_most
from core.models.base import Recommender, get_model
from core.ranking import rank_of
from core.snapshots import load
from explain.explanation.edges import edge_parts
from explain.results.explanation import Explanation
from explain.workbench.workbench import Workbench
from explain.workspace.workspace import Workspace

N_PAIRS, N_DELETIONS, N_FLIPS = 500, 200, 40
TOP, WALKS, MOST_REMOVED = 10, 20, 4
COUNTS = ("parts", "walks", "picture", "edges", "deletions", "flips")


def run(home: Path | None, seed: int) -> Report:
    bench = Workbench(home)
    figures: dict[str, Any] = {}
    bars: list[Bar] = []
    for prepared in bench.data.workspaces():
        models = sorted({info.model for info in bench.models.fitted(prepared.name)}) if prepared.ready else []
        for name in models:
            key = f"{prepared.name}, {name}"
            figures[key] = measured = _model(bench, prepared.name, name, seed)
            bars += [at_most(f"{key}: {what} that fail", measured[f"{what}_failed"], 0) for what in COUNTS]
            say(f"  {key}: {measured}")
    notes = (
        (
            "A sum agrees when it is within 1e-5 of the score, or within 1e-9 where the score is below 1e-6 "
            "(float64 throughout)."
        ),
        "A deletion agrees when every listed score is within 1e-9 of a fresh build's and every rank is the same.",
        "flips: verified ones that a fresh build does not confirm; verified and asked are counted beside them.",
    )
    return Report("exactness", figures, tuple(bars), notes)


def agrees(value: float, score: float) -> bool:
    """Equal to 1e-5 of the score, or to 1e-9 where the score is next to nothing."""
    return abs(value - score) <= (1e-9 if abs(score) < 1e-6 else 1e-5 * abs(score))


def _model(bench: Workbench, workspace: str, name: str, seed: int) -> dict[str, Any]:
    loaded = bench.session.workspace(workspace)
    model = loaded.model(loaded.manifest(name))
    rng = np.random.default_rng(seed)
    counts: dict[str, Any] = {"n_pairs": N_PAIRS}
    counts |= _pairs(bench, loaded, model, name, rng)
    counts |= _deletions(bench, loaded, model, name, rng)
    counts |= _flips(bench, loaded, model, name, rng)
    return counts


def _pairs(
    bench: Workbench, loaded: Workspace, model: Recommender, name: str, rng: np.random.Generator
) -> dict[str, Any]:
    failed = dict.fromkeys(COUNTS[:4], 0)
    worst = worst_edges = 0.0
    users, items = loaded.graph.users.ids, loaded.graph.items.ids
    progress = progress_lines(f"{loaded.name}, {name}: pairs")
    for n in range(N_PAIRS):
        user = int(rng.integers(loaded.graph.n_users))
        scores = model.score(np.array([user]))[0]
        item = _listed(model, user, scores, rng) if n % 2 else int(rng.integers(loaded.graph.n_items))
        why = bench.explain.why(loaded.name, name, str(items[item]), user=str(users[user]), paths=WALKS)
        failed["parts"] += not (parts_complete(why) and agrees(why.score, float(scores[item])))
        failed["walks"] += not walks_complete(why)
        failed["picture"] += not picture_adds_up(why)
        edges = edge_parts(model, user, item)
        added = math.fsum(float(a.sum()) for a in edges.amounts)
        failed["edges"] += not (agrees(added + edges.empty, edges.score) and agrees(edges.score, float(scores[item])))
        if abs(why.score) >= 1e-6:
            worst = max(worst, why.completeness_error)
            worst_edges = max(worst_edges, abs(added + edges.empty - edges.score) / abs(edges.score))
        progress((n + 1) / N_PAIRS, "")
    return {f"{what}_failed": count for what, count in failed.items()} | {
        "parts_worst_error": worst,
        "edges_worst_error": worst_edges,
    }


def _listed(model: Recommender, user: int, scores: NDArray[np.float64], rng: np.random.Generator) -> int:
    open_to = scores.copy()
    open_to[model.history(user)] = -np.inf
    return int(np.argsort(-open_to, kind="stable")[rng.integers(TOP)])


def parts_complete(why: Explanation) -> bool:
    """Whether the parts sum to the score and each part's relations to the part."""
    inner = all(abs(math.fsum(p.relations.values()) - p.value) <= 1e-9 * abs(p.value) + 1e-12 for p in why.parts)
    return inner and agrees(math.fsum(p.value for p in why.parts), why.score)


def walks_complete(why: Explanation) -> bool:
    """Whether what is shown and what is not are all there is, and each walk is the product of its hops."""
    products = all(
        abs(math.prod(h.weight for h in path.hops) - path.value) <= 1e-9 * abs(path.value) for path in why.paths
    )
    return products and abs(why.coverage + why.residual - 1) <= 1e-9


def picture_adds_up(why: Explanation) -> bool:
    """Whether what leaves the person and what enters the item is the score, and no node between keeps anything."""
    ends = {node.kind: node.key for node in why.nodes if node.kind in ("person", "target")}
    net: dict[str, float] = defaultdict(float)
    for bundle in why.bundles:
        amount = bundle.value_for - bundle.value_against
        net[bundle.source] -= amount
        net[bundle.target] += amount
    scale = max((abs(b.value_for - b.value_against) for b in why.bundles), default=0.0)
    inner = [abs(value) for key, value in net.items() if key not in ends.values()]
    return (
        agrees(net[ends["target"]], why.score)
        and agrees(-net[ends["person"]], why.score)
        and max(inner, default=0.0) <= 1e-9 * scale + 1e-12
    )


def _fresh(
    bench: Workbench, loaded: Workspace, name: str, user: int, gone: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Scores and history of a person in a model that is built from the edited table with the stored parameters."""
    events = loaded.graph.events
    edited = loaded.graph.with_events(events.take(~((events.user == user) & np.isin(events.item, gone))))
    _, state = load(bench.session.store.snapshots(loaded.name), loaded.manifest(name).snapshot)
    built = get_model(name).restore(edited, state)
    return built.score(np.array([user]))[0], built.history(user)


def _deletions(
    bench: Workbench, loaded: Workspace, model: Recommender, name: str, rng: np.random.Generator
) -> dict[str, Any]:
    users, items = loaded.graph.users.ids, loaded.graph.items
    able = np.flatnonzero(np.diff(loaded.graph.interactions.indptr) >= 3)
    failed = 0
    progress = progress_lines(f"{loaded.name}, {name}: deletions")
    for n in range(N_DELETIONS):
        user = int(rng.choice(able))
        own = model.history(user)
        gone = rng.choice(own, int(rng.integers(1, min(MOST_REMOVED + 1, len(own)))), replace=False)
        answer = bench.whatif.compare(
            loaded.name, name, user=str(users[user]), remove=[str(items.ids[i]) for i in gone]
        )
        scores, history = _fresh(bench, loaded, name, user, gone.tolist())
        for row in answer.after:
            item = items.index(row.item)
            if row.rank != rank_of(scores, item, history) or abs(row.score - scores[item]) > 1e-9 * abs(scores[item]):
                failed += 1
                break
        progress((n + 1) / N_DELETIONS, "")
    return {"n_deletions": N_DELETIONS, "deletions_failed": failed}


def _flips(
    bench: Workbench, loaded: Workspace, model: Recommender, name: str, rng: np.random.Generator
) -> dict[str, Any]:
    users, items = loaded.graph.users.ids, loaded.graph.items
    able = np.flatnonzero(np.diff(loaded.graph.interactions.indptr) >= 3)
    verified = failed = 0
    for _ in range(N_FLIPS):
        user = int(rng.choice(able))
        item = _listed(model, user, model.score(np.array([user]))[0], rng)
        answer = bench.whatif.flip(loaded.name, name, str(items.ids[item]), user=str(users[user]))
        if not (answer.found and answer.verified):
            continue
        verified += 1
        scores, history = _fresh(bench, loaded, name, user, [items.index(raw) for raw in answer.removed])
        rank = rank_of(scores, item, history)
        failed += not (rank == answer.new_rank and rank > TOP)
    return {"n_flips": N_FLIPS, "flips_verified": verified, "flips_failed": failed}
