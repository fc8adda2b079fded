"""Dates, UTC, as everything here writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def day(time_s: int) -> str:
    """A date, UTC; empty for an event without a time; a time that no calendar has is told as it is."""
    try:
        return datetime.fromtimestamp(int(time_s), UTC).strftime("%Y-%m-%d") if time_s else ""
    except (OverflowError, OSError, ValueError):
        return str(time_s)
