"""card.json: what the data are, as their owner states it, checked entry by entry and completed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from core.errors import DataError, short, shown
from core.files import odd_kind, read_stated
from data.formats.reading.limits import MOST_KINDS
from data.splits import items_live_shortly
from data.tables import DataCard, SplitKind

CARD = "card.json"


def stated_card(
    file: Path, name: str, kinds: tuple[str, ...], events: pd.DataFrame, known: Mapping[str, Any] | None = None
) -> DataCard:
    """The card that card.json states, completed: every event type weighs 1 and is a positive where nothing is said.

    known  entries that hold where card.json does not state others
    """
    has_times = bool((events["time"] != 0).any())
    stated: dict[str, Any] = {
        "name": name,
        "title": name,
        "summary": f"Own data: {len(events):,} events.",
        "licence": "Not stated.",
        "citation": "",
        "event_weights": dict.fromkeys(kinds, 1.0),
        "default_split": ("live" if items_live_shortly(events) else "last") if has_times else "random",
    }
    stated |= dict(known or {})
    stated |= _read_card(file) if odd_kind(file) != "not there" else {}
    stated.setdefault("positives", tuple(stated["event_weights"]))
    return DataCard(**stated)


def _read_card(file: Path) -> dict[str, Any]:
    try:
        stated = read_stated(file)
    except OSError as error:
        raise DataError(f"card.json cannot be read: {error.strerror or error}.") from None
    except ValueError as error:
        raise DataError(f"card.json is not JSON that can be used: {short(error)}.") from error
    if not isinstance(stated, dict):
        raise DataError('card.json must be an object, such as {"title": "My shop"}.')
    kinds = {field.name: field.type for field in fields(DataCard)}
    for key, value in stated.items():
        if key not in kinds:
            raise DataError(f"card.json: there is no entry {shown(key)}. Pick from: {', '.join(kinds)}.")
        _check_entry(key, str(kinds[key]), value)
    return {key: tuple(value) if isinstance(value, list) else value for key, value in stated.items()}


def _check_entry(key: str, kind: str, value: object) -> None:
    wanted: tuple[bool, str]
    if key == "default_split":
        wanted = value in get_args(SplitKind), f"one of {', '.join(get_args(SplitKind))}"
    elif key == "event_weights":
        numbers = isinstance(value, dict) and all(type(v) in (int, float) for v in value.values())
        wanted = numbers, 'numbers by event type, such as {"view": 1, "like": 3}'
        if isinstance(value, dict) and len(value) > MOST_KINDS:
            raise DataError(
                f"card.json: event_weights names {len(value):,} types of event; at most {MOST_KINDS:,} are types."
            )
    elif kind.startswith("dict"):
        wanted = isinstance(value, dict) and all(isinstance(v, str) for v in value.values()), "texts by name"
    elif kind.startswith("tuple"):
        wanted = isinstance(value, list) and all(isinstance(v, str) for v in value), "a list of texts"
    else:
        wanted = isinstance(value, str), "a text"
    if not wanted[0]:
        raise DataError(f"card.json: {key} must be {wanted[1]}, not {shown(value)}.")
