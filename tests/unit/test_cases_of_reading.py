"""Own data as people really have them, one test a case: what is read, what is repaired with a note, what is refused and
why.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import DataError, OptionError
from core.graph import InteractionGraph
from core.models.base import default_model
from core.models.popularity import Popularity
from data.builder import build_graph
from data.formats.folder import tables_from_folder
from data.tables import Tables
from data.validation import validate
from explain.groups.cohorts import Side, cohorts, columns, side_of
from explain.workbench.workbench import Workbench

PAIRS = [
    ("ann", "tea"),
    ("ann", "jam"),
    ("ann", "egg"),
    ("bob", "tea"),
    ("bob", "jam"),
    ("bob", "fig"),
    ("cat", "egg"),
    ("cat", "fig"),
    ("cat", "tea"),
    ("dan", "nut"),
    ("dan", "tea"),
    ("dan", "jam"),
]
ITEMS = ("egg", "fig", "jam", "nut", "tea")
START = 1_700_000_000
EVENTS = "user,item,time\n" + "".join(f"{u},{i},{START + 100 * n}\n" for n, (u, i) in enumerate(PAIRS))
DAY = 86_400


class Read:
    """A folder as it was read: tables, notes and graph."""

    def __init__(self, folder: Path, **files: str | bytes | pd.DataFrame) -> None:
        for name, content in ({"events": EVENTS} | files).items():
            if isinstance(content, pd.DataFrame):
                content.to_parquet(folder / f"{name}.parquet")
            else:
                raw = content if isinstance(content, bytes) else content.encode()
                (folder / (f"{name}.json" if name == "card" else f"{name}.csv")).write_bytes(raw)
        tables, notes = validate(tables_from_folder(folder, "mine"))
        self.tables: Tables = tables
        self.notes = [str(note) for note in notes]
        self.graph: InteractionGraph = build_graph(tables)

    def groups(self, by: str, side: Side) -> dict[str, int]:
        membership = cohorts(self.graph, by, side)
        return dict(zip(membership.labels, membership.sizes.tolist(), strict=True))

    def has_note(self, *words: str) -> bool:
        """Whether one note holds all of the words."""
        return any(all(word in note for word in words) for note in self.notes)

    @property
    def days(self) -> list[str]:
        """First and last day of the events."""
        times = self.tables.events["time"]
        return [str(np.datetime64(int(t), "s"))[:10] for t in (times.min(), times.max())]


def refusal(folder: Path, **files: str | bytes | pd.DataFrame) -> str:
    with pytest.raises(DataError) as caught:
        Read(folder, **files)
    return " ".join([str(caught.value), *caught.value.problems])


def with_times(times: list[object]) -> str:
    return "user,item,time\n" + "".join(f"{u},{i},{t}\n" for (u, i), t in zip(PAIRS, times, strict=False))


def people(column: str, values: list[object]) -> str:
    """users.csv with one column; beyond ann to dan the people are x4, x5, …"""
    names = ["ann", "bob", "cat", "dan", *(f"x{n}" for n in range(4, len(values)))]
    return f"user,{column}\n" + "".join(f"{u},{v}\n" for u, v in zip(names, values, strict=False))


def things(column: str, values: list[object]) -> str:
    return f"item,{column}\n" + "".join(f"{i},{v}\n" for i, v in zip(ITEMS, values, strict=True))


# Two names, one key


def test_columns_that_differ_in_capitals_alone_are_found_by_their_exact_name(tmp_path: Path) -> None:
    users = "user,Region,region\nann,North,old\nbob,North,new\ncat,South,mid\ndan,South,old\n"
    read = Read(tmp_path, users=users)
    assert read.groups("Region", "user") == {"North": 2, "South": 2}
    assert read.groups("region", "user") == {"mid": 1, "new": 1, "old": 2}
    assert side_of(read.graph, "region") == "user"
    with pytest.raises(OptionError, match="can mean 'Region' or 'region': write the column's name exactly"):
        cohorts(read.graph, "REGION", "user")


def test_a_column_of_items_that_differs_in_capitals_from_one_of_people_is_not_taken_for_it(tmp_path: Path) -> None:
    read = Read(tmp_path, users=people("plan", ["a", "a", "b", "b"]), items=things("Plan", list("xyxyx")))
    assert (side_of(read.graph, "plan"), side_of(read.graph, "Plan")) == ("user", "item")


@pytest.mark.parametrize(
    "name", ["topic", "creator", "popularity", "age_of_item", "weight", "time", "value", "context"]
)
def test_an_own_column_of_items_keeps_its_name_whatever_we_call_so(tmp_path: Path, name: str) -> None:
    read = Read(tmp_path, items=things(name, ["A kg", "B kg", "A kg", "B kg", "B kg"]))
    assert read.groups(name, "item") == {"A kg": 2, "B kg": 3}
    assert name in columns(read.graph)["item"]


def test_an_own_column_beside_a_table_of_topics_is_called_after_its_table(tmp_path: Path) -> None:
    topics = "item,topic\n" + "".join(f"{item},{'x' if item < 'j' else 'y'}\n" for item in ITEMS)
    read = Read(tmp_path, items=things("topic", list("ababb")), topics=topics)
    assert read.groups("topic", "item") == {"x": 2, "y": 3}
    assert read.groups("items.topic", "item") == {"a": 2, "b": 3}
    assert read.has_note("items.topic", "is called 'topic' too")


@pytest.mark.parametrize(
    ("column", "values"), [("time", ["morning", "evening", "morning", ""]), ("weight", ["1 kg"] * 2 + ["2 kg"] * 2)]
)
def test_an_own_column_of_people_may_be_called_like_one_of_ours(
    tmp_path: Path, column: str, values: list[object]
) -> None:
    known = [str(v) for v in values if v]
    sizes = Read(tmp_path, users=people(column, values)).groups(column, "user")
    assert {label: n for label, n in sizes.items() if label != "unknown"} == {v: known.count(v) for v in set(known)}


# Times


@pytest.mark.parametrize(
    ("times", "written"),
    [
        ([f"202401{day:02}" for day in range(1, 13)], "YYYYMMDD"),
        ([f"202401{day:02}123000" for day in range(1, 13)], "YYYYMMDDhhmmss"),
        ([45_292 + n for n in range(12)], "day numbers of a spreadsheet"),
        ([45_292.5 + n for n in range(12)], "day numbers of a spreadsheet"),
        ([1000 * (1_704_067_200 + DAY * n) for n in range(12)], "milliseconds"),
        ([1_000_000 * (1_704_067_200 + DAY * n) for n in range(12)], "microseconds"),
        ([1_000_000_000 * (1_704_067_200 + DAY * n) for n in range(12)], "nanoseconds"),
    ],
)
def test_times_written_as_other_numbers_are_read_as_what_they_are_and_told(
    tmp_path: Path, times: list[object], written: str
) -> None:
    read = Read(tmp_path, events=with_times(times))
    assert read.days == ["2024-01-01", "2024-01-12"]
    assert read.has_note("events.time", written, "2024-01-01")


def test_parquet_numbers_are_read_as_the_same_times_as_text(tmp_path: Path) -> None:
    frame = pd.DataFrame(PAIRS, columns=["user", "item"]).assign(time=[20_240_101 + n for n in range(12)])
    assert Read(tmp_path, events=frame).days == ["2024-01-01", "2024-01-12"]


def test_one_day_that_no_calendar_has_is_refused_with_its_row(tmp_path: Path) -> None:
    message = refusal(tmp_path, events=with_times([*[f"202401{day:02}" for day in range(1, 12)], "20240199"]))
    assert "events.time, row 13: '20240199' is none of the days written as YYYYMMDD" in message


def test_counted_times_and_seconds_stay_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "count").mkdir()
    (tmp_path / "seconds").mkdir()
    assert Read(tmp_path / "count", events=with_times(list(range(1, 13)))).tables.events["time"].tolist() == list(
        range(1, 13)
    )
    assert Read(tmp_path / "seconds").tables.events["time"].tolist() == [START + 100 * n for n in range(12)]


def test_a_time_of_0_beside_dates_is_told(tmp_path: Path) -> None:
    read = Read(tmp_path, events=with_times([0, *[START + n for n in range(11)]]))
    assert read.has_note("events.time, row 2", "the time is 0 where others have dates")


@pytest.mark.parametrize(
    "values",
    [
        ["2023-01-10", "2023-02-11", "2023-03-12", "2023-04-13", "2023-05-14"],
        ["20230110", "20230211", "20230312", "20230413", "20230514"],
        [1_673_308_800 + 0, 1_676_073_600, 1_678_579_200, 1_681_344_000, 1_684_022_400],
        [1_673_308_800_000, 1_676_073_600_000, 1_678_579_200_000, 1_681_344_000_000, 1_684_022_400_000],
        ["2023-01-10 00:00:00 UTC", "2023-02-11T00:00Z", "2023-03-12", "2023-04-13T01:00:00+01:00", "2023-05-14"],
    ],
)
@pytest.mark.parametrize("column", ["published", "signup"])
def test_dates_of_items_and_people_are_bands_of_days(tmp_path: Path, values: list[object], column: str) -> None:
    bands = {"2023-01-10 (oldest)": 1, "2023-02-11": 1, "2023-03-12": 1, "2023-04-13": 1, "2023-05-14 (newest)": 1}
    if column == "published":
        assert Read(tmp_path, items=things(column, values)).groups("age_of_item", "item") == bands
    else:
        assert Read(tmp_path, users=people(column, values)).groups(column, "user") == bands


@pytest.mark.parametrize("unknown", ["0", "-1", "", "unknown", "NA", "n/a", "nan", "None", "null", "?", "-"])
@pytest.mark.parametrize(
    "dates",
    [["2023-01-10", "2023-02-11", "2023-03-12", "2023-04-13"], [20_230_110, 20_230_211, 20_230_312, 20_230_413]],
)
def test_0_and_words_for_unknown_are_no_dates(tmp_path: Path, unknown: str, dates: list[object]) -> None:
    read = Read(tmp_path, items=things("published", [*dates, unknown]), users=people("signup", [*dates, unknown]))
    for by, side in (("age_of_item", "item"), ("signup", "user")):
        sizes = read.groups(by, "item" if side == "item" else "user")
        assert list(sizes) == ["2023-01-10 (oldest)", "2023-02-11", "2023-03-12", "2023-04-13 (newest)", "unknown"]


DAYS = pd.date_range("2023-01-01", periods=5, freq="40D")


@pytest.mark.parametrize(
    "dates",
    [
        DAYS.astype("datetime64[ns]"),
        DAYS.astype("datetime64[us]"),
        DAYS.astype("datetime64[ms]"),
        DAYS.tz_localize("UTC"),
        DAYS.tz_localize("UTC").tz_convert("Asia/Tokyo"),
        [d.date() for d in DAYS],
        [str(d.date()) for d in DAYS],
    ],
    ids=["ns", "us", "ms", "utc", "tokyo", "date32", "text"],
)
def test_parquet_dates_are_days_in_whatever_unit_they_are_stored(tmp_path: Path, dates: object) -> None:
    items = pd.DataFrame({"item": ITEMS, "published": dates})
    users = pd.DataFrame({"user": ["ann", "bob", "cat", "dan", "eve"], "signup": dates})
    read = Read(tmp_path, items=items, users=users)
    bands = ["2023-01-01 (oldest)", "2023-02-10", "2023-03-22", "2023-05-01", "2023-06-10 (newest)"]
    assert list(read.groups("age_of_item", "item")) == bands
    assert list(read.groups("signup", "user")) == bands


def test_a_column_named_published_that_holds_no_times_is_the_datas_own(tmp_path: Path) -> None:
    read = Read(tmp_path, items=things("published", ["yes", "no", "yes", "no", "yes"]))
    assert read.groups("published", "item") == {"no": 2, "yes": 3}
    assert "age_of_item" not in columns(read.graph)["item"]


@pytest.mark.parametrize("value", ["soon", "13.01.2024", "1e308", "9999-12-31"])
def test_a_publication_time_that_is_none_is_refused_with_its_row(tmp_path: Path, value: str) -> None:
    assert "items.published, row 4" in refusal(
        tmp_path, items=things("published", ["2023-01-10", "2023-02-11", value, "2023-04-13", "2023-05-14"])
    )


def test_dates_that_can_mean_several_days_stay_text_and_are_told(tmp_path: Path) -> None:
    read = Read(tmp_path, users=people("signup", ["01/02/2024", "01/02/2024", "03/02/2024", "03/02/2024"]))
    assert read.groups("signup", "user") == {"01/02/2024": 2, "03/02/2024": 2}
    assert read.has_note("users.signup", "'01/02/2024' can mean several days")


# Types


@pytest.mark.parametrize("marker", ["", "unknown", "NA", "n/a", "nan", "None", "null", "?", "-"])
def test_a_word_for_unknown_does_not_make_a_column_of_numbers_text(tmp_path: Path, marker: str) -> None:
    read = Read(tmp_path, users=people("age", [*range(18, 48), marker]))
    assert read.groups("age", "user") == {"18–23": 6, "24–29": 6, "30–35": 6, "36–41": 6, "42–47": 6, "unknown": 1}
    assert marker in ("", "unknown") or read.has_note("users.age, row 32", f"'{marker}' is read as unknown")


def test_what_keeps_a_column_from_being_numbers_is_told(tmp_path: Path) -> None:
    read = Read(tmp_path, users=people("age", [*range(18, 48), "rather old"]))
    assert read.has_note("users.age, row 32", "'rather old' keeps the column from being read as numbers")
    with pytest.raises(OptionError, match="31 different values"):
        cohorts(read.graph, "age", "user")


@pytest.mark.parametrize(
    "labels",
    [
        ["1E1", "2E1", "3E2", "1E1"],
        ["1.10", "1.9", "1.2", "1.10"],
        ["+44", "+46", "+44", "+46"],
        ["01234", "12345", "01234", "12345"],
        ["1.0", "1.1", "2.0", "1.0"],
        ["1.10", "1.20", "1.10", "1.20"],
        ["12345678901234567890", "12345678901234567891"] * 2,
        ["0x1F", "0x2A"] * 2,
        ["-0", "0"] * 2,
        ["1_0", "2_0"] * 2,
    ],
)
def test_codes_stay_as_they_are_written(tmp_path: Path, labels: list[object]) -> None:
    sizes = Read(tmp_path, users=people("code", labels)).groups("code", "user")
    assert sizes == {str(label): labels.count(label) for label in labels}


def test_numbers_stand_in_the_order_of_their_worth(tmp_path: Path) -> None:
    assert list(Read(tmp_path, users=people("seat", ["10.50", "9.00", "9.00", "100.00"])).groups("seat", "user")) == [
        "9.00",
        "10.50",
        "100.00",
    ]


@pytest.mark.parametrize("parquet", [False, True])
def test_true_and_false_with_gaps_are_yes_and_no(tmp_path: Path, parquet: bool) -> None:
    if parquet:
        users: str | pd.DataFrame = pd.DataFrame(
            {"user": ["ann", "bob", "cat", "dan"], "paying": [True, None, False, True]}
        )
    else:
        users = people("paying", ["TRUE", "", "false", "True"])
    assert Read(tmp_path, users=users).groups("paying", "user") == {"no": 1, "yes": 2, "unknown": 1}


def test_blanks_and_invisible_characters_make_no_groups(tmp_path: Path) -> None:
    read = Read(tmp_path, users=people("sex", ["F", " F", "F\u00a0", "F\u200b", "New  York", "New\u00a0York"]))
    assert read.groups("sex", "user") == {"F": 4, "New York": 2}
    assert read.has_note("users.sex, rows 3, 4, 5, 6, 7", "blanks")


def test_values_that_differ_in_capitals_alone_are_told(tmp_path: Path) -> None:
    assert Read(tmp_path, users=people("sex", ["F", "f", "M", "M"])).has_note("users.sex", "'F', 'f'", "capitals alone")


def test_accents_written_in_two_ways_are_one_group(tmp_path: Path) -> None:
    assert Read(tmp_path, users=people("town", ["Sa\u0303o", "S\u00e3o", "Rio", "Rio"])).groups("town", "user") == {
        "Rio": 2,
        "S\u00e3o": 2,
    }


# Ids


def test_ids_written_as_decimals_are_those_of_the_other_table(tmp_path: Path) -> None:
    users = "user,age\n100,30\n101,31\n"
    read = Read(tmp_path, events="user,item\n100.0,tea\n101.0,jam\n101,tea\n", users=users)
    assert read.tables.events["user"].tolist() == ["100", "101", "101"]
    assert read.has_note("events.user, rows 2, 3", "'100.0' is read as '100'")


def test_ids_with_decimals_that_are_no_whole_numbers_stay(tmp_path: Path) -> None:
    assert Read(tmp_path, events="user,item\n1.0,tea\n1.5,jam\n").tables.events["user"].tolist() == ["1.0", "1.5"]


@pytest.mark.parametrize("written", ["9.14896E+18", "9,14896E+18", "9.14896e18", "9E+18"])
def test_ids_that_a_spreadsheet_rounded_are_told(tmp_path: Path, written: str) -> None:
    events = f"user;item;time\n{written};tea;{START}\n{written};jam;{START}\ncat;tea;{START}\n"
    read = Read(tmp_path, events=events)
    assert read.has_note("events.user, rows 2, 3", f"'{written}'", "several may have become one")
    assert read.has_note("events.time", "one and the same time")


def test_ids_that_a_float_rounded_are_told(tmp_path: Path) -> None:
    frame = pd.DataFrame({"user": [9.148961e18, 9.148962e18], "item": ["a", "b"]})
    assert Read(tmp_path, events=frame).has_note("events.user, rows 2, 3", "rounded")


@pytest.mark.parametrize("spoilt", ["\u00a0{}", "{}\u202f", "\ufeff{}", "{}\u200b", " {} ", "a\u200d{}"])
def test_characters_that_nobody_sees_make_no_other_person(tmp_path: Path, spoilt: str) -> None:
    whole = "a{}" if spoilt.startswith("a") else "{}"
    events = "user,item\n" + "".join(f"{spoilt.format(u)},{i}\n" for u, i in PAIRS)
    read = Read(
        tmp_path, events=events, users="user\n" + "".join(f"{whole.format(u)}\n" for u in ("ann", "bob", "cat", "dan"))
    )
    assert read.graph.n_users == 4
    assert read.has_note("events.user", "removed")


def test_accents_of_ids_may_be_encoded_in_either_way(tmp_path: Path) -> None:
    read = Read(tmp_path, events="user,item\njose\u0301,tea\nann,jam\n", users="user\njos\u00e9\nann\n")
    assert read.tables.events["user"].tolist() == ["jos\u00e9", "ann"]
    assert read.has_note("events.user, row 2", "accents")


def test_an_unknown_id_is_shown_with_what_it_may_have_lost(tmp_path: Path) -> None:
    assert "such as '7'. '007' differs from it in zeros" in refusal(
        tmp_path, events="user,item\n7,tea\n", users="user\n007\n"
    )
    assert "such as 'ANN'. 'ann' differs from it in capitals" in refusal(
        tmp_path, events="user,item\nANN,tea\n", users="user\nann\n"
    )


# Dialects of CSV


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "sep=;;;"])
def test_the_line_with_which_excel_names_the_separator_is_used(tmp_path: Path, first: str) -> None:
    read = Read(tmp_path, events=f"{first}\r\n" + EVENTS.replace(",", ";"))
    assert len(read.tables.events) == 12
    assert "events.time, row 15" in refusal(tmp_path, events=f"{first}\n{EVENTS.replace(',', ';')}ann;tea;soon\n")


def test_columns_without_a_name_are_left_out(tmp_path: Path) -> None:
    assert len(Read(tmp_path, events=EVENTS.replace("\n", ",,\n")).tables.events) == 12
    read = Read(tmp_path, events=EVENTS.replace("\n", ",,x\n").replace("time,,x", "time,,"))
    assert len(read.tables.events) == 12
    assert read.has_note("events", "column 5 of 'events.csv' has no name")


@pytest.mark.parametrize("blank", ["", "  ", ",,", " , ,"])
def test_a_blank_line_is_no_row_and_shifts_no_row_number(tmp_path: Path, blank: str) -> None:
    lines = EVENTS.split("\n")
    lines.insert(3, blank)
    assert len(Read(tmp_path, events="\n".join(lines)).tables.events) == 12
    lines[5] = "ann,egg,soon"
    assert "events.time, row 6" in refusal(tmp_path, events="\n".join(lines))


@pytest.mark.parametrize(
    ("header", "mark"),
    [('user;item;"a,b,c,d"', ";"), ("user;item;a,b,c,d", ";"), ('user,item,"a;b;c;d;e"', ","), ("user|item|x", "|")],
)
def test_the_separator_is_the_one_under_which_the_header_names_the_columns(
    tmp_path: Path, header: str, mark: str
) -> None:
    read = Read(tmp_path, events=f"{header}\n" + "".join(f"{u}{mark}{i}{mark}z\n" for u, i in PAIRS))
    assert read.tables.events["user"].tolist() == [u for u, _ in PAIRS]


def test_quotes_escaped_by_a_backslash_are_read_and_told(tmp_path: Path) -> None:
    items = "item;label\n" + "".join(f'"{item}";"Peter \\"Pan\\"; C:\\new {item}"\n' for item in ITEMS)
    read = Read(tmp_path, items=items)
    assert read.tables.items["label"][0] == 'Peter "Pan"; C:\\new egg'
    assert read.has_note("items", "escaped by a backslash")
    inches = "item,label\n" + "".join(f'{item},"5\\", red"\n' for item in ITEMS)
    assert Read(tmp_path, items=inches).tables.items["label"][0] == '5", red'


def test_a_quote_that_is_not_closed_is_named_with_its_row(tmp_path: Path) -> None:
    assert "begins as row 3, a double quote is not closed" in refusal(
        tmp_path, items='item,label\negg,a\nfig,"b\njam,c\n'
    )


def zipped(member: str) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr(member, EVENTS)
    return whole.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(EVENTS.encode()), "is a gzip file: unpack it"),
        (zipped("events.csv"), "ZIP archive"),
        (zipped("xl/workbook.xml"), "spreadsheet (.xlsx)"),
        (EVENTS.encode("utf-16"), "looks like UTF-16"),
        (EVENTS.encode("utf-16-le"), "looks like UTF-16"),
        (EVENTS.encode("utf-16-be"), "looks like UTF-16"),
        ("user,item\nюля,чай\n".encode("utf-16-le"), "looks like UTF-16"),
        (EVENTS.replace("bob", "Jos\u00e9").encode("latin-1"), "is not UTF-8 text (line 5)"),
        (b'[{"user": "a"}]', "looks like JSON"),
        (b"PAR1\x00", "is a Parquet file"),
    ],
    ids=["gzip", "zip", "xlsx", "utf-16", "utf-16-le", "utf-16-be", "cyrillic", "latin-1", "json", "parquet"],
)
def test_other_files_that_are_called_csv_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    assert message in refusal(tmp_path, events=content)


# Rows


@pytest.mark.parametrize("parquet", [False, True])
def test_rows_that_differ_in_value_are_summed_and_exact_repeats_dropped_and_both_counted(
    tmp_path: Path, parquet: bool
) -> None:
    rows = [(u, i, value) for u, i in PAIRS for value in (1, 7, 7)]
    frame = pd.DataFrame(rows, columns=["user", "item", "value"])
    read = Read(tmp_path, events=frame if parquet else frame.to_csv(index=False))
    assert read.tables.events["value"].tolist() == [8.0] * 12
    assert read.has_note("repeats an earlier row", "12 rows dropped")
    assert read.has_note("events.value", "another value", "12 rows with 84 in all")


def test_rows_that_differ_in_another_cell_are_no_repeats(tmp_path: Path) -> None:
    read = Read(tmp_path, events="user,item,order\nann,tea,1\nann,tea,2\nann,tea,2\n")
    assert read.tables.events["value"].tolist() == [2.0]
    assert read.has_note("repeats an earlier row", "1 row dropped")


def test_memberships_of_other_weight_are_added(tmp_path: Path) -> None:
    topics = "item,topic,weight\ntea,hot,1\ntea,hot,2\ntea,hot,1\njam,cold,1\n"
    read = Read(tmp_path, topics=topics)
    assert read.tables.topics["weight"].tolist() == [3.0, 1.0]
    assert read.has_note("topics.weight", "1 row with 2 in all")


# What can be compared, and fitted


def test_a_column_with_fewer_than_two_known_groups_is_none_to_audit_by(tmp_path: Path) -> None:
    users = "user,one,none,two\nann,x,,a\nbob,,,b\ncat,x,unknown,a\ndan,x,,b\n"
    read = Read(tmp_path, users=users)
    assert columns(read.graph)["user"] == ["two"]
    assert "topic" not in columns(read.graph)["item"]
    assert "creator" not in columns(read.graph)["item"]
    assert read.groups("topic", "item") == {"unknown": 5}


def singles(folder: Path, n: int, card: str = "{}") -> Workbench:
    folder.mkdir()
    rows = "".join(f"u{k:02},i{k % 7},{START + k}\n" for k in range(n))
    (folder / "events.csv").write_text("user,item,time\n" + rows)
    (folder / "card.json").write_text(card)
    bench = Workbench(folder / "home")
    problems = bench.data.prepare("tiny", folder=folder).problems
    assert n < 2 or any("nobody has two events" in note and "'random'" in note for note in problems)
    return bench


@pytest.mark.parametrize("card", ["{}", '{"default_split": "last"}'])
def test_data_in_which_nobody_has_two_events_are_fitted_on_a_random_cut(tmp_path: Path, card: str) -> None:
    bench = singles(tmp_path / "data", 30, card)
    assert bench.data.card("tiny").default_split == "random"
    for model in (Popularity.spec.name, default_model()):
        assert bench.models.fit("tiny", model).snapshot.startswith(model)


def test_popularity_needs_no_cut_and_others_say_what_can_be_done(tmp_path: Path) -> None:
    bench = singles(tmp_path / "data", 1)
    assert bench.models.fit("tiny", "popularity").model == "popularity"
    with pytest.raises(OptionError, match="What can be done: add events"):
        bench.models.fit("tiny", "path")
