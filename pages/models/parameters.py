"""What a model learnt, in words: each number with what it does. Numbers that need no words are listed as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import pandas as pd
import streamlit as st

from explain.format.dates import span
from explain.format.numbers import amount
from explain.format.words import column_words as title
from explain.results.workspace import SnapshotInfo
from pages.frame import widgets
from pages.frame.text import metric

LIFE: Final = "_life"  # how the name of a half-life in seconds ends
YEAR_S: Final = 31_557_600
Relations = Mapping[str, Mapping[str, float] | float]
"""relation → its numbers by name, or its only number"""


def section(
    snapshot: SnapshotInfo,
    words: Mapping[str, str],
    effects: Mapping[str, str],
    *,
    live: bool,
    spanned: float | None,
) -> None:
    """words: relation → the workspace's own words for it; effects: name of a number → what it does to a score.

    live     whether the workspace's models are fitted by the split `live`
    spanned  seconds from the first event to the last; None for data without times
    """
    relations = snapshot.parameters.get("relations")
    general = {k: v for k, v in snapshot.parameters.items() if k != "relations"}
    if relations:
        st.caption(
            "A relation is a way from the person to the item. Each was given these numbers by "
            "trying them on hidden events."
        )
        widgets.table(
            relations_frame(relations, words),
            f"relations-{snapshot.model}",
            "The learnt numbers of each relation",
            what="relations",
        )
        st.markdown(
            "\n".join(f"- **{_title(name)}**: {effects[name]}" for name in _names(relations) if name in effects)
        )
    if general:
        widgets.table(
            general_frame(general, effects),
            f"parameters-{snapshot.model}",
            "The learnt numbers with what they mean",
            what="parameters",
        )
    if any(name.endswith(LIFE) for name in effects):
        st.caption(time_sentence(snapshot.parameters, live=live, spanned=spanned))
    if not snapshot.parameters:
        st.info("This model has no parameters: it counts.")
    if snapshot.metrics:
        validation = ", ".join(f"{metric(name)} {value:.3f}" for name, value in sorted(snapshot.metrics.items()))
        st.caption(f"On the validation cut by which they were picked: {validation}. Seed {snapshot.seed}.")


def time_sentence(learnt: Mapping[str, object], *, live: bool, spanned: float | None) -> str:
    """Whether time is in the edges and why not; and why no season is."""
    if spanned is None:
        return "These data have no times, so every event counts the same whenever it was."
    lives = sum(path[-1].endswith(LIFE) and isinstance(value, float) for path, value in _leaves(learnt))
    if lives:
        time = f"Time is in the edges: validation chose {lives} half-{'life' if lives == 1 else 'lives'}."
    elif live:
        time = "Time is left out: no half-life raised what validation finds, so an event counts the same however old."
    else:
        time = "Time is left out: half-lives are tried where lists are of now (split “live”), and these are not."
    if spanned < 2 * YEAR_S:
        return f"{time} No season is weighed: the data span {span(spanned)}, and one that comes again needs two years."
    return f"{time} No season is weighed: no relation here leads to the same week a year before."


def _names(relations: Relations) -> list[str]:
    return sorted({name for numbers in relations.values() if isinstance(numbers, Mapping) for name in numbers})


def relations_frame(relations: Relations, words: Mapping[str, str]) -> pd.DataFrame:
    """One row a relation, one column a number, with what part the relation's weight is of all weights."""
    whole = sum(abs(n.get("weight", 0.0)) for n in relations.values() if isinstance(n, Mapping))
    rows = []
    for name, numbers in relations.items():
        values = numbers if isinstance(numbers, Mapping) else {"value": numbers}
        share = {"% of weights": 100 * abs(values["weight"]) / whole} if whole and "weight" in values else {}
        rows.append(
            {"relation": words.get(name, title(name))}
            | share
            | {_title(key): _lives(key, value) for key, value in values.items()}
        )
    return pd.DataFrame(rows)


def _title(name: str) -> str:
    return f"{title(name.removesuffix(LIFE))}, half-life" if name.endswith(LIFE) else title(name)


def _lives(name: str, value: float) -> float | str:
    """A half-life with its unit; anything else as it is."""
    return span(value) if name.endswith(LIFE) else value


def _in_words(value: object) -> str:
    """A number in three digits, anything else as it is."""
    return amount(value, signed=False) if isinstance(value, float) else str(value) or "none"


def general_frame(parameters: Mapping[str, object], effects: Mapping[str, str]) -> pd.DataFrame:
    """One row a number; those of a mixture's members begin with whose they are."""
    rows = [
        (
            " · ".join(map(_title, path)),
            span(value) if path[-1].endswith(LIFE) and isinstance(value, float) else _in_words(value),
            next((effects[name] for name in reversed(path) if name in effects), ""),
        )
        for path, value in _leaves(parameters)
    ]
    return pd.DataFrame(rows, columns=["parameter", "value", "what it does"])


def _leaves(parameters: Mapping[str, object], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    for name, value in parameters.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name), value
