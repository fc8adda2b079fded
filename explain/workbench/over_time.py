"""The workbench: exposure over a window of time, the lists of many moments."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np

from core.errors import OptionError
from core.progress import Progress, no_progress
from core.snapshots import Manifest
from core.threads import one_thread
from explain.export.lists_table import check_writable, write_window
from explain.fairness.audit import build_report
from explain.fairness.window import WindowLists, audit_window, by_day, early_exposure
from explain.format.hashing import digest
from explain.groups.intersections import groups_by
from explain.results.audit import AuditReport
from explain.results.plan import Thresholds
from explain.results.window import ExposureWindow, WindowReport
from explain.workbench.session import Session, list_length
from explain.workspace.window import ACTIVE_S, grid, window_lists
from explain.workspace.workspace import Workspace

DAY_S, USUAL_DAYS, USUAL_EVERY_S = 86_400, 14, 6 * 3_600


class OverTimeService:
    """Who was given exposure over days and weeks, not at one moment."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def span(self, workspace: str) -> tuple[int, int] | None:
        """When the first event was and the moment just after the last, seconds UTC; None for data without times."""
        graph = self.session.workspace(workspace).graph
        return (int(graph.events.time.min()), graph.now) if graph.timed else None

    def usual(self, workspace: str) -> tuple[int, int, int] | None:
        """Start, end (seconds UTC) and step of a window to begin with: the last two weeks, every six hours; None for
        data without times, or of less than two days.
        """
        graph = self.session.workspace(workspace).graph
        if not graph.timed:
            return None
        first, end = int(graph.events.time.min()), graph.now
        start = max(first + DAY_S, end - USUAL_DAYS * DAY_S)
        return (start, end, USUAL_EVERY_S) if end - start >= DAY_S else None

    def audit(
        self,
        workspace: str,
        model: str,
        by: str,
        *,
        start: int,
        end: int,
        every: int = USUAL_EVERY_S,
        k: int | None = None,
        lists_to: Path | None = None,
        progress: Progress = no_progress,
    ) -> WindowReport:
        """Exposure by a column of items over the lists of many moments, start to end (seconds UTC); kept for `stored`.

        lists_to  a .parquet file for the lists: moment, user, rank, item
        Raises    OptionError for a window that the data do not have, CancelledError
        """
        loaded = self.session.workspace(workspace)
        k = list_length(loaded, k)
        groups, manifest = groups_by(loaded.graph, by, "item"), loaded.manifest(model)
        moments = grid(loaded.graph, start, end, every)
        if lists_to is not None:
            check_writable(lists_to)
        with one_thread():
            given = window_lists(loaded, manifest, moments, k, progress=progress)
        if not len(given.user):
            raise OptionError("Nobody was active in the day before any of these moments, so there are no lists.")
        if lists_to is not None:
            write_window(loaded.graph, given.moments[given.moment], given.user, given.lists, lists_to)
        audited = audit_window(given, groups, thresholds=Thresholds(min_n=self.session.smallest_group))
        report = build_report(audited, workspace=workspace, model=model, snapshot=manifest.snapshot)
        window = ExposureWindow(
            start=start,
            end=end,
            every=every,
            active=ACTIVE_S,
            n_moments=len(moments),
            n_lists=len(given.user),
            n_people=len(np.unique(given.user)),
            days=tuple(by_day(given, groups)),
            early=tuple(early_exposure(given, groups)),
        )
        whole = WindowReport(**{f.name: getattr(report, f.name) for f in fields(report)}, window=window)
        self.session.store.write_result(workspace, _key(loaded, manifest, by, k), whole.as_json())
        return whole

    def of_moment(self, workspace: str, model: str, by: str, *, at: int, k: int | None = None) -> AuditReport:
        """Exposure by a column of items over everybody's lists of one moment, against the catalogue of that moment."""
        loaded = self.session.workspace(workspace, at)
        k, graph = list_length(loaded, k), loaded.graph
        groups, manifest = groups_by(graph, by, "item"), loaded.manifest(model)
        lists = loaded.lists(manifest, k)
        there = np.ones((1, graph.n_items), dtype=bool)
        there[0, graph.closed] = False
        given = WindowLists(
            moments=np.array([at], dtype=np.int64),
            user=np.arange(len(lists), dtype=np.int64),
            moment=np.zeros(len(lists), dtype=np.int64),
            lists=lists,
            available=there,
            since=graph.since,
        )
        audited = audit_window(given, groups, thresholds=Thresholds(min_n=self.session.smallest_group))
        return build_report(audited, workspace=workspace, model=model, snapshot=manifest.snapshot)

    def stored(self, workspace: str, model: str, by: str, *, k: int | None = None) -> WindowReport | None:
        """The last window that was audited of the newest snapshot, or None."""
        loaded = self.session.workspace(workspace)
        key = _key(loaded, loaded.manifest(model), by, list_length(loaded, k))
        stored = self.session.store.read_result(workspace, key)
        return None if stored is None else WindowReport.from_json(stored)


def _key(loaded: Workspace, manifest: Manifest, by: str, k: int) -> str:
    named = digest({"by": by})[:12]
    return f"window-{loaded.prepared.content[:12]}-{manifest.snapshot}-{named}-{k}"
