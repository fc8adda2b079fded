"""Own data from a folder: what is left out is completed, what is wrong gets a sentence with its file and row."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from core.errors import DataError
from data.builder import build_graph
from data.formats.folder import tables_from_folder
from data.tables import Tables
from data.validation import validate

EVENTS = "user,item,event,value,time,context\nann,a,view,1,100,s1\nann,b,like,2,200,s1\nbob,a,view,1,300,\n"


def folder_of(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        ending = "json" if name == "card" else "csv"
        (tmp_path / f"{name}.{ending}").write_text(text, encoding="utf-8", newline="")
    return tmp_path


def load(tmp_path: Path, **files: str) -> Tables:
    return tables_from_folder(folder_of(tmp_path, **files), "mine")


def refusal(tmp_path: Path, **files: str) -> str:
    with pytest.raises(DataError) as caught:
        load(tmp_path, **files)
    return str(caught.value)


def test_all_files_become_the_graph_that_they_describe(tmp_path: Path) -> None:
    tables = load(
        tmp_path,
        events=EVENTS,
        items='item,label,price\na,"Apple, red",1.5\nb,Pear,\n',
        users="user,city\nann,Graz\nbob,\n",
        topics="item,topic\na,fruit\nb,fruit\n",
        creators="item,creator,label,weight\na,f1,Farm One,0.5\n",
        card=json.dumps({"title": "My shop", "event_weights": {"view": 1, "like": 4}, "positives": ["like"]}),
    )
    graph = build_graph(validate(tables)[0])
    assert (graph.name, graph.title) == ("mine", "My shop")
    assert tables.card.positives == ("like",)
    assert list(graph.items.labels) == ["Apple, red", "Pear"]
    assert graph.items.attributes["price"].tolist()[0] == 1.5
    assert graph.users.attributes["city"].isna().tolist() == [False, True]
    assert list(graph.events.weight) == [1.0, 8.0, 1.0]
    assert list(graph.events.context) == [0, 0, -1]
    assert graph.memberships["creator"].toarray().tolist() == [[0.5], [0.0]]


def test_two_columns_are_enough(tmp_path: Path) -> None:
    tables, notes = validate(load(tmp_path, events="user,item\nann,a\nbob,b\n"))
    assert tables.events["event"].tolist() == ["interaction"] * 2
    assert tables.events["value"].tolist() == [1.0, 1.0]
    assert tables.card.event_weights == {"interaction": 1.0}
    assert tables.card.default_split == "random"
    assert any("no event has a time" in note.message for note in notes)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_separator_byte_order_mark_and_line_ends_are_recognised(
    tmp_path: Path, mark: str, bom: str, line_end: str
) -> None:
    text = bom + EVENTS.replace(",", mark).replace("\n", line_end) + line_end
    events = load(tmp_path, events=text).events
    assert events["user"].tolist() == ["ann", "ann", "bob"]
    assert events.columns.tolist() == ["user", "item", "event", "value", "time", "context"]


def test_parquet_is_read_as_csv_is(tmp_path: Path) -> None:
    from_csv = load(tmp_path, events=EVENTS)
    (tmp_path / "events.csv").unlink()
    frame = from_csv.events.assign(value=[1.0, 2.0, 1.0], time=pd.to_datetime([100, 200, 300], unit="s", utc=True))
    frame.to_parquet(tmp_path / "events.parquet")
    prints = {build_graph(validate(t)[0]).fingerprint for t in (from_csv, tables_from_folder(tmp_path, "mine"))}
    assert len(prints) == 1


def test_dates_are_read_as_utc(tmp_path: Path) -> None:
    text = "user,item,time\na,x,2026-01-01\na,y,2026-01-01 01:00\na,z,2026-01-01T01:00:00+01:00\na,v,1767225600\n"
    times = validate(load(tmp_path, events=text))[0].events["time"]
    assert times.tolist() == [1767225600, 1767229200, 1767225600, 1767225600]


def test_ids_that_look_like_numbers_stay_text(tmp_path: Path) -> None:
    events = load(tmp_path, events="user,item\n007,1e3\nNA,null\n").events
    assert events["user"].tolist() == ["007", "NA"]
    assert events["item"].tolist() == ["1e3", "null"]


def test_unreadable_values_are_listed_with_their_rows(tmp_path: Path) -> None:
    tables = load(tmp_path, events="user,item,value,time\na,x,NaN,1\na,y,many,1700000000000\na,,1,soon\n")
    with pytest.raises(DataError) as caught:
        validate(tables)
    assert list(caught.value.problems) == [
        "events.value, rows 2, 3: not a number, such as 'NaN'.",
        "events.time, row 4: neither seconds nor an ISO date, such as 'soon'.",
        "events.item, row 4: the id is missing.",
        "events.time, row 3: the time looks like milliseconds: divide by 1000 (such as '1700000000000').",
    ]


def test_missing_folder_and_missing_events_say_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no folder"):
        tables_from_folder(tmp_path / "nowhere", "mine")
    assert "it holds nothing" in refusal(tmp_path)
    assert "it holds 'items.csv'" in refusal(tmp_path, items="item\na\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "events.csv is empty: it needs a header with user and item"),
        ("\n\n", "events.csv is empty"),
        ("\ufeff", "events.csv is empty"),
        ("user,item\n", "events.csv has a header but no rows"),
        ("user,thing\na,b\n", "lacks item; found are 'user', 'thing'"),
        ("a,b\nc,d\n", "lacks user and item; found are 'a', 'b'"),
        ("user,item,user\na,b,c\n", "'user' stands there twice"),
        ("user,item\na,b\na,b,c\n", "events.csv, row 3: there are more cells than the header has columns (2)"),
        ('user,item\na,"b\n', "double quote that is not closed"),
    ],
)
def test_wrong_events_file_is_a_sentence(text: str, message: str, tmp_path: Path) -> None:
    assert message in refusal(tmp_path, events=text)


def test_other_encodings_and_broken_parquet_are_sentences(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_bytes("user,item\nJosé,x\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"events\.csv is not UTF-8 text"):
        tables_from_folder(tmp_path, "mine")
    (tmp_path / "events.csv").rename(tmp_path / "events.parquet")
    with pytest.raises(DataError, match=r"events\.parquet is no Parquet file"):
        tables_from_folder(tmp_path, "mine")
    (tmp_path / "events.csv").write_text(EVENTS)
    with pytest.raises(DataError, match="holds both"):
        tables_from_folder(tmp_path, "mine")


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ("{", "card.json is not JSON"),
        ("[]", "card.json must be an object"),
        ('{"titel": "x"}', "there is no entry 'titel'"),
        ('{"title": 5}', "title must be a text"),
        ('{"event_weights": {"view": "1"}}', "event_weights must be numbers"),
        ('{"positives": "view"}', "positives must be a list of texts"),
        ('{"kind_titles": {"topic": 1}}', "kind_titles must be texts by name"),
        ('{"default_split": "never"}', "default_split must be one of random, last, time"),
    ],
)
def test_wrong_card_is_a_sentence(card: str, message: str, tmp_path: Path) -> None:
    assert message in refusal(tmp_path, events=EVENTS, card=card)
