"""Named data sets: every module of this package that calls `register` adds one workspace.

A new data set is one new file here; nothing else has to be told. How it gets its tables is its own business.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from core.progress import Progress
from data.registry import Registry
from data.tables import SplitKind, Tables


class DataSet(Protocol):
    """One data set under a name. What it says of itself is all that commands and pages know of it.

    name           workspace id, as in the command line and the URL
    title          what people call it          summary   one sentence
    licence        what it may be used for      command   what to type to get it: "make shop"
    order          place in lists: low numbers first
    default_split  the split whose validation cut picks the parameters of the served model
    in_demo        whether `demo-data` makes it ready, and goes on without one that cannot be had and is not the first
    lists_people   whether its people may be listed: they are public or invented
    opens_first    whether pages open with it before any other that is ready
    """

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def licence(self) -> str: ...
    @property
    def command(self) -> str: ...
    @property
    def order(self) -> int: ...
    @property
    def default_split(self) -> SplitKind: ...
    @property
    def in_demo(self) -> bool: ...
    @property
    def lists_people(self) -> bool: ...
    @property
    def opens_first(self) -> bool: ...

    def load(self, cache: Path, progress: Progress) -> Tables:
        """The raw tables, not yet checked. Downloads are kept in the folder `cache`, which is made where missing.

        Raises SourceError if the data cannot be had; CancelledError if `progress` raised it (nothing is kept then).
        """
        ...


_REGISTRY: Registry[DataSet] = Registry("workspace", "data.datasets")


def register(data_set: DataSet) -> DataSet:
    """Adds a data set under its name. Raises ValueError for a name that is none or is taken."""
    return _REGISTRY.register(data_set)


def all_datasets() -> tuple[DataSet, ...]:
    """Every data set there is, in the order that they state."""
    return _REGISTRY.all()


def dataset_names() -> tuple[str, ...]:
    """Their names, in that order."""
    return _REGISTRY.names()


def get_dataset(name: str) -> DataSet:
    """The data set of that name. Raises OptionError, with all valid names, for any other text."""
    return _REGISTRY.get(name)
