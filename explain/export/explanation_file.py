"""An explanation to keep and to send: one HTML file that needs nothing else, and JSON with a hash.

Everything comes escaped by Jinja2; the file runs no script, loads nothing, and forbids both to the browser that opens
it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from core.files import JsonObject
from core.models.base import constant_words
from explain.charts.flow_svg import flow_svg
from explain.format.dates import dated, minute
from explain.format.hashing import digest
from explain.format.numbers import amount
from explain.format.text import clean
from explain.results.annotation import Annotation
from explain.results.explanation import Explanation
from explain.results.whatif import Verified

TEMPLATES: Final = Path(__file__).parent / "templates"


PARTS_SHOWN: Final = 60


KINDS: Final = {
    "history": "from the history",
    "jump": "latent jump",
    "guardrail": "guardrail",
}


def record(
    explanation: Explanation,
    provenance: Mapping[str, str],
    verified: Verified | None = None,
    notes: Sequence[Annotation] = (),
) -> JsonObject:
    """Everything that is exported, with the SHA-256 of the canonical form of all but the hash itself."""
    content: JsonObject = {
        "explanation": json.loads(json.dumps(explanation.as_json())),
        "verified": None if verified is None else dict(vars(verified)),
        "notes": [note.as_json() for note in notes],
        "provenance": dict(provenance),
    }
    return content | {"sha256": digest(content)}


def is_intact(content: Mapping[str, Any]) -> bool:
    """Whether a record still has the hash that it was written with."""
    return digest({key: value for key, value in content.items() if key != "sha256"}) == content.get("sha256")


def explanation_html(
    explanation: Explanation,
    *,
    generated: int,
    provenance: Mapping[str, str],
    verified: Verified | None = None,
    notes: Sequence[Annotation] = (),
) -> str:
    """The page as text. generated: seconds UTC."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    content = record(explanation, provenance, verified, notes)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    ranked = sorted(explanation.parts, key=lambda p: (-abs(p.value), p.kind, p.id))
    widest = max((abs(p.value) for p in ranked), default=0.0) or 1.0
    shown, rest = ranked[:PARTS_SHOWN], ranked[PARTS_SHOWN:]
    kinds = KINDS | {kind: words.in_export for kind, words in constant_words().items()}
    parts = [
        {
            "label": clean(p.label, 120),
            "kind": kinds.get(p.kind, p.kind),
            "value": amount(p.value),
            "share": f"{100 * p.value / explanation.score:.1f} %" if explanation.score else "",
            "width": f"{100 * abs(p.value) / widest:.2f}",
            "against": p.value < 0,
        }
        for p in shown
    ]
    paths = [
        {
            "value": amount(p.value),
            "walk": " → ".join(
                [clean(p.hops[0].source_label, 60), *(dated(clean(h.target_label, 60), h.when) for h in p.hops)]
            ),
        }
        for p in explanation.paths
        if p.hops
    ]
    embedded = json.dumps(content, ensure_ascii=True, allow_nan=False)
    for character in "<>&":
        embedded = embedded.replace(character, f"\\u{ord(character):04x}")
    return environment.get_template("explanation.html").render(
        x=explanation,
        parts=parts,
        n_rest=len(rest),
        rest=amount(sum(p.value for p in rest)),
        score=amount(explanation.score, signed=False),
        sentence=clean(explanation.sentence, 800),
        label=clean(explanation.label, 120),
        paths=paths,
        picture=Markup(flow_svg(explanation, theme="light")) if explanation.bundles else "",
        verified=verified,
        notes=[(note, minute(note.created)) for note in notes],
        provenance=dict(provenance),
        sha256=content["sha256"],
        generated=minute(generated),
        embedded=Markup(embedded),
        against=None if explanation.against is None else clean(explanation.against.sentence, 800),
    )
