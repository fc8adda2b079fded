"""A Parquet file as a table, with the types that it states."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from core.errors import DataError, short


def read_parquet(file: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(file).reset_index(drop=True)
    except (OSError, ValueError) as error:
        raise DataError(f"{file.name} is no Parquet file that can be read: {short(error)}.") from error
