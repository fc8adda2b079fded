"""Registries of formats and data sets: every public module of a package adds its own entry."""

from __future__ import annotations

import re
from typing import Protocol, TypeVar

from core import registry
from core.errors import OptionError, did_you_mean, shown

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


class Entry(Protocol):
    """What can be registered. order: entries are listed by it, then by name."""

    @property
    def name(self) -> str: ...
    @property
    def order(self) -> int: ...


E = TypeVar("E", bound=Entry)


class Registry(registry.Registry[E]):
    """The entries that the modules of one package register, found when first asked for.

    noun      what one entry is called in messages: "workspace"
    package   dotted name of the package whose modules register
    """

    def __init__(self, noun: str, package: str) -> None:
        super().__init__(package, lambda entry: entry.name, lambda entry: (entry.order, entry.name))
        self._noun = noun

    def register(self, entry: E) -> E:
        """Adds an entry and returns it. Raises ValueError for a name that is none, or that another entry has."""
        if not _NAME.fullmatch(entry.name):
            raise ValueError(
                f"{shown(entry.name)} is no name of a {self._noun}: use small letters, digits and hyphens."
            )
        return self.add(entry)

    def all(self) -> tuple[E, ...]:
        """Every entry, by its order and then by name."""
        return tuple(self.entries().values())

    def names(self) -> tuple[str, ...]:
        """The names of all entries, in the order of `all`."""
        return tuple(self.entries())

    def get(self, name: str) -> E:
        """The entry of that name. Raises OptionError with all valid names; no path is ever made of another text."""
        entries = self.entries()
        if name not in entries:
            known = sorted(entries)
            raise OptionError(
                f"There is no {self._noun} {shown(name)}. Pick one of: {', '.join(known)}.{did_you_mean(name, known)}"
            )
        return entries[name]
