"""Who reads what, when and why: every view of the newsroom is drawn from the cause that it is stored with.

What other readers have done is known up to the start of a slot, so a view never has a cause from the future. Arrays use
U readers, I articles, T topics, A authors, S slots.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.progress import Progress, no_progress
from data.simulation.views import SLOTS_PER_DAY, BoolArray, FloatArray, IntArray, Views

FRESH_DAYS = 3.0
EVERGREEN = 0.01
HEAT_HALF_LIFE_DAYS = 1.0
TREND_POWER = 2.0
MEMORY_DAYS = 5.0
N_CO_READERS_MET = 6
PUSH_LIST_SIZE = 24
MAX_TRIES = 5


@dataclass(frozen=True, eq=False)
class World:
    """What the draws depend on. A slot `s` begins `s / SLOTS_PER_DAY` days after the start.

    mixture         float64 [U, 5]  chance of each cause, rows sum to 1      affinity   float64 [U, T]
    loyalty         float64 [U, A]  weight of favourite authors, else 0
    topic_weight    float64 [I, T]  0 where the article lacks the topic      author_weight  float64 [I, A]
    appeal          float64 [I]     > 0, how good an article is              published_day  float64 [I], may be < 0
    shown           float64 [I]     factor on co-reader and trending draws: 1 - size for the under-exposed authors
    """

    mixture: FloatArray
    affinity: FloatArray
    loyalty: FloatArray
    topic_weight: FloatArray
    author_weight: FloatArray
    appeal: FloatArray
    shown: FloatArray
    published_day: FloatArray


class Newsroom:
    """The state that the draws read: who has read what, what is hot, what is pushed today."""

    def __init__(self, world: World, rng: np.random.Generator) -> None:
        self.world = world
        self.rng = rng
        n_users, n_items = len(world.mixture), len(world.appeal)
        self.read_slot = np.full((n_users, n_items), -1, dtype=np.int32)
        self.readers_slot = np.full((n_items, n_users), -1, dtype=np.int32)
        self.heat = np.zeros(n_items)
        self.pushed = np.zeros(n_items)
        self.fresh = np.zeros(n_items)
        self.open = np.zeros(n_items)
        self.slot = 0

    def begin(self, slot: int) -> None:
        """Move the clock to a slot: ages, heat, and once a day a new push list."""
        world, day = self.world, slot / SLOTS_PER_DAY
        age = day - world.published_day
        self.slot = slot
        self.open = (age >= 0).astype(np.float64)
        self.fresh = self.open * world.appeal * (np.exp(-np.maximum(age, 0) / FRESH_DAYS) + EVERGREEN)
        self.heat *= 0.5 ** (1.0 / (SLOTS_PER_DAY * HEAT_HALF_LIFE_DAYS))
        if slot % SLOTS_PER_DAY == 0:
            self.pushed = self._push_list(age)

    def end(self, items: IntArray) -> None:
        """Let the slot's views count for what is hot from now on."""
        np.add.at(self.heat, items, 1.0)

    def remember(self, users: IntArray, items: IntArray) -> None:
        """Store that readers have read articles in this slot."""
        self.read_slot[users, items] = self.slot
        self.readers_slot[items, users] = self.slot

    def draw(self, users: IntArray, causes: IntArray) -> tuple[IntArray, IntArray]:
        """One article a reader by the cause given.

        Returns (item, cause_id), -1 where the cause has nothing to offer.
        """
        item = np.full(len(users), -1, dtype=np.int64)
        cause_id = np.full(len(users), -1, dtype=np.int64)
        for cause, method in enumerate((self._topic, self._author, self._co_readers, self._trending, self._push)):
            rows = np.flatnonzero(causes == cause)
            if len(rows):
                item[rows], cause_id[rows] = method(users[rows])
        return item, cause_id

    def _unread(self, users: IntArray) -> FloatArray:
        return (self.read_slot[users] < 0) * self.open

    def _topic(self, users: IntArray) -> tuple[IntArray, IntArray]:
        topic = draw_rows(self.world.affinity[users], self.rng)
        item = draw_rows(self.world.topic_weight.T[topic] * self.fresh * self._unread(users), self.rng)
        return item, topic

    def _author(self, users: IntArray) -> tuple[IntArray, IntArray]:
        author = draw_rows(self.world.loyalty[users], self.rng)
        item = draw_rows(self.world.author_weight.T[author] * self.fresh * self._unread(users), self.rng)
        return item, author

    def _co_readers(self, users: IntArray) -> tuple[IntArray, IntArray]:
        """Own earlier article → the most similar of a few earlier readers of it → an article that this one has read."""
        own = self.read_slot[users]
        age_days = (self.slot - own) / SLOTS_PER_DAY
        earlier = draw_rows((own >= 0).astype(np.float64) * np.exp(-age_days / MEMORY_DAYS), self.rng)
        other = self._similar_reader(users, np.maximum(earlier, 0))
        has_both = (earlier >= 0) & (other >= 0)
        weights = self._known(self.read_slot[other]) * self._unread(users) * self.fresh * self.world.shown
        return draw_rows(np.where(has_both[:, None], weights, 0.0), self.rng), earlier

    def _similar_reader(self, users: IntArray, item: IntArray) -> IntArray:
        """Of a few earlier readers of the item the one whose reading overlaps most (cosine) with the user's own."""
        candidates = self._known(self.readers_slot[item])
        candidates[np.arange(len(users)), users] = False
        mine = self.read_slot[users] >= 0
        best, best_overlap = np.full(len(users), -1, dtype=np.int64), np.full(len(users), -1.0)
        for _ in range(N_CO_READERS_MET):
            other = draw_rows(candidates.astype(np.float64), self.rng)
            theirs = self._known(self.read_slot[other])
            overlap = (mine & theirs).sum(axis=1) / np.sqrt(np.maximum(theirs.sum(axis=1), 1))
            better = (other >= 0) & (overlap > best_overlap)
            best[better], best_overlap[better] = other[better], overlap[better]
        return best

    def _known(self, slots: NDArray[np.int32]) -> BoolArray:
        return (slots >= 0) & (slots < self.slot)

    def _trending(self, users: IntArray) -> tuple[IntArray, IntArray]:
        """What is hot, more than in proportion: the top of a most-read list gets most of the clicks."""
        item = draw_rows(self.heat**TREND_POWER * self.world.shown * self._unread(users), self.rng)
        return item, item

    def _push(self, users: IntArray) -> tuple[IntArray, IntArray]:
        item = draw_rows(self.pushed * self._unread(users), self.rng)
        return item, item

    def _push_list(self, age: FloatArray) -> FloatArray:
        """The desk's choice of the day, without regard to the reader: half of it new, half from the archive."""
        listed = np.zeros(len(age))
        for pool in (np.flatnonzero((age >= 0) & (age < 1.5)), np.flatnonzero(age >= 1.5)):
            listed[self.rng.permutation(pool)[: PUSH_LIST_SIZE // 2]] = 1.0
        return listed


def draw_rows(weights: FloatArray, rng: np.random.Generator) -> IntArray:
    """One column a row, with chances in proportion to its weights; -1 where a row has none.

    weights  float64 [n, m], >= 0        Returns  int64 [n]
    """
    cumulated = np.cumsum(weights, axis=1)
    total = cumulated[:, -1]
    target = np.minimum(rng.random(len(weights)) * total, np.nextafter(total, 0))
    column = np.argmax(cumulated > target[:, None], axis=1)
    return np.where(total > 0, column, -1).astype(np.int64)


def simulate_views(
    world: World, user: IntArray, slot: IntArray, rng: np.random.Generator, progress: Progress = no_progress
) -> Views:
    """Draw an article and its cause for every planned view.

    user, slot  int64 [n]: who reads in which slot; rows of the same reader and slot are one visit
    Returns     the views; a planned one is left out where nothing was left to read
    """
    room = Newsroom(world, rng)
    order, position = _in_turns(user, slot)
    user, slot = user[order], slot[order]
    starts = np.flatnonzero(np.r_[True, (np.diff(slot) != 0) | (np.diff(position) != 0)])
    item, cause, cause_id = (np.full(len(user), -1, dtype=np.int64) for _ in range(3))
    slot_start = 0
    for begin, end in zip(starts.tolist(), [*starts[1:].tolist(), len(user)], strict=True):
        if position[begin] == 0:
            room.end(item[slot_start:begin][item[slot_start:begin] >= 0])
            for clock in range(int(slot[slot_start]) + 1 if begin else 0, int(slot[begin]) + 1):
                room.begin(clock)
            slot_start = begin
            progress(begin / len(user), f"day {slot[begin] // SLOTS_PER_DAY + 1} of the newsroom")
        rows = slice(begin, end)
        item[rows], cause[rows], cause_id[rows] = _read_once(room, user[rows])
    drawn = item >= 0
    return Views(user[drawn], item[drawn], slot[drawn], cause[drawn], cause_id[drawn])


def _in_turns(user: IntArray, slot: IntArray) -> tuple[IntArray, IntArray]:
    """Order by (slot, position in the visit), and that position: all first views of a slot, then all second ones."""
    by_visit = np.lexsort((user, slot))
    first = np.r_[True, (np.diff(slot[by_visit]) != 0) | (np.diff(user[by_visit]) != 0)]
    row = np.arange(len(user))
    within = row - np.maximum.accumulate(np.where(first, row, 0))
    turn = np.lexsort((user[by_visit], within, slot[by_visit]))
    return by_visit[turn], within[turn]


def _read_once(room: Newsroom, users: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """One view of each of these different readers. A cause with nothing to offer is drawn again."""
    item, cause, cause_id = (np.full(len(users), -1, dtype=np.int64) for _ in range(3))
    for _ in range(MAX_TRIES):
        rows = np.flatnonzero(item < 0)
        if not len(rows):
            break
        cause[rows] = draw_rows(room.world.mixture[users[rows]], room.rng)
        item[rows], cause_id[rows] = room.draw(users[rows], cause[rows])
    drawn = item >= 0
    room.remember(users[drawn], item[drawn])
    return item, cause, cause_id
