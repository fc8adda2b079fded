"""Errors for programs: a code of its own for each class, and the built-in parent that callers of such
functions catch.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.errors import (
    ContractError,
    DataError,
    GraphError,
    ModelError,
    NotReadyError,
    OptionError,
    SurfacedError,
    UnknownIdError,
)
from core.registry import Registry
from tests.graphs import random_graph


def classes(parent: type[SurfacedError]) -> Iterator[type[SurfacedError]]:
    yield parent
    for child in parent.__subclasses__():
        yield from classes(child)


def test_every_class_has_a_code_of_its_own_or_its_parent_s() -> None:
    own = [kind for kind in classes(SurfacedError) if kind.__module__ == "core.errors"]
    assert len({kind.code for kind in own}) == len(own) == 12
    assert all(kind.code.isidentifier() for kind in own)


@pytest.mark.parametrize(
    ("kind", "parent"),
    [
        (OptionError, ValueError),
        (DataError, ValueError),
        (GraphError, ValueError),
        (UnknownIdError, LookupError),
        (ContractError, ModelError),
    ],
)
def test_an_error_is_what_a_caller_would_catch(kind: type[Exception], parent: type[Exception]) -> None:
    assert issubclass(kind, parent)


def test_sentences_are_what_was_said() -> None:
    with pytest.raises(LookupError, match=r"^User 'nobody' is not among the 12 users"):
        random_graph(1).users.index("nobody")
    assert str(ContractError("terms: they do not sum.", method="terms")) == "terms: they do not sum."
    assert NotReadyError("Type `fit`.", "fit").command == "fit"


def test_a_registry_keeps_one_entry_a_name_in_order() -> None:
    class Named:
        def __init__(self, name: str, order: int, module: str) -> None:
            self.name, self.order, self.__module__ = name, order, module

    kept: Registry[Named] = Registry("core.guardrails", lambda e: e.name, lambda e: (e.order, e.name))
    for entry in (Named("b", 1, "m"), Named("a", 1, "m"), Named("c", 0, "m")):
        assert kept.add(entry) is entry
    assert list(kept.entries()) == ["c", "a", "b"]
    with pytest.raises(ValueError, match="Two entries are called a"):
        kept.add(Named("a", 5, "another module"))
    again = kept.add(Named("a", 9, "m"))
    assert kept.entries()["a"] is again, "a module that is loaded again replaces its own entry"
