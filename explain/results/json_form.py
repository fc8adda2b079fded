"""Results as JSON and back again, by the type hints of their fields: one reader and one writer for all of them.

What is made here is written field by field. What was read is written as it was read: in the order of its keys, without
the keys that it lacked, and with those that its type does not know, so that a hash over the JSON of an older or a newer
version still holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, Self, TypeVar, Union, get_args, get_origin, get_type_hints

from core.errors import OptionError, shown
from core.files import JsonObject

OMITTED: Final = MappingProxyType({"omitted": True})
"""Metadata of a field that JSON has only where it differs from its default."""
Form = TypeVar("Form", bound="JsonForm")


@dataclass(frozen=True)
class AsRead:
    """keys: of the JSON object in their order; unknown: what stands under keys that the type does not know."""

    keys: tuple[str, ...]
    unknown: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class JsonForm:
    """A result that has a JSON form. as_read: how it stood in JSON; None for what was made here."""

    as_read: AsRead | None = field(default=None, repr=False, compare=False)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Read an object. Raises OptionError that names what is missing, or is no object or list where one must be."""
        return _read_object(cls, content, cls.__name__)

    def as_json(self) -> JsonObject:
        """The object as it was read; the fields in their order where it was made here."""
        written = {
            f.key: _written(value) for f in form_of(type(self)) if not f.left_out(value := getattr(self, f.name))
        }
        if self.as_read is None:
            return written
        unknown = self.as_read.unknown
        content = {key: unknown[key] if key in unknown else written.pop(key) for key in self.as_read.keys}
        return content | {f.key: written[f.key] for f in form_of(type(self)) if f.key in written and f.is_set(self)}

    def has(self, name: str) -> bool:
        """Whether the JSON that this was read from has a field; what was made here has all of them."""
        return self.as_read is None or _key_of(type(self), name) in self.as_read.keys


@dataclass(frozen=True, kw_only=True)
class FormField:
    """A field of a result. key: its name in JSON; hint: its type; omitted: not written where it has its default."""

    name: str
    key: str
    hint: Any
    required: bool
    default: Any
    omitted: bool

    def left_out(self, value: Any) -> bool:
        return self.omitted and bool(value == self.default)

    def is_set(self, result: JsonForm) -> bool:
        """Whether it has another value than the one of an object without its key."""
        return bool(getattr(result, self.name) != self.default)


def named(key: str) -> Mapping[str, str]:
    """Metadata of a field that has another name in JSON."""
    return {"key": key}


def form_of(form: type[JsonForm]) -> tuple[FormField, ...]:
    """The fields of a result as they stand in JSON, in their order."""
    if form not in _FORMS:
        _FORMS[form] = _form_of(form)
    return _FORMS[form]


_FORMS: Final[dict[object, tuple[FormField, ...]]] = {}


def _form_of(form: type[JsonForm]) -> tuple[FormField, ...]:
    hints = get_type_hints(form)
    return tuple(
        FormField(
            name=f.name,
            key=f.metadata.get("key", f.name),
            hint=hints[f.name],
            required=f.default is MISSING and f.default_factory is MISSING,
            default=f.default_factory() if f.default_factory is not MISSING else f.default,
            omitted=bool(f.metadata.get("omitted")),
        )
        for f in fields(form)
        if f.name != "as_read"
    )


def _key_of(form: type[JsonForm], name: str) -> str:
    return next(f.key for f in form_of(form) if f.name == name)


def _read_object(form: type[Form], content: object, where: str) -> Form:
    if not isinstance(content, Mapping):
        raise OptionError(f"{where} must be an object, not {shown(content, 40)}.")
    known = {f.key: f for f in form_of(form)}
    missing = [key for key, f in known.items() if f.required and key not in content]
    if missing:
        raise OptionError(f"{where} lacks {', '.join(missing)}.")
    values = {f.name: _read(f.hint, content[key], f"{where}.{key}") for key, f in known.items() if key in content}
    unknown = {key: value for key, value in content.items() if key not in known}
    return form(**values, as_read=AsRead(tuple(content), unknown))


def _read(hint: Any, value: Any, where: str) -> Any:
    """A value of JSON as its type hint has it; single values as they are."""
    if value is None:
        return None
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _read(_member(inner, value), value, where)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise OptionError(f"{where} must be a list, not {shown(value, 40)}.")
        kinds = inner[:1] * len(value) if inner[-1] is ... else inner
        if len(kinds) != len(value):
            raise OptionError(f"{where} must have {len(kinds)} values, not {len(value)}.")
        return tuple(_read(kind, v, f"{where}[{n}]") for n, (kind, v) in enumerate(zip(kinds, value, strict=True)))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise OptionError(f"{where} must be an object, not {shown(value, 40)}.")
        return {str(key): _read(inner[1], v, f"{where}.{key}") for key, v in value.items()}
    return _read_object(hint, value, where) if isinstance(hint, type) and issubclass(hint, JsonForm) else value


def _member(members: tuple[Any, ...], value: Any) -> Any:
    """Which type of a union a value is of; of several kinds of object the one that knows most of its keys."""
    kinds = [kind for kind in members if kind is not NoneType]
    if isinstance(value, Mapping):
        forms = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, JsonForm)]
        if forms:
            return max(forms, key=lambda form: len({f.key for f in form_of(form)} & set(value)))
        return next((kind for kind in kinds if get_origin(kind) not in (None, tuple)), object)
    if isinstance(value, (list, tuple)):
        return next((kind for kind in kinds if get_origin(kind) is tuple), object)
    return object


def _written(value: Any) -> Any:
    if isinstance(value, JsonForm) or hasattr(value, "as_json"):
        return value.as_json()
    if isinstance(value, Mapping):
        return {key: _written(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_written(inner) for inner in value]
    return value
