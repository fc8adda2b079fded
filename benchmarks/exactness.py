"""Whether what is shown is what the score is made of: every prepared workspace, every fitted model.

500 pairs each, half of them listed: parts, walks, the picture's flow and the edges must complete. 200 people lose a few
things of their history, and 40 listed items get their smallest change: each is compared with a model that is built
afresh from the edited table with the same parameters. Where lists are of a moment, the same of N_MOMENTS random moments
of the data's second half. Bars are counts of failures, so each must be 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.completeness import agrees, parts_complete, picture_adds_up, walks_complete
from benchmarks.measure import say
from benchmarks.record import Bar, Report, at_most
from core.models.base import Recommender, get_model
from core.ranking import rank_of
from core.snapshots import load
from explain.explanation.edges import edge_parts
from explain.workbench.workbench import Workbench
from explain.workspace.workspace import Workspace

N_PAIRS, N_DELETIONS, N_FLIPS = 500, 200, 40
TOP, WALKS, MOST_REMOVED = 10, 20, 4
N_MOMENTS, MOMENT_PAIRS, MOMENT_DELETIONS, MOMENT_FLIPS = 20, 200, 10, 2
OF_MOMENTS = ("path", "path-strengths")
COUNTS = ("parts", "walks", "picture", "edges", "deletions", "flips")


def run(home: Path | None, seed: int) -> Report:
    bench = Workbench(home)
    figures: dict[str, Any] = {}
    bars: list[Bar] = []
    for prepared in bench.data.workspaces():
        models = sorted({info.model for info in bench.models.fitted(prepared.name)}) if prepared.ready else []
        for name in models:
            key = f"{prepared.name}, {name}"
            cases = {key: _model(bench, prepared.name, name, seed)}
            if name in OF_MOMENTS and (span := bench.over_time.span(prepared.name)) is not None:
                cases[f"{key}, at {N_MOMENTS} moments"] = _at_moments(bench, prepared.name, name, span, seed)
            for case, measured in cases.items():
                bars += [at_most(f"{case}: {what} that fail", measured[f"{what}_failed"], 0) for what in COUNTS]
                say(f"  {case}: {measured}")
            figures |= cases
    notes = (
        (
            "A sum agrees when it is within 1e-5 of the score, or within 1e-9 where the score is below 1e-6 "
            "(float64 throughout)."
        ),
        "A deletion agrees when every listed score is within 1e-9 of a fresh build's and every rank is the same.",
        "flips: verified ones that a fresh build does not confirm; verified and asked are counted beside them.",
    )
    return Report("exactness", figures, tuple(bars), notes)


@dataclass(frozen=True)
class Case:
    """A model of a workspace, at a moment or with all of its data."""

    bench: Workbench
    loaded: Workspace
    name: str
    rng: np.random.Generator

    @property
    def model(self) -> Recommender:
        return self.loaded.model(self.loaded.manifest(self.name))

    def out(self, history: NDArray[np.int64]) -> NDArray[np.int64]:
        """Positions that are no candidates for somebody with this history."""
        return np.union1d(history, self.loaded.graph.closed)


def _model(bench: Workbench, workspace: str, name: str, seed: int) -> dict[str, Any]:
    case = Case(bench, bench.session.workspace(workspace), name, np.random.default_rng(seed))
    return {**_pairs(case, N_PAIRS), **_deletions(case, N_DELETIONS), **_flips(case, N_FLIPS)}


def _at_moments(bench: Workbench, workspace: str, name: str, span: tuple[int, int], seed: int) -> dict[str, Any]:
    """Counts added up over the moments; of errors the worst."""
    rng = np.random.default_rng(seed)
    total: dict[str, Any] = {}
    for moment in np.sort(rng.integers(sum(span) // 2, span[1], N_MOMENTS)).tolist():
        case = Case(bench, bench.session.workspace(workspace, moment), name, rng)
        found = _pairs(case, MOMENT_PAIRS) | _deletions(case, MOMENT_DELETIONS) | _flips(case, MOMENT_FLIPS)
        for what, value in found.items():
            total[what] = (
                max(total.get(what, 0.0), value) if what.endswith("worst_error") else total.get(what, 0) + value
            )
    return total


def _pairs(case: Case, n_pairs: int) -> dict[str, Any]:
    bench, loaded, model, rng = case.bench, case.loaded, case.model, case.rng
    failed = dict.fromkeys(COUNTS[:4], 0)
    worst = worst_edges = 0.0
    users, items = loaded.graph.users.ids, loaded.graph.items.ids
    for n in range(n_pairs):
        user = int(rng.integers(loaded.graph.n_users))
        scores = model.score(np.array([user]))[0]
        item = _listed(case, user, scores) if n % 2 else int(rng.integers(loaded.graph.n_items))
        asked = {"user": str(users[user]), "at": loaded.moment}
        why = bench.explain.why(loaded.name, case.name, str(items[item]), paths=WALKS, **asked)
        failed["parts"] += not (parts_complete(why) and agrees(why.score, float(scores[item])))
        failed["walks"] += not walks_complete(why)
        failed["picture"] += not picture_adds_up(why)
        edges = edge_parts(model, user, item)
        added = math.fsum(float(a.sum()) for a in edges.amounts)
        failed["edges"] += not (agrees(added + edges.empty, edges.score) and agrees(edges.score, float(scores[item])))
        if abs(why.score) >= 1e-6:
            worst = max(worst, why.completeness_error)
            worst_edges = max(worst_edges, abs(added + edges.empty - edges.score) / abs(edges.score))
    return {f"{what}_failed": count for what, count in failed.items()} | {
        "n_pairs": n_pairs,
        "parts_worst_error": worst,
        "edges_worst_error": worst_edges,
    }


def _listed(case: Case, user: int, scores: NDArray[np.float64]) -> int:
    open_to = scores.copy()
    open_to[case.out(case.model.history(user))] = -np.inf
    return int(np.argsort(-open_to, kind="stable")[case.rng.integers(TOP)])


def _fresh(case: Case, user: int, gone: Sequence[int]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Scores of a person, and what is no candidate, in a model that is built from the edited table with the stored
    parameters. What was taken out comes back in no list, as it does not where nothing else is asked for.
    """
    loaded, events = case.loaded, case.loaded.graph.events
    edited = loaded.graph.with_events(events.take(~((events.user == user) & np.isin(events.item, gone))))
    _, state = load(case.bench.session.store.snapshots(loaded.name), loaded.manifest(case.name).snapshot)
    built = get_model(case.name).restore(edited, state)
    return built.score(np.array([user]))[0], case.out(np.union1d(built.history(user), gone))


