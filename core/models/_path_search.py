"""Picks the path model's few parameters on a validation cut: a Sobol sweep, then local steps, one relation at a time.

The aim is the mean of Recall and NDCG @20 and @100 (less in a catalogue under 1,600) over at most MAX_USERS people,
under a ceiling on gross/net: a list whose paths cancel explains nothing, however accurate. The long lists steady the
short ones: on MovieLens-100K they order candidates nearer to how the test part does. Relation weights are free once a
chain's scores are known, so every candidate of exponents is tried with a whole grid of weights. Nothing outside
`holdout` is read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.stats import qmc

from core.graph import FloatArray
from core.models._path_chains import CO_3, CO_5, GROUP_CHAINS, PathParameters, Relation
from core.models._path_time_search import TimeSearch
from core.models._path_validation import MomentValidation, PeopleValidation, Pushed, Validation
from core.models.base import Holdout
from core.progress import Progress, portion

WEIGHT_EXPONENTS = (0.0, 0.5, 1.0)
FIVE_HOP_WEIGHTS = (0.0, -0.2, -0.35, -0.5, -0.65)
GROUP_WEIGHTS = (0.01, 0.025, 0.05, 0.12, 0.25, 0.5)
CO_BOX = np.array([[0.3, 1.0], [0.2, 1.3], [0.0, 0.8]])
GROUP_BOX = np.array([[0.2, 1.0], [0.0, 1.2], [-0.8, 0.5]])


def search(holdout: Holdout, *, seed: int, progress: Progress) -> PathParameters:
    """Parameters for the graph that `holdout` was cut from; deterministic from seed. Scales are left at 1."""
    if holdout.moments is not None:
        return _with_time(holdout, seed, progress)
    validation = PeopleValidation(holdout)
    co = {CO_3: Relation(1.0, 0.85, 0.8, 0.5), CO_5: Relation(-0.4, 0.85, 0.8, 0.5)}
    start = PathParameters(0.0, validation.mean, co)
    if not len(validation.cases.n_relevant):
        return start
    state = _Search(validation, start, np.random.default_rng(seed), seed)
    state.fit_co_consumption(portion(progress, 0.0, 0.6))
    for kind in GROUP_CHAINS:
        if kind in validation.kinds:
            state.fit_group(kind, progress)
    state.polish()
    return state.parameters


def _with_time(holdout: Holdout, seed: int, progress: Progress) -> PathParameters:
    """Half-lives and all else on people at moments; scales are left at 1 where no half-life helps."""
    validation = MomentValidation(holdout)
    if not len(validation.cases.n_relevant):
        return search(replace(holdout, moments=None), seed=seed, progress=progress)
    return TimeSearch.over(validation, seed).run(progress)


class _Search:
    """The search's state: the best parameters so far, their value, and each relation's scores at those parameters."""

    def __init__(self, validation: Validation, start: PathParameters, rng: np.random.Generator, seed: int) -> None:
        self.validation, self.parameters, self.rng, self.seed = validation, start, rng, seed
        self.pushed: Pushed = {}
        self.value = -np.inf

    def fit_co_consumption(self, progress: Progress) -> None:
        """Exponents of co-consumption with the five-hop weight from a grid; then how much event weights count."""
        sweep = _sobol(CO_BOX, 5, self.seed)
        for n, point in enumerate(sweep):
            progress(n / (2.5 * len(sweep)), "weighing co-consumption")
            self._try_co(point)
        self._local(CO_BOX, self._try_co, self._co_point, 24, portion(progress, 0.4, 0.9))
        for exponent in WEIGHT_EXPONENTS[1:]:
            progress(0.95, "weighing event weights")
            self._try_co(self._co_point(), exponent)

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
        best = max((self.validation.cases.value(pushed, {CO_3: 1.0, CO_5: w}), w) for w in FIVE_HOP_WEIGHTS)
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
            best = max((self.validation.cases.value(pushed, weights | {key: w}), w) for w in GROUP_WEIGHTS)
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
                    trial = self.validation.cases.value(self.pushed, weights | {key: relation.weight * factor})
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

    def _push(self, parameters: PathParameters, keys: tuple[str, ...]) -> Pushed:
        return {
            key: flat.div_(float(flat.std()) or 1.0) for key, flat in self.validation.push(parameters, keys).items()
        }


def _sobol(box: FloatArray, log2_n: int, seed: int) -> FloatArray:
    points = qmc.Sobol(len(box), rng=np.random.default_rng(seed)).random_base2(log2_n)
    return np.asarray(qmc.scale(points, box[:, 0], box[:, 1]))
