"""The tables that every source delivers, before they are checked. What is known about them travels along as a card."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from data.problems import Problem

SplitKind = Literal["random", "last", "time", "live", "given"]
TIME_COLUMN = "published"  # of items: seconds UTC, or dates
WITHDRAWN_COLUMN = "withdrawn"  # the same: from when on an item can no more be recommended


@dataclass(frozen=True)
class DataCard:
    """What a reader must know about the data: where it is from, what it may be used for, what its columns mean.

    event_weights   stated weight of each event type; an event weighs this times its `value`
    positives       event types that count as a positive when lists are evaluated
    kind_titles     what this data calls a topic, creator, context: {"topic": "genre"}
    event_verbs     event type → past tense for sentences: {"rating": "rated", "view": "read"}
    default_split   the split whose validation cut picks the parameters of the served model
    """

    name: str
    title: str
    summary: str
    licence: str
    citation: str
    event_weights: dict[str, float]
    positives: tuple[str, ...]
    kind_titles: dict[str, str] = field(default_factory=dict)
    event_verbs: dict[str, str] = field(default_factory=dict)
    item_noun: str = "item"
    person_noun: str = "person"
    default_split: SplitKind = "last"
    attribute_notes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Tables:
    """Raw tables, one row a thing. Ids are strings; `time` is seconds UTC (int64).

    events    user, item, event, value (> 0, 1 where the event has no size), time, and where known context
              (a basket or session) and part (of a split: train, validation, test), and for tests only cause,
              cause_id: never an input of a model
    users     user, label, then one column an attribute (missing = unknown)
    items     item, label, then one column an attribute; `published` (seconds UTC) where known
    topics    item, topic, label, weight         creators  item, creator, label, weight
    notes     what was repaired or left out while the files were read
    """

    card: DataCard
    events: pd.DataFrame
    users: pd.DataFrame
    items: pd.DataFrame
    topics: pd.DataFrame
    creators: pd.DataFrame
    notes: tuple[Problem, ...] = ()
