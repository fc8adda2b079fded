"""How small a group of people may be that a figure is told of, where nobody set another limit."""

from __future__ import annotations

from typing import Final

MIN_N: Final = 10  # people
