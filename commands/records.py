"""Commands of a governance team: sign, list, compare, export and check audits; the decision log; cards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, cast

import typer

from commands import plain_text
from commands.command_line import JsonOption, ModelOption, WorkspaceOption, app, print_answer, say, write
from core.errors import OptionError, SurfacedError, shown
from explain.results.decision_log import Kind
from explain.workbench.record_words import json_text, named
from explain.workbench.workbench import Workbench

IdOption = Annotated[str, typer.Option("--id", help="Id of an audit, as `audits` lists it.")]
NameOption = Annotated[str, typer.Option("--name", help="Your name.")]
RoleOption = Annotated[str, typer.Option("--role", help="Your role.")]


@app.command()
def audits(workspace: WorkspaceOption, as_json: JsonOption = False) -> None:
    """List the stored audits, newest first."""
    rows = [entry.as_json() for entry in Workbench().records.listed(workspace)]
    columns = ("id", "created", "model", "verdict", "n_signers", "n_signatures", "intact")
    print_answer({"audits": rows}, as_json, lambda: plain_text.table(rows, columns))


@app.command()
def sign(
    workspace: WorkspaceOption,
    audit: IdOption,
    name: NameOption,
    role: RoleOption,
    comment: Annotated[str, typer.Option("--comment", help="What you want to say with it.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Sign an audit: your name and role go to the decision log with the hash of the record."""
    named(name, "A name")
    row = Workbench().records.sign(workspace, audit, name, role, comment).as_json()
    print_answer(row, as_json, lambda: f"Signed. Row {row['number']} of the log, hash {row['hash']}.")


@app.command("compare-audits")
def compare_audits(
    workspace: WorkspaceOption,
    audit: IdOption,
    earlier: Annotated[str, typer.Option("--earlier", help="Id of the audit to compare with.")],
    as_json: JsonOption = False,
) -> None:
    """Two audits, group by group: then and now."""
    comparison = Workbench().records.compare(workspace, audit, earlier)
    columns = ("by", "metric", "group", "then", "now", "change", "overlap", "verdict_then", "verdict_now")
    rows = [row.as_json() for row in comparison.rows]
    differ = [d.as_json() for d in (*comparison.thresholds, *comparison.differences)]
    tables = [plain_text.table(differ, ("what", "then", "now"))] if differ else []
    text = "\n\n".join([comparison.sentence, *tables, plain_text.table(rows, columns)])
    print_answer(comparison.as_json(), as_json, lambda: text)


@app.command("export-audit")
def export_audit(
    workspace: WorkspaceOption,
    audit: IdOption,
    out: Annotated[Path, typer.Option("--out", help="A file that ends in .html or .json.")],
    actor: Annotated[str, typer.Option("--actor", help="Who exports; it goes to the decision log.")] = "command line",
    as_json: JsonOption = False,
) -> None:
    """A report that stands on its own: one HTML file, or JSON with its hashes."""
    form = out.suffix.lower().removeprefix(".")
    if form not in ("html", "json"):
        raise OptionError(f"--out ends in .html or .json, not in {shown(out.suffix or 'nothing')}.")
    if out.is_dir() or not out.parent.is_dir():
        raise OptionError(f"{shown(out)} cannot be written: give a file in a folder that exists.")
    records = Workbench().records
    if form == "html":
        write(out, records.export(workspace, audit, form="html", actor=actor, tell=say))
    else:
        write(out, json_text(records.export(workspace, audit, form="json", actor=actor, tell=say)))
    check = records.verify_report(out)
    result = {"out": str(out), "id": check.id, "sha256": check.sha256, "head": check.head}
    print_answer(result, as_json, lambda: plain_text.pairs(result))


@app.command("verify-report")
def verify_report(
    file: Annotated[Path, typer.Argument(help="An exported report, .html or .json.")], as_json: JsonOption = False
) -> None:
    """Whether a report is as it was exported, and its head in the decision log of this machine. Exit 1
    where it is not.
    """
    check = Workbench().records.verify_report(file)
    text = "\n".join([check.sentence, *(f"  {problem}" for problem in check.problems)])
    print_answer(check.as_json(), as_json, lambda: text)
    _end(check.ok)


@app.command("verify-log")
def verify_log(
    workspace: WorkspaceOption,
    head: Annotated[str | None, typer.Option("--head", help="The head hash that a report prints.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Whether the decision log of a workspace is as it was written. Exit 1 where it is not."""
    state = Workbench().records.verify_log(workspace, head)
    faults = [problem.told for problem in state.problems]
    text = "\n".join([state.sentence, *(f"  {line}" for line in (*faults, *state.notes))])
    print_answer(state.as_json(), as_json, lambda: text)
    _end(state.ok)


@app.command()
def log(workspace: WorkspaceOption, as_json: JsonOption = False) -> None:
    """The decision log of a workspace, newest first."""
    entries = Workbench().records.log(workspace)
    rows = [row.as_json() for row in entries]
    short = [
        row.as_json()
        | {"when (UTC)": row.when, "content": json.dumps(row.content, ensure_ascii=False), "hash": row.hash[:12]}
        for row in entries
    ]
    columns = ("number", "when (UTC)", "kind", "actor", "role", "content", "hash")
    print_answer({"rows": rows}, as_json, lambda: plain_text.table(short, columns))


@app.command()
def incident(
    workspace: WorkspaceOption,
    name: NameOption,
    text: Annotated[str, typer.Option("--text", help="What happened, and what was done.")],
    role: RoleOption = "",
    kind: Annotated[str, typer.Option("--kind", help="incident, rollback, approval or note.")] = "incident",
    audit: Annotated[str | None, typer.Option("--id", help="The audit that it is about.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write an incident, a rollback, an approval or a note to the decision log."""
    row = Workbench().records.add_incident(workspace, text, name, role, kind=cast(Kind, kind), audit=audit).as_json()
    print_answer(row, as_json, lambda: f"Written as row {row['number']} of the log, hash {row['hash']}.")


@app.command()
def cards(
    workspace: WorkspaceOption,
    model: ModelOption,
    out: Annotated[Path, typer.Option("--out", help="A folder; it is made where it is not there.")],
    as_json: JsonOption = False,
) -> None:
    """Model card and data card, each as Markdown and JSON."""
    bench = Workbench()
    model_card, data_card = bench.records.model_card(workspace, model), bench.records.data_card(workspace)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SurfacedError(f"{shown(out)} could not be made: {error.strerror}. Nothing was stored.") from None
    texts = {
        "model-card.md": model_card.markdown(),
        "data-card.md": data_card.markdown(),
        "model-card.json": json.dumps(model_card.as_json(), ensure_ascii=False, indent=1),
        "data-card.json": json.dumps(data_card.as_json(), ensure_ascii=False, indent=1),
    }
    for name, text in texts.items():
        write(out / name, text)
    result = {"out": str(out), "files": sorted(texts)}
    print_answer(result, as_json, lambda: plain_text.pairs(result))


def _end(ok: bool) -> None:
    """Exit status 1 for what was checked and is not in order; 2 stays for what could not be checked."""
    if not ok:
        raise SystemExit(1)
