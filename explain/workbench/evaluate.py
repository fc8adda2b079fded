"""The workbench: accuracy on held-out events."""

from __future__ import annotations

from dataclasses import asdict

from core.progress import Progress, no_progress
from explain.results.workspace import EvaluationReport
from explain.workbench.session import Session, evaluation_key, list_length


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
        progress: Progress = no_progress,
    ) -> EvaluationReport:
        """Refit on the training part and measure on the rest; stored for `stored`. split: the card's where None."""
        loaded = self.session.workspace(workspace)
        split = loaded.card.default_split if split is None else split
        k = list_length(loaded, k)
        run = self.session.refit(loaded, model, split, seed, k, progress, anew=True)
        measured = run.evaluation(k)
        metrics = {name: metric.as_json() for name, metric in measured.metrics.items()}
        report = EvaluationReport(
            workspace,
            model,
            split,
            k,
            seed,
            measured.n_users,
            metrics,
            run.path_share,
            run.gross_net,
            run.seconds,
            len(run.split.cold_users),
        )
        self.session.store.write_result(workspace, evaluation_key(loaded, model, split, k, seed), asdict(report))
        progress(1.0, "measured")
        return report

    def stored(
        self, workspace: str, model: str, *, split: str | None = None, k: int | None = None, seed: int = 0
    ) -> EvaluationReport | None:
        """An earlier measurement on the same data, or None."""
        loaded = self.session.workspace(workspace)
        split = loaded.card.default_split if split is None else split
        key = evaluation_key(loaded, model, split, list_length(loaded, k), seed)
        stored = self.session.store.read_result(workspace, key)
        return None if stored is None else EvaluationReport(**stored)

    def has_refit(self, workspace: str, model: str) -> bool:
        """Whether the refit on the training part of the data's default split, which prices need, was made already."""
        return self.session.has_refit(self.session.workspace(workspace), model)
