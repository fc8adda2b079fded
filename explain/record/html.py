"""An audit's record as one HTML file: verdict and signatures first, then plain words, then everything that was measured.

Everything comes escaped by Jinja2. The file runs no script, loads nothing, and forbids both to the browser that opens it. The
page follows from the record alone, so that the same record always gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from explain.flow_labels import clean
from explain.html_export import TEMPLATES
from explain.record.html_audits import audit_view, cell_table, interval, number, summary

TO_THE_SECOND: Final = 19


def audit_html(record: Mapping[str, Any]) -> str:
    """The page as text. record: an exported one (`report.exported`)."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    embedded = json.dumps(record, ensure_ascii=True, allow_nan=False)
    for character in "<>&":
        embedded = embedded.replace(character, f"\\u{ord(character):04x}")
    view = _facts(record) | _tables(record) | _history(record)
    views = {name: [audit_view(a) for a in record[key]] for name, key in _AUDITS.items()}
    return environment.get_template("audit.html").render(
        record=record, plan=record["plan"], created=str(record["created"])[:TO_THE_SECOND], summary=summary(record),
        signatures=[{key: _text(value, 4_000) for key, value in s.items()} for s in record["signatures"]],
        cells=[cell_table(table) for table in record["cells"]], embedded=Markup(embedded), **views, **view,
    )  # fmt: skip


_AUDITS: Final = {"item_audits": "item_audits", "user_audits": "user_audits", "crossed": "intersections"}


def _facts(record: Mapping[str, Any]) -> dict[str, Any]:
    """Sections that are names and values."""
    plan, came, system = record["plan"], record["provenance"], record["system"]
    window = [_text(end) for end in came["time_window"]]
    unknown = ", ".join(f"{by}: {_text(n)}" for by, n in record["unknown"].items()) or "none"
    return {
        "system": [
            ("System", _text(system["name"])), ("Surface", _text(system["surface"])), ("Purpose", _text(system["purpose"], 2_000)),
            ("Owner", _text(system["owner"])), ("Recommender", _text(system["recommender"])),
        ],
        "asked": [
            ("Model", _text(plan["model"])), ("Length of the lists (k)", plan["k"]), ("Browsing model", _text(plan["browsing"])),
            ("Target", _text(_target(plan["target"]), 2_000)), ("Why this target", _text(plan["target_reason"], 2_000)),
            ("Columns of items", _list(plan["item_columns"])), ("Columns of people", _list(plan["user_columns"])),
            ("Intersections", _list(" × ".join(names) for names in plan["intersections"])),
            ("Smallest cell that is shown", plan["min_cell"]), ("Bootstrap draws", f"{plan['draws']:,}"), ("Seed", plan["seed"]),
            ("Fixed", _text(plan["fixed_at"])),
        ],
        "thresholds": [(_text(name), _text(value)) for name, value in _flat(plan["thresholds"])],
        "provenance": [
            ("Graph", _text(came["graph"])), ("Model", _text(came["model"])), ("Data", _text(came["data"])),
            ("Code", _text(came["code"])), ("Configuration", _text(came["configuration"])),
            ("Time window", " to ".join(window) or "not stated"), ("Inclusion rules", _text(came["inclusion"], 2_000)),
        ],
        "hidden": [
            ("Suppressed cells", _text(record["suppressed"]["n_cells"])), ("People in suppressed cells", _text(record["suppressed"]["n_people"])),
            ("Unknown, by column", unknown),
        ],
        "proof": [
            ("Head of the decision log", record["log"]["head"]), ("SHA-256 of what is signed", record["sha256"]),
            ("SHA-256 of this export", record["export"]["sha256"]),
        ],
    }  # fmt: skip


