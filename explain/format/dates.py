"""Dates, UTC, as everything here writes them."""

from __future__ import annotations

from datetime import UTC, datetime

from core.errors import OptionError, shown


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


def hour(seconds: int) -> str:
    """A date and its hour, UTC: "3 Mar 2026, 14:00"; a time that no calendar has is told as it is."""
    try:
        return f"{day_in_words(seconds)}, {datetime.fromtimestamp(seconds, tz=UTC):%H:%M}"
    except (OverflowError, OSError, ValueError):
        return str(seconds)


def span(seconds: float) -> str:
    """A length of time in its usual unit: "90 minutes", "12 hours", "3 days", "5 weeks"."""
    for unit, size, most in (("minute", 60, 120), ("hour", 3_600, 49), ("day", 86_400, 22), ("week", 604_800, 105)):
        n = seconds / size
        if n < most:
            return f"{n:.3g} {unit}" + ("" if n == 1 else "s")
    return f"{seconds / 31_557_600:.3g} years"


def seconds_of(text: str) -> int:
    """Seconds UTC of a moment that somebody wrote: seconds, or a date with or without a time (UTC where no zone is
    stated). Raises OptionError.
    """
    written = text.strip()
    try:
        if written.lstrip("-").isdecimal():
            moment = int(written[:20])
        else:
            parsed = datetime.fromisoformat(written)
            moment = int((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp())
        datetime.fromtimestamp(moment, tz=UTC)
    except (ValueError, OverflowError, OSError):
        raise OptionError(
            f"{shown(text, 40)} is no moment: write seconds UTC, or a date such as 2026-03-03 or 2026-03-03T14:00."
        ) from None
    return moment


def dated(label: str, when: int | None) -> str:
    """A label with the date of its event: "Pulp Fiction (9 Feb 2026)"; as it is without one."""
    return f"{label} ({day_in_words(when)})" if when else label
