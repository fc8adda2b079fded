"""card.json: what the data are, as their owner states it, checked entry by entry and completed."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from core.errors import DataError, short, shown
from data.tables import DataCard, SplitKind


def stated_card(file: Path, name: str, kinds: tuple[str, ...], events: pd.DataFrame) -> DataCard:
    """The card that card.json states, completed: every event type weighs 1 and is a positive where nothing is said."""
    has_times = bool((events["time"] != 0).any())
    stated: dict[str, Any] = {
        "name": name, "title": name, "summary": f"Own data: {len(events):,} events.", "licence": "Not stated.",
        "citation": "", "event_weights": dict.fromkeys(kinds, 1.0), "default_split": "last" if has_times else "random",
    }  # fmt: skip
    stated |= _read_card(file) if file.is_file() else {}
    stated.setdefault("positives", tuple(stated["event_weights"]))
    return DataCard(**stated)


def _read_card(file: Path) -> dict[str, Any]:
    try:
        stated = json.loads(file.read_text("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"card.json is not JSON: {short(error)}.") from error
    if not isinstance(stated, dict):
        raise DataError("card.json must be an object, such as {\"title\": \"My shop\"}.")  # fmt: skip
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
    elif kind.startswith("dict"):
        wanted = isinstance(value, dict) and all(isinstance(v, str) for v in value.values()), "texts by name"
    elif kind.startswith("tuple"):
        wanted = isinstance(value, list) and all(isinstance(v, str) for v in value), "a list of texts"
    else:
        wanted = isinstance(value, str), "a text"
    if not wanted[0]:
        raise DataError(f"card.json: {key} must be {wanted[1]}, not {shown(value)}.")
