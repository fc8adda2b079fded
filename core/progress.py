"""How long work reports where it stands, and how it is stopped. Drawing a bar is the caller's business.

A progress callback gets the fraction done (0..1) and what is being done. It may raise CancelledError: whoever does
the work lets that error pass, cleans up half-made files and stores nothing.
"""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float, str], None]


def no_progress(fraction: float, doing: str) -> None:
    """For callers who do not want to know."""


def portion(progress: Progress, low: float, high: float) -> Progress:
    """A callback for one step of a longer job: its 0..1 becomes low..high of the whole."""

    def part(fraction: float, doing: str) -> None:
        progress(low + (high - low) * min(max(fraction, 0.0), 1.0), doing)

    return part
