"""All problems at once, with the rows of the file; harmless things are repaired and told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.errors import DataError
from data.validation import Problem, validate
from tests.unit.tables_for_tests import CARD, events, tiny_tables


def problems_of(**changes: object) -> list[str]:
    with pytest.raises(DataError) as caught:
        validate(tiny_tables(**changes))
    return list(caught.value.problems)


def only_note(table: str, notes: tuple[Problem, ...], words: str) -> Problem:
    matching = [note for note in notes if note.table == table and words in note.message]
    assert len(matching) == 1, [str(note) for note in notes]
    return matching[0]


def event_rows(*values: object, column: str) -> pd.DataFrame:
    """As many sound events as values, one second apart, with the values in one column."""
    frame = events(*(("ann", "a", "view", 1.0, second, None) for second in range(1, len(values) + 1)))
    return frame.assign(**{column: list(values)})


def test_sound_tables_pass_with_a_note_on_the_item_nobody_saw() -> None:
    tables, notes = validate(tiny_tables())
    assert [str(note) for note in notes] == ["items.item, row 3: items nobody has seen."]
    assert tables.events["time"].dtype == np.int64
    assert tables.events["value"].dtype == np.float64
    assert list(tables.events["user"]) == ["cat", "ann", "ann", "bob", "ann"]


def test_every_problem_of_every_table_is_listed_at_once() -> None:
    problems = problems_of(
        events=events(
            (None, "a", "view", 1.0, 1, None),
            ("ann", "nowhere", "view", float("nan"), 2, None),
            ("ann", "a", "wave", -1.0, 3, None),
        ),
        items=pd.DataFrame({"item": ["a", "a", "b", "c"], "label": ["A", "A", "B", "C"]}),
    )
    assert problems == [
        "events.user, row 2: the id is missing.",
        "events.event, row 4: unknown event type: the card weighs view, like (such as 'wave').",
        "events.value, row 3: the value is missing.",
        "events.value, row 4: the value is not above 0: leave the row out (such as '-1').",
        "items.item, row 3: the id occurs in an earlier row: keep one row for each.",
        "events.item, row 3: names items that the table 'items' does not have, such as 'nowhere'.",
    ]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("value", float("nan"), "the value is missing"),
        ("value", float("inf"), "the value is infinite"),
        ("value", 0.0, "the value is not above 0"),
        ("value", "many", "not a number, such as 'many'"),
        ("time", -1, "before 1970"),
        ("time", 4_102_444_800, "looks like milliseconds"),
        ("time", 1_700_000_000_000, "looks like milliseconds: divide by 1000"),
        ("time", 10**17, "after 2100"),
        ("time", None, "the time is missing"),
        ("time", "yesterday", "neither seconds nor an ISO date, such as 'yesterday'"),
        ("item", "", "the id is missing"),
        ("item", "a\x07", "control characters"),
        ("user", "u" * 201, "longer than 200"),
        ("event", None, "the event is missing"),
    ],
)
def test_bad_value_is_named_with_its_row_in_the_file(column: str, value: object, message: str) -> None:
    good = {"value": 1.0, "time": 5, "item": "a", "user": "ann", "event": "view"}[column]
    problems = problems_of(events=event_rows(good, value, column=column))
    assert any(message in line and line.startswith(f"events.{column}, row 3:") for line in problems), problems


@pytest.mark.parametrize("second", [0, 1, 4_102_444_799])
def test_seconds_from_1970_to_2100_are_times(second: int) -> None:
    tables, _ = validate(tiny_tables(events=event_rows(7, second, column="time")))
    assert list(tables.events["time"]) == [7, second]


def test_first_twenty_rows_stand_for_all_and_the_rest_is_counted() -> None:
    problems = problems_of(events=event_rows(*[-1.0] * 25, column="value"))
    first = ", ".join(str(row) for row in range(2, 22))
    assert problems == [
        f"events.value, rows {first} and 5 more: the value is not above 0: leave the row out (such as '-1')."
    ]


def test_rows_are_those_of_the_file_when_the_index_is_not() -> None:
    frame = event_rows(1.0, -1.0, column="value")
    assert problems_of(events=frame.set_axis([70, 90]))[0].startswith("events.value, row 3:")


def test_exact_duplicate_is_dropped_and_told() -> None:
    row = ("ann", "a", "view", 1.0, 100, "s1")
    other_session = (*row[:-1], "s2")
    tables, notes = validate(tiny_tables(events=events(row, other_session, row)))
    assert list(tables.events["context"]) == ["s1", "s2"]
    assert only_note("events", notes, "repeats an earlier row").rows == (4,)


def test_duplicate_without_context_is_dropped_too() -> None:
    row = ("ann", "a", "view", 1.0, 100, None)
    tables, _ = validate(tiny_tables(events=events(row, row)))
    assert len(tables.events) == 1


def test_unknown_user_is_an_error_where_there_is_a_table_of_users() -> None:
    problems = problems_of(events=events(("eve", "a", "view", 1.0, 1, None)))
    assert problems == ["events.user, row 2: names users that the table 'users' does not have, such as 'eve'."]


def test_absent_users_and_items_are_taken_from_the_events() -> None:
    nobody = pd.DataFrame({"user": [], "label": []}, dtype="str")
    nothing = pd.DataFrame({"item": [], "label": []}, dtype="str")
    empty = pd.DataFrame()
    tables, notes = validate(tiny_tables(users=nobody, items=nothing, topics=empty, creators=empty))
    assert list(tables.users["user"]) == ["ann", "bob", "cat"]
    assert list(tables.items["label"]) == ["a", "b", "d"]
    assert {note.severity for note in notes} == {"note"}


def test_long_title_is_cut_and_told() -> None:
    items = tiny_tables().items.assign(
        label=["x" * 10_000, "y" * 300, "<img src=x onerror=alert(1)>", "A\x00\x1b[31mB"]
    )
    tables, notes = validate(tiny_tables(items=items))
    assert tables.items["label"][0] == "x" * 299 + "…"
    assert tables.items["label"][1] == "y" * 300
    assert tables.items["label"][2] == "<img src=x onerror=alert(1)>"
    assert tables.items["label"][3] == "A  [31mB"
    assert only_note("items", notes, "were cut").rows == (2,)
    assert only_note("items", notes, "control characters").rows == (5,)


def test_empty_label_becomes_the_id() -> None:
    users = tiny_tables().users.assign(label=[" ", None, "Bob"])
    tables, notes = validate(tiny_tables(users=users))
    assert list(tables.users["label"]) == ["cat", "ann", "Bob"]
    assert only_note("users", notes, "the id is shown").rows == (2, 3)


def test_user_without_history_is_allowed_and_told() -> None:
    users = pd.concat([tiny_tables().users, pd.DataFrame({"user": ["eve"], "label": ["Eve"]})])
    tables, notes = validate(tiny_tables(users=users))
    assert "eve" in set(tables.users["user"])
    assert only_note("users", notes, "without any history").rows == (5,)


def test_numeric_ids_match_whatever_their_column_type() -> None:
    frame = events((1, 10, "view", 1.0, 1, None), (2, 20, "view", 1.0, 2, None))
    users = pd.DataFrame({"user": [1.0, 2.0], "label": ["One", "Two"]})
    items = pd.DataFrame({"item": ["10", " 20 "], "label": ["Ten", "Twenty"]})
    empty = pd.DataFrame()
    tables, notes = validate(tiny_tables(events=frame, users=users, items=items, topics=empty, creators=empty))
    assert list(tables.users["user"]) == ["1", "2"]
    assert list(tables.items["item"]) == ["10", "20"]
    assert only_note("items", notes, "blanks").rows == (3,)


def test_missing_column_names_what_is_there() -> None:
    problems = problems_of(events=tiny_tables().events.drop(columns=["user", "time"]))
    assert problems == ["events: the columns user, time are missing; there are: 'item', 'event', 'value', 'context'."]


def test_no_event_at_all_is_an_error() -> None:
    assert problems_of(events=events()) == ["events: there is no event: a graph needs at least one."]


def test_card_must_weigh_its_event_types() -> None:
    problems = problems_of(card=replace(CARD, event_weights={"view": 0.0}, positives=("like",)))
    assert problems == [
        "card.event_weights: event type 'view' needs a weight above 0, not 0.0.",
        "card.event_weights: 'like' is a positive but no event type.",
    ]


def test_membership_of_an_unknown_item_or_without_weight_is_an_error() -> None:
    topics = pd.DataFrame({"item": ["a", "zz"], "topic": ["t", "t"], "label": ["T", "T"], "weight": [0.0, 1.0]})
    assert problems_of(topics=topics) == [
        "topics.weight, row 2: the weight is not above 0: leave the row out (such as '0').",
        "topics.item, row 3: names items that the table 'items' does not have, such as 'zz'.",
    ]


def test_given_tables_are_left_as_they_were() -> None:
    given = tiny_tables()
    before = given.events.copy(deep=True)
    validate(given)
    pd.testing.assert_frame_equal(given.events, before)
