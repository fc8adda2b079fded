"""A Parquet file as a table, with the types that its schema states; what pandas once noted beside them is not needed.

Sizes are checked before anything is unpacked: rows and columns by the footer, texts by their lengths while they are
still packed as dictionaries, because a few kilobytes may state gigabytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.errors import DataError, short, shown
from data.formats.reading.limits import LONGEST_CELL, Limits
from data.problems import Problem, problem

_INDEX = re.compile(r"__index_level_\d+__")
_BATCH = 1 << 14
_WHOLE = {
    getattr(pa, name)(): getattr(pd, f"{name.replace('u', 'U', 1).replace('i', 'I', 1)}Dtype")()
    for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
}
_FAILURES = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    NotImplementedError,
    OverflowError,
    MemoryError,
    pa.ArrowException,
)


def read_parquet(
    file: Path, table: str, needed: tuple[str, ...], problems: list[Problem], limits: Limits
) -> pd.DataFrame:
    """The columns that are numbers, texts, truths, times or lists of these; others are left out and told.

    needed  columns that the table must have: of these no list, and none may be left out
    Raises  DataError for a file that cannot be read, a needed column of another type, and more than the limits allow
    """
    limits.check(file.name, "bytes", file.stat().st_size)
    try:
        with pq.ParquetFile(file) as stated:
            n_rows, schema = stated.metadata.num_rows, stated.schema_arrow
            leaves = stated.metadata.num_columns
            _check_sizes(stated.metadata, file.name, limits)
        limits.check(file.name, "columns", max(len(schema), leaves))
        limits.check(file.name, "rows", n_rows)
        limits.check(file.name, "cells", n_rows * leaves)
        columns = _columns_to_read(schema, file.name, table, needed, problems)
        texts = [name for name in columns if _is_text(schema.field(name).type)]
        with pq.ParquetFile(file, read_dictionary=texts) as opened:
            batches = list(_bounded(opened.iter_batches(_BATCH, columns=columns), file.name, limits))
            read = pa.Table.from_batches(
                batches, schema=None if batches else pa.schema([schema.field(n) for n in columns])
            )
        return _frame(read, schema, file.name)
    except _FAILURES as error:
        raise DataError(f"{file.name} is no Parquet file that can be read: {short(error)}.") from None


def _check_sizes(stated: pq.FileMetaData, file: str, limits: Limits) -> None:
    """Raises DataError where the footer states more unpacked bytes than are read, or texts that are no cells."""
    n_bytes = 0
    for group in map(stated.row_group, range(stated.num_row_groups)):
        for chunk in map(group.column, range(group.num_columns)):
            n_bytes += chunk.total_uncompressed_size
            if chunk.total_uncompressed_size > 4 * LONGEST_CELL * max(1, chunk.num_values):
                name = shown(chunk.path_in_schema, 40)
                raise DataError(f"{file}, {name}: a cell holds more than {LONGEST_CELL:,} characters.")
    limits.check(file, "bytes", n_bytes)


def _columns_to_read(
    schema: pa.Schema, file: str, table: str, needed: tuple[str, ...], problems: list[Problem]
) -> list[str]:
    """Names of the columns to read.

    Raises DataError where a name stands twice or a needed column cannot be a column.
    """
    names = [str(name) for name in schema.names]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{file} has a wrong header: {shown(twice, 30)} stands there twice.")
    columns = []
    for field in schema:
        plain, listed = _is_plain(field.type), _is_list(field.type) and _is_plain(field.type.value_type)
        if _INDEX.fullmatch(field.name):
            continue
        if plain or (listed and field.name not in needed):
            columns.append(field.name)
            continue
        message = f"the column is of type {shown(field.type, 40)}: write texts, numbers, truths or times"
        if field.name in needed:
            raise DataError(f"{file}, {field.name}: {message}.")
        problems.append(problem("note", table, field.name, [], f"{message}. It is left out."))
    return columns


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or _is_raw(kind))


def _is_raw(kind: pa.DataType) -> bool:
    """Bytes without a stated encoding: older writers store texts so; they are read where they are UTF-8."""
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _is_plain(kind: pa.DataType) -> bool:
    """Numbers, texts, truths, times and nothing, also by dictionary."""
    if pa.types.is_dictionary(kind):
        return _is_plain(kind.value_type)
    return bool(
        _is_text(kind)
        or pa.types.is_null(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_timestamp(kind)
        or pa.types.is_date(kind)
        or pa.types.is_time(kind)
        or pa.types.is_duration(kind)
        or pa.types.is_string_view(kind)
    )


def _bounded(batches: Iterator[pa.RecordBatch], file: str, limits: Limits) -> Iterator[pa.RecordBatch]:
    """The batches, as long as rows, cells and unpacked bytes stay within the limits. Raises DataError."""
    n_rows = n_bytes = 0
    for batch in batches:
        n_rows += batch.num_rows
        n_bytes += sum(
            _unpacked(column, file, name) for name, column in zip(batch.schema.names, batch.columns, strict=True)
        )
        limits.check(file, "rows", n_rows)
        limits.check(file, "cells", n_rows * batch.num_columns)
        limits.check(file, "bytes", n_bytes)
        yield batch


def _unpacked(column: pa.Array, file: str, name: str) -> int:
    """Bytes of a column once every row has its own text. Raises DataError for a text that is no cell."""
    if not isinstance(column, pa.DictionaryArray) or not (_is_text(column.type.value_type)):
        return int(column.nbytes)
    lengths = pc.binary_length(column.dictionary)
    if len(lengths) and (pc.max(lengths).as_py() or 0) > 4 * LONGEST_CELL:
        raise DataError(f"{file}, {shown(name, 40)}: a cell holds more than {LONGEST_CELL:,} characters.")
    return int(pc.sum(lengths.take(column.indices)).as_py() or 0) + 8 * len(column)


def _frame(read: pa.Table, schema: pa.Schema, file: str) -> pd.DataFrame:
    """Texts as str, categories as such, everything else as pandas has it."""
    columns: dict[str, pd.Series] = {}
    for name, column in zip(read.schema.names, read.columns, strict=True):
        kind = schema.field(name).type
        if _is_text(kind):
            column = column.cast(pa.large_binary()) if _is_raw(kind) else column.cast(pa.large_string())
        if _is_raw(kind):
            try:
                column = column.cast(pa.large_string())
            except pa.ArrowInvalid:
                raise DataError(f"{file}, {shown(name, 40)}: the column holds bytes that are no UTF-8 text.") from None
        gaps = column.null_count > 0 and pa.types.is_integer(kind)  # as floats, large ids would lose digits
        columns[name] = column.to_pandas(date_as_object=False, types_mapper=_WHOLE.get if gaps else None)
    return pd.DataFrame(columns)
