"""The command `guardrail`: lists under rules, with what they buy and what they cost."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from commands import plain_text
from commands.command_line import (
    AtOption,
    JsonOption,
    KOption,
    ModelOption,
    WorkspaceOption,
    app,
    moment,
    print_answer,
    progress_bar,
    read_stated_file,
)
from core.errors import OptionError, shown
from core.files import JsonObject
from explain.results.guardrail import Guarded
from explain.workbench.workbench import Workbench


@app.command()
def guardrail(
    workspace: WorkspaceOption,
    model: ModelOption,
    rule: Annotated[
        list[str] | None, typer.Option("--rule", help="Such as minimum-exposure:by=genre,share=0.8; may be repeated.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", help='A JSON list of rules: [{"name": …, options …}].')
    ] = None,
    k: KOption = None,
    by: Annotated[
        str | None, typer.Option("--by", help="The item column whose exposure is shown; the first rule's without it.")
    ] = None,
    cohort: Annotated[
        str | None, typer.Option("--cohort", help="A column of people: the price for each group.")
    ] = None,
    user: Annotated[str | None, typer.Option("--user", help="One person's list, with what moved each item.")] = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Reorder everybody's lists by rules: exposure before and after, nDCG before and after, and what moved what."""
    bench, rules = Workbench(), [*(rule or ()), *(read_rules(config) if config else ())]
    if user is not None:
        placed = [asdict(p) for p in bench.rules.guarded_list(workspace, model, rules, user=user, k=k, at=moment(at))]
        print_answer(
            {"user": user, "items": placed},
            as_json,
            lambda: plain_text.table(placed, ("rank", "was", "label", "sentence")),
        )
        return
    with progress_bar("Placing items under rules") as progress:
        guarded = bench.rules.apply(
            workspace, model, rules, k=k, by=by, cohort=cohort, at=moment(at), progress=progress
        )
    print_answer(guarded.as_json(), as_json, lambda: _text(guarded))


def _text(guarded: Guarded) -> str:
    rows = [asdict(row) for row in guarded.groups]
    price = [asdict(row) for row in guarded.costs]
    bought = [asdict(row) for row in guarded.gains]
    return "\n\n".join(
        [
            plain_text.table(rows, ("group", "n", "before", "after", "low", "high")),
            plain_text.table(bought, ("cohort", "group", "n", "before", "after", "low", "high")),
            plain_text.table(price, ("cohort", "n", "before", "after", "change", "low", "high")),
            (
                f"{guarded.n_moved:,} places of {guarded.n_lists:,} lists hold another item; {guarded.n_entered:,} "
                f"items came from beyond the first {guarded.k}."
            ),
            *guarded.notes,
        ]
    )


def read_rules(path: Path) -> list[str | JsonObject]:
    """The rules of a file, each as text or as an object. Raises OptionError where it holds no list of them."""
    content = read_stated_file(path, "The rules in")
    rules = content.get("rules") if isinstance(content, dict) else content
    if not isinstance(rules, list) or not all(isinstance(rule, dict | str) for rule in rules):
        raise OptionError(
            f'{shown(path)} holds no list of rules: write [{{"name": "minimum-exposure", "by": "genre", '
            f'"share": 0.8}}].'
        )
    return rules
