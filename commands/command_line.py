"""What every command of the shell shares: the application, its options, progress on stderr, one JSON
object on stdout.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import OptionError, SurfacedError, short, shown
from core.files import JsonObject, read_stated
from core.texts import parted, printable
from explain.format.dates import seconds_of
from explain.workbench.sources import dataset_names

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)

WorkspaceOption = Annotated[str, typer.Option("--workspace", "-w", help=f"{', '.join(dataset_names())} or your own.")]
ModelOption = Annotated[str, typer.Option("--model", "-m", help="The name of a model (see `models`).")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
KOption = Annotated[
    int | None,
    typer.Option(
        "-k", "--k", help="Length of the lists: 10 to recommend, 20 to measure, or the whole of a small catalogue."
    ),
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Seed of everything random.")]
UserOption = Annotated[str | None, typer.Option("--user", help="Id of a person.")]
ItemOption = Annotated[str, typer.Option("--item", help="Id of the item.")]
HistoryOption = Annotated[
    list[str] | None,
    typer.Option(
        "--history", help='Item ids with commas between ("Fish, tea" in quotes), or repeated: a person of your own.'
    ),
]
SnapshotOption = Annotated[str | None, typer.Option("--snapshot", help="A stored model; the newest if left out.")]
SplitOption = Annotated[
    str | None,
    typer.Option("--split", help="random, last, time, live or given; the one that the data's card names if left out."),
]
AtOption = Annotated[
    str | None,
    typer.Option("--at", help="A moment, seconds UTC or a date such as 2026-03-03T14:00; the data's end if left out."),
]


def moment(text: str | None) -> int | None:
    """Seconds UTC of --at. Raises OptionError."""
    return None if text is None else seconds_of(text)


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[float, str], None]]:
    """A bar on stderr."""
    from tqdm import tqdm

    shape = "{desc}: {percentage:3.0f}% {bar} {elapsed} {postfix}"
    with tqdm(total=100, desc=printable(title), file=sys.stderr, bar_format=shape) as bar:

        def show(fraction: float, doing: str) -> None:
            bar.set_postfix_str(printable(doing), refresh=False)
            bar.update(max(0.0, 100 * fraction - bar.n))

        yield show
        bar.set_postfix_str("", refresh=False)
        bar.update(100 - bar.n)


def print_answer(content: JsonObject, as_json: bool, text: Callable[[], str]) -> None:
    print(json.dumps(content, allow_nan=False) if as_json else printable(text()))


def ids(values: list[str] | None) -> list[str] | None:
    """The ids of --history: one list with commas between (an id that holds one in double quotes), or
    one id an option.
    """
    if not values:
        return None
    return parted(values[0]) if len(values) == 1 else [text.strip() for text in values if text.strip()]


def say(text: str) -> None:
    """A message on stderr; what a terminal would obey is shown instead."""
    print(printable(text), file=sys.stderr)


def write(out: Path, content: str | bytes) -> None:
    """A whole file or none."""
    temporary = out.with_name(f".{out.name}.writing")
    try:
        temporary.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        temporary.replace(out)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise SurfacedError(f"{out} could not be written: {error.strerror or error}. Nothing was stored.") from None


def read_stated_file(path: Path, what: str) -> Any:
    """JSON that somebody wrote for a command. what: as a sentence begins, "The plan". Raises OptionError."""
    try:
        return read_stated(path)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or short(error)
        raise OptionError(f"{what} {shown(path)} cannot be read as JSON: {why}.") from None
