"""Numbers in words: amounts with a sign, shares, p-values, counts with their noun."""

from __future__ import annotations

from typing import Final

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


def p_value(value: float | None) -> str:
    """A p-value with four places; below 1e-4 only that."""
    if value is None or value != value:
        return "–"
    return "<0.0001" if value < 1e-4 else f"{value:.4f}".rstrip("0").rstrip(".")


def count_word(n: int) -> str:
    """A count in a sentence: "no" to "twelve", then digits."""
    return _WORDS[n] if 0 <= n < len(_WORDS) else f"{n:,}"


def plural(n: int, noun: str) -> str:
    """ "1 film", "12 films", "3 people"."""
    if noun == "person":
        return f"{n:,} {'person' if n == 1 else 'people'}"
    return f"{n:,} {noun if n == 1 else noun + 's'}"
