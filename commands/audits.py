"""Commands of whole audits: a plan to start from, a run of it into the record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from commands import plain_text
from commands.command_line import (
    JsonOption,
    KOption,
    ModelOption,
    WorkspaceOption,
    app,
    print_answer,
    progress_bar,
    read_stated_file,
)
from core.errors import OptionError, shown
from core.files import JsonObject
from explain.workbench.workbench import Workbench

PlanOption = Annotated[
    Path | None, typer.Option("--plan", help="A plan as JSON (see `plan`); the usual one without it.")
]


@app.command()
def plan(workspace: WorkspaceOption, model: ModelOption, k: KOption = None, as_json: JsonOption = False) -> None:
    """A plan of an audit to start from: columns, target, thresholds. Save it, change it, give it to `run-audit`."""
    content = Workbench().audits.usual_plan(workspace, model, k=k).as_json()
    print_answer(content, as_json, lambda: json.dumps(content, ensure_ascii=False, indent=1))


@app.command("run-audit")
def run_audit(
    workspace: WorkspaceOption,
    model: ModelOption,
    actor: Annotated[str, typer.Option("--actor", help="Your name; it goes to the decision log with the plan.")],
    role: Annotated[str, typer.Option("--role", help="Your role.")] = "",
    plan: PlanOption = None,
    k: KOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fix a plan in the decision log, measure all of it, keep the record."""
    bench = Workbench()
    chosen = bench.audits.usual_plan(workspace, model, k=k).as_json() if plan is None else read_plan(plan)
    chosen |= {"workspace": workspace, "model": model}
    if k is not None:
        chosen |= {"k": k}
    with progress_bar(f"Auditing {model} on {workspace}") as progress:
        record = bench.audits.run(workspace, chosen, actor=actor, role=role, progress=progress)
    verdict = record.verdict.as_json()
    result = {"id": record.id, "created": record.created, "verdict": verdict, "sha256": record.sha256}
    flat = {"id": record.id, **verdict, "sha256": record.sha256}
    print_answer(result, as_json, lambda: plain_text.pairs(flat))


def read_plan(path: Path) -> JsonObject:
    content = read_stated_file(path, "The plan")
    if not isinstance(content, dict):
        raise OptionError(f"The plan {shown(path)} is not a JSON object. `plan --json` prints one to start from.")
    return content
