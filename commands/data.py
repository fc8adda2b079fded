"""Commands that make things ready: list, prepare, fit, and the demo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from commands import demo_stamp, plain_text
from commands.command_line import (
    JsonOption,
    ModelOption,
    SeedOption,
    WorkspaceOption,
    app,
    print_answer,
    progress_bar,
    say,
)
from core.errors import SurfacedError
from core.progress import Progress
from explain.results.workspace import ModelInfo
from explain.workbench.sources import demo_workspaces, expected_formats, stated_limits
from explain.workbench.workbench import Workbench

MODEL_FIELDS = ("name", "title", "source", "exact", "summary", "use", "parts", "floor")


@app.command()
def workspaces(as_json: JsonOption = False) -> None:
    """List the workspaces and whether they are ready."""
    fields = ("name", "title", "ready", "n_users", "n_items", "n_events")
    rows = [{f: getattr(info, f) for f in fields} for info in Workbench().data.workspaces()]
    print_answer({"workspaces": rows}, as_json, lambda: plain_text.table(rows, fields))


@app.command()
def models(
    offered: Annotated[
        bool, typer.Option("--offered", help="Only the names of those to begin with, a line each.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List the models."""
    known = Workbench().models.known()
    if offered:
        print("\n".join(_first_models(known)))
        return
    rows = [{f: getattr(info, f) for f in MODEL_FIELDS} for info in known]
    print_answer({"models": rows}, as_json, lambda: plain_text.table(rows, ("name", "title", "exact", "summary")))


@app.command()
def prepare(
    workspace: WorkspaceOption,
    folder: Annotated[
        Path | None, typer.Option("--from", help=f"Your own data, a folder or file: {expected_formats()}.")
    ] = None,
    show_people: Annotated[
        bool,
        typer.Option(
            "--show-people", help="List people on the pages, and name those behind a hop instead of 'person 3 of 118'."
        ),
    ] = False,
    limits: Annotated[
        str,
        typer.Option(
            "--limits", help="The most that is read of a table of --from, such as 'rows=20000000,cells=100000000'."
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Get a workspace's tables, check them and build the graph."""
    most = stated_limits(limits)
    with progress_bar(f"Preparing {workspace}") as progress:
        report = Workbench().data.prepare(
            workspace, folder=folder, show_people=show_people, limits=most, progress=progress
        )
    for problem in report.problems:
        say(f"note: {problem}")
    result = asdict(report)
    print_answer(result, as_json, lambda: plain_text.pairs(result))


@app.command()
def fit(workspace: WorkspaceOption, model: ModelOption, seed: SeedOption = 0, as_json: JsonOption = False) -> None:
    """Fit a model on all interactions and store a snapshot."""
    with progress_bar(f"Fitting {model} on {workspace}") as progress:
        info = Workbench().models.fit(workspace, model, seed=seed, progress=progress)
    result = {f: getattr(info, f) for f in ("snapshot", "model", "seconds", "parameters", "metrics")}
    newest = next(s.snapshot for s in Workbench().models.fitted(workspace) if s.model == model)
    say(f"In force from now on: {newest}" + ("." if newest == info.snapshot else f", not this fit ({info.snapshot})."))
    print_answer(result, as_json, lambda: plain_text.pairs(result))


@app.command("backup")
def backup(
    out: Annotated[Path, typer.Option("--out", help="A new file, such as surfaced-2026-03-01.zip.")],
    as_json: JsonOption = False,
) -> None:
    """The whole state of this instant (data, models, audits, log, notes) as one file."""
    archive = Workbench().data.backup(out)
    print_answer(
        asdict(archive),
        as_json,
        lambda: f"{archive.file}: {archive.n_files:,} files, {archive.n_bytes:,} bytes, of {archive.created}.",
    )


@app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `backup` wrote.")], as_json: JsonOption = False
) -> None:
    """Put a backup in force. What stood there before is put aside, not removed."""
    archive, aside = Workbench().data.restore(file)
    text = f"The state of {archive.created} is in force." + (f" The one before stands in {aside}." if aside else "")
    print_answer(asdict(archive) | {"aside": None if aside is None else str(aside)}, as_json, lambda: text)


@app.command("demo-data")
def demo_data() -> None:
    """Prepare the demo workspaces and fit the path model and the floors; does only what is missing."""
    bench, complete = Workbench(), True
    wanted = _first_models(bench.models.known())
    steps_each = 2 + 2 * len(wanted)  # prepare, fit and measure each, audit
    demo = demo_workspaces()
    for place, workspace in enumerate(demo):
        steps = _Steps(place * steps_each, len(demo) * steps_each)
        try:
            _make_ready(bench, workspace, wanted, steps)
        except SurfacedError as error:
            if workspace == demo[0]:
                raise
            say(f"{error}\nGoing on without {workspace}.")
            complete = False
    if complete:
        demo_stamp.write(bench.session.home, demo)


def _first_models(known: Sequence[ModelInfo]) -> tuple[str, ...]:
    """The default model and those that it is compared with."""
    return tuple(info.name for n, info in enumerate(known) if n == 0 or info.floor)


class _Steps:
    """Numbers the steps of the demo, done or to be done, so that a title says how far it is."""

    def __init__(self, done: int, whole: int) -> None:
        self.done, self.whole = done, whole

    @contextmanager
    def __call__(self, title: str, missing: bool) -> Iterator[Progress | None]:
        """A bar with the numbered title, handed out where the step is missing; None where there is nothing to do."""
        self.done += 1
        if not missing:
            yield None
            return
        with progress_bar(f"{self.done} of {self.whole} · {title}") as progress:
            yield progress


def _make_ready(bench: Workbench, workspace: str, wanted: tuple[str, ...], step: _Steps) -> None:
    with step(f"Preparing {workspace}", not {w.name: w.ready for w in bench.data.workspaces()}[workspace]) as progress:
        if progress:
            bench.data.prepare(workspace, progress=progress)
    have = {info.model for info in bench.models.fitted(workspace)}
    for model in wanted:
        with step(f"Fitting {model} on {workspace}", model not in have) as progress:
            if progress:
                bench.models.fit(workspace, model, progress=progress)
    bench.explain.example(workspace)
    split = bench.data.card(workspace).default_split
    for model in wanted:
        unmeasured = bench.evaluate.stored(workspace, model, split=split) is None
        with step(f"Measuring {model} on {workspace} (a second fit, without hidden events)", unmeasured) as progress:
            if progress:
                bench.evaluate.measure(workspace, model, split=split, progress=progress)
    for by in bench.exposure.columns(workspace)["item"][:1]:
        unaudited = bench.exposure.stored(workspace, wanted[0], by, side="item") is None
        with step(f"Auditing {workspace} by {by}", unaudited) as progress:
            if progress:
                bench.exposure.audit(workspace, wanted[0], by, side="item", progress=progress)
