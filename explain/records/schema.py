"""The published form of an audit's record, and whether a record has it.

`audit.schema.json` is JSON Schema (draft 2020-12). The check here knows the keywords that it uses, so that a record is
refused before it is stored without a further library at run time; the tests hold it against a full validator.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from core.errors import OptionError, shown
from core.files import JsonObject
from explain.format.hashing import digest
from explain.results.audit_record import AuditContent

PLACE: Final = Path(__file__).with_name("audit.schema.json")
# Not part of what is signed: they come from the log when a record is shown, or follow from the hash.
OUTSIDE: Final = ("id", "log", "signatures", "export", "sha256")
MOST_NAMED: Final = 5
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "null": (type(None),),
    "boolean": (bool,),
}


@cache
def audit_schema() -> JsonObject:
    """The published schema."""
    content = json.loads(PLACE.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def content_hash(record: Mapping[str, Any]) -> str:
    """SHA-256 of what is signed: everything but OUTSIDE."""
    return digest({key: value for key, value in record.items() if key not in OUTSIDE})


def export_hash(record: Mapping[str, Any]) -> str:
    """SHA-256 of an export: everything but the hash itself."""
    about = {key: value for key, value in dict(record["export"]).items() if key != "sha256"}
    return digest({**record, "export": about})


def audit_id(sha256: str) -> str:
    return f"audit-{sha256[:12]}"


def is_intact(record: Mapping[str, Any]) -> bool:
    """Whether a record still has the hash and the id that it was stored with."""
    sha256 = content_hash(record)
    return sha256 == record.get("sha256") and audit_id(sha256) == record.get("id")


def check(record: Mapping[str, Any], *, without: tuple[str, ...] = ()) -> None:
    """Raises OptionError naming what is missing or of the wrong kind; `without` need not be there."""
    schema = audit_schema()
    wanted = schema | {"required": [name for name in schema["required"] if name not in without]}
    wrong = list(problems(record, wanted))
    if wrong:
        more = f" and {len(wrong) - MOST_NAMED} more" if len(wrong) > MOST_NAMED else ""
        raise OptionError(f"This is no record of an audit: {'; '.join(wrong[:MOST_NAMED])}{more}.")


def content_from_json(content: Mapping[str, Any]) -> AuditContent:
    """What an audit measured, from JSON. Raises OptionError naming what is missing or of the wrong kind."""
    check(content, without=OUTSIDE)
    return AuditContent.from_json(content)


def problems(value: Any, schema: Mapping[str, Any], where: str = "record") -> Iterator[str]:
    """What does not fit a schema, one phrase each."""
    if "$ref" in schema:
        schema = audit_schema()["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    types = schema.get("type")
    if types is not None and not any(_is(value, name) for name in ([types] if isinstance(types, str) else types)):
        kinds = types if isinstance(types, str) else " or ".join(types)
        yield f"{where} must be {kinds}, not {shown(json.dumps(value, default=str), 40)}"
        return
    if "const" in schema and value != schema["const"]:
        yield f"{where} must be {shown(schema['const'])}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where} must be one of {', '.join(repr(v) for v in schema['enum'])}, not {shown(value)}"
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        yield f"{where} does not look like {schema['pattern']}"
    if "minimum" in schema and _is(value, "number") and value < schema["minimum"]:
        yield f"{where} is below {schema['minimum']}"
    if isinstance(value, dict):
        known = schema.get("properties", {})
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{where} lacks {name}"
        for name, inner in value.items():
            rule = known.get(name, schema.get("additionalProperties", {}))
            yield from problems(inner, rule, f"{where}.{name}")
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from problems(inner, schema.get("items", {}), f"{where}[{n}]")


def _is(value: Any, name: str) -> bool:
    """JSON's kinds: true is no number, and 1.0 is an integer."""
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name]) or (name == "integer" and isinstance(value, float) and value.is_integer())
