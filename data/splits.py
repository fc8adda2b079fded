"""Which events a model may learn from, and which it is measured on. Fitting and measuring are left to core.

random  one global permutation of the table's rows, the last 20 % are the test part
last    each person's last event; of events at the same second the one whose item has the highest raw id
time    one global date, the 80 % quantile of event times; later events are the test part
live    one global date, the 90 % quantile; later events are the test part, each predicted as of its moment (core.live)
given   the parts that the events state; what is of none of them is learnt from

What they leak: `random` and `last` learn from other people's later events and let items compete that did not exist yet;
`time` makes one list for all that follows. `live` does neither.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from core.errors import OptionError, did_you_mean, shown
from core.graph import PARTS, Events, IntArray, InteractionGraph
from core.live import LiveWindow
from data.tables import SplitKind

TEST_SHARE = 0.2
LIVE_SHARE = HOLDOUT_SHARE = 0.1


SHORT_LIFE, FEWEST_EVENTS = 0.1, 1_000


def items_live_shortly(events: pd.DataFrame) -> bool:
    """Whether lists of now matter: half of all events are within a tenth of the data's time of their item's first one.

    events  item, time (seconds UTC), not checked yet; fewer than FEWEST_EVENTS tell nothing
    """
    if len(events) < FEWEST_EVENTS or "item" not in events:
        return False
    time = pd.to_numeric(events["time"], errors="coerce").astype("float64")
    span = float(time.max() - time.min())
    age = time - time.groupby(events["item"]).transform("min")
    return bool(span > 0 and age.median() <= SHORT_LIFE * span)


class EmptyPartError(OptionError):
    """A split that leaves nothing to learn from, or nothing to measure on."""


@dataclass(frozen=True, eq=False)
class Split:
    """A training part and what it is measured on.

    train       the graph with the training events alone, in the table's order; all nodes stay
    test        CSR float64 [n_users, n_items], 1 for each positive that its person lacks in training;
                people without any training event have no row entries here
    cold_users  int64, ascending: people with a positive in the test part and no training event
    cold_test   like `test`, for the cold users alone: they are reported apart
    window      of a `live` split, the time after its date; `train` then stands at that date
    """

    kind: SplitKind
    seed: int
    train: InteractionGraph
    test: sparse.csr_matrix
    cold_users: IntArray
    cold_test: sparse.csr_matrix
    window: LiveWindow | None = None


def split(graph: InteractionGraph, kind: str, seed: int, positives: tuple[str, ...]) -> Split:
    """Training and test part. Only `random` depends on the seed (and on the order of the rows, by definition).

    positives   event types that count as relevant in the test part
    With `last`, people with a single event keep it in training and are not measured.
    Raises OptionError for an unknown kind of split or event type, or for a graph that the split leaves without a test.
    """
    share = LIVE_SHARE if kind == "live" else TEST_SHARE
    order = np.arange(len(graph.events), dtype=np.int64)
    return _divide(graph, kind, seed, positives, _Cut(order, share, PARTS.index("test")))


def holdout(graph: InteractionGraph, kind: str, seed: int, positives: tuple[str, ...]) -> Split:
    """The validation cut of a training part: the last 10 % of a permutation, each person's last event, the last 10 %
    of the time, or the validation part that the data state; where they state none, a tenth of each person's events, so
    that people with short histories count as they do in a test part. Drawn on the events in a canonical order, so that
    the rows' order does not matter. Raises as `split`.
    """
    return _divide(graph, kind, seed, positives, _Cut(_canonical_order(graph.events), HOLDOUT_SHARE, None))


@dataclass(frozen=True, eq=False)
class _Cut:
    """How much is held back of events in which order; part: the stated one, None for a validation cut."""

    order: IntArray
    share: float
    part: int | None


def _divide(graph: InteractionGraph, kind: str, seed: int, positives: tuple[str, ...], cut: _Cut) -> Split:
    known = get_args(SplitKind)
    if kind not in known:
        raise OptionError(
            f"There is no split {shown(kind)}. Pick one of: {', '.join(known)}.{did_you_mean(kind, known)}"
        )
    relevant = _kinds_of(graph.events, positives)
    if kind not in ("random", "given") and len(graph.events) > 1 and not graph.events.time.any():
        raise OptionError(
            f"The events of '{graph.name}' have no times, so the split '{kind}' has no meaning: use random."
        )
    if kind == "given":
        held = _stated_part(graph, seed, cut)
    elif kind == "random":
        held = _random_part(cut.order, seed, cut.share)
    elif kind == "last":
        held = _last_events(graph.events)
    else:
        held = _after_quantile(graph.events, cut.share)
    if held.all() or not held.any():
        n = len(graph.events)
        lacking = {
            "last": "nobody has two events left to keep the last of",
            "time": "too few of the events are later than the others",
            "live": "too few of the events are later than the others",
            "given": "all of them, or none, are of the part that is kept back",
            "random": f"{n} {'event is' if n == 1 else 'events are'} too few to be divided",
        }[kind]
        other = "add events"
        if kind != "random":
            other = (
                'take the split random (evaluate --split random; for fit state "default_split": "random" in card.json '
                "and prepare again), or add events"
            )
        raise EmptyPartError(
            f"The split '{kind}' leaves one part of '{graph.name}' without events: {lacking}. "
            f"What can be done: {other}."
        )
    train = graph.with_events(graph.events.take(~held))
    positive = graph.events.take(held & np.isin(graph.events.kind, relevant))
    if kind != "live":
        return measured_split(kind, seed, train, positive.user, positive.item)
    start = int(train.events.time.max()) + 1
    window = LiveWindow(graph, start, tuple(relevant.tolist()))
    at_start = replace(train, moment=start)
    return replace(measured_split(kind, seed, at_start, positive.user, positive.item), window=window)


def _kinds_of(events: Events, positives: tuple[str, ...]) -> IntArray:
    unknown = [name for name in positives if name not in events.kinds]
    if unknown or not positives:
        names = ", ".join(shown(name) for name in unknown) or "no event type"
        raise OptionError(f"{names} cannot be a positive. Pick some of: {', '.join(events.kinds)}.")
    return np.array([events.kinds.index(name) for name in positives], dtype=np.int64)


def _random_part(order: IntArray, seed: int, share: float) -> NDArray[np.bool_]:
    n = len(order)
    permutation = np.random.default_rng(seed).permutation(n)
    held = np.zeros(n, dtype=bool)
    held[order[permutation[round((1 - share) * n) :]]] = True
    return held


def _stated_part(graph: InteractionGraph, seed: int, cut: _Cut) -> NDArray[np.bool_]:
    events = graph.events
    if events.part is None:
        raise OptionError(
            f"The events of '{graph.name}' have no column 'part' that says train, validation or test of each, so the "
            "split 'given' has no meaning: add the column and prepare again, or take another split."
        )
    if cut.part is not None:
        return np.asarray(events.part == cut.part)
    validation = events.part == PARTS.index("validation")
    if validation.any() and not (events.part == PARTS.index("test")).any():
        return np.asarray(validation)
    return _each_persons_share(events, cut, seed)


def _each_persons_share(events: Events, cut: _Cut, seed: int) -> NDArray[np.bool_]:
    """A share of each person's events, one at least of everybody who has two."""
    drawn = cut.order[np.random.default_rng(seed).permutation(len(cut.order))]
    by_person = drawn[np.argsort(events.user[drawn], kind="stable")]
    user = events.user[by_person]
    n = np.bincount(user) if len(user) else np.empty(0, dtype=np.int64)
    place = np.arange(len(user)) - (np.cumsum(n) - n)[user]
    most = np.where(n > 1, np.maximum(1, np.round(cut.share * n)), 0)
    held = np.zeros(len(events), dtype=bool)
    held[by_person[place < most[user]]] = True
    return held


