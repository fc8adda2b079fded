"""The built-in newsroom: readers, articles and two months of reading, with the true cause of every event.

It answers what an audit and an explanation should find, because everything is planted and of known size. The text of
the articles comes from `headlines`, the draw of every view from `reading`; here people and articles are made, views
get their time, dwell and reactions, and all of it becomes tables. Nothing is downloaded; a seed fixes every byte.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from core.errors import OptionError
from core.progress import Progress, no_progress, portion
from data.simulation.headlines import Story, author_names, language, write_stories
from data.simulation.reading import (
    AUTHOR,
    CAUSES,
    CO_READERS,
    DAY_S,
    ORDINARY_DWELL_S,
    PUSH,
    TOPIC,
    TRENDING,
    Calendar,
    FloatArray,
    IntArray,
    Views,
    World,
    clock_views,
    is_personal,
    plan_views,
    simulate_views,
    visit_numbers,
)  # fmt: skip
from data.tables import DataCard, Tables

END = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())
ARCHIVE_DAYS = 7
MIN_VIEWS = 10
AGE_BANDS = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")
GENDERS = ("woman", "man", "non-binary")
REGIONS = ("North", "South", "East", "West", "Capital")
EVENT_WEIGHTS = {"view": 1.0, "like": 2.0, "share": 3.0, "comment": 3.0}
REACTION_CHANCES = {"like": 0.13, "share": 0.035, "comment": 0.03}


@dataclass(frozen=True)
class NewsroomConfig:
    """Size of the newsroom, what leads to reading, and the planted biases.

    mean_views       views a reader on average; the activity of readers is heavy-tailed
    topic_share … push_share   how often a view comes from that cause; they are scaled to 1 - popularity_bias
    popularity_bias  share of views that go to what is popular just now (relation `trending`); 0 = off
    cohort_bias      part of its personal reading (topics, authors, co-readers) that `cohort_region` loses to the
                     desk's push list, which knows no reader (relation `editorial_push`); 0 = off
    author_bias      how much less likely an article by a new author is to be shown to co-readers or as trending
                     (relation `co_readers`): its weight in each such draw is multiplied by 1 - author_bias; 0 = off.
                     The gap that results is larger, as what was shown less is also passed on less
    Raises           OptionError if a value is out of range
    """

    n_users: int = 2400
    n_items: int = 1600
    n_authors: int = 120
    n_days: int = 60
    mean_views: float = 56.0
    topic_share: float = 0.30
    author_share: float = 0.20
    co_reader_share: float = 0.30
    push_share: float = 0.08
    popularity_bias: float = 0.12
    cohort_bias: float = 0.5
    cohort_region: str = "North"
    author_bias: float = 0.5

    def __post_init__(self) -> None:
        for name, low, high in (
            ("n_users", 20, 100_000), ("n_items", 60, 5_000), ("n_authors", 28, 1_000), ("n_days", 7, 366),
            ("mean_views", MIN_VIEWS + 1, 200), ("topic_share", 0.01, 1), ("author_share", 0, 1),
            ("co_reader_share", 0, 1), ("push_share", 0, 1), ("popularity_bias", 0, 0.9),
            ("cohort_bias", 0, 1), ("author_bias", 0, 0.95),
        ):  # fmt: skip
            value = getattr(self, name)
            if not low <= value <= high:
                raise OptionError(f"Newsroom: {name} is {value}; it must lie between {low} and {high}.")
        if self.cohort_region not in REGIONS:
            raise OptionError(f"Newsroom: no region '{self.cohort_region}'; there are {', '.join(REGIONS)}.")

    @property
    def start(self) -> int:
        """First second of the window, UTC; it ends with the fixed `END`."""
        return END - self.n_days * DAY_S

    @property
    def calendar(self) -> Calendar:
        return Calendar(self.start, self.n_days)


@dataclass(frozen=True, eq=False)
class _Authors:
    names: list[str]
    specialities: IntArray  # [A, 2] main and second topic
    output: FloatArray  # [A] how much they write
    is_new: np.ndarray  # bool [A]


@dataclass(frozen=True, eq=False)
class _Articles:
    stories: list[Story]
    published: IntArray  # [I] seconds UTC
    word_count: IntArray
    appeal: FloatArray
    topic_weight: FloatArray  # [I, T]
    author_weight: FloatArray  # [I, A]


def simulate_newsroom(
    config: NewsroomConfig | None = None, *, seed: int = 0, progress: Progress = no_progress
) -> Tables:
    """Simulate the newsroom.

    Besides the columns of `Tables`: events carry `dwell_s` (seconds, views only), `cause` and `cause_id` (the id of
    the topic or author behind the event, for co_readers of the reader's earlier article, otherwise of the article itself).
    `progress` may stop the work by raising CancelledError.

    Returns  the same tables for the same configuration and seed; a bias that is switched off leaves people and articles as they are
    """
    config = config or NewsroomConfig()
    people, desk, plan, reading, engagement = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(5))
    users = _readers(config, people)
    authors = _authors(config, desk)
    articles = _articles(config, authors, desk)
    reader, slot = plan_views(config.calendar, _activity(config, plan), plan)
    world = _world(config, users, authors, articles, people)
    views = simulate_views(world, reader, slot, reading, portion(progress, 0.05, 0.9))
    items, topics, creators = _item_tables(articles, authors)
    progress(0.95, "writing the newsroom's tables")
    events = _event_table(config, views, articles, users, items, engagement)
    return Tables(card=newsroom_card(config), events=events, users=users, items=items, topics=topics, creators=creators)


def newsroom_card(config: NewsroomConfig) -> DataCard:
    """The card, with the planted sizes of this configuration in words and as one line of settings."""
    planted = ", ".join(
        f"{f.name}={getattr(config, f.name)}" for f in fields(config) if f.name.endswith(("bias", "region"))
    )
    return DataCard(
        name="newsroom",
        title="Newsroom",
        summary=(
            f"A simulated newspaper: {config.n_users} readers, {config.n_items} articles, {config.n_days} days of reading. "
            "Every event was drawn from one cause and keeps it, so that explanations and audits can be checked against "
            f"the truth. Planted: {planted}."
        ),
        licence="CC0 (synthetic)",
        citation="Surfaced, built-in newsroom simulator.",
        event_weights=dict(EVENT_WEIGHTS),
        positives=tuple(EVENT_WEIGHTS),
        kind_titles={"topic": "topic", "creator": "author", "context": "reading session"},
        event_verbs={"view": "read", "like": "liked", "share": "shared", "comment": "commented on"},
        item_noun="article",
        person_noun="reader",
        default_split="last",
        attribute_notes={
            "age_band": "Age of the reader in bands; tilts which topics are liked. About 6 % unknown.",
            "gender": "As stated by the reader; no effect on reading is planted. About 8 % unknown.",
            "region": (
                f"About 5 % unknown. Planted: readers in {config.cohort_region} lose {config.cohort_bias:.0%} of their "
                "personal reading (topics, authors, co-readers) to the desk's push list (relation editorial_push)."
            ),
            "author_group": (
                "'new' authors joined recently. Planted: in the relation co_readers, and where articles trend, theirs are "
                f"shown with {1 - config.author_bias:.0%} of the chance of established authors' articles in every draw; the "
                "gap over two months is larger, because what is shown less is also passed on less."
            ),
            "author": "First author of the article.",
            "section": "Main topic of the article.",
            "published": (
                f"When the article appeared, seconds UTC. Planted: a share of {config.popularity_bias:.0%} is aimed at "
                "what is popular just now (relation trending)."
            ),
            "word_count": "Length of the article in words.",
            "value": f"A view counts 1 at {ORDINARY_DWELL_S:.0f} s of dwell and grows with its logarithm, from .5 to 1.75; other events count 1.",
        },
    )


def _readers(config: NewsroomConfig, rng: np.random.Generator) -> pd.DataFrame:
    n = config.n_users

    def column(values: tuple[str, ...], shares: tuple[float, ...], unknown: float) -> pd.Series:
        drawn = np.asarray(values, dtype=object)[rng.choice(len(values), n, p=shares)]
        drawn[rng.random(n) < unknown] = None
        return pd.Series(drawn, dtype="str")

    ids = _ids("r", n)
    return pd.DataFrame({
        "user": ids,
        "label": [f"Reader {raw[1:]}" for raw in ids],
        "age_band": column(AGE_BANDS, (0.12, 0.19, 0.19, 0.19, 0.16, 0.15), 0.06),
        "gender": column(GENDERS, (0.48, 0.48, 0.04), 0.08),
        "region": column(REGIONS, (0.20, 0.22, 0.18, 0.16, 0.24), 0.05),
    })  # fmt: skip


def _activity(config: NewsroomConfig, rng: np.random.Generator) -> IntArray:
    """int64 [U]: planned views of each reader, heavy-tailed around the mean."""
    tail = rng.lognormal(0.0, 0.9, config.n_users)
    n_views: IntArray = MIN_VIEWS + np.rint(tail / tail.mean() * (config.mean_views - MIN_VIEWS)).astype(np.int64)
    return np.asarray(np.minimum(n_views, max(MIN_VIEWS, config.n_items // 5)))


def _authors(config: NewsroomConfig, rng: np.random.Generator) -> _Authors:
    """Main topics go round, so that every topic has new authors too: a quarter of each topic's desk."""
    n_topics, k = len(language().topics), np.arange(config.n_authors)
    second = (k + rng.integers(1, n_topics, config.n_authors)) % n_topics
    return _Authors(
        names=author_names(config.n_authors, rng),
        specialities=np.stack([k % n_topics, second], axis=1),
        output=rng.lognormal(0.0, 0.5, config.n_authors),
        is_new=(k // n_topics) % 4 == 1,
    )


def _articles(config: NewsroomConfig, authors: _Authors, rng: np.random.Generator) -> _Articles:
    topic_ids = [topic.id for topic in language().topics]
    n, n_topics = config.n_items, len(topic_ids)
    published = np.sort(_publish_times(config, rng))
    main = rng.choice(n_topics, n, p=_zipf(n_topics))
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
    return _Articles(
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


def _world(
    config: NewsroomConfig, users: pd.DataFrame, authors: _Authors, articles: _Articles, rng: np.random.Generator
) -> World:
    affinity = _affinities(users, articles.topic_weight.shape[1], rng)
    first_author = articles.author_weight.argmax(axis=1)
    return World(
        mixture=_mixture(config, users["region"] == config.cohort_region),
        affinity=affinity,
        loyalty=_loyalties(affinity, authors, rng),
        topic_weight=articles.topic_weight,
        author_weight=articles.author_weight,
        appeal=articles.appeal,
        shown=np.where(authors.is_new[first_author], 1.0 - config.author_bias, 1.0),
        published_day=(articles.published - config.start) / DAY_S,
    )


def _mixture(config: NewsroomConfig, underserved: pd.Series) -> FloatArray:
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


def _affinities(users: pd.DataFrame, n_topics: int, rng: np.random.Generator) -> FloatArray:
    """float64 [U, T], rows sum to 1: two or three topics carry most of it; age bands tilt which."""
    tilt = rng.lognormal(0.0, 0.5, (len(AGE_BANDS) + 1, n_topics))
    band = pd.Categorical(users["age_band"], categories=AGE_BANDS).codes
    drawn = rng.gamma(0.1 * tilt[band] * _zipf(n_topics) * n_topics) + 1e-6
    return np.asarray(drawn / drawn.sum(axis=1, keepdims=True))


def _loyalties(affinity: FloatArray, authors: _Authors, rng: np.random.Generator) -> FloatArray:
    """float64 [U, A]: three to eight favourite authors, most of them on the reader's own topics."""
    liking = affinity @ (np.arange(affinity.shape[1])[:, None] == authors.specialities[:, 0]) + 0.02
    keys = np.log(liking * authors.output) + rng.gumbel(size=liking.shape)
    rank = np.argsort(np.argsort(-keys, axis=1), axis=1)
    n_favourites = rng.integers(3, 9, len(liking))
    return np.where(rank < n_favourites[:, None], rng.gamma(1.0, size=liking.shape) + 0.1, 0.0)


def _item_tables(articles: _Articles, authors: _Authors) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    labels = {topic.id: topic.label for topic in language().topics}
    names = np.asarray(authors.names, dtype=object)
    first = articles.author_weight.argmax(axis=1)
    ids = _ids("a", len(articles.stories))
    items = pd.DataFrame({
        "item": ids,
        "label": [story.headline for story in articles.stories],
        "summary": [story.summary for story in articles.stories],
        "published": articles.published,
        "section": [labels[story.topics[0]] for story in articles.stories],
        "author": names[first],
        "author_group": np.where(authors.is_new[first], "new", "established"),
        "word_count": articles.word_count,
    })  # fmt: skip
    item, topic = np.nonzero(articles.topic_weight)
    topic_ids = np.asarray(list(labels), dtype=object)
    topics = pd.DataFrame({
        "item": ids[item], "topic": topic_ids[topic], "label": [labels[t] for t in topic_ids[topic]],
        "weight": articles.topic_weight[item, topic],
    })  # fmt: skip
    item, author = np.nonzero(articles.author_weight)
    creators = pd.DataFrame({
        "item": ids[item], "creator": _author_ids(len(names))[author], "label": names[author],
        "weight": articles.author_weight[item, author],
    })  # fmt: skip
    return items, topics, creators


def _event_table(
    config: NewsroomConfig, views: Views, articles: _Articles, users: pd.DataFrame, items: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:  # fmt: skip
    """Views with time and dwell, and the reactions that follow some of them with the same cause."""
    dwell_s, time = clock_views(config.calendar, views, articles.word_count, rng)
    personal = is_personal(views)
    view_table = pd.DataFrame({
        "user": users["user"].to_numpy()[views.user],
        "item": items["item"].to_numpy()[views.item],
        "event": "view",
        "value": np.clip(1.0 + 0.3 * np.log(dwell_s / ORDINARY_DWELL_S), 0.5, 1.75).round(3),
        "time": time,
        "context": _sessions(views),
        "dwell_s": dwell_s.astype(np.float64),
        "cause": np.asarray(CAUSES, dtype=object)[views.cause],
        "cause_id": _cause_ids(views, articles.author_weight.shape[1], items["item"].to_numpy()),
    })  # fmt: skip
    tables = [view_table]
    for order, (event, chance) in enumerate(REACTION_CHANCES.items()):
        reacts = rng.random(len(time)) < chance * np.where(personal, 1.2, 0.6)
        later = time + dwell_s + 4 * order + rng.integers(1, 5, len(time))
        reaction = view_table.assign(event=event, value=1.0, dwell_s=np.nan, time=later)
        tables.append(reaction[reacts])
    events = pd.concat(tables, ignore_index=True)
    return events.sort_values(["time", "user", "item", "event"], kind="stable", ignore_index=True)


def _sessions(views: Views) -> np.ndarray:
    visit = visit_numbers(views)
    return _ids("s", int(visit.max()) + 1)[visit]


def _cause_ids(views: Views, n_authors: int, item_ids: np.ndarray) -> np.ndarray:
    topic_ids = np.asarray([topic.id for topic in language().topics], dtype=object)
    ids = np.empty(len(views.cause), dtype=object)
    for cause in range(len(CAUSES)):
        rows = views.cause == cause
        names = topic_ids if cause == TOPIC else _author_ids(n_authors) if cause == AUTHOR else item_ids
        ids[rows] = names[views.cause_id[rows]]
    return ids


def _ids(letter: str, n: int) -> np.ndarray:
    width = max(4, len(str(n)))
    return np.asarray([f"{letter}{k:0{width}d}" for k in range(1, n + 1)], dtype=object)


def _author_ids(n: int) -> np.ndarray:
    return _ids("w", n)


def _zipf(n: int) -> FloatArray:
    """Mildly uneven shares, largest first."""
    shares: FloatArray = 1.0 / np.sqrt(np.arange(n) + 3.0)
    return np.asarray(shares / shares.sum())
