"""The command `segments`: communities of people by name."""

from __future__ import annotations

from dataclasses import asdict

from commands import plain_text
from commands.command_line import JsonOption, SnapshotOption, WorkspaceOption, app, print_answer
from explain.format.numbers import percent
from explain.results.segments import SegmentReport
from explain.workbench.workbench import Workbench


@app.command()
def segments(workspace: WorkspaceOption, snapshot: SnapshotOption = None, as_json: JsonOption = False) -> None:
    """The segments of the fitted model `segments`: what tells each apart, and how many people it holds."""
    report = Workbench().models.segments(workspace, snapshot=snapshot)
    print_answer(asdict(report), as_json, lambda: _text(report))


def _text(report: SegmentReport) -> str:
    rows = [
        {
            "segment": row.name,
            "people": row.n,
            "more of": "; ".join(f"{t.label} {percent(t.share)} (all {percent(t.overall)})" for t in row.traits),
        }
        for row in report.segments
    ]
    since = "" if report.since is None else f"; with the snapshot before, {report.since:.2f}"
    notes = [f"Agreement between two seeds (adjusted Rand index) {report.stability:.2f}{since}."]
    if report.hidden:
        notes.append(f"{report.hidden:,} people are in segments too small to be told of.")
    return "\n".join([plain_text.table(rows, ("segment", "people", "more of")), *notes])
