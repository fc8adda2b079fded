"""The main parameters of a recommender and how much each weighs, measured: what DSA Article 27 asks to be told in plain
words.

Weights are not the numbers that a model learnt but what they do: for every listed item the absolute amount of each part
of its score, as a share of all parts' amounts. Shares are taken person by person and averaged, so that everybody counts
the same whatever the size of their scores; intervals resample people. What the parts of one score are is told by the
explanations; through what a group loses attention, by attribution.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from core.errors import DataError
from core.graph import FloatArray, IntArray, InteractionGraph
from core.intervals import DRAWS, percentile_interval, resampled_sums
from core.models.base import Recommender
from core.progress import Progress, no_progress
from core.ranking import NO_ITEM
from explain.fairness.score_terms import score_terms, source_terms, sources_by_age, sources_by_kind
from explain.results.exposure import Weight

MAX_PEOPLE, BATCH = 500, 128
HISTORY, GUARDRAILS = "history", "guardrails"
Reader = Callable[[IntArray], Mapping[str, FloatArray]]


def measure_weights(
    graph: InteractionGraph,
    model: Recommender,
    users: IntArray,
    lists: IntArray,
    label: Callable[[str], str],
    *,
    seed: int = 0,
    draws: int = DRAWS,
    progress: Progress = no_progress,
) -> tuple[Weight, ...]:
    """Shares of the listed items' amounts by kind, relation and source of the history.

    users  int64 [n]        lists  int64 [n, k], NO_ITEM where one ends early        label  a relation's key in words
    Raises DataError where no listed item has a score to share out.
    """
    amounts = _amounts(lambda batch: score_terms(model, batch), users, lists, progress)
    rows = _level("relation", amounts, label, seed, draws)
    if not rows:
        raise DataError("No listed item has a score that is not 0, so there is nothing to share out.")
    constants = model.spec.constants
    kinds: dict[str, FloatArray] = {}
    for name, both in amounts.items():
        kind = name if name in constants else HISTORY
        kinds[kind] = kinds[kind] + both if kind in kinds else both
    kinds[GUARDRAILS] = np.zeros_like(next(iter(amounts.values())))
    shares = _level("kind", kinds, _kind_words(label), seed, draws) + rows
    if set(amounts) - set(constants):
        for level, sources in (("events", sources_by_kind(graph)), ("age", sources_by_age(graph))):

            def read(batch: IntArray, sources: Any = sources) -> Mapping[str, FloatArray]:
                return {k: v for k, v in source_terms(model, batch, sources).items() if k not in constants}

            shares += _level(level, _amounts(read, users, lists, progress), _source_words, seed, draws)
    return tuple(shares)


def weights_sentence(rows: tuple[Weight, ...], n_people: int, k: int, noun: str) -> str:
    """What matters most and by how much, in plain words."""
    relations = [r for r in rows if r.level == "relation" and r.share >= 0.005]
    listing = ", then ".join(f"{r.label} ({r.share:.0%})" for r in relations[:4])
    text = f"What matters most for the first {k} {noun}s of a list: {listing}."
    against = [r for r in relations if r.against > 0.9 * r.share]
    if against:
        text += f" What speaks against {noun}s: {', '.join(r.label for r in against)}."
    without = sum(r.share for r in rows if r.level == "kind" and r.name not in (HISTORY, GUARDRAILS))
    text += (
        f" {without:.0%} of it does not depend on anything in the history."
        if without
        else " All of it enters through the person's own history."
    )
    return f"{text} Measured over {n_people:,} people."


def _amounts(read: Reader, users: IntArray, lists: IntArray, progress: Progress) -> dict[str, FloatArray]:
    """By part, float64 [n, 2]: each person's summed amounts of their listed items, absolute, and of those the ones
    below 0.
    """
    amounts: dict[str, list[FloatArray]] = {}
    for start in range(0, len(users), BATCH):
        rows = slice(start, start + BATCH)
        listed = lists[rows]
        for name, values in read(users[rows]).items():
            on_lists = np.where(listed != NO_ITEM, np.take_along_axis(values, np.maximum(listed, 0), axis=1), 0.0)
            both = np.column_stack([np.abs(on_lists).sum(axis=1), np.maximum(-on_lists, 0).sum(axis=1)])
            amounts.setdefault(name, []).append(both)
        done = min(start + BATCH, len(users))
        progress(done / len(users), f"reading {done:,} of {len(users):,} lists")
    return {name: np.concatenate(parts) for name, parts in amounts.items()}


def _level(
    level: str, amounts: Mapping[str, FloatArray], label: Callable[[str], str], seed: int, draws: int
) -> list[Weight]:
    """Mean shares over the people whose lists have any amount, largest first."""
    names = list(amounts)
    table = np.stack([amounts[name] for name in names])
    whole = table[:, :, 0].sum(axis=0)
    live = whole > 0
    if not live.any():
        return []
    shares = table[:, live, 0] / whole[live]
    against = (table[:, live, 1] / whole[live]).mean(axis=1)
    n = int(live.sum())
    low, high = percentile_interval(resampled_sums(shares.T, draws, np.random.default_rng(seed)) / n)
    rows = [
        Weight(
            level=level,
            name=name,
            label=label(name),
            share=float(shares[j].mean()),
            low=float(low[j]),
            high=float(high[j]),
            against=float(against[j]),
        )
        for j, name in enumerate(names)
    ]
    return sorted(rows, key=lambda row: -row.share)


def _kind_words(label: Callable[[str], str]) -> Callable[[str], str]:
    words = {HISTORY: "the person's history", GUARDRAILS: "guardrails (none moves these lists)"}
    return lambda name: words.get(name) or label(name)


def _source_words(name: str) -> str:
    ages = {"recent": "the newer half of the history", "older": "the older half of the history"}
    return ages.get(name, f"{name} events")
