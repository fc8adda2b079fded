"""Where a workspace does not list its people, nobody is reached but by an id that one has; where it does, its numbers
still tell nobody.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from core.errors import OptionError, UnknownIdError
from core.ranking import NO_ITEM
from explain.format.names import Names
from explain.results.item_view import MIN_AUDIENCE
from explain.storage.privacy import people_key
from explain.workbench.workbench import Workbench

OWN = "gazette"


@pytest.fixture(scope="module")
def bench(newsroom_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """The small Newsroom as the built-in workspace, and the same data as somebody's own."""
    home = Path(shutil.copytree(newsroom_home, tmp_path_factory.mktemp("seen") / "home"))
    shutil.copytree(home / "workspaces" / "newsroom", home / "workspaces" / OWN)
    return Workbench(home)


def ids_in(bench: Workbench, text: str) -> set[str]:
    """Ids of people that stand in a text as words of their own."""
    return set(re.findall(r"[A-Za-z0-9_-]+", text)) & set(map(str, bench.session.workspace(OWN).graph.users.ids))


def test_a_search_finds_only_the_person_whose_id_was_typed(bench: Workbench) -> None:
    somebody = bench.data.find_users("newsroom", limit=1)[0].id
    assert bench.data.find_users(OWN) == ()
    assert bench.data.find_users(OWN, somebody[:-1]) == ()
    assert bench.data.find_users(OWN, somebody.upper()) in ((), bench.data.find_users(OWN, somebody))
    assert [hit.id for hit in bench.data.find_users(OWN, somebody)] == [somebody]
    assert bench.data.person(OWN, somebody).user == somebody
    assert len(bench.data.find_users("newsroom", limit=30)) == 30, "the demo data list theirs"


def test_a_wrong_id_is_not_answered_with_a_right_one(bench: Workbench) -> None:
    near = bench.data.find_users("newsroom", limit=1)[0].id + "x"
    with pytest.raises(UnknownIdError) as caught:
        bench.data.person(OWN, near)
    assert not ids_in(bench, str(caught.value))
    with pytest.raises(UnknownIdError) as helpful:
        bench.data.person("newsroom", near)
    assert ids_in(bench, str(helpful.value)), "where people are listed the closest id helps"


def test_an_item_names_nobody_of_its_audience(bench: Workbench) -> None:
    lists = bench.session.workspace(OWN).lists(bench.session.workspace(OWN).manifest("path"), 20)
    often = Counter(lists[lists != NO_ITEM].tolist())
    items = bench.session.workspace(OWN).graph.items.ids
    most_listed, least_listed = (str(items[pick(often, key=lambda i: often[i])]) for pick in (max, min))
    assert often[list(items).index(least_listed)] < MIN_AUDIENCE
    for item in (most_listed, least_listed):
        assert not ids_in(bench, json.dumps(bench.explain.item_view(OWN, "path", item, k=20).as_json()))
        assert ids_in(bench, json.dumps(bench.explain.item_view("newsroom", "path", item, k=20).as_json()))
    small = bench.explain.item_view(OWN, "path", least_listed, k=20)
    assert (small.n_listed, small.n_read, small.median_rank) == (None, None, None)
    assert (small.sources, small.relations, small.cohorts) == ((), (), ())
    large = bench.explain.item_view(OWN, "path", most_listed, k=20)
    n = often[list(items).index(most_listed)]
    assert large.n_listed == 5 * round(n / 5), "to the nearest five"
    assert f"about {large.n_listed}" in large.sentence
    numbers = [large.n_listed, large.n_read, *(s.n_people for s in large.sources), *(c.n for c in large.cohorts)]
    assert all(number % 5 == 0 for number in numbers if number is not None)
    assert bench.explain.item_view("newsroom", "path", most_listed, k=20).n_listed == n
    assert all(source.n_people >= 5 for source in large.sources)


