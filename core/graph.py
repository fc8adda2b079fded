"""The typed, weighted, timestamped graph that everything else reads: people, items, topics, creators, contexts.

Nodes of a kind stand in the order of their raw id, so nothing depends on the order of the input's rows; events keep
the table's order, because the `random` split is defined on it. A graph is valid by construction and never changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from core.errors import GraphError, UnknownIdError, did_you_mean, shown

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

GROUP_KINDS = ("topic", "creator", "context")
PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Nodes:
    """All nodes of one kind.

    kind        "user", "item", "topic", "creator" or "context"
    title       what this data calls them: "genre", "author", "basket"
    ids         object [n], raw ids as strings, strictly ascending
    labels      object [n], names to show (hostile until escaped)
    attributes  DataFrame [n, …], one column an audit column, in the same order; missing values are unknown
    suggests    whether an id that there is not is answered with the closest one that there is
    """

    kind: str
    title: str
    ids: NDArray[np.object_]
    labels: NDArray[np.object_]
    attributes: pd.DataFrame = field(default_factory=pd.DataFrame)
    suggests: bool = True

    def __post_init__(self) -> None:
        if len(self.ids) != len(self.labels):
            raise GraphError(f"{self.kind}: {len(self.ids)} ids but {len(self.labels)} labels.")
        if any(a >= b for a, b in zip(self.ids[:-1], self.ids[1:], strict=True)):
            raise GraphError(f"{self.kind}: ids must be unique and in ascending order.")
        if self.attributes.shape[1] and len(self.attributes) != len(self.ids):
            raise GraphError(f"{self.kind}: {len(self.attributes)} attribute rows for {len(self.ids)} nodes.")

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def _position(self) -> dict[str, int]:
        return {raw: idx for idx, raw in enumerate(self.ids)}

    def index(self, raw_id: str) -> int:
        """Position of a raw id. Raises UnknownIdError with the closest known id."""
        position = self._position.get(raw_id)
        if position is None:
            noun = "User" if self.kind == "user" else self.kind.capitalize()
            raise UnknownIdError(
                f"{noun} {shown(raw_id)} is not among the {len(self)} {self.kind}s of this workspace."
                f"{did_you_mean(raw_id, self.ids) if self.suggests else ''}"
            )
        return position

    def __contains__(self, raw_id: object) -> bool:
        return raw_id in self._position


@dataclass(frozen=True, eq=False)
class Events:
    """What people did, one row an event, in the table's order.

    user, item  int64 [n] positions            kind     int64 [n] position in `kinds`
    weight      float64 [n] > 0: weight of the event type × value (a rating of 4 weighs 4)
    time        int64 [n] seconds UTC           context  int64 [n] position among contexts, -1 for none
    kinds       names of the event types        kind_weights  stated weight of each
    part        int64 [n] position in PARTS, where the data state in which part of a split each event is; else None
    """

    user: IntArray
    item: IntArray
    kind: IntArray
    weight: FloatArray
    time: IntArray
    context: IntArray
    kinds: tuple[str, ...]
    kind_weights: tuple[float, ...]
    part: IntArray | None = None

    def __post_init__(self) -> None:
        columns = [self.user, self.item, self.kind, self.weight, self.time, self.context]
        columns += [] if self.part is None else [self.part]
        if len({len(c) for c in columns}) != 1:
            raise GraphError("Events: all columns must have the same length.")
        if len(self.weight) and not (np.isfinite(self.weight).all() and (self.weight > 0).all()):
            raise GraphError("Events: weights must be finite and above 0.")

    def __len__(self) -> int:
        return len(self.user)

    def take(self, rows: NDArray[np.bool_] | IntArray) -> Events:
        """The chosen rows, in their order."""
        return Events(
            self.user[rows],
            self.item[rows],
            self.kind[rows],
            self.weight[rows],
            self.time[rows],
            self.context[rows],
            self.kinds,
            self.kind_weights,
            None if self.part is None else self.part[rows],
        )


@dataclass(frozen=True, eq=False)
class InteractionGraph:
    """The graph of one workspace.

    memberships   "topic" and "creator": CSR float64 [n_items, n_groups], weight of each item–group edge
    groups        the nodes of those kinds, and of "context" where events carry one
    published     float64 [n_items], seconds UTC at which an item can first be recommended, NaN where it is not stated
    withdrawn     float64 [n_items], seconds UTC from which on it can no more, NaN where it is not stated
    moment        seconds UTC: the graph as it stood then; None: with all of its data, as it stands at their end
    """

    name: str
    title: str
    users: Nodes
    items: Nodes
    groups: Mapping[str, Nodes]
    events: Events
    memberships: Mapping[str, sparse.csr_matrix]
    published: FloatArray | None = None
    withdrawn: FloatArray | None = None
    moment: int | None = None

    def __post_init__(self) -> None:
        for column, n in ((self.events.user, len(self.users)), (self.events.item, len(self.items))):
            if len(column) and not (column.min() >= 0 and column.max() < n):
                raise GraphError("Events name a node that the graph does not have.")
        for kind, matrix in self.memberships.items():
            if matrix.shape != (len(self.items), len(self.groups[kind])):
                raise GraphError(f"Membership '{kind}' has shape {matrix.shape}.")
        n_contexts = len(self.groups["context"]) if "context" in self.groups else 0
        if len(self.events) and self.events.context.max() >= n_contexts:
            raise GraphError("Events name a context that the graph does not have.")

    @property
    def n_users(self) -> int:
        return len(self.users)

    @property
    def n_items(self) -> int:
        return len(self.items)

    @cached_property
    def interactions(self) -> sparse.csr_matrix:
        """CSR float64 [n_users, n_items]: a pair's event weights summed, in an order that the rows' order does not
        touch.
        """
        order, e = self._pair_order, self.events
        return sum_sorted(e.user[order], e.item[order], e.weight[order], (self.n_users, self.n_items))

    @cached_property
    def context_items(self) -> sparse.csr_matrix | None:
        """CSR float64 [n_contexts, n_items], 1 where a context (a basket, a session) holds the item; None without
        contexts.
        """
        if "context" not in self.groups:
            return None
        rows = self.events.context >= 0
        matrix = sum_pairs(
            self.events.context[rows],
            self.events.item[rows],
            np.ones(int(rows.sum())),
            (len(self.groups["context"]), self.n_items),
        )
        matrix.data[:] = 1.0
        return matrix

    @cached_property
    def context_visits(self) -> IntArray:
        """int64 [n, 3]: person, context, item of every event that has a context, each once."""
        rows = self.events.context >= 0
        return np.unique(
            np.column_stack([self.events.user[rows], self.events.context[rows], self.events.item[rows]]), axis=0
        )

    def with_events(self, events: Events) -> InteractionGraph:
        """The same nodes with other events: a training part, or an edited history."""
        return replace(self, events=events)

    @cached_property
    def timed(self) -> bool:
        """Whether the events have times."""
        return bool(self.events.time.any())

    @property
    def now(self) -> int:
        """The moment at which the graph stands, seconds UTC: the one that was asked for, or just after the last
        event."""
        if self.moment is not None:
            return self.moment
        return int(self.events.time.max()) + 1 if len(self.events) else 0

    def at(self, moment: int) -> InteractionGraph:
        """The graph as it stood at a moment: the events before it; all nodes stay.

        The order of the pairs is taken over, so that a step from moment to moment sorts nothing; the numbers are those
        of a graph that is built of these events alone, to the bit.
        """
        kept = self.events.time < moment
        then = replace(self, events=self.events.take(kept), moment=int(moment))
        order = self._pair_order[kept[self._pair_order]]
        then.__dict__["_pair_order"] = (np.cumsum(kept) - 1)[order]
        return then

    @cached_property
    def _pair_order(self) -> IntArray:
        """int64 [n events]: the events by person, item and weight."""
        e = self.events
        return np.lexsort((e.weight, e.item, e.user))

    def later(self, moment: int) -> InteractionGraph:
        """The graph as it will stand at a later moment if nothing more happens."""
        return replace(self, moment=int(moment))

    @cached_property
    def since(self) -> FloatArray:
        """float64 [n_items]: from when on each item exists, seconds UTC: its stated time, or its first event where none
        is stated or that came before it; inf where there is neither.
        """
        never = np.iinfo(np.int64).max
        first = np.full(self.n_items, never)
        np.minimum.at(first, self.events.item, self.events.time)
        known = np.where(first < never, first, np.inf)
        return known if self.published is None else np.fmin(self.published, known)

    @cached_property
    def closed(self) -> IntArray:
        """int64, ascending: the items that can be recommended to nobody at this moment: not there yet, or withdrawn.

        With all of its data (no moment) a graph leaves items open of which nothing tells when they began.
        """
        gone = np.zeros(self.n_items, dtype=bool)
        if self.withdrawn is not None:
            gone |= self.withdrawn <= self.now
        if self.published is not None and self.timed:
            gone |= np.isfinite(self.published) & (self.since > self.now)
        if self.moment is not None:
            gone |= self.since > self.now
        return np.flatnonzero(gone)

    @cached_property
    def pairs_by_kind(self) -> IntArray:
        """int64 [n kinds]: how many pairs of person and item have an event of each kind."""
        e, order = self.events, self._pair_order
        pair, kind = (e.user * self.n_items + e.item)[order], e.kind[order]
        counts = np.zeros(len(e.kinds), dtype=np.int64)
        for k in range(len(e.kinds)):
            own = pair[kind == k]
            counts[k] = len(own) and 1 + np.count_nonzero(np.diff(own))
        return counts

    def times_of(self, user: int) -> dict[int, int]:
        """Item position → when the person's latest event with it was, seconds UTC; {} for somebody not in the data."""
        if not self.timed or user >= self.n_users:
            return {}
        row = slice(*self.interactions.indptr[user : user + 2])
        return dict(zip(self.interactions.indices[row].tolist(), self.last_times[row].tolist(), strict=True))

    @cached_property
    def last_times(self) -> IntArray:
        """int64 [nnz], aligned with `interactions`: when each pair's latest event was, seconds UTC."""
        e, order = self.events, self._pair_order
        if not len(order):
            return np.empty(0, dtype=np.int64)
        user, item = e.user[order], e.item[order]
        first = np.ones(len(order), dtype=bool)
        first[1:] = (np.diff(user) != 0) | (np.diff(item) != 0)
        return np.maximum.reduceat(e.time[order], np.flatnonzero(first))

    def relation_sizes(self) -> dict[str, int]:
        """Edges by relation: one entry an event type, then has_topic, has_creator, in_context."""
        counts = np.bincount(self.events.kind, minlength=len(self.events.kinds))
        sizes = {name: int(n) for name, n in zip(self.events.kinds, counts, strict=True)}
        sizes |= {f"has_{kind}": int(m.nnz) for kind, m in self.memberships.items()}
        if "context" in self.groups:
            sizes["in_context"] = int((self.events.context >= 0).sum())
        return sizes

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over ids, edges, weights and times; the same for any order of the input's rows."""
        digest = hashlib.sha256()
        for nodes in (self.users, self.items, *(self.groups[k] for k in sorted(self.groups))):
            digest.update("\x1f".join([nodes.kind, *nodes.ids]).encode("utf-8", "surrogatepass"))
        e = self.events
        own = () if e.part is None else (e.part,)
        order = np.lexsort((*own, e.weight, e.context, e.kind, e.time, e.item, e.user))
        for column in (e.user, e.item, e.kind, e.time, e.context, e.weight, *own):
            digest.update(np.ascontiguousarray(column[order]).tobytes())
        digest.update("\x1f".join(e.kinds).encode())
        for kind in sorted(self.memberships):
            m = self.memberships[kind]
            digest.update(m.indptr.astype(np.int64).tobytes() + m.indices.astype(np.int64).tobytes())
            digest.update(m.data.astype(np.float64).tobytes())
        return digest.hexdigest()


def sum_pairs(row: IntArray, col: IntArray, value: FloatArray, shape: tuple[int, int]) -> sparse.csr_matrix:
    """CSR of summed values. Sorted by (row, column, value) first, so that rounding does not depend on
    the rows' order.
    """
    order = np.lexsort((value, col, row))
    return sum_sorted(row[order], col[order], value[order], shape)


def sum_sorted(row: IntArray, col: IntArray, value: FloatArray, shape: tuple[int, int]) -> sparse.csr_matrix:
    """The same of what is sorted already."""
    matrix = sparse.csr_matrix((value, (row, col)), shape=shape, dtype=np.float64)
    matrix.sum_duplicates()
    return matrix
