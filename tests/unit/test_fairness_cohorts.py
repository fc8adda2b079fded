"""Which groups a graph has: categories, bands, memberships, and the unknown as one group of its own."""

import numpy as np
import pandas as pd
import pytest

from core.errors import OptionError
from explain.groups.bands import code_column
from explain.groups.cohorts import cohorts, columns, side_of
from tests.fairness_world import make_graph

DAY = 86_400


@pytest.fixture
def graph():
    return make_graph(
        30,
        20,
        genres=[["crime"], ["crime", "drama"], [], ["unknown"], *[["drama"]] * 16],
        items={
            "published": [float(DAY * j) for j in range(19)] + [np.nan],
            "summary": [f"text {j}" for j in range(20)],
            "brand": ["own", "national"] * 9 + [None, " "],
        },
        users={
            "age": [*range(20, 49), np.nan],
            "gender": ["F", "M", "unknown"] * 10,
            "zip": [f"z{j}" for j in range(30)],
        },
        pairs=[(u, i) for i in range(20) for u in range(i)],
    )


def test_memberships_are_shared_among_an_items_genres_and_the_rest_is_unknown(graph):
    groups = cohorts(graph, "genre", "item")
    assert groups.labels == ("crime", "drama", "unknown")
    assert groups.membership.toarray()[:5].tolist() == [[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1], [0, 0, 1], [0, 1, 0]]
    assert groups.sizes.tolist() == [2, 17, 2]
    assert groups.unknown == 2


def test_a_membership_goes_by_its_kind_and_by_its_title_in_any_case(graph):
    by_kind, by_title = cohorts(graph, "topic", "item"), cohorts(graph, "GENRE", "item")
    assert (by_kind.by, by_title.by) == ("topic", "genre")
    assert (by_kind.membership != by_title.membership).nnz == 0


def test_shares_follow_the_weights_of_the_edges(graph):
    heavy = graph.memberships["topic"].copy()
    heavy[1, 0] = 3.0
    weighted = make_graph(1, 20, genres=[["a", "b", "unknown"]] * 20)
    object.__setattr__(weighted, "memberships", {"topic": heavy})
    assert cohorts(weighted, "genre", "item").membership.toarray()[1].tolist() == [0.75, 0.25, 0]


def test_what_is_missing_empty_or_called_unknown_is_one_group(graph):
    brand = cohorts(graph, "brand", "item")
    assert brand.labels == ("national", "own", "unknown")
    assert brand.sizes.tolist() == [9, 9, 2]
    assert cohorts(graph, "gender", "user").sizes.tolist() == [10, 10, 10]


def test_nothing_unknown_means_no_unknown_group():
    groups = cohorts(make_graph(1, 2, items={"brand": ["a", "b"]}), "brand", "item")
    assert groups.labels == ("a", "b")
    assert groups.unknown is None


def test_a_number_with_many_values_is_cut_into_bands_of_about_the_same_size(graph):
    age = cohorts(graph, "age", "user")
    assert age.labels == ("20–25", "26–31", "32–37", "38–43", "44–48", "unknown")
    assert age.sizes.tolist() == [6, 6, 6, 6, 5, 1]


def test_a_number_with_few_values_stays_as_it_is():
    assert code_column(pd.Series([10.0, 2.0, np.nan, 10.0]))[0] == ("2", "10")
    assert code_column(pd.Series([10.0, 2.0, np.nan, 10.0]))[1].tolist() == [1, 0, -1, 1]


def test_equal_values_are_never_split_over_bands():
    labels, code = code_column(pd.Series([0.0] * 90 + list(range(1, 21))))
    assert (code[:90] == 0).all()
    assert labels[0] == "0"
    assert len(labels) == 2


def test_negative_and_broken_numbers_have_labels_that_can_be_read():
    labels, _ = code_column(pd.Series(np.linspace(-1, 1, 21)))
    assert labels[0] == "-1 to -0.6"
    assert labels[-1] == "0.7–1"


