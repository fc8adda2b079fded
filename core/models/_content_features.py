"""What is known about items, as named numbers: words, topics, creators, kinds and sizes, all from the graph's own
nodes.

Every feature has a name that a reader understands and a group: ("cycling", "word"), ("Drama", "genre"), ("1994 to
1995", "year"). Nothing is read from events, so that an item that nobody has yet is described as fully as any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from core.graph import GROUP_KINDS, FloatArray, IntArray, InteractionGraph, Nodes
from core.models._content_text import directions, tf_idf, unit_rows

WORD = "word"
MIN_ITEMS = 3  # a topic, creator or kind that fewer items have tells little of any other item
MAX_GROUPS = 3_000
N_BINS = 8
TEXT_WORDS = 4.0  # mean words from which a column of mostly different texts is read as text
TIME_COLUMN = "published"  # seconds UTC, as data.tables states


@dataclass(frozen=True, eq=False)
class ItemFeatures:
    """Features of all items. The first features are the words, one for each row of `components`.

    matrix       CSR float64 [n_items, n_features]; the block of each group has rows of length 0 or 1
    names        str [n_features], to show (hostile until escaped)        groups  str [n_features], what kind each is
    components   float64 [n_words, n_directions]: what turns words into the encoder's inputs
    """

    matrix: sparse.csr_matrix
    names: NDArray[np.str_]
    groups: NDArray[np.str_]
    components: FloatArray

    @classmethod
    def of(cls, graph: InteractionGraph) -> ItemFeatures:
        """Everything that the graph holds about its items: titles, texts, topics, creators, kinds, numbers."""
        columns, texts = graph.items.attributes, [[str(label) for label in graph.items.labels]]
        texts += [_texts(columns[name]) for name in columns.columns if _is_text(columns[name])]
        words, vocabulary = tf_idf([" ".join(parts) for parts in zip(*texts, strict=True)])
        blocks = [_Block(words, vocabulary, WORD)]
        for kind in sorted(graph.memberships, key=GROUP_KINDS.index):
            blocks.append(_membership(graph.groups[kind], graph.memberships[kind]))
        known = {_place(block.matrix, j) for block in blocks[1:] for j in range(block.matrix.shape[1])}
        known_names = {name for block in blocks[1:] for name in block.names}
        for name in columns.columns:
            blocks += _attribute(str(name), columns[name], known, known_names)
        return cls(
            sparse.csr_matrix(sparse.hstack([block.matrix for block in blocks], format="csr")),
            np.array([name for block in blocks for name in block.names], dtype=np.str_),
            np.array([block.group for block in blocks for _ in block.names], dtype=np.str_),
            directions(words),
        )

    @property
    def n_items(self) -> int:
        return int(self.matrix.shape[0])

    @property
    def n_words(self) -> int:
        return int(self.components.shape[0])

    @cached_property
    def basis(self) -> sparse.csr_matrix:
        """From features to the encoder's inputs: CSR float64 [n_features, n_inputs]; words become directions, the rest
        stays."""
        n_others = self.matrix.shape[1] - self.n_words
        return sparse.csr_matrix(sparse.block_diag([self.components, sparse.eye(n_others)], format="csr"))

    @cached_property
    def inputs(self) -> sparse.csr_matrix:
        """What the encoder reads: CSR float64 [n_items, n_inputs], matrix · basis."""
        product = sparse.csr_matrix(self.matrix @ self.basis)
        product.sort_indices()
        return product

    def sizes(self) -> dict[str, int]:
        """Number of features by group, in their order."""
        groups, first, n = np.unique(self.groups, return_index=True, return_counts=True)
        return {str(groups[j]): int(n[j]) for j in np.argsort(first)}


@dataclass(frozen=True, eq=False)
class _Block:
    matrix: sparse.csr_matrix
    names: tuple[str, ...]
    group: str


def _membership(nodes: Nodes, matrix: sparse.csr_matrix) -> _Block:
    n_items = np.diff(matrix.tocsc().indptr)
    often = np.flatnonzero(n_items >= MIN_ITEMS)
    often = np.sort(often[np.argsort(-n_items[often], kind="stable")[:MAX_GROUPS]])
    return _Block(unit_rows(matrix[:, often]), tuple(str(nodes.labels[j]) for j in often), nodes.title)


def _attribute(name: str, column: pd.Series, known: set[bytes], known_names: set[str]) -> Iterator[_Block]:
    """A column of kinds or numbers; what repeats a topic or creator, by its name or its very items, is one feature
    only."""
    if _is_text(column):
        return
    features = _bins(name, column) if _is_number(column) else _kinds(column)
    pairs = [(label, rows) for label, rows in features if label not in known_names and rows.tobytes() not in known]
    if pairs:
        rows = np.concatenate([rows for _, rows in pairs])
        columns = np.repeat(np.arange(len(pairs)), [len(rows) for _, rows in pairs])
        ones = (np.ones(len(rows)), (rows, columns))
        matrix = sparse.csr_matrix(ones, shape=(len(column), len(pairs)), dtype=np.float64)
        yield _Block(matrix, tuple(label for label, _ in pairs), name.replace("_", " "))


def _kinds(column: pd.Series) -> list[tuple[str, IntArray]]:
    """Values of a column of kinds with the items that have them."""
    texts = column.astype("string")
    often = texts.value_counts().loc[lambda n: n >= MIN_ITEMS]
    values = sorted(often.index.tolist(), key=lambda value: (-int(often[value]), value))[:MAX_GROUPS]
    return [(str(value), _rows(texts == value)) for value in sorted(values)]


def _bins(name: str, column: pd.Series) -> list[tuple[str, IntArray]]:
    """A column of numbers in N_BINS ranges of about as many items each; single values where there are few."""
    values = column.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    values = np.where(np.isfinite(values), values, np.nan)
    different = np.unique(values[~np.isnan(values)])
    edges = different[1:]
    if len(different) > N_BINS:
        edges = np.unique(np.quantile(values[~np.isnan(values)], np.arange(1, N_BINS) / N_BINS, method="nearest"))
    place = np.where(np.isnan(values), -1, np.searchsorted(edges, values, side="right"))
    bins = []
    for j in range(len(edges) + 1):
        rows = np.flatnonzero(place == j)
        if len(rows):
            low, high = (_written(name, float(bound(values[rows]))) for bound in (np.min, np.max))
            bins.append((low if low == high else f"{low} to {high}", rows))
    return bins


def _written(name: str, value: float) -> str:
    if name == TIME_COLUMN:
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d")
    return f"{value:.10g}"


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _is_text(column: pd.Series) -> bool:
    """Whether a column holds sentences: mostly different, several words each."""
    if _is_number(column) or pd.api.types.is_bool_dtype(column):
        return False
    known = [str(value) for value in column.dropna()]
    return len(set(known)) > len(known) / 2 and sum(len(text.split()) for text in known) >= TEXT_WORDS * len(known)


def _texts(column: pd.Series) -> list[str]:
    return ["" if missing else str(text) for text, missing in zip(column, column.isna(), strict=True)]


def _rows(chosen: Iterable[object]) -> IntArray:
    return np.flatnonzero(pd.Series(chosen).fillna(False).to_numpy(dtype=bool)).astype(np.int64)


def _place(matrix: sparse.csr_matrix, column: int) -> bytes:
    return np.sort(matrix[:, [column]].tocoo().row).astype(np.int64).tobytes()
