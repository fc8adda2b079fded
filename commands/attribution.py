"""Commands about causes and weights: attribute a gap, measured weights, lists without a profile, the blind test."""

from __future__ import annotations

from typing import Annotated

import typer

from commands import plain_text
from commands.command_line import (
    AtOption,
    JsonOption,
    KOption,
    ModelOption,
    SeedOption,
    WorkspaceOption,
    app,
    moment,
    print_answer,
    progress_bar,
    say,
)
from core.errors import OptionError, shown
from core.texts import command
from explain.workbench.workbench import Workbench

ByOption = Annotated[str, typer.Option("--by", help="An item column, such as author_group or genre.")]
KindOption = Annotated[
    str, typer.Option("--kind", help="author: new authors are shown less; cohort: North is served worse.")
]
PeopleOption = Annotated[int, typer.Option("--people", help="How many people are drawn, if there are more.")]


@app.command()
def attribute(
    workspace: WorkspaceOption,
    model: ModelOption,
    by: ByOption,
    group: Annotated[str, typer.Option("--group", help="The group whose gap is explained.")],
    through: Annotated[
        str, typer.Option("--through", help="relations, events (kinds of them) or age (of the history).")
    ] = "relations",
    people: PeopleOption = 2_500,
    at: AtOption = None,
    k: KOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Through which relations a group of items gets less, or more, attention than its share (Shapley values)."""
    with progress_bar(f"Attributing the gap of {group[:40]}") as progress:
        found = Workbench().exposure.gap_attribution(
            workspace, model, by, group, k, through=through, people=people, seed=seed, at=moment(at), progress=progress
        )
    rows = [part.as_json() for part in found.parts]
    table = plain_text.table(rows, ("label", "value", "low", "high"))
    print_answer(
        found.as_json(),
        as_json,
        lambda: (
            f"{found.sentence}\n\n{table}\nrandom list {found.gap_random:+.4f}, as served {found.gap_all:+.4f}; "
            f"error of the sum {found.completeness_error:.1e}; {found.n_people:,} people, seed {found.seed}"
        ),
    )


@app.command()
def weights(
    workspace: WorkspaceOption,
    model: ModelOption,
    people: PeopleOption = 500,
    at: AtOption = None,
    k: KOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """The main parameters of a recommender and how much each weighs, measured over everybody's list."""
    with progress_bar(f"Weighing what {model} goes by") as progress:
        found = Workbench().exposure.main_parameters(
            workspace, model, k, people=people, seed=seed, at=moment(at), progress=progress
        )
    rows = [row.as_json() for row in found.rows]
    columns = ("level", "label", "share", "low", "high", "against")
    print_answer(found.as_json(), as_json, lambda: f"{found.sentence}\n\n{plain_text.table(rows, columns)}")


@app.command("non-profiling")
def non_profiling(
    workspace: WorkspaceOption,
    model: ModelOption,
    by: Annotated[str | None, typer.Option("--by", help="The item column whose exposure is compared.")] = None,
    k: KOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """The model beside lists that know nobody: most popular, and newest."""
    with progress_bar(f"Comparing {model} with lists without a profile") as progress:
        found = Workbench().exposure.non_profiling(workspace, model, k, by=by, seed=seed, progress=progress)
    rows = [
        {
            "arm": a.title,
            "ndcg": a.ndcg.value,
            "low": a.ndcg.low,
            "high": a.ndcg.high,
            "recall": a.recall.value,
            "coverage": a.coverage.value,
            "gini": a.gini,
            "impact ratio": a.impact_ratio,
        }
        for a in found.arms
    ]
    print_answer(found.as_json(), as_json, lambda: f"{found.sentence}\n\n{plain_text.table(rows, tuple(rows[0]))}")


@app.command("blind-start")
def blind_start(
    size: Annotated[str, typer.Option("--size", help="0 to 0.95, or draw: a size that is not shown.")] = "draw",
    kind: KindOption = "author",
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, max=2**32 - 1, help="Of the simulated world; drawn if left out.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Plant a bias of a size of your own in a newsroom, seal it, and let the audit estimate it without being told."""
    bench = Workbench()
    begun = bench.blind_test.seal(_size(size), kind, seed)
    say(f"Blind test {begun.id}. Commitment to the size (SHA-256): {begun.commitment}")
    with progress_bar("Auditing without being told") as progress:
        found = bench.blind_test.run(begun.id, progress=progress)
    told = {name: value for name, value in found.as_json().items() if name not in ("curve", "points")}
    print_answer(
        told,
        as_json,
        lambda: (
            f"Blind test {found.id} in workspace {found.workspace}\n{found.sentence}\nCommitment: {found.commitment}\n"
            f"To see the truth: {command('blind-reveal', '--id', found.id)}"
        ),
    )


@app.command("blind-reveal")
def blind_reveal(
    test: Annotated[str, typer.Option("--id", help="Id of a blind test, as blind-start printed it.")],
    as_json: JsonOption = False,
) -> None:
    """The size that was planted, whether the interval held it, and whether the commitment matches."""
    found = Workbench().blind_test.reveal(test)
    print_answer(
        found.as_json(),
        as_json,
        lambda: (
            f"{found.sentence}\nSealed text: {found.committed_text}\nits SHA-256: "
            f"{found.recomputed}\ncommitment:  {found.commitment}"
        ),
    )


def _size(text: str) -> float | None:
    if text.strip().casefold() == "draw":
        return None
    try:
        return float(text)
    except ValueError:
        raise OptionError(f"{shown(text)} is no size of a bias: give 0 to 0.95, or draw.") from None
