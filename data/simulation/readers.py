"""Readers: who they are, how much they read, and what draws them to an article."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.simulation.articles import Authors, mild_shares
from data.simulation.config import AGE_BANDS, GENDERS, MIN_VIEWS, REGIONS, NewsroomConfig
from data.simulation.views import AUTHOR, CAUSES, CO_READERS, PUSH, TOPIC, TRENDING, FloatArray, IntArray, numbered_ids


def draw_readers(config: NewsroomConfig, rng: np.random.Generator) -> pd.DataFrame:
    n = config.n_users

    def column(values: tuple[str, ...], shares: tuple[float, ...], unknown: float) -> pd.Series:
        drawn = np.asarray(values, dtype=object)[rng.choice(len(values), n, p=shares)]
        drawn[rng.random(n) < unknown] = None
        return pd.Series(drawn, dtype="str")

    ids = numbered_ids("r", n)
    return pd.DataFrame(
        {
            "user": ids,
            "label": [f"Reader {raw[1:]}" for raw in ids],
            "age_band": column(AGE_BANDS, (0.12, 0.19, 0.19, 0.19, 0.16, 0.15), 0.06),
            "gender": column(GENDERS, (0.48, 0.48, 0.04), 0.08),
            "region": column(REGIONS, (0.20, 0.22, 0.18, 0.16, 0.24), 0.05),
        }
    )


def draw_activity(config: NewsroomConfig, rng: np.random.Generator) -> IntArray:
    """int64 [U]: planned views of each reader, heavy-tailed around the mean."""
    tail = rng.lognormal(0.0, 0.9, config.n_users)
    n_views: IntArray = MIN_VIEWS + np.rint(tail / tail.mean() * (config.mean_views - MIN_VIEWS)).astype(np.int64)
    return np.asarray(np.minimum(n_views, max(MIN_VIEWS, config.n_items // 5)))


def cause_mixture(config: NewsroomConfig, underserved: pd.Series) -> FloatArray:
    """float64 [U, 5]: chance of each cause. The under-served cohort loses part of its personal reading."""
    shares = np.zeros(len(CAUSES))
    shares[[TOPIC, AUTHOR, CO_READERS]] = config.topic_share, config.author_share, config.co_reader_share
    shares[PUSH] = config.push_share
    shares *= (1.0 - config.popularity_bias) / shares.sum()
    shares[TRENDING] = config.popularity_bias
    mixture = np.tile(shares, (len(underserved), 1))
    personal = [TOPIC, AUTHOR, CO_READERS]
    lost = mixture[:, personal] * config.cohort_bias * underserved.to_numpy(dtype=bool)[:, None]
    mixture[:, personal] -= lost
    mixture[:, PUSH] += lost.sum(axis=1)
    return mixture


def draw_affinities(users: pd.DataFrame, n_topics: int, rng: np.random.Generator) -> FloatArray:
    """float64 [U, T], rows sum to 1: two or three topics carry most of it; age bands tilt which."""
    tilt = rng.lognormal(0.0, 0.5, (len(AGE_BANDS) + 1, n_topics))
    band = pd.Categorical(users["age_band"], categories=AGE_BANDS).codes
    drawn = rng.gamma(0.1 * tilt[band] * mild_shares(n_topics) * n_topics) + 1e-6
    return np.asarray(drawn / drawn.sum(axis=1, keepdims=True))


def draw_loyalties(affinity: FloatArray, authors: Authors, rng: np.random.Generator) -> FloatArray:
    """float64 [U, A]: three to eight favourite authors, most of them on the reader's own topics."""
    liking = affinity @ (np.arange(affinity.shape[1])[:, None] == authors.specialities[:, 0]) + 0.02
    keys = np.log(liking * authors.output) + rng.gumbel(size=liking.shape)
    rank = np.argsort(np.argsort(-keys, axis=1), axis=1)
    n_favourites = rng.integers(3, 9, len(liking))
    return np.where(rank < n_favourites[:, None], rng.gamma(1.0, size=liking.shape) + 0.1, 0.0)