def test_truth_values_and_ordered_categories_keep_their_sense():
    assert code_column(pd.Series([True, False]))[0] == ("no", "yes")
    bands = pd.Series(pd.Categorical(["old", "young"], categories=["young", "old", "none"], ordered=True))
    assert code_column(bands)[0] == ("young", "old")


def test_age_of_item_is_bands_of_publication_day_with_the_oldest_first(graph):
    age = cohorts(graph, "age_of_item", "item")
    assert age.labels[0] == "1970-01-01 to 1970-01-04 (oldest)"
    assert age.labels[-2:] == ("1970-01-17 to 1970-01-19 (newest)", "unknown")
    assert age.membership[0].indices.tolist() == [0]


def test_a_day_is_never_split_over_bands():
    same_day = make_graph(1, 40, items={"published": [float(j) for j in range(39)] + [3.0 * DAY]})
    groups = cohorts(same_day, "age_of_item", "item")
    assert groups.labels == ("1970-01-01 (oldest)", "1970-01-04 (newest)")
    assert groups.sizes.tolist() == [39, 1]


def test_age_of_item_falls_back_to_the_year_and_to_dates():
    years = make_graph(1, 50, items={"year": list(range(1950, 2000))})
    assert cohorts(years, "age_of_item", "item").labels[0] == "1950–1959 (oldest)"
    dates = make_graph(1, 50, items={"published": pd.date_range("2026-01-01", periods=50, tz="UTC")})
    assert cohorts(dates, "age_of_item", "item").labels[0] == "2026-01-01 to 2026-01-10 (oldest)"
    assert "age_of_item" not in columns(make_graph(1, 2))["item"]


def test_popularity_counts_people_in_ten_bands(graph):
    groups = cohorts(graph, "popularity", "item")
    assert groups.labels[0] == "0–1 people"
    assert groups.labels[-1] == "18–19 people"
    assert groups.sizes.tolist() == [2] * 10


def test_items_can_be_grouped_by_an_attribute_of_their_topics():
    graph = make_graph(1, 3, genres=[["a", "b"], ["b"], []], genre_attributes={"desk": ["north", "south"]})
    groups = cohorts(graph, "genre.desk", "item")
    assert groups.labels == ("north", "south", "unknown")
    assert groups.membership.toarray().tolist() == [[0.5, 0.5, 0], [0, 1, 0], [0, 0, 1]]


def test_two_groups_of_one_name_are_told_apart():
    graph = make_graph(1, 2, genres=[["a"], ["b"]])
    graph.groups["topic"].labels[:] = "Kim"
    assert cohorts(graph, "genre", "item").labels == ("Kim (t00000)", "Kim (t00001)")


def test_text_that_hardly_repeats_is_not_offered(graph):
    offered = columns(graph)
    assert offered == {"item": ["genre", "brand", "age_of_item", "popularity"], "user": ["age", "gender"]}


def test_every_offered_column_gives_rows_that_sum_to_one(graph):
    for side, names in columns(graph).items():
        for name in names:
            groups = cohorts(graph, name, side)
            assert groups.membership.sum(axis=1) == pytest.approx(1.0)
            assert len(set(groups.labels)) == len(groups.labels) == groups.membership.shape[1]
            assert side_of(graph, name) == side


@pytest.mark.parametrize(
    ("by", "side", "message"),
    [
        ("gnre", "item", r"choose genre, brand, age_of_item, popularity\. Did you mean 'genre'"),
        ("gender", "item", "a column of the user side"),
        ("zip", "user", "30 different values for 30 users, too many to compare: choose age, gender"),
        ("../../etc", "user", "choose age, gender"),
        ("genre", "maker", "choose item or user"),
    ],
)
def test_a_column_that_is_not_there_is_refused_with_those_that_are(graph, by, side, message):
    with pytest.raises(OptionError, match=message):
        cohorts(graph, by, side)


def test_the_side_of_an_unknown_column_is_refused_with_both_sides(graph):
    with pytest.raises(OptionError, match=r"items have genre.*users have age, gender"):
        side_of(graph, "colour")


def test_a_workspace_without_user_columns_says_so():
    with pytest.raises(OptionError, match="knows nothing about its users"):
        cohorts(make_graph(3, 3), "age", "user")
