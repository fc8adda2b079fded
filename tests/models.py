"""Which models a test runs over, by what they say of themselves: no test lists names."""

from __future__ import annotations

from core.models.base import get_model, model_names
from core.models.content import ContentModel


def one_of_each_kind() -> tuple[str, ...]:
    """The first model, in order, of each kind: exact or not, with learnt vectors or content or neither, a floor, with
    walks or none."""
    first: dict[tuple[bool, ...], str] = {}
    for name in model_names():
        model, spec = get_model(name), get_model(name).spec
        kind = (spec.exact, spec.floor, spec.learnt_vectors, model.reads_attributes, bool(spec.relations))
        first.setdefault(kind, name)
    return tuple(first.values())


def from_events_alone() -> tuple[str, ...]:
    """One of each kind that any table of events is enough for."""
    return tuple(name for name in one_of_each_kind() if not get_model(name).reads_attributes)


def reading_attributes() -> tuple[str, ...]:
    """All networks that learn from what items are."""
    return tuple(name for name in model_names() if issubclass(get_model(name), ContentModel))


def of_histories() -> tuple[str, ...]:
    """Those whose scores enter through what a person had."""
    return tuple(name for name in from_events_alone() if get_model(name).spec.relations)


def of_walks_alone() -> tuple[str, ...]:
    """Those whose scores are walks over observed edges and nothing else."""
    return tuple(name for name in of_histories() if get_model(name).spec.exact)
