"""The workbench: how faithful its explanations are, measured, stored and shown beside the methods that everyone else
uses.
"""

from __future__ import annotations

from typing import Unpack

from core.progress import Progress, no_progress, portion
from core.snapshots import Manifest
from core.threads import one_thread
from explain.explanation.usual_picture import usual_picture
from explain.faithfulness.planted import recover
from explain.faithfulness.randomised import rank_correlation_with_random
from explain.faithfulness.run import compare
from explain.results.explanation import Explanation
from explain.results.faithfulness import FaithfulnessReport
from explain.workbench.question import Whom
from explain.workbench.session import Session

PLANTED_EVENTS = 300


class FaithfulnessService:
    """Measured, stored, and shown beside what others draw."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def measure(
        self, workspace: str, model: str, *, users: int = 120, seed: int = 0, progress: Progress = no_progress
    ) -> FaithfulnessReport:
        """Deletion, insertion and POS@1 of every method, randomised parameters, planted causes where there are any;
        stored.
        """
        loaded = self.session.workspace(workspace)
        manifest = loaded.manifest(model)
        fitted = loaded.model(manifest)
        compared = compare(loaded.graph, fitted, n_users=users, seed=seed, progress=portion(progress, 0.0, 0.8))
        with one_thread():
            rho = rank_correlation_with_random(loaded.graph, fitted, n_users=users, seed=seed)
        events = self.session.store.tables(workspace).events
        planted = None
        if "cause" in events.columns:
            planted = recover(
                loaded.graph, fitted, events, n_events=PLANTED_EVENTS, seed=seed, progress=portion(progress, 0.85, 1.0)
            )
        report = FaithfulnessReport(
            workspace=workspace,
            model=model,
            snapshot=manifest.snapshot,
            n_users=compared.n_users,
            n_short=compared.n_short,
            seed=seed,
            methods=compared.methods,
            randomised=rho,
            planted=planted.rows if planted else (),
        )
        self.session.store.write_result(workspace, _key(manifest, users, seed), report.as_json())
        progress(1.0, "judged")
        return report

    def stored(self, workspace: str, model: str, *, users: int = 120, seed: int = 0) -> FaithfulnessReport | None:
        """The same where it was measured for the newest snapshot, or None."""
        manifest = self.session.workspace(workspace).manifest(model)
        stored = self.session.store.read_result(workspace, _key(manifest, users, seed))
        return None if stored is None else FaithfulnessReport.from_json(stored)

    def usual_picture(self, workspace: str, model: str, item: str, **whom: Unpack[Whom]) -> Explanation:
        """The paths that tools usually draw beside this model, with the share of its score that such paths carry."""
        question = self.session.open(workspace, model, **whom)
        names, snapshot = question.workspace.names, question.manifest.snapshot
        return usual_picture(names, question.model, question.position, question.item(item), snapshot, workspace)


def _key(manifest: Manifest, users: int, seed: int) -> str:
    return f"faithfulness-{manifest.snapshot}-{int(users)}-{int(seed)}"
