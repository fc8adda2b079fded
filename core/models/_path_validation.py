"""On whom candidates of the path model's parameters are measured, and how good their scores are for them.

A cut without moments is measured on people: their training part, and what was kept back. A cut with moments
(`Holdout.moments`) is measured on people at moments: the graph as it stood, and what they had first until the next one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from core.evaluation import accuracy_of_hits
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models._path_chains import TREND, PathEdges, PathParameters, chains, trend_step
from core.models._path_scores import histories
from core.models.base import Holdout
from core.propagation import push_chains

MAX_USERS, MAX_CASES = 800, 1_500
MIN_MOMENTS, MAX_MOMENTS = 40, 120
FEW_MOMENTS, MOMENT_EVENTS = 8, 20_000_000  # each moment holds its own decayed edges: memory stays that of these
MAX_CELLS, PEOPLE_CELLS = 4_000_000, 12_000_000
GROSS_NET_CEILING = 2.4
YOUNGEST, YOUNG_COST, OLDEST_AGE = 0.55, 0.2, 1_000.0
SHORT, LONG, LONG_SHARE, TOP = 20, 100, 16, 10
Pushed = dict[str, torch.Tensor]


@dataclass(frozen=True, eq=False)
class Cases:
    """What was kept back from each case, a person or a person at a moment.

    relevant  bool [cases, n_items]        barred  float32 [cases, n_items]: -inf for what is no candidate, else 0
    lengths   of the lists that are measured
    ages      float32 [cases, n_items], of each item at the case's moment in units of the median age of what was had;
              None without moments
    """

    relevant: torch.Tensor
    n_relevant: FloatArray
    barred: torch.Tensor
    lengths: tuple[int, ...]
    ages: torch.Tensor | None = None

    def value(
        self, pushed: Pushed, weights: dict[str, float], gate: torch.Tensor | None = None, *, ages: bool = True
    ) -> float:
        """Mean of Recall and NDCG over the lists' lengths, less what gross/net (median over the top ten) lies above its
        ceiling, and less what the lists are younger than YOUNGEST × what people have (median): lists of nothing but the
        newest are not what anybody reads.

        pushed  float32 [cases, n_items] by relation        gate  the same, what every score is multiplied by
        ages    whether the lists' age counts
        """
        used = {key: weight for key, weight in weights.items() if weight and key in pushed}
        score = torch.zeros_like(self.barred)
        for key, weight in used.items():
            score.add_(pushed[key], alpha=weight)
        if gate is not None:
            score.mul_(gate)
        score.add_(self.barred)
        best = torch.topk(score, min(max(self.lengths), score.shape[1]), dim=1)
        hits = self.relevant.gather(1, best.indices).numpy()
        quality = float(np.mean([_quality(accuracy_of_hits(hits[:, :k], self.n_relevant, k), k) for k in self.lengths]))
        top = best.indices[:, :TOP]
        net = best.values[:, :TOP].abs().clamp_min(1e-12)
        gross = sum((abs(w) * pushed[key].gather(1, top) for key, w in used.items()), start=torch.zeros_like(net))
        if gate is not None:
            gross = gross * gate.gather(1, top)
        live = torch.isfinite(net)
        too_gross = max(0.0, float((gross[live] / net[live]).median()) - GROSS_NET_CEILING)
        return quality - too_gross - (self._too_young(best.indices[:, : self.lengths[0]]) if ages else 0.0)

    def _too_young(self, listed: torch.Tensor) -> float:
        if self.ages is None:
            return 0.0
        return YOUNG_COST * max(0.0, YOUNGEST - float(self.ages.gather(1, listed).median()))


def _quality(measured: dict[str, FloatArray], k: int) -> float:
    return float(np.mean(measured[f"recall@{k}"]) + np.mean(measured[f"ndcg@{k}"])) / 2


class Validation(ABC):
    """The cases, and every relation's scores for them."""

    cases: Cases
    mean: float
    kinds: frozenset[str]

    @abstractmethod
    def push(self, parameters: PathParameters, keys: Sequence[str]) -> Pushed:
        """Scores of the relations `keys` by key, float32 [cases, n_items], in units of `deviations`."""


