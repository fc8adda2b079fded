"""Authors and what they publish: topics, times, length and appeal. The text of the articles comes from `headlines`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.simulation.config import NewsroomConfig
from data.simulation.headlines import Story, author_names, language, write_stories
from data.simulation.views import DAY_S, FloatArray, IntArray

ARCHIVE_DAYS = 7


@dataclass(frozen=True, eq=False)
class Authors:
    names: list[str]
    specialities: IntArray  # [A, 2] main and second topic
    output: FloatArray  # [A] how much they write
    is_new: np.ndarray  # bool [A]


@dataclass(frozen=True, eq=False)
class Articles:
    stories: list[Story]
    published: IntArray  # [I] seconds UTC
    word_count: IntArray
    appeal: FloatArray
    topic_weight: FloatArray  # [I, T]
    author_weight: FloatArray  # [I, A]


def draw_authors(config: NewsroomConfig, rng: np.random.Generator) -> Authors:
    """Main topics go round, so that every topic has new authors too: a quarter of each topic's desk."""
    n_topics, k = len(language().topics), np.arange(config.n_authors)
    second = (k + rng.integers(1, n_topics, config.n_authors)) % n_topics
    return Authors(
        names=author_names(config.n_authors, rng),
        specialities=np.stack([k % n_topics, second], axis=1),
        output=rng.lognormal(0.0, 0.5, config.n_authors),
        is_new=(k // n_topics) % 4 == 1,
    )


def draw_articles(config: NewsroomConfig, authors: Authors, rng: np.random.Generator) -> Articles:
    topic_ids = [topic.id for topic in language().topics]
    n, n_topics = config.n_items, len(topic_ids)
    published = np.sort(_publish_times(config, rng))
    main = rng.choice(n_topics, n, p=mild_shares(n_topics))
    stories = write_stories([topic_ids[t] for t in main], rng)
    topic_weight, author_weight = np.zeros((n, n_topics)), np.zeros((n, config.n_authors))
    for row, story in enumerate(stories):
        for topic, weight in zip(story.topics, (1.0, 0.5, 0.3), strict=False):
            topic_weight[row, topic_ids.index(topic)] = weight
        writes = (authors.specialities == main[row]) @ np.array([1.0, 0.3]) * authors.output
        second_share = 0.5 if rng.random() < 0.1 else 0.0
        first, second = rng.choice(config.n_authors, 2, replace=False, p=(writes + 1e-9) / (writes + 1e-9).sum())
        author_weight[row, second] = second_share
        author_weight[row, first] = 1.0
    return Articles(
        stories=stories,
        published=published,
        word_count=np.clip(rng.lognormal(6.3, 0.45, n), 120, 2_600).astype(np.int64),
        appeal=rng.lognormal(0.0, 0.35, n),
        topic_weight=topic_weight,
        author_weight=author_weight,
    )


def _publish_times(config: NewsroomConfig, rng: np.random.Generator) -> IntArray:
    """From a week before the window to six hours before its end, most of it between 6 and 20 o'clock."""
    day = rng.integers(-ARCHIVE_DAYS, config.n_days, config.n_items)
    hour = np.clip(rng.normal(12.0, 3.5, config.n_items), 0.0, 17.9)
    return (config.start + day * DAY_S + hour * 3600).astype(np.int64)


def mild_shares(n: int) -> FloatArray:
    """Mildly uneven shares, largest first."""
    shares: FloatArray = 1.0 / np.sqrt(np.arange(n) + 3.0)
    return np.asarray(shares / shares.sum())