def _last_events(events: Events) -> NDArray[np.bool_]:
    order = np.lexsort((events.weight, events.context, events.kind, events.item, events.time, events.user))
    user = events.user[order]
    is_last = np.append(user[1:] != user[:-1], True)[: len(user)]
    has_several = np.bincount(events.user)[user] > 1 if len(user) else is_last
    held = np.zeros(len(events), dtype=bool)
    held[order[is_last & has_several]] = True
    return held


def _after_quantile(events: Events, share: float) -> NDArray[np.bool_]:
    if not len(events):
        return np.zeros(0, dtype=bool)
    cut = np.quantile(events.time, 1 - share, method="inverted_cdf")
    return np.asarray(events.time > cut)


def _canonical_order(events: Events) -> IntArray:
    order = np.lexsort((events.context, events.weight, events.kind, events.time, events.item, events.user))
    return order.astype(np.int64)


def measured_split(kind: str, seed: int, train: InteractionGraph, users: IntArray, items: IntArray) -> Split:
    """A training part, measured on these pairs of positions, int64 [n] each."""
    shape = (train.n_users, train.n_items)
    pairs = np.unique(users * train.n_items + items)
    seen = np.unique(train.events.user * train.n_items + train.events.item)
    user, item = np.divmod(np.setdiff1d(pairs, seen, assume_unique=True), max(train.n_items, 1))
    is_warm = np.isin(user, train.events.user)
    warm, cold = (
        sparse.csr_matrix((np.ones(int(rows.sum())), (user[rows], item[rows])), shape=shape)
        for rows in (is_warm, ~is_warm)
    )
    named: dict[str, SplitKind] = {name: name for name in get_args(SplitKind)}
    return Split(named[kind], seed, train, warm, np.unique(user[~is_warm]).astype(np.int64), cold)
