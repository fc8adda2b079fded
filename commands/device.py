"""The commands `export-device` and `update-device`: the path model as a table for a phone."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from commands import plain_text
from commands.command_line import JsonOption, KOption, SnapshotOption, WorkspaceOption, app, print_answer
from core.errors import OptionError
from explain.workbench.workbench import Workbench


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
    written = asdict(
        Workbench().models.device_file(workspace, out, k=k, snapshot=snapshot, since=since, changes=changes)
    )
    print_answer(written, as_json, lambda: plain_text.pairs({key: v for key, v in written.items() if v is not None}))


@app.command("update-device")
def update_device(
    old: Annotated[Path, typer.Option("--from", help="The .onnx file that the device has.")],
    changes: Annotated[Path, typer.Option("--changes", help="What export-device --changes wrote.")],
    out: Annotated[Path, typer.Option("--out", help="The newer .onnx file.")],
    as_json: JsonOption = False,
) -> None:
    """An older device file with its changes: the newer one, byte for byte."""
    n_bytes = Workbench().models.updated_device_file(old, changes, out)
    result = {"out": str(out), "bytes": n_bytes}
    print_answer(result, as_json, lambda: plain_text.pairs(result))
