"""The time slider and what is told of moments, without a browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from explain.workbench.workbench import Workbench
from tests.app.conftest import address, is_sound, open_page

pytestmark = pytest.mark.usefixtures("living_home")


def span() -> tuple[int, int]:
    whole = Workbench().over_time.span("newsroom")
    assert whole is not None
    return whole


def test_the_slider_replays_a_moment_and_the_address_keeps_it() -> None:
    app = open_page("recommendations", workspace="newsroom")
    (slider,) = [s for s in app.slider if s.label == "Moment"]
    _, end = span()
    assert slider.value == datetime.fromtimestamp(end, tz=UTC).replace(tzinfo=None)
    assert "moment" not in address(app)
    listed = [m.value for m in app.caption]
    slider.set_value(slider.value - timedelta(days=5)).run()
    assert is_sound(app)
    assert int(address(app)["moment"]) == end - 5 * 86_400
    assert [m.value for m in app.caption] != listed
    again = open_page("recommendations", workspace="newsroom", moment=address(app)["moment"])
    assert [m.value for m in again.caption] == [m.value for m in app.caption]


@pytest.mark.parametrize("page", ["recommendations", "why", "whatif", "item", "fairness"])
def test_pages_are_sound_at_a_moment(page: str) -> None:
    first, end = span()
    for moment in (first + 60, (first + end) // 2):
        app = open_page(page, workspace="newsroom", moment=str(moment))
        assert is_sound(app), (page, moment)
        assert address(app)["moment"] == str(moment)


def test_an_item_that_is_not_there_yet_is_said_so() -> None:
    bench, moment = Workbench(), span()[1] - 10 * 86_400
    graph = bench.session.workspace("newsroom", moment).graph
    item = str(graph.items.ids[graph.closed[0]])
    app = open_page("why", workspace="newsroom", moment=str(moment), item=item)
    assert is_sound(app)
    assert any("not there yet" in info.value or "leads to it" in info.value for info in app.info)


@pytest.mark.parametrize("nonsense", ["soon", "-1", "9" * 30, "<b>", "99999999999"])
def test_a_moment_that_is_none_is_said_and_survived(nonsense: str) -> None:
    app = open_page("why", workspace="newsroom", moment=nonsense)
    assert is_sound(app)
    assert app.warning


def test_why_tells_what_changed_since_yesterday_and_until_when() -> None:
    bench, moment = Workbench(), span()[1] - 2 * 86_400
    user = bench.explain.example("newsroom").user
    item = bench.explain.recommend("newsroom", "path", user=user, at=moment).items[0].item
    app = open_page("why", workspace="newsroom", moment=str(moment), user=user, item=item)
    assert is_sound(app)
    assert "Why now, and not before?" in [h.value for h in app.header]
    assert any(text.value.startswith("Since ") for text in app.markdown)
    assert any("leaves the list" in c.value or "stays in the list" in c.value for c in app.caption)
