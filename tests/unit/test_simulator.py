"""The newsroom keeps its word: sizes, causes that really were causes, biases of the planted size, readable text."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.errors import CancelledError, OptionError
from data.simulation.config import END, NewsroomConfig
from data.simulation.headlines import author_names, language
from data.simulation.simulator import simulate_newsroom
from data.tables import Tables
from data.validation import validate

SMALL = NewsroomConfig(n_users=400, n_items=400, n_authors=42, n_days=21, mean_views=40)
CAUSES = {"topic_affinity", "author_loyalty", "co_readers", "trending", "editorial_push"}
PERSONAL = ["topic_affinity", "author_loyalty", "co_readers"]


@pytest.fixture(scope="module")
def small() -> Tables:
    return simulate_newsroom(SMALL, seed=3)


@pytest.fixture(scope="module")
def unbiased() -> Tables:
    return simulate_newsroom(replace(SMALL, popularity_bias=0, cohort_bias=0, author_bias=0), seed=3)


def views_of(tables: Tables) -> pd.DataFrame:
    views = tables.events[tables.events["event"] == "view"]
    return views.merge(tables.items[["item", "published", "author_group"]], on="item").merge(tables.users, on="user")


@pytest.mark.slow
def test_default_newsroom_has_the_promised_size() -> None:
    tables = simulate_newsroom()
    assert len(tables.users) >= 2_000
    assert len(tables.items) >= 1_500
    assert len(tables.events) >= 150_000
    assert tables.topics["topic"].nunique() == 14
    assert tables.creators["creator"].nunique() > 110
    assert tables.items["label"].is_unique
    assert tables.events.groupby("user").size().min() >= 8
    _, notes = validate(tables)
    assert not [note for note in notes if note.severity == "error"]


def test_same_seed_gives_the_same_tables_and_another_seed_does_not(small: Tables) -> None:
    again, other = simulate_newsroom(SMALL, seed=3), simulate_newsroom(SMALL, seed=4)
    for name in ("events", "users", "items", "topics", "creators"):
        pd.testing.assert_frame_equal(getattr(small, name), getattr(again, name))
    assert list(small.items["label"]) != list(other.items["label"])


def test_events_lie_in_the_window_and_after_publishing(small: Tables) -> None:
    events = small.events.merge(small.items[["item", "published"]], on="item")
    assert events["time"].dtype == np.int64
    assert events["time"].between(SMALL.start, END - 1).all()
    assert (events["time"] >= events["published"]).all()
    assert small.events["time"].is_monotonic_increasing


def test_topic_and_author_causes_belong_to_the_article(small: Tables) -> None:
    events = small.events
    for cause, table, column in (
        ("topic_affinity", small.topics, "topic"),
        ("author_loyalty", small.creators, "creator"),
    ):
        rows = events.loc[events["cause"] == cause, ["item", "cause_id"]]
        members = set(zip(table["item"], table[column], strict=True))
        assert len(rows) > 500
        assert set(rows.itertuples(index=False, name=None)) <= members


def test_trending_and_pushed_articles_are_their_own_cause(small: Tables) -> None:
    rows = small.events[small.events["cause"].isin(["trending", "editorial_push"])]
    assert len(rows) > 500
    assert (rows["item"] == rows["cause_id"]).all()


def test_trending_articles_were_read_by_someone_before(small: Tables) -> None:
    views = small.events[small.events["event"] == "view"]
    first_read = views.groupby("item")["time"].min()
    trending = views[views["cause"] == "trending"]
    assert (trending["time"].to_numpy() > first_read[trending["item"]].to_numpy()).all()


def test_pushed_articles_come_from_one_short_list_a_day(small: Tables) -> None:
    pushed = small.events[(small.events["event"] == "view") & (small.events["cause"] == "editorial_push")]
    a_day = pushed.groupby((pushed["time"] - SMALL.start) // 86_400)["item"].nunique()
    assert len(a_day) == SMALL.n_days
    assert a_day.max() <= 24


def test_co_readers_cause_is_a_walk_that_existed_before(small: Tables) -> None:
    views = small.events[small.events["event"] == "view"]
    read_at = {(row.user, row.item): row.time for row in views.itertuples()}
    readers: dict[str, set[str]] = {}
    for user, item in read_at:
        readers.setdefault(item, set()).add(user)
    rows = views[views["cause"] == "co_readers"]
    assert len(rows) > 1_000
    for row in rows.itertuples():
        assert read_at[row.user, row.cause_id] < row.time
        both = (readers[row.item] & readers[row.cause_id]) - {row.user}
        assert any(max(read_at[v, row.item], read_at[v, row.cause_id]) < row.time for v in both)


def test_reactions_follow_a_view_with_the_same_cause_in_the_same_session(small: Tables) -> None:
    key = ["user", "item", "context", "cause", "cause_id"]
    views = small.events[small.events["event"] == "view"]
    reactions = small.events[small.events["event"] != "view"]
    joined = reactions.merge(views, on=key, suffixes=("", "_view"))
    assert set(reactions["event"]) == {"like", "share", "comment"}
    assert len(joined) == len(reactions)
    assert (joined["time"] >= joined["time_view"] + joined["dwell_s_view"]).all()
    assert reactions["dwell_s"].isna().all()
    assert (reactions["value"] == 1).all()


def test_an_article_is_viewed_once_and_longer_reading_counts_more(small: Tables) -> None:
    views = small.events[small.events["event"] == "view"].sort_values("dwell_s")
    assert not views.duplicated(["user", "item"]).any()
    assert views["value"].is_monotonic_increasing
    assert views["value"].between(0.5, 1.75).all()
    assert views.loc[views["dwell_s"] == 60, "value"].eq(1).all()
    assert (views["dwell_s"] == 60).any()


def test_a_session_is_one_reader_within_four_hours(small: Tables) -> None:
    sessions = small.events.groupby("context")
    assert (sessions["user"].min() == sessions["user"].max()).all()
    assert ((sessions["time"].max() - sessions["time"].min()) < 4 * 3600).all()
    assert (sessions["item"].min() != sessions["item"].max()).mean() > 0.5


def test_mixture_of_causes_is_as_configured_without_biases(unbiased: Tables) -> None:
    shares = unbiased.events[unbiased.events["event"] == "view"]["cause"].value_counts(normalize=True)
    total = SMALL.topic_share + SMALL.author_share + SMALL.co_reader_share + SMALL.push_share
    assert set(shares.index) == CAUSES - {"trending"}
    assert shares["topic_affinity"] == pytest.approx(SMALL.topic_share / total, abs=0.04)
    assert shares["author_loyalty"] == pytest.approx(SMALL.author_share / total, abs=0.06)
    assert shares["co_readers"] == pytest.approx(SMALL.co_reader_share / total, abs=0.05)
    assert shares["editorial_push"] == pytest.approx(SMALL.push_share / total, abs=0.03)


def test_popularity_bias_is_the_share_of_trending_views_and_concentrates_reading(
    small: Tables, unbiased: Tables
) -> None:
    def top_tenth(tables: Tables) -> float:
        counts = views_of(tables)["item"].value_counts()
        return float(counts.head(len(tables.items) // 10).sum() / counts.sum())

    views = views_of(small)
    assert (views["cause"] == "trending").mean() == pytest.approx(SMALL.popularity_bias, abs=0.03)
    strong = simulate_newsroom(replace(SMALL, popularity_bias=0.6), seed=3)
    assert (views_of(strong)["cause"] == "trending").mean() == pytest.approx(0.6, abs=0.04)
    assert top_tenth(strong) > top_tenth(unbiased) + 0.05


def test_cohort_bias_takes_its_share_of_personal_reading_from_one_region_only(small: Tables, unbiased: Tables) -> None:
    def kept_share(tables: Tables) -> float:
        views = views_of(tables)
        personal = views["cause"].isin(PERSONAL)
        north = views["region"] == "North"
        return float(personal[north].mean() / personal[~north].mean())

    assert kept_share(unbiased) == pytest.approx(1.0, abs=0.04)
    assert kept_share(small) == pytest.approx(1 - SMALL.cohort_bias, abs=0.08)


def test_author_bias_multiplies_the_odds_of_new_authors_among_co_readers() -> None:
    """A draw halves their odds, and what was shown less is passed on less: the ratio lies around or below one half."""

    def new_odds(author_bias: float, cause: list[str]) -> float:
        tables = simulate_newsroom(replace(SMALL, cohort_bias=0, author_bias=author_bias), seed=5)
        views = views_of(tables)
        new = views.loc[views["cause"].isin(cause), "author_group"].eq("new").mean()
        return float(new / (1 - new))

    recommended, own = ["co_readers", "trending"], ["topic_affinity"]
    ratio = new_odds(0.5, recommended) / new_odds(0.0, recommended)
    assert 0.3 < ratio < 0.6
    assert new_odds(0.5, own) / new_odds(0.0, own) == pytest.approx(1.0, abs=0.2)


def test_switching_biases_off_leaves_people_and_articles_as_they_are(small: Tables, unbiased: Tables) -> None:
    for name in ("users", "items", "topics", "creators"):
        pd.testing.assert_frame_equal(getattr(small, name), getattr(unbiased, name))


def test_planted_sizes_stand_in_the_card(small: Tables) -> None:
    assert "popularity_bias=0.12" in small.card.summary
    assert "North" in small.card.attribute_notes["region"]
    assert "50%" in small.card.attribute_notes["region"]
    assert "50%" in small.card.attribute_notes["author_group"]
    assert set(small.events["event"]) == set(small.card.event_weights) == set(small.card.positives)


def test_co_reading_beats_popularity_on_the_last_article(small: Tables) -> None:
    """Hold out each reader's last article: cosine co-reading, seen a second way than any model here, finds more of
    them.
    """
    events = small.events
    users, items = pd.Index(small.users["user"]), pd.Index(small.items["item"])
    user, item = users.get_indexer(events["user"]), items.get_indexer(events["item"])
    last = pd.Series(item).groupby(user).last().to_numpy()
    read = np.zeros((len(users), len(items)))
    kept = item != last[user]
    read[user[kept], item[kept]] = 1.0
    popularity = read.sum(axis=0)
    norm = np.sqrt(popularity + 1e-9)
    similar = read.T @ read / norm[:, None] / norm[None, :]
    np.fill_diagonal(similar, 0.0)

    def recall(scores: np.ndarray) -> float:
        scores = np.where(read > 0, -np.inf, scores)
        return float((scores > scores[np.arange(len(last)), last][:, None]).sum(axis=1).__lt__(20).mean())

    assert recall(read @ similar) > 1.3 * recall(np.tile(popularity, (len(users), 1)))


def test_headlines_and_summaries_read_like_text(small: Tables) -> None:
    items = small.items
    assert items["label"].is_unique
    for text in [*items["label"], *items["summary"]]:
        assert not set("{}") & set(text)
        assert "  " not in text
        assert text[0].isupper() or text[0].isdigit() or text[0] in "'‘"
    assert items["label"].str.len().between(15, 110).all()
    assert items["summary"].str.endswith((".", "?", "!", "'")).all()


def test_every_template_fills_and_its_further_topics_exist() -> None:
    lang = language()
    known = {topic.id for topic in lang.topics}
    for topic in lang.topics:
        names = {*lang.words, *lang.ranges, *topic.words, "person"}
        for template in topic.templates:
            assert set(template.also) <= known - {topic.id}
            assert len(template.also) <= 2
            slots = {
                part.split("}")[0].rstrip("0123456789")
                for part in (template.headline + template.summary).split("{")[1:]
            }
            assert slots <= names


def test_articles_have_one_to_three_topics_and_a_main_author(small: Tables) -> None:
    assert set(small.topics.groupby("item").size()) <= {1, 2, 3}
    assert small.topics.groupby("item")["weight"].max().eq(1).all()
    assert small.topics["item"].nunique() == small.creators["item"].nunique() == len(small.items)
    first = small.creators[small.creators["weight"] == 1].set_index("item")["label"]
    assert (first[small.items["item"]].to_numpy() == small.items["author"].to_numpy()).all()
    assert Counter(small.items["author_group"]).keys() == {"new", "established"}


def test_some_attributes_of_readers_are_unknown(small: Tables) -> None:
    for column in ("age_band", "gender", "region"):
        assert 0.01 < small.users[column].isna().mean() < 0.15


def test_activity_is_heavy_tailed(small: Tables) -> None:
    n_events = small.events.groupby("user").size()
    assert len(n_events) == SMALL.n_users
    assert n_events.min() >= 8
    assert n_events.max() > 2.5 * n_events.median()


def test_author_names_do_not_repeat_and_run_out_with_a_sentence() -> None:
    rng = np.random.default_rng(0)
    assert len(set(author_names(1_000, rng))) == 1_000
    with pytest.raises(OptionError, match="ask for fewer"):
        author_names(10_000, rng)


@pytest.mark.parametrize(
    ("field", "value"),
    [("n_users", 0), ("n_items", 10), ("author_bias", 1.0), ("cohort_bias", -0.1), ("mean_views", float("nan"))],
)
def test_a_value_out_of_range_is_refused_with_its_name(field: str, value: float) -> None:
    with pytest.raises(OptionError, match=field):
        replace(SMALL, **{field: value})


def test_an_unknown_region_is_refused_with_the_valid_ones() -> None:
    with pytest.raises(OptionError, match="Capital"):
        replace(SMALL, cohort_region="Atlantis")


def test_progress_can_stop_the_simulation() -> None:
    def stop(fraction: float, doing: str) -> None:
        raise CancelledError(doing)

    with pytest.raises(CancelledError):
        simulate_newsroom(SMALL, progress=stop)
