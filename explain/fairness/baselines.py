"""What would lists be worth that know nobody? Two baselines without a profile, beside the model, on what was kept back.

popularity  what most people of the training part have        recency  the newest first: the item's published date or
            year,
else its first event. One order for everybody; only what a person has already is left out. DSA Article 38 asks very
large platforms to offer such an option. Nothing was shown to anybody: these are the same held-out events on which
models are measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.evaluation import Evaluation, evaluate
from core.graph import FloatArray, IntArray, InteractionGraph
from core.intervals import percentile_interval, resampled_sums
from core.progress import Progress, no_progress, portion
from core.ranking import rank_all
from data.splits import Split
from explain.fairness.exposure import RBP, attention_of
from explain.fairness.metrics.concentration import corrected_gini
from explain.fairness.ratios import group_exposure, ratios_of
from explain.groups.cohorts import AGE_SOURCES, UNKNOWN, Cohorts
from explain.results.exposure import Baseline
from explain.results.measured import Estimate
from explain.results.plan import Target

DATE_WORDS = {"published": "date of publication", "release_year": "year of release"}


def popularity_order(train: InteractionGraph) -> FloatArray:
    """Number of people who have an item: float64 [n_items]."""
    return np.bincount(train.interactions.indices, minlength=train.n_items).astype(np.float64)


def recency_order(train: InteractionGraph) -> tuple[FloatArray, str]:
    """Higher is newer, float64 [n_items], and the rule in words. Equal dates by the later first event; the undated come
    last.
    """
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
    part: Split,
    model_lists: IntArray,
    title: str,
    k: int,
    *,
    groups: Cohorts | None,
    seed: int = 0,
    browsing: str = RBP,
    target: Target = "catalogue",
    progress: Progress = no_progress,
) -> tuple[Baseline, ...]:
    """The model's lists (int64 [n_users, ≥ k], of the training part) and both baselines, measured on the same people.

    browsing, target  in which way exposure is read, and what it is compared with
    Raises DataError if nobody has a held-out item.
    """
    recent, rule = recency_order(part.train)
    orders = (
        ("popularity", "Most popular", "what most people have, the same for everybody", popularity_order(part.train)),
        ("recency", "Newest", f"{rule}, the same for everybody", recent),
    )
    own = "each list from the person's own history"
    served = _Lists("model", title, True, own, model_lists[:, :k])
    model, n_items = _measured(part, served.lists, k, seed), part.train.n_items
    baselines = [_baseline(served, model, None, _exposure(served.lists, groups, browsing, target, part), n_items)]
    for n, (name, words, how, order) in enumerate(orders):
        step = portion(progress, n / len(orders), (n + 1) / len(orders))
        lists = _one_order(part, order, k, step)
        quality = _measured(part, lists, k, seed)
        ranked = _Lists(name, words, False, f"{how}; what a person has is left out", lists)
        gap = _difference(model, quality, k, seed)
        exposure = _exposure(lists, groups, browsing, target, part)
        baselines.append(_baseline(ranked, quality, gap, exposure, n_items))
    return tuple(baselines)


def baselines_sentence(baselines: tuple[Baseline, ...], k: int) -> str:
    """What is lost without a profile, in one sentence."""
    model, rest = baselines[0], baselines[1:]
    parts = [f"{b.title.lower()} {b.ndcg.value or 0.0:.3f} ({_compared(b.ndcg_gap)})" for b in rest]
    return f"Held-out nDCG@{k}: {model.title} {model.ndcg.value or 0.0:.3f}; without a profile {', '.join(parts)}."


def _compared(gap: Estimate | None) -> str:
    """How a baseline stands beside the model. gap: the model's nDCG less its own."""
    if gap is not None and gap.low is not None and gap.low > 0:
        return "less"
    return "more" if gap is not None and gap.high is not None and gap.high < 0 else "not surely different"


def _one_order(part: Split, order: FloatArray, k: int, progress: Progress) -> IntArray:
    """Everybody's first k of one order, without what they have in the training part: int64 [n_users, k]."""

    def score(rows: IntArray) -> FloatArray:
        return np.tile(order, (len(rows), 1))

    return rank_all(score, part.train.n_users, part.train.interactions, k, progress=progress)[0]


def _measured(part: Split, lists: IntArray, k: int, seed: int) -> Evaluation:
    return evaluate(lists, part.test, training=part.train.interactions, cutoffs=(k,), seed=seed)


@dataclass(frozen=True, eq=False)
class _Lists:
    """Lists that are made in one way. lists: int64 [n_users, k]."""

    name: str
    title: str
    profiles: bool
    rule: str
    lists: IntArray


def _baseline(
    ranked: _Lists, quality: Evaluation, gap: Estimate | None, exposure: dict[str, float | None], n_items: int
) -> Baseline:
    known = [ratio for label, ratio in exposure.items() if ratio is not None and label != UNKNOWN]
    n_people, k = ranked.lists.shape
    counts = np.bincount(ranked.lists[ranked.lists >= 0], minlength=n_items).astype(np.float64)
    uneven = float(corrected_gini(counts, k, n_people))
    return Baseline(
        name=ranked.name,
        title=ranked.title,
        profiles=ranked.profiles,
        rule=ranked.rule,
        ndcg=_estimate(quality, f"ndcg@{k}"),
        recall=_estimate(quality, f"recall@{k}"),
        coverage=_estimate(quality, f"coverage@{k}"),
        ndcg_gap=gap,
        gini=uneven if np.isfinite(uneven) else None,
        exposure=exposure,
        impact_ratio=min(known) / max(known) if len(known) > 1 and max(known) > 0 else None,
    )


def _estimate(quality: Evaluation, name: str) -> Estimate:
    metric = quality.metrics[name]
    return Estimate(value=metric.value, low=metric.low, high=metric.high)


def _exposure(
    lists: IntArray, groups: Cohorts | None, browsing: str, target: Target, part: Split
) -> dict[str, float | None]:
    if groups is None:
        return {}
    weights = attention_of(browsing, lists, part.train.n_items, part.test)
    ratio = ratios_of(group_exposure(lists, weights, groups, target, part.test)).ratio
    return {label: float(v) if np.isfinite(v) else None for label, v in zip(groups.labels, ratio, strict=True)}


def _difference(model: Evaluation, baseline: Evaluation, k: int, seed: int) -> Estimate:
    """Mean over people of the model's nDCG less the baseline's, the same people in both."""
    apart = model.per_user[f"ndcg@{k}"] - baseline.per_user[f"ndcg@{k}"]
    drawn = resampled_sums(apart[:, None], model.draws, np.random.default_rng(seed)) / len(apart)
    low, high = percentile_interval(drawn)
    return Estimate(value=float(apart.mean()), low=float(low[0]), high=float(high[0]))


def _dates(column: pd.Series) -> FloatArray | None:
    """A date column as numbers, -inf where it is missing; None where it holds no dates."""
    column = column.infer_objects()
    if pd.api.types.is_datetime64_any_dtype(column):
        missing = column.isna().to_numpy()
        values = column.astype("int64").to_numpy(dtype=np.float64)
        return np.where(missing, -np.inf, values)
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(numbers), numbers, -np.inf) if np.isfinite(numbers).any() else None
