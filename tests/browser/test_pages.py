"""What holds on every page, in both themes, wide and at 390 px; page errors, other hosts and the log are `view`'s."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, TimeoutError, expect

from pages.frame import spec
from tests.browser.conftest import App, View, axe, serving, settled, visiting

PAGES = tuple(page.path for page in spec.pages())
BACKGROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(16, 22, 29)"}  # [theme.*] of .streamlit/config.toml
REDRAW_MS = 15_000  # the menu slides in, tables and charts follow: on a busy machine that takes its time
TOO_WIDE = """() => [document.documentElement, ...document.querySelectorAll('[data-testid=stMain]')]
    .filter(e => e.scrollWidth > e.clientWidth + 1)
    .map(e => `${e.tagName} ${e.dataset.testid ?? ''}: ${e.scrollWidth} px in ${e.clientWidth} px`)"""


def too_wide(page: Page) -> list[str]:
    """What is wider than its place, once tables and charts have been drawn anew for a window that has changed."""
    with suppress(TimeoutError):
        page.wait_for_function(f"() => ({TOO_WIDE})().length === 0", timeout=REDRAW_MS)
    faults: list[str] = page.evaluate(TOO_WIDE)
    return faults


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path or "overview")
def test_page_shows_content_fits_its_width_and_is_accessible(view: View, path: str) -> None:
    page = view.open(path)
    assert page.locator("[data-testid=stException]").count() == 0
    assert "Page not found" not in page.inner_text("body")
    assert page.locator("[data-testid=stMainBlockContainer]").inner_text().strip() != ""
    for width in view.widths():
        assert too_wide(page) == [], width
        assert axe(page) == [], width


def test_the_theme_follows_the_visitors_system(view: View) -> None:
    page = view.open()
    colour = page.locator("[data-testid=stApp]").evaluate("e => getComputedStyle(e).backgroundColor")
    assert colour == BACKGROUNDS[view.theme]


def test_a_permalink_is_right_as_the_very_first_page_of_a_new_server(
    newsroom_home: Path, browser: Browser, tmp_path: Path
) -> None:
    """Streamlit takes a folder `pages/` beside the main script for a menu until it has met `st.navigation`."""
    with serving(newsroom_home, tmp_path / "server.log") as app, visiting(app, browser, "light", 1280) as first:
        first_text = first.open("recommendations").locator("[data-testid=stMainBlockContainer]").inner_text()
        with visiting(app, browser, "light", 1280) as second:
            second_text = second.open("recommendations").locator("[data-testid=stMainBlockContainer]").inner_text()
        assert "Page not found" not in first.page.inner_text("body")
    assert first_text.strip() == second_text.strip() != ""


def test_back_goes_back_once(app: App, browser: Browser) -> None:
    with visiting(app, browser, "light", 1280) as visitor:
        page, titles = visitor.open(""), []
        for name in ("Recommendations", "Why this", "Models"):
            titles.append((page.get_by_role("heading", level=1).first.inner_text(), page.url))
            page.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=True).click()
            page.wait_for_url(f"**/{name.split()[0].lower()}*")
            settled(page)
        for title, url in reversed(titles):
            page.go_back()
            page.wait_for_url(url)
            settled(page)
            expect(page.get_by_role("heading", level=1).first).to_have_text(title)


def test_the_menu_of_a_phone_closes_when_it_has_led_somewhere(app: App, browser: Browser) -> None:
    phone = (
        "Mozilla/5.0 (Linux; Android 15; Pixel) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/156.0 Mobile Safari/537.36"
    )
    context = browser.new_context(
        user_agent=phone, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(app.url)
    settled(page)
    side = page.get_by_test_id("stSidebar")
    for title in ("Guide", "Item", "Guide"):
        page.get_by_test_id("stExpandSidebarButton").click()
        expect(side.get_by_role("link", name=title)).to_be_in_viewport()
        side.get_by_role("link", name=title).click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        settled(page)
        expect(side).not_to_be_in_viewport()
    context.close()
