"""Picks the path model's few parameters on a validation cut: a Sobol sweep, then local steps, one relation at a time.

The aim is the mean of Recall and NDCG @20 and @100 (less in a catalogue under 1,600) over at most MAX_USERS people,
under a ceiling on gross/net: a list whose paths cancel explains nothing, however accurate. The long lists steady the
short ones: on MovieLens-100K they order candidates nearer to how the test part does. Relation weights are free once a
chain's scores are known, so every candidate of exponents is tried with a whole grid of weights. Nothing outside
`holdout` is read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy.stats import qmc

from core.evaluation import accuracy_of_hits
from core.graph import FloatArray, IntArray
from core.models._path_chains import CO_3, CO_5, GROUP_CHAINS, PathEdges, PathParameters, Relation, chains
from core.models.base import Holdout
from core.progress import Progress, portion
from core.propagation import push_chains

MAX_USERS = 800
MAX_CELLS = 4_000_000
GROSS_NET_CEILING = 2.4
WEIGHT_EXPONENTS = (0.0, 0.5, 1.0)
FIVE_HOP_WEIGHTS = (0.0, -0.2, -0.35, -0.5, -0.65)
GROUP_WEIGHTS = (0.05, 0.12, 0.25, 0.5)
CO_BOX = np.array([[0.3, 1.0], [0.2, 1.3], [0.0, 0.8]])
GROUP_BOX = np.array([[0.2, 1.0], [0.0, 1.2], [-0.8, 0.5]])
SHORT, LONG, LONG_SHARE, TOP = 20, 100, 16, 10


@dataclass(eq=False)
class _Validation:
    """The people that candidates are measured on, and how good a candidate's scores are for them."""

    holdout: Holdout
    mean: float
    users: IntArray = field(init=False)
    relevant: torch.Tensor = field(init=False)
    n_relevant: FloatArray = field(init=False)
    barred: torch.Tensor = field(init=False)
    lengths: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        test = self.holdout.test
        users = np.flatnonzero(np.diff(test.indptr) > 0)
        limit = min(MAX_USERS, max(50, MAX_CELLS // test.shape[1]))
        if len(users) > limit:
            users = users[np.linspace(0, len(users) - 1, limit).astype(np.int64)]
        self.users, self.relevant = users, torch.from_numpy(test[users].toarray() > 0)
        self.n_relevant = np.diff(test[users].indptr).astype(np.float64)
        seen = torch.from_numpy(self.holdout.train.interactions[users].toarray() > 0)
        self.lengths = (SHORT, max(SHORT, min(LONG, test.shape[1] // LONG_SHARE)))
        self.barred = torch.zeros(seen.shape, dtype=torch.float32).masked_fill_(seen, -torch.inf)

    def histories(self, edges: PathEdges) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(edges.adjacency.by_user[self.users].toarray().T)).to(torch.float32)

    def value(self, pushed: dict[str, torch.Tensor], weights: dict[str, float]) -> float:
        """Mean of Recall and NDCG at both list lengths, less what gross/net (median over the top ten) lies above its
        ceiling.

        pushed  float32 [B, n_items] by relation
        """
        used = {key: weight for key, weight in weights.items() if weight and key in pushed}
        score = self.barred.clone()
        for key, weight in used.items():
            score.add_(pushed[key], alpha=weight)
        best = torch.topk(score, min(max(self.lengths), score.shape[1]), dim=1)
        hits = self.relevant.gather(1, best.indices).numpy()
        quality = float(np.mean([_quality(accuracy_of_hits(hits[:, :k], self.n_relevant, k), k) for k in self.lengths]))
        top, net = best.indices[:, :TOP], best.values[:, :TOP].abs().clamp_min(1e-12)
        gross = sum((abs(w) * pushed[key].gather(1, top) for key, w in used.items()), start=torch.zeros_like(net))
        live = torch.isfinite(net)
        return quality - max(0.0, float((gross[live] / net[live]).median()) - GROSS_NET_CEILING)


def _quality(measured: dict[str, FloatArray], k: int) -> float:
    return float(np.mean(measured[f"recall@{k}"]) + np.mean(measured[f"ndcg@{k}"])) / 2


def search(holdout: Holdout, *, seed: int, progress: Progress) -> PathParameters:
    """Parameters for the graph that `holdout` was cut from; deterministic from seed. Scales are left at 1."""
    mean = float(holdout.train.interactions.data.mean()) if len(holdout.train.events) else 1.0
    validation = _Validation(holdout, mean)
    co = {CO_3: Relation(1.0, 0.85, 0.8, 0.5), CO_5: Relation(-0.4, 0.85, 0.8, 0.5)}
    start = PathParameters(0.0, mean, co)
    if not len(validation.users):
        return start
    state = _Search(validation, start, np.random.default_rng(seed), seed)
    state.fit_co_consumption(portion(progress, 0.0, 0.6))
    for kind in GROUP_CHAINS:
        if kind in state.edges.groups:
            state.fit_group(kind, progress)
    state.polish()
    return state.parameters


class _Search:
    """The search's state: the best parameters so far, their value, and each relation's scores at those parameters."""

    def __init__(self, validation: _Validation, start: PathParameters, rng: np.random.Generator, seed: int) -> None:
        self.validation, self.parameters, self.rng, self.seed = validation, start, rng, seed
        self.edges = self._edges(0.0)
        self.pushed: dict[str, torch.Tensor] = {}
        self.value = -np.inf

    def _edges(self, exponent: float) -> PathEdges:
        edges = PathEdges.of(self.validation.holdout.train, exponent, self.validation.mean)
        self.x = self.validation.histories(edges)
        return edges

    def fit_co_consumption(self, progress: Progress) -> None:
        """Exponents of co-consumption with the five-hop weight from a grid; then how much event weights count."""
        sweep = _sobol(CO_BOX, 5, self.seed)
        for n, point in enumerate(sweep):
            progress(n / (2.5 * len(sweep)), "weighing co-consumption")
            self._try_co(point)
        self._local(CO_BOX, self._try_co, self._co_point, 24, portion(progress, 0.4, 0.9))
        best_edges = self.edges
        best_exponent = self.parameters.weight_exponent
        for exponent in WEIGHT_EXPONENTS[1:]:
            progress(0.95, "weighing event weights")
            self.edges = self._edges(exponent)
            if self._try_co(self._co_point(), exponent):
                best_edges, best_exponent = self.edges, exponent
        self.edges = best_edges
        self.x = self.validation.histories(best_edges)
        assert self.parameters.weight_exponent == best_exponent

    def _co_point(self) -> FloatArray:
        r = self.parameters.relations[CO_3]
        return np.array([r.history, r.middle, r.target])

    def _try_co(self, point: FloatArray, exponent: float | None = None) -> bool:
        relation = Relation(1.0, *map(float, point))
        trial = PathParameters(
            self.parameters.weight_exponent if exponent is None else exponent,
            self.validation.mean,
            {CO_3: relation, CO_5: Relation(-1.0, *map(float, point))},
        )
        pushed = self._push(trial, (CO_3, CO_5))
        best = max((self.validation.value(pushed, {CO_3: 1.0, CO_5: w}), w) for w in FIVE_HOP_WEIGHTS)
        if best[0] <= self.value:
            return False
        self.value, self.pushed = best[0], pushed
        self.parameters = trial.with_relation(CO_5, weight=best[1])
        return True

    def fit_group(self, kind: str, progress: Progress) -> None:
        """Exponents and weight of one group relation, with all others as they stand. Weight 0 means it does not
        help."""
        key = GROUP_CHAINS[kind]
        doing = f"weighing the {kind} relation"

        def attempt(point: FloatArray) -> bool:
            history, middle, target = map(float, point)
            relation = Relation(1.0, history, middle, target)
            relations = self.parameters.relations | {key: relation}
            trial = PathParameters(self.parameters.weight_exponent, self.validation.mean, relations)
            pushed = self.pushed | self._push(trial, (key,))
            weights = {k: r.weight for k, r in self.parameters.relations.items()}
            best = max((self.validation.value(pushed, weights | {key: w}), w) for w in GROUP_WEIGHTS)
            if best[0] <= self.value:
                return False
            self.value, self.pushed = best[0], pushed
            self.parameters = trial.with_relation(key, weight=best[1])
            return True

        for point in _sobol(GROUP_BOX, 3, self.seed):
            progress(0.7, doing)
            attempt(point)
        if key in self.parameters.relations:
            self._local(GROUP_BOX, attempt, lambda: self._group_point(key), 8, portion(progress, 0.7, 0.9))
        else:
            self.parameters = PathParameters(
                self.parameters.weight_exponent,
                self.validation.mean,
                self.parameters.relations | {key: Relation(0.0, 0.5, 0.5, 0.0)},
            )

    def _group_point(self, key: str) -> FloatArray:
        r = self.parameters.relations[key]
        return np.array([r.history, r.middle, r.target])

    def polish(self) -> None:
        """Two rounds of small changes of each weight; scores are known, so this costs next to nothing."""
        for _ in range(2):
            for key, relation in self.parameters.relations.items():
                if key == CO_3 or relation.weight == 0:
                    continue
                weights = {k: r.weight for k, r in self.parameters.relations.items()}
                for factor in (0.6, 0.8, 0.9, 1.1, 1.25, 1.6):
                    trial = self.validation.value(self.pushed, weights | {key: relation.weight * factor})
                    if trial > self.value:
                        self.value = trial
                        self.parameters = self.parameters.with_relation(key, weight=relation.weight * factor)

    def _local(
        self,
        box: FloatArray,
        attempt: Callable[[FloatArray], bool],
        best: Callable[[], FloatArray],
        n: int,
        progress: Progress,
    ) -> None:
        width, step = box[:, 1] - box[:, 0], 0.2
        for i in range(n):
            progress(i / n, "refining exponents")
            change = self.rng.normal(size=len(box)) * (self.rng.random(len(box)) < 0.6)
            attempt(np.clip(best() + change * step * width, box[:, 0], box[:, 1]))
            step *= 0.94

    def _push(self, parameters: PathParameters, keys: tuple[str, ...]) -> dict[str, torch.Tensor]:
        active = [c for c in chains(self.edges, parameters) if c.key in keys]
        with torch.no_grad():
            pushed = push_chains(active, self.x)
        out = {}
        for chain, scores in zip(active, pushed, strict=True):
            flat = scores.T.contiguous()
            out[chain.key] = flat.div_(float(flat.std()) or 1.0)
        return out


def _sobol(box: FloatArray, log2_n: int, seed: int) -> FloatArray:
    points = qmc.Sobol(len(box), rng=np.random.default_rng(seed)).random_base2(log2_n)
    return np.asarray(qmc.scale(points, box[:, 0], box[:, 1]))
