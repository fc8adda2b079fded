"""The workbench: through what a gap comes, how much each main parameter weighs, and what lists without a profile are worth."""

from __future__ import annotations

import numpy as np

from core.errors import OptionError, shown
from core.intervals import DRAWS
from core.progress import Progress, no_progress, portion
from core.threads import one_thread
from explain.desk.base import Desk, length
from explain.fairness import attribution as at
from explain.fairness.exposure import catalogue_share
from explain.fairness.intersections import grouping


class Attributing(Desk):
    """Attributions of a gap, measured weights, arms without a profile."""

    def gap_attribution(
        self, workspace: str, model: str, by: str, group: str, k: int | None = None, *, through: str = "relations",
        players: at.Players | None = None, people: int = at.MAX_PEOPLE, seed: int = 0, progress: Progress = no_progress,
    ) -> at.GapAttribution:  # fmt: skip
        """Through which relations (or "events", "age" of the history) a group of items gets more or less than its share.

        players  groups of relations of one's own, name → keys; together they must be all that the score has
        Raises   OptionError for an unknown column, group, `through` or grouping; NotReadyError before the model is fitted
        """
        world = self._world(workspace)
        k, manifest = length(world, k), world.manifest(model)
        groups = grouping(world.graph, by, "item")
        if group not in groups.labels:
            raise OptionError(f"{shown(group)} is no group of {groups.by}: {', '.join(groups.labels[:10])}.")
        if not 10 <= people <= 1_000_000:
            raise OptionError(f"{people} people are asked for: choose 10 or more.")
        sources = at.sources_of(world.graph, through)
        fitted, g = world.model(manifest), groups.labels.index(group)
        users = at.people(world.graph, people, seed)
        with one_thread():
            lists = world.lists(manifest, k, portion(progress, 0.0, 0.2))[users]
            found = at.find_players(world.graph, fitted, users, sources)
            chosen = found if players is None else _checked(players, found)
            belongs = np.asarray(groups.membership[:, [g]].todense(), dtype=np.float64).ravel()
            game = at.play(
                world.graph, fitted, users, np.asarray(lists), belongs, players=chosen, sources=sources,
                progress=portion(progress, 0.2, 0.95),
            )  # fmt: skip
        solved = at.solve(game, seed=seed)
        parts = [
            at.Share(name, self._label(world.names.relation, name, through, chosen), float(v), float(low), float(high))
            for name, v, low, high in zip(game.players, solved.values, solved.low, solved.high, strict=True)
        ]
        parts.sort(key=lambda p: -abs(p.value))
        target = float(catalogue_share(groups.membership)[g])
        missed = abs(float(solved.values.sum()) - (solved.exposure - solved.random))
        progress(1.0, "attributed")
        return at.GapAttribution(
            workspace, model, manifest.snapshot, groups.by, group, through, k, "rbp(0.8)", "catalogue share",
            solved.exposure, target, solved.exposure / target if target > 0 else None, solved.exposure - target,
            solved.exposure_low - target, solved.exposure_high - target, solved.random - target, tuple(parts), missed,
            len(users), seed, DRAWS, at.gap_sentence(group, solved, target, parts),
        )  # fmt: skip

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


def _checked(players: at.Players, found: at.Players) -> dict[str, tuple[str, ...]]:
    keys = sorted(key for own in found.values() for key in own)
    given = sorted(key for own in players.values() for key in own)
    if given != keys:
        raise OptionError(f"The groups must hold each part of the score once: {', '.join(keys)}.")
    at.shapley_weights(len(players))
    return {name: tuple(own) for name, own in players.items()}
