"""The workbench: lists under rules. What they gain and cost, one person's list, and the note of a moved item."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.errors import OptionError
from core.files import JsonObject
from core.graph import FloatArray
from core.guardrails.base import Pool, Rule, all_guardrails, options_of, rule_from, rule_from_text
from core.progress import Progress, no_progress, portion
from explain.fairness.disclosure import Disclosure
from explain.fairness.exposure import RBP
from explain.fairness.reranking import (
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
from explain.groups.cohorts import POPULARITY, Cohorts, cohorts
from explain.groups.intersections import grouping
from explain.records.earlier_plans import guard_of_answer
from explain.results.guardrail import AppliedRule, Cost, Guarded, GuardedPlace, RuleWords
from explain.workbench.session import Session, list_length
from explain.workspace.workspace import Workspace

RuleLike = str | JsonObject | Rule


class RuleService:
    """Lists under rules."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def known(self) -> tuple[RuleWords, ...]:
        """Every rule: name, title, source, options with their defaults, and what a slider moves."""
        return tuple(
            RuleWords(
                name=name,
                title=rule.title,
                source=rule.source,
                strength=rule.strength,
                strengths=tuple(rule.strengths),
                options={f: getattr(rule, f, None) for f in options_of(rule)},
                what=rule.description,
            )
            for name, rule in all_guardrails().items()
        )

    def apply(
        self,
        workspace: str,
        model: str,
        rules: Sequence[RuleLike],
        *,
        k: int | None = None,
        by: str | None = None,
        cohort: str | None = None,
        heldout: bool = True,
        due: Due | None = None,
        browsing: str = RBP,
        at: int | None = None,
        progress: Progress = no_progress,
    ) -> Guarded:
        """Everybody's lists under rules: exposure before and after by an item column, nDCG price by a user column.

        at       seconds UTC, the moment whose lists they are; the price is of the held-out events all the same

        by       the first rule's column where it is None       heldout  False leaves the price out, which needs a refit
        due      shares that rules protect and ratios compare with, by column and group, in the place of the catalogue's
        Raises   OptionError for rules, columns or groups that there are not.
        """
        loaded, parsed = self.session.workspace(workspace, at), parsed_rules(rules)
        k = list_length(loaded, k)
        columns = (rule.column for rule in parsed if rule.column is not None)
        groups = cohorts(loaded.graph, by or next(columns, POPULARITY), "item")
        steps = self._steps(loaded, model, parsed, k, portion(progress, 0.0, 0.4), due, browsing)
        n_lists, n_moved, n_entered = counts(steps)
        changes = group_changes(steps, groups, due, browsing)
        people = grouping(loaded.graph, cohort, "user") if cohort else None
        guard = guard_of_answer(self.session.home, workspace, loaded.graph, people) if people else None
        followed, least = followed_group(changes, parsed, groups.by), self.session.smallest_group
        gains = cohort_gains(steps, groups, followed, people, due, min_n=least, guard=guard)
        price: tuple[Cost, ...] = ()
        if heldout:
            price = self._price(
                self.session.workspace(workspace),
                model,
                parsed,
                k,
                people,
                portion(progress, 0.4, 1.0),
                due=due,
                browsing=browsing,
                guard=guard,
            )
        return Guarded(
            workspace=workspace,
            model=model,
            snapshot=loaded.manifest(model).snapshot,
            k=k,
            by=groups.by,
            rules=tuple(_applied(rule) for rule in parsed),
            groups=changes,
            costs=price,
            gains=gains,
            score_kept=score_kept(steps),
            n_lists=n_lists,
            n_moved=n_moved,
            n_entered=n_entered,
            notes=steps.notes,
        )

    def guarded_list(
        self,
        workspace: str,
        model: str,
        rules: Sequence[RuleLike],
        *,
        user: str,
        k: int | None = None,
        at: int | None = None,
        progress: Progress = no_progress,
    ) -> tuple[GuardedPlace, ...]:
        """One person's list under rules that act on everybody; every moved item says by what. Raises UnknownIdError."""
        question, parsed = self.session.open(workspace, model, user=user, at=at), parsed_rules(rules)
        k = list_length(question.workspace, k)
        return _places(
            question.workspace,
            self._steps(question.workspace, model, parsed, k, progress),
            question.position,
            question.scores(),
        )

    def note(
        self,
        workspace: str,
        model: str,
        rules: Sequence[RuleLike],
        *,
        user: str,
        item: str,
        k: int | None = None,
        at: int | None = None,
    ) -> str:
        """What the explanation of an item must say under rules: its sentence, or "" where no rule moved it."""
        loaded = self.session.workspace(workspace, at)
        position = loaded.graph.items.index(item)
        places = self.guarded_list(workspace, model, rules, user=user, k=k, at=at)
        place = next((p for p in places if p.item == item), None)
        if place is not None:
            return place.sentence
        listed = loaded.lists(loaded.manifest(model), list_length(loaded, k))[loaded.graph.users.index(user)]
        if position not in listed:
            return ""
        names = ", ".join(rule.summary for rule in parsed_rules(rules))
        return f"Not in the list any more: it made room for others ({names})."

    def _pool(self, loaded: Workspace, model: str, k: int, progress: Progress) -> Pool:
        """A slider moves over the same candidates."""
        manifest, graph = loaded.manifest(model), loaded.graph

        def rank() -> Pool:
            score = loaded.model(manifest).score
            return candidates(score, graph.n_users, graph.interactions, k, graph.n_items, progress, closed=graph.closed)

        return self.session.cache.get("pool", (loaded.key, manifest.snapshot, k), rank)

    def _steps(
        self,
        loaded: Workspace,
        model: str,
        rules: Sequence[Rule],
        k: int,
        progress: Progress,
        due: Due | None = None,
        browsing: str = RBP,
    ) -> Steps:
        def run() -> Steps:
            pool = self._pool(loaded, model, k, progress)
            return run_rules(pool, rules, setting_of(loaded.graph, loaded.graph.interactions, k, due, browsing))

        if due is not None or browsing != RBP:
            return run()
        key = (loaded.key, loaded.manifest(model).snapshot, k, tuple(rules))
        return self.session.cache.get("steps", key, run)

    def _price(
        self,
        loaded: Workspace,
        model: str,
        rules: Sequence[Rule],
        k: int,
        people: Cohorts | None,
        progress: Progress,
        *,
        due: Due | None,
        browsing: str,
        guard: Disclosure | None,
    ) -> tuple[Cost, ...]:
        """nDCG on held-out events with and without the rules, of the model that was learnt from the training part."""
        refit = self.session.refit(loaded, model, loaded.card.default_split, 0, k, portion(progress, 0.0, 0.7))
        graph, training = loaded.graph, refit.split.train.interactions

        def rank() -> Pool:
            part = portion(progress, 0.7, 0.9)
            closed = refit.split.train.closed
            return candidates(refit.model.score, graph.n_users, training, k, graph.n_items, part, closed=closed)

        pool = self.session.cache.get("pool", (loaded.name, loaded.prepared.content, f"heldout {model}", k), rank)
        steps = run_rules(pool, rules, setting_of(graph, training, k, due, browsing))
        return costs(steps, refit.split.test, people, min_n=self.session.smallest_group, guard=guard)


