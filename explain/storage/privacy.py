"""What who runs the installation decides about people: the smallest group of whom a figure is told, and who may be
listed.

The smallest group stands in the environment (SURFACED_MIN_N) or in `privacy.json` of the state folder, as {"min_n":
20}; the environment wins. Plans may raise it, never lower it. Whether people of a workspace are listed is its switch
`show_people`, off unless `prepare --show-people` sets it; data sets whose people are public or simulated say
so, and list theirs. Where people are not listed, each is reached by an id that one already has, typed exactly. Numbers
such as "person 17 of 118" are drawn with a key that stays in the state folder: the same question gives the same
numbers, and neither order nor number tells who somebody is.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any, Final

from core.errors import OptionError, shown
from core.files import read_bytes, read_json
from data.datasets.base import all_datasets
from explain.format.names import PROCESS_KEY
from explain.groups.limits import MIN_N

FILE: Final = "privacy.json"
VARIABLE: Final = "SURFACED_MIN_N"
LEAST, MOST, MAX_BYTES = 3, 10_000, 10_000
KEY, KEY_BYTES = "people.key", 32


def smallest_group(home: Path) -> int:
    """The smallest group of people of which this installation tells a figure. Raises OptionError for what is no such
    number.
    """
    setting = os.environ.get(VARIABLE, "").strip()
    if setting:
        return _checked(
            int(setting) if setting.isascii() and setting.isdigit() and len(setting) < 10 else setting, VARIABLE
        )
    place = home / FILE
    if not place.exists():
        return MIN_N
    try:
        content = read_json(place, at_most=MAX_BYTES)
    except (OSError, ValueError, RecursionError):
        raise OptionError(f'{place} cannot be read. It is JSON such as {{"min_n": {MIN_N}}}.') from None
    return _checked(content.get("min_n", MIN_N) if isinstance(content, dict) else content, str(place))


def checked_limit(home: Path, min_n: int) -> int:
    """A plan's smallest group. Raises OptionError where it is below what the installation allows."""
    floor = smallest_group(home)
    if min_n < floor:
        raise OptionError(
            f"The plan would tell figures of groups of {min_n} people; this installation tells none of "
            f"fewer than {floor:,}. "
            f"Set thresholds.min_n to {floor} or more."
        )
    return min_n


def lists_people(workspace: str, show_people: bool) -> bool:
    """Whether people of a workspace may be browsed. show_people: its own switch."""
    return show_people or workspace in {known.name for known in all_datasets() if known.lists_people}


def people_key(home: Path) -> bytes:
    """The secret of this state folder with which people are numbered, made when first asked for; one of the process
    where none can be kept.
    """
    place = home / KEY
    try:
        if not place.exists():
            home.mkdir(parents=True, exist_ok=True)
            with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
        key = read_bytes(place)[:KEY_BYTES]
    except OSError:
        return PROCESS_KEY
    return key if len(key) == KEY_BYTES else PROCESS_KEY


def _checked(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not LEAST <= value <= MOST:
        raise OptionError(
            f"{where} sets the smallest group of people to {shown(str(value))}: it is a whole number from "
            f"{LEAST} to {MOST:,}."
        )
    return value
