"""From articles and views to the tables of a workspace: items, topics, authors, and events with their causes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.simulation.articles import Articles, Authors
from data.simulation.config import NewsroomConfig
from data.simulation.headlines import language
from data.simulation.views import AUTHOR, CAUSES, ORDINARY_DWELL_S, TOPIC, Views, is_personal, numbered_ids
from data.simulation.visits import clock_views, visit_numbers

REACTION_CHANCES = {"like": 0.13, "share": 0.035, "comment": 0.03}


def item_tables(articles: Articles, authors: Authors) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    labels = {topic.id: topic.label for topic in language().topics}
    names = np.asarray(authors.names, dtype=object)
    first = articles.author_weight.argmax(axis=1)
    ids = numbered_ids("a", len(articles.stories))
    items = pd.DataFrame(
        {
            "item": ids,
            "label": [story.headline for story in articles.stories],
            "summary": [story.summary for story in articles.stories],
            "published": articles.published,
            "section": [labels[story.topics[0]] for story in articles.stories],
            "author": names[first],
            "author_group": np.where(authors.is_new[first], "new", "established"),
            "word_count": articles.word_count,
        }
    )
    item, topic = np.nonzero(articles.topic_weight)
    topic_ids = np.asarray(list(labels), dtype=object)
    topics = pd.DataFrame(
        {
            "item": ids[item],
            "topic": topic_ids[topic],
            "label": [labels[t] for t in topic_ids[topic]],
            "weight": articles.topic_weight[item, topic],
        }
    )
    item, author = np.nonzero(articles.author_weight)
    creators = pd.DataFrame(
        {
            "item": ids[item],
            "creator": _author_ids(len(names))[author],
            "label": names[author],
            "weight": articles.author_weight[item, author],
        }
    )
    return items, topics, creators


def event_table(
    config: NewsroomConfig,
    views: Views,
    articles: Articles,
    users: pd.DataFrame,
    items: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Views with time and dwell, and the reactions that follow some of them with the same cause."""
    dwell_s, time = clock_views(config.calendar, views, articles.word_count, rng)
    personal = is_personal(views)
    view_table = pd.DataFrame(
        {
            "user": users["user"].to_numpy()[views.user],
            "item": items["item"].to_numpy()[views.item],
            "event": "view",
            "value": np.clip(1.0 + 0.3 * np.log(dwell_s / ORDINARY_DWELL_S), 0.5, 1.75).round(3),
            "time": time,
            "context": _sessions(views),
            "dwell_s": dwell_s.astype(np.float64),
            "cause": np.asarray(CAUSES, dtype=object)[views.cause],
            "cause_id": _cause_ids(views, articles.author_weight.shape[1], items["item"].to_numpy()),
        }
    )
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
    return numbered_ids("s", int(visit.max()) + 1)[visit]


def _cause_ids(views: Views, n_authors: int, item_ids: np.ndarray) -> np.ndarray:
    topic_ids = np.asarray([topic.id for topic in language().topics], dtype=object)
    ids = np.empty(len(views.cause), dtype=object)
    for cause in range(len(CAUSES)):
        rows = views.cause == cause
        names = topic_ids if cause == TOPIC else _author_ids(n_authors) if cause == AUTHOR else item_ids
        ids[rows] = names[views.cause_id[rows]]
    return ids


def _author_ids(n: int) -> np.ndarray:
    return numbered_ids("w", n)