def _tables(record: Mapping[str, Any]) -> dict[str, list[tuple[Any, ...]]]:
    """Sections that are tables, row by row."""
    metrics = record["metrics"]
    formulas = {str(m.get("metric", m["name"])): m for m in metrics}
    return {
        "attributes": [
            (_text(a["column"]), _text(a["side"]), _text(a["source"], 600), _text(a["n"]), _text(a["n_missing"])) for a in record["attributes"]
        ],
        "weights": [(_text(w["name"]), number(w["share"]), interval(w)) for w in record["parameters"]["weights"]],
        "learnt": [(_text(name), _text(value)) for name, value in _flat(record["parameters"]["learnt"])],
        "arms": [
            (_text(arm["arm"]), _text(name), number(v["value"]), interval(v))
            for arm in record["non_profiling"]
            for name, v in arm["metrics"].items()
        ],
        "metrics": [
            (
                f"{_text(m['number'])}. {_text(m['name'])}", _text(" ".join(filter(None, (m["by"], m.get("group", "")))) or "all"),
                number(m["value"]), interval(m), _text(m["n"]), m["verdict"] or "no limit set", _text(m["reason"] or "–", 600),
            )
            for m in metrics
        ],
        "formulas": [
            (f"{_text(m['number'])}. {_text(name)}", _text(m["formula"], 600), _text(m["range"]), _text(m["fair"]), _text(m["source"], 300))
            for name, m in formulas.items()
        ],
        "trends": [
            (_text(t["name"]), _text(p["snapshot"]), _text(p["created"])[:10], number(p["value"]), interval(p))
            for t in record["trends"]
            for p in t["points"]
        ],
        "creators": [
            (_text(c["creator"]), f"{c['n_items']:,}", number(c["exposure_share"]), number(c["catalogue_share"]), number(c["ratio"]), interval(c))
            for c in record["creators"]
        ],
        "attribution": [
            row
            for a in record["attribution"]
            for row in [
                *((_text(a["group"]), _text(p["relation"]), number(p["value"])) for p in a["parts"]),
                (_text(a["group"]), "the whole gap", number(a["gap"])),
            ]
        ],
        "mitigations": [(_text(m["name"], 300), _text(m["cost"], 600), _text(m["gain"], 600)) for m in record["mitigations"]],
    }  # fmt: skip


def _history(record: Mapping[str, Any]) -> dict[str, Any]:
    """What happened, what changed, and the log."""
    found, log = record["changes"], record["log"]
    changes = None
    if found:
        changes = {
            "sentence": _text(found.get("sentence", "The section has no sentence of its own; see the data."), 2_000),
            "differences": [
                (_text(d["what"]), _text(d["then"], 300), _text(d["now"], 300))
                for d in [*found.get("thresholds", ()), *found.get("differences", ())]
            ],
            "rows": [
                (
                    _text(r["group"] or "all"), _text(f"{r['metric']} by {r['by'] or 'all'}"), number(r["then"]), number(r["now"]),
                    _text(r["verdict_then"] or "–"), _text(r["verdict_now"] or "–"),
                )
                for r in found.get("rows", ())
            ],
        }  # fmt: skip
    happened = [
        (
            _text(i.get("kind", "incident")), _text(i.get("at", i.get("created", "not stated"))), _text(i.get("actor", "not stated")),
            _text(i.get("text", json.dumps(i, ensure_ascii=False)), 4_000),
        )
        for i in record["incidents"]
    ]  # fmt: skip
    rows = [
        (
            str(r["number"]),
            _when(r["created"]),
            r["kind"],
            _text(r["actor"]),
            _text(r["role"] or "–"),
            _text(_content(r), 500),
            r["hash"],
        )
        for r in log["extract"]
    ]
    return {"changes": changes, "incidents": happened, "log": rows, "n_rows": f"{log.get('rows', len(rows)):,}"}


def _content(row: Mapping[str, Any]) -> str:
    """A log row in few words: a plan is printed above, so only its model."""
    about = row["content"]
    if row["kind"] == "plan":
        return f"plan for {about.get('model')}, printed above"
    return "; ".join(f"{key}: {value}" for key, value in about.items() if value != "")


def _when(seconds: int) -> str:
    from explain.record.log import iso

    return iso(seconds)


def _flat(content: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Nested names joined by dots."""
    found: list[tuple[str, Any]] = []
    for name, value in content.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{before}{name}.")
        else:
            found.append((f"{before}{name}", value))
    return found


def _list(values: Any) -> str:
    return ", ".join(_text(value) for value in values) or "none"


def _target(target: str | Mapping[str, Mapping[str, float]]) -> str:
    """The target in words; of a policy every group with its share."""
    if isinstance(target, str):
        return target
    tables = [
        f"policy for {column}: {', '.join(f'{group} {share:.1%}' for group, share in shares.items())}"
        for column, shares in target.items()
    ]
    return f"{'; '.join(tables)}; catalogue for every other column"


def _text(value: Any, most: int = 160) -> str:
    """A value in one line; numbers in few digits."""
    if value is None or value == "":
        return "not stated"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return clean(", ".join(f"{key} {_text(inner)}" for key, inner in value.items()) or "none", most)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return clean(" to ".join(_text(v) for v in value) or "none", most)
    return clean(value, most)
