"""Entries that register themselves.

Every public module of a package adds its own, and nothing lists them anywhere else.

A module whose name begins with an underscore, and a package inside, is a helper of others and is not looked into.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from types import ModuleType
from typing import Generic, Protocol, TypeVar

from core.errors import OptionError, did_you_mean, shown

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


class Entry(Protocol):
    """What can be registered. order: entries are listed by it, then by name."""

    @property
    def name(self) -> str: ...
    @property
    def order(self) -> int: ...


E = TypeVar("E", bound=Entry)


class Registry(Generic[E]):
    """The entries that the modules of one package register, found when first asked for.

    noun      what one entry is called in messages: "workspace"
    package   the package whose modules register, each once
    """

    def __init__(self, noun: str, package: ModuleType) -> None:
        self._noun = noun
        self._package = package
        self._entries: dict[str, E] = {}
        self._discovered = False

    def register(self, entry: E) -> E:
        """Adds an entry and returns it. Raises ValueError for a name that is none, or that another entry has."""
        if not _NAME.fullmatch(entry.name):
            raise ValueError(
                f"{shown(entry.name)} is no name of a {self._noun}: use small letters, digits and hyphens."
            )
        known = self._entries.get(entry.name)
        if known is not None and _origin(known) != _origin(entry):
            raise ValueError(f"Two entries are called {entry.name}: give the second {self._noun} a name of its own.")
        self._entries[entry.name] = entry
        return entry

    def all(self) -> tuple[E, ...]:
        """Every entry, by its order and then by name."""
        self._discover()
        return tuple(sorted(self._entries.values(), key=lambda entry: (entry.order, entry.name)))

    def names(self) -> tuple[str, ...]:
        """The names of all entries, in the order of `all`."""
        return tuple(entry.name for entry in self.all())

    def get(self, name: str) -> E:
        """The entry of that name. Raises OptionError with all valid names; no path is ever made of another text."""
        self._discover()
        if name not in self._entries:
            known = sorted(self._entries)
            raise OptionError(
                f"There is no {self._noun} {shown(name)}. Pick one of: {', '.join(known)}.{did_you_mean(name, known)}"
            )
        return self._entries[name]

    def _discover(self) -> None:
        if self._discovered:
            return
        for module in pkgutil.iter_modules(self._package.__path__):
            if not module.ispkg and not module.name.startswith("_"):
                importlib.import_module(f"{self._package.__name__}.{module.name}")
        self._discovered = True


def _origin(entry: object) -> tuple[str, str]:
    """Where an entry's class is written: a module that is loaded again registers the same one."""
    return type(entry).__module__, type(entry).__qualname__
