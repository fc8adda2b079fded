"""Tiny tables whose graph is known by heart, for the tests of the data layer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from data.tables import DataCard, Tables

CARD = DataCard(
    name="tiny",
    title="Tiny",
    summary="Three readers and four stories.",
    licence="None.",
    citation="",
    event_weights={"view": 1.0, "like": 3.0},
    positives=("view", "like"),
)


def events(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Events from (user, item, event, value, time, context)."""
    return pd.DataFrame(rows, columns=["user", "item", "event", "value", "time", "context"])


def tiny_tables(**changes: Any) -> Tables:
    """ann saw a and b and liked b; bob saw b in a session; cat saw d; nobody saw c."""
    tables = Tables(
        card=CARD,
        events=events(
            ("cat", "d", "view", 1.0, 400, None),
            ("ann", "b", "like", 2.0, 300, "s1"),
            ("ann", "a", "view", 1.0, 100, "s1"),
            ("bob", "b", "view", 1.0, 200, "s2"),
            ("ann", "b", "view", 1.0, 250, None),
        ),
        users=pd.DataFrame({"user": ["cat", "ann", "bob"], "label": ["Cat", "Ann", "Bob"], "age": [None, 30, 40]}),
        items=pd.DataFrame(
            {"item": ["d", "c", "b", "a"], "label": ["Delta", "Gamma", "Beta", "Alpha"], "year": [4, 3, 2, 1]}
        ),
        topics=pd.DataFrame(
            {
                "item": ["b", "a", "b"],
                "topic": ["t2", "t1", "t1"],
                "label": ["Two", "One", "One"],
                "weight": [0.5, 1.0, 2.0],
            }
        ),
        creators=pd.DataFrame({"item": ["c"], "creator": ["w"], "label": ["Writer"], "weight": [1.0]}),
    )
    return replace(tables, **changes)
