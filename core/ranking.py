"""From scores to lists: best first, nothing that a person already has, equal scores in the order of their raw ids.

Positions stand in raw-id order (core/graph.py), so "lowest position first" is "lowest raw id first". What a score means
and what a list is worth is left to the models and to core/evaluation.py.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.errors import ModelError, OptionError, shown
from core.graph import FloatArray, IntArray
from core.progress import Progress, no_progress

NO_ITEM = -1
Score = Callable[[IntArray], FloatArray]


def check_k(k: object, n_items: int) -> int:
    """The length of a list as a whole number from 1 to n_items. Raises OptionError for anything else."""
    try:
        if isinstance(k, bool):
            raise TypeError
        length = operator.index(k)  # type: ignore[arg-type]
    except TypeError:
        raise OptionError(
            f"k is {shown(k)}, but the length of a list is a whole number: choose 1 to {n_items}."
        ) from None
    if not 1 <= length <= n_items:
        raise OptionError(
            f"k is {shown(length)}, but a list holds at least 1 and at most all {n_items} items: choose 1 to {n_items}."
        )
    return length


def top_k(
    scores: FloatArray, k: int, exclude: sparse.csr_matrix | None = None, closed: IntArray | None = None
) -> tuple[IntArray, FloatArray]:
    """The k best candidates of each row; a candidate is every item that is not excluded, whatever its score.

    scores   float64 [B, n_items], never NaN
    exclude  CSR [B, n_items] or None: a stored entry takes the item out of that row's list
    closed   int64 positions of items that are in nobody's list
    Returns  items int64 [B, k'] and scores float64 [B, k'] with k' = min(k, n_items), best first, equal scores by
             position; a row with fewer candidates ends in NO_ITEM with score -inf
    Raises   OptionError if k < 1, ModelError if a score is NaN.
    """
    scores = np.asarray(scores, dtype=np.float64)
    n_rows, n_items = scores.shape
    length = min(check_k(k, max(k, n_items)), n_items)
    if np.isnan(scores).any():
        raise ModelError("The model gave a score that is not a number, so nothing can be ranked: fit it again.")
    # Costs are ascending; excluded items cost +inf, and a candidate with score -inf stays just below that.
    cost = np.minimum(-scores, np.finfo(np.float64).max)
    if exclude is not None:
        _check_rows(exclude, n_rows, n_items)
        cost[_stored(exclude)] = np.inf
    if closed is not None:
        cost[:, closed] = np.inf
    chosen = _lowest(cost, length)
    items = np.nonzero(chosen)[1].reshape(n_rows, length).astype(np.int64)
    order = np.argsort(np.take_along_axis(cost, items, axis=1), axis=1, kind="stable")
    items = np.take_along_axis(items, order, axis=1)
    empty = np.take_along_axis(cost, items, axis=1) == np.inf
    values = np.where(empty, -np.inf, np.take_along_axis(scores, items, axis=1))
    return np.where(empty, NO_ITEM, items), values


def rank_of(scores_row: FloatArray, item: int, exclude_row: sparse.csr_matrix | IntArray | None = None) -> int:
    """The place of an item, 1 = best, among all candidates; agrees with `top_k` of any length.

    scores_row   float64 [n_items]
    exclude_row  positions int64 [n], or CSR [1, n_items], of the items that are no candidates
    Raises       OptionError if the item itself is excluded: it has no place in the list.
    """
    scores_row = np.asarray(scores_row, dtype=np.float64).ravel()
    positions = exclude_row.indices if sparse.issparse(exclude_row) else exclude_row
    candidate = np.ones(len(scores_row), dtype=np.bool_)
    if positions is not None:
        candidate[np.asarray(positions, dtype=np.int64)] = False
    if not candidate[item]:
        raise OptionError(f"The item at position {item} is already in the history, so no list has a place for it.")
    better = candidate & (scores_row > scores_row[item])
    equal_before = candidate[:item] & (scores_row[:item] == scores_row[item])
    return 1 + int(better.sum()) + int(equal_before.sum())


def ranks_of(scores: FloatArray, rows: IntArray, items: IntArray, out: NDArray[np.bool_]) -> IntArray:
    """`rank_of` for many: the place of items[n] among the candidates of row rows[n], int64 [n]; 0 for what is none.

    scores   float64 [B, n_items]        out  bool [B, n_items]: what is no candidate
    """
    masked = np.where(out, -np.inf, scores)
    of_row, own = masked[rows], masked[rows, items][:, None]
    equal_before = (of_row == own) & (np.arange(scores.shape[1]) < items[:, None]) & ~out[rows]
    rank: IntArray = 1 + (of_row > own).sum(axis=1) + equal_before.sum(axis=1)
    return np.where(out[rows, items], 0, rank)


def rank_all(
    score: Score,
    n_users: int,
    exclude: sparse.csr_matrix | None,
    k: int,
    *,
    closed: IntArray | None = None,
    batch: int = 256,
    progress: Progress = no_progress,
) -> tuple[IntArray, FloatArray]:
    """Everybody's list. Holds scores of one batch of users at a time, never a dense user × item matrix.

    score     positions int64 [B] → float64 [B, n_items]
    exclude   CSR [n_users, n_items] or None, as in `top_k`
    closed    int64 positions of items that are no candidates for anybody
    progress  told the fraction done after each batch; it may raise CancelledError
    Returns   items int64 [n_users, k'], scores float64 [n_users, k'], as `top_k` gives them
    """
    items: list[IntArray] = []
    values: list[FloatArray] = []
    for start in range(0, n_users, batch):
        users = np.arange(start, min(start + batch, n_users), dtype=np.int64)
        rows = None if exclude is None else exclude[start : users[-1] + 1]
        batch_items, batch_values = top_k(score(users), k, rows, closed)
        items.append(batch_items)
        values.append(batch_values)
        done = int(users[-1]) + 1
        progress(done / n_users, f"ranking: {done} of {n_users} people")
    if not items:
        return np.empty((0, k), dtype=np.int64), np.empty((0, k))
    return np.concatenate(items), np.concatenate(values)


def _lowest(cost: FloatArray, length: int) -> NDArray[np.bool_]:
    """bool [B, n_items], exactly `length` true a row: the lowest costs, at the boundary those of the
    lowest position.
    """
    boundary = np.partition(cost, length - 1, axis=1)[:, length - 1 : length]
    chosen = cost <= boundary
    tied = np.flatnonzero(chosen.sum(axis=1) > length)
    if len(tied):
        below = cost[tied] < boundary[tied]
        level = cost[tied] == boundary[tied]
        room = length - below.sum(axis=1, keepdims=True)
        chosen[tied] = below | (level & (np.cumsum(level, axis=1) <= room))
    return chosen


def _stored(matrix: sparse.csr_matrix) -> tuple[IntArray, IntArray]:
    rows = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
    return rows, matrix.indices.astype(np.int64)


def _check_rows(exclude: sparse.csr_matrix, n_rows: int, n_items: int) -> None:
    assert exclude.shape == (n_rows, n_items), f"exclude has shape {exclude.shape}, scores ({n_rows}, {n_items})"
