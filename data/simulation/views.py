"""Views and their causes, and the calendar in which they lie: what all of the simulation speaks of.

Time runs in slots of four hours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

CAUSES = ("topic_affinity", "author_loyalty", "co_readers", "trending", "editorial_push")
TOPIC, AUTHOR, CO_READERS, TRENDING, PUSH = range(len(CAUSES))
SLOTS_PER_DAY = 6
DAY_S = 86_400
SLOT_S = DAY_S // SLOTS_PER_DAY
ORDINARY_DWELL_S = 60.0


@dataclass(frozen=True)
class Calendar:
    """The window of the simulation. start: seconds UTC of its first midnight."""

    start: int
    n_days: int


@dataclass(frozen=True, eq=False)
class Views:
    """One row a view, in order of (slot, position in the visit): int64 [n] each.

    cause     position in CAUSES
    cause_id  position of the topic, the author or the article behind it
    """

    user: IntArray
    item: IntArray
    slot: IntArray
    cause: IntArray
    cause_id: IntArray


def is_personal(views: Views) -> BoolArray:
    """bool [n]: whether a view was drawn from what is known of the reader, not from what everybody gets."""
    return np.isin(views.cause, (TOPIC, AUTHOR, CO_READERS))


def numbered_ids(letter: str, n: int) -> NDArray[np.object_]:
    """Ids such as r0001, from 1 to n, equally wide. object [n] of str."""
    width = max(4, len(str(n)))
    return np.asarray([f"{letter}{k:0{width}d}" for k in range(1, n + 1)], dtype=object)
