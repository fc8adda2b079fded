"""Which data there may be: what commands say of named data sets and of formats before any workbench is made."""

from __future__ import annotations

from data.datasets.base import all_datasets, dataset_names
from data.formats.base import expected as expected_formats
from data.formats.reading.limits import stated_limits

__all__ = ["dataset_names", "demo_workspaces", "expected_formats", "stated_limits"]


def demo_workspaces() -> tuple[str, ...]:
    """The data sets that say of themselves that they are part of the demo, in their order."""
    return tuple(known.name for known in all_datasets() if known.in_demo)
