"""Which data there is: every module of this package that calls `register` adds one workspace.

A new source is one new file here; nothing else has to be told. How a source gets its tables is its own business.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path
from typing import Protocol

import data.sources
from core.errors import OptionError, did_you_mean, shown
from core.progress import Progress
from data.tables import Tables


class Source(Protocol):
    """One data set.

    name      workspace id, as in the command line and the URL
    title     what people call it          summary   one sentence
    licence   what it may be used for      command   what to type to get it: "make shop"
    """

    name: str
    title: str
    summary: str
    licence: str
    command: str

    def load(self, cache: Path, progress: Progress) -> Tables:
        """The raw tables, not yet checked. Downloads are kept in the folder `cache`, which is made where missing.

        Raises SourceError if the data cannot be had; CancelledError if `progress` raised it (nothing is kept then).
        """
        ...


_SOURCES: dict[str, Source] = {}


def register(source: Source) -> Source:
    """Adds a source under its name. Two sources with one name are our own mistake."""
    known = _SOURCES.get(source.name)
    assert known is None or type(known) is type(source), f"Two sources are called {source.name}."
    _SOURCES[source.name] = source
    return source


def all_sources() -> tuple[Source, ...]:
    """Every source there is, ordered by name."""
    _discover()
    return tuple(_SOURCES[name] for name in sorted(_SOURCES))


def get_source(name: str) -> Source:
    """The source of that name. Raises OptionError, with all valid names, for any other text; no path is ever made of it."""
    _discover()
    found = _SOURCES.get(name)
    if found is None:
        known = sorted(_SOURCES)
        raise OptionError(
            f"There is no workspace {shown(name)}. Pick one of: {', '.join(known)}.{did_you_mean(name, known)}"
        )
    return found


@cache
def _discover() -> None:
    for module in pkgutil.iter_modules(data.sources.__path__):
        importlib.import_module(f"{data.sources.__name__}.{module.name}")
