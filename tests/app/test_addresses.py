"""The address holds the state: it is restored, it travels along, and what it cannot mean is said and survived."""

from __future__ import annotations

from pathlib import Path

import pytest

from explain.workbench.workbench import Workbench
from tests.app.conftest import PAGES, address, go, is_sound, menu, open_page, texts

LONG = "x" * 10_000
HOSTILE = ("../../etc", "<script>alert(1)</script>", LONG, "%00", "' OR 1=1", "\u202egpj", "none", "-1", "1e9", "[]")


@pytest.mark.parametrize("value", HOSTILE, ids=lambda v: v[:12])
@pytest.mark.parametrize("key", ["workspace", "model", "user", "item", "k"])
def test_nonsense_for_a_shared_key_is_said_and_survived(home: Path, key: str, value: str) -> None:
    app = open_page("why", **{key: value})
    assert is_sound(app)
    assert len(app.warning) >= 1
    assert all(len(w.value) < 1000 for w in app.warning)
    assert address(app).get(key) != value


@pytest.mark.parametrize(
    ("page", "key"),
    [
        ("why", "against"),
        ("why", "other"),
        ("why", "show"),
        ("why", "at"),
        ("why", "test"),
        ("why", "unit"),
        ("why", "guard"),
        ("whatif", "half"),
        ("whatif", "kind"),
        ("whatif", "weights"),
        ("whatif", "remove"),
        ("whatif", "add"),
        ("models", "split"),
        ("models", "cohort"),
        ("fairness", "side"),
        ("fairness", "by"),
        ("recommendations", "who"),
        ("recommendations", "history"),
    ],
)
@pytest.mark.parametrize("value", ["../../etc", "<script>", LONG], ids=lambda v: v[:12])
def test_nonsense_for_a_pages_own_key_is_said_and_survived(home: Path, page: str, key: str, value: str) -> None:
    app = open_page(page, **{key: value})
    assert is_sound(app)
    assert len(app.warning) >= 1


@pytest.mark.parametrize("page", PAGES)
def test_all_keys_hostile_at_once_leave_a_usable_page(home: Path, page: str) -> None:
    keys = ("workspace", "model", "user", "item", "k", "who", "history", "against", "other", "show", "at", "side", "by")
    app = open_page(page, **dict.fromkeys(keys, "<img src=x onerror=alert(1)>"))
    assert is_sound(app)
    assert "<img src=x onerror" not in texts(app).replace("&lt;img", "")


@pytest.mark.parametrize(
    ("asked", "given"), [("-1", 1), ("0", 1), ("1000000000", 100), ("7", 7), ("ten", 10), ("9" * 150, 100)]
)
def test_k_becomes_the_nearest_length_that_a_list_can_have(home: Path, asked: str, given: int) -> None:
    app = open_page("recommendations", k=asked)
    assert address(app)["k"] == str(given)
    assert bool(app.warning) == (asked != str(given))


def test_repeated_key_counts_once_and_is_said(home: Path) -> None:
    users = [hit.id for hit in Workbench(home).data.find_users("newsroom", limit=2)]
    app = open_page("why", user=users)  # type: ignore[arg-type]
    assert is_sound(app)
    assert any("more than once" in w.value for w in app.warning)
    assert address(app)["user"] == users[1]


def test_workspace_that_is_not_ready_names_its_command(home: Path) -> None:
    app = open_page("overview", workspace="complete-journey")
    assert is_sound(app)
    assert any("make shop" in w.value for w in app.warning)


def test_permalink_restores_the_same_state_in_a_fresh_session(home: Path) -> None:
    bench = Workbench(home)
    user = bench.data.find_users("newsroom", limit=5)[4].id
    first, second = bench.explain.recommend("newsroom", "item-knn", user=user, k=2).items
    asked = {
        "model": "item-knn",
        "user": user,
        "item": second.item,
        "k": "7",
        "against": first.item,
        "show": "table",
        "other": "path",
    }
    app = open_page("why", workspace="newsroom", **asked)
    assert [w.value for w in app.warning] == []
    expected = {"workspace": "newsroom"} | asked
    assert address(app) == expected
    again = open_page("why", **expected)
    assert address(again) == expected
    assert again.title[0].value == app.title[0].value


