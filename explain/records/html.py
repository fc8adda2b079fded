"""An audit's record as one HTML file: verdict and signatures first, then plain words, then everything that was measured.

Everything comes escaped by Jinja2. The file runs no script, loads nothing, and forbids both to the browser that opens it. The
page follows from the record alone, so that the same record always gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from explain.format.words import browsing_words, column_words
from explain.records import html_tables as tables
from explain.records.glossary import GLOSSARY, READING
from explain.records.html_audits import audit_view, cell_table, has_bounds
from explain.records.html_history import history
from explain.records.summary import hidden, not_stated, signed, summary
from explain.records.words import UNSAID, few, flat, least_shown, threshold
from explain.records.words import words as text

TO_THE_SECOND: Final = 19
SHORT_HASH: Final = 16
LONG_WORD: Final = 36  # longer ones may be broken anywhere, shorter ones never
BOUNDS_CLAUSE: Final = ", and the worst-case bounds say what that could hide"
_AUDITS: Final = {"item_audits": "item_audits", "user_audits": "user_audits", "crossed": "intersections"}


def audit_html(record: Mapping[str, Any]) -> str:
    """The page as text. record: an exported one (`report.exported`)."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["long"] = _long
    embedded = json.dumps(record, ensure_ascii=True, allow_nan=False)
    for character in "<>&":
        embedded = embedded.replace(character, f"\\u{ord(character):04x}")
    least = least_shown(record)
    view = _facts(record) | _tables(record) | history(record)
    views = {name: [audit_view(a, least) for a in record[key]] for name, key in _AUDITS.items()}
    return environment.get_template("audit.html").render(
        record=record, plan=record["plan"], created=str(record["created"])[:TO_THE_SECOND], summary=summary(record),
        signatures=[
            {key: text(value, 4_000) if key != "comment" or str(value).strip() else "" for key, value in s.items()}
            for s in record["signatures"]
        ],
        signed=signed(record["signatures"]), not_stated=not_stated(record), short_hash=record["sha256"][:SHORT_HASH],
        exported_by=_named(record["export"]["actor"]), cells=[cell_table(table, least) for table in record["cells"]],
        reading=READING, glossary=GLOSSARY, embedded=Markup(embedded), **views, **view,
    )  # fmt: skip


def _tables(record: Mapping[str, Any]) -> dict[str, Any]:
    """Sections that are tables."""
    made = (
        tables.attributes, tables.unknown, tables.weights, tables.learnt, tables.arms, tables.metrics, tables.formulas, tables.trends,
        tables.creators, tables.attribution, tables.mitigations,
    )  # fmt: skip
    return {table.__name__: table(record) for table in made}


def _facts(record: Mapping[str, Any]) -> dict[str, Any]:
    """Sections that are names and values."""
    plan, came, system = record["plan"], record["provenance"], record["system"]
    window = [text(end) for end in came["time_window"]]
    data_hash = [("Data, SHA-256", text(came["data_sha256"]))] if came.get("data_sha256") else []
    people = record["suppressed"]["n_people"]
    return {
        "system": [
            ("System", text(system["name"])), ("Surface", text(system["surface"])), ("Purpose", text(system["purpose"], 2_000)),
            ("Owner", text(system["owner"])), ("Recommender", text(system["recommender"])),
        ],
        "asked": [
            ("Model", text(plan["model"])), ("Length of the lists (k)", plan["k"]), ("Browsing model", text(browsing_words(plan["browsing"]))),
            ("Target", text(_target(plan["target"]), 2_000)), ("Why this target", text(plan["target_reason"], 2_000)),
            ("Columns of items", _list(map(column_words, plan["item_columns"]))), ("Columns of people", _list(map(column_words, plan["user_columns"]))),
            ("Intersections", _list(" × ".join(map(column_words, names)) for names in plan["intersections"])),
            ("Smallest cell that is shown", plan["min_cell"]), ("Bootstrap draws", f"{plan['draws']:,}"), ("Seed", plan["seed"]),
            ("Fixed", text(plan["fixed_at"])),
        ],
        "thresholds": [(threshold(name), text(value)) for name, value in flat(plan["thresholds"])],
        "provenance": [
            ("Graph", text(came["graph"])), ("Model", text(came["model"])), ("Data", text(came["data"], 2_000)), *data_hash,
            ("Code", text(came["code"])), ("Configuration", text(came["configuration"])),
            ("Time window", " to ".join(window) or UNSAID), ("Inclusion rules", text(came["inclusion"], 2_000)),
        ],
        "hidden_told": hidden(record),
        "hidden": [
            ("Suppressed cells", text(record["suppressed"]["n_cells"])),
            ("People in suppressed cells, at most in one table", few(people, least_shown(record)) if people != 0 else "0"),
        ],
        "limits": [_limit(str(told), has_bounds(record)) for told in record["limits"]],
        "proof": [
            ("Head of the decision log", record["log"]["head"]), ("SHA-256 of what is signed", record["sha256"]),
            ("SHA-256 of this export", record["export"]["sha256"]),
        ],
    }  # fmt: skip


def _limit(told: str, bounds: bool) -> str:
    """A limit as the record has it; bounds are only spoken of where some are printed."""
    return told if bounds else told.replace(BOUNDS_CLAUSE, "")


def _named(actor: str) -> str:
    """Who exported it, empty where nobody was named."""
    return "" if not actor.strip() or actor == UNSAID else text(actor)


def _long(value: object) -> str:
    """ " long" for a text with a word that no column is wide enough for; an empty string for all others."""
    return " long" if any(len(word) > LONG_WORD for word in str(value).split()) else ""


def _list(values: Any) -> str:
    return ", ".join(text(value) for value in values) or "none"


def _target(target: str | Mapping[str, Mapping[str, float]]) -> str:
    """The target in words; of a policy every group with its share."""
    if isinstance(target, str):
        return target
    policies = [
        f"policy for {column}: {', '.join(f'{group} {share:.1%}' for group, share in shares.items())}"
        for column, shares in target.items()
    ]
    return f"{'; '.join(policies)}; catalogue for every other column"
