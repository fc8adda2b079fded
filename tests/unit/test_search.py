"""Finding an item or a person by what one types: the one that was meant comes first, and accents do not matter."""

from __future__ import annotations

import pytest

from explain.results.lists import SearchHit
from explain.workbench.workbench import Workbench
from pages.frame.queries import option_name

TITLES = {
    "c": "A Clockwork Orange",
    "d": "Celestial Clockwork",
    "e": "La Cérémonie",
    "f": "Les Misérables",
    "26": "Orange County",
    "g": "Ærø and Łódź",
    "h": "Film 26",
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    folder = tmp_path_factory.mktemp("films")
    people = [f"p{n}" for n in range(1, 31)] + ["26"]
    rows = [f"{p},{i}" for n, p in enumerate(people) for i in (["c"] if n % 2 else ["d" if n < 4 else "c"])]
    rows += [f"p1,{i}" for i in TITLES]
    (folder / "events.csv").write_text("user,item\n" + "\n".join(dict.fromkeys(rows)) + "\n")
    (folder / "items.csv").write_text("item,label\n" + "".join(f"{i},{t}\n" for i, t in TITLES.items()))
    (folder / "users.csv").write_text("user,age\n" + "".join(f"{p},{26 if p != '26' else 40}\n" for p in people))
    workbench = Workbench(tmp_path_factory.mktemp("home"))
    workbench.data.prepare("films", folder=folder, show_people=True)
    return workbench


def titles(bench: Workbench, text: str) -> list[str]:
    return [hit.label for hit in bench.data.find_items("films", text)]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("la ceremonie", "La Cérémonie"),
        ("LES MISERABLES", "Les Misérables"),
        ("cérémonie", "La Cérémonie"),
        ("orange clockwork", "A Clockwork Orange"),
        ("orange", "Orange County"),
        ("26", "Orange County"),
        ("  film   26 ", "Film 26"),
    ],
)
def test_what_was_typed_comes_first(bench: Workbench, typed: str, first: str) -> None:
    assert titles(bench, typed)[0] == first


def test_of_two_titles_with_the_word_the_better_known_comes_first(bench: Workbench) -> None:
    assert titles(bench, "clockwork") == ["A Clockwork Orange", "Celestial Clockwork"]


def test_every_word_must_be_there(bench: Workbench) -> None:
    assert titles(bench, "clockwork county") == []
    assert titles(bench, "amelie") == []


def test_the_exact_id_of_a_person_comes_before_those_of_that_age(bench: Workbench) -> None:
    ids = [hit.id for hit in bench.data.find_users("films", "26")]
    assert ids[0] == "26"
    assert len(ids) > 20, "who is 26 years old is found too"


def test_a_title_with_accents_can_be_typed_without_in_a_box_that_filters_letter_by_letter() -> None:
    assert "La Ceremonie" in option_name(SearchHit("e", "La Cérémonie", "2 people"))
    assert option_name(SearchHit("c", "A Clockwork Orange", "")).count("Clockwork") == 1
