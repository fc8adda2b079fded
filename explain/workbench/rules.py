"""The workbench: guardrails. What they buy and cost, one person's guarded list, and the note of a moved item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from core.errors import OptionError
from core.guardrails.base import Pool, Rule, all_guardrails, options_of, rule_from, rule_from_text
from core.progress import Progress, no_progress, portion
from explain.fairness.disclosure import Disclosure
from explain.fairness.exposure import RBP
from explain.fairness.reranking import (  # fmt: skip
    Due,
    Steps,
    candidates,
    cohort_gains,
    costs,
    counts,
    followed_group,
    group_changes,
    moved_sentence,
    mover,
    run_rules,
    score_kept,
    setting_of,
    was_at,
)
from explain.groups.cohorts import Cohorts, cohorts
from explain.groups.intersections import grouping
from explain.records.earlier_plans import guard_of_answer
from explain.results.guardrail import Guarded, GuardedPlace
from explain.storage.privacy import smallest_group
from explain.workbench.session import Desk, length
from explain.workspace.refits import kept
from explain.workspace.workspace import Workspace

RuleLike = str | dict[str, Any] | Rule


class Guarding(Desk):
    """Lists under rules."""

    def guardrails(self) -> tuple[dict[str, Any], ...]:
        """Every rule: name, title, source, options with their defaults, and what a slider moves."""
        return tuple(
            {
                "name": name, "title": rule.title, "source": rule.source, "strength": rule.strength, "strengths": rule.strengths,
                "options": {f: getattr(rule, f, None) for f in options_of(rule)}, "what": (rule.__doc__ or "").split("\n")[0],
            }
            for name, rule in all_guardrails().items()
        )  # fmt: skip

    def guardrail(
        self, workspace: str, model: str, rules: Sequence[RuleLike], *, k: int | None = None, by: str | None = None,
        cohort: str | None = None, heldout: bool = True, due: Due | None = None, browsing: str = RBP, progress: Progress = no_progress,
    ) -> Guarded:  # fmt: skip
        """Everybody's lists under rules: exposure before and after by an item column, nDCG price by a user column.

        by       the first rule's column where it is None       heldout  False leaves the price out, which needs a refit
        due      shares that rules protect and ratios compare with, by column and group, in the place of the catalogue's
        Raises   OptionError for rules, columns or groups that there are not.
        """
        world, made = self._world(workspace), parsed(rules)
        k = length(world, k)
        column = by or next((str(getattr(rule, "by")) for rule in made if hasattr(rule, "by")), "popularity")  # noqa: B009
        groups = cohorts(world.graph, column, "item")
        steps = self._steps(world, model, made, k, portion(progress, 0.0, 0.4), due, browsing)
        n_lists, n_moved, n_entered = counts(steps)
        changes, people = (
            group_changes(steps, groups, due, browsing),
            grouping(world.graph, cohort, "user") if cohort else None,
        )
        least = smallest_group(self.store.home)
        guard = guard_of_answer(self.store.home, workspace, world.graph, cohort) if cohort else None
        followed = followed_group(changes, made, groups.by)
        gains = cohort_gains(steps, groups, followed, people, due, min_n=least, guard=guard)
        paid = (
            self._costs(world, model, made, k, people, portion(progress, 0.4, 1.0), due, browsing, guard)
            if heldout
            else ()
        )
        return Guarded(
            workspace, model, world.manifest(model).snapshot, k, groups.by, tuple(as_json(rule) for rule in made),
            changes, paid, gains, score_kept(steps), n_lists, n_moved, n_entered, steps.notes,
        )  # fmt: skip

    def tradeoff(
        self, workspace: str, model: str, rule: RuleLike, *, k: int | None = None, by: str | None = None, cohort: str | None = None,
        progress: Progress = no_progress,
    ) -> tuple[Guarded, ...]:  # fmt: skip
        """The same rule from none to strong: one answer for each of its strengths."""
        (one,) = parsed([rule])
        found = []
        for n, strength in enumerate(one.strengths):
            tried = replace(one, **{one.strength: strength})
            part = portion(progress, n / len(one.strengths), (n + 1) / len(one.strengths))
            found.append(self.guardrail(workspace, model, [tried], k=k, by=by, cohort=cohort, progress=part))
        return tuple(found)

    def guarded_list(
        self, workspace: str, model: str, rules: Sequence[RuleLike], *, user: str, k: int | None = None, progress: Progress = no_progress
    ) -> tuple[GuardedPlace, ...]:  # fmt: skip
        """One person's list under rules that act on everybody; every moved item says by what. Raises UnknownIdError."""
        world, made = self._world(workspace), parsed(rules)
        row = world.graph.users.index(user)
        steps = self._steps(world, model, made, length(world, k), progress)
        return _placed(world, steps, row, self._scores(world, model, row))

    def guard_note(
        self, workspace: str, model: str, rules: Sequence[RuleLike], *, user: str, item: str, k: int | None = None
    ) -> str:  # fmt: skip
        """What the explanation of an item must say under rules: its sentence, or "" where no rule moved it."""
        self._world(workspace).graph.items.index(item)
        listed = self.guarded_list(workspace, model, rules, user=user, k=k)
        found = next((p for p in listed if p.item == item), None)
        if found is None:
            plain = self._world(workspace).lists(
                self._world(workspace).manifest(model), length(self._world(workspace), k)
            )
            row, position = (
                self._world(workspace).graph.users.index(user),
                self._world(workspace).graph.items.index(item),
            )
            if position in plain[row]:
                return f"Not in the list any more: it made room for others ({', '.join(rule.told for rule in parsed(rules))})."
            return ""
        return found.sentence

    def has_refit(self, workspace: str, model: str) -> bool:
        """Whether the refit on the training part, which a price needs, was made already."""
        world, split = self._world(workspace), self._world(workspace).card.default_split
        in_memory = (world.prepared.content, model, split, "0") in self._heldout
        return (
            in_memory or kept(self.store.refits(workspace, split, 0), model, world.prepared.identity(model)) is not None
        )

    def _scores(self, world: Workspace, model: str, row: int) -> Any:
        return world.model(world.manifest(model)).score(np.array([row]))[0]

    def _pool(self, world: Workspace, model: str, k: int, progress: Progress) -> Pool:
        """Kept for the life of the workbench: a slider moves over the same candidates."""
        manifest = world.manifest(model)
        key = (world.workspace, manifest.snapshot, k)
        if key not in self._pools:
            fitted = world.model(manifest)
            self._pools[key] = candidates(
                fitted.score, world.graph.n_users, world.graph.interactions, k, world.graph.n_items, progress
            )
        return self._pools[key]

    def _steps(
        self, world: Workspace, model: str, rules: Sequence[Rule], k: int, progress: Progress, due: Due | None = None,
        browsing: str = RBP,
    ) -> Steps:  # fmt: skip
        if due is not None or browsing != RBP:
            pool = self._pool(world, model, k, progress)
            return run_rules(pool, rules, setting_of(world.graph, world.graph.interactions, k, due, browsing))
        key = (world.workspace, world.manifest(model).snapshot, k, tuple(rules))
        if key not in self._guarded:
            pool = self._pool(world, model, k, progress)
            self._guarded[key] = run_rules(pool, rules, setting_of(world.graph, world.graph.interactions, k))
            while len(self._guarded) > 24:
                self._guarded.pop(next(iter(self._guarded)))
        return self._guarded[key]

    def _costs(
        self, world: Workspace, model: str, rules: Sequence[Rule], k: int, people: Cohorts | None, progress: Progress,
        due: Due | None = None, browsing: str = RBP, guard: Disclosure | None = None,
    ) -> Any:  # fmt: skip
        run = self._refit(world, model, world.card.default_split, 0, k, portion(progress, 0.0, 0.7))
        key = (world.workspace, f"heldout {world.prepared.content} {model}", k)
        training = run.split.train.interactions
        if key not in self._pools:
            self._pools[key] = candidates(
                run.model.score, world.graph.n_users, training, k, world.graph.n_items, portion(progress, 0.7, 0.9)
            )
        steps = run_rules(self._pools[key], rules, setting_of(world.graph, training, k, due, browsing))
        return costs(steps, run.split.test, people, min_n=smallest_group(self.store.home), guard=guard)


def parsed(rules: Sequence[RuleLike]) -> tuple[Rule, ...]:
    """Rules from text, JSON objects or rules. Raises OptionError."""
    if not rules:
        raise OptionError("No guardrail was given: for example minimum-exposure:by=genre,share=0.8.")
    made = []
    for rule in rules:
        made.append(
            rule if isinstance(rule, Rule) else rule_from_text(rule) if isinstance(rule, str) else rule_from(rule)
        )
    return tuple(made)


def as_json(rule: Rule) -> dict[str, Any]:
    return {"name": rule.name, "title": rule.title, "told": rule.told} | {
        f: getattr(rule, f) for f in rule.__dataclass_fields__
    }


def _placed(world: Workspace, steps: Steps, row: int, scores: Any) -> tuple[GuardedPlace, ...]:
    was, made = was_at(steps, -1)[row], []
    for place, item in enumerate(steps.after[row].tolist()):
        if item < 0:
            break
        sentence = moved_sentence(place + 1, int(was[place]), mover(steps, row, item))
        made.append(
            GuardedPlace(
                str(world.graph.items.ids[item]),
                world.names.item(item),
                place + 1,
                int(was[place]),
                float(scores[item]),
                sentence,
            )
        )
    return tuple(made)
