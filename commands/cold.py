"""The command `cold`: new items and new people, by how many events they have."""

from __future__ import annotations

from typing import Annotated

import typer

from commands import plain_text
from commands.command_line import (
    JsonOption,
    KOption,
    SeedOption,
    WorkspaceOption,
    app,
    print_answer,
    progress_bar,
)
from commands.several import with_each
from explain.results.cold import ColdFigure, ColdReport
from explain.workbench.workbench import Workbench


@app.command()
def cold(
    workspace: WorkspaceOption,
    models: Annotated[str, typer.Option("--models", help="all, or names with commas.")],
    k: KOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """A tenth of the items, and of the people, made new: recall from none, one, three and ten events."""
    bench = Workbench()

    def measured(name: str) -> ColdReport:
        with progress_bar(f"Making items and people new for {name}") as progress:
            return bench.evaluate.cold(workspace, name, k=k, seed=seed, progress=progress)

    reports, left_out = with_each(models, [info.name for info in bench.models.known()], measured)
    sentences = bench.evaluate.what_content_is_worth(list(reports.values()))
    answer = {
        "models": {name: report.as_json() for name, report in reports.items()},
        "sentences": sentences,
        "left_out": left_out,
    }
    print_answer(answer, as_json, lambda: _text(reports, sentences))


def _text(reports: dict[str, ColdReport], sentences: list[str]) -> str:
    def row(name: str, report: ColdReport) -> dict[str, object]:
        figures = [("items", report.items), ("people", report.people)]
        return {"model": name, **{f"{side} {n}": _value(f) for side, of in figures for n, f in of.items()}}

    rows = [row(name, report) for name, report in reports.items()]
    return "\n".join([plain_text.table(rows, tuple(rows[0]) if rows else ("model",)), *sentences])


def _value(figure: ColdFigure) -> str:
    return f"{figure.value:.3f}"
