"""An audit's record as one HTML file: verdict and signatures first, then plain words, then everything that was
measured.

Everything comes escaped by Jinja2. The file runs no script, loads nothing, and forbids both to the browser that opens
it. The page follows from the record alone, so that the same record always gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from explain.format.words import UNSAID, browsing_words, column_words
from explain.records import html_tables as tables
from explain.records.glossary import GLOSSARY, READING
from explain.records.html_audits import audit_view, cell_table, has_bounds
from explain.records.html_history import history
from explain.records.summary import hidden, not_stated, signed, summary
from explain.records.words import few, flat, threshold
from explain.records.words import words as text
from explain.results.audit_record import AuditRecord
from explain.results.plan import FixedPlan
from explain.results.record_sections import Export, Provenance, Signature

TO_THE_SECOND: Final = 19
SHORT_HASH: Final = 16
LONG_WORD: Final = 36  # longer ones may be broken anywhere, shorter ones never
BOUNDS_CLAUSE: Final = ", and the worst-case bounds say what that could hide"
Facts = Sequence[tuple[str, object]]


def audit_html(record: AuditRecord) -> str:
    """The page as text. record: an exported one (`report.exported`). Raises ValueError for one that was not."""
    if record.export is None:
        raise ValueError("audit_html: the record was not exported")
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
    embedded = json.dumps(record.as_json(), ensure_ascii=True, allow_nan=False)
    for character in "<>&":
        embedded = embedded.replace(character, f"\\u{ord(character):04x}")
    least = record.plan.min_cell
    return environment.get_template("audit.html").render(
        record=record,
        plan=record.plan,
        created=record.created[:TO_THE_SECOND],
        summary=summary(record),
        signatures=[_signature(s) for s in record.signatures],
        signed=signed(record.signatures),
        not_stated=not_stated(record),
        short_hash=record.sha256[:SHORT_HASH],
        exported_by=_named(record.export.actor),
        item_audits=[audit_view(audit, least) for audit in record.item_audits],
        user_audits=[audit_view(audit, least) for audit in record.user_audits],
        crossed=[audit_view(audit, least) for audit in record.intersections],
        cells=[cell_table(table, least) for table in record.cells],
        reading=READING,
        glossary=GLOSSARY,
        embedded=Markup(embedded),
        **_facts(record, record.export),
        **_tables(record),
        **vars(history(record)),
    )


def _signature(s: Signature) -> Signature:
    return Signature(
        name=text(s.name, 4_000),
        role=text(s.role, 4_000),
        comment=text(s.comment, 4_000) if s.comment.strip() else "",
        signed_at=text(s.signed_at, 4_000),
        log_hash=text(s.log_hash, 4_000),
    )


def _tables(record: AuditRecord) -> dict[str, object]:
    """Sections that are tables."""
    sections = (
        tables.attributes,
        tables.unknown,
        tables.weights,
        tables.learnt,
        tables.baselines,
        tables.metrics,
        tables.formulas,
        tables.trends,
        tables.creators,
        tables.attribution,
        tables.mitigations,
    )
    return {table.__name__: table(record) for table in sections}


def _facts(record: AuditRecord, export: Export) -> dict[str, Facts | Sequence[str] | str]:
    """Sections that are names and values."""
    people, least = record.suppressed.n_people, record.plan.min_cell
    hidden_people = "People in suppressed cells, at most in one table"
    return {
        "system": _system(record),
        "asked": _asked(record.plan),
        "thresholds": [(threshold(name), text(value)) for name, value in flat(record.plan.thresholds.as_json())],
        "provenance": _provenance(record.provenance),
        "hidden_told": hidden(record),
        "hidden": [
            ("Suppressed cells", text(record.suppressed.n_cells)),
            (hidden_people, few(people, least) if people != 0 else "0"),
        ],
        "limits": [_limit(limit, has_bounds(record)) for limit in record.limits],
        "proof": [
            ("Head of the decision log", record.log.head),
            ("SHA-256 of what is signed", record.sha256),
            ("SHA-256 of this export", export.sha256),
        ],
    }


def _system(record: AuditRecord) -> Facts:
    system = record.system
    return [
        ("System", text(system.name)),
        ("Surface", text(system.surface)),
        ("Purpose", text(system.purpose, 2_000)),
        ("Owner", text(system.owner)),
        ("Recommender", text(system.recommender)),
    ]


def _asked(plan: FixedPlan) -> Facts:
    return [
        ("Model", text(plan.model)),
        ("Length of the lists (k)", plan.k),
        ("Browsing model", text(browsing_words(plan.browsing))),
        ("Target", text(_target(plan), 2_000)),
        ("Why this target", text(plan.target_reason, 2_000)),
        ("Columns of items", _list(map(column_words, plan.item_columns))),
        ("Columns of people", _list(map(column_words, plan.user_columns))),
        ("Intersections", _list(" × ".join(map(column_words, names)) for names in plan.intersections)),
        ("Smallest cell that is shown", plan.min_cell),
        ("Bootstrap draws", f"{plan.draws:,}"),
        ("Seed", plan.seed),
        ("Fixed", text(plan.fixed_at)),
    ]


def _provenance(came: Provenance) -> Facts:
    window = [text(end) for end in came.time_window]
    data_hash: Facts = [("Data, SHA-256", text(came.data_sha256))] if came.data_sha256 else []
    return [
        ("Graph", text(came.graph)),
        ("Model", text(came.model)),
        ("Data", text(came.data, 2_000)),
        *data_hash,
        ("Code", text(came.code)),
        ("Configuration", text(came.configuration)),
        ("Time window", " to ".join(window) or UNSAID),
        ("Inclusion rules", text(came.inclusion, 2_000)),
    ]


def _limit(limit: str, bounds: bool) -> str:
    """A limit as the record has it; bounds are only spoken of where some are printed."""
    return limit if bounds else limit.replace(BOUNDS_CLAUSE, "")


def _named(actor: str) -> str:
    """Who exported it, empty where nobody was named."""
    return "" if not actor.strip() or actor == UNSAID else text(actor)


def _long(value: object) -> str:
    """ " long" for a text with a word that no column is wide enough for; an empty string for all others."""
    return " long" if any(len(word) > LONG_WORD for word in str(value).split()) else ""


def _list(values: Iterable[str]) -> str:
    return ", ".join(text(value) for value in values) or "none"


def _target(plan: FixedPlan) -> str:
    """The target in words; of a policy every group with its share."""
    if isinstance(plan.target, str):
        return plan.target
    policies = [
        f"policy for {column}: {', '.join(f'{group} {share:.1%}' for group, share in shares.items())}"
        for column, shares in plan.target.items()
    ]
    return f"{'; '.join(policies)}; catalogue for every other column"
