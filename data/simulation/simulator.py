"""The built-in newsroom: readers, articles and two months of reading, with the true cause of every event.

It answers what an audit and an explanation should find, because everything is planted and of known size. Readers come
from `readers`, articles from `articles`, the draw of every view from `draws`; here they are put together, and
`event_tables` makes tables of it. Nothing is downloaded; a seed fixes every byte.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.progress import Progress, no_progress, portion
from data.simulation.articles import Articles, Authors, draw_articles, draw_authors
from data.simulation.config import NewsroomConfig, newsroom_card
from data.simulation.draws import World, simulate_views
from data.simulation.event_tables import event_table, item_tables
from data.simulation.readers import cause_mixture, draw_activity, draw_affinities, draw_loyalties, draw_readers
from data.simulation.views import DAY_S
from data.simulation.visits import plan_views
from data.tables import Tables


def simulate_newsroom(
    config: NewsroomConfig | None = None, *, seed: int = 0, progress: Progress = no_progress
) -> Tables:
    """Simulate the newsroom.

    Besides the columns of `Tables`: events carry `dwell_s` (seconds, views only), `cause` and `cause_id` (the id of
    the topic or author behind the event, for co_readers of the reader's earlier article, otherwise of the article
    itself). `progress` may stop the work by raising CancelledError.

    Returns  the same tables for the same configuration and seed; a bias that is switched off leaves people and
             articles as they are
    """
    config = config or NewsroomConfig()
    people, desk, plan, reading, engagement = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(5))
    users = draw_readers(config, people)
    authors = draw_authors(config, desk)
    articles = draw_articles(config, authors, desk)
    reader, slot = plan_views(config.calendar, draw_activity(config, plan), plan)
    world = _world(config, users, authors, articles, people)
    views = simulate_views(world, reader, slot, reading, portion(progress, 0.05, 0.9))
    items, topics, creators = item_tables(articles, authors)
    progress(0.95, "writing the newsroom's tables")
    events = event_table(config, views, articles, users, items, engagement)
    return Tables(card=newsroom_card(config), events=events, users=users, items=items, topics=topics, creators=creators)


def _world(
    config: NewsroomConfig, users: pd.DataFrame, authors: Authors, articles: Articles, rng: np.random.Generator
) -> World:
    affinity = draw_affinities(users, articles.topic_weight.shape[1], rng)
    first_author = articles.author_weight.argmax(axis=1)
    return World(
        mixture=cause_mixture(config, users["region"] == config.cohort_region),
        affinity=affinity,
        loyalty=draw_loyalties(affinity, authors, rng),
        topic_weight=articles.topic_weight,
        author_weight=articles.author_weight,
        appeal=articles.appeal,
        shown=np.where(authors.is_new[first_author], 1.0 - config.author_bias, 1.0),
        published_day=(articles.published - config.start) / DAY_S,
    )
