"""What the cells of a column are: seconds, numbers, codes or texts. One reader for CSV and Parquet, events and attributes."""

from __future__ import annotations

import numpy as np
import pandas as pd


def seconds(times: pd.Series) -> pd.Series:
    """Seconds UTC; dates become seconds, and text that is neither stays as it is for validation to report."""
    if pd.api.types.is_datetime64_any_dtype(times):
        return _epoch(pd.to_datetime(times, utc=True))
    number = pd.to_numeric(times, errors="coerce")
    is_text = number.isna() & times.notna()
    if not is_text.any():
        return number
    dates = _epoch(pd.to_datetime(times.where(is_text), errors="coerce", utc=True, format="ISO8601"))
    unreadable = is_text & dates.isna()
    return number.astype("object").where(~is_text, dates).where(~unreadable, times)


def _epoch(dates: pd.Series) -> pd.Series:
    seconds = pd.Series(dates.dt.tz_localize(None).to_numpy(dtype="datetime64[s]").astype("int64"), index=dates.index)
    return seconds.astype("float64").where(dates.notna(), np.nan)


def typed(column: pd.Series) -> pd.Series:
    """An attribute as numbers where every known value is one, and nothing is lost: 001 and 1 are two codes, not one number."""
    number = pd.to_numeric(column, errors="coerce")
    if not column.notna().any() or not (number.notna() == column.notna()).all():
        return column
    text = column.dropna().astype(str).str.strip()
    codes = text.str.match(r"[+-]?0\d").any() or text.nunique() != number.nunique()
    return column if codes else number
