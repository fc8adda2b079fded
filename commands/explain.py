"""Commands about one person, one list, one score."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from commands import plain_text
from commands.command_line import (
    AtOption,
    HistoryOption,
    ItemOption,
    JsonOption,
    KOption,
    ModelOption,
    SeedOption,
    SnapshotOption,
    SplitOption,
    UserOption,
    WorkspaceOption,
    app,
    ids,
    moment,
    print_answer,
    progress_bar,
    say,
    write,
)
from core.errors import DataError, OptionError, shown
from core.files import read_text
from explain.results.explanation import Explanation
from explain.workbench.workbench import Workbench


@app.command()
def recommend(
    workspace: WorkspaceOption,
    model: ModelOption,
    user: UserOption = None,
    history: HistoryOption = None,
    k: KOption = None,
    snapshot: SnapshotOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """The best k items for a person, or for a history of your own."""
    recommendation = Workbench().explain.recommend(
        workspace, model, user=user, history=ids(history), k=k, snapshot=snapshot, at=moment(at), reasons=not as_json
    )
    rows = [{f: getattr(item, f) for f in ("item", "label", "rank", "score")} for item in recommendation.items]
    result = {"snapshot": recommendation.snapshot, "user": recommendation.user, "items": rows}
    print_answer(
        result,
        as_json,
        lambda: plain_text.table([asdict(i) for i in recommendation.items], ("rank", "label", "score", "reason")),
    )


@app.command("recommend-all")
def recommend_all(
    workspace: WorkspaceOption,
    model: ModelOption,
    out: Annotated[Path, typer.Option("--out", help="A .parquet file.")],
    k: KOption = None,
    fitted_on: Annotated[
        str, typer.Option("--fit", help="full: the served model; heldout: a refit without the test part.")
    ] = "full",
    split: SplitOption = None,
    seed: SeedOption = 0,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Everybody's best k as a Parquet file: user, rank, item, score."""
    if fitted_on not in ("full", "heldout"):
        raise OptionError(f"--fit is full or heldout, not '{fitted_on[:40]}'.")
    with progress_bar("Listing everybody") as progress:
        n_rows = Workbench().explain.recommend_all(
            workspace,
            model,
            out,
            k=k,
            heldout=fitted_on == "heldout",
            split=split or "last",
            seed=seed,
            at=moment(at),
            progress=progress,
        )
    result = {"out": str(out), "rows": n_rows}
    print_answer(result, as_json, lambda: plain_text.pairs(result))


@app.command()
def why(
    workspace: WorkspaceOption,
    model: ModelOption,
    user: UserOption = None,
    history: HistoryOption = None,
    item: Annotated[str | None, typer.Option("--item", help="Id of the item.")] = None,
    paths: Annotated[int, typer.Option("--paths", help="How many single walks to list.")] = 20,
    against: Annotated[str | None, typer.Option("--against", help="Another item: why not that one?")] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="An earlier moment: why now and not then, and until when?")
    ] = None,
    pairs: Annotated[Path | None, typer.Option("--pairs", help="A CSV with the columns user,item.")] = None,
    snapshot: SnapshotOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Why an item has the score that it has for a person."""
    bench = Workbench()

    def answer(who: str | None, what: str) -> Explanation:
        return bench.explain.why(
            workspace,
            model,
            what,
            user=who,
            history=ids(history),
            paths=paths,
            against=against,
            since=moment(since),
            snapshot=snapshot,
            at=moment(at),
        )

    if pairs is not None:
        if user is not None or item is not None or history is not None:
            raise OptionError("--pairs names its people and items itself: leave out --user, --history and --item.")
        results = [answer(who, what) for who, what in read_pairs(pairs)]
        content = {"results": [r.as_json() for r in results]}
        print_answer(content, as_json, lambda: "\n".join(r.sentence for r in results))
        return
    if item is None:
        raise OptionError("Say which item with --item ID, or give a CSV of pairs with --pairs FILE.")
    explanation = answer(user, item)
    print_answer(explanation.as_json(), as_json, lambda: plain_text.explanation_text(explanation))


@app.command()
def edges(
    workspace: WorkspaceOption,
    model: ModelOption,
    item: ItemOption,
    user: UserOption = None,
    history: HistoryOption = None,
    top: Annotated[int, typer.Option("--top", min=1, max=1000, help="How many single edges to list.")] = 20,
    snapshot: SnapshotOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """How much each edge of the graph carries of a score, singly and by relation, topic, creator, age."""
    explanation = Workbench().explain.edges(
        workspace, model, item, user=user, history=ids(history), top=top, snapshot=snapshot, at=moment(at)
    )
    print_answer(explanation.as_json(), as_json, lambda: plain_text.edges_text(explanation))


@app.command()
def export(
    workspace: WorkspaceOption,
    model: ModelOption,
    item: ItemOption,
    out: Annotated[Path, typer.Option("--out", help="A file that ends in .html or .json.")],
    user: UserOption = None,
    history: HistoryOption = None,
    snapshot: SnapshotOption = None,
    at: AtOption = None,
) -> None:
    """An explanation as one self-contained HTML file, or as JSON with a hash."""
    form = out.suffix.lstrip(".").lower()
    content = Workbench().explain.export(
        workspace, model, item, user=user, history=ids(history), snapshot=snapshot, at=moment(at), form=form
    )
    write(out, content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=1))
    say(f"{out} is written.")


@app.command()
def note(
    workspace: WorkspaceOption,
    model: ModelOption,
    item: ItemOption,
    author: Annotated[str, typer.Option("--author", help="Who says it.")],
    verdict: Annotated[
        str, typer.Option("--verdict", help="good reason, wrong reason, good surprise, should not surface.")
    ] = "",
    text: Annotated[str, typer.Option("--text", help="What you want to say.")] = "",
    user: UserOption = None,
    history: HistoryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Leave a verdict or a note on an explanation."""
    annotation = Workbench().notes.add(
        workspace, model, item, author=author, verdict=verdict, note=text, user=user, history=ids(history)
    )
    print_answer(annotation.as_json(), as_json, lambda: f"Note {annotation.id} is kept.")


@app.command()
def notes(
    workspace: WorkspaceOption,
    item: Annotated[str | None, typer.Option("--item", help="Of one item.")] = None,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="With those that were withdrawn.")] = False,
    as_json: JsonOption = False,
) -> None:
    """All notes of a workspace, newest first."""
    rows = [n.as_json() for n in Workbench().notes.listed(workspace, item=item, withdrawn=withdrawn)]
    columns = ("id", "model", "person", "item", "verdict", "note", "author")
    print_answer({"notes": rows}, as_json, lambda: plain_text.table(rows, columns))


MOST_OF_PAIRS = 64 << 20  # bytes


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """The user and the item of every row of a CSV file. Raises DataError where it cannot be read."""
    try:
        reader = csv.DictReader(io.StringIO(read_text(path, at_most=MOST_OF_PAIRS), newline=""))
        if not {"user", "item"} <= set(reader.fieldnames or ()):
            columns = ", ".join(shown(name, 30) for name in (reader.fieldnames or ())[:10]) or "nothing"
            raise DataError(f"{path} needs a header with the columns user,item; it has: {columns}.")
        return [(row["user"] or "", row["item"] or "") for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{path} could not be read as a CSV file: {getattr(error, 'strerror', None) or error}."
        ) from None
