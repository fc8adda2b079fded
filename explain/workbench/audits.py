"""The workbench: whole audits. A plan is checked, everything of it is measured, cells can be looked into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.errors import OptionError, shown
from core.progress import Progress, no_progress, portion
from core.ranking import NO_ITEM
from explain.fairness.cells import joint_cells
from explain.fairness.disclosure import Disclosure, withheld
from explain.fairness.exposure import RBP, catalogue_share, rbp
from explain.fairness.metrics.base import all_metrics
from explain.fairness.plan import Plan, check_plan, plan_from_json, usual_plan
from explain.fairness.report import Lists, audited_lists, guard_of, run_plan
from explain.fairness.thresholds import Thresholds
from explain.fairness.trends import MOST_SNAPSHOTS, trends
from explain.format.names import CROWD_MINIMUM
from explain.groups.intersections import grouping
from explain.records.content import Extras, record_content
from explain.records.earlier_plans import guard_of_answer, told_before
from explain.results.lists import SearchHit as Hit
from explain.storage.privacy import checked_limit, smallest_group
from explain.workbench.session import Desk, evaluation_key, length
from explain.workspace.snapshot_lists import newest_lists
from explain.workspace.workspace import Workspace

BEHIND = 25


class Auditing(Desk):
    """Plans, whole audits, cells and what is behind them."""

    def usual_plan(self, workspace: str, model: str, *, k: int | None = None) -> dict[str, Any]:
        """A plan to start from, as JSON. Raises NotReadyError, OptionError."""
        world = self._world(workspace)
        world.manifest(model)
        k, split = length(world, k), world.card.default_split
        stored = (self.store.read_result(workspace, evaluation_key(world, model, split, at, 0)) for at in (k, 20))
        measured = [found["metrics"] for found in stored if found is not None]
        ndcg = next((m[f"ndcg@{at}"]["value"] for at in (k, 20) for m in measured if f"ndcg@{at}" in m), None)
        return usual_plan(world.graph, workspace, model, k, ndcg, min_n=smallest_group(self.store.home)).as_json()

    def metric_words(self) -> tuple[dict[str, Any], ...]:
        """Every metric's words: number, name, title, formula, source, range, fair, direction."""
        return tuple(metric.words() for metric in all_metrics())

    def catalogue_shares(self, workspace: str, by: str) -> dict[str, float]:
        """Share of the catalogue of every known group of an item column: what a policy starts from. They add up to 1."""
        groups = grouping(self._world(workspace).graph, by, "item")
        share = catalogue_share(groups.membership)
        known = {label: float(share[g]) for g, label in enumerate(groups.labels) if g != groups.unknown}
        total = sum(known.values())
        return {label: value / total for label, value in known.items()} if total else known

    def checked_plan(self, workspace: str, plan: dict[str, Any]) -> dict[str, Any]:
        """The plan as it would be run. Raises OptionError with what cannot be."""
        return self._plan(self._world(workspace), plan).as_json()

    def measure_plan(
        self, workspace: str, plan: dict[str, Any], *, extras: Extras | None = None, progress: Progress = no_progress
    ) -> dict[str, Any]:
        """Run a plan: the record's content without hash and signatures. Long; progress may cancel it."""
        world = self._world(workspace)
        checked = self._plan(world, plan)
        manifest = world.manifest(checked.model)
        given = self._lists(world, checked, portion(progress, 0.0, 0.6))
        guard = self._guard(world, checked)
        measured = run_plan(world.graph, checked, given, guard=guard, progress=portion(progress, 0.6, 0.95))
        more = extras or Extras()
        return record_content(
            world.graph, world.card, manifest, self._title(checked.model), checked, plan | checked.as_json(), measured,
            audited_lists(world.graph, checked, given, guard), more,
        )  # fmt: skip

    def cells(
        self, workspace: str, model: str, user_by: str, item_by: str, *, k: int | None = None, progress: Progress = no_progress
    ) -> dict[str, Any]:  # fmt: skip
        """What each group of people is shown of each group of items: ratios to the catalogue share, adjusted."""
        world = self._world(workspace)
        people, items = grouping(world.graph, user_by, "user"), grouping(world.graph, item_by, "item")
        if len(people.labels) * len(items.labels) > 2_000:
            raise OptionError(
                f"{len(people.labels)} × {len(items.labels)} cells are too many for one table: choose coarser columns."
            )
        lists = world.lists(world.manifest(model), length(world, k), progress)
        weights = rbp(lists.shape[1])
        limit, guard = (
            smallest_group(self.store.home),
            guard_of_answer(self.store.home, workspace, world.graph, user_by),
        )
        return joint_cells(lists, weights, people, items, thresholds=Thresholds(min_n=limit), guard=guard).as_json()

    def behind_cell(
        self, workspace: str, model: str, user_by: str, user_group: str, item_by: str, item_group: str, *, k: int | None = None
    ) -> dict[str, Any]:  # fmt: skip
        """People and items behind a cell: who of the group sees most of it, and which of its items are shown most to them.

        {"n_people", "people": [Found], "items": [Found], "pairs": [(user, item, rank)]}; at most 25 of each. People and pairs
        are empty where the workspace does not list people; there n_reached is None where it would tell of few who are, or are not.
        Raises OptionError for a group of people that stays hidden.
        """
        world = self._world(workspace)
        lists = world.lists(world.manifest(model), length(world, k))
        people = grouping(world.graph, user_by, "user")
        who, limit = _members(people, user_group), smallest_group(self.store.home)
        guard = guard_of_answer(self.store.home, workspace, world.graph, user_by)
        if user_group in guard.names(people.by, np.flatnonzero((lists != NO_ITEM).any(axis=1))):
            raise OptionError(f"{shown(user_group)} stays hidden. {withheld(limit)}")
        what = _members(grouping(world.graph, item_by, "item"), item_group)
        kept = np.isin(lists[who], what) & (lists[who] != NO_ITEM)
        weight = rbp(lists.shape[1])
        by_person = kept @ weight
        order = np.argsort(-by_person, kind="stable")[:BEHIND]
        shown_items, places = lists[who][kept], np.broadcast_to(weight, kept.shape)[kept]
        by_item = np.bincount(shown_items, weights=places, minlength=world.graph.n_items)
        times = np.bincount(shown_items, minlength=world.graph.n_items)
        best = [i for i in np.argsort(-by_item, kind="stable")[:BEHIND].tolist() if times[i]]
        users, items = world.graph.users.ids, world.graph.items.ids
        first = kept[order].argmax(axis=1)  # the first of these items in each person's list
        pairs = [
            (str(users[who[r]]), str(items[lists[who[r], c]]), int(c) + 1)
            for r, c in zip(order.tolist(), first.tolist(), strict=True)
            if by_person[r] > 0
        ]
        listed, n_reached = world.lists_people, int((by_person > 0).sum())
        few = 0 < n_reached < limit or 0 < len(who) - n_reached < limit
        return {
            "n_people": len(who), "n_items": len(what), "n_reached": None if few and not listed else world.names.about(n_reached),
            "people": [] if not listed else [Hit(str(users[who[r]]), world.names.user(int(who[r])), f"{int(kept[r].sum())} in the list") for r in order if by_person[r] > 0],
            "items": [Hit(str(items[i]), world.names.item(i), _in_lists(int(times[i]), listed)) for i in best],
            "pairs": pairs[:BEHIND] if listed else [],
        }  # fmt: skip

    def trends(
        self, workspace: str, model: str, by: str, *, k: int | None = None, browsing: str = RBP,
        policies: Mapping[str, Mapping[str, float]] | None = None, progress: Progress = no_progress,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Every metric that reads served lists alone, over this model's snapshots, oldest first."""
        world = self._world(workspace)
        k = length(world, k)
        snapshots = newest_lists(world, model, k, MOST_SNAPSHOTS, progress)
        return trends(world.graph, snapshots, by, k, browsing=browsing, policies=policies)

    def _plan(self, world: Workspace, content: dict[str, Any]) -> Plan:
        plan = plan_from_json(content)
        if plan.workspace != world.workspace:
            raise OptionError(f"The plan is about {shown(plan.workspace)}, not {shown(world.workspace)}.")
        world.manifest(plan.model)
        checked_limit(self.store.home, plan.thresholds.min_n)
        return check_plan(plan, world.graph)

    def _guard(self, world: Workspace, plan: Plan) -> Disclosure:
        """What the record of a plan may tell: in accord with what the plans before it were told."""
        home = self.store.home
        before = told_before(home, world.workspace, world.graph)
        return guard_of(world.graph, plan, floor=smallest_group(home), before=before)

    def _lists(self, world: Workspace, plan: Plan, progress: Progress) -> Lists:
        served = world.lists(world.manifest(plan.model), plan.k, portion(progress, 0.0, 0.3))
        if not (plan.user_columns or plan.intersections or plan.needs_relevance):
            return Lists(served)
        run = self._refit(world, plan.model, world.card.default_split, plan.seed, plan.k, portion(progress, 0.3, 1.0))
        return Lists(
            served, run.lists[:, : plan.k], run.split.test, run.evaluation(plan.k), run.split.train.interactions
        )

    def _title(self, model: str) -> str:
        from core.models.base import get_model

        return get_model(model).spec.title


def _in_lists(n: int, listed: bool) -> str:
    return f"in fewer than {CROWD_MINIMUM} lists" if n < CROWD_MINIMUM and not listed else f"in {n:,} lists"


def _members(groups: Any, label: str) -> np.ndarray:
    if label not in groups.labels:
        raise OptionError(f"{shown(label)} is no group of {groups.by}: {', '.join(groups.labels[:10])}.")
    column = groups.membership[:, [groups.labels.index(label)]]
    return np.flatnonzero(np.asarray(column.todense()).ravel() > 0)