@pytest.mark.parametrize("size", [9, 10, 11])
def test_the_number_of_people_who_get_an_item_is_told_from_ten_on(bench: Workbench, size: int) -> None:
    workspace = bench.session.workspace(OWN)
    lists = np.zeros((workspace.graph.n_users, 1), dtype=np.int64)
    lists[:size] = 1
    from explain.workspace.audience import item_view

    manifest = workspace.manifest("path")
    view = item_view(workspace, workspace.model(manifest), manifest.snapshot, lists, 1)
    assert view.n_listed == (None if size < MIN_AUDIENCE else 10), "to the nearest five"
    assert ("fewer than 10" in view.sentence) == (size < MIN_AUDIENCE)


def test_a_cell_names_nobody_and_a_hidden_group_has_nothing_behind_it(bench: Workbench) -> None:
    cells = bench.exposure.cells(OWN, "path", "region,gender", "author_group")
    row = next(r for r in cells.rows if not r.suppressed and r.verdict != "not estimable")
    behind = bench.exposure.behind_cell(OWN, "path", "region,gender", row.user_group, "author_group", row.item_group)
    assert (behind.people, behind.pairs) == ((), ())
    assert not ids_in(bench, str(behind))
    reached = behind.n_reached
    assert reached is None or reached == 0 or (reached >= 10 and reached % 5 == 0)
    hidden = [r for r in cells.rows if r.suppressed]
    assert hidden, "the small Newsroom has intersections of few people"
    assert {(r.n, r.value) for r in hidden} == {(None, None)}
    with pytest.raises(OptionError, match="stays hidden"):
        bench.exposure.behind_cell(
            OWN, "path", "region,gender", hidden[0].user_group, "author_group", hidden[0].item_group
        )


def person_labels(names: Names, crowd: np.ndarray, *, asked: int, about: int) -> list[int]:
    class Step:
        def edges_from(self, source: int) -> tuple[np.ndarray, None]:
            return crowd, None

    labels = [names.other_person(Step(), 0, int(u), asked, about)[1] for u in crowd]  # type: ignore[arg-type]
    return [int(label.split()[1]) for label in labels]


def test_the_number_of_a_person_is_not_the_place_in_the_order_of_ids(bench: Workbench) -> None:
    names, crowd = bench.session.workspace(OWN).names, np.arange(50, 150)
    one = person_labels(names, crowd, asked=1, about=2)
    assert sorted(one) == list(range(1, 101)), "everybody has a number of their own"
    assert one == person_labels(names, crowd, asked=1, about=2), "within a question it stays"
    assert abs(np.corrcoef(one, np.arange(100))[0, 1]) < 0.4
    for other in (person_labels(names, crowd, asked=1, about=3), person_labels(names, crowd, asked=4, about=2)):
        assert np.mean(np.array(one) == np.array(other)) < 0.1, "another question draws again"


def test_the_numbers_need_a_secret_that_the_state_folder_keeps(bench: Workbench, tmp_path: Path) -> None:
    workspace, crowd = bench.session.workspace(OWN), np.arange(60)
    keys = [people_key(tmp_path / name) for name in ("a", "b")]
    assert keys[0] != keys[1]
    assert people_key(tmp_path / "a") == keys[0]
    assert (tmp_path / "a" / "people.key").stat().st_mode & 0o077 == 0, "nobody else reads it"
    drawn = [person_labels(Names(workspace.graph, workspace.card, key=key), crowd, asked=1, about=2) for key in keys]
    assert drawn[0] != drawn[1]


def test_a_crowd_of_few_is_not_counted_in_the_picture(bench: Workbench) -> None:
    small_crowds = []
    for user in bench.data.find_users("newsroom", limit=12):
        for entry in bench.explain.recommend("newsroom", "path", user=user.id, k=20).items[-3:]:
            nodes = bench.explain.why("newsroom", "path", entry.item, user=user.id).nodes
            small_crowds += [n for n in nodes if n.kind == "people" and "fewer than 5" in n.label]
    assert small_crowds, "the small Newsroom has titles that few had"
    assert {n.merged for n in small_crowds} == {1}
