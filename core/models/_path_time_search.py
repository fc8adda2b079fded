"""Picks the path model's half-lives with its other parameters on people at moments: one number at a time, a grid each.

Every half-life must earn its place: it stays out unless the aim (core.models._path_validation.Cases.value) rises by
MIN_GAIN. Scales are those of the relations' scores over the cases, so that weights mean what was measured, whatever
hour the data end at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch

from core.models._path_chains import CO_3, CO_5, GROUP_CHAINS, TREND, PathParameters, Relation
from core.models._path_validation import MomentValidation, Pushed
from core.progress import Progress

HOURS = (1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 720, 2_160, 4_320, 8_760)
HOUR_S = 3_600.0
MIN_GAIN = 0.001
TARGETS = (0.0, 0.25)
PERSONS = (0.25, 0.5, 1.0)
TREND_WEIGHTS = (0.1, 0.25, 0.5, 1.0)
GROUP_TARGETS = (-0.5, 0.0, -0.75, -1.0)
GROUP_EXPONENTS = ((0.3, 1.0), (0.6, 1.0), (0.3, 0.5), (0.6, 0.5))
GROUP_WEIGHTS = (0.1, 0.25, 0.5, 1.0, 2.0)
FIVE_HOP_WEIGHTS = (-0.1, -0.2, -0.35)
FACTORS = (0.5, 0.7, 0.85, 1.2, 1.4, 2.0)
N_LOCAL, AGE_ROUNDS = 12, 2


@dataclass(frozen=True, eq=False)
class Scores:
    """A relation's scores over the cases in units of their deviation, float32 [cases, n_items]; and that deviation."""

    normal: torch.Tensor
    deviation: float


