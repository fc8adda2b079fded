"""The workbench: accuracy on held-out events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np

from core.errors import OptionError
from core.evaluation import CUTOFFS, coverage, evaluate
from core.graph import FloatArray
from core.live import DAY_S, LiveRun, LiveWindow, hits_at, live_metrics, replay
from core.models.base import get_model
from core.paired import PerPerson, paired_differences
from core.progress import Progress, no_progress, portion
from core.threads import one_thread
from data.tables import SplitKind
from data.test_folder import split_by_folder
from explain.format.dates import date_of
from explain.groups.intersections import grouping
from explain.records.earlier_plans import guard_of_answer
from explain.results.cold import ColdReport
from explain.results.workspace import CohortAccuracy, DayAccuracy, Difference, EvaluationReport, LiveReport
from explain.workbench.session import Session, evaluation_key, list_length
from explain.workspace.cohort_accuracy import cohort_accuracy
from explain.workspace.cold import cold_report, what_content_is_worth
from explain.workspace.refits import readability
from explain.workspace.workspace import Workspace


class EvaluationService:
    """How good the lists are on what was kept back."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def measure(
        self,
        workspace: str,
        model: str,
        *,
        split: str | None = None,
        k: int | None = None,
        seed: int = 0,
        refresh: int | None = None,
        progress: Progress = no_progress,
    ) -> EvaluationReport:
        """Refit on the training part and measure on the rest; stored for `stored`. split: the card's where None.

        refresh  seconds from one moment of a `live` split to the next; an hour where None
        """
        loaded = self.session.workspace(workspace)
        split = loaded.card.default_split if split is None else split
        if refresh is not None and split != "live":
            raise OptionError(f"--refresh belongs to the split live; the split {split} has one list for all events.")
        k = list_length(loaded, k)
        run = self.session.refit(loaded, model, split, seed, k, portion(progress, 0.0, 0.5), anew=True)
        window, live = run.split.window, None
        if window is None:
            measured = run.evaluation(k)
            n_users, metrics, people = measured.n_users, measured.metrics, PerPerson.of(measured, k)
        else:
            window = window if refresh is None else replace(window, refresh=_refresh(refresh))
            with one_thread():
                played = replay(window, run.model.at, k, progress=portion(progress, 0.5, 1.0))
            n_users, metrics = len(np.unique(played.user)), live_metrics(played, _cutoffs(k), seed=seed)
            metrics |= {f"coverage@{c}": coverage(played.lists[:, :c], window.graph.n_items) for c in _cutoffs(k)}
            live, people = _live_report(window, played, k, seed), PerPerson.of_live(played, k)
        report = EvaluationReport(
            workspace,
            model,
            split,
            k,
            seed,
            n_users,
            {name: metric.as_json() for name, metric in metrics.items()},
            run.path_share,
            run.gross_net,
            run.seconds,
            len(run.split.cold_users),
            live,
        )
        key = evaluation_key(loaded, model, split, k, seed)
        self.session.store.write_result(workspace, key, report.as_json())
        self.session.store.write_result(workspace, PEOPLE + key, people.as_json())
        progress(1.0, "measured")
        return report

    def measure_on(
        self, workspace: str, model: str, folder: Path, *, k: int | None = None, progress: Progress = no_progress
    ) -> tuple[EvaluationReport, tuple[str, ...]]:
        """The served model, which learnt from all of the workspace, measured on the events of a folder; and what of
        them was left out, in sentences. Raises DataError, NotReadyError.
        """
        loaded = self.session.workspace(workspace)
        k, manifest = list_length(loaded, k), loaded.manifest(model)
        parts, left_out = split_by_folder(loaded.graph, folder, loaded.card.positives)
        with one_thread():
            lists = loaded.lists(manifest, k, portion(progress, 0.0, 0.8))
            measured = evaluate(lists, parts.test, training=parts.train.interactions, cutoffs=_cutoffs(k))
            share, ratio = readability(loaded.model(manifest), lists)
        progress(1.0, "measured")
        report = EvaluationReport(
            workspace=workspace,
            model=model,
            split="given",
            k=k,
            seed=manifest.seed,
            n_users=measured.n_users,
            metrics={name: metric.as_json() for name, metric in measured.metrics.items()},
            path_share=share,
            gross_net=ratio,
            seconds=manifest.seconds,
            n_cold_users=len(parts.cold_users),
        )
        return report, left_out

    def stored(
        self, workspace: str, model: str, *, split: str | None = None, k: int | None = None, seed: int = 0
    ) -> EvaluationReport | None:
        """An earlier measurement on the same data, or None."""
        loaded = self.session.workspace(workspace)
        split = loaded.card.default_split if split is None else split
        key = evaluation_key(loaded, model, split, list_length(loaded, k), seed)
        stored = self.session.store.read_result(workspace, key)
        return None if stored is None else EvaluationReport.from_json(stored)

    def paired(
        self, workspace: str, one: str, other: str, *, split: str | None = None, k: int | None = None, seed: int = 0
    ) -> dict[str, Difference]:
        """Recall and NDCG at k of one model less those of another, measured on the same people; {} where one of them
        was not measured in this way yet.
        """
        loaded = self.session.workspace(workspace)
        split = loaded.card.default_split if split is None else split
        k = list_length(loaded, k)
        keys = (PEOPLE + evaluation_key(loaded, model, split, k, seed) for model in (one, other))
        stored = [self.session.store.read_result(workspace, key) for key in keys]
        first, second = (None if s is None else PerPerson.from_json(s) for s in stored)
        if first is None or second is None:
            return {}
        gaps = paired_differences(first, second, seed=seed)
        return {name: Difference(value=gap.value, low=gap.low, high=gap.high) for name, gap in gaps.items()}

    def by_cohort(
        self,
        workspace: str,
        models: Sequence[str],
        by: str,
        *,
        split: str | None = None,
        k: int | None = None,
        seed: int = 0,
    ) -> dict[str, tuple[CohortAccuracy, ...]]:
        """NDCG at k of each group of people by a column, by model, of the measurements that are stored; groups that
        stay hidden are in none. Raises OptionError for a column that there is not.
        """
        loaded = self.session.workspace(workspace)
        split = loaded.card.default_split if split is None else split
        k = list_length(loaded, k)
        groups = grouping(loaded.graph, by, "user")
        guard = guard_of_answer(self.session.home, workspace, loaded.graph, groups)
        rows = {}
        for model in models:
            stored = self.session.store.read_result(workspace, PEOPLE + evaluation_key(loaded, model, split, k, seed))
            if stored is not None:
                people = PerPerson.from_json(stored)
                hidden = guard.names(groups.by, people.users)
                rows[model] = cohort_accuracy(people, groups, hidden, f"ndcg@{k}", seed=seed)
        return rows

    def cold(
        self, workspace: str, model: str, *, k: int | None = None, seed: int = 0, progress: Progress = no_progress
    ) -> ColdReport:
        """How the model does for new items and new people, by how many events they have; stored for `stored_cold`.
        Raises OptionError where too few have enough events.
        """
        loaded = self.session.workspace(workspace)
        k = list_length(loaded, k)
        with one_thread():
            report = cold_report(loaded.graph, loaded.card, model, seed=seed, k=k, progress=progress)
        self.session.store.write_result(workspace, _cold_key(loaded, model, k, seed), report.as_json())
        progress(1.0, "measured")
        return report

    def cold_of_many(self, workspace: str, models: list[str], *, progress: Progress = no_progress) -> int:
        """`cold` of several, one after another; how many."""
        for n, model in enumerate(models):
            self.cold(workspace, model, progress=portion(progress, n / len(models), (n + 1) / len(models)))
        return len(models)

    def stored_cold(self, workspace: str, model: str, *, k: int | None = None, seed: int = 0) -> ColdReport | None:
        """An earlier such measurement on the same data, or None."""
        loaded = self.session.workspace(workspace)
        stored = self.session.store.read_result(workspace, _cold_key(loaded, model, list_length(loaded, k), seed))
        return None if stored is None else ColdReport.from_json(stored)

    def what_content_is_worth(self, reports: Sequence[ColdReport]) -> list[str]:
        """For each number of events of new items a sentence: the best model with content beside the best without."""
        return what_content_is_worth(reports)

    def splits(self, workspace: str) -> tuple[str, ...]:
        """The kinds of split that these data can be divided by; `given` where events state their part."""
        stated = self.session.workspace(workspace).graph.events.part is not None
        return tuple(kind for kind in get_args(SplitKind) if stated or kind != "given")

    def has_refit(self, workspace: str, model: str) -> bool:
        """Whether the refit on the training part of the data's default split, which prices need, was made already."""
        return self.session.has_refit(self.session.workspace(workspace), model)