def parsed_rules(rules: Sequence[RuleLike]) -> tuple[Rule, ...]:
    """Rules from text, JSON objects or rules. Raises OptionError."""
    if not rules:
        raise OptionError("No guardrail was given: for example minimum-exposure:by=genre,share=0.8.")
    return tuple(_parsed(rule) for rule in rules)


def _parsed(rule: RuleLike) -> Rule:
    if isinstance(rule, Rule):
        return rule
    return rule_from_text(rule) if isinstance(rule, str) else rule_from(rule)


def _applied(rule: Rule) -> AppliedRule:
    """A rule as the contract prints it."""
    return AppliedRule(
        name=rule.name,
        title=rule.title,
        told=rule.summary,
        source=rule.source,
        strength=rule.strength,
        strengths=tuple(rule.strengths),
        options={option: getattr(rule, option) for option in options_of(type(rule))},
    )


def _places(loaded: Workspace, steps: Steps, row: int, scores: FloatArray) -> tuple[GuardedPlace, ...]:
    was = was_at(steps, -1)[row]
    listed = steps.after[row]
    end = int(np.argmax(listed < 0)) if (listed < 0).any() else len(listed)
    return tuple(
        GuardedPlace(
            item=str(loaded.graph.items.ids[item]),
            label=loaded.names.item(item),
            rank=place + 1,
            was=int(was[place]),
            score=float(scores[item]),
            sentence=moved_sentence(place + 1, int(was[place]), mover(steps, row, item)),
        )
        for place, item in enumerate(listed[:end].tolist())
    )
