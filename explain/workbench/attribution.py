"""The workbench: through what a gap comes, how much each main parameter weighs, lists without a profile, and the blind test."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.errors import OptionError, shown
from core.intervals import DRAWS
from core.models.base import get_model
from core.progress import Progress, no_progress, portion
from core.threads import one_thread
from explain.blind_test import seal
from explain.blind_test.ladder import Setup
from explain.fairness import attribution as at
from explain.fairness.baselines import NonProfiling, baselines_sentence, compare_baselines
from explain.fairness.exposure import RBP, browsing_weights, catalogue_share
from explain.fairness.main_parameters import MAX_PEOPLE, MeasuredWeights, measure_weights, weights_sentence
from explain.fairness.thresholds import Target
from explain.groups.cohorts import columns
from explain.groups.intersections import grouping
from explain.workbench.session import Desk, length


class Attributing(Desk):
    """Attributions of a gap, measured weights, arms without a profile, blind tests."""

    def gap_attribution(
        self, workspace: str, model: str, by: str, group: str, k: int | None = None, *, through: str = "relations",
        players: at.Players | None = None, people: int = at.MAX_PEOPLE, seed: int = 0, due: tuple[str, float] | None = None,
        browsing: str = RBP, progress: Progress = no_progress,
    ) -> at.GapAttribution:  # fmt: skip
        """Through which relations (or "events", "age" of the history) a group of items gets more or less than its share.

        browsing how lists are read
        due      what the exposure is compared with, (name, share of all attention); the catalogue share if left out
        players  groups of relations of one's own, name → keys; together they must be all that the score has
        Raises   OptionError for an unknown column, group, `through` or grouping; NotReadyError before the model is fitted
        """
        world = self._world(workspace)
        k, manifest = length(world, k), world.manifest(model)
        groups = grouping(world.graph, by, "item")
        if group not in groups.labels:
            raise OptionError(f"{shown(group)} is no group of {groups.by}: {', '.join(groups.labels[:10])}.")
        sources = at.sources_of(world.graph, through)
        fitted, g = world.model(manifest), groups.labels.index(group)
        users = at.people(world.graph, _some(people), seed)
        with one_thread():
            lists = world.lists(manifest, k, portion(progress, 0.0, 0.2))[users]
            found = at.find_players(world.graph, fitted, users, sources)
            chosen = found if players is None else _checked(players, found)
            belongs = np.asarray(groups.membership[:, [g]].todense(), dtype=np.float64).ravel()
            game = at.play(
                world.graph, fitted, users, np.asarray(lists), belongs, weights=browsing_weights(browsing, k), players=chosen, sources=sources,
                progress=portion(progress, 0.2, 0.95),
            )  # fmt: skip
        solved = at.solve(game, seed=seed)
        parts = [
            at.Share(name, self._label(world.names.relation, name, through, chosen), float(v), float(low), float(high))
            for name, v, low, high in zip(game.players, solved.values, solved.low, solved.high, strict=True)
        ]
        parts.sort(key=lambda p: -abs(p.value))
        title, target = due or ("catalogue share", float(catalogue_share(groups.membership)[g]))
        missed = abs(float(solved.values.sum()) - (solved.exposure - solved.random))
        progress(1.0, "attributed")
        return at.GapAttribution(
            workspace, model, manifest.snapshot, groups.by, group, through, k, browsing, title,
            solved.exposure, target, solved.exposure / target if target > 0 else None, solved.exposure - target,
            solved.exposure_low - target, solved.exposure_high - target, solved.random - target, tuple(parts), missed,
            len(users), world.graph.n_users, seed, DRAWS, at.gap_sentence(group, solved, target, parts, _whose(len(users), world.graph.n_users)),
        )  # fmt: skip

    def measured_weights(
        self, workspace: str, model: str, k: int | None = None, *, people: int = MAX_PEOPLE, seed: int = 0,
        progress: Progress = no_progress,
    ) -> MeasuredWeights:  # fmt: skip
        """The main parameters with the weight that each has in the listed items' scores (DSA Article 27)."""
        world = self._world(workspace)
        k, manifest = length(world, k), world.manifest(model)
        users = at.people(world.graph, _some(people), seed)
        with one_thread():
            lists = np.asarray(world.lists(manifest, k, portion(progress, 0.0, 0.5)))[users]
            rows = measure_weights(
                world.graph, world.model(manifest), users, lists, world.names.relation, seed=seed,
                progress=portion(progress, 0.5, 1.0),
            )  # fmt: skip
        told = weights_sentence(rows, len(users), k, world.names.noun)
        return MeasuredWeights(workspace, model, manifest.snapshot, k, len(users), seed, DRAWS, rows, told)

    def non_profiling(
        self, workspace: str, model: str, k: int | None = None, *, by: str | None = None, seed: int = 0, browsing: str = RBP,
        target: Target = "catalogue", progress: Progress = no_progress,
    ) -> NonProfiling:  # fmt: skip
        """The model beside popularity and recency lists, on held-out events of the data's default split.

        by  the item column whose groups' exposure is compared; author_group, or the first that there is, if left out
        """
        world = self._world(workspace)
        k, split = length(world, k), world.card.default_split
        offered = columns(world.graph)["item"]
        chosen = by or ("author_group" if "author_group" in offered else offered[0] if offered else None)
        groups = grouping(world.graph, chosen, "item") if chosen else None
        run = self._refit(world, model, split, seed, k, portion(progress, 0.0, 0.8))
        title = get_model(model).spec.title
        arms = compare_baselines(
            run.split,
            run.lists,
            title,
            k,
            groups=groups,
            seed=seed,
            browsing=browsing,
            target=target,
            progress=portion(progress, 0.8, 1.0),
        )
        n_people = int((np.diff(run.split.test.indptr) > 0).sum())
        told = baselines_sentence(arms, k)
        by_name = groups.by if groups is not None else None
        return NonProfiling(workspace, model, split, k, by_name, n_people, seed, arms, told)

    def blind_seal(self, size: float | None, kind: str = "author", seed: int | None = None) -> seal.Sealed:
        """Begin a blind test: the size (None: one is drawn) is sealed, its commitment returned. Raises OptionError."""
        return seal.seal(self.store.home, size, kind, seed)

    def blind_run(self, test: str, *, setup: Setup | None = None, progress: Progress = no_progress) -> seal.BlindResult:
        """Simulate the sealed world, audit it without being told, estimate what was planted. Long; progress may cancel it."""
        return seal.run(self.store.home, test, setup=setup, progress=progress)

    def blind_start(
        self, size: float | None, kind: str = "author", seed: int | None = None, *, setup: Setup | None = None,
        progress: Progress = no_progress,
    ) -> seal.BlindResult:  # fmt: skip
        """Seal and run in one."""
        return self.blind_run(self.blind_seal(size, kind, seed).id, setup=setup, progress=progress)

    def blind_reveal(self, test: str) -> seal.Revealed:
        """Break the seal. Raises OptionError for an unknown id, or before the audit has spoken."""
        return seal.reveal(self.store.home, test)

    def blind_result(self, test: str) -> seal.BlindResult | None:
        """What the audit said, None while it has not."""
        return seal.stored_result(self.store.home, test)

    def blind_tests(self) -> tuple[dict[str, Any], ...]:
        """All blind tests of this home, newest first."""
        return seal.tests(self.store.home)

    def _label(self, relation: object, name: str, through: str, players: at.Players) -> str:
        if through == "events":
            return f"events of kind {name}" if name != at.NO_HISTORY else "what needs no history"
        if through == "age":
            ages = {"recent": "the newer half of each history", "older": "the older half of each history"}
            return ages.get(name, "what needs no history")
        assert callable(relation)
        if tuple(players[name]) == (name,):
            return str(relation(name))
        return f"{name} ({', '.join(str(relation(key)) for key in players[name])})"


def _whose(n: int, n_all: int) -> str:
    return "" if n == n_all else f" (in the lists of {n:,} of {n_all:,} people, drawn at random)"


def _some(people: int) -> int:
    if people < 10:
        raise OptionError(f"{people} people are asked for: choose 10 or more.")
    return people


def _checked(players: at.Players, found: at.Players) -> dict[str, tuple[str, ...]]:
    keys = sorted(key for own in found.values() for key in own)
    given = sorted(key for own in players.values() for key in own)
    if given != keys:
        raise OptionError(f"The groups must hold each part of the score once: {', '.join(keys)}.")
    at.shapley_weights(len(players))
    return {name: tuple(own) for name, own in players.items()}