@dataclass
class TimeSearch:
    """The best parameters so far, their value, and each relation's scores at those parameters."""

    validation: MomentValidation
    rng: np.random.Generator
    lives: tuple[float, ...]
    parameters: PathParameters
    value: float = -np.inf
    pushed: Pushed = field(default_factory=dict)
    deviations: dict[str, float] = field(default_factory=dict)
    gate: torch.Tensor | None = None
    ages: bool = False

    @classmethod
    def over(cls, validation: MomentValidation, seed: int) -> TimeSearch:
        """Half-lives from the time between two moments to what the data span."""
        lives = tuple(h * HOUR_S for h in HOURS if validation.refresh <= 2 * h * HOUR_S <= validation.span)
        start = PathParameters(0.0, validation.mean, {CO_3: Relation(1.0, 0.85, 0.8, 0.5)})
        return cls(validation, np.random.default_rng(seed), lives, start)

    def run(self, progress: Progress) -> PathParameters:
        """Every step in turn; weights are polished at the end."""
        kinds = [kind for kind in GROUP_CHAINS if kind in self.validation.kinds]
        steps: list[Callable[[], None]] = [self.reach, self.trend, self.reach_beside_the_trend]
        steps += [partial(self.group, kind) for kind in kinds]
        steps += [self.history, self.between, self.five_hops, self.freshness, self.local, self.event_weights]
        steps += [self.polish, self.not_too_young, self.polish]
        for n, step in enumerate(steps):
            progress(n / len(steps), "weighing time")
            step()
        parameters = self.parameters
        for key in self._used(parameters):
            parameters = parameters.with_relation(key, scale=self.deviations[key])
        return parameters

    def reach(self) -> None:
        """How fast other people's having the item fades."""
        self._try(CO_3, self.parameters)
        for life in self.lives:
            self._try(CO_3, self._with(CO_3, replace(self._relation(CO_3), reach_life=life)), needed=MIN_GAIN)
        for target in TARGETS:
            self._try(CO_3, self._with(CO_3, replace(self._relation(CO_3), target=target)))

    def trend(self) -> None:
        """What is read now, by whomever."""
        for life in self.lives:
            now = Relation(1.0, 0.0, 0.0, 0.0, reach_life=life)
            self._try(TREND, self._with(TREND, now), TREND_WEIGHTS, MIN_GAIN)

    def reach_beside_the_trend(self) -> None:
        """With the trend at hand, another half-life of co-consumption may be better, and evened-out histories."""
        for person in PERSONS:
            self._try_beside(replace(self.parameters, person=person))
        for life in self._near(CO_3):
            self._try_beside(self._with(CO_3, replace(self._relation(CO_3), reach_life=life)))
        for target in TARGETS:
            self._try_beside(self._with(CO_3, replace(self._relation(CO_3), target=target)))

    def _try_beside(self, trial: PathParameters) -> None:
        """A trial of co-consumption with each weight of the trend; without a trend there is nothing new to try."""
        if TREND in self.parameters.relations:
            scores = self._push(trial, CO_3)
            for weight in TREND_WEIGHTS:
                self._take(trial.with_relation(TREND, weight=weight), {CO_3: scores})

    def group(self, kind: str) -> None:
        """Topics (creators): the target's exponent counts its readers of late."""
        key, (history, middle) = GROUP_CHAINS[kind], GROUP_EXPONENTS[0]
        for life in (None, *self._near(TREND if TREND in self.parameters.relations else CO_3)):
            relation = Relation(1.0, history, middle, GROUP_TARGETS[0], reach_life=life)
            self._try(key, self._with(key, relation), GROUP_WEIGHTS, MIN_GAIN)
        if key not in self.parameters.relations:
            return
        for target in GROUP_TARGETS[1:]:
            self._try(key, self._with(key, replace(self._relation(key), target=target)), GROUP_WEIGHTS)
        for history, middle in GROUP_EXPONENTS[1:]:
            trial = replace(self._relation(key), history=history, middle=middle)
            self._try(key, self._with(key, trial), GROUP_WEIGHTS)

    def _near(self, key: str) -> Sequence[float]:
        """The half-lives around the one that a relation has."""
        life = self._relation(key).reach_life
        place = 0 if life is None else self.lives.index(life)
        return self.lives[max(0, place - 2) : place + 4]

    def history(self) -> None:
        """How fast the own history fades."""
        for life in self.lives:
            self._try_anew(replace(self.parameters, history_life=life))

    def between(self) -> None:
        """How fast it fades that others had the history item."""
        for life in self.lives:
            self._try(CO_3, self._with(CO_3, replace(self._relation(CO_3), between_life=life)), needed=MIN_GAIN)

    def five_hops(self) -> None:
        """What people of broad taste read anyway, taken off."""
        self._try(CO_5, self._with(CO_5, replace(self._relation(CO_3), weight=-1.0)), FIVE_HOP_WEIGHTS, MIN_GAIN)

    def freshness(self) -> None:
        """How fast items age, whoever reads them."""
        for life in self.lives:
            gate = self.validation.gate(life)
            value = self._value(self.parameters, self.pushed, gate)
            if value > self.value + (MIN_GAIN if self.gate is None else 0.0):
                self.value, self.gate = value, gate
                self.parameters = replace(self.parameters, fresh_life=life)

    def local(self) -> None:
        """Small random steps of each relation's exponents."""
        for key in [k for k in self._used(self.parameters) if k not in (TREND, CO_5)]:
            for step in np.linspace(0.25, 0.08, N_LOCAL):
                relation = self._relation(key)
                exponents = np.array([relation.history, relation.middle, relation.target])
                history, middle, target = map(float, exponents + step * self.rng.normal(size=3))
                self._try(key, self._with(key, replace(relation, history=history, middle=middle, target=target)))

    def event_weights(self) -> None:
        """Whether stronger events count more."""
        for exponent in (0.5, 1.0):
            self._try_anew(replace(self.parameters, weight_exponent=exponent))

    def not_too_young(self) -> None:
        """From here on the lists' age counts: longer half-lives where the best lists hold nothing but the newest."""
        self.ages = True
        self.value = self._value(self.parameters, self.pushed, self.gate)
        for _ in range(AGE_ROUNDS):
            for key in self._used(self.parameters):
                life = self._relation(key).reach_life
                longer = [] if life is None else self.lives[self.lives.index(life) + 1 :][:3]
                for other in longer:
                    self._try(key, self._with(key, replace(self._relation(key), reach_life=other)))
            for key in [k for k in self._used(self.parameters) if k != CO_3]:
                for factor in FACTORS:
                    self._take(self.parameters.with_relation(key, weight=self._relation(key).weight * factor), {})

    def polish(self) -> None:
        """Small changes of each weight; scores are known, so this costs next to nothing."""
        for _ in range(3):
            for key in [k for k in self._used(self.parameters) if k != CO_3]:
                for factor in FACTORS:
                    self._take(self.parameters.with_relation(key, weight=self._relation(key).weight * factor), {})

    def _relation(self, key: str) -> Relation:
        return self.parameters.relations[key]

    def _with(self, key: str, relation: Relation) -> PathParameters:
        return replace(self.parameters, relations=self.parameters.relations | {key: relation})

    def _used(self, parameters: PathParameters) -> list[str]:
        return [key for key, relation in parameters.relations.items() if relation.weight]

    def _push(self, parameters: PathParameters, key: str) -> Scores:
        """Freshness is left to the gate."""
        scores = self.validation.push(replace(parameters, fresh_life=None), (key,))[key]
        deviation = float(scores.std()) or 1.0
        return Scores(scores / deviation, deviation)

    def _try(
        self, key: str, trial: PathParameters, weights: Sequence[float] | None = None, needed: float = 0.0
    ) -> None:
        """Take a trial in which one relation is another, with the best of some weights, if it is better."""
        scores = self._push(trial, key)
        for weight in (trial.relations[key].weight,) if weights is None else weights:
            self._take(trial.with_relation(key, weight=weight), {key: scores}, needed)

    def _try_anew(self, trial: PathParameters) -> None:
        """Take a trial in which every relation has other scores, if it is better by MIN_GAIN."""
        self._take(trial, {key: self._push(trial, key) for key in self._used(trial)}, MIN_GAIN)

    def _take(self, trial: PathParameters, new: dict[str, Scores], needed: float = 0.0) -> None:
        pushed = self.pushed | {key: scores.normal for key, scores in new.items()}
        value = self._value(trial, pushed, self.gate)
        if value > self.value + needed:
            self.value, self.parameters, self.pushed = value, trial, pushed
            self.deviations |= {key: scores.deviation for key, scores in new.items()}

    def _value(self, parameters: PathParameters, pushed: Pushed, gate: torch.Tensor | None) -> float:
        weights = {key: relation.weight for key, relation in parameters.relations.items()}
        return self.validation.cases.value(pushed, weights, gate, ages=self.ages)
