"""The commands `export-device` and `update-device`: the path model as a table for a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from commands import plain_text
from commands.command_line import JsonOption, KOption, SnapshotOption, WorkspaceOption, app, print_answer, write
from core.errors import OptionError, SourceError, shown
from core.files import read_bytes
from explain.workbench.workbench import Workbench

MOST_BYTES: Final = 2**31  # what ONNX can hold in one file


@app.command("export-device")
def export_device(
    workspace: WorkspaceOption,
    out: Annotated[Path, typer.Option("--out", help="An .onnx file.")],
    k: KOption = None,
    snapshot: SnapshotOption = None,
    since: Annotated[Path | None, typer.Option("--since", help="The .onnx file that the device has.")] = None,
    changes: Annotated[
        Path | None, typer.Option("--changes", help="Where what differs from --since goes, an .npz file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """The fitted model `edge` as an ONNX file: history in, best items out, nothing else needed."""
    if (since is None) != (changes is None):
        raise OptionError("--since and --changes go together: the file that the device has, and where the changes go.")
    made = Workbench().models.device_file(
        workspace, k=k, snapshot=snapshot, since=None if since is None else _read(since)
    )
    write(out, made.content)
    if changes is not None and made.changes is not None:
        write(changes, made.changes.content)
    answer = {
        "snapshot": made.snapshot,
        "out": str(out),
        "bytes": len(made.content),
        **{name: getattr(made, name) for name in ("items", "neighbours", "bits", "overlap", "k")},
        "changed_items": made.changes and made.changes.rows,
        "changed_bytes": made.changes and len(made.changes.content),
    }
    print_answer(answer, as_json, lambda: plain_text.pairs({key: v for key, v in answer.items() if v is not None}))


@app.command("update-device")
def update_device(
    old: Annotated[Path, typer.Option("--from", help="The .onnx file that the device has.")],
    changes: Annotated[Path, typer.Option("--changes", help="What export-device --changes wrote.")],
    out: Annotated[Path, typer.Option("--out", help="The newer .onnx file.")],
    as_json: JsonOption = False,
) -> None:
    """An older device file with its changes: the newer one, byte for byte."""
    content = Workbench().models.updated_device_file(_read(old), _read(changes))
    write(out, content)
    result = {"out": str(out), "bytes": len(content)}
    print_answer(result, as_json, lambda: plain_text.pairs(result))


def _read(path: Path) -> bytes:
    try:
        return read_bytes(path, at_most=MOST_BYTES)
    except OSError as error:
        raise SourceError(f"{shown(path)} could not be read: {error.strerror or error}.") from None
