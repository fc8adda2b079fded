"""What would lists be worth that know nobody? Two arms without a profile, beside the model, on what was kept back.

popularity  what most people of the training part have        recency  the newest first: the item's published date or year,
else its first event. One order for everybody; only what a person has already is left out. DSA Article 38 asks very large
platforms to offer such an option. Nothing was shown to anybody: these are the same held-out events on which models are measured.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.evaluation import Evaluation, evaluate
from core.graph import FloatArray, IntArray, InteractionGraph
from core.intervals import percentile_interval, resampled_sums
from core.progress import Progress, no_progress, portion
from core.ranking import rank_all
from data.splits import Split
from explain.fairness.exposure import attention_of
from explain.fairness.metrics.concentration import corrected_gini
from explain.fairness.ratios import given_of, ratios_of
from explain.fairness.thresholds import Target
from explain.groups.cohorts import AGE_SOURCES, Cohorts

Interval = dict[str, float]
DATE_WORDS = {"published": "date of publication", "release_year": "year of release"}


@dataclass(frozen=True)
class Baseline:
    """One way of making lists. metrics: value, low, high (95 %, bootstrap over people; coverage by jackknife).

    ndcg_gap  the model's nDCG less this arm's, person by person, None for the model itself
    exposure  group → exposure ratio, 1 is an equal share; impact_ratio lowest / highest of the known groups, None without any
    gini      corrected Gini of appearances: 0 as even as can be, 1 the same list for everybody
    """

    name: str
    title: str
    profiles: bool
    rule: str
    ndcg: Interval
    recall: Interval
    coverage: Interval
    ndcg_gap: Interval | None
    gini: float | None
    exposure: dict[str, float | None]
    impact_ratio: float | None


@dataclass(frozen=True)
class NonProfiling:
    """The model, then the arms."""

    workspace: str
    model: str
    split: str
    k: int
    by: str | None
    n_people: int
    seed: int
    arms: tuple[Baseline, ...]
    sentence: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def popularity_order(train: InteractionGraph) -> FloatArray:
    """Number of people who have an item: float64 [n_items]."""
    return np.bincount(train.interactions.indices, minlength=train.n_items).astype(np.float64)


def recency_order(train: InteractionGraph) -> tuple[FloatArray, str]:
    """Higher is newer, float64 [n_items], and the rule in words. Equal dates by the later first event; the undated come last."""
    first = np.full(train.n_items, np.inf)
    np.minimum.at(first, train.events.item, train.events.time.astype(np.float64))
    first[~np.isfinite(first)] = -np.inf
    items = train.items.attributes
    source = next((name for name in AGE_SOURCES if name in items.columns and _dates(items[name]) is not None), None)
    dates = first if source is None else _dates(items[source])
    assert dates is not None
    order = np.lexsort((np.arange(train.n_items)[::-1], first, dates))
    place = np.empty(train.n_items)
    place[order] = np.arange(train.n_items)
    if source is None:
        return place, "newest first, by the time of an item's first event"
    return place, f"newest first, by {DATE_WORDS.get(source, source)}"


def compare_baselines(
    part: Split, model_lists: IntArray, title: str, k: int, *, groups: Cohorts | None, seed: int = 0, browsing: str = "rbp(0.8)",
    target: Target = "catalogue", progress: Progress = no_progress,
) -> tuple[Baseline, ...]:  # fmt: skip
    """The model's lists (int64 [n_users, ≥ k], of the training part) and both arms, measured on the same people.

    browsing, target  in which way exposure is read, and what it is compared with
    Raises DataError if nobody has a held-out item.
    """
    recent, rule = recency_order(part.train)
    orders = (
        ("popularity", "Most popular", "what most people have, the same for everybody", popularity_order(part.train)),
        ("recency", "Newest", f"{rule}, the same for everybody", recent),
    )
    model = _measured(part, model_lists[:, :k], k, seed)
    own = "each list from the person's own history"
    n_items = part.train.n_items

    def exposed(lists: IntArray) -> dict[str, float | None]:
        return _exposure(lists, groups, browsing, target, part)

    arms = [_arm("model", title, True, own, model_lists[:, :k], model, None, exposed(model_lists[:, :k]), k, n_items)]
    for n, (name, words, how, order) in enumerate(orders):
        told = portion(progress, n / len(orders), (n + 1) / len(orders))
        lists = _one_order(part, order, k, told)
        found = _measured(part, lists, k, seed)
        gap = _difference(model, found, k, seed)
        arms.append(
            _arm(
                name,
                words,
                False,
                f"{how}; what a person has is left out",
                lists,
                found,
                gap,
                exposed(lists),
                k,
                part.train.n_items,
            )
        )
    return tuple(arms)


def baselines_sentence(arms: tuple[Baseline, ...], k: int) -> str:
    """What is lost without a profile, in one sentence."""
    model, rest = arms[0], arms[1:]
    told = []
    for arm in rest:
        gap = arm.ndcg_gap or {"value": 0.0, "low": 0.0, "high": 0.0}
        word = "less" if gap["low"] > 0 else "more" if gap["high"] < 0 else "not surely different"
        told.append(f"{arm.title.lower()} {arm.ndcg['value']:.3f} ({word})")
    return f"Held-out nDCG@{k}: {model.title} {model.ndcg['value']:.3f}; without a profile {', '.join(told)}."


def _one_order(part: Split, order: FloatArray, k: int, progress: Progress) -> IntArray:
    """Everybody's first k of one order, without what they have in the training part: int64 [n_users, k]."""

    def score(rows: IntArray) -> FloatArray:
        return np.tile(order, (len(rows), 1))

    return rank_all(score, part.train.n_users, part.train.interactions, k, progress=progress)[0]


