"""The time slider, the trend in the picture and "why now", in the browser and by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import App, View, axe, serving, settled, visiting


@pytest.fixture(scope="module")
def living_app(living_newsroom: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app over models that weigh time."""
    with serving(living_newsroom, tmp_path_factory.mktemp("living-server") / "server.log") as served:
        yield served


@pytest.fixture
def living_view(living_app: App, browser: Browser) -> Iterator[View]:
    with visiting(living_app, browser, "light", 1280) as visitor:
        yield visitor


def test_the_slider_moves_by_keyboard_and_the_list_with_it(living_view: View) -> None:
    page = living_view.open("recommendations", "workspace=newsroom&model=path")
    slider = page.get_by_role("slider", name="Moment")
    expect(slider).to_be_visible()
    assert "moment=" not in page.url
    before = page.get_by_test_id("stMainBlockContainer").inner_text()
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    page.wait_for_url("**moment=**")
    settled(page)
    expect(page.get_by_text("As it was on")).to_be_visible()
    page.get_by_role("button", name="− 1 day").press("Enter")
    settled(page)
    assert page.get_by_test_id("stMainBlockContainer").inner_text() != before
    assert axe(page) == []
    page.get_by_role("button", name="To the end of the data").press("Enter")
    page.wait_for_url(lambda url: "moment=" not in url)


def test_why_shows_who_reads_it_now_and_what_changed_since_yesterday(living_view: View) -> None:
    page = living_view.open("why", "workspace=newsroom&model=path")
    expect(page.get_by_role("heading", name="Why now, and not before?")).to_be_visible()
    expect(page.get_by_text("Since ").first).to_be_visible()
    page.get_by_text("a week before", exact=True).click()
    page.wait_for_url("**before=604800**")
    settled(page)
    behind = page.get_by_role("combobox", name="Look behind")
    behind.click()
    behind.fill("people who read it")
    option = page.get_by_role("option").filter(has_text="people who read it").first
    expect(option).to_be_visible()
    option.click()
    page.wait_for_url("**&at=**")
    settled(page)
    assert axe(page) == []
