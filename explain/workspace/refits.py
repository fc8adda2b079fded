"""Models refitted on a training part alone, and what their lists are worth on the part that was kept back.

Nothing here ever reads a served snapshot: parameters and scale constants are learnt anew from the training part.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import sparse

from core.evaluation import CUTOFFS, Evaluation, evaluate
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models.base import Holdout, Recommender, get_model
from core.progress import Progress, portion
from core.ranking import NO_ITEM, rank_all, top_k
from core.snapshots import Manifest, load, manifests, save
from data.splits import EmptyPartError, Split, holdout, split
from data.tables import DataCard
from explain.explanation.explain import gross_net, path_share

MAX_PAIR_USERS, FEW_USERS, TOP = 300, 100, 10


@dataclass(frozen=True, eq=False)
class HeldOut:
    """One refit: its split, the lists (int64 [n_users, k]) with scores, medians of path share and
    gross/net, seconds.
    """

    split: Split
    model: Recommender
    lists: IntArray
    scores: FloatArray
    path_share: float
    gross_net: float
    seconds: float

    def evaluation(self, k: int, *, seed: int = 0) -> Evaluation:
        """Accuracy over all people with test items, at 5, 10, 20 and k."""
        cutoffs = tuple(sorted({k, *(c for c in CUTOFFS if c <= self.lists.shape[1])}))
        return evaluate(self.lists, self.split.test, training=self.split.train.interactions, cutoffs=cutoffs, seed=seed)


def validation_cut(graph: InteractionGraph, card: DataCard, kind: str, seed: int, *, needed: bool = True) -> Holdout:
    """The cut of a (training) graph on which a model's few parameters are picked.

    Where the kind of split leaves nothing to validate on (nobody has two events), a random cut is taken.
    needed  whether the model picks anything on it; without, data too small for any cut have an empty one
    Raises  OptionError where neither can be had.
    """
    try:
        try:
            cut = holdout(graph, kind, seed, card.positives)
        except EmptyPartError:
            cut = holdout(graph, "random", seed, card.positives)
    except EmptyPartError:
        if needed:
            raise
        return Holdout(graph, sparse.csr_matrix((graph.n_users, graph.n_items)))
    return Holdout(cut.train, cut.test, cut.window)


def refit(
    graph: InteractionGraph, card: DataCard, model: str, *, kind: str, seed: int, k: int, progress: Progress
) -> HeldOut:
    """Split, learn from the training part alone, list everybody's best k."""
    parts = split(graph, kind, seed, card.positives)
    started = time.perf_counter()
    chosen = get_model(model)
    fitted = chosen.fit(
        parts.train,
        holdout=validation_cut(parts.train, card, kind, seed, needed=chosen.needs_cut),
        seed=seed,
        progress=portion(progress, 0.0, 0.8),
    )
    seconds = time.perf_counter() - started
    lists, scores = _ranked(fitted, parts, k, portion(progress, 0.8, 0.95))
    progress(0.95, "measuring how much of the scores are paths")
    share, ratio = readability(fitted, lists)
    return HeldOut(parts, fitted, lists, scores, share, ratio, seconds)


def keep(folder: Path, run: HeldOut, model: str, fingerprint: str, seed: int) -> None:
    """Store a refit in the place of the model's earlier ones, so that another process need not learn it again.

    fingerprint  of the whole graph that was split
    Raises       SnapshotError where it cannot be written; what was there stays.
    """
    earlier = [m.snapshot for m in manifests(folder) if m.model == model]
    metrics = {"path_share": run.path_share, "gross_net": run.gross_net}
    save(
        folder,
        model=model,
        state=run.model.state(),
        fingerprint=fingerprint,
        seed=seed,
        seconds=run.seconds,
        metrics=metrics,
    )
    for snapshot in earlier:
        shutil.rmtree(folder / snapshot, ignore_errors=True)


def stored_refit(folder: Path, model: str, fingerprint: str) -> Manifest | None:
    """The newest stored refit of a model on a split of this graph, None where there is none that can be read."""
    return next((m for m in manifests(folder) if m.model == model and m.fingerprint == fingerprint), None)


def restored(
    graph: InteractionGraph, card: DataCard, folder: Path, manifest: Manifest, *, kind: str, k: int, progress: Progress
) -> HeldOut:
    """A stored refit on its split, cut again, with everybody's best k. Raises SnapshotError where a file is damaged."""
    _, state = load(folder, manifest.snapshot)
    parts = split(graph, kind, manifest.seed, card.positives)
    fitted = get_model(manifest.model).restore(parts.train, state)
    lists, scores = _ranked(fitted, parts, k, progress)
    return HeldOut(
        parts, fitted, lists, scores, manifest.metrics["path_share"], manifest.metrics["gross_net"], manifest.seconds
    )


def longer(run: HeldOut, k: int, progress: Progress) -> HeldOut:
    """The same refit with lists of k."""
    lists, scores = _ranked(run.model, run.split, k, progress)
    return replace(run, lists=lists, scores=scores)


def _ranked(fitted: Recommender, parts: Split, k: int, progress: Progress) -> tuple[IntArray, FloatArray]:
    train = parts.train
    return rank_all(fitted.score, train.n_users, train.interactions, k, closed=train.closed, progress=progress)


def readability(model: Recommender, lists: IntArray) -> tuple[float, float]:
    """Medians over people's top ten of path share and of gross/net; at most MAX_PAIR_USERS people, spread evenly."""
    users = _spread(len(lists), MAX_PAIR_USERS)
    return _medians(model, users, lists[users])


def served_readability(model: Recommender, graph: InteractionGraph) -> dict[str, float]:
    """The same of a model that is served, over FEW_USERS people: {"path_share", "gross_net"}."""
    users = _spread(graph.n_users, FEW_USERS)
    lists, _ = top_k(model.score(users), TOP, graph.interactions[users], graph.closed)
    share, ratio = _medians(model, users, lists)
    return {"path_share": share, "gross_net": ratio}


def _spread(n: int, most: int) -> IntArray:
    users = np.arange(n, dtype=np.int64)
    return users if n <= most else users[np.linspace(0, n - 1, most).astype(np.int64)]


def _medians(model: Recommender, users: IntArray, lists: IntArray) -> tuple[float, float]:
    shares, ratios = [], []
    for user, listed in zip(users.tolist(), lists, strict=True):
        row = model.score(np.array([user]))[0]
        for item in listed[:TOP].tolist():
            if item == NO_ITEM or row[item] == 0:
                continue
            shares.append(path_share(model.connected(user, item), float(row[item])))
            ratios.append(gross_net(model.parts(user, item).gross, float(row[item])))
    return (float(np.median(shares)), float(np.median(ratios))) if shares else (1.0, 1.0)
