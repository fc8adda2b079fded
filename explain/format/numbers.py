"""Numbers in words, each form once: amounts, shares, per cents, intervals, p-values, counts, durations. A minus is a
minus sign.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from explain.format.words import UNSAID

PLACES, MORE_PLACES, SMALL_GAP = 4, 6, 0.01
NONE: Final = "–"  # in the place of a number that there is not
_WORDS: Final = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


def amount(value: float, *, signed: bool = True) -> str:
    """A score amount in three significant digits (whole numbers from 1,000 on) with a real minus sign; "0" for exactly
    nothing.
    """
    if value == 0:
        return "0"
    size = abs(value)
    digits = f"{size:,.0f}" if 1000 <= size < 1e6 else f"{size:.3g}" if 1e-4 <= size < 1000 else f"{size:.2e}"
    plain = "e" not in digits
    sign = "−" if value < 0 else ("+" if signed else "")
    return sign + (digits if plain else digits.replace("e-0", "e-").replace("e+0", "e"))


def share(value: float, whole: float) -> str:
    """A value as a percentage of a whole; an empty string where the whole is nothing."""
    if whole == 0:
        return ""
    percent = 100 * value / whole
    return f"{percent:.0f} %".replace("-", "−") if abs(percent) >= 9.95 else f"{percent:.1f} %".replace("-", "−")


def times(value: float) -> str:
    """How many times as much, in two significant digits: "2.1 × as much"; "as much" where they show no difference."""
    text = f"{float(f'{value:.2g}'):,g}"
    return "as much" if text == "1" else f"{text} × as much"


def p_value(value: float | None) -> str:
    """A p-value with four places; below 1e-4 only that."""
    if value is None or value != value:
        return NONE
    return "<0.0001" if value < 1e-4 else f"{value:.4f}".rstrip("0").rstrip(".")


def count_word(n: int) -> str:
    """A count in a sentence: "no" to "twelve", then digits."""
    return _WORDS[n] if 0 <= n < len(_WORDS) else f"{n:,}"


def plural(n: int, noun: str) -> str:
    """ "1 film", "12 films", "3 people"."""
    if noun == "person":
        return f"{n:,} {'person' if n == 1 else 'people'}"
    return f"{n:,} {noun if n == 1 else noun + 's'}"


def number(value: float | int | None) -> str:
    """A number in few digits with a real minus sign; a dash where there is none."""
    if value is None:
        return NONE
    text = (
        f"{value:,.0f}"
        if abs(value) >= 1_000
        else f"{value:.4g}"
        if abs(value) >= 0.001 or value == 0
        else f"{value:.1e}"
    )
    return text.replace("-", "−")


def fixed(value: float | None, places: int = PLACES) -> str:
    """A number with so many places, for amounts that a reader adds up; no minus before a 0."""
    if value is None:
        return NONE
    text = f"{value:.{places}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def percent(value: float | None, places: int = 1, missing: str = NONE) -> str:
    """A share as a percentage: "12.3 %"."""
    return missing if value is None else f"{100 * value:.{places}f} %".replace("-", "−")


class Ends(Protocol):
    """Whatever has a 95 % interval."""

    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


def interval(row: Ends, form: Callable[[float], str] = number) -> str:
    """ "low to high", or a dash."""
    return between(row.low, row.high, form)


def between(low: float | None, high: float | None, form: Callable[[float], str] = number) -> str:
    """The same of two numbers."""
    return NONE if low is None or high is None else f"{form(low)} to {form(high)}"


def count(value: int | None, missing: str = UNSAID) -> str:
    """A whole number with commas between thousands."""
    return missing if value is None else f"{value:,}"


def with_interval(value: float, low: float | None, high: float | None) -> str:
    """ "0.349 (0.338 to 0.361)", without the bracket where no interval is known."""
    return f"{value:.3f}" + ("" if low is None or high is None else f" ({low:.3f} to {high:.3f})")


def difference(value: float, low: float, high: float) -> str:
    """A difference with its interval, signed: "+0.019 (−0.002 to +0.038)"."""
    return f"{value:+.3f} ({low:+.3f} to {high:+.3f})".replace("-", "−")


def seconds(value: float) -> str:
    """A duration: "1.5 s", "20 ms"."""
    return f"{value:.1f} s" if value >= 0.1 else f"{1000 * value:.0f} ms"
