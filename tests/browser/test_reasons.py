"""From the first page to a verified reason, by mouse and by keyboard alone; the exported file; hostile notes."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import View, axe, settled

FIRST_LINK = re.compile("Try this example")
HOSTILE = (
    "<img src=x onerror=window.attacked=1>",
    "</script><script>window.attacked=1</script>",
    "[a](javascript:window.attacked=1)",
    "$\\href{javascript:window.attacked=1}{x}$",
    ":material/home: **x** <svg onload=window.attacked=1>",
)


def verified(page: Page) -> None:
    expect(page.get_by_text("Verified.").first).to_be_visible(timeout=30_000)
    expect(page.get_by_text(re.compile(r"Without .* (falls|stays|rises)")).first).to_be_visible()


def test_one_click_leads_from_the_first_page_to_a_verified_reason(wide_view: View) -> None:
    page = wide_view.open()
    page.get_by_role("link", name=FIRST_LINK).first.click()
    verified(page)


def test_the_keyboard_alone_does_the_same_and_takes_the_reason_out(wide_view: View) -> None:
    page = wide_view.open()
    for _ in range(60):
        page.keyboard.press("Tab")
        if FIRST_LINK.search(
            str(page.evaluate("document.activeElement?.tagName === 'A' ? document.activeElement.textContent : ''"))
        ):
            break
    else:
        raise AssertionError("the link cannot be reached by keyboard")
    page.keyboard.press("Enter")
    verified(page)
    settled(page)
    box = page.get_by_role("combobox", name=re.compile("Take a reason out"))
    for _ in range(200):
        page.keyboard.press("Tab")
        if box.evaluate("e => e === document.activeElement"):
            break
    else:
        raise AssertionError("the box cannot be reached by keyboard")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("Score with it"))).to_be_visible(timeout=30_000)


def test_the_exported_file_opens_without_a_network_and_shows_the_same_numbers(
    wide_view: View, browser: Browser, tmp_path: Path
) -> None:
    page = wide_view.open("why")
    score = page.locator("dl dd").first.inner_text()
    sentence = page.locator("[data-testid=stHtml] p").first.inner_text()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="One HTML file").click()
    place = tmp_path / "why.html"
    waiting.value.save_as(place)
    for theme, width in (("light", 1280), ("dark", 390)):
        context = browser.new_context(
            offline=True, color_scheme="dark" if theme == "dark" else "light", viewport={"width": width, "height": 900}
        )
        kept = context.new_page()
        problems: list[str] = []
        kept.on("request", lambda r, log=problems: None if r.url.startswith("file:") else log.append(r.url))
        kept.on("console", lambda m, log=problems: log.append(m.text))
        kept.on("pageerror", lambda e, log=problems: log.append(str(e)))
        kept.goto(place.as_uri())
        assert kept.locator("dl dd").first.inner_text() == score
        assert kept.locator("p.lead").inner_text() == sentence
        assert kept.evaluate("document.documentElement.scrollWidth") <= width
        assert axe(kept) == []
        assert problems == []
        context.close()


def test_hostile_notes_do_nothing_and_are_kept_as_text(wide_view: View) -> None:
    page = wide_view.open("why")
    for text in HOSTILE:
        page.get_by_label("Note", exact=True).fill(text)
        page.get_by_label("Your name").fill(text)
        page.get_by_role("button", name="Keep it").click()
        page.wait_for_timeout(500)
        settled(page)
    said = page.locator("[data-testid=stMainBlockContainer]").inner_text().replace("\u2060", "")
    for text in HOSTILE:
        assert text in said
    assert page.evaluate("window.attacked") is None
    assert page.locator("img[src=x], svg[onload], a[href^=javascript]").count() == 0
