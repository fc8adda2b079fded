"""Commands over everybody: accuracy, audits, faithfulness, one item, all explanations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands import plain_text
from commands.command_line import (
    AtOption,
    ItemOption,
    JsonOption,
    KOption,
    ModelOption,
    SeedOption,
    WorkspaceOption,
    app,
    moment,
    print_answer,
    progress_bar,
)
from core.errors import OptionError, shown
from explain.format.dates import seconds_of
from explain.workbench.workbench import Workbench


@app.command()
def audit(
    workspace: WorkspaceOption,
    model: ModelOption,
    by: Annotated[str, typer.Option("--by", help="The column to group by, such as genre or gender.")],
    side: Annotated[str | None, typer.Option("--side", help="item or user; found from the column if left out.")] = None,
    k: KOption = None,
    window: Annotated[
        str | None, typer.Option("--window", help="START,END: exposure over the lists of all moments between.")
    ] = None,
    at: AtOption = None,
    every: Annotated[float, typer.Option("--every", help="Of a window: hours from one moment to the next.")] = 6.0,
    lists: Annotated[
        Path | None, typer.Option("--lists", help="Of a window: a .parquet file for its lists, to measure again.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Who gets exposure (item side), and for whom the lists are good (user side)."""
    if window is not None:
        _audit_window(workspace, model, by, side, k, window, every, lists, as_json)
        return
    if lists is not None:
        raise OptionError("--lists writes the lists of a --window; for those of now take recommend-all.")
    if at is not None and side == "user":
        raise OptionError("A moment is of exposure, so of a column of items: leave out --side user, or --at.")
    with progress_bar(f"Auditing by {by[:40]}") as progress:
        bench = Workbench()
        if at is None:
            report = bench.exposure.audit(workspace, model, by, side=side, k=k, progress=progress)
        else:
            report = bench.over_time.of_moment(workspace, model, by, at=seconds_of(at), k=k)
    rows = [row.as_json() for row in report.rows]
    print_answer(
        report.as_json(), as_json, lambda: plain_text.table(rows, ("group", "n", "value", "low", "high", "verdict"))
    )


def _audit_window(
    workspace: str,
    model: str,
    by: str,
    side: str | None,
    k: int | None,
    window: str,
    every: float,
    lists: Path | None,
    as_json: bool,
) -> None:
    start, comma, end = window.partition(",")
    if not comma or not start.strip() or not end.strip():
        raise OptionError(f"--window takes START,END, such as 2026-02-01,2026-02-15; {shown(window, 40)} is not that.")
    if side == "user":
        raise OptionError("A window is of exposure, so of a column of items: leave out --side user.")
    if not 0 < every < 100_000:
        raise OptionError(f"--every is a number of hours above 0, not {every:g}.")
    with progress_bar(f"Auditing by {by[:40]} over a window") as progress:
        report = Workbench().over_time.audit(
            workspace,
            model,
            by,
            start=seconds_of(start),
            end=seconds_of(end),
            every=round(every * 3600),
            k=k,
            lists_to=lists,
            progress=progress,
        )
    rows = [row.as_json() for row in report.rows]
    print_answer(
        report.as_json(), as_json, lambda: plain_text.table(rows, ("group", "n", "value", "low", "high", "verdict"))
    )


@app.command()
def faithfulness(
    workspace: WorkspaceOption,
    model: ModelOption,
    users: Annotated[int, typer.Option("--users", help="How many people are drawn.")] = 120,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """How faithful the explanations are, beside the methods that everyone else uses."""
    with progress_bar("Putting explanations to the test") as progress:
        report = Workbench().faithfulness.measure(workspace, model, users=users, seed=seed, progress=progress)
    print_answer(report.as_json(), as_json, lambda: plain_text.faithfulness_text(report))


@app.command()
def item(
    workspace: WorkspaceOption,
    model: ModelOption,
    item: ItemOption,
    k: KOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """One item over all people: who gets it, through what, and of which cohorts they are."""
    with progress_bar("Ranking everybody") as progress:
        found = Workbench().explain.item_view(workspace, model, item, k=k, at=moment(at), progress=progress)
    print_answer(found.as_json(), as_json, lambda: plain_text.item_text(found))


@app.command("explain-all")
def explain_all(
    workspace: WorkspaceOption,
    model: ModelOption,
    out: Annotated[Path, typer.Option("--out", help="A .parquet file.")],
    k: KOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """The parts of everybody's first k as a Parquet file, one row a part."""
    with progress_bar("Explaining everybody's list") as progress:
        n = Workbench().explain.explain_all(workspace, model, out, k=k, at=moment(at), progress=progress)
    result = {"out": str(out), "explanations": n}
    print_answer(result, as_json, lambda: plain_text.pairs(result))
