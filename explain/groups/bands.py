"""A column as a few readable groups: categories as they are, numbers and times cut into quantile bands.

Bands never split equal values, and a band's label names the lowest and highest value in it. Codes are positions in the
labels, -1 for what is not known; what becomes of the unknown is said by cohorts.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.graph import FloatArray, IntArray
from core.texts import UNKNOWN

Coded = tuple[tuple[str, ...], IntArray]

MAX_CATEGORIES = 12
N_BANDS = 5
_DAY_S = 86_400


def is_unknown(value: Any) -> bool:
    """Missing, empty, or called unknown."""
    if isinstance(value, str):
        return value.strip().casefold() in ("", UNKNOWN)
    if not pd.api.types.is_scalar(value):  # a list in a Parquet column
        return len(value) == 0
    return bool(pd.isna(value))


def too_many_values(column: pd.Series) -> bool:
    """Text that hardly repeats: more than 12 values, and fewer than three rows for each. Numbers can always
    be banded.
    """
    column = column.infer_objects()
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return False
    known = column[~column.map(is_unknown).astype(bool)].astype(str)
    n_values = known.nunique()
    return bool(n_values > MAX_CATEGORIES and n_values * 3 > len(known))


def code_column(column: pd.Series) -> Coded:
    """Labels and codes of an attribute column: numbers with more than 12 values and times in five bands, else
    categories.
    """
    column = column.infer_objects()
    unknown = column.map(is_unknown).to_numpy(dtype=np.bool_)
    if pd.api.types.is_datetime64_any_dtype(column):
        return time_bands(column, "published")
    if pd.api.types.is_bool_dtype(column.dtype) or _are_truths(column):
        return _categories(column.map({True: "yes", False: "no"}).to_numpy(dtype=object), unknown)
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        unknown = unknown | ~np.isfinite(values)
        if len(np.unique(values[~unknown])) > MAX_CATEGORIES:
            return _banded(values, unknown, N_BANDS)
        return _categories(values, unknown)
    if isinstance(column.dtype, pd.CategoricalDtype) and column.dtype.ordered:
        return _categories(column.astype(object).to_numpy(), unknown, list(column.dtype.categories))
    return _categories(column.astype(object).map(str).to_numpy(dtype=object), unknown)


def time_bands(column: pd.Series, source: str) -> Coded:
    """Age of things in five bands of publication day (source "published": seconds UTC or dates) or of year, oldest
    first.
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        naive = column.dt.tz_convert(None) if getattr(column.dtype, "tz", None) is not None else column
        seconds = pd.Series(naive.to_numpy(dtype="datetime64[s]").astype("int64"), index=column.index, dtype="float64")
        return time_bands(seconds.where(column.notna()), "published")
    if not pd.api.types.is_numeric_dtype(column.infer_objects()):
        return code_column(column)
    values = column.infer_objects().to_numpy(dtype=np.float64, na_value=np.nan)
    unknown = ~np.isfinite(values)
    if source == "published":
        labels, code = _banded(np.floor(values / _DAY_S), unknown, N_BANDS, days=True)
    else:
        labels, code = _banded(values, unknown, N_BANDS)
    if len(labels) > 1:
        labels = (f"{labels[0]} (oldest)", *labels[1:-1], f"{labels[-1]} (newest)")
    return labels, code


def count_bands(counts: IntArray, n_bands: int, noun: str) -> Coded:
    """Quantile bands of a count, lowest first: "0–3 people", "4–9 people", … Ties may leave fewer than n_bands."""
    labels, code = _banded(counts.astype(np.float64), np.zeros(len(counts), dtype=np.bool_), n_bands)
    return tuple(f"{label} {noun}" for label in labels), code


def _are_truths(column: pd.Series) -> bool:
    """Whether a column of objects holds true and false alone, with gaps, as Parquet gives it."""
    known = column.dropna()
    return column.dtype == object and len(known) > 0 and bool(known.map(type).isin((bool, np.bool_)).all())


def _place(value: Any) -> tuple[bool, float, str]:
    """Where a category stands: numbers by what they are worth (2 before 10), and before texts."""
    try:
        number = float(value)
    except ValueError:
        number = np.nan
    return (False, number, str(value)) if np.isfinite(number) else (True, 0.0, str(value))


def _categories(values: NDArray[Any], unknown: NDArray[np.bool_], order: list[Any] | None = None) -> Coded:
    present = set(values[~unknown].tolist())
    ordered = [v for v in order if v in present] if order is not None else sorted(present, key=_place)
    position = {value: j for j, value in enumerate(ordered)}
    code = np.array([-1 if u else position[v] for v, u in zip(values.tolist(), unknown, strict=True)], dtype=np.int64)
    return tuple(_number(v) if isinstance(v, float) else str(v) for v in ordered), code


def _banded(values: FloatArray, unknown: NDArray[np.bool_], n_bands: int, days: bool = False) -> Coded:
    """Bands that end at the j/n_bands quantiles of the known values; equal values stay together."""
    code = np.full(len(values), -1, dtype=np.int64)
    known = values[~unknown]
    if not len(known):
        return (), code
    edges = np.unique(np.quantile(known, np.arange(1, n_bands) / n_bands, method="inverted_cdf"))
    edges = edges[edges < known.max()]
    code[~unknown] = np.searchsorted(edges, known, side="left")
    spans = [(known[code[~unknown] == j].min(), known[code[~unknown] == j].max()) for j in range(len(edges) + 1)]
    return tuple(_span(low, high, days) for low, high in spans), code


def _span(low: float, high: float, days: bool) -> str:
    if days:
        first, last = (str(np.datetime64(int(day), "D")) for day in (low, high))
    else:
        first, last = _number(low), _number(high)
    if first == last:
        return first
    return f"{first}–{last}" if not days and low >= 0 else f"{first} to {last}"


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else f"{value:.6g}"
