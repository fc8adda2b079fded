"""Pages over data of one's own: people are reached by an id, and no page shows another."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from explain.workbench.workbench import Workbench
from tests.app.conftest import PAGES, address, is_sound, open_page, texts

OWN = "gazette"


def ids_on(page: str, users: set[str]) -> set[str]:
    return set(re.findall(r"[A-Za-z0-9_-]+", page)) & users


@pytest.mark.parametrize("page", [p for p in PAGES if p not in ("audit", "models", "guide")])
def test_no_page_shows_a_person_that_nobody_asked_for(two_homes: Path, page: str) -> None:
    users = set(map(str, Workbench(two_homes).session.workspace(OWN).graph.users.ids))
    app = open_page(page, workspace=OWN)
    assert is_sound(app)
    assert not ids_on(texts(app), users)
    boxes = [o for box in app.selectbox for o in box.options]
    assert not ids_on(" ".join(boxes), users)
    links = " ".join(str(link.proto) for link in app.get("page_link"))
    assert not ids_on(links, users)
    assert "user" not in address(app)


def test_a_person_is_found_by_the_exact_id_and_a_wrong_one_names_nobody(two_homes: Path) -> None:
    users = [str(u) for u in Workbench(two_homes).session.workspace(OWN).graph.users.ids]
    app = open_page("recommendations", workspace=OWN, who="person")
    assert is_sound(app)
    app.text_input(key="user-id").set_value(users[7]).run()
    assert address(app)["user"] == users[7]
    wrong = open_page("why", workspace=OWN, user=users[7] + "x")
    assert is_sound(wrong)
    assert len(wrong.warning) == 1
    assert not ids_on(texts(wrong), set(users))


def test_the_demo_data_say_that_their_people_are_listed(two_homes: Path) -> None:
    assert "People of this workspace are listed" in texts(open_page("overview", workspace="newsroom"))
    assert "People of this workspace are not listed" in texts(open_page("overview", workspace=OWN))
