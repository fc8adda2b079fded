"""Dates, UTC, as everything here writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def day(time_s: int) -> str:
    """A date, UTC; empty for an event without a time; a time that no calendar has is told as it is."""
    try:
        return date_of(time_s) if time_s else ""
    except (OverflowError, OSError, ValueError):
        return str(time_s)


def date_of(seconds: int) -> str:
    """A date, UTC: "2026-01-31". Raises ValueError, OverflowError or OSError for a time that no calendar has."""
    return datetime.fromtimestamp(int(seconds), tz=UTC).strftime("%Y-%m-%d")


def minute(seconds: float) -> str:
    """A time, UTC, to the minute: "2026-01-31 12:00 UTC"."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")


def day_in_words(seconds: int) -> str:
    """A date, UTC, as people write it: "31 Jan 2026"; a time that no calendar has is told as it is."""
    try:
        return datetime.fromtimestamp(seconds, tz=UTC).strftime("%d %b %Y").lstrip("0")
    except (OverflowError, OSError, ValueError):
        return str(seconds)


def minute_in_words(seconds: int) -> str:
    """A time, UTC, as people write it: "31 Jan 2026, 12:00 UTC"."""
    return f"{day_in_words(seconds)}, {datetime.fromtimestamp(seconds, tz=UTC):%H:%M} UTC"