class PeopleValidation(Validation):
    """People with something kept back, at most MAX_USERS of them."""

    def __init__(self, holdout: Holdout) -> None:
        self.train = holdout.train
        self.mean = float(self.train.interactions.data.mean()) if len(self.train.events) else 1.0
        test = holdout.test
        users = np.flatnonzero(np.diff(test.indptr) > 0)
        limit = min(MAX_USERS, max(50, PEOPLE_CELLS // test.shape[1]))
        if len(users) > limit:
            users = users[np.linspace(0, len(users) - 1, limit).astype(np.int64)]
        self.users = users
        seen = torch.from_numpy(self.train.interactions[users].toarray() > 0)
        barred = torch.zeros(seen.shape, dtype=torch.float32).masked_fill_(seen, -torch.inf)
        lengths = (SHORT, max(SHORT, min(LONG, test.shape[1] // LONG_SHARE)))
        relevant = torch.from_numpy(test[users].toarray() > 0)
        self.cases = Cases(relevant, np.diff(test[users].indptr).astype(np.float64), barred, lengths)
        self._edges: dict[float, tuple[PathEdges, torch.Tensor]] = {}
        self.kinds = frozenset(self._of(0.0)[0].groups)

    def _of(self, exponent: float) -> tuple[PathEdges, torch.Tensor]:
        if exponent not in self._edges:
            edges = PathEdges.of(self.train, exponent, self.mean)
            x = np.ascontiguousarray(edges.adjacency.by_user[self.users].toarray().T)
            self._edges[exponent] = edges, torch.from_numpy(x).to(torch.float32)
        return self._edges[exponent]

    def push(self, parameters: PathParameters, keys: Sequence[str]) -> Pushed:
        edges, x = self._of(parameters.weight_exponent)
        return {key: scores.T.contiguous() for key, scores in _scores(edges, parameters, keys, x).items()}


class MomentValidation(Validation):
    """People at moments, at most MAX_CASES of them at MIN_MOMENTS to MAX_MOMENTS moments (fewer, FEW_MOMENTS at least,
    where they would hold more than MOMENT_EVENTS events together), spread evenly over the time kept back.
    """

    def __init__(self, holdout: Holdout) -> None:
        assert holdout.moments is not None
        graph, step = holdout.moments.graph, holdout.moments.refresh
        self.refresh, self.span = step, int(np.ptp(graph.events.time))
        self.mean = float(holdout.train.interactions.data.mean()) if len(holdout.train.events) else 1.0
        user, item, when, hour = holdout.moments.first_events()
        typical = float(np.median(when - graph.since[item])) if len(item) else 0.0
        limit = min(MAX_CASES, max(50, MAX_CELLS // graph.n_items))
        hours = np.unique(hour)
        per_hour = len(np.unique(np.column_stack([hour, user]), axis=0)) / max(1, len(hours))
        most = int(np.clip(limit / max(per_hour, 1.0), MIN_MOMENTS, MAX_MOMENTS))
        most = min(most, max(FEW_MOMENTS, MOMENT_EVENTS // max(1, len(graph.events))))
        if len(hours) > most:
            hours = hours[np.linspace(0, len(hours) - 1, most).astype(np.int64)]
        chosen = np.isin(hour, hours)
        user, item, hour = user[chosen], item[chosen], hour[chosen]
        case = np.unique(np.column_stack([hour, user]), axis=0)
        if len(case) > limit:
            case = case[np.linspace(0, len(case) - 1, limit).astype(np.int64)]
        place = {(int(h), int(u)): n for n, (h, u) in enumerate(case)}
        relevant = np.zeros((len(case), graph.n_items), dtype=bool)
        for u, i, h in zip(user.tolist(), item.tolist(), hour.tolist(), strict=True):
            if (row := place.get((h, u))) is not None:
                relevant[row, i] = True
        self.moments: list[tuple[InteractionGraph, IntArray]] = []
        barred, ages = np.zeros(relevant.shape, dtype=np.float32), np.full(relevant.shape, OLDEST_AGE, dtype=np.float32)
        row = 0
        for h in np.unique(case[:, 0]).tolist():
            users = case[case[:, 0] == h, 1]
            then = graph.at(holdout.moments.start + h * step)
            rows = slice(row, row + len(users))
            barred[rows][:, then.closed] = -np.inf
            barred[rows][then.interactions[users].toarray() > 0] = -np.inf
            if typical > 0:
                age = np.clip((then.now - then.since) / typical, 0.0, OLDEST_AGE)
                ages[rows] = age.astype(np.float32)
            self.moments.append((then, users))
            row += len(users)
        n_relevant = np.maximum(relevant.sum(axis=1), 1).astype(np.float64)
        self.cases = Cases(
            torch.from_numpy(relevant), n_relevant, torch.from_numpy(barred), (SHORT,), torch.from_numpy(ages)
        )
        self._edges: dict[float, list[PathEdges]] = {}
        self.kinds = frozenset(kind for kind, matrix in graph.memberships.items() if matrix.nnz)

    def edges(self, exponent: float) -> list[PathEdges]:
        """As they stood at each moment."""
        if exponent not in self._edges:
            self._edges[exponent] = [
                PathEdges.of(graph, exponent, self.mean, contexts=False) for graph, _ in self.moments
            ]
        return self._edges[exponent]

    def push(self, parameters: PathParameters, keys: Sequence[str]) -> Pushed:
        columns: dict[str, list[torch.Tensor]] = {}
        for edges, (_, users) in zip(self.edges(parameters.weight_exponent), self.moments, strict=True):
            x = torch.from_numpy(histories(edges, parameters, users)).to(torch.float32)
            for key, scores in _scores(edges, parameters, keys, x).items():
                columns.setdefault(key, []).append(scores.T)
        return {key: torch.cat(parts).contiguous() for key, parts in columns.items()}

    def gate(self, life: float) -> torch.Tensor:
        """float32 [cases, n_items]: what is left of each item's freshness."""
        rows = []
        for edges, (_, users) in zip(self.edges(0.0), self.moments, strict=True):
            fresh = edges.fresh(life)
            assert fresh is not None
            rows.append(np.repeat(fresh[None].astype(np.float32), len(users), axis=0))
        return torch.from_numpy(np.concatenate(rows))


def _scores(edges: PathEdges, parameters: PathParameters, keys: Sequence[str], x: torch.Tensor) -> Pushed:
    """float32 [n_items, batch] by relation, without coefficients."""
    active = [c for c in chains(edges, parameters) if c.key in keys]
    with torch.no_grad():
        out = {c.key: pushed for c, pushed in zip(active, push_chains(active, x), strict=True)}
    step = trend_step(edges, parameters) if TREND in keys else None
    if step is not None:
        now = torch.from_numpy(step.right * (step.transpose @ step.left)).to(torch.float32)
        out[TREND] = now[:, None].expand(-1, x.shape[1])
    return out
