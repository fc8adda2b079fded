"""What a report says about time: what happened, what is not as it was at the last audit, and the extract of the log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from explain.format.numbers import number
from explain.format.words import UNSAID
from explain.records.compare import not_comparable, other_questions
from explain.records.words import words as text
from explain.results.audit_record import AuditRecord
from explain.results.comparison import Changes, ComparedRow, Difference
from explain.results.decision_log import LogEntry, iso
from explain.results.record_sections import Incident

Rows = Sequence[tuple[str, ...]]
NO_SENTENCE = "The section has no sentence of its own; see the data."
ANOTHER_QUESTION = (
    "Another question was asked, so no value is told as a change; the command compare-audits shows both side by side."
)


@dataclass(frozen=True, kw_only=True)
class ChangesView:
    """What moved since the last audit. other: why no value is told as a change, empty where values are."""

    sentence: str
    other: str
    caption: str
    differences: Rows
    rows: Rows


@dataclass(frozen=True, kw_only=True)
class History:
    """Changes, incidents and the log's extract, with the number of all rows of the log."""

    changes: ChangesView | None
    incidents: Rows
    log: Rows
    n_rows: str


def history(record: AuditRecord) -> History:
    """The sections about time, for the template."""
    log = record.log
    return History(
        changes=None if record.changes is None else _changes(record.changes),
        incidents=[_incident(incident) for incident in record.incidents],
        log=[_log_row(row) for row in log.extract],
        n_rows=f"{len(log.extract) if log.rows is None else log.rows:,}",
    )


def _incident(incident: Incident) -> tuple[str, ...]:
    when = incident.at if incident.has("at") else incident.created if incident.has("created") else UNSAID
    what = incident.text if incident.has("text") else json.dumps(incident.as_json(), ensure_ascii=False)
    actor = incident.actor if incident.has("actor") else UNSAID
    return text(incident.kind), text(when), text(actor), text(what, 4_000)


def _log_row(row: LogEntry) -> tuple[str, ...]:
    when = iso(row.created).replace("T", " ").rstrip("Z")
    actor = "–" if row.actor == UNSAID else text(row.actor)
    return str(row.number), when, row.kind, actor, text(row.role or "–"), text(_content(row), 500), row.hash


def _changes(changes: Changes) -> ChangesView | None:
    """What moved since the last audit. Records from before `not_comparable` have it found again from what differs."""
    if not changes.as_json():
        return None
    apart = not_comparable(changes.differences)
    sentence = text(changes.sentence if changes.has("sentence") else NO_SENTENCE, 2_000)
    if apart and not sentence.startswith(apart):
        verdicts = f"{text(changes.verdict_then)} then and is {text(changes.verdict_now)} now"
        sentence = f"{apart} The verdict was {verdicts}."
    other = bool(other_questions(changes.differences))
    moved = [row for row in changes.rows if None not in (row.verdict_then, row.verdict_now)]
    caption = "Values with another verdict, or with intervals that do not overlap"
    return ChangesView(
        sentence=sentence,
        other=ANOTHER_QUESTION if other else "",
        caption=f"{caption}; read first what is not comparable" if apart else caption,
        differences=_differences((*changes.thresholds, *changes.differences)),
        rows=[] if other else [_moved(row) for row in moved],
    )


def _differences(differences: Iterable[Difference]) -> Rows:
    return [(_named(d.what), text(d.then, 300), text(d.now, 300)) for d in differences]


def _moved(row: ComparedRow) -> tuple[str, ...]:
    return (
        text(row.group or "all"),
        text(f"{row.metric} by {row.by or 'all'}"),
        number(row.then),
        number(row.now),
        text(row.verdict_then or "–"),
        text(row.verdict_now or "–"),
    )


def _named(what: str) -> str:
    """ "plan: item_columns" → "item columns"."""
    return text(what.removeprefix("plan: ").replace("_", " "))


def _content(row: LogEntry) -> str:
    """A log row in few words: a plan is printed above, so only its model."""
    if row.kind == "plan":
        return f"plan for {row.content.get('model')}, printed above"
    return "; ".join(f"{key}: {value}" for key, value in row.content.items() if value != "")
