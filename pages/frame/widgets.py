"""What several pages show: pickers bound to the address, tiles, tables with their CSV, empty states and errors."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Final, Literal

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.errors import NotReadyError, SurfacedError
from core.texts import command as typed
from explain.format.numbers import p_value
from pages.frame import address, pickers, queries, spec
from pages.frame.selection import Selection, chosen_workspace, selected
from pages.frame.text import plain

if TYPE_CHECKING:
    from streamlit.elements.lib.column_types import ColumnConfig

    Columns = Mapping[str, ColumnConfig]

P: Final = "adjusted p"
_FORMULA: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # full-width ones are taken for them too
_BLANKS: Final = (
    "".join(chr(c) for c in range(0x21))
    + "\x7f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    + "\u200b\u200c\u200d\u202f\u205f\u2060\u3000\ufeff"
)
_LINE_ENDS: Final = re.compile(r"[\r\n\v\f\x85\u2028\u2029]+")
_RESERVED: Final = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


def theme() -> str:
    """The theme of this visitor's browser; charts are drawn in its inks."""
    return "dark" if st.context.theme.type == "dark" else "light"


def link(page: str, label: str, width: Literal["stretch", "content"] = "stretch", **changes: str | None) -> None:
    """A link to another page that takes the shared state along. The label is ours or went through `plain`."""
    st.page_link(spec.script(page), label=f":primary[{label}]", query_params=address.address(**changes), width=width)


def notices() -> None:
    for text in address.notices():
        st.warning(plain(text, 400))


def command(text: str) -> None:
    """Something to copy. It wraps: a line that scrolls sideways cannot be reached by keyboard."""
    st.code(text, language=None, wrap_lines=True)


def problem(error: SurfacedError) -> None:
    """An error as the sentence that it is, with what to type where something has to be done first."""
    st.error(plain(error, 600))
    if isinstance(error, NotReadyError):
        command(error.command)


def tiles(entries: Sequence[tuple[str, str, str]]) -> None:
    """Numbers side by side, each with its name above and what it means below: (name, number, meaning)."""
    box = "border:1px solid rgba(128,138,148,.5);border-radius:.5rem;padding:.55rem .8rem"
    number = "margin:0;padding:0;font-size:1.45rem;font-weight:600;overflow-wrap:anywhere"
    grid = (
        "display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.6rem;margin:0 0 .25rem;padding:0"
    )
    cells = "".join(
        f'<div style="{box}"><dt style="font-size:.875rem;margin:0;padding:0;font-weight:400">{escape(name)}</dt>'
        f'<dd style="{number}">{escape(value)}</dd><dd '
        f'style="margin:0;padding:0;font-size:.8125rem">{escape(meaning)}</dd></div>'
        for name, value, meaning in entries
    )
    st.html(f'<dl style="{grid}">{cells}</dl>')


def chart(figure: go.Figure, key: str, alt: str) -> None:
    st.plotly_chart(figure, theme=None, key=key, config={"displayModeBar": False}, alt=alt)


def table(
    frame: pd.DataFrame,
    name: str,
    alt: str,
    config: Columns | None = None,
    most: int = 500,
    *,
    what: str = "",
    row_height: int | None = None,
) -> None:
    """A table and its CSV. A long one is shown to its first `most` rows; the file holds all.

    what: see `csv`; else the alt text says it
    """
    rows(frame.head(most), alt, config, row_height)
    if len(frame) > most:
        st.caption(f"The first {most} of {len(frame):,} rows; the CSV holds all.")
    csv(frame, name, what or f"{alt[:1].lower()}{alt[1:]}")


def rows(frame: pd.DataFrame, alt: str, config: Columns | None = None, row_height: int | None = None) -> None:
    """A table alone.

    Fractions are shown in four significant digits, percentages (titles that begin with %) with two places, p-values no
    smaller than they can be said; the CSV has them all.
    """
    if P in frame:
        frame = frame.assign(**{P: frame[P].map(p_value)})
    digits = {
        c: st.column_config.NumberColumn(format="%.2f" if str(c).startswith("%") else "%.4g")
        for c in frame.select_dtypes("float").columns
    }
    st.dataframe(frame, hide_index=True, column_config=digits | dict(config or {}), row_height=row_height, alt=alt)


def csv(frame: pd.DataFrame, name: str, what: str = "this table") -> None:
    """The button that saves a table. what: the table in a few words, since several buttons may stand on a page."""
    st.download_button(
        f"CSV: {plain(what, 80)}",
        lambda: csv_text(frame),
        file_name(name, "csv"),
        "text/csv",
        key=f"csv-{name}",
        on_click="ignore",
        help=f"Download this table as {plain(file_name(name, 'csv'), 120)}",
    )


def file_name(name: str, ending: str) -> str:
    """A name that every file system takes, whatever the ids in it."""
    stem = re.sub(r"[^\w.-]+|_+", "-", unicodedata.normalize("NFC", name))
    stem = stem.encode()[:90].decode(errors="ignore").strip("-.") or "table"
    if stem.partition(".")[0].casefold() in _RESERVED:
        stem = f"file-{stem}"
    if stem != name:  # what was left out still tells two names apart
        stem = f"{stem}-{hashlib.sha256(name.encode(errors='replace')).hexdigest()[:6]}"
    return f"{stem}.{ending}"


def csv_text(frame: pd.DataFrame) -> str:
    """A table as CSV for a spreadsheet: a byte order mark, no formula in a cell or title, no line end within a cell."""
    safe = frame.copy()
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        if not pd.api.types.is_numeric_dtype(column):
            safe.isetitem(place, column.map(_cell).array)
    safe.columns = pd.Index([_cell(str(column)) for column in frame.columns])
    return "\ufeff" + safe.to_csv(index=False)


def _cell(value: object) -> object:
    """A text that no spreadsheet takes for a formula, however it trims it, and no reader breaks into rows."""
    if not isinstance(value, str):
        return value
    line = _LINE_ENDS.sub(" ", value)
    return f"'{line}" if line.strip(_BLANKS).startswith(_FORMULA) or line.startswith("\t") else line


def sidebar(selection: Selection) -> None:
    """The filters that all pages share: which data, which model."""
    models = queries.models()
    with st.sidebar:
        titles = {w.name: w.title for w in queries.workspaces() if w.ready}
        pickers.choose("Data", list(titles), "workspace", selection.name, lambda n: titles.get(n, n))
        pickers.choose(
            "Model", [s.model for s in selection.fitted], "model", selection.model, lambda n: models[n].title
        )


def shared_selection(title: str | None = None) -> Selection:
    """The selection of a page that needs a fitted model, with the shared filters drawn.

    Where there is no such model, an empty state ends the page.
    title  of the empty state, for a page that has not drawn its own yet
    """
    selection = selected()
    if selection is None:
        if title:
            st.title(title)
        nothing_ready()
        st.stop()
    sidebar(selection)
    return selection


def nothing_ready() -> None:
    """No workspace or no model: the reason, and the one thing to do."""
    notices()
    where = chosen_workspace()
    if where is None:
        st.info("No data is prepared here yet. This command fetches it, fits the models and opens this page again:")
        command("make demo")
        return
    st.info(f"No model is fitted to {plain(where.title)} yet. Fit one on the page Models, or type:")
    command(typed("fit", "--workspace", where.name, "--model", queries.default_model()))
    link("models", "Go to Models")
