"""Every explanation of everybody's list as one table on disk: streamed, so that memory does not grow
with their number.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import SurfacedError
from core.graph import IntArray, InteractionGraph
from core.models.base import Parts, Recommender
from core.progress import Progress, no_progress
from core.ranking import NO_ITEM
from core.threads import one_thread
from explain.workspace.audience import parts_of_item

ROWS_AT_ONCE = 200_000


def write_explanations(
    graph: InteractionGraph, model: Recommender, lists: IntArray, out: Path, progress: Progress = no_progress
) -> int:
    """Parquet, one row a part: user, rank, item, score, kind, part (history item or mechanism), value, one column a
    relation.

    lists  int64 [n_users, k], NO_ITEM where there is none
    Rows come item by item, because what leads to an item is summed once for all who have it. Values of one explanation
    add up to its score. Returns the number of explanations. Raises SurfacedError where it cannot be written; then
    nothing stays.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows, places = np.nonzero(lists != NO_ITEM)
    items = lists[rows, places]
    order = np.lexsort((rows, items))
    rows, places, items = rows[order], places[order], items[order]
    starts = np.flatnonzero(np.r_[True, np.diff(items) != 0]) if len(items) else np.zeros(0, dtype=np.int64)
    ends = np.r_[starts[1:], len(items)] if len(items) else starts
    temporary = out.with_name(f".{out.name}.writing")
    batch, writer = _Batch(graph), None
    try:
        with one_thread():
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
                parts_of_users = parts_of_item(model, rows[start:end].tolist(), int(items[start]))
                for place, (user, parts) in zip(places[start:end].tolist(), parts_of_users, strict=True):
                    batch.add(user, place + 1, int(items[start]), parts)
                    if batch.n >= ROWS_AT_ONCE:
                        writer = _write(writer, temporary, batch, pq)
                progress(end / len(items), f"{end:,} of {len(items):,} explanations")
        writer = _write(writer, temporary, batch, pq)
        writer.close()
        os.replace(temporary, out)
    except (OSError, pa.ArrowException) as error:
        raise SurfacedError(
            f"{out} could not be written: {getattr(error, 'strerror', None) or error}. Nothing was stored."
        ) from None
    finally:
        with suppress(Exception):
            if writer is not None:
                writer.close()
        with suppress(OSError):
            temporary.unlink()
    return len(items)


class _Batch:
    """Rows gathered as arrays; ids become dictionary columns."""

    def __init__(self, graph: InteractionGraph) -> None:
        self.graph = graph
        self.relations: list[str] = []
        self.clear()

    def clear(self) -> None:
        self.n = 0
        self._heads: list[tuple[int, int, int, float, int]] = []
        self._parts: list[np.ndarray] = []
        self._values: list[dict[str, np.ndarray]] = []
        self._constants: list[tuple[int, int, int, float, str, float]] = []

    def add(self, user: int, rank: int, item: int, parts: Parts) -> None:
        score = parts.total
        self._heads.append((user, rank, item, score, len(parts.items)))
        self._parts.append(parts.items)
        self._values.append(dict(parts.relations))
        for key in parts.relations:
            if key not in self.relations:
                self.relations.append(key)
        self._constants += [(user, rank, item, score, kind, value) for kind, value in parts.constants.items()]
        self.n += len(parts.items) + len(parts.constants)

    def table(self, columns: list[str]) -> Any:
        """A pyarrow table of what was gathered, with these relation columns."""
        import pyarrow as pa

        sizes = np.array([h[4] for h in self._heads], dtype=np.int64)

        def spread(n: int, dtype: Any) -> np.ndarray:
            own = np.repeat(np.array([h[n] for h in self._heads], dtype=dtype), sizes)
            return np.concatenate([own, np.array([c[n] for c in self._constants], dtype=dtype)])

        n_own, n_more = int(sizes.sum()), len(self._constants)
        amounts = {
            name: np.concatenate(
                [
                    *(v.get(name, np.zeros(s)) for v, s in zip(self._values, sizes.tolist(), strict=True)),
                    np.zeros(n_more),
                ]
            )
            for name in columns
        }
        total = np.sum([np.zeros(n_own + n_more), *amounts.values()], axis=0)
        total[n_own:] = [c[5] for c in self._constants]
        kinds = ["history", *sorted({c[4] for c in self._constants})]
        kind = np.concatenate(
            [np.zeros(n_own, np.int32), np.array([kinds.index(c[4]) for c in self._constants], np.int32)]
        )
        n_items = self.graph.n_items
        ids = [*map(str, self.graph.items.ids), *kinds[1:]]
        part = np.concatenate(
            [*self._parts, np.array([n_items + kinds.index(c[4]) - 1 for c in self._constants], dtype=np.int64)]
        )
        users = [*map(str, self.graph.users.ids)]
        as_dictionary = pa.DictionaryArray.from_arrays
        content = {
            "user": as_dictionary(pa.array(spread(0, np.int32)), pa.array(users)),
            "rank": pa.array(spread(1, np.int32)),
            "item": as_dictionary(pa.array(spread(2, np.int32)), pa.array(ids)),
            "score": pa.array(spread(3, np.float64)),
            "kind": as_dictionary(pa.array(kind), pa.array(kinds)),
            "part": as_dictionary(pa.array(part.astype(np.int32)), pa.array(ids)),
            "value": pa.array(total),
        }
        return pa.table(content | {f"relation:{name}": pa.array(amounts[name]) for name in columns})


def _write(writer: Any, place: Path, batch: _Batch, pq: Any) -> Any:
    """Writes and empties the batch. All have the same columns: a model's chains are the same for every pair."""
    table = batch.table(batch.relations)
    if writer is None:
        writer = pq.ParquetWriter(place, table.schema, compression="zstd")
    writer.write_table(table)
    batch.clear()
    return writer
