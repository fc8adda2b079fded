"""The workbench from a shell. `--json` prints one JSON object on stdout; messages and progress go to stderr.

Wrong words or ids exit with 2 and one sentence. `python cli.py --help` lists everything.
"""

from __future__ import annotations

import csv
import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from core.errors import DataError, OptionError, SurfacedError, shown
from explain import plain_text
from explain.answers import Kind
from explain.types import Explanation
from explain.workbench import Workbench

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)

WorkspaceOption = Annotated[
    str, typer.Option("--workspace", "-w", help="newsroom, movielens-100k, complete-journey or your own.")
]
ModelOption = Annotated[str, typer.Option("--model", "-m", help="path, lightgcn, gnn+content, … (see `models`).")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
KOption = Annotated[
    int | None,
    typer.Option(
        "-k", "--k", help="Length of the lists: 10 to recommend, 20 to measure, or the whole of a small catalogue."
    ),
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Seed of everything random.")]
UserOption = Annotated[str | None, typer.Option("--user", help="Id of a person.")]
ItemOption = Annotated[str, typer.Option("--item", help="Id of the item.")]
HistoryOption = Annotated[
    str | None, typer.Option("--history", help="Item ids, separated by commas: a person of your own.")
]
SnapshotOption = Annotated[str | None, typer.Option("--snapshot", help="A stored model; the newest if left out.")]
SplitOption = Annotated[str, typer.Option("--split", help="random, last or time.")]

DEMO_WORKSPACES = ("newsroom", "movielens-100k")
FLOOR_MODELS = ("path", "item-knn", "popularity")


@app.command()
def workspaces(as_json: JsonOption = False) -> None:
    """List the workspaces and whether they are ready."""
    fields = ("name", "title", "ready", "n_users", "n_items", "n_events")
    rows = [{f: getattr(info, f) for f in fields} for info in Workbench().workspaces()]
    _print({"workspaces": rows}, as_json, lambda: plain_text.table(rows, fields))


@app.command()
def models(as_json: JsonOption = False) -> None:
    """List the models."""
    rows = [asdict(info) for info in Workbench().models()]
    _print({"models": rows}, as_json, lambda: plain_text.table(rows, ("name", "title", "exact", "summary")))


@app.command()
def prepare(
    workspace: WorkspaceOption,
    folder: Annotated[Path | None, typer.Option("--from", help="A folder with events.csv (your own data).")] = None,
    show_people: Annotated[
        bool, typer.Option("--show-people", help="Name the people behind a hop, instead of 'person 3 of 118'.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Get a workspace's tables, check them and build the graph."""
    with _progress(f"Preparing {workspace}") as progress:
        report = Workbench().prepare(workspace, folder=folder, show_people=show_people, progress=progress)
    for problem in report.problems:
        _say(f"note: {problem}")
    result = asdict(report)
    _print(result, as_json, lambda: plain_text.pairs(result))


@app.command()
def fit(workspace: WorkspaceOption, model: ModelOption, seed: SeedOption = 0, as_json: JsonOption = False) -> None:
    """Fit a model on all interactions and store a snapshot."""
    with _progress(f"Fitting {model} on {workspace}") as progress:
        info = Workbench().fit(workspace, model, seed=seed, progress=progress)
    result = {f: getattr(info, f) for f in ("snapshot", "model", "seconds", "parameters", "metrics")}
    _print(result, as_json, lambda: plain_text.pairs(result))


@app.command()
def evaluate(
    workspace: WorkspaceOption, model: ModelOption, split: SplitOption = "last", k: KOption = None, seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Refit on a training part and measure on the rest."""
    with _progress(f"Measuring {model} on {workspace}") as progress:
        report = Workbench().evaluate(workspace, model, split=split, k=k, seed=seed, progress=progress)
    fields = ("split", "k", "seed", "n_users", "metrics", "path_share", "gross_net", "seconds", "n_cold_users")
    result = {f: getattr(report, f) for f in fields}
    _print(result, as_json, lambda: plain_text.pairs(result | result.pop("metrics")))


@app.command()
def recommend(
    workspace: WorkspaceOption, model: ModelOption, user: UserOption = None, history: HistoryOption = None,
    k: KOption = None, snapshot: SnapshotOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """The best k items for a person, or for a history of your own."""
    found = Workbench().recommend(
        workspace, model, user=user, history=_ids(history), k=k, snapshot=snapshot, reasons=not as_json
    )
    rows = [{f: getattr(item, f) for f in ("item", "label", "rank", "score")} for item in found.items]
    result = {"snapshot": found.snapshot, "user": found.user, "items": rows}
    _print(
        result,
        as_json,
        lambda: plain_text.table([asdict(i) for i in found.items], ("rank", "label", "score", "reason")),
    )


@app.command("recommend-all")
def recommend_all(
    workspace: WorkspaceOption, model: ModelOption,
    out: Annotated[Path, typer.Option("--out", help="A .parquet file.")],
    k: KOption = None,
    fitted_on: Annotated[str, typer.Option("--fit", help="full: the served model; heldout: a refit without the test part.")] = "full",
    split: SplitOption = "last", seed: SeedOption = 0, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Everybody's best k as a Parquet file: user, rank, item, score."""
    if fitted_on not in ("full", "heldout"):
        raise OptionError(f"--fit is full or heldout, not '{fitted_on[:40]}'.")
    with _progress("Listing everybody") as progress:
        n_rows = Workbench().recommend_all(
            workspace, model, out, k=k, heldout=fitted_on == "heldout", split=split, seed=seed, progress=progress
        )
    result = {"out": str(out), "rows": n_rows}
    _print(result, as_json, lambda: plain_text.pairs(result))


@app.command()
def why(
    workspace: WorkspaceOption, model: ModelOption, user: UserOption = None, history: HistoryOption = None,
    item: Annotated[str | None, typer.Option("--item", help="Id of the item.")] = None,
    paths: Annotated[int, typer.Option("--paths", help="How many single walks to list.")] = 20,
    against: Annotated[str | None, typer.Option("--against", help="Another item: why not that one?")] = None,
    pairs: Annotated[Path | None, typer.Option("--pairs", help="A CSV with the columns user,item.")] = None,
    snapshot: SnapshotOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Why an item has the score that it has for a person."""
    bench = Workbench()

    def answer(who: str | None, what: str) -> Explanation:
        return bench.why(
            workspace, model, what, user=who, history=_ids(history), paths=paths, against=against, snapshot=snapshot
        )

    if pairs is not None:
        if user is not None or item is not None or history is not None:
            raise OptionError("--pairs names its people and items itself: leave out --user, --history and --item.")
        results = [answer(who, what) for who, what in _read_pairs(pairs)]
        content = {"results": [r.as_json() for r in results]}
        _print(content, as_json, lambda: "\n".join(r.sentence for r in results))
        return
    if item is None:
        raise OptionError("Say which item with --item ID, or give a CSV of pairs with --pairs FILE.")
    found = answer(user, item)
    _print(found.as_json(), as_json, lambda: plain_text.told(found))


@app.command()
def audit(
    workspace: WorkspaceOption, model: ModelOption,
    by: Annotated[str, typer.Option("--by", help="The column to group by, such as genre or gender.")],
    side: Annotated[str | None, typer.Option("--side", help="item or user; found from the column if left out.")] = None,
    k: KOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Who gets exposure (item side), and for whom the lists are good (user side)."""
    with _progress(f"Auditing by {by[:40]}") as progress:
        report = Workbench().audit(workspace, model, by, side=side, k=k, progress=progress)
    rows = [asdict(row) for row in report.rows]
    _print(report.as_json(), as_json, lambda: plain_text.table(rows, ("group", "n", "value", "low", "high", "verdict")))


@app.command()
def whatif(
    workspace: WorkspaceOption, model: ModelOption, user: UserOption = None, history: HistoryOption = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", help="Id of a history item to take out; repeatable.")] = None,
    add: Annotated[list[str] | None, typer.Option("--add", help="Id of an item to add; repeatable.")] = None,
    weight: Annotated[list[str] | None, typer.Option("--weight", help="like=2: the person's events of a kind count twice.")] = None,
    half_life: Annotated[float | None, typer.Option("--half-life", help="Days after which an event weighs half.")] = None,
    kind: Annotated[str, typer.Option("--kind", help="delete (re-propagated), mask (message dropped) or retrain.")] = "delete",
    k: KOption = None, snapshot: SnapshotOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """The list before and after a history is edited, and what moved each item."""
    with _progress("Asking what if") as progress:
        found = Workbench().whatif(
            workspace, model, user=user, history=_ids(history), remove=remove or (), add=add or (), weights=_weights(weight),
            half_life_days=half_life, k=k, kind=cast(Kind, kind), snapshot=snapshot, progress=progress,
        )  # fmt: skip
    _print(found.as_json(), as_json, lambda: plain_text.two_lists(found))


@app.command()
def flip(
    workspace: WorkspaceOption, model: ModelOption, item: ItemOption, user: UserOption = None, history: HistoryOption = None,
    rivals: Annotated[int, typer.Option("--rivals", help="How many other items are compared with.")] = 99,
    k: KOption = None, snapshot: SnapshotOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """The smallest change of a history that drops an item out of the first k, or brings another in; verified."""
    found = Workbench().flip(
        workspace, model, item, user=user, history=_ids(history), rivals=rivals, k=k, snapshot=snapshot
    )
    _print(found.as_json(), as_json, lambda: found.sentence)


@app.command()
def item(
    workspace: WorkspaceOption, model: ModelOption, item: ItemOption, k: KOption = None, as_json: JsonOption = False
) -> None:
    """One item over all people: who gets it, through what, and of which cohorts they are."""
    with _progress("Ranking everybody") as progress:
        found = Workbench().item_view(workspace, model, item, k=k, progress=progress)
    _print(found.as_json(), as_json, lambda: plain_text.item_lines(found))


@app.command()
def edges(
    workspace: WorkspaceOption, model: ModelOption, item: ItemOption, user: UserOption = None, history: HistoryOption = None,
    top: Annotated[int, typer.Option("--top", min=1, max=1000, help="How many single edges to list.")] = 20,
    snapshot: SnapshotOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """How much each edge of the graph carries of a score, singly and by relation, topic, creator, age."""
    found = Workbench().edges(workspace, model, item, user=user, history=_ids(history), top=top, snapshot=snapshot)
    _print(found.as_json(), as_json, lambda: plain_text.edge_lines(found))


@app.command("explain-all")
def explain_all(
    workspace: WorkspaceOption, model: ModelOption,
    out: Annotated[Path, typer.Option("--out", help="A .parquet file.")],
    k: KOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """The parts of everybody's first k as a Parquet file, one row a part."""
    with _progress("Explaining everybody's list") as progress:
        n = Workbench().explain_all(workspace, model, out, k=k, progress=progress)
    result = {"out": str(out), "explanations": n}
    _print(result, as_json, lambda: plain_text.pairs(result))


@app.command()
def faithfulness(
    workspace: WorkspaceOption, model: ModelOption,
    users: Annotated[int, typer.Option("--users", help="How many people are drawn.")] = 120,
    seed: SeedOption = 0, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """How faithful the explanations are, beside the methods that everyone else uses."""
    with _progress("Putting explanations to the test") as progress:
        report = Workbench().faithfulness(workspace, model, users=users, seed=seed, progress=progress)
    _print(report.as_json(), as_json, lambda: plain_text.faithfulness_lines(report))


@app.command("demo-data")
def demo_data() -> None:
    """Prepare the demo workspaces and fit the path model and the floors; does only what is missing."""
    bench = Workbench()
    for workspace in DEMO_WORKSPACES:
        try:
            _make_ready(bench, workspace, FLOOR_MODELS)
        except SurfacedError as error:
            if workspace == DEMO_WORKSPACES[0]:
                raise
            _say(f"{error}\nGoing on without {workspace}.")


def _make_ready(bench: Workbench, workspace: str, wanted: tuple[str, ...]) -> None:
    if not {w.name: w.ready for w in bench.workspaces()}[workspace]:
        with _progress(f"Preparing {workspace}") as progress:
            bench.prepare(workspace, progress=progress)
    have = {info.model for info in bench.fitted(workspace)}
    for model in wanted:
        if model not in have:
            with _progress(f"Fitting {model} on {workspace}") as progress:
                bench.fit(workspace, model, progress=progress)
    bench.example(workspace)
    split = bench.card(workspace).default_split
    for model in wanted:
        if bench.stored_evaluation(workspace, model, split=split) is None:
            with _progress(f"Measuring {model} on {workspace}") as progress:
                bench.evaluate(workspace, model, split=split, progress=progress)
    for by in bench.audit_columns(workspace)["item"][:1]:
        if bench.stored_audit(workspace, wanted[0], by, side="item") is None:
            with _progress(f"Auditing {workspace} by {by}") as progress:
                bench.audit(workspace, wanted[0], by, side="item", progress=progress)


def _ids(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def _weights(texts: list[str] | None) -> dict[str, float]:
    found = {}
    for text in texts or ():
        kind, _, number = text.partition("=")
        try:
            found[kind.strip()] = float(number)
        except ValueError:
            raise OptionError(f"--weight takes KIND=NUMBER, such as like=2, not {shown(text)}.") from None
    return found


def _read_pairs(path: Path) -> list[tuple[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if not {"user", "item"} <= set(reader.fieldnames or ()):
                found = ", ".join(reader.fieldnames or ()) or "nothing"
                raise DataError(f"{path} needs a header with the columns user,item; it has: {found[:200]}.")
            return [(row["user"] or "", row["item"] or "") for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{path} could not be read as a CSV file: {getattr(error, 'strerror', None) or error}."
        ) from None


@contextmanager
def _progress(title: str) -> Iterator[Callable[[float, str], None]]:
    """A bar on stderr."""
    from tqdm import tqdm

    shape = "{desc}: {percentage:3.0f}% {bar} {elapsed} {postfix}"
    with tqdm(total=100, desc=title, file=sys.stderr, bar_format=shape) as bar:

        def show(fraction: float, doing: str) -> None:
            bar.set_postfix_str(doing, refresh=False)
            bar.update(max(0.0, 100 * fraction - bar.n))

        yield show
        bar.set_postfix_str("", refresh=False)
        bar.update(100 - bar.n)


def _print(content: dict[str, Any], as_json: bool, text: Callable[[], str]) -> None:
    print(json.dumps(content, allow_nan=False) if as_json else text())


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def main() -> int:
    """Runs a command; every expected error becomes one sentence and exit status 2."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        app(standalone_mode=False)
    except DataError as error:
        _say("\n".join([str(error), *(f"  {problem}" for problem in error.problems)]))
        return 2
    except SurfacedError as error:
        _say(str(error))
        return 2
    except (KeyboardInterrupt, typer.Abort):
        _say("Stopped. What was finished is kept.")
        return 130
    except Exception as error:
        usage = getattr(error, "format_message", None)
        if usage is None:
            raise
        _say(f"{usage().rstrip('. ')}. Try `python cli.py --help`.")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