def test_state_travels_from_page_to_page(home: Path) -> None:
    user = Workbench(home).data.find_users("newsroom", limit=9)[8].id
    app = open_page("recommendations")
    app.selectbox(key="user-box").select(user).run()
    assert address(app)["user"] == user
    for page in ("why", "fairness", "models", "guide", "overview"):
        query = menu(app)[page]
        assert query["user"] == user, page
        assert is_sound(go(app, page, query))
        assert address(app) == query, "coming to a page writes no other address: each would be a step back more"


def test_a_page_that_was_only_come_to_keeps_the_address_that_led_to_it(home: Path) -> None:
    for page in PAGES:
        assert address(open_page(page)) == {}
        assert address(open_page(page, k="7")) == {"k": "7"}


def test_other_workspace_forgets_people_and_items_but_not_k(two_homes: Path) -> None:
    users = Workbench(two_homes).data.find_users("newsroom", limit=9)
    app = open_page("recommendations", workspace="newsroom", user=users[8].id, k="5")
    app.selectbox(key="workspace-box").select("gazette").run()
    assert address(app)["workspace"] == "gazette"
    assert address(app)["k"] == "5"
    assert "user" not in address(app), "people of one's own data are not listed"


def test_own_titles_give_a_list_without_those_titles(home: Path) -> None:
    items = [hit.id for hit in Workbench(home).data.find_items("newsroom", "", limit=5)]
    app = open_page("recommendations", who="titles")
    assert is_sound(app)
    assert len(app.info) == 1
    for raw in items:
        app.selectbox(key="history-box").select(raw).run()
    assert address(app)["history"] == ",".join(items)
    listed = next(d.value for d in app.dataframe if "rank" in d.value.columns)
    expected = Workbench(home).explain.recommend("newsroom", "path", history=items, k=10)
    assert list(listed["item"]) == [entry.item for entry in expected.items]
    assert not set(listed["item"]) & set(items)
    app.button(key=f"remove-{items[0]}").click().run()
    assert address(app)["history"] == ",".join(items[1:])


@pytest.mark.parametrize("page", ["why", "recommendations", "whatif"])
@pytest.mark.parametrize("history", ["zz,yy", ",".join(map(str, range(1499)))], ids=["unknown", "too many"])
def test_titles_that_are_none_are_named_and_lead_onward(home: Path, page: str, history: str) -> None:
    item = Workbench(home).explain.example("newsroom").item
    app = open_page(page, workspace="newsroom", who="titles", history=history, item=item)
    assert is_sound(app)
    assert not app.error
    assert len(app.warning) == 1, "one sentence for all ids"
    assert all(part in app.warning[0].value for part in (("'zz'", "'yy'") if history == "zz,yy" else ("1,499 ids",)))
    assert len(app.info) == 1
    if page != "recommendations":
        assert any("Pick titles" in link.proto.label for link in app.get("page_link"))


def test_an_items_piece_of_the_picture_is_forgotten_with_the_item(home: Path) -> None:
    bench = Workbench(home)
    example = bench.explain.example("newsroom")
    explanation = bench.explain.why("newsroom", "path", example.item, user=example.user)
    piece = next(n.key for n in explanation.nodes if n.kind == "history")
    other = bench.explain.recommend("newsroom", "path", user=example.user, k=2).items
    other_item = next(entry.item for entry in other if entry.item != example.item)
    app = open_page("why", workspace="newsroom", user=example.user, item=example.item, at=piece)
    assert address(app)["at"] == piece
    app.selectbox(key="item-box").select(other_item).run()
    assert not app.warning, "nobody asked for it of this item"
    assert "at" not in address(app)


def test_own_titles_lead_to_a_reason(home: Path) -> None:
    items = [hit.id for hit in Workbench(home).data.find_items("newsroom", "", limit=5)]
    app = open_page("why", who="titles", history=",".join(items))
    assert is_sound(app)
    assert "your titles" in app.title[0].value


def test_large_catalogue_is_searched_by_title(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.frame.pickers.ALL_AT_ONCE", 10)
    wanted = Workbench(home).data.find_items("newsroom", "", limit=200)[-1]
    app = open_page("why")
    assert len(app.selectbox(key="item-box").options) <= 51
    app.text_input(key="item-search").set_value(wanted.label[:30]).run()
    app.selectbox(key="item-box").select(wanted.id).run()
    assert is_sound(app)
    assert address(app)["item"] == wanted.id
