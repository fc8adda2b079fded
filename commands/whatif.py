"""Commands that change a history and see what happens."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from commands import plain_text
from commands.command_line import (
    AtOption,
    HistoryOption,
    ItemOption,
    JsonOption,
    KOption,
    ModelOption,
    SnapshotOption,
    UserOption,
    WorkspaceOption,
    app,
    ids,
    moment,
    print_answer,
    progress_bar,
)
from core.errors import OptionError, shown
from explain.results.whatif import Kind
from explain.workbench.workbench import Workbench


@app.command()
def whatif(
    workspace: WorkspaceOption,
    model: ModelOption,
    user: UserOption = None,
    history: HistoryOption = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", help="Id of a history item to take out; repeatable.")
    ] = None,
    add: Annotated[list[str] | None, typer.Option("--add", help="Id of an item to add; repeatable.")] = None,
    weight: Annotated[
        list[str] | None, typer.Option("--weight", help="like=2: the person's events of a kind count twice.")
    ] = None,
    half_life: Annotated[
        float | None, typer.Option("--half-life", help="Days after which an event weighs half.")
    ] = None,
    kind: Annotated[
        str, typer.Option("--kind", help="delete (re-propagated), mask (message dropped) or retrain.")
    ] = "delete",
    may_return: Annotated[
        bool,
        typer.Option("--may-return", help="What is taken out may come back into the list; usually it has been seen."),
    ] = False,
    k: KOption = None,
    snapshot: SnapshotOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """The list before and after a history is edited, and what moved each item."""
    with progress_bar("Asking what if") as progress:
        result = Workbench().whatif.compare(
            workspace,
            model,
            user=user,
            history=ids(history),
            remove=remove or (),
            add=add or (),
            weights=_weights(weight),
            half_life_days=half_life,
            k=k,
            kind=cast(Kind, kind),
            snapshot=snapshot,
            at=moment(at),
            may_return=may_return,
            progress=progress,
        )
    print_answer(result.as_json(), as_json, lambda: plain_text.what_if_text(result))


@app.command()
def flip(
    workspace: WorkspaceOption,
    model: ModelOption,
    item: ItemOption,
    user: UserOption = None,
    history: HistoryOption = None,
    rivals: Annotated[int, typer.Option("--rivals", help="How many other items are compared with.")] = 99,
    k: KOption = None,
    snapshot: SnapshotOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """The smallest change of a history that drops an item out of the first k, or brings another in; verified."""
    report = Workbench().whatif.flip(
        workspace, model, item, user=user, history=ids(history), rivals=rivals, k=k, snapshot=snapshot, at=moment(at)
    )
    print_answer(report.as_json(), as_json, lambda: report.sentence)


def _weights(texts: list[str] | None) -> dict[str, float]:
    weights = {}
    for text in texts or ():
        kind, _, number = text.partition("=")
        try:
            weights[kind.strip()] = float(number)
        except ValueError:
            raise OptionError(f"--weight takes KIND=NUMBER, such as like=2, not {shown(text)}.") from None
    return weights
