"""Events are said as verbs, and a link is named after an event only where every link is one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from explain.format.words import browsing_words, column_words
from explain.workbench.workbench import Workbench


def bench_of(tmp_path: Path, events: list[tuple[object, ...]], columns: list[str]) -> Workbench:
    folder = tmp_path / "in"
    folder.mkdir()
    pd.DataFrame(events, columns=columns).to_csv(folder / "events.csv", index=False)
    bench = Workbench(tmp_path / "home")
    bench.data.prepare("shop", folder=folder)
    return bench


def rows(kinds: dict[int, str]) -> list[tuple[object, ...]]:
    """Four people with three things each; which event stands behind a link of the n-th thing of a person."""
    return [(f"u{u}", f"i{(u + n) % 5}", kinds[n], 1_700_000_000 + 100 * u + n) for u in range(4) for n in range(3)]


def words(bench: Workbench) -> str:
    return bench.models.relation_words("shop")["co_consumption_3"]


@pytest.mark.parametrize(
    ("event", "verb"),
    [
        ("VIEW", "viewed"),
        ("Page-View", "viewed"),
        ("PURCHASE", "bought"),
        ("listen", "listened to"),
        ("add_to_cart", "put into the cart"),
        ("X17", "had"),
    ],
)
def test_an_event_type_is_told_as_what_people_did(tmp_path: Path, event: str, verb: str) -> None:
    bench = bench_of(tmp_path, rows(dict.fromkeys(range(3), event)), ["user", "item", "event", "time"])
    assert words(bench) == f"people who {verb} both"


def test_bought_both_is_said_only_where_every_link_is_a_purchase(tmp_path: Path) -> None:
    mixed = bench_of(tmp_path, rows({0: "purchase", 1: "view", 2: "view"}), ["user", "item", "event", "time"])
    assert words(mixed) == "people who had both"
    (tmp_path / "two").mkdir()
    viewed_first = [*rows(dict.fromkeys(range(3), "view")), *rows({0: "purchase", 1: "purchase", 2: "purchase"})[::3]]
    assert (
        words(bench_of(tmp_path / "two", viewed_first, ["user", "item", "event", "time"])) == "people who viewed both"
    )


def test_data_without_event_types_had_both(tmp_path: Path) -> None:
    bare = [row[:2] for row in rows(dict.fromkeys(range(3), "view"))]
    assert words(bench_of(tmp_path, bare, ["user", "item"])) == "people who had both"


def test_columns_and_browsing_models_are_said_in_words() -> None:
    assert column_words("age_of_item") == "age of item"
    assert column_words("region × author_group") == "region × author group"
    assert browsing_words("rbp(0.8)") == "rank-biased precision, .8"
    assert browsing_words("own(3)") == "own(3)"
