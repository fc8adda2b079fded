"""The workbench: who gets exposure, for whom lists are good, through what a gap comes, and what each main parameter
weighs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from core.errors import OptionError, shown
from core.intervals import DRAWS
from core.models.base import get_model
from core.progress import Progress, no_progress, portion
from core.ranking import NO_ITEM
from core.snapshots import Manifest
from core.threads import one_thread
from explain.fairness import attribution
from explain.fairness.audit import build_report
from explain.fairness.baselines import baselines_sentence, compare_baselines
from explain.fairness.cells import joint_cells
from explain.fairness.disclosure import withheld
from explain.fairness.exposure import RBP, browsing_weights, catalogue_share, rbp
from explain.fairness.item_audit import audit_items
from explain.fairness.main_parameters import MAX_PEOPLE, measure_weights, weights_sentence
from explain.fairness.report import audit_people
from explain.fairness.trends import MOST_SNAPSHOTS, trends
from explain.groups.cohorts import columns
from explain.groups.intersections import grouping, groups_by, side_by
from explain.groups.membership import Cohorts
from explain.records.earlier_plans import guard_of_answer
from explain.results.audit import AuditReport, ItemAudit, PeopleAudit
from explain.results.cells import BehindCell, CellTable
from explain.results.exposure import GapAttribution, GapShare, MeasuredWeights, NonProfiling
from explain.results.measured import Trend
from explain.results.plan import Target, Thresholds
from explain.workbench.session import Session, list_length
from explain.workspace.behind_cell import behind_cell, members
from explain.workspace.snapshot_lists import newest_lists
from explain.workspace.workspace import Workspace

MOST_CELLS = 2_000
FORMED = "of-limits"  # how verdicts are formed: answers that were stored when p was of equality are not told


class ExposureService:
    """Who gets exposure, for whom lists are good, and through what."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def columns(self, workspace: str) -> dict[str, list[str]]:
        """Columns that an audit can group by: {"item": [...], "user": [...]}."""
        return {str(side): list(names) for side, names in columns(self.session.workspace(workspace).graph).items()}

    def audit(
        self,
        workspace: str,
        model: str,
        by: str,
        *,
        side: str | None = None,
        k: int | None = None,
        progress: Progress = no_progress,
    ) -> AuditReport:
        """Exposure by item group under the served model, or held-out quality by cohort under a refit."""
        loaded = self.session.workspace(workspace)
        k = list_length(loaded, k)
        groups, manifest = groups_by(loaded.graph, by, side), loaded.manifest(model)
        audited: ItemAudit | PeopleAudit
        if groups.side == "item":
            audited = audit_items(loaded.graph, loaded.lists(manifest, k, progress), groups, k)
        else:
            audited = self._people_audit(loaded, model, groups, k, progress)
        report = build_report(audited, workspace=workspace, model=model, snapshot=manifest.snapshot)
        key = self._audit_key(workspace, manifest, by, groups.side, k)
        self.session.store.write_result(workspace, key, report.as_json())
        return report

    def _people_audit(self, loaded: Workspace, model: str, groups: Cohorts, k: int, progress: Progress) -> PeopleAudit:
        split = loaded.card.default_split
        run = self.session.refit(loaded, model, split, 0, k, progress)
        guard = guard_of_answer(self.session.home, loaded.name, loaded.graph, groups)
        limits = Thresholds(min_n=self.session.smallest_group)
        audited = audit_people(loaded.graph, run.evaluation(k), groups, k, guard, thresholds=limits)
        return replace(audited, overall=replace(audited.overall, split=split))

    def stored(
        self, workspace: str, model: str, by: str, *, side: str | None = None, k: int | None = None
    ) -> AuditReport | None:
        """The same audit where it was run for the newest snapshot, or None."""
        loaded = self.session.workspace(workspace)
        chosen, k = side_by(loaded.graph, by, side), list_length(loaded, k)
        key = self._audit_key(workspace, loaded.manifest(model), by, chosen, k)
        stored = self.session.store.read_result(workspace, key)
        return None if stored is None else AuditReport.from_json(stored)

    def cells(
        self,
        workspace: str,
        model: str,
        user_by: str,
        item_by: str,
        *,
        k: int | None = None,
        progress: Progress = no_progress,
    ) -> CellTable:
        """What each group of people is shown of each group of items: ratios to the catalogue share, adjusted."""
        loaded = self.session.workspace(workspace)
        people, items = grouping(loaded.graph, user_by, "user"), grouping(loaded.graph, item_by, "item")
        if len(people.labels) * len(items.labels) > MOST_CELLS:
            raise OptionError(
                f"{len(people.labels)} × {len(items.labels)} cells are too many for one table: choose coarser columns."
            )
        lists = loaded.lists(loaded.manifest(model), list_length(loaded, k), progress)
        thresholds = Thresholds(min_n=self.session.smallest_group)
        guard = guard_of_answer(self.session.home, workspace, loaded.graph, people)
        table = joint_cells(lists, rbp(lists.shape[1]), people, items, thresholds=thresholds, guard=guard)
        return replace(table, lists="served", browsing=RBP)

    def behind_cell(
        self,
        workspace: str,
        model: str,
        user_by: str,
        user_group: str,
        item_by: str,
        item_group: str,
        *,
        k: int | None = None,
    ) -> BehindCell:
        """People and items behind a cell. Raises OptionError for a group of people that stays hidden."""
        loaded = self.session.workspace(workspace)
        lists = loaded.lists(loaded.manifest(model), list_length(loaded, k))
        people = grouping(loaded.graph, user_by, "user")
        who, least = members(people, user_group), self.session.smallest_group
        guard = guard_of_answer(self.session.home, workspace, loaded.graph, people)
        if user_group in guard.names(people.by, np.flatnonzero((lists != NO_ITEM).any(axis=1))):
            raise OptionError(f"{shown(user_group)} stays hidden. {withheld(least)}")
        return behind_cell(loaded, lists, who, members(grouping(loaded.graph, item_by, "item"), item_group), least)

    def catalogue_shares(self, workspace: str, by: str) -> dict[str, float]:
        """Share of the catalogue of every known group of an item column: what a policy starts from.
        They add up to 1.
        """
        groups = grouping(self.session.workspace(workspace).graph, by, "item")
        share = catalogue_share(groups.catalogue)
        known = {label: float(share[g]) for g, label in enumerate(groups.labels) if g != groups.unknown}
        total = sum(known.values())
        return {label: value / total for label, value in known.items()} if total else known

    def trends(
        self,
        workspace: str,
        model: str,
        by: str,
        *,
        k: int | None = None,
        browsing: str = RBP,
        policies: Mapping[str, Mapping[str, float]] | None = None,
        progress: Progress = no_progress,
    ) -> tuple[Trend, ...]:
        """Popularity, long tail, diversity, calibration, homogenisation and impact ratio over this model's snapshots,
        oldest first.
        """
        loaded = self.session.workspace(workspace)
        k = list_length(loaded, k)
        snapshots = newest_lists(loaded, model, k, MOST_SNAPSHOTS, progress)
        return trends(loaded.graph, snapshots, by, k, browsing=browsing, policies=policies)

    def gap_attribution(
        self,
        workspace: str,
        model: str,
        by: str,
        group: str,
        k: int | None = None,
        *,
        through: str = "relations",
        players: attribution.Players | None = None,
        people: int = attribution.MAX_PEOPLE,
        seed: int = 0,
        due: tuple[str, float] | None = None,
        browsing: str = RBP,
        at: int | None = None,
        progress: Progress = no_progress,
    ) -> GapAttribution:
        """Through which relations (or "events", "age" of the history) a group of items gets more or less than its
        share.

        browsing how lists are read
        at       seconds UTC, the moment whose lists they are
        due      what the exposure is compared with, (name, share of all attention); the catalogue share if left out
        players  groups of relations of one's own, name → keys; together they must be all that the score has
        Raises   OptionError for an unknown column, group, `through` or grouping; NotReadyError before the model is
                 fitted
        """
        loaded = self.session.workspace(workspace, at)
        k, manifest = list_length(loaded, k), loaded.manifest(model)
        groups = grouping(loaded.graph, by, "item")
        if group not in groups.labels:
            raise OptionError(f"{shown(group)} is no group of {groups.by}: {', '.join(groups.labels[:10])}.")
        sources = attribution.sources_of(loaded.graph, through)
        fitted, g = loaded.model(manifest), groups.labels.index(group)
        users = attribution.people(loaded.graph, _some(people), seed)
        with one_thread():
            lists = loaded.lists(manifest, k, portion(progress, 0.0, 0.2))[users]
            known = attribution.find_players(loaded.graph, fitted, users, sources)
            chosen = known if players is None else _checked(players, known)
            belongs = np.asarray(groups.membership[:, [g]].todense(), dtype=np.float64).ravel()
            game = attribution.play(
                loaded.graph,
                fitted,
                users,
                np.asarray(lists),
                belongs,
                weights=browsing_weights(browsing, k),
                players=chosen,
                sources=sources,
                progress=portion(progress, 0.2, 0.95),
            )
        solved = attribution.solve(game, seed=seed)
        parts = [
            GapShare(
                player=name,
                label=self._label(loaded.names.relation, name, through, chosen),
                value=float(v),
                low=float(low),
                high=float(high),
            )
            for name, v, low, high in zip(game.players, solved.values, solved.low, solved.high, strict=True)
        ]
        parts.sort(key=lambda p: -abs(p.value))
        title, target = due or ("catalogue share", float(catalogue_share(groups.catalogue)[g]))
        missed = abs(float(solved.values.sum()) - (solved.exposure - solved.random))
        progress(1.0, "attributed")
        whose = _whose(len(users), loaded.graph.n_users)
        return GapAttribution(
            workspace=workspace,
            model=model,
            snapshot=manifest.snapshot,
            by=groups.by,
            group=group,
            through=through,
            k=k,
            browsing=browsing,
            target_title=title,
            exposure=solved.exposure,
            target=target,
            ratio=solved.exposure / target if target > 0 else None,
            gap_all=solved.exposure - target,
            gap_all_low=solved.exposure_low - target,
            gap_all_high=solved.exposure_high - target,
            gap_random=solved.random - target,
            parts=tuple(parts),
            completeness_error=missed,
            n_people=len(users),
            n_people_all=loaded.graph.n_users,
            seed=seed,
            draws=DRAWS,
            sentence=attribution.gap_sentence(group, solved, target, parts, whose),
        )

    def main_parameters(
        self,
        workspace: str,
        model: str,
        k: int | None = None,
        *,
        people: int = MAX_PEOPLE,
        seed: int = 0,
        at: int | None = None,
        progress: Progress = no_progress,
    ) -> MeasuredWeights:
        """The main parameters with the weight that each has in the listed items' scores (DSA Article 27)."""
        loaded = self.session.workspace(workspace, at)
        k, manifest = list_length(loaded, k), loaded.manifest(model)
        users = attribution.people(loaded.graph, _some(people), seed)
        with one_thread():
            lists = np.asarray(loaded.lists(manifest, k, portion(progress, 0.0, 0.5)))[users]
            rows = measure_weights(
                loaded.graph,
                loaded.model(manifest),
                users,
                lists,
                loaded.names.relation,
                seed=seed,
                progress=portion(progress, 0.5, 1.0),
            )
        return MeasuredWeights(
            workspace=workspace,
            model=model,
            snapshot=manifest.snapshot,
            k=k,
            n_people=len(users),
            seed=seed,
            draws=DRAWS,
            rows=rows,
            sentence=weights_sentence(rows, len(users), k, loaded.names.noun),
        )

    def non_profiling(
        self,
        workspace: str,
        model: str,
        k: int | None = None,
        *,
        by: str | None = None,
        seed: int = 0,
        browsing: str = RBP,
        target: Target = "catalogue",
        progress: Progress = no_progress,
    ) -> NonProfiling:
        """The model beside popularity and recency lists, on held-out events of the data's default split.

        by  the item column whose groups' exposure is compared; author_group, or the first that there is, if left out
        """
        loaded = self.session.workspace(workspace)
        k, split = list_length(loaded, k), loaded.card.default_split
        offered = columns(loaded.graph)["item"]
        chosen = by or ("author_group" if "author_group" in offered else offered[0] if offered else None)
        groups = grouping(loaded.graph, chosen, "item") if chosen else None
        run = self.session.refit(loaded, model, split, seed, k, portion(progress, 0.0, 0.8))
        title = get_model(model).spec.title
        baselines = compare_baselines(
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
        return NonProfiling(
            workspace=workspace,
            model=model,
            split=split,
            k=k,
            by=None if groups is None else groups.by,
            n_people=int((np.diff(run.split.test.indptr) > 0).sum()),
            seed=seed,
            arms=baselines,
            sentence=baselines_sentence(baselines, k),
        )

    def _audit_key(self, workspace: str, manifest: Manifest, by: str, side: str, k: int) -> str:
        """Of people also by the smallest group that is told: what was stored under another one, or before there was
        one, is not.
        """
        least = f"-least-{self.session.smallest_group}" if side == "user" else ""
        prepared = self.session.store.require(workspace)
        data = f"-{prepared.content[:12]}" if prepared.files else ""  # columns and labels are none of the snapshot's
        group = hashlib.sha256(by.encode()).hexdigest()[:12]
        return f"audit-{manifest.snapshot}-{side}-{group}-{k}{least}{data}-{FORMED}"

    def _label(self, relation: object, name: str, through: str, players: attribution.Players) -> str:
        if through == "events":
            return f"events of kind {name}" if name != attribution.NO_HISTORY else "what needs no history"
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


def _checked(players: attribution.Players, known: attribution.Players) -> dict[str, tuple[str, ...]]:
    keys = sorted(key for own in known.values() for key in own)
    given = sorted(key for own in players.values() for key in own)
    if given != keys:
        raise OptionError(f"The groups must hold each part of the score once: {', '.join(keys)}.")
    attribution.shapley_weights(len(players))
    return {name: tuple(own) for name, own in players.items()}
