"""What a report says about time: what happened, what is not as it was at the last audit, and the extract of the log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from explain.records.compare import not_comparable, other_questions
from explain.records.log import iso
from explain.records.words import UNSAID, number
from explain.records.words import words as text


def history(record: Mapping[str, Any]) -> dict[str, Any]:
    """Changes, incidents and log for the template."""
    log = record["log"]
    happened = [
        (
            text(i.get("kind", "incident")), text(i.get("at", i.get("created", UNSAID))), text(i.get("actor", UNSAID)),
            text(i.get("text", json.dumps(i, ensure_ascii=False)), 4_000),
        )
        for i in record["incidents"]
    ]  # fmt: skip
    rows = [
        (
            str(r["number"]), iso(r["created"]).replace("T", " ").rstrip("Z"), r["kind"], "–" if r["actor"] == UNSAID else text(r["actor"]),
            text(r["role"] or "–"), text(_content(r), 500), r["hash"],
        )
        for r in log["extract"]
    ]  # fmt: skip
    return {
        "changes": _changes(record["changes"]),
        "incidents": happened,
        "log": rows,
        "n_rows": f"{log.get('rows', len(rows)):,}",
    }


def _changes(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What moved since the last audit. Records from before `not_comparable` have it found again from what differs."""
    if not found:
        return None
    differ = found.get("differences", ())
    apart = not_comparable(differ)
    sentence = text(found.get("sentence", "The section has no sentence of its own; see the data."), 2_000)
    if apart and not sentence.startswith(apart):
        sentence = f"{apart} The verdict was {text(found.get('verdict_then'))} then and is {text(found.get('verdict_now'))} now."
    other = bool(other_questions(differ))
    rows = [] if other else [r for r in found.get("rows", ()) if None not in (r["verdict_then"], r["verdict_now"])]
    return {
        "sentence": sentence,
        "other": "Another question was asked, so no value is told as a change; the command compare-audits shows both side by side." if other else "",
        "caption": "Values with another verdict, or with intervals that do not overlap"
        + ("; read first what is not comparable" if apart else ""),
        "differences": [(_named(d["what"]), text(d["then"], 300), text(d["now"], 300)) for d in [*found.get("thresholds", ()), *differ]],
        "rows": [
            (
                text(r["group"] or "all"), text(f"{r['metric']} by {r['by'] or 'all'}"), number(r["then"]), number(r["now"]),
                text(r["verdict_then"] or "–"), text(r["verdict_now"] or "–"),
            )
            for r in rows
        ],
    }  # fmt: skip


def _named(what: object) -> str:
    """ "plan: item_columns" → "item columns"."""
    return text(str(what).removeprefix("plan: ").replace("_", " "))


def _content(row: Mapping[str, Any]) -> str:
    """A log row in few words: a plan is printed above, so only its model."""
    about = row["content"]
    if row["kind"] == "plan":
        return f"plan for {about.get('model')}, printed above"
    return "; ".join(f"{key}: {value}" for key, value in about.items() if value != "")
