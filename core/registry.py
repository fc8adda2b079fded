"""What a folder of files registers: one entry a name, found by importing every module of a package.

Models and guardrails (and whatever else is "one new file") are kept this way. A module whose name begins with an
underscore belongs to another one and is not looked for.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any, Generic, TypeVar

Entry = TypeVar("Entry")


class Registry(Generic[Entry]):
    """Entries of one kind by their names.

    package   dotted name of the folder whose modules register themselves
    name_of   an entry's name               order_of  what the entries are sorted by
    written   the class or function that an entry stands for; the entry itself if left out
    """

    def __init__(
        self,
        package: str,
        name_of: Callable[[Entry], str],
        order_of: Callable[[Entry], Any],
        written: Callable[[Entry], object] = lambda entry: entry,
    ) -> None:
        self._package, self._name_of, self._order_of, self._written = package, name_of, order_of, written
        self._entries: dict[str, Entry] = {}

    def add(self, entry: Entry) -> Entry:
        """Make an entry known, and give it back. Raises ValueError where another module has registered the name."""
        name = self._name_of(entry)
        known = self._entries.get(name)
        if known is not None and _origin(self._written(known)) != _origin(self._written(entry)):
            raise ValueError(
                f"Two entries are called {name}, {known!r} and {entry!r}: give the second a name of its own."
            )
        self._entries[name] = entry
        return entry

    def entries(self) -> dict[str, Entry]:
        """Every entry by its name, in order; modules that are new in the folder are imported first."""
        for module in pkgutil.iter_modules(importlib.import_module(self._package).__path__):
            if not module.ispkg and not module.name.startswith("_"):
                importlib.import_module(f"{self._package}.{module.name}")
        return {self._name_of(entry): entry for entry in sorted([*self._entries.values()], key=self._order_of)}


def _origin(entry: object) -> tuple[str, str]:
    """Where an entry, or its class, is written: a module that is loaded again registers the same one."""
    written = entry if hasattr(entry, "__qualname__") else type(entry)
    return str(getattr(entry, "__module__", "")), str(getattr(written, "__qualname__", ""))