def _able(case: Case) -> NDArray[np.int64]:
    """People with three things or more."""
    return np.flatnonzero(np.diff(case.loaded.graph.interactions.indptr) >= 3)


def _deletions(case: Case, n_deletions: int) -> dict[str, Any]:
    loaded, rng = case.loaded, case.rng
    users, items, able, failed = loaded.graph.users.ids, loaded.graph.items, _able(case), 0
    for _ in range(n_deletions):
        user = int(rng.choice(able))
        own = case.model.history(user)
        gone = rng.choice(own, int(rng.integers(1, min(MOST_REMOVED + 1, len(own)))), replace=False)
        answer = case.bench.whatif.compare(
            loaded.name, case.name, user=str(users[user]), remove=[str(items.ids[i]) for i in gone], at=loaded.moment
        )
        scores, out = _fresh(case, user, gone.tolist())
        for row in answer.after:
            item = items.index(row.item)
            if row.rank != rank_of(scores, item, out) or abs(row.score - scores[item]) > 1e-9 * abs(scores[item]):
                failed += 1
                break
    return {"n_deletions": n_deletions, "deletions_failed": failed}


def _flips(case: Case, n_flips: int) -> dict[str, Any]:
    loaded, rng = case.loaded, case.rng
    users, items, able = loaded.graph.users.ids, loaded.graph.items, _able(case)
    verified = failed = 0
    for _ in range(n_flips):
        user = int(rng.choice(able))
        item = _listed(case, user, case.model.score(np.array([user]))[0])
        asked = {"user": str(users[user]), "at": loaded.moment}
        answer = case.bench.whatif.flip(loaded.name, case.name, str(items.ids[item]), **asked)
        if not (answer.found and answer.verified):
            continue
        verified += 1
        scores, out = _fresh(case, user, [items.index(raw) for raw in answer.removed])
        rank = rank_of(scores, item, out)
        failed += not (rank == answer.new_rank and rank > TOP)
    return {"n_flips": n_flips, "flips_verified": verified, "flips_failed": failed}