def _cold_key(workspace: Workspace, model: str, k: int, seed: int) -> str:
    get_model(model)
    return f"cold-{workspace.prepared.content[:12]}-{model}-{int(k)}-{int(seed)}"


PEOPLE = "people-"  # begins the key of what was found for each person
MIN_REFRESH, MAX_REFRESH = 60, 366 * DAY_S


def _refresh(seconds: int) -> int:
    if not MIN_REFRESH <= seconds <= MAX_REFRESH:
        raise OptionError(
            f"--refresh lies between {MIN_REFRESH} and {MAX_REFRESH:,} seconds; {seconds:,} was asked for."
        )
    return seconds


def _cutoffs(k: int) -> tuple[int, ...]:
    return tuple(sorted({k, *(c for c in CUTOFFS if c <= k)}))


def _live_report(window: LiveWindow, run: LiveRun, k: int, seed: int) -> LiveReport:
    new_people, new_items = (
        {name: m.as_json() for name, m in live_metrics(run, (k,), rows=rows, seed=seed).items()}
        for rows in (run.new_user, run.new_item)
    )
    listed, known_ages = run.lists[run.lists >= 0], run.read_age[np.isfinite(run.read_age)]
    return LiveReport(
        refresh=window.refresh,
        start=window.start,
        n_moments=run.n_moments,
        n_events=len(run.user),
        median_age_listed_days=_median_days(run.listed_age[np.isfinite(run.listed_age)]),
        median_age_read_days=_median_days(known_ages),
        share_new_to_everybody=float(run.listed_new.sum() / max(1, len(listed))),
        coverage=len(np.unique(listed)) / max(1, window.graph.n_items),
        new_people=new_people,
        new_items=new_items,
        n_new_people_events=int(run.new_user.sum()),
        n_new_items_events=int(run.new_item.sum()),
        days=_by_day(window, run, k),
    )


def _by_day(window: LiveWindow, run: LiveRun, k: int) -> tuple[DayAccuracy, ...]:
    """Of each day on which something was had."""
    when = np.asarray(np.round(run.read_age + window.graph.since[run.item]), dtype=np.int64)
    days, row = np.unique(when // DAY_S, return_inverse=True)
    n, found = np.bincount(row, minlength=len(days)), hits_at(run.rank, k)
    recall, ndcg = (np.bincount(row, found[name], minlength=len(days)) / n for name in (f"recall@{k}", f"ndcg@{k}"))
    return tuple(
        DayAccuracy(day=date_of(int(day) * DAY_S), n_events=int(n[d]), recall=float(recall[d]), ndcg=float(ndcg[d]))
        for d, day in enumerate(days.tolist())
    )


def _median_days(seconds: FloatArray) -> float | None:
    return float(np.median(seconds)) / DAY_S if len(seconds) else None
