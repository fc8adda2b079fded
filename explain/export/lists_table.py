"""Everybody's lists as a table on disk, written whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import SurfacedError, shown
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models.base import Recommender
from core.ranking import NO_ITEM


def write_lists(graph: InteractionGraph, lists: IntArray, scores: FloatArray, out: Path) -> int:
    """Parquet with the columns user, rank, item, score; the number of rows. Raises SurfacedError where it cannot be
    written.
    """
    user, place = np.nonzero(lists != NO_ITEM)
    frame = pd.DataFrame(
        {
            "user": graph.users.ids[user],
            "rank": place + 1,
            "item": graph.items.ids[lists[user, place]],
            "score": scores[user, place],
        }
    )
    return _write(frame, out)


def write_window(graph: InteractionGraph, moment: IntArray, user: IntArray, lists: IntArray, out: Path) -> int:
    """Lists of many moments as Parquet with the columns moment (seconds UTC), user, rank, item; the number of rows.
    Raises SurfacedError where it cannot be written.
    """
    row, place = np.nonzero(lists != NO_ITEM)
    frame = pd.DataFrame(
        {
            "moment": moment[row],
            "user": graph.users.ids[user[row]],
            "rank": place + 1,
            "item": graph.items.ids[lists[row, place]],
        }
    )
    return _write(frame, out)


def _write(frame: pd.DataFrame, out: Path) -> int:
    check_writable(out)
    temporary = out.with_name(f".{out.name}.writing")
    try:
        frame.to_parquet(temporary, index=False)
        os.replace(temporary, out)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise SurfacedError(f"{out} could not be written: {error.strerror or error}. Nothing was stored.") from None
    return len(frame)


def check_writable(out: Path) -> None:
    """Raises SurfacedError where no file can be written at this place; asked before the work that it is to hold."""
    if not out.name or out.is_dir():
        raise SurfacedError(f"{shown(out)} could not be written: it is a folder. Name a file, such as lists.parquet.")
    if not out.parent.is_dir():
        raise SurfacedError(f"{shown(out)} could not be written: there is no folder {out.parent}. Make it first.")
    if not os.access(out.parent, os.W_OK):
        raise SurfacedError(f"{shown(out)} could not be written: the folder {out.parent} is read-only for you.")


def scores_of(model: Recommender, lists: IntArray) -> FloatArray:
    """The scores of listed items: float64 [n_users, k]; places without an item hold some item's score."""
    rows = []
    for users in np.array_split(np.arange(len(lists)), len(lists) // 256 + 1):
        rows.append(np.take_along_axis(model.score(users), np.maximum(lists[users], 0), axis=1))
    return np.concatenate(rows)