def _measured(part: Split, lists: IntArray, k: int, seed: int) -> Evaluation:
    return evaluate(lists, part.test, training=part.train.interactions, cutoffs=(k,), seed=seed)


def _arm(
    name: str, title: str, profiles: bool, rule: str, lists: IntArray, found: Evaluation, gap: Interval | None,
    exposure: dict[str, float | None], k: int, n_items: int,
) -> Baseline:  # fmt: skip
    known = [v for label, v in exposure.items() if v is not None and label != "unknown"]
    counts = np.bincount(lists[lists >= 0], minlength=n_items).astype(np.float64)
    uneven = float(corrected_gini(counts, k, len(lists)))
    metrics = {m: found.metrics[f"{m}@{k}"].as_json() for m in ("ndcg", "recall", "coverage")}
    return Baseline(
        name, title, profiles, rule, metrics["ndcg"], metrics["recall"], metrics["coverage"], gap,
        uneven if np.isfinite(uneven) else None, exposure,
        min(known) / max(known) if len(known) > 1 and max(known) > 0 else None,
    )  # fmt: skip


def _exposure(
    lists: IntArray, groups: Cohorts | None, browsing: str, target: Target, part: Split
) -> dict[str, float | None]:
    if groups is None:
        return {}
    weights = attention_of(browsing, lists, part.train.n_items, part.test)
    found = ratios_of(given_of(lists, weights, groups, target, part.test)).ratio
    return {label: float(v) if np.isfinite(v) else None for label, v in zip(groups.labels, found, strict=True)}


def _difference(model: Evaluation, arm: Evaluation, k: int, seed: int) -> Interval:
    """Mean over people of the model's nDCG less the arm's, the same people in both."""
    apart = model.per_user[f"ndcg@{k}"] - arm.per_user[f"ndcg@{k}"]
    drawn = resampled_sums(apart[:, None], model.draws, np.random.default_rng(seed)) / len(apart)
    low, high = percentile_interval(drawn)
    return {"value": float(apart.mean()), "low": float(low[0]), "high": float(high[0])}


def _dates(column: pd.Series) -> FloatArray | None:
    """A date column as numbers, -inf where it is missing; None where it holds no dates."""
    column = column.infer_objects()
    if pd.api.types.is_datetime64_any_dtype(column):
        missing = column.isna().to_numpy()
        values = column.astype("int64").to_numpy(dtype=np.float64)
        return np.where(missing, -np.inf, values)
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(numbers), numbers, -np.inf) if np.isfinite(numbers).any() else None
