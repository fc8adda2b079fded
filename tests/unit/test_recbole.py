"""RecBole's atomic files: by declared types and RecBole's names, with a sentence for each thing that is not so."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import DataError
from data.builder import build_graph
from data.formats.base import format_of, tables_from
from data.formats.reading.limits import Limits
from data.tables import Tables
from data.validation import validate

INTER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
RATINGS = INTER + "1\t10\t4\t881250949\n1\t11\t2.5\t881250999\n2\t10\t5\t881251949\n2\t12\t1\t881252949\n"
ITEMS = (
    "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
    "10\tToy Story\t1995\tAnimation Comedy\n11\tHeat\t1996\tDrama\n12\tAlien\t1979\t\n"
)
USERS = "user_id:token\tage:token\tgender:token\n1\t24\tM\n2\t53\tF\n"


def folder_of(place: Path, **files: str | bytes) -> Path:
    """Files ml.inter, ml.item…"""
    for ending, content in files.items():
        raw = content if isinstance(content, bytes) else content.encode()
        (place / f"ml.{ending}").write_bytes(raw)
    return place


def read(place: Path, limits: Limits | None = None, **files: str | bytes) -> tuple[Tables, list[str]]:
    tables, notes = validate(tables_from(folder_of(place, **files), "mine", limits))
    return tables, [str(note) for note in notes]


def refusal(place: Path, limits: Limits | None = None, **files: str | bytes) -> str:
    with pytest.raises(DataError) as caught:
        read(place, limits, **files)
    message = "; ".join(caught.value.problems) or str(caught.value)
    assert message.endswith((".", "?"))
    assert message.isprintable()
    return message


def test_all_three_files_become_the_graph_that_they_describe(tmp_path: Path) -> None:
    tables, _ = read(tmp_path, inter=RATINGS, item=ITEMS, user=USERS)
    graph = build_graph(tables)
    assert list(graph.items.labels) == ["Toy Story", "Heat", "Alien"]
    assert graph.items.attributes["release_year"].tolist() == [1995, 1996, 1979]
    assert graph.users.attributes["age"].tolist() == [24, 53]
    assert list(graph.events.weight) == [4.0, 2.5, 5.0, 1.0]
    assert tables.events["time"].tolist() == [881250949, 881250999, 881251949, 881252949]
    assert graph.groups["topic"].title == "class"
    assert graph.memberships["topic"].toarray().tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert tables.card.event_weights == {"rating": 1.0}
    assert tables.card.event_verbs == {"rating": "rated"}
    assert tables.card.default_split == "last"


def test_interactions_alone_are_enough_and_need_no_rating_and_no_time(tmp_path: Path) -> None:
    tables, notes = read(tmp_path, inter="item_id:token\tuser_id:token\na\tann\nb\tbob\n")
    assert tables.events[["user", "item", "event"]].values.tolist() == [
        ["ann", "a", "interaction"],
        ["bob", "b", "interaction"],
    ]
    assert tables.card.default_split == "random"
    assert tables.users["user"].tolist() == ["ann", "bob"]
    assert any("no table given: 2 users" in note for note in notes)


def test_one_file_may_be_named_and_takes_its_own_companions_along(tmp_path: Path) -> None:
    folder_of(tmp_path, inter=RATINGS, item=ITEMS)
    (tmp_path / "other.inter").write_text(INTER + "x\ty\t1\t5\n")
    with pytest.raises(DataError, match=r"several data sets \('ml.inter', 'other.inter'\): name one of these files"):
        tables_from(tmp_path, "mine")
    assert tables_from(tmp_path / "ml.inter", "mine").items["label"].tolist()[0] == "Toy Story"
    other = tables_from(tmp_path / "other.inter", "mine")
    assert (other.events["user"].tolist(), len(other.items)) == (["x"], 0)


def test_a_card_beside_them_is_read(tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text(json.dumps({"title": "Films", "item_noun": "film"}))
    card = read(tmp_path, inter=RATINGS, item=ITEMS)[0].card
    assert (card.name, card.title, card.item_noun) == ("mine", "Films", "film")
    assert card.kind_titles == {"topic": "class"}


@pytest.mark.parametrize("declared", ["token", "token_seq", "float", "float_seq"])
@pytest.mark.parametrize("field", ["label", "title", "name", "app_title", "Book_Name"])
def test_a_label_may_be_of_any_type(tmp_path: Path, declared: str, field: str) -> None:
    items = f"item_id:token\tyear:float\t{field}:{declared}\n10\t1995\t300 1.50\n11\t1996\t7\n12\t1979\t8\n"
    tables, _ = read(tmp_path, inter=RATINGS, item=items)
    assert tables.items["label"].tolist() == ["300 1.50", "7", "8"]
    assert tables.items["year"].tolist() == [1995.0, 1996.0, 1979.0]
    assert len(tables.topics) == 0


@pytest.mark.parametrize("declared", ["token", "float", "token_seq", "float_seq"])
def test_a_label_of_interactions_is_no_amount(tmp_path: Path, declared: str) -> None:
    inter = f"user_id:token\titem_id:token\tlabel:{declared}\n1\ta\t0\n2\tb\t1\n"
    assert read(tmp_path, inter=inter)[0].events["value"].tolist() == [1.0, 1.0]


def test_things_without_a_row_of_their_own_are_known_by_id(tmp_path: Path) -> None:
    """RecBole takes ids that only the interactions have; so a .user or .item file may be incomplete, or missing."""
    items = "item_id:token\ttitle:token\tprice:float\n11\tHeat\t2.5\n"
    tables, notes = read(tmp_path, inter=RATINGS, item=items, user="user_id:token\tage:float\n2\t53\n")
    assert dict(zip(tables.items["item"], tables.items["label"], strict=True)) == {"11": "Heat", "10": "10", "12": "12"}
    assert tables.items["price"].isna().tolist() == [False, True, True]
    assert set(tables.users["user"]) == {"1", "2"}
    assert any("items.item: 2 of the interactions have no row, such as '10'" in note for note in notes)
    assert any("users.user: 1 of the interactions have no row, such as '1'" in note for note in notes)


@pytest.mark.parametrize(("inter", "item"), [("token", "token"), ("float", "float"), ("float", "token")])
def test_ids_written_as_floats_are_the_whole_numbers(tmp_path: Path, inter: str, item: str) -> None:
    rows = f"user_id:{inter}\titem_id:{inter}\n1.0\t10.0\n2.0\t11.0\n"
    tables, notes = read(tmp_path, inter=rows, item=f"item_id:{item}\ttitle:token\n10\tA\n11\tB\n")
    assert tables.events["item"].tolist() == ["10", "11"]
    assert tables.users["user"].tolist() == ["1", "2"]
    assert tables.items["label"].tolist() == ["A", "B"]
    assert any("ids were written as decimals: '1.0' is read as '1'" in note for note in notes)


def test_large_ids_that_are_declared_float_keep_their_digits(tmp_path: Path) -> None:
    rows = "user_id:float\titem_id:float\n9007199254740993\t1\n9007199254740992\t2\n"
    assert read(tmp_path, inter=rows)[0].events["user"].tolist() == ["9007199254740993", "9007199254740992"]


def test_codes_stay_codes(tmp_path: Path) -> None:
    tables, _ = read(tmp_path, inter="user_id:token\titem_id:token\n007\t1e3\nNA\tnull\n")
    assert tables.events["user"].tolist() == ["007", "NA"]
    assert tables.events["item"].tolist() == ["1e3", "null"]


def test_words_of_several_fields_stay_apart_and_running_text_is_no_topic(tmp_path: Path) -> None:
    items = (
        "item_id:token\tname:token\tgenre:token_seq\ttags:token_seq\tdescription:token_seq\tvector:float_seq\n"
        "10\tA\tDrama  War Drama\tWar\ta war\t.1 .2\n11\tB\t\tOld\tof old\t.3 .4\n12\tC\tWar\t\t\t\n"
    )
    tables, notes = read(tmp_path, inter=RATINGS, item=items)
    assert sorted(zip(tables.topics["item"], tables.topics["topic"], tables.topics["label"], strict=True)) == [
        ("10", "genre:Drama", "Drama"),
        ("10", "genre:War", "War"),
        ("10", "tags:War", "War"),
        ("11", "tags:Old", "Old"),
        ("12", "genre:War", "War"),
    ]
    assert list(tables.items.columns) == ["item", "label", "description"]
    assert any("items.vector: a list of numbers is no attribute: left out." in note for note in notes)
    assert tables.card.kind_titles == {}


@pytest.mark.parametrize("factor", [1, 1_000, 1_000_000])
def test_timestamps_are_seconds_or_smaller_units(tmp_path: Path, factor: int) -> None:
    rows = "user_id:token\titem_id:token\ttimestamp:float\n" + "".join(
        f"{u}\t{i}\t{(1_700_000_000 + n) * factor}.0\n" for n, (u, i) in enumerate(["ax", "ay", "bx"])
    )
    assert read(tmp_path, inter=rows)[0].events["time"].tolist() == [1_700_000_000, 1_700_000_001, 1_700_000_002]


def test_titles_that_have_broken_programs_stay_as_they_are(tmp_path: Path) -> None:
    titles = [
        '"Weird Al" Live',
        'The 12" Mix',
        "a,b;c|d",
        "<script>alert(1)</script>",
        "=1+1",
        "日本",
        "\\t",
        "'; DROP",
    ]
    rows = "".join(f"u\t{n}\n" for n in range(len(titles)))
    items = "item_id:token\ttitle:token_seq\n" + "".join(f"{n}\t{title}\n" for n, title in enumerate(titles))
    tables, _ = read(tmp_path, inter="user_id:token\titem_id:token\n" + rows, item=items)
    assert tables.items["label"].tolist() == titles


@pytest.mark.parametrize(
    ("inter", "message"),
    [
        ("", "ml.inter is empty: it needs a header with user_id:token and item_id:token"),
        ("\n\n", "ml.inter is empty"),
        (INTER, "ml.inter has a header but no rows"),
        ("user_id\titem_id\n1\t2\n", "a header without types: write 'user_id:token' where it has 'user_id'"),
        ("1\t2\t3\n4\t5\t6\n", "a header without types: write '1:token' where it has '1'"),
        ("user_id:token,item_id:token\n1,2\n", "lacks user_id:token and item_id:token; found are"),
        ("user_id:token item_id:token\n1 2\n", "Columns are separated by tabs."),
        ("user_id:token\titem_id:int\n1\t2\n", "ml.inter declares 'item_id' as 'int', which is no type"),
        ("user_id:token\titem_id:tokn\n1\t2\n", "Did you mean 'token'?"),
        ("uid:token\titem_id:token\n1\t2\n", "it lacks user_id:token; found are 'uid', 'item_id'"),
        ("user_id:token_seq\titem_id:token\n1\t2\n", "ml.inter declares user_id as token_seq: an id is one value"),
        ("user_id:token\titem_id:token\trating:float_seq\n1\t2\t3\n", "declares rating as float_seq: it is one value"),
        ("user_id:token\titem_id:token\tuser_id:token\n1\t2\t3\n", "'user_id' stands there twice"),
        ("user_id:token\titem_id:token\n1\t2\t3\n", "row 2: there are more cells than the header has columns (2)"),
        ("user_id:token\titem_id:token\n1\t\n", "events.item, row 2: the id is missing."),
        (INTER + "1\t2\tgood\t5\n", "events.value, row 2: not a number, such as 'good'."),
        (INTER + "1\t2\t0\t5\n", "the value is not above 0"),
        (INTER + "1\t2\t3\tsoon\n", "events.time, row 2: neither seconds nor an ISO date, such as 'soon'."),
        ("user_id:token\titem_id:token\nJosé\t1\n".encode("latin-1"), "ml.inter is not UTF-8 text (line 2)"),
        (b"PAR1junk", "ml.inter is a Parquet file: save it as tab-separated text."),
        (b"PK\x03\x04junk", "save it as tab-separated text in UTF-8."),
        (b'[{"user_id": 1}]', "ml.inter looks like JSON: save it as tab-separated text"),
    ],
)
def test_wrong_interactions_are_a_sentence(tmp_path: Path, inter: str | bytes, message: str) -> None:
    assert message in refusal(tmp_path, inter=inter)


@pytest.mark.parametrize("ending", ["user", "item"])
def test_wrong_companions_are_a_sentence(tmp_path: Path, ending: str) -> None:
    assert f"lacks {ending}_id:token" in refusal(tmp_path, inter=RATINGS, **{ending: "x:token\n1\n"})
    floats = refusal(tmp_path, inter=RATINGS, **{ending: f"{ending}_id:token\tage:float\n1\told\n2\tinf\n"})
    assert f"{ending}s.age, rows 2, 3: declared float, but 'old' is no number" in floats
    twice = refusal(tmp_path, inter=RATINGS, **{ending: f"{ending}_id:token\n1\n1\n"})
    assert "the id occurs in an earlier row" in twice
    (tmp_path / f"ml.{ending}").unlink()
    os.mkfifo(tmp_path / f"ml.{ending}")
    assert f"ml.{ending} is a pipe, not a file that can be read" in refusal(tmp_path, inter=RATINGS)


def test_floats_may_be_unknown(tmp_path: Path) -> None:
    users = "user_id:token\tage:float\n1\t\n2\tnan\n"
    assert read(tmp_path, inter=RATINGS, user=users)[0].users["age"].isna().tolist() == [True, True]


def test_words_count_as_cells(tmp_path: Path) -> None:
    items = "item_id:token\tgenre:token_seq\n10\t" + " ".join(map(str, range(500))) + "\n"
    assert "ml.item holds 500 cells or more; at most 100 are read" in refusal(
        tmp_path, Limits(cells=100), inter=RATINGS, item=items
    )


def test_fields_called_as_ours_do_not_hide_what_is_read(tmp_path: Path) -> None:
    inter = "user_id:token\titem_id:token\trating:float\tuser:token\tvalue:float\n1\t2\t3\tx\t9\n"
    tables, notes = read(tmp_path, inter=inter)
    assert (tables.events["user"].tolist(), tables.events["value"].tolist()) == (["1"], [3.0])
    assert any("events.user: left out: 'user_id' is read under this name." in note for note in notes)


def test_what_else_lies_there_is_named(tmp_path: Path) -> None:
    _, notes = read(tmp_path, inter=RATINGS, kg="head_id:token\n1\n", link="item_id:token\n1\n")
    assert any("not read: 'ml.kg', 'ml.link'" in note for note in notes)


def test_a_folder_of_tables_stays_one_whatever_lies_beside_them(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("user,item\na,b\n")
    assert format_of(folder_of(tmp_path, inter=RATINGS)).name == "folder"
    (tmp_path / "events.csv").rename(tmp_path / "events.inter")
    assert format_of(tmp_path).name == "recbole"


def test_the_order_of_rows_and_fields_does_not_matter(tmp_path: Path) -> None:
    frame = pd.DataFrame([line.split("\t") for line in RATINGS.splitlines()[1:]], columns=INTER.split())
    prints = set()
    for n, order in enumerate(([0, 1, 2, 3], [3, 1, 0, 2])):
        place = tmp_path / str(n)
        place.mkdir()
        mixed = frame.iloc[order, np.roll(range(4), n).tolist()].to_csv(sep="\t", index=False)
        prints.add(build_graph(read(place, inter=mixed, item=ITEMS)[0]).fingerprint)
    assert len(prints) == 1
